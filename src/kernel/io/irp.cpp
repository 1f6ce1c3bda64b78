#include "kernel/io/irp.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_extension.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/detail/rules_wait.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io {

namespace {

constexpr ULONG irp_tag = pool::tag("Irp ");

ke::Thread& thread_of(IRP* irp) { return *reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread); }

} // namespace

IRP* detail::free_irps[listed_sizes + 1];
LookasideUse detail::lookaside_use;

LookasideUse irp_lookaside_use() { return detail::lookaside_use; }

// A driver's packet may be larger than its stack needs, or smaller: what lies behind it is not its.
void initialize_irp(IRP* irp, USHORT size, CHAR stack_size) {
    std::memset(irp, 0, size);
    detail::set_up(irp, size, stack_size);
}

IRP* detail::allocate_irp_slowly(CHAR stack_size) {
    if (stack_size < 0) return nullptr; // assumed: 128 and more
    auto* irp = static_cast<IRP*>(pool::allocate(pool::Kind::nonpaged, size_of_irp(stack_size), irp_tag));
    if (!irp) return nullptr;
    ++lookaside_use.allocated;
    initialize(irp, size_of_irp(stack_size), stack_size);
    irp->AllocationFlags = IRP_ALLOCATED_FIXED_SIZE;
    if (stack_size >= 1 && stack_size <= listed_sizes) irp->AllocationFlags |= IRP_LOOKASIDE_ALLOCATION;
    return irp;
}

IRP* allocate_irp(CHAR stack_size) { return detail::take_irp(stack_size); }

void free_irp_of_driver(IRP* irp, ULONG_PTR caller) {
    detail::check_free(irp, caller);
    if (irp->Type == IO_TYPE_IRP) detail::drop_extension(irp);
    free_irp(irp);
}
void initialize_irp_of_driver(IRP* irp, USHORT size, CHAR stack_size, ULONG_PTR caller) {
    const bool listed = detail::is_listed(irp);
    if (verifying || listed) [[unlikely]]
        detail::check_initialize(irp, caller);
    if (listed) [[unlikely]]
        detail::dequeue(irp);
    initialize_irp(irp, size, stack_size);
}
// The list of a thread's requests stays whole, unlike Windows', which would meet the damage later.
void reuse_irp_of_driver(IRP* irp, NTSTATUS status, ULONG_PTR caller) {
    const bool listed = detail::is_listed(irp);
    if (verifying || listed) [[unlikely]]
        detail::check_reuse(irp, caller);
    if (listed) [[unlikely]]
        detail::dequeue(irp);
    detail::drop_extension(irp);
    reuse_irp(irp, status);
}

void set_irp_owner(IRP* irp, IrpMaker maker, ULONG_PTR caller) {
    irp->AllocationFlags |= irp_of_driver;
    pool::set_caller(irp, caller);
    detail::set_maker(irp, maker);
    detail::note(detail::Happened::made, irp, 0, caller);
}

NTSTATUS charge_irp(IRP* irp) {
    const NTSTATUS status = pool::charge_quota(irp);
    if (NT_SUCCESS(status)) irp->AllocationFlags |= IRP_QUOTA_CHARGED;
    return status;
}

void free_irp(IRP* irp) {
    if (verifying) [[unlikely]] {
        detail::note_event(detail::Happened::freed, irp, 0, 0);
        detail::forget_sender(irp);
    }
    if (irp->Type != IO_TYPE_IRP || !list::empty(irp->ThreadListEntry)) [[unlikely]]
        ke::bug_check(0x44, reinterpret_cast<ULONG_PTR>(irp));
    if (trace::on) [[unlikely]]
        trace::emit_irp_freed(irp);
    constexpr UCHAR kind = IRP_LOOKASIDE_ALLOCATION | IRP_QUOTA_CHARGED;
    if ((irp->AllocationFlags & kind) == IRP_LOOKASIDE_ALLOCATION) [[likely]] {
        detail::give_listed_irp(irp);
        return;
    }
    if (irp->AllocationFlags & IRP_QUOTA_CHARGED) {
        pool::return_quota(irp);
        if (irp->AllocationFlags & IRP_LOOKASIDE_ALLOCATION) return detail::give_listed_irp(irp);
    }
    irp->Type = 0;
    pool::release(irp);
}

void reuse_irp(IRP* irp, NTSTATUS status) {
    const UCHAR flags = irp->AllocationFlags;
    const detail::Maker maker = detail::maker_of(irp);
    initialize_irp(irp, irp->Size, irp->StackCount);
    irp->AllocationFlags = flags;
    detail::set_maker(irp, maker);
    irp->IoStatus.Status = status;
}

void queue_to_thread(IRP* irp) { detail::queue(irp, thread_of(irp)); }
void dequeue_from_thread(IRP* irp) { detail::dequeue(irp); }

} // namespace nt::io
