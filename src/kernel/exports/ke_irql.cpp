// IRQL, spin locks, regions: nf-wdm-keraiseirql, nf-wdm-keacquirespinlock, nf-ntddk-keentercriticalregion …
// One virtual processor: a spin lock is its word, so that a driver can see it held.
#include "abi/bugcheck.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
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
    ke::lower_irql(level);
}
GATE(KeLowerIrql);

extern "C" void KfLowerIrql(KIRQL level) { KeLowerIrql(level); }
GATE(KfLowerIrql);

static void acquire(KSPIN_LOCK* lock) {
    // The only processor holds it already: on Windows this spins for ever.
    if (*lock) ke::bug_check(SPIN_LOCK_ALREADY_OWNED, reinterpret_cast<ULONG_PTR>(lock));
    *lock = reinterpret_cast<ULONG_PTR>(&ke::current_thread()) | 1;
}

static void release(KSPIN_LOCK* lock) {
    if (!*lock) ke::bug_check(SPIN_LOCK_NOT_OWNED, reinterpret_cast<ULONG_PTR>(lock));
    *lock = 0;
}

extern "C" void KeInitializeSpinLock(KSPIN_LOCK* lock) { *lock = 0; }
GATE(KeInitializeSpinLock);

extern "C" KIRQL KeAcquireSpinLockRaiseToDpc(KSPIN_LOCK* lock) {
    const KIRQL old = raise(DISPATCH_LEVEL);
    acquire(lock);
    return old;
}
GATE(KeAcquireSpinLockRaiseToDpc);

extern "C" void KeAcquireSpinLockAtDpcLevel(KSPIN_LOCK* lock) { acquire(lock); }
GATE(KeAcquireSpinLockAtDpcLevel);

extern "C" void KeReleaseSpinLockFromDpcLevel(KSPIN_LOCK* lock) { release(lock); }
GATE(KeReleaseSpinLockFromDpcLevel);

extern "C" void KeReleaseSpinLock(KSPIN_LOCK* lock, KIRQL level) {
    release(lock);
    ke::lower_irql(level);
}
GATE(KeReleaseSpinLock);

extern "C" BOOLEAN KeTestSpinLock(KSPIN_LOCK* lock) { return *lock == 0; }
GATE(KeTestSpinLock);

extern "C" void KeEnterCriticalRegion() { ke::current_thread().Tcb.KernelApcDisable--; }
GATE(KeEnterCriticalRegion);

extern "C" void KeLeaveCriticalRegion() {
    ke::Thread& self = ke::current_thread();
    if (++self.Tcb.KernelApcDisable == 0 && ke::current_irql() < APC_LEVEL) ke::deliver_kernel_apcs();
}
GATE(KeLeaveCriticalRegion);

extern "C" void KeEnterGuardedRegion() { ke::current_thread().Tcb.SpecialApcDisable--; }
GATE(KeEnterGuardedRegion);

extern "C" void KeLeaveGuardedRegion() {
    ke::Thread& self = ke::current_thread();
    if (++self.Tcb.SpecialApcDisable == 0 && ke::current_irql() < APC_LEVEL) ke::deliver_kernel_apcs();
}
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
