// APCs: drivers declare these functions themselves, no page documents them. assumed: what ntifs.h's
// declarations and the kernel guide's "Types of APCs", "Waits and APCs" say together with the names.
#include "kernel/exports/gate.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/thread.h"

using namespace nt;

extern "C" void KeInitializeApc(KAPC* apc, KTHREAD* thread, KAPC_ENVIRONMENT environment,
                                PKKERNEL_ROUTINE kernel_routine, PKRUNDOWN_ROUTINE rundown,
                                PKNORMAL_ROUTINE normal_routine, KPROCESSOR_MODE mode, PVOID context) {
    ke::initialize_apc(*apc, ke::as_thread(thread), environment, kernel_routine, rundown, normal_routine,
                       mode, context);
}
GATE(KeInitializeApc);

extern "C" BOOLEAN KeInsertQueueApc(KAPC* apc, PVOID argument1, PVOID argument2, KPRIORITY increment) {
    return ke::queue_apc(*apc, argument1, argument2, increment);
}
GATE(KeInsertQueueApc);

extern "C" BOOLEAN KeRemoveQueueApc(KAPC* apc) { return ke::remove_apc(*apc); }
GATE(KeRemoveQueueApc);

// TRUE: the thread was alerted in that mode. User APCs of the caller become pending when asked in user mode.
extern "C" BOOLEAN KeTestAlertThread(KPROCESSOR_MODE mode) { return ke::test_alert(mode); }
GATE(KeTestAlertThread);

extern "C" BOOLEAN KeAlertThread(KTHREAD* thread, KPROCESSOR_MODE mode) {
    return ke::alert_thread(ke::as_thread(thread), mode);
}
GATE(KeAlertThread);
