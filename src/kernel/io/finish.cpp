#include "kernel/io/detail/finish.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/io/detail/buffers.h"
#include "kernel/io/detail/counters.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/io/detail/packets.h"
#include "kernel/io/irp.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/mm/mdl.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
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

// The KAPC lies in the IRP and covers its Tail.Overlay: what is needed of that travels in the arguments. The
// second one lies where OriginalFileObject does, so that lists of requests can be searched meanwhile.
static_assert(offsetof(IRP, Tail.Apc.SystemArgument2) == offsetof(IRP, Tail.Overlay.OriginalFileObject));
void apc_finish(KAPC& apc) {
    IRP* irp = NT_CONTAINER(&apc, IRP, Tail.Apc);
    auto* thread = reinterpret_cast<ETHREAD*>(apc.Thread);
    auto* file = static_cast<FILE_OBJECT*>(apc.SystemArgument2);
    irp->Tail.Overlay.Thread = thread;
    irp->Tail.Overlay.OriginalFileObject = file;
    finish(irp);
}

// Nobody is there to be told.
void discard(IRP* irp) {
    FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
    auto* thread = irp->Tail.Overlay.Thread;
    if (irp->Flags & IRP_DEALLOCATE_BUFFER) give_buffer(irp->AssociatedIrp.SystemBuffer);
    free_mdls(irp);
    dequeue(irp);
    const bool has_event = irp->UserEvent && file && !(irp->Flags & IRP_SYNCHRONOUS_API);
    KEVENT* event = irp->UserEvent;
    const bool has_thread = irp->AllocationFlags & irp_of_file;
    free_irp(irp);
    if (has_event) ob::dereference(event);
    if (has_thread) ob::dereference(thread);
    if (file) ob::dereference(file);
}

// What the requestor gets is copied into its memory, so its address space must be there.
bool needs_requestor(const IRP* irp) {
    return (irp->Flags & IRP_BUFFERED_IO) && (irp->Flags & IRP_INPUT_OPERATION) &&
           irp->IoStatus.Information && !NT_ERROR(irp->IoStatus.Status);
}

// Another thread of the process that made the request.
ke::Thread* living_thread(const PVOID process) {
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        auto* thread = NT_CONTAINER(e, ke::Thread, all_link);
        if (thread->process == process && !thread->exiting &&
            thread->Tcb.State != static_cast<UCHAR>(ke::ThreadState::terminated))
            return thread;
    }
    return nullptr;
}

} // namespace

void write_status_block(const IRP* irp) {
    IO_STATUS_BLOCK* to = irp->UserIosb;
    if (!to) return;
    const auto address = reinterpret_cast<std::uint64_t>(to);
    // Information first, so that whoever polls Status finds both. A block that has gone is the caller's own
    // loss.
    guest::write(address + offsetof(IO_STATUS_BLOCK, Information), irp->IoStatus.Information);
    guest::write(address, irp->IoStatus.Status);
}

void free_auxiliary(IRP* irp) {
    if (!irp->Tail.Overlay.AuxiliaryBuffer) return;
    pool::release(irp->Tail.Overlay.AuxiliaryBuffer);
    irp->Tail.Overlay.AuxiliaryBuffer = nullptr;
}

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
    const bool references_event = event && file && !(irp->Flags & IRP_SYNCHRONOUS_API);
    const bool of_file = irp->AllocationFlags & irp_of_file;
    auto* thread = irp->Tail.Overlay.Thread;
    dequeue(irp);
    // A transfer moves the position of a file for synchronous I/O (ZwReadFile, ByteOffset).
    if (irp->Flags & (IRP_READ_OPERATION | IRP_WRITE_OPERATION) && NT_SUCCESS(status) && file &&
        (file->Flags & FO_SYNCHRONOUS_IO) && body_of_file(file).transfer_start >= 0)
        file->CurrentByteOffset.QuadPart =
            body_of_file(file).transfer_start + static_cast<LONGLONG>(irp->IoStatus.Information);
    // An error that the service returns itself leaves the status block and the events alone.
    bool kept = false; // the IRP goes on as a packet or an APC
    if (file && !NT_ERROR(status))
        count_transfer(*reinterpret_cast<ke::Thread*>(thread), kind_of(irp), irp->IoStatus.Information);
    if (!NT_ERROR(status) || pended) {
        const bool packet = wants_packet(irp, file, pended);
        // A pended request's status block is written when its packet is taken from the port.
        if (!packet || !pended || !of_file) [[likely]]
            write_status_block(irp);
        if (event) ke::set_event(*event);
        if (file && (!event || synchronous)) {
            file->FinalStatus = status;
            if (!(file->Flags & FO_SKIP_SET_EVENT) || synchronous) ke::set_event(file->Event);
        }
        if (packet) [[unlikely]] {
            queue_packet(irp, file);
            kept = true;
        } else if (wants_apc(irp)) [[unlikely]] {
            queue_apc(irp);
            kept = true;
        }
    }
    if (!kept) [[likely]]
        free_irp(irp);
    if (references_event) ob::dereference(event);
    if (of_file) [[unlikely]]
        ob::dereference(thread);
    if (file) ob::dereference(file);
}

NTSTATUS finish_deferred(IRP* irp, const Returned& returned) {
    NTSTATUS status = returned.status;
    if (returned.left) [[likely]] {
        // Marked pending, completed, and not STATUS_PENDING: completion has ended the request already and
        // Windows now ends it again. // assumed: the bug check that it comes to
        if (returned.marked) [[unlikely]]
            ke::bug_check(0x44, reinterpret_cast<ULONG_PTR>(irp));
        status = irp->IoStatus.Status;
    } else {
        // Nobody has completed it, but the service takes the answer for a completion, as Windows does.
        free_auxiliary(irp);
        unlock_mdls(irp);
    }
    finish(irp);
    return status;
}

void finish_in_thread(IRP* irp, CHAR boost) {
    if (irp->AllocationFlags & irp_orphaned) [[unlikely]] {
        discard(irp);
        return;
    }
    auto* thread = reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread);
    // IoAllocateIrp's IRPs belong to a driver: its completion routine has to keep them from coming here.
    // Windows faults on the missing thread. // assumed: the bug check that this ends in
    if (!thread) ke::bug_check(0x44, reinterpret_cast<ULONG_PTR>(irp));
    if (irp->AllocationFlags & irp_of_file) [[unlikely]] {
        if (!needs_requestor(irp)) {
            finish(irp);
            return;
        }
        if (thread->exiting) {
            ke::Thread* other = living_thread(irp->Overlay.AsynchronousParameters.IssuingProcess);
            if (!other) {
                discard(irp);
                return;
            }
            ob::reference(other);
            ob::dereference(thread);
            thread = other;
        }
    }
    FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
    const auto environment = irp->ApcEnvironment; // the APC lies in the IRP
    ke::initialize_kernel_apc(irp->Tail.Apc, *thread, apc_finish, nullptr, nullptr);
    irp->Tail.Apc.ApcStateIndex = static_cast<CHAR>(environment);
    // The boost is the requesting thread's.
    if (ke::queue_apc(irp->Tail.Apc, nullptr, file, boost)) return;
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(thread);
    irp->Tail.Overlay.OriginalFileObject = file;
    discard(irp);
}

void list_request(IRP* irp, FILE_OBJECT* file) {
    ke::Thread& self = ke::current_thread();
    if (file->CompletionContext && !(file->Flags & (FO_SYNCHRONOUS_IO | FO_QUEUE_IRP_TO_THREAD)) &&
        !(irp->Flags & IRP_SYNCHRONOUS_API) && !irp->Overlay.AsynchronousParameters.UserApcRoutine)
        [[unlikely]] {
        irp->AllocationFlags |= irp_of_file;
        irp->Overlay.AsynchronousParameters.IssuingProcess = self.process;
        ob::reference(&self);
        list::insert_head(file->IrpList, irp->ThreadListEntry);
    } else
        queue(irp, self);
}

void orphan(IRP* irp) {
    dequeue(irp);
    irp->AllocationFlags |= irp_orphaned;
    if (!(irp->AllocationFlags & irp_of_file)) irp->Tail.Overlay.Thread = nullptr;
    irp->UserIosb = nullptr;
}

NTSTATUS send_and_wait(DEVICE_OBJECT* device, IRP* irp, KEVENT& event) {
    irp->UserIosb = &irp->IoStatus;
    irp->UserEvent = &event;
    ke::reset_event(event);
    if (call_driver(device, irp) == STATUS_PENDING)
        ke::wait_for_single_object(&event, Executive, KernelMode, false, nullptr);
    const NTSTATUS status = irp->IoStatus.Status;
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

// "For IRPs queued for file objects, such as for completion port I/O, returns a pointer to the issuing
// process", else the one that the thread is attached to.
nt::EPROCESS* nt::io::requestor_process(const IRP* irp) {
    if (irp->AllocationFlags & detail::irp_of_file)
        return static_cast<EPROCESS*>(irp->Overlay.AsynchronousParameters.IssuingProcess);
    const auto* thread = reinterpret_cast<const ke::Thread*>(irp->Tail.Overlay.Thread);
    return thread ? static_cast<EPROCESS*>(thread->process) : nullptr;
}
