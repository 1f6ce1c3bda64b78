#include "kernel/io/detail/request.h"
#include "abi/ioctl.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/io/completion.h"
#include "kernel/io/detail/buffers.h"
#include "kernel/io/detail/cancel_requests.h"
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

} // namespace

// The service waits for its own synchronous request. An alert takes effect only where the caller asked for
// alertable I/O.
NTSTATUS await_file(FILE_OBJECT* file, KPROCESSOR_MODE mode) {
    const bool alertable = file->Flags & FO_ALERTABLE_IO;
    const NTSTATUS status = ke::wait_for_single_object(&file->Event, Executive, mode, alertable, nullptr);
    if (status == STATUS_ALERTED || status == STATUS_USER_APC) {
        // The request is cancelled and still has to end: its buffers are in use until then.
        cancel_own_request(file);
        ke::wait_for_single_object(&file->Event, Executive, KernelMode, false, nullptr);
    }
    return file->FinalStatus;
}

IO_STATUS_BLOCK* take_status_block() {
    return static_cast<IO_STATUS_BLOCK*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(IO_STATUS_BLOCK), pool::tag("IoSb"), 0, true));
}
void give_status_block(IO_STATUS_BLOCK* block) { pool::release(block); }

NTSTATUS probe_output(const Caller& caller, PVOID buffer, ULONG length, ULONG alignment) {
    if (caller.mode == KernelMode || length == 0) return STATUS_SUCCESS;
    return mm::probe_for_write(reinterpret_cast<ULONG_PTR>(buffer), length, alignment);
}
NTSTATUS probe_input(const Caller& caller, const void* buffer, ULONG length, ULONG alignment) {
    if (caller.mode == KernelMode || length == 0) return STATUS_SUCCESS;
    return mm::probe_for_read(reinterpret_cast<ULONG_PTR>(buffer), length, alignment);
}

NTSTATUS fetch(void* to, const void* from, SIZE_T size, ULONG alignment, KPROCESSOR_MODE mode) {
    const auto address = reinterpret_cast<ULONG_PTR>(from);
    if (mode != KernelMode)
        if (const NTSTATUS status = mm::probe_for_read(address, size, alignment); !NT_SUCCESS(status))
            return status;
    return guest::copy_from(to, address, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS Request::begin_slowly(const FILE_OBJECT* body) {
    // A file with a completion port has its own way of telling.
    if (caller.apc_routine && body->CompletionContext) return STATUS_INVALID_PARAMETER;
    if (!caller.event) return STATUS_SUCCESS;
    PVOID object;
    const NTSTATUS status = ob::reference_by_handle(caller.event, EVENT_MODIFY_STATE, event_type(),
                                                    caller.mode, &object, nullptr);
    if (!NT_SUCCESS(status)) return status;
    event = static_cast<KEVENT*>(object);
    ke::reset_event(*event);
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

NTSTATUS Request::lock_segments(const FILE_SEGMENT_ELEMENT* segments, ULONG length, bool for_write) {
    if (length == 0) return STATUS_SUCCESS;
    const ULONG count = (length - 1) / mm::page_size + 1;
    const SIZE_T size = count * sizeof(ULONG_PTR);
    auto* pages = static_cast<ULONG_PTR*>(pool::allocate(pool::Kind::paged, size, pool::tag("IoSg")));
    if (!pages) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = fetch(pages, segments, size, 8, caller.mode);
    for (ULONG i = 0; NT_SUCCESS(status) && i < count; ++i)
        if (pages[i] % mm::page_size) status = STATUS_DATATYPE_MISALIGNMENT;
    MDL* mdl = nullptr;
    if (NT_SUCCESS(status)) {
        mdl = mm::allocate_mdl(pages[0], length);
        status =
            mdl ? mm::probe_and_lock_selected_pages(
                      mdl, pages, caller.mode, for_write ? mm::LockOperation::write : mm::LockOperation::read)
                : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NT_SUCCESS(status)) {
        irp->MdlAddress = mdl;
        irp->UserBuffer = reinterpret_cast<PVOID>(pages[0]);
    } else if (mdl)
        mm::free_mdl(mdl);
    pool::release(pages);
    return status;
}

NTSTATUS Request::attach_output(PVOID buffer, ULONG length) {
    if (device->Flags & DO_BUFFERED_IO) {
        irp->UserBuffer = buffer;
        irp->Flags |= IRP_INPUT_OPERATION;
        return system_buffer(length, nullptr, 0);
    }
    if (device->Flags & DO_DIRECT_IO) return length ? lock_buffer(buffer, length, true) : STATUS_SUCCESS;
    irp->UserBuffer = buffer;
    return STATUS_SUCCESS;
}

NTSTATUS Request::attach_input(const void* buffer, ULONG length) {
    auto* address = const_cast<PVOID>(buffer);
    if (device->Flags & DO_BUFFERED_IO) return system_buffer(length, buffer, length);
    if (device->Flags & DO_DIRECT_IO) return length ? lock_buffer(address, length, false) : STATUS_SUCCESS;
    irp->UserBuffer = address;
    return STATUS_SUCCESS;
}

PVOID Request::auxiliary(ULONG size) {
    auto* memory = static_cast<CHAR*>(pool::allocate(pool::Kind::nonpaged, size, pool::tag("IoAx"), 0, true));
    irp->Tail.Overlay.AuxiliaryBuffer = memory;
    return memory;
}

void Request::trace_buffers(ULONG in_length, ULONG out_length) const {
    const UCHAR method = device->Flags & DO_BUFFERED_IO    ? METHOD_BUFFERED
                         : !(device->Flags & DO_DIRECT_IO) ? METHOD_NEITHER
                         : in_length                       ? METHOD_IN_DIRECT
                                                           : METHOD_OUT_DIRECT;
    trace::emit_irp_buffer(irp, method, irp->AssociatedIrp.SystemBuffer, irp->MdlAddress, irp->UserBuffer,
                           in_length, out_length);
}

void Request::release() {
    if (synchronous) release_file_lock(file);
    if (event) ob::dereference(event);
    if (file) ob::dereference(file);
}

NTSTATUS Request::abandon(NTSTATUS status) {
    if (irp) {
        if (irp->Flags & IRP_DEALLOCATE_BUFFER) give_buffer(irp->AssociatedIrp.SystemBuffer);
        free_auxiliary(irp);
        if (irp->MdlAddress) {
            unlock_mdls(irp);
            free_mdls(irp);
        }
        free_irp(irp);
    }
    release();
    return status;
}

NTSTATUS Request::answer(NTSTATUS status, ULONG_PTR information, IoKind kind) {
    count_operation(ke::current_thread(), kind);
    if (!NT_ERROR(status)) count_transfer(ke::current_thread(), kind, information);
    const auto to = reinterpret_cast<ULONG_PTR>(caller.iosb);
    guest::write(to + offsetof(IO_STATUS_BLOCK, Information), information);
    guest::write(to, status);
    if (event && !(file->Flags & FO_SKIP_SET_FAST_IO)) ke::set_event(*event);
    // What a request that had answered at once would have told the port.
    if (file->CompletionContext && caller.apc_context && !NT_ERROR(status) &&
        !(file->Flags & FO_SKIP_COMPLETION_PORT))
        post_completion(*static_cast<KQUEUE*>(file->CompletionContext->Port),
                        {file->CompletionContext->Key, caller.apc_context, {{status}, information}});
    release();
    return status;
}

void Request::trace_created() const {
    const IO_STACK_LOCATION* top = irp->Tail.Overlay.CurrentStackLocation - 1;
    trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), top->MajorFunction, top->MinorFunction,
                            static_cast<UCHAR>(caller.mode), irp->Flags, file, device);
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
        wait_for_own_request(file, own->event, caller.mode);
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
