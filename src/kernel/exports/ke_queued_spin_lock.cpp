// In-stack queued spin locks and those of threaded DPCs: wdm pages nf-wdm-keacquireinstackqueuedspinlock,
// nf-wdm-keacquirespinlockfordpc …
#include "kernel/exports/gate.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/spin_use.h"

using namespace nt;

// To `level`, unless the processor is there or higher.
static KIRQL raise_to(KIRQL level) {
    const KIRQL old = ke::current_irql();
    return old < level ? ke::raise_irql(level) : old;
}

extern "C" void KeAcquireInStackQueuedSpinLock(KSPIN_LOCK* lock, KLOCK_QUEUE_HANDLE* handle) {
    ke::acquire_queued_spin_lock(*lock, *handle, raise_to(DISPATCH_LEVEL));
}
GATE(KeAcquireInStackQueuedSpinLock);

extern "C" void KeAcquireInStackQueuedSpinLockRaiseToSynch(KSPIN_LOCK* lock, KLOCK_QUEUE_HANDLE* handle) {
    ke::acquire_queued_spin_lock(*lock, *handle, raise_to(SYNCH_LEVEL));
}
GATE(KeAcquireInStackQueuedSpinLockRaiseToSynch);

extern "C" void KeAcquireInStackQueuedSpinLockAtDpcLevel(KSPIN_LOCK* lock, KLOCK_QUEUE_HANDLE* handle) {
    ke::check_at_dispatch(lock);
    ke::acquire_queued_spin_lock(*lock, *handle, ke::current_irql());
}
GATE(KeAcquireInStackQueuedSpinLockAtDpcLevel);

// "If CustomThreadedDpc is executing at IRQL = PASSIVE_LEVEL, … raises the current IRQL to DISPATCH_LEVEL."
extern "C" void KeAcquireInStackQueuedSpinLockForDpc(KSPIN_LOCK* lock, KLOCK_QUEUE_HANDLE* handle) {
    ke::acquire_queued_spin_lock(*lock, *handle, raise_to(DISPATCH_LEVEL));
}
GATE(KeAcquireInStackQueuedSpinLockForDpc);

extern "C" void KeReleaseInStackQueuedSpinLock(KLOCK_QUEUE_HANDLE* handle) {
    const KIRQL old = handle->OldIrql;
    ke::release_queued_spin_lock(*handle);
    ke::check_lowering(old);
    ke::lower_irql(old);
}
GATE(KeReleaseInStackQueuedSpinLock);

extern "C" void KeReleaseInStackQueuedSpinLockFromDpcLevel(KLOCK_QUEUE_HANDLE* handle) {
    ke::release_queued_spin_lock(*handle);
}
GATE(KeReleaseInStackQueuedSpinLockFromDpcLevel);

extern "C" void KeReleaseInStackQueuedSpinLockForDpc(KLOCK_QUEUE_HANDLE* handle) {
    KeReleaseInStackQueuedSpinLock(handle);
}
GATE(KeReleaseInStackQueuedSpinLockForDpc);

extern "C" KIRQL KeAcquireSpinLockForDpc(KSPIN_LOCK* lock) {
    const KIRQL old = raise_to(DISPATCH_LEVEL);
    ke::acquire_spin_lock(*lock, old);
    return old;
}
GATE(KeAcquireSpinLockForDpc);

extern "C" void KeReleaseSpinLockForDpc(KSPIN_LOCK* lock, KIRQL old) {
    ke::release_spin_lock(*lock);
    ke::lower_irql(old);
}
GATE(KeReleaseSpinLockForDpc);

extern "C" KIRQL KeAcquireSpinLockRaiseToSynch(KSPIN_LOCK* lock) {
    const KIRQL old = raise_to(SYNCH_LEVEL);
    ke::acquire_spin_lock(*lock, old);
    return old;
}
GATE(KeAcquireSpinLockRaiseToSynch);
