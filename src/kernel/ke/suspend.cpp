#include "kernel/ke/suspend.h"
#include "abi/status.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/wait.h"

namespace nt::ke {

// Runs in the thread: it waits here for as long as it is suspended.
static void wait_while_suspended(KAPC&) {
    Thread& self = current_thread();
    const KIRQL level = current_irql();
    lower_irql(PASSIVE_LEVEL);
    while (self.Tcb.SuspendCount > 0 && !self.exiting)
        wait_for_single_object(&self.Tcb.SuspendEvent, Suspended, KernelMode, false, nullptr);
    raise_irql(level);
}

NTSTATUS suspend_thread(Thread& thread, ULONG& previous) {
    if (thread.exiting || state_of(thread) == ThreadState::terminated) return STATUS_THREAD_IS_TERMINATING;
    previous = static_cast<ULONG>(thread.Tcb.SuspendCount);
    if (thread.Tcb.SuspendCount == most_suspends) return STATUS_SUSPEND_COUNT_EXCEEDED;
    if (thread.Tcb.SuspendCount++ > 0 || state_of(thread) == ThreadState::initialized) return STATUS_SUCCESS;
    if (thread.suspend_apc.Inserted) return STATUS_SUCCESS; // resumed before it came to stop, and now again
    reset_event(thread.Tcb.SuspendEvent);
    initialize_kernel_apc(thread.suspend_apc, thread, wait_while_suspended, nullptr, nullptr);
    queue_kernel_apc(thread.suspend_apc);
    return STATUS_SUCCESS;
}

ULONG resume_thread(Thread& thread) {
    const ULONG previous = static_cast<ULONG>(thread.Tcb.SuspendCount);
    if (previous && --thread.Tcb.SuspendCount == 0) set_event(thread.Tcb.SuspendEvent);
    return previous;
}

void resume_for_good(Thread& thread) {
    if (!thread.Tcb.SuspendCount) return;
    thread.Tcb.SuspendCount = 0;
    set_event(thread.Tcb.SuspendEvent);
}

} // namespace nt::ke
