// Waits: nf-wdm-kewaitforsingleobject, nf-wdm-kewaitformultipleobjects, nf-wdm-kedelayexecutionthread.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/lock_order.h"
#include "kernel/ke/wait.h"

using namespace nt;

// Of a mutex that the thread does not have and waits for as long as it takes.
static void check_order(const void* object) {
    const auto& mutex = *static_cast<const KMUTANT*>(object);
    if (mutex.Header.Type == MutantObject && mutex.OwnerThread != &ke::current_thread().Tcb)
        ke::check_thread_order(object, ke::LockKind::mutex);
}

extern "C" NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode,
                                          BOOLEAN alertable, const LARGE_INTEGER* timeout) {
    if (!timeout) check_order(object);
    return ke::wait_for_single_object(object, reason, mode, alertable, timeout);
}
GATE(KeWaitForSingleObject);

extern "C" NTSTATUS KeWaitForMutexObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode,
                                         BOOLEAN alertable, const LARGE_INTEGER* timeout) {
    if (!timeout) check_order(object);
    return ke::wait_for_single_object(object, reason, mode, alertable, timeout);
}
GATE(KeWaitForMutexObject);

// "A maximum of MAXIMUM_WAIT_OBJECTS objects can be specified … more than THREAD_WAIT_OBJECTS need
// WaitBlockArray": else bug check 0xC.
extern "C" NTSTATUS KeWaitForMultipleObjects(ULONG count, PVOID* objects, WAIT_TYPE type, KWAIT_REASON reason,
                                             KPROCESSOR_MODE mode, BOOLEAN alertable,
                                             const LARGE_INTEGER* timeout, KWAIT_BLOCK* blocks) {
    if (count > (blocks ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS))
        ke::bug_check(MAXIMUM_WAIT_OBJECTS_EXCEEDED);
    return ke::wait_for_multiple_objects(count, objects, type, reason, mode, alertable, timeout, blocks);
}
GATE(KeWaitForMultipleObjects);

extern "C" NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable,
                                           const LARGE_INTEGER* interval) {
    return ke::delay_execution(mode, alertable, *interval);
}
GATE(KeDelayExecutionThread);
