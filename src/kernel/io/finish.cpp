#include "kernel/io/detail/finish.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/io/detail/buffers.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/io/irp.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/mm/mdl.h"
#include "kernel/ob/object.h"
#include "trace/trace.h"

namespace nt::io::detail {

namespace {

bool is_synchronous(const IRP* irp, const FILE_OBJECT* file) {
    return (irp->Flags & IRP_SYNCHRONOUS_API) || (file && (file->Flags & FO_SYNCHRONOUS_IO));
}

// Output of a buffered request goes back to the caller's buffer. The caller may have released the buffer
// meanwhile: then that is the status it gets.
void copy_back(IRP* irp) {
    if (irp->Flags & IRP_INPUT_OPERATION && irp->IoStatus.Status != STATUS_VERIFY_REQUIRED &&
        !NT_ERROR(irp->IoStatus.Status) && irp->IoStatus.Information) {
        if (!guest::copy_to(reinterpret_cast<ULONG_PTR>(irp->UserBuffer), irp->AssociatedIrp.SystemBuffer,
                            irp->IoStatus.Information))
            irp->IoStatus.Status = STATUS_ACCESS_VIOLATION;
    }
    if (irp->Flags & IRP_DEALLOCATE_BUFFER) give_buffer(irp->AssociatedIrp.SystemBuffer);
    irp->Flags &= ~(IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER);
    irp->AssociatedIrp.SystemBuffer = nullptr;
}

void write_status_block(IRP* irp) {
    IO_STATUS_BLOCK* to = irp->UserIosb;
    if (!to) return;
    const auto address = reinterpret_cast<std::uint64_t>(to);
    // Information first, so that whoever polls Status finds both. A block that has gone is the caller's own
    // loss.
    guest::write(address + offsetof(IO_STATUS_BLOCK, Information), irp->IoStatus.Information);
    guest::write(address, irp->IoStatus.Status);
}

// The KAPC lies in the IRP and covers its Tail.Overlay: what is needed of that travels in the arguments.
void apc_finish(KAPC& apc) {
    IRP* irp = NT_CONTAINER(&apc, IRP, Tail.Apc);
    auto* thread = reinterpret_cast<ETHREAD*>(apc.Thread);
    auto* file = static_cast<FILE_OBJECT*>(apc.SystemArgument1);
    irp->Tail.Overlay.Thread = thread;
    irp->Tail.Overlay.OriginalFileObject = file;
    finish(irp);
}

} // namespace

void unlock_mdls(IRP* irp) {
    for (MDL* mdl = irp->MdlAddress; mdl; mdl = mdl->Next)
        if (mdl->MdlFlags & MDL_PAGES_LOCKED) mm::unlock_pages(mdl);
}
void free_mdls(IRP* irp) {
    for (MDL* mdl = irp->MdlAddress; mdl;) {
        MDL* next = mdl->Next;
        mm::free_mdl(mdl);
        mdl = next;
    }
    irp->MdlAddress = nullptr;
}

void finish(IRP* irp) {
    FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
    if (irp->Flags & IRP_BUFFERED_IO) copy_back(irp);
    if (irp->MdlAddress) free_mdls(irp);
    const NTSTATUS status = irp->IoStatus.Status;
    const bool pended = irp->PendingReturned;
    const bool synchronous = is_synchronous(irp, file);
    KEVENT* event = irp->UserEvent;
    if (trace::on) [[unlikely]]
        trace::emit_irp_finished(irp, status, irp->IoStatus.Information);
    // An error that the service returns itself leaves the status block and the events alone.
    if (!NT_ERROR(status) || pended) {
        write_status_block(irp);
        if (event) ke::set_event(*event);
        if (file && (!event || synchronous)) {
            file->FinalStatus = status;
            if (!(file->Flags & FO_SKIP_SET_EVENT) || synchronous) ke::set_event(file->Event);
        }
    }
    dequeue(irp);
    const bool references_event = event && file && !(irp->Flags & IRP_SYNCHRONOUS_API);
    free_irp(irp);
    if (references_event) ob::dereference(event);
    if (file) ob::dereference(file);
}

// At the caller's level: an APC in between cannot see anything half done.
void finish_deferred(IRP* irp) {
    // It came back with a final status, so somebody has completed it: nobody did if a location is still in
    // use.
    if (irp->CurrentLocation <= irp->StackCount + 1) [[unlikely]]
        ke::bug_check(0xC9, 0x226, 0, reinterpret_cast<ULONG_PTR>(irp), 0);
    finish(irp);
}

void finish_in_thread(IRP* irp) {
    auto* thread = reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread);
    // IoAllocateIrp's IRPs belong to a driver: its completion routine has to keep them from coming here.
    // Windows faults on the missing thread. // assumed: the bug check that this ends in
    if (!thread) ke::bug_check(0x44, reinterpret_cast<ULONG_PTR>(irp));
    FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
    ke::initialize_kernel_apc(irp->Tail.Apc, *thread, apc_finish, file, nullptr);
    if (!ke::queue_kernel_apc(irp->Tail.Apc)) {
        // The thread has ended meanwhile: nobody is there to be told.
        irp->Tail.Overlay.Thread = nullptr;
        if (irp->Flags & IRP_DEALLOCATE_BUFFER) give_buffer(irp->AssociatedIrp.SystemBuffer);
        free_mdls(irp);
        dequeue_from_thread(irp);
        free_irp(irp);
        if (file) ob::dereference(file);
    }
}

NTSTATUS send_and_wait(DEVICE_OBJECT* device, IRP* irp, FILE_OBJECT* file) {
    irp->UserIosb = &irp->IoStatus;
    irp->UserEvent = &file->Event;
    ke::reset_event(file->Event);
    const NTSTATUS returned = call_driver(device, irp);
    if (returned == STATUS_PENDING)
        ke::wait_for_single_object(&file->Event, Executive, KernelMode, false, nullptr);
    const NTSTATUS status = irp->IoStatus.Status;
    if (irp->CurrentLocation <= irp->StackCount + 1) [[unlikely]]
        ke::bug_check(0xC9, 0x226, 0, reinterpret_cast<ULONG_PTR>(irp), 0);
    if (trace::on) [[unlikely]]
        trace::emit_irp_finished(irp, status, irp->IoStatus.Information);
    dequeue_from_thread(irp);
    free_irp(irp);
    return status;
}

NTSTATUS wait_for_file_lock(FILE_OBJECT* file, KPROCESSOR_MODE mode) {
    file->Waiters = file->Waiters + 1;
    while (file->Busy) {
        const bool alertable = file->Flags & FO_ALERTABLE_IO;
        const NTSTATUS status = ke::wait_for_single_object(&file->Lock, Executive, mode, alertable, nullptr);
        if (status == STATUS_ALERTED || status == STATUS_USER_APC) {
            file->Waiters = file->Waiters - 1;
            return status;
        }
    }
    file->Waiters = file->Waiters - 1;
    file->Busy = 1;
    return STATUS_SUCCESS;
}

void wake_file_lock_waiter(FILE_OBJECT* file) { ke::set_event(file->Lock); }

} // namespace nt::io::detail
