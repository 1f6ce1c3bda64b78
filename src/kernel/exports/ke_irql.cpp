// IRQL, spin locks, regions: nf-wdm-keraiseirql, nf-wdm-keacquirespinlock, nf-ntddk-keentercriticalregion …
// A spin lock is its word, so that a driver can see it held (ke/spin.h).
#include "abi/bugcheck.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/regions.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/lock_order.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/thread.h"

using namespace nt;

// assumed: the parameters of IRQL_NOT_GREATER_OR_EQUAL and IRQL_NOT_LESS_OR_EQUAL as the bug check reference
// lists them.
static KIRQL raise(KIRQL level) {
    if (level < ke::current_irql()) ke::bug_check(IRQL_NOT_GREATER_OR_EQUAL, ke::current_irql(), level);
    return ke::raise_irql(level);
}

extern "C" KIRQL KeGetCurrentIrql() { return ke::current_irql(); }
GATE(KeGetCurrentIrql);

extern "C" KIRQL KfRaiseIrql(KIRQL level) { return raise(level); }
GATE(KfRaiseIrql);

extern "C" KIRQL KeRaiseIrqlToDpcLevel() { return raise(DISPATCH_LEVEL); }
GATE(KeRaiseIrqlToDpcLevel);

extern "C" void KeLowerIrql(KIRQL level) {
    if (level > ke::current_irql()) ke::bug_check(IRQL_NOT_LESS_OR_EQUAL, ke::current_irql(), level);
    ke::check_lowering(level);
    ke::lower_irql(level);
}
GATE(KeLowerIrql);

extern "C" void KfLowerIrql(KIRQL level) { KeLowerIrql(level); }
GATE(KfLowerIrql);

extern "C" void KeInitializeSpinLock(KSPIN_LOCK* lock) {
    ke::forget_lock_order(lock);
    *lock = 0;
}
GATE(KeInitializeSpinLock);

extern "C" KIRQL KeAcquireSpinLockRaiseToDpc(KSPIN_LOCK* lock) {
    const KIRQL old = raise(DISPATCH_LEVEL);
    ke::acquire_spin_lock(*lock, old);
    return old;
}
GATE(KeAcquireSpinLockRaiseToDpc);

extern "C" void KeAcquireSpinLockAtDpcLevel(KSPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    ke::acquire_spin_lock(*lock, ke::unchecked_irql);
}
GATE(KeAcquireSpinLockAtDpcLevel);

extern "C" BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(KSPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    return ke::try_acquire_spin_lock(*lock);
}
GATE(KeTryToAcquireSpinLockAtDpcLevel);

extern "C" void KeReleaseSpinLockFromDpcLevel(KSPIN_LOCK* lock) { ke::release_spin_lock(*lock); }
GATE(KeReleaseSpinLockFromDpcLevel);

extern "C" void KeReleaseSpinLock(KSPIN_LOCK* lock, KIRQL level) {
    ke::check_spin_release(lock, ke::LockKind::spin, level);
    ke::release_spin_lock(*lock);
    ke::check_lowering(level);
    ke::lower_irql(level);
}
GATE(KeReleaseSpinLock);

extern "C" BOOLEAN KeTestSpinLock(KSPIN_LOCK* lock) { return *lock == 0; }
GATE(KeTestSpinLock);

extern "C" void KeEnterCriticalRegion() { exports::enter_critical_region(); }
GATE(KeEnterCriticalRegion);

extern "C" void KeLeaveCriticalRegion() { exports::leave_critical_region(); }
GATE(KeLeaveCriticalRegion);

extern "C" void KeEnterGuardedRegion() { exports::enter_guarded_region(); }
GATE(KeEnterGuardedRegion);

extern "C" void KeLeaveGuardedRegion() { exports::leave_guarded_region(); }
GATE(KeLeaveGuardedRegion);

extern "C" BOOLEAN KeAreApcsDisabled() {
    ke::Thread& self = ke::current_thread();
    return self.Tcb.KernelApcDisable != 0 || self.Tcb.SpecialApcDisable != 0 ||
           ke::current_irql() >= APC_LEVEL;
}
GATE(KeAreApcsDisabled);

extern "C" BOOLEAN KeAreAllApcsDisabled() {
    return ke::current_thread().Tcb.SpecialApcDisable != 0 || ke::current_irql() >= APC_LEVEL;
}
GATE(KeAreAllApcsDisabled);
