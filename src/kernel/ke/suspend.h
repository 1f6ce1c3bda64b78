// Suspending threads: NtSuspendThread, NtResumeThread. A suspended thread stops where it takes kernel APCs:
// at once if it runs below APC_LEVEL outside critical regions, else when it leaves them. Page:
// nf-processthreadsapi-suspendthread.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

inline constexpr CHAR most_suspends = 127; // MAXIMUM_SUSPEND_COUNT

// STATUS_SUSPEND_COUNT_EXCEEDED, STATUS_THREAD_IS_TERMINATING. `previous`: the count before.
NTSTATUS suspend_thread(Thread& thread, ULONG& previous);
// Gives the count before; 1 means that it goes on.
ULONG resume_thread(Thread& thread);
// A thread that is to end goes on whatever its count.
void resume_for_good(Thread& thread);

} // namespace nt::ke
