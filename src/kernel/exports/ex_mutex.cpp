// Fast and guarded mutexes: wdm pages nf-wdm-exacquirefastmutex, nf-wdm-keacquireguardedmutex …
#include "kernel/ex/fast_mutex.h"
#include "kernel/ex/lock_checks.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/regions.h"

using namespace nt;
using ke::LockKind;

extern "C" void ExInitializeFastMutex(FAST_MUTEX* m) { ex::initialize_fast_mutex(*m); }
GATE(ExInitializeFastMutex);

extern "C" void ExAcquireFastMutex(FAST_MUTEX* m) {
    const KIRQL old = ke::raise_irql(APC_LEVEL);
    ex::acquire_fast_mutex(*m, LockKind::fast_mutex, old);
    m->OldIrql = old;
}
GATE(ExAcquireFastMutex);

extern "C" BOOLEAN ExTryToAcquireFastMutex(FAST_MUTEX* m) {
    const KIRQL old = ke::raise_irql(APC_LEVEL);
    if (ex::try_acquire_fast_mutex(*m, LockKind::fast_mutex, old)) {
        m->OldIrql = old;
        return 1;
    }
    ke::lower_irql(old);
    return 0;
}
GATE(ExTryToAcquireFastMutex);

extern "C" void ExReleaseFastMutex(FAST_MUTEX* m) {
    const auto old = static_cast<KIRQL>(m->OldIrql);
    ex::check_fast_mutex_release(*m);
    ex::release_fast_mutex(*m, LockKind::fast_mutex);
    ke::lower_irql(old);
}
GATE(ExReleaseFastMutex);

extern "C" void ExAcquireFastMutexUnsafe(FAST_MUTEX* m) {
    ex::check_unsafe_use(*m, ex::Use::acquire);
    ex::acquire_fast_mutex(*m, LockKind::fast_mutex_unsafe, ke::current_irql());
}
GATE(ExAcquireFastMutexUnsafe);

extern "C" void ExReleaseFastMutexUnsafe(FAST_MUTEX* m) {
    ex::check_unsafe_use(*m, ex::Use::release);
    ex::release_fast_mutex(*m, LockKind::fast_mutex_unsafe);
}
GATE(ExReleaseFastMutexUnsafe);

extern "C" void KeInitializeGuardedMutex(KGUARDED_MUTEX* m) {
    ex::initialize_fast_mutex(ex::as_fast_mutex(*m));
}
GATE(KeInitializeGuardedMutex);

extern "C" void KeAcquireGuardedMutex(KGUARDED_MUTEX* m) {
    exports::enter_guarded_region();
    ex::acquire_fast_mutex(ex::as_fast_mutex(*m), LockKind::guarded_mutex, ke::current_irql());
}
GATE(KeAcquireGuardedMutex);

extern "C" BOOLEAN KeTryToAcquireGuardedMutex(KGUARDED_MUTEX* m) {
    exports::enter_guarded_region();
    if (ex::try_acquire_fast_mutex(ex::as_fast_mutex(*m), LockKind::guarded_mutex, ke::current_irql()))
        return 1;
    exports::leave_guarded_region();
    return 0;
}
GATE(KeTryToAcquireGuardedMutex);

extern "C" void KeReleaseGuardedMutex(KGUARDED_MUTEX* m) {
    ex::release_fast_mutex(ex::as_fast_mutex(*m), LockKind::guarded_mutex);
    exports::leave_guarded_region();
}
GATE(KeReleaseGuardedMutex);

extern "C" void KeAcquireGuardedMutexUnsafe(KGUARDED_MUTEX* m) {
    ex::check_unsafe_use(ex::as_fast_mutex(*m), ex::Use::acquire);
    ex::acquire_fast_mutex(ex::as_fast_mutex(*m), LockKind::guarded_mutex_unsafe, ke::current_irql());
}
GATE(KeAcquireGuardedMutexUnsafe);

extern "C" void KeReleaseGuardedMutexUnsafe(KGUARDED_MUTEX* m) {
    ex::check_unsafe_use(ex::as_fast_mutex(*m), ex::Use::release);
    ex::release_fast_mutex(ex::as_fast_mutex(*m), LockKind::guarded_mutex_unsafe);
}
GATE(KeReleaseGuardedMutexUnsafe);
