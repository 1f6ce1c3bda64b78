// The parts of a wait: shared by waits on objects and queues, timeouts and APCs.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke::detail {

// Where a wait with this timeout ends, in interrupt time; ~0: never. Relative ones count from the last tick.
ULONGLONG due_time(const LARGE_INTEGER* timeout);
// The wait may not begin: an alert, a user APC, the thread's end. An alert is consumed.
bool wait_is_alerted(Thread& self, KPROCESSOR_MODE mode, bool alertable, NTSTATUS& result);
// Waits; the wait blocks are queued. Returns when somebody has called unwait().
void block(Thread& self, KWAIT_REASON reason, KPROCESSOR_MODE mode, bool alertable, ULONGLONG due);

// Takes the waiting thread off its wait lists and timeout and makes it ready with this result.
void unwait(Thread& thread, NTSTATUS result, KPRIORITY increment = 0);
// The object is signalled for this thread (a mutant: also when it owns it).
bool is_signalled(const DISPATCHER_HEADER& header, const Thread& thread);
// The thread's wait is satisfied by the object: consumes the signal. STATUS_ABANDONED when a mutant was
// abandoned.
NTSTATUS satisfy(DISPATCHER_HEADER& header, Thread& thread);

} // namespace nt::ke::detail
