// Lookaside lists: wdm pages nf-wdm-exinitializenpagedlookasidelist, nf-wdm-exinitializelookasidelistex and
// kin. Drivers built for Windows before 11 22H2 allocate and free inline: they pop and push ListHead and call
// the Allocate and Free routines found in the list. Later ones call the exports, which do the same.
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/ex/lookaside_lists.h"
#include "kernel/ex/work.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/slist.h"
#include "kernel/exports/touch.h"
#include "kernel/io/driver.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/dispatch.h"
#include <cstring>

using namespace nt;

namespace {

// LOOKASIDE_LIST_EX is one of these; the older lists are the same with more alignment.
using List = GENERAL_LOOKASIDE_POOL;
List& common(GENERAL_LOOKASIDE* list) { return *reinterpret_cast<List*>(list); }
List& common(LOOKASIDE_LIST_EX* list) { return list->L; }

constexpr USHORT initial_depth = 4, largest_depth = 256; // assumed: Windows tunes the depth between these

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }
PVOID own_allocate() { return reinterpret_cast<PVOID>(io::internal_address("ExAllocatePoolWithTag")); }
PVOID own_free() { return reinterpret_cast<PVOID>(io::internal_address("ExFreePool")); }

void initialize(List& list, ULONG type, PVOID allocate, PVOID free, SIZE_T size, ULONG tag) {
    exports::need_write(&list, sizeof list);
    ex::note_lookaside_list(&list);
    std::memset(&list, 0, sizeof list);
    list.Depth = initial_depth;
    list.MaximumDepth = largest_depth;
    list.Type = static_cast<decltype(list.Type)>(type);
    list.Tag = tag;
    list.Size = static_cast<ULONG>(size);
    list.Allocate = reinterpret_cast<decltype(list.Allocate)>(allocate ? allocate : own_allocate());
    list.Free = reinterpret_cast<decltype(list.Free)>(free ? free : own_free());
}

// The routines of an extended list have a parameter more, which the others do not look at.
void release(List& list, PVOID entry) {
    if (reinterpret_cast<PVOID>(list.Free) == own_free()) {
        ex::check_released_block(reinterpret_cast<ULONG_PTR>(entry));
        pool::release_checked(entry, 0, ke::current_irql());
    } else
        seh::call_out(list.FreeEx, entry, reinterpret_cast<LOOKASIDE_LIST_EX*>(&list));
}

void drain(List& list) {
    while (SLIST_ENTRY* entry = exports::slist_pop(&list.ListHead))
        release(list, entry);
}

void remove(List& list) {
    drain(list);
    ex::forget_lookaside_list(&list);
}

PVOID allocate(List& list) {
    ++list.TotalAllocates;
    if (PVOID entry = exports::slist_pop(&list.ListHead)) return entry;
    ++list.AllocateMisses;
    if (reinterpret_cast<PVOID>(list.Allocate) != own_allocate())
        return seh::call_out(list.AllocateEx, list.Type, static_cast<SIZE_T>(list.Size), list.Tag,
                             reinterpret_cast<LOOKASIDE_LIST_EX*>(&list));
    const pool::Outcome outcome = pool::allocate_typed(static_cast<ULONG>(list.Type), list.Size, list.Tag,
                                                       ke::current_irql(), caller());
    if (outcome.raise) seh::raise_status(outcome.raise);
    return outcome.block;
}

void give_back(List& list, PVOID entry) {
    ++list.TotalFrees;
    if (exports::slist_depth(&list.ListHead) < list.Depth) {
        exports::slist_push(&list.ListHead, static_cast<SLIST_ENTRY*>(entry));
        return;
    }
    ++list.FreeMisses;
    release(list, entry);
}

bool is_pool_type(ULONG type) {
    constexpr ULONG paged = 1, cache_aligned = 4, session = 32;
    return !(type & ~(paged | cache_aligned | session | POOL_NX_ALLOCATION)) &&
           !((type & paged) && (type & POOL_NX_ALLOCATION));
}

} // namespace

extern "C" void ExInitializeNPagedLookasideList(GENERAL_LOOKASIDE* list, PVOID allocate, PVOID free,
                                                ULONG flags, SIZE_T size, ULONG tag, USHORT) {
    initialize(common(list), NonPagedPool | flags, allocate, free, size, tag);
}
GATE(ExInitializeNPagedLookasideList);

extern "C" void ExInitializePagedLookasideList(GENERAL_LOOKASIDE* list, PVOID allocate, PVOID free,
                                               ULONG flags, SIZE_T size, ULONG tag, USHORT) {
    initialize(common(list), PagedPool | flags, allocate, free, size, tag);
}
GATE(ExInitializePagedLookasideList);

extern "C" NTSTATUS ExInitializeLookasideListEx(LOOKASIDE_LIST_EX* list, PVOID allocate, PVOID free,
                                                ULONG type, ULONG flags, SIZE_T size, ULONG tag, USHORT) {
    constexpr ULONG raise = EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
                    quiet = EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;
    if (!is_pool_type(type)) return STATUS_INVALID_PARAMETER_4;
    if (flags > quiet) return STATUS_INVALID_PARAMETER_5; // also both, which exclude each other
    const ULONG more = flags == raise   ? POOL_RAISE_IF_ALLOCATION_FAILURE
                       : flags == quiet ? POOL_QUOTA_FAIL_INSTEAD_OF_RAISE
                                        : 0;
    initialize(common(list), type | more, allocate, free, size, tag);
    return STATUS_SUCCESS;
}
GATE(ExInitializeLookasideListEx);

extern "C" void ExDeleteNPagedLookasideList(GENERAL_LOOKASIDE* list) { remove(common(list)); }
GATE(ExDeleteNPagedLookasideList);
extern "C" void ExDeletePagedLookasideList(GENERAL_LOOKASIDE* list) { remove(common(list)); }
GATE(ExDeletePagedLookasideList);
extern "C" void ExDeleteLookasideListEx(LOOKASIDE_LIST_EX* list) { remove(common(list)); }
GATE(ExDeleteLookasideListEx);
extern "C" void ExFlushLookasideListEx(LOOKASIDE_LIST_EX* list) { drain(common(list)); }
GATE(ExFlushLookasideListEx);

extern "C" PVOID ExAllocateFromNPagedLookasideList(GENERAL_LOOKASIDE* list) { return allocate(common(list)); }
GATE(ExAllocateFromNPagedLookasideList);
extern "C" PVOID ExAllocateFromPagedLookasideList(GENERAL_LOOKASIDE* list) { return allocate(common(list)); }
GATE(ExAllocateFromPagedLookasideList);
extern "C" PVOID ExAllocateFromLookasideListEx(LOOKASIDE_LIST_EX* list) { return allocate(common(list)); }
GATE(ExAllocateFromLookasideListEx);

extern "C" void ExFreeToNPagedLookasideList(GENERAL_LOOKASIDE* list, PVOID entry) {
    give_back(common(list), entry);
}
GATE(ExFreeToNPagedLookasideList);
extern "C" void ExFreeToPagedLookasideList(GENERAL_LOOKASIDE* list, PVOID entry) {
    give_back(common(list), entry);
}
GATE(ExFreeToPagedLookasideList);
extern "C" void ExFreeToLookasideListEx(LOOKASIDE_LIST_EX* list, PVOID entry) {
    give_back(common(list), entry);
}
GATE(ExFreeToLookasideListEx);
