// What the services on open files have in common: from handle and caller's arguments to a request on its way,
// and back.
#pragma once
#include "abi/irp.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/counters.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/mm/probe.h"
#include "trace/trace.h"

namespace nt::io::detail {

NTSTATUS await_file(FILE_OBJECT* file, KPROCESSOR_MODE mode);

// A service in progress. Construction order: begin(), then new_irp(), then buffers, then issue(). Whatever
// fails in between goes through abandon(). No destructor: a driver may raise through us, and nothing here
// owns host memory.
struct Request {
    const Caller& caller;
    FILE_OBJECT* file = nullptr; // referenced; issue() and abandon() drop it
    DEVICE_OBJECT* device = nullptr;
    KEVENT* event = nullptr; // referenced
    IRP* irp = nullptr;
    ACCESS_MASK granted = 0;
    bool synchronous = false; // the file's lock is held

    explicit Request(const Caller& c) : caller(c) {}

    // Handle, status block, event, lock. `any_of`: rights of which one is needed (0: none).
    // STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED, STATUS_ACCESS_VIOLATION,
    // STATUS_DATATYPE_MISALIGNMENT.
    [[gnu::always_inline]] NTSTATUS begin(ACCESS_MASK any_of) {
        ob::HandleEntry* entry = ob::find_handle(caller.file, caller.mode);
        if (!entry) [[unlikely]]
            return STATUS_INVALID_HANDLE;
        PVOID body = ob::body_of(entry->object);
        if (ob::type_of(body) != file_type) [[unlikely]]
            return STATUS_OBJECT_TYPE_MISMATCH;
        granted = entry->access;
        if (any_of && caller.mode != KernelMode && !(granted & any_of)) [[unlikely]]
            return STATUS_ACCESS_DENIED;
        if (const NTSTATUS status = probe_status_block(); status != STATUS_SUCCESS) [[unlikely]]
            return status;
        if (caller.event || caller.apc_routine) [[unlikely]]
            if (const NTSTATUS status = begin_slowly(static_cast<FILE_OBJECT*>(body));
                status != STATUS_SUCCESS)
                return status;
        file = static_cast<FILE_OBJECT*>(body);
        ob::reference(file);
        device = related_device(file);
        return STATUS_SUCCESS;
    }
    // Takes the file's lock; before anything that the driver sees.
    [[gnu::always_inline]] NTSTATUS lock() {
        if (!(file->Flags & FO_SYNCHRONOUS_IO)) return STATUS_SUCCESS;
        const NTSTATUS status = acquire_file_lock(file, caller.mode);
        synchronous = status == STATUS_SUCCESS;
        return status;
    }
    // An IRP with the caller's facts and its top stack location zero but for the file object.
    [[gnu::always_inline]] NTSTATUS new_irp(UCHAR major, UCHAR minor = 0) {
        file->Event.Header.SignalState = 0;
        irp = take_irp(device->StackSize);
        if (!irp) [[unlikely]]
            return STATUS_INSUFFICIENT_RESOURCES;
        irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
        irp->Tail.Overlay.OriginalFileObject = file;
        irp->RequestorMode = caller.mode;
        irp->Flags = IRP_DEFER_IO_COMPLETION | body_of_file(file).priority_flags;
        irp->UserIosb = caller.iosb;
        irp->UserEvent = event;
        irp->Overlay.AsynchronousParameters.UserApcRoutine =
            reinterpret_cast<PIO_APC_ROUTINE>(caller.apc_routine);
        irp->Overlay.AsynchronousParameters.UserApcContext = caller.apc_context;
        IO_STACK_LOCATION* next = location();
        next->MajorFunction = major;
        next->MinorFunction = minor;
        next->FileObject = file;
        return STATUS_SUCCESS;
    }
    IO_STACK_LOCATION* location() { return irp->Tail.Overlay.CurrentStackLocation - 1; }

    // For services that a driver calls on a file object: begin() without a handle.
    void begin_object(FILE_OBJECT* object) {
        file = object;
        ob::reference(file);
        device = related_device(file);
        granted = FILE_ALL_ACCESS;
    }

    // The caller's buffer, by the flags of the device: a system buffer, a locked MDL or the address itself. A
    // user buffer must have been probed.
    NTSTATUS attach_output(PVOID buffer, ULONG length);
    NTSTATUS attach_input(const void* buffer, ULONG length);
    // Nonpaged memory that is released when the IRP completes (Tail.Overlay.AuxiliaryBuffer): what stack
    // location parameters point to. Null: no memory.
    PVOID auxiliary(ULONG size);
    // IRP.AssociatedIrp.SystemBuffer of `size` bytes with `in_length` bytes of input. 0 bytes: none.
    NTSTATUS system_buffer(ULONG size, const void* in, ULONG in_length);
    // IRP.MdlAddress, locked.
    NTSTATUS lock_buffer(PVOID address, ULONG length, bool for_write);
    // The same for pages here and there, one for each page of `length`.
    // STATUS_DATATYPE_MISALIGNMENT: a segment is not a page.
    NTSTATUS lock_segments(const FILE_SEGMENT_ELEMENT* segments, ULONG length, bool for_write);

    // Undoes everything; gives the status back.
    NTSTATUS abandon(NTSTATUS status);
    // Sends it and waits if the file is synchronous. The service's result.
    [[gnu::always_inline]] NTSTATUS issue() {
        if (trace::on) [[unlikely]]
            trace_created();
        count_operation(ke::current_thread(), kind_of(location()->MajorFunction));
        list_request(irp, file);
        // finish() drops the references to file and event; the wait below needs the file a little longer.
        const bool waits = synchronous;
        FILE_OBJECT* const waited = file;
        if (waits) ob::reference(waited);
        const Returned returned = detail::call_dispatch(device, irp);
        NTSTATUS status = returned.status;
        if (status != STATUS_PENDING) [[likely]]
            status = finish_deferred(irp, returned);
        else if (waits)
            status = await_file(waited, caller.mode);
        if (waits) {
            release_file_lock(waited);
            ob::dereference(waited);
        }
        return status;
    }
    // The same for services that wait whatever the file was opened for (query, set, flush).
    NTSTATUS issue_and_wait();
    // Ends a service that needs no IRP: status block, event, references.
    NTSTATUS answer(NTSTATUS status, ULONG_PTR information, IoKind kind = io_other);
    void release();

    // Tells the trace about the buffers that attach_… made.
    void trace_buffers(ULONG in_length, ULONG out_length) const;

  private:
    NTSTATUS begin_slowly(const FILE_OBJECT* body);
    void trace_created() const;
    // A user-mode status block is touched before anything starts, so that a bad one fails the call and not
    // its completion.
    [[gnu::always_inline]] NTSTATUS probe_status_block() const {
        const auto address = reinterpret_cast<std::uint64_t>(caller.iosb);
        if (caller.mode == KernelMode) return STATUS_SUCCESS;
        if (address & 3) [[unlikely]]
            return STATUS_DATATYPE_MISALIGNMENT;
        if (address >= mm::user_probe_address || !guest::touch_write(address, sizeof(IO_STATUS_BLOCK)))
            [[unlikely]]
            return STATUS_ACCESS_VIOLATION;
        return STATUS_SUCCESS;
    }
};

// The status block of a service that a driver calls on a file object: where guests can write. `run(caller)`
// uses it.
IO_STATUS_BLOCK* take_status_block();
void give_status_block(IO_STATUS_BLOCK* block);
template <class F> NTSTATUS with_status_block(ULONG_PTR& information, F run) {
    auto* iosb = take_status_block();
    if (!iosb) return STATUS_INSUFFICIENT_RESOURCES;
    const NTSTATUS status = run(Caller{nullptr, nullptr, nullptr, nullptr, iosb, KernelMode});
    information = iosb->Information;
    give_status_block(iosb);
    return status;
}

// What FILE_NO_INTERMEDIATE_BUFFERING wants of lengths and places on a device that has sectors.
inline bool whole_sectors(const DEVICE_OBJECT* device, LONGLONG bytes) {
    return !device->SectorSize || bytes % device->SectorSize == 0;
}

// A user-mode buffer that will be written; one that will be read.
NTSTATUS probe_output(const Caller& caller, PVOID buffer, ULONG length, ULONG alignment = 1);
NTSTATUS probe_input(const Caller& caller, const void* buffer, ULONG length, ULONG alignment = 1);
// Copies a parameter from where the caller keeps it.
NTSTATUS fetch(void* to, const void* from, SIZE_T size, ULONG alignment, KPROCESSOR_MODE mode);
template <class T> NTSTATUS fetch(T& to, const T* from, KPROCESSOR_MODE mode) {
    return fetch(&to, from, sizeof(T), 4, mode);
}

} // namespace nt::io::detail
