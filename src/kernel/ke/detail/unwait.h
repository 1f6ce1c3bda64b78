// Ending a wait from outside: shared by dispatcher objects, timeouts and APCs.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke::detail {

// Takes the waiting thread off its wait lists and timeout and makes it ready with this result.
void unwait(Thread& thread, NTSTATUS result, KPRIORITY increment = 0);
// The object is signalled for this thread (a mutant: also when it owns it).
bool is_signalled(const DISPATCHER_HEADER& header, const Thread& thread);
// The thread's wait is satisfied by the object: consumes the signal. STATUS_ABANDONED when a mutant was
// abandoned.
NTSTATUS satisfy(DISPATCHER_HEADER& header, Thread& thread);

} // namespace nt::ke::detail
