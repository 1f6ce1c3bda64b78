// What the services on open files have in common: from handle and caller's arguments to a request on its way,
// and back.
#pragma once
#include "abi/irp.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"

namespace nt::io::detail {

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
    NTSTATUS begin(ACCESS_MASK any_of);
    // Takes the file's lock; before anything that the driver sees.
    NTSTATUS lock();
    // An IRP with the caller's facts and its top stack location zero but for the file object.
    NTSTATUS new_irp(UCHAR major, UCHAR minor = 0);
    IO_STACK_LOCATION* location() { return irp->Tail.Overlay.CurrentStackLocation - 1; }

    // IRP.AssociatedIrp.SystemBuffer of `size` bytes with `in_length` bytes of input. 0 bytes: none.
    NTSTATUS system_buffer(ULONG size, const void* in, ULONG in_length);
    // IRP.MdlAddress, locked.
    NTSTATUS lock_buffer(PVOID address, ULONG length, bool for_write);

    // Undoes everything; gives the status back.
    NTSTATUS abandon(NTSTATUS status);
    // Sends it and waits if the file is synchronous. The service's result.
    NTSTATUS issue();
    // The same for services that wait whatever the file was opened for (query, set, flush).
    NTSTATUS issue_and_wait();
    // Ends a service that needs no IRP: status block, event, references.
    NTSTATUS answer(NTSTATUS status, ULONG_PTR information);
    void release();
};

// A user-mode buffer that will be written.
NTSTATUS probe_output(const Caller& caller, PVOID buffer, ULONG length);

} // namespace nt::io::detail
