// Lookaside lists: wdm pages nf-wdm-exinitializenpagedlookasidelist and kin. Allocation and free are inline
// in drivers: they pop and push ListHead and call the Allocate and Free routines found in the list.
#include "abi/mm.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/slist.h"
#include "kernel/io/driver.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include <cstring>

using namespace nt;

namespace {

constexpr USHORT initial_depth = 4, largest_depth = 256; // assumed: Windows tunes the depth between these

void initialize(GENERAL_LOOKASIDE& list, ULONG type, PVOID allocate, PVOID free, ULONG flags, SIZE_T size,
                ULONG tag) {
    std::memset(&list, 0, sizeof list);
    list.Depth = initial_depth;
    list.MaximumDepth = largest_depth;
    list.Type = static_cast<decltype(list.Type)>(type | flags);
    list.Tag = tag;
    list.Size = static_cast<ULONG>(size);
    if (!allocate) allocate = reinterpret_cast<PVOID>(io::internal_address("ExAllocatePoolWithTag"));
    if (!free) free = reinterpret_cast<PVOID>(io::internal_address("ExFreePool"));
    list.Allocate = reinterpret_cast<decltype(list.Allocate)>(allocate);
    list.Free = reinterpret_cast<decltype(list.Free)>(free);
}

// Gives every kept entry to the list's Free routine.
void drain(GENERAL_LOOKASIDE& list) {
    const auto own = reinterpret_cast<PVOID>(io::internal_address("ExFreePool"));
    while (SLIST_ENTRY* entry = exports::slist_pop(reinterpret_cast<SLIST_HEADER*>(&list))) {
        if (reinterpret_cast<PVOID>(list.Free) == own)
            pool::release_checked(entry, 0, ke::current_irql());
        else
            seh::call_out(reinterpret_cast<NTAPI void (*)(PVOID)>(list.Free), static_cast<PVOID>(entry));
    }
}

} // namespace

extern "C" void ExInitializeNPagedLookasideList(GENERAL_LOOKASIDE* list, PVOID allocate, PVOID free,
                                                ULONG flags, SIZE_T size, ULONG tag, USHORT) {
    initialize(*list, NonPagedPool, allocate, free, flags, size, tag);
}
GATE(ExInitializeNPagedLookasideList);

extern "C" void ExInitializePagedLookasideList(GENERAL_LOOKASIDE* list, PVOID allocate, PVOID free,
                                               ULONG flags, SIZE_T size, ULONG tag, USHORT) {
    initialize(*list, PagedPool, allocate, free, flags, size, tag);
}
GATE(ExInitializePagedLookasideList);

extern "C" void ExDeleteNPagedLookasideList(GENERAL_LOOKASIDE* list) { drain(*list); }
GATE(ExDeleteNPagedLookasideList);

extern "C" void ExDeletePagedLookasideList(GENERAL_LOOKASIDE* list) { drain(*list); }
GATE(ExDeletePagedLookasideList);
