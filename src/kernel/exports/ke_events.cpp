// Events, semaphores, mutexes: ntddk/wdm pages nf-wdm-keinitializeevent … nf-wdm-kereleasemutex.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

extern "C" void KeInitializeEvent(KEVENT* event, EVENT_TYPE type, BOOLEAN state) {
    ke::initialize_event(*event, type, state);
}
GATE(KeInitializeEvent);

extern "C" LONG KeSetEvent(KEVENT* event, KPRIORITY increment, BOOLEAN wait) {
    return ke::set_event(*event, increment, wait);
}
GATE(KeSetEvent);

extern "C" LONG KePulseEvent(KEVENT* event, KPRIORITY increment, BOOLEAN) {
    return ke::pulse_event(*event, increment);
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

extern "C" LONG KeReleaseSemaphore(KSEMAPHORE* semaphore, KPRIORITY, LONG adjustment, BOOLEAN wait) {
    LONG previous;
    const NTSTATUS status = ke::release_semaphore(*semaphore, adjustment, previous, wait);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    return previous;
}
GATE(KeReleaseSemaphore);

extern "C" LONG KeReadStateSemaphore(KSEMAPHORE* semaphore) { return semaphore->Header.SignalState; }
GATE(KeReadStateSemaphore);

extern "C" void KeInitializeMutex(KMUTANT* mutex, ULONG) { ke::initialize_mutant(*mutex, false, 1); }
GATE(KeInitializeMutex);

extern "C" LONG KeReleaseMutex(KMUTANT* mutex, BOOLEAN wait) {
    LONG previous;
    const NTSTATUS status = ke::release_mutant(*mutex, previous, wait);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    return previous;
}
GATE(KeReleaseMutex);

extern "C" LONG KeReadStateMutex(KMUTANT* mutex) { return mutex->Header.SignalState; }
GATE(KeReadStateMutex);
