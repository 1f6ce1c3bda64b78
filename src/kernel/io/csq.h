// Cancel-safe queues (IO_CSQ): the driver keeps the queue and its lock, this keeps cancellation out of its
// way. An IRP in a queue has our cancel routine (nt!IopCsqCancelRoutine) and, in DriverContext[3], its
// context or the queue. Up to DISPATCH_LEVEL.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues
#pragma once
#include "abi/misc.h"

namespace nt::io {

// The queue takes the IRP and it is marked pending, or, with IoCsqInitializeEx, the queue answers why not.
// One that has been cancelled is completed instead.
NTSTATUS csq_insert(IO_CSQ* csq, IRP* irp, IO_CSQ_IRP_CONTEXT* context, PVOID insert_context);
// Null: it has been cancelled.
IRP* csq_remove(IO_CSQ* csq, IO_CSQ_IRP_CONTEXT* context);
// Null: none that matches.
IRP* csq_remove_next(IO_CSQ* csq, PVOID peek_context);
void csq_cancel(IRP* irp); // body of the cancel routine

} // namespace nt::io
