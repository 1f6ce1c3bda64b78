// The system work queue: what ExQueueWorkItem and IoQueueWorkItem feed and system worker threads empty.
//
// An item is the driver's WORK_QUEUE_ITEM, linked while it is queued; its priority (0 to 31) follows from the
// queue type as WORK_QUEUE_TYPE documents. Workers take the item of highest priority and run its routine at
// PASSIVE_LEVEL in the System process, at that priority. Their number follows the need: a manager thread
// makes one when items wait and every busy worker is blocked or has a lower priority, so an item that waits
// for another one's work does not hold it up for ever.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/system-worker-threads
#pragma once
#include "abi/misc.h"

namespace nt::ke {
struct Thread;
}

namespace nt::ex {

// Makes a system thread that runs host code; threads belong to ps, which stands above.
using SpawnThread = NTSTATUS (*)(void (*routine)(PVOID), PVOID argument, KPRIORITY priority);
NTSTATUS start_work_queues(SpawnThread spawn);

// Up to DISPATCH_LEVEL. WORKER_INVALID when the item is queued already (1), the type is none (6) or the
// routine is no kernel address (7).
void queue_work_item(WORK_QUEUE_ITEM& item, ULONG type);
// An item is queued from queue_work_item() until just before its routine runs.
inline bool is_queued(const WORK_QUEUE_ITEM& item) { return item.List.Flink != nullptr; }

// Memory is being released: WORKER_INVALID (0) when a queued item lies in it.
void check_released_block(ULONG_PTR address);
// The worker routine in this range that is queued or runs now; 0 if there is none.
ULONG_PTR work_in(ULONG_PTR base, ULONG_PTR size);
// A worker thread may not end inside an item.
bool is_worker(const ke::Thread& thread);

} // namespace nt::ex
