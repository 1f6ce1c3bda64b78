#include "kernel/io/irp.h"
#include "abi/thread.h"
#include "base/list.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io {

namespace {

constexpr ULONG irp_tag = pool::tag("Irp ");
constexpr int listed_sizes = 16; // stack sizes with a lookaside list of their own

// Free IRPs of one stack size, linked through ThreadListEntry.Flink. A free one has Type 0, so using it again
// is noticed.
IRP* free_irps[listed_sizes + 1];
LookasideUse use;

IRP* take(CHAR stack_size) {
    ++use.allocated;
    if (IRP*& head = free_irps[static_cast<int>(stack_size)]; head) [[likely]] {
        IRP* irp = head;
        head = reinterpret_cast<IRP*>(irp->ThreadListEntry.Flink);
        ++use.hits;
        return irp;
    }
    return static_cast<IRP*>(pool::allocate(pool::Kind::nonpaged, size_of_irp(stack_size), irp_tag));
}

ke::Thread* thread_of(IRP* irp) { return reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread); }

} // namespace

LookasideUse irp_lookaside_use() { return use; }

void initialize_irp(IRP* irp, USHORT size, CHAR stack_size) {
    std::memset(irp, 0, size);
    irp->Type = IO_TYPE_IRP;
    irp->Size = size;
    irp->StackCount = stack_size;
    irp->CurrentLocation = static_cast<CHAR>(stack_size + 1);
    irp->Tail.Overlay.CurrentStackLocation = reinterpret_cast<IO_STACK_LOCATION*>(irp + 1) + stack_size;
    list::initialize(irp->ThreadListEntry);
}

IRP* allocate_irp(CHAR stack_size) {
    if (stack_size < 1) stack_size = 1;
    IRP* irp;
    UCHAR flags = IRP_ALLOCATED_FIXED_SIZE;
    if (stack_size <= listed_sizes) [[likely]] {
        irp = take(stack_size);
        flags |= IRP_LOOKASIDE_ALLOCATION;
    } else
        irp = static_cast<IRP*>(pool::allocate(pool::Kind::nonpaged, size_of_irp(stack_size), irp_tag));
    if (!irp) return nullptr;
    initialize_irp(irp, size_of_irp(stack_size), stack_size);
    irp->AllocationFlags = flags;
    return irp;
}

void free_irp(IRP* irp) {
    if (irp->Type != IO_TYPE_IRP || !list::empty(irp->ThreadListEntry)) [[unlikely]]
        ke::bug_check(0x44, reinterpret_cast<ULONG_PTR>(irp));
    if (trace::on) [[unlikely]]
        trace::emit_irp_freed(irp);
    irp->Type = 0;
    if (irp->AllocationFlags & IRP_LOOKASIDE_ALLOCATION) [[likely]] {
        IRP*& head = free_irps[static_cast<int>(irp->StackCount)];
        irp->ThreadListEntry.Flink = reinterpret_cast<LIST_ENTRY*>(head);
        head = irp;
    } else
        pool::release(irp);
}

void reuse_irp(IRP* irp, NTSTATUS status) {
    const UCHAR flags = irp->AllocationFlags;
    initialize_irp(irp, irp->Size, irp->StackCount);
    irp->AllocationFlags = flags;
    irp->IoStatus.Status = status;
}

void queue_to_thread(IRP* irp) { list::insert_head(thread_of(irp)->IrpList, irp->ThreadListEntry); }
void dequeue_from_thread(IRP* irp) { list::remove_and_reset(irp->ThreadListEntry); }

} // namespace nt::io
