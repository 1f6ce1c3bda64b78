// The last part of a request: giving the result to whoever made it. In the requesting thread, at APC_LEVEL or
// below.
#pragma once
#include "abi/irp.h"
#include "kernel/io/detail/calls.h"

namespace nt::io::detail {

// Copies the buffer back, writes the caller's status block, signals events, queues the APC or the completion
// packet that was asked for, takes the IRP from its list and frees it. IoStatus is what the caller gets.
void finish(IRP* irp);
// For services whose dispatch routine did not return STATUS_PENDING: the deferred half of completion, at the
// caller's level. Gives the service's result.
NTSTATUS finish_deferred(IRP* irp, const Returned& returned);
// Queues finish() to the requesting thread.
void finish_in_thread(IRP* irp, CHAR boost);

// Who a request belongs to stands in IRP.AllocationFlags beside Windows' bits.
// Thread-agnostic: on the list of its file, which has a completion port, and not cancelled when its thread
// ends. Overlay.AsynchronousParameters.IssuingProcess is valid and the thread referenced.
inline constexpr UCHAR irp_of_file = 0x40;
// The requestor has gone on without it: when it completes, nobody is told.
inline constexpr UCHAR irp_orphaned = 0x80;
// Puts a service's request on the list it belongs to.
void list_request(IRP* irp, FILE_OBJECT* file);
// The requestor stops waiting for a request that a driver still holds.
void orphan(IRP* irp);
// Releases Tail.Overlay.AuxiliaryBuffer, before the IRP's APC takes its place.
void free_auxiliary(IRP* irp);
// Unlocks and frees every MDL of the IRP.
void unlock_mdls(IRP* irp);
void free_mdls(IRP* irp);

// Requests that the kernel itself makes and waits for: sent with IRP_CLOSE_OPERATION set. Frees the IRP.
NTSTATUS send_and_wait(DEVICE_OBJECT* device, IRP* irp, KEVENT& event);

} // namespace nt::io::detail
