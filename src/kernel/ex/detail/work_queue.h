// The lists of queued items, shared by who queues and who runs.
#pragma once
#include "abi/misc.h"

namespace nt::ex::detail {

inline constexpr int work_priorities = 32;

// In guest memory: queued items point at the heads.
struct WorkQueue {
    LIST_ENTRY lists[work_priorities];
    ULONG summary; // bit n: list n is not empty
    ULONG count;
};
extern WorkQueue* work_queue;

int highest_priority(); // of the items that wait; -1: none
// The next item, no longer queued. There is one.
WORK_QUEUE_ITEM& take_item(KPRIORITY& priority);
// Something was queued: wakes a worker or the manager.
void wake_worker(KPRIORITY priority);
// Calls visit(routine) for what runs now.
void for_each_running(void (*visit)(void* context, ULONG_PTR routine), void* context);
NTSTATUS start_workers(NTSTATUS (*spawn)(void (*)(PVOID), PVOID, KPRIORITY));

} // namespace nt::ex::detail
