#include "kernel/io/ecp.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ex/lookaside_lists.h"
#include "kernel/io/detail/irp_extension.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/lookaside.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include <cstring>

namespace nt::io {

namespace {

constexpr ULONG list_signature = pool::tag("EcpL"), entry_signature = pool::tag("Ecp "),
                list_tag = pool::tag("FSec");

constexpr ULONG flag_acknowledged = 1, flag_nonpaged = 2, flag_of_caller = 4, flags_known = 7;

// The table of the debugger page bug-check-0x10c---fsrtl-extra-create-parameter-violation.
enum Violation : ULONG_PTR {
    bad_signature = 0x1,
    undefined_flags = 0x2,
    too_small = 0x5,
    freed_in_list = 0x6,
    bad_list_signature = 0x11,
    given_list_is_empty = 0x15
};
[[noreturn, gnu::cold]] void violate(Violation what, const void* ecp, const void* list) {
    ke::bug_check(FSRTL_EXTRA_CREATE_PARAMETER_VIOLATION, what, 0, reinterpret_cast<ULONG_PTR>(ecp),
                  reinterpret_cast<ULONG_PTR>(list));
}

EcpHeader& entry_of(LIST_ENTRY* link) { return *NT_CONTAINER(link, EcpHeader, link); }
PVOID context_of(EcpHeader& header) { return &header + 1; }
bool same(const GUID& a, const GUID& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

void check(const EcpHeader& header, const EcpList* list) {
    if (header.signature != entry_signature) violate(bad_signature, &header, list);
    if (header.flags & ~flags_known) violate(undefined_flags, &header, list);
    if (header.size < sizeof header) violate(too_small, &header, list);
}
void check(const EcpList* list) {
    if (list->signature != list_signature) violate(bad_list_signature, nullptr, list);
}

template <class F> EcpHeader* find(EcpList* list, F wanted) {
    check(list);
    for (LIST_ENTRY* e = list->entries.Flink; e != &list->entries; e = e->Flink) {
        EcpHeader& header = entry_of(e);
        check(header, list);
        if (wanted(header)) return &header;
    }
    return nullptr;
}
EcpHeader* find(EcpList* list, const GUID& type) {
    return find(list, [&](const EcpHeader& header) { return same(header.type, type); });
}

PVOID allocate(bool nonpaged, SIZE_T size, ULONG tag, ULONG_PTR caller, bool quota) {
    return pool::allocate_typed(nonpaged ? NonPagedPoolNx : PagedPool, size, tag, ke::current_irql(), caller,
                                quota)
        .block;
}

} // namespace

EcpList* allocate_ecp_list(bool quota, ULONG_PTR caller) {
    auto* list = static_cast<EcpList*>(allocate(false, sizeof(EcpList), list_tag, caller, quota));
    if (!list) return nullptr;
    *list = {list_signature, 0, {}};
    list::initialize(list->entries);
    return list;
}

// "If the value of SizeOfContext is larger than the size of the lookaside list": from pool.
PVOID allocate_ecp(const NewEcp& what, ULONG_PTR caller) {
    if (what.size > 0xffff'ffff - sizeof(EcpHeader)) return nullptr;
    const ULONG size = what.size + static_cast<ULONG>(sizeof(EcpHeader));
    GENERAL_LOOKASIDE* lookaside = what.lookaside;
    bool nonpaged = what.flags & ecp_nonpaged, quota = what.flags & ecp_charge_quota;
    ULONG tag = what.tag;
    EcpHeader* header = nullptr;
    if (lookaside) {
        nonpaged = lookaside->Type != PagedPool;
        tag = lookaside->Tag;
        if (size > lookaside->Size)
            lookaside = nullptr;
        else {
            header = static_cast<EcpHeader*>(pool::lookaside_pop(lookaside));
            quota = false;
        }
    }
    if (!header)
        header = static_cast<EcpHeader*>(
            allocate(nonpaged, lookaside ? lookaside->Size : size, tag, caller, quota));
    if (!header) return nullptr;
    std::memset(header, 0, size);
    header->signature = entry_signature;
    header->flags = nonpaged ? flag_nonpaged : 0;
    header->type = *what.type;
    header->cleanup = what.cleanup;
    header->lookaside = lookaside;
    header->size = size;
    list::initialize(header->link);
    return context_of(*header);
}

void free_ecp(PVOID context) {
    EcpHeader& header = header_of_ecp(context);
    if (!list::empty(header.link)) violate(freed_in_list, &header, nullptr);
    if (header.cleanup)
        seh::call_out(reinterpret_cast<NTAPI void (*)(PVOID, const GUID*)>(header.cleanup), context,
                      static_cast<const GUID*>(&header.type));
    header.signature = 0;
    GENERAL_LOOKASIDE* lookaside = header.lookaside;
    if (!lookaside || !pool::lookaside_push(lookaside, &header))
        pool::release_checked(&header, 0, ke::current_irql());
}

void free_ecp_list(EcpList* list) {
    check(list);
    while (!list::empty(list->entries)) {
        EcpHeader& header = entry_of(list->entries.Flink);
        check(header, list);
        list::remove_and_reset(header.link);
        free_ecp(context_of(header));
    }
    list->signature = 0;
    pool::release_checked(list, 0, ke::current_irql());
}

void initialize_ecp_lookaside(GENERAL_LOOKASIDE* list, ULONG flags, SIZE_T size, ULONG tag) {
    ex::note_lookaside_list(list);
    pool::initialize_lookaside(list, flags & ecp_nonpaged ? NonPagedPoolNx : PagedPool,
                               size + sizeof(EcpHeader), tag, nullptr, nullptr);
}
void delete_ecp_lookaside(GENERAL_LOOKASIDE* list) {
    while (PVOID entry = pool::lookaside_drain(list))
        pool::release_checked(entry, 0, ke::current_irql());
    ex::forget_lookaside_list(list);
}

EcpHeader& header_of_ecp(PVOID context) {
    EcpHeader& header = static_cast<EcpHeader*>(context)[-1];
    check(header, nullptr);
    return header;
}

PVOID find_ecp(EcpList* list, const GUID& type) {
    EcpHeader* header = find(list, type);
    return header ? context_of(*header) : nullptr;
}

PVOID next_ecp(EcpList* list, PVOID context) {
    check(list);
    LIST_ENTRY* next = context ? header_of_ecp(context).link.Flink : list->entries.Flink;
    if (next == &list->entries) return nullptr;
    check(entry_of(next), list);
    return context_of(entry_of(next));
}

bool insert_ecp(EcpList* list, PVOID context) {
    EcpHeader& header = header_of_ecp(context);
    if (find(list, header.type)) return false;
    list::insert_tail(list->entries, header.link);
    return true;
}

PVOID remove_ecp(EcpList* list, const GUID& type) {
    EcpHeader* header = find(list, type);
    if (!header) return nullptr;
    list::remove_and_reset(header->link);
    header->flags &= ~flag_of_caller; // whoever takes it out has it now
    return context_of(*header);
}

void acknowledge_ecp(PVOID context, bool acknowledged) {
    ULONG& flags = header_of_ecp(context).flags;
    flags = acknowledged ? flags | flag_acknowledged : flags & ~flag_acknowledged;
}
bool is_ecp_acknowledged(PVOID context) { return header_of_ecp(context).flags & flag_acknowledged; }

namespace {

// Where the list of a create request stands: the I/O manager's own in the block of the open, which lasts as
// long as that; with a driver's in the IRP's extension, and the list stays the driver's.
// assumed: a request that its owner has not sent yet is what its next location says.
EcpList** slot_of(IRP* irp, bool make) {
    const bool sent = irp->CurrentLocation >= 1 && irp->CurrentLocation <= irp->StackCount;
    const IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation;
    if (irp->Type != IO_TYPE_IRP || (!sent && irp->CurrentLocation <= 1)) return nullptr;
    if ((sent ? location : location - 1)->MajorFunction != IRP_MJ_CREATE) return nullptr;
    static EcpList* none;
    if (!(irp->AllocationFlags & irp_of_driver) && irp->AllocationFlags &&
        (irp->Flags & IRP_CREATE_OPERATION) && irp->UserIosb)
        return &NT_CONTAINER(irp->UserIosb, detail::OpenBlock, iosb)->ecps;
    auto* extension = make ? detail::take_extension(irp) : detail::irp_extension(irp);
    return extension ? reinterpret_cast<EcpList**>(&extension->ecps) : make ? nullptr : &none;
}

} // namespace

NTSTATUS get_ecp_list(IRP* irp, EcpList** list) {
    EcpList** slot = slot_of(irp, false);
    if (!slot) return STATUS_INVALID_PARAMETER;
    if (list) *list = *slot;
    return STATUS_SUCCESS;
}

NTSTATUS set_ecp_list(IRP* irp, EcpList* list) {
    check(list);
    if (!slot_of(irp, false)) return STATUS_INVALID_PARAMETER_2;
    EcpList** slot = slot_of(irp, true);
    if (!slot) return STATUS_INSUFFICIENT_RESOURCES;
    if (*slot) return STATUS_INVALID_PARAMETER_3;
    *slot = list;
    return STATUS_SUCCESS;
}

void detail::begin_ecps(EcpList* given) {
    if (!given) return;
    if (!find(given, [](EcpHeader& header) { return header.flags |= flag_of_caller, false; }) &&
        list::empty(given->entries))
        violate(given_list_is_empty, nullptr, given);
}

// "This ECP is automatically cleaned up when the IRP completes."
void detail::end_ecps(EcpList* given, EcpList* attached) {
    if (attached && attached != given) free_ecp_list(attached);
    if (!given) return;
    while (EcpHeader* added = find(given, [](const EcpHeader& h) { return !(h.flags & flag_of_caller); })) {
        list::remove_and_reset(added->link);
        free_ecp(context_of(*added));
    }
    find(given, [](EcpHeader& header) { return header.flags &= ~flag_of_caller, false; });
}

} // namespace nt::io
