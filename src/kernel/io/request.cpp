#include "kernel/io/detail/request.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/io/detail/buffers.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/probe.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"

namespace nt::io::detail {

namespace {

OBJECT_TYPE* event_type() {
    static OBJECT_TYPE* type;
    if (!type) type = ob::find_type(u"Event");
    return type;
}

// A user-mode status block is written once before anything starts, so that a bad one fails the call and not
// its completion.
NTSTATUS probe_status_block(const Caller& caller) {
    const auto address = reinterpret_cast<std::uint64_t>(caller.iosb);
    if (caller.mode == KernelMode) return STATUS_SUCCESS;
    if (address & 3) return STATUS_DATATYPE_MISALIGNMENT;
    if (address >= mm::user_probe_address || !guest::touch_write(address, sizeof(IO_STATUS_BLOCK)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

// The service waits for its own synchronous request. An alert takes effect only where the caller asked for
// alertable I/O.
NTSTATUS await_file(FILE_OBJECT* file, KPROCESSOR_MODE mode) {
    const bool alertable = file->Flags & FO_ALERTABLE_IO;
    const NTSTATUS status = ke::wait_for_single_object(&file->Event, Executive, mode, alertable, nullptr);
    if (status == STATUS_ALERTED || status == STATUS_USER_APC) {
        // The request is cancelled and still has to end: its buffers are in use until then.
        LIST_ENTRY& list = ke::current_thread().IrpList;
        for (LIST_ENTRY* e = list.Flink; e != &list; e = e->Flink) {
            IRP* irp = NT_CONTAINER(e, IRP, ThreadListEntry);
            if (irp->Tail.Overlay.OriginalFileObject != file || irp->Cancel) continue;
            cancel_irp(irp);
            break;
        }
        ke::wait_for_single_object(&file->Event, Executive, KernelMode, false, nullptr);
    }
    return file->FinalStatus;
}

} // namespace

NTSTATUS probe_output(const Caller& caller, PVOID buffer, ULONG length) {
    if (caller.mode == KernelMode || length == 0) return STATUS_SUCCESS;
    return mm::probe_for_write(reinterpret_cast<ULONG_PTR>(buffer), length, 1);
}

NTSTATUS Request::begin(ACCESS_MASK any_of) {
    ob::HandleEntry* entry = ob::find_handle(caller.file, caller.mode);
    if (!entry) [[unlikely]]
        return STATUS_INVALID_HANDLE;
    PVOID body = ob::body_of(entry->object);
    if (ob::type_of(body) != file_type) [[unlikely]]
        return STATUS_OBJECT_TYPE_MISMATCH;
    granted = entry->access;
    if (any_of && caller.mode != KernelMode && !(granted & any_of)) [[unlikely]]
        return STATUS_ACCESS_DENIED;
    if (const NTSTATUS status = probe_status_block(caller); !NT_SUCCESS(status)) [[unlikely]]
        return status;
    // User APCs come with the whole processor.
    if (caller.apc_routine) ke::stub_called("ApcRoutine of an I/O service");
    if (caller.event) {
        PVOID object;
        const NTSTATUS status = ob::reference_by_handle(caller.event, EVENT_MODIFY_STATE, event_type(),
                                                        caller.mode, &object, nullptr);
        if (!NT_SUCCESS(status)) return status;
        event = static_cast<KEVENT*>(object);
        ke::reset_event(*event);
    }
    file = static_cast<FILE_OBJECT*>(body);
    ob::reference(file);
    device = related_device(file);
    return STATUS_SUCCESS;
}

NTSTATUS Request::lock() {
    if (!(file->Flags & FO_SYNCHRONOUS_IO)) return STATUS_SUCCESS;
    const NTSTATUS status = acquire_file_lock(file, caller.mode);
    synchronous = status == STATUS_SUCCESS;
    return status;
}

NTSTATUS Request::new_irp(UCHAR major, UCHAR minor) {
    ke::reset_event(file->Event);
    irp = allocate_irp(device->StackSize);
    if (!irp) [[unlikely]]
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
    irp->Tail.Overlay.OriginalFileObject = file;
    irp->RequestorMode = caller.mode;
    irp->Flags = IRP_DEFER_IO_COMPLETION;
    irp->UserIosb = caller.iosb;
    irp->UserEvent = event;
    irp->Overlay.AsynchronousParameters.UserApcContext = caller.apc_context;
    IO_STACK_LOCATION* next = location();
    next->MajorFunction = major;
    next->MinorFunction = minor;
    next->FileObject = file;
    return STATUS_SUCCESS;
}

NTSTATUS Request::system_buffer(ULONG size, const void* in, ULONG in_length) {
    irp->Flags |= IRP_BUFFERED_IO;
    if (size == 0) return STATUS_SUCCESS;
    PVOID buffer = take_buffer(size);
    if (!buffer) [[unlikely]]
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->AssociatedIrp.SystemBuffer = buffer;
    irp->Flags |= IRP_DEALLOCATE_BUFFER;
    if (in_length == 0) return STATUS_SUCCESS;
    const auto from = reinterpret_cast<ULONG_PTR>(in);
    if (caller.mode != KernelMode &&
        (from >= mm::user_probe_address || in_length > mm::user_probe_address - from)) [[unlikely]]
        return STATUS_ACCESS_VIOLATION;
    return guest::copy_from(buffer, from, in_length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS Request::lock_buffer(PVOID address, ULONG length, bool for_write) {
    MDL* mdl = mm::allocate_mdl(reinterpret_cast<ULONG_PTR>(address), length);
    if (!mdl) [[unlikely]]
        return STATUS_INSUFFICIENT_RESOURCES;
    const NTSTATUS status = mm::probe_and_lock_pages(
        mdl, caller.mode, for_write ? mm::LockOperation::write : mm::LockOperation::read);
    if (!NT_SUCCESS(status)) {
        mm::free_mdl(mdl);
        return status;
    }
    irp->MdlAddress = mdl;
    return STATUS_SUCCESS;
}

void Request::release() {
    if (synchronous) release_file_lock(file);
    if (event) ob::dereference(event);
    if (file) ob::dereference(file);
}

NTSTATUS Request::abandon(NTSTATUS status) {
    if (irp) {
        if (irp->Flags & IRP_DEALLOCATE_BUFFER) give_buffer(irp->AssociatedIrp.SystemBuffer);
        if (irp->MdlAddress) {
            unlock_mdls(irp);
            free_mdls(irp);
        }
        free_irp(irp);
    }
    release();
    return status;
}

NTSTATUS Request::answer(NTSTATUS status, ULONG_PTR information) {
    const auto to = reinterpret_cast<ULONG_PTR>(caller.iosb);
    guest::write(to + offsetof(IO_STATUS_BLOCK, Information), information);
    guest::write(to, status);
    if (event) ke::set_event(*event);
    release();
    return status;
}

NTSTATUS Request::issue() {
    if (trace::on) [[unlikely]] {
        const IO_STACK_LOCATION* top = location();
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), top->MajorFunction,
                                top->MinorFunction, static_cast<UCHAR>(caller.mode), irp->Flags, file,
                                device);
    }
    queue_to_thread(irp);
    // finish() drops the references to file and event; the wait below needs the file a little longer.
    const bool waits = synchronous;
    FILE_OBJECT* const waited = file;
    if (waits) ob::reference(waited);
    NTSTATUS status = call_driver(device, irp);
    if (status != STATUS_PENDING) [[likely]] {
        status = irp->IoStatus.Status;
        finish_deferred(irp);
    } else if (waits)
        status = await_file(waited, caller.mode);
    if (waits) {
        release_file_lock(waited);
        ob::dereference(waited);
    }
    return status;
}

NTSTATUS Request::issue_and_wait() {
    if (synchronous) return issue();
    // On a file for asynchronous I/O other requests use the file's event, so this one brings its own.
    struct Private {
        KEVENT event;
        IO_STATUS_BLOCK iosb;
    };
    auto* own = static_cast<Private*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Private), pool::tag("IoSy"), 0, true));
    if (!own) return abandon(STATUS_INSUFFICIENT_RESOURCES);
    ke::initialize_event(own->event, SynchronizationEvent, false);
    irp->Flags |= IRP_SYNCHRONOUS_API;
    irp->UserEvent = &own->event;
    irp->UserIosb = &own->iosb;
    const auto to = reinterpret_cast<ULONG_PTR>(caller.iosb);
    NTSTATUS status = issue();
    if (status == STATUS_PENDING) {
        ke::wait_for_single_object(&own->event, Executive, KernelMode, false, nullptr);
        status = own->iosb.Status;
    }
    if (!NT_ERROR(status)) {
        guest::write(to + offsetof(IO_STATUS_BLOCK, Information), own->iosb.Information);
        guest::write(to, status);
    }
    pool::release(own);
    return status;
}

} // namespace nt::io::detail
