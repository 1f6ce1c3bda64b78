// Priorities of threads: nf-wdm-kesetprioritythread, nf-ntddk-kesetbaseprioritythread,
// nf-wdm-kequeryprioritythread.
#include "kernel/exports/gate.h"
#include "kernel/exports/priorities.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/scheduler.h"
#include <algorithm>

using namespace nt;

namespace nt::exports {

void set_base_increment(ke::Thread& thread, LONG increment) {
    thread.Tcb.Saturation = static_cast<CHAR>(increment >= saturating    ? 1
                                              : increment <= -saturating ? -1
                                                                         : 0);
    ke::set_base_priority(thread, base_with(thread, increment));
    ke::dispatch();
}

LONG base_increment(const ke::Thread& thread) {
    return thread.Tcb.Saturation ? thread.Tcb.Saturation * saturating
                                 : thread.Tcb.BasePriority - process_base(thread);
}

} // namespace nt::exports

// "The value LOW_PRIORITY is reserved for system use." assumed: priorities outside 1 to 31 are taken as the
// nearest inside.
extern "C" KPRIORITY KeSetPriorityThread(KTHREAD* thread, KPRIORITY priority) {
    const KPRIORITY old =
        ke::set_priority(ke::as_thread(thread), std::clamp<KPRIORITY>(priority, 1, ke::high_priority));
    ke::dispatch();
    return old;
}
GATE(KeSetPriorityThread);

extern "C" LONG KeSetBasePriorityThread(KTHREAD* tcb, LONG increment) {
    ke::Thread& thread = ke::as_thread(tcb);
    const LONG old = exports::base_increment(thread);
    exports::set_base_increment(thread, increment);
    return old;
}
GATE(KeSetBasePriorityThread);

extern "C" KPRIORITY KeQueryPriorityThread(KTHREAD* thread) { return thread->Priority; }
GATE(KeQueryPriorityThread);
