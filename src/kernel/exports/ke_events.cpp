// Events, semaphores, mutexes: ntddk/wdm pages nf-wdm-keinitializeevent … nf-wdm-kereleasemutex.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/verifier.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/lock_order.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

extern "C" void KeInitializeEvent(KEVENT* event, EVENT_TYPE type, BOOLEAN state) {
    // ExInitializeFastMutex is inline code of drivers: all that is seen of it is its event.
    ke::forget_lock_order(reinterpret_cast<const char*>(event) - offsetof(FAST_MUTEX, Event));
    ke::initialize_event(*event, type, state);
}
GATE(KeInitializeEvent);

// Wait: "the routine returns without lowering the IRQL", and the wait that must follow restores it.
static LONG before_wait(BOOLEAN wait, LONG result) {
    if (wait) ke::hold_until_wait();
    return result;
}

extern "C" LONG KeSetEvent(KEVENT* event, KPRIORITY increment, BOOLEAN wait) {
    if (io::verifying) [[unlikely]]
        io::check_set_event(event);
    return before_wait(wait, ke::set_event(*event, increment, wait));
}
GATE(KeSetEvent);

extern "C" LONG KePulseEvent(KEVENT* event, KPRIORITY increment, BOOLEAN wait) {
    return before_wait(wait, ke::pulse_event(*event, increment, wait));
}
GATE(KePulseEvent);

extern "C" LONG KeResetEvent(KEVENT* event) { return ke::reset_event(*event); }
GATE(KeResetEvent);

extern "C" void KeClearEvent(KEVENT* event) { ke::reset_event(*event); }
GATE(KeClearEvent);

extern "C" LONG KeReadStateEvent(KEVENT* event) { return event->Header.SignalState; }
GATE(KeReadStateEvent);

extern "C" void KeInitializeSemaphore(KSEMAPHORE* semaphore, LONG count, LONG limit) {
    ke::initialize_semaphore(*semaphore, count, limit);
}
GATE(KeInitializeSemaphore);

extern "C" LONG KeReleaseSemaphore(KSEMAPHORE* semaphore, KPRIORITY increment, LONG adjustment,
                                   BOOLEAN wait) {
    LONG previous;
    const NTSTATUS status = ke::release_semaphore(*semaphore, adjustment, previous, wait, increment);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    return before_wait(wait, previous);
}
GATE(KeReleaseSemaphore);

extern "C" LONG KeReadStateSemaphore(KSEMAPHORE* semaphore) { return semaphore->Header.SignalState; }
GATE(KeReadStateSemaphore);

extern "C" void KeInitializeMutex(KMUTANT* mutex, ULONG) {
    ke::forget_lock_order(mutex);
    ke::initialize_mutant(*mutex, false, 1);
}
GATE(KeInitializeMutex);

extern "C" LONG KeReleaseMutex(KMUTANT* mutex, BOOLEAN wait) {
    LONG previous;
    const NTSTATUS status = ke::release_mutant(*mutex, previous, wait);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    return before_wait(wait, previous);
}
GATE(KeReleaseMutex);

extern "C" LONG KeReadStateMutex(KMUTANT* mutex) { return mutex->Header.SignalState; }
GATE(KeReadStateMutex);

// Mutants are the mutexes of programs: holding one disables no APCs. The pages of these functions say only
// that they are the system's. assumed: what KeReleaseMutex does; `abandoned` gives it up for its owner, and
// the next to acquire it is told.
extern "C" void KeInitializeMutant(KMUTANT* mutant, BOOLEAN owner) {
    ke::initialize_mutant(*mutant, owner, 0);
}
GATE(KeInitializeMutant);

extern "C" LONG KeReleaseMutant(KMUTANT* mutant, KPRIORITY increment, BOOLEAN abandoned, BOOLEAN wait) {
    LONG previous = mutant->Header.SignalState;
    const NTSTATUS status = abandoned ? ke::abandon_mutant(*mutant, increment, wait)
                                      : ke::release_mutant(*mutant, previous, wait, increment);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    return before_wait(wait, previous);
}
GATE(KeReleaseMutant);

extern "C" LONG KeReadStateMutant(KMUTANT* mutant) { return mutant->Header.SignalState; }
GATE(KeReadStateMutant);
