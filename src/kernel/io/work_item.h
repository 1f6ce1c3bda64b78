// IO_WORKITEM: a work item that holds a reference to a device or driver object from queueing until its
// routine has returned, so that neither the object nor the driver's image can go meanwhile.
#pragma once
#include "abi/misc.h"

namespace nt::io {

// IoInitializeWorkItem. WORKER_INVALID (3) when `object` is neither a device nor a driver.
void initialize_work_item(IO_WORKITEM* item, PVOID object);
IO_WORKITEM* allocate_work_item(PVOID object, ULONG_PTR caller); // null: no memory
// IoFreeWorkItem, IoUninitializeWorkItem: WORKER_INVALID (2) for a queued one.
void uninitialize_work_item(IO_WORKITEM* item);
void free_work_item(IO_WORKITEM* item);
// `extended`: the routine is an IO_WORKITEM_ROUTINE_EX.
void queue_work_item(IO_WORKITEM* item, PVOID routine, bool extended, ULONG queue, PVOID context);
// Body of nt!IopProcessWorkItem, the routine that the system's queue knows.
void process_work_item(IO_WORKITEM* item);

} // namespace nt::io
