// The last part of a request: giving the result to whoever made it. In the requesting thread, at APC_LEVEL or
// below.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

// Copies the buffer back, writes the caller's status block, signals events, takes the IRP from its thread's
// list and frees it. `status` and the IRP's Information are what the caller gets.
void finish(IRP* irp);
// For services whose call_driver() did not return STATUS_PENDING: the deferred half of completion.
void finish_deferred(IRP* irp);
// Queues finish() to the requesting thread.
void finish_in_thread(IRP* irp);
// Unlocks and frees every MDL of the IRP.
void unlock_mdls(IRP* irp);
void free_mdls(IRP* irp);

// Requests that the kernel itself makes and waits for on the file object: sent with IRP_CLOSE_OPERATION set.
// Frees the IRP.
NTSTATUS send_and_wait(DEVICE_OBJECT* device, IRP* irp, FILE_OBJECT* file);

} // namespace nt::io::detail
