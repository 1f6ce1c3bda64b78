// I/O request packets: memory, building, passing down, completing. The IRP body is the only state; IRPs from
// here come from a lookaside list per stack size (IRP_LOOKASIDE_ALLOCATION in AllocationFlags) or from
// nonpaged pool.
//
// Completion, as documented with IoCompleteRequest: stack locations are walked upwards and completion
// routines run in the caller's context; what has to happen in the requestor's address space (copying buffers
// back, the caller's status block) runs in the requesting thread: by the service itself when the request
// never went pending there (IRP_DEFER_IO_COMPLETION), else by a special kernel APC.
#pragma once
#include "abi/irp.h"
#include "base/result.h"
#include <string>
#include <vector>

namespace nt::io {

inline IO_STACK_LOCATION* current_location(IRP* irp) { return irp->Tail.Overlay.CurrentStackLocation; }
// By numbers: a driver may have cleared the pointer.
inline IO_STACK_LOCATION* next_location(IRP* irp) {
    return reinterpret_cast<IO_STACK_LOCATION*>(reinterpret_cast<ULONG_PTR>(current_location(irp)) -
                                                sizeof(IO_STACK_LOCATION));
}
// CurrentLocation is a CHAR in the headers; of an IRP with 127 locations, the most a StackSize can ask for,
// it is 128 until it is sent and 129 when it is completed.
inline int level_of(const IRP* irp) { return static_cast<UCHAR>(irp->CurrentLocation); }
// From 2 to 129, by one comparison.
inline bool has_next_location(const IRP* irp) { return static_cast<CHAR>(irp->CurrentLocation - 2) >= 0; }
constexpr USHORT size_of_irp(CHAR stack_size) {
    return static_cast<USHORT>(sizeof(IRP) + static_cast<UCHAR>(stack_size) * sizeof(IO_STACK_LOCATION));
}

// Of IRP.AllocationFlags, beside those of detail/finish.h: a driver allocated it, where the pool's header
// says.
inline constexpr UCHAR irp_of_driver = 0x20;

// Whom a driver's IRP comes from.
enum class IrpMaker : UCHAR {
    system, // the I/O manager, for a service; or memory of a driver's own (IoInitializeIrp)
    allocate,
    asynchronous_fsd,
    synchronous_fsd,
    device_control,
    associated,
};
// An IRP of a driver, made at `caller`.
void set_irp_owner(IRP* irp, IrpMaker maker, ULONG_PTR caller);
// The functions below for drivers: with a report when one must not be called.
void free_irp_of_driver(IRP* irp, ULONG_PTR caller);
void initialize_irp_of_driver(IRP* irp, USHORT size, CHAR stack_size, ULONG_PTR caller);
void reuse_irp_of_driver(IRP* irp, NTSTATUS status, ULONG_PTR caller);

// IoAllocateIrp: an initialised IRP, not charged to a thread; null: no memory. Any IRQL up to DISPATCH_LEVEL.
IRP* allocate_irp(CHAR stack_size);
// IRP_QUOTA_CHARGED: the process that runs is charged for the IRP until it is freed. STATUS_QUOTA_EXCEEDED.
NTSTATUS charge_irp(IRP* irp);
// IoFreeIrp. An IRP still in a thread's list or freed twice is bug check MULTIPLE_IRP_COMPLETE_REQUESTS.
void free_irp(IRP* irp);
// IoInitializeIrp: everything zero but the frame.
void initialize_irp(IRP* irp, USHORT size, CHAR stack_size);
// IoReuseIrp: as new, keeping AllocationFlags; sets the status.
void reuse_irp(IRP* irp, NTSTATUS status);

// IoBuild…: buffers as the target device's flags say. Null: no memory, or a user buffer that cannot be
// locked.
IRP* build_asynchronous_fsd_request(ULONG major, DEVICE_OBJECT* device, PVOID buffer, ULONG length,
                                    const LARGE_INTEGER* offset, IO_STATUS_BLOCK* iosb);
// Queued to the current thread; `event` is signalled at completion.
IRP* build_synchronous_fsd_request(ULONG major, DEVICE_OBJECT* device, PVOID buffer, ULONG length,
                                   const LARGE_INTEGER* offset, KEVENT* event, IO_STATUS_BLOCK* iosb);
IRP* build_device_io_control_request(ULONG code, DEVICE_OBJECT* device, PVOID in, ULONG in_length, PVOID out,
                                     ULONG out_length, bool internal, KEVENT* event, IO_STATUS_BLOCK* iosb);
// IoMakeAssociatedIrp.
IRP* make_associated_irp(IRP* master, CHAR stack_size);

// IofCallDriver. Bug check NO_MORE_IRP_STACK_LOCATIONS.
NTSTATUS call_driver(DEVICE_OBJECT* device, IRP* irp);
// What the guest code of IofCallDriver keeps in its frame while it calls a dispatch routine.
struct ChangedLevel {
    ULONG irql, apc_disable;
    ULONG_PTR routine;
};
[[noreturn]] void dispatch_changed_level(const ChangedLevel& frame);
// IofCompleteRequest. `caller` is for the trace. Bug checks MULTIPLE_IRP_COMPLETE_REQUESTS,
// CANCEL_STATE_IN_COMPLETED_IRP.
void complete_request(IRP* irp, CHAR boost, ULONG_PTR caller);
// IoMarkIrpPending (a macro on Windows; here for views and inline-less callers).
inline void mark_pending(IRP* irp) { current_location(irp)->Control |= SL_PENDING_RETURNED; }

// IoForwardIrpSynchronously: a copy of the current location goes down and the caller waits; the IRP is the
// caller's again. False: there is no location left for it. PASSIVE_LEVEL (APC_LEVEL when the lower driver
// does not need special kernel APCs).
bool forward_synchronously(DEVICE_OBJECT* device, IRP* irp);
NTSTATUS forward_completion(IRP* irp, PVOID event); // body of nt!IopForwardCompletion
// IoGetRequestorProcess; null: of no thread.
EPROCESS* requestor_process(const IRP* irp);
// IoIsOperationSynchronous.
bool is_operation_synchronous(const IRP* irp);

// IoSetCompletionRoutineEx, and the body of nt!IopUnloadSafeCompletion. STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS set_safe_completion(DEVICE_OBJECT* device, IRP* irp, PIO_COMPLETION_ROUTINE routine, PVOID context,
                             UCHAR control);
NTSTATUS run_safe_completion(DEVICE_OBJECT* device, IRP* irp, PVOID context);

// IoCancelIrp: true if a cancel routine was called. IoAcquireCancelSpinLock and back.
bool cancel_irp(IRP* irp);
KIRQL acquire_cancel_lock();
void release_cancel_lock(KIRQL irql);
bool owns_cancel_lock(ULONG processor);

// Puts an IRP in the current thread's list (IoBuildSynchronous…, the services) and takes it out.
void queue_to_thread(IRP* irp);
void dequeue_from_thread(IRP* irp);
// A thread ends: cancels what it has and waits for it. What does not end in time is reported and goes on
// without it.
void cancel_thread_io();
// For the report of a hang: every request that a thread or a file with a completion port has started and
// whose dispatch routine has returned; what one is and who has it; the dispatch routine that has it (one byte
// behind its start, or 0).
std::vector<const IRP*> pending_requests();
std::string describe_request(const IRP* irp);
ULONG_PTR holder_of(const IRP* irp);

struct LookasideUse {
    ULONG allocated, hits;
};
LookasideUse irp_lookaside_use();

} // namespace nt::io
