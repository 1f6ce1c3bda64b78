// Fast and guarded mutexes: wdm pages nf-wdm-exacquirefastmutex, nf-wdm-keacquireguardedmutex. Since Windows
// 8 one layout.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"

using namespace nt;

namespace {

// Count is 1 when free, 0 when owned, below that with waiters; every waiter takes one.
void acquire(LONG& count, PVOID& owner, ULONG& contention, KEVENT& event) {
    if (--count < 0) {
        contention++;
        ke::wait_for_single_object(&event, WrFastMutex, KernelMode, false, nullptr);
    }
    owner = &ke::current_thread();
}

bool try_acquire(LONG& count, PVOID& owner) {
    if (count != 1) return false;
    count = 0;
    owner = &ke::current_thread();
    return true;
}

void release(LONG& count, PVOID& owner, KEVENT& event) {
    owner = nullptr;
    if (++count < 1) ke::set_event(event);
}

void initialize(FAST_MUTEX& m) {
    m = {};
    m.Count = 1;
    ke::initialize_event(m.Event, SynchronizationEvent, false);
}

} // namespace

extern "C" void ExInitializeFastMutex(FAST_MUTEX* m) { initialize(*m); }
GATE(ExInitializeFastMutex);

extern "C" void ExAcquireFastMutex(FAST_MUTEX* m) {
    const KIRQL old = ke::raise_irql(APC_LEVEL);
    acquire(m->Count, m->Owner, m->Contention, m->Event);
    m->OldIrql = old;
}
GATE(ExAcquireFastMutex);

extern "C" BOOLEAN ExTryToAcquireFastMutex(FAST_MUTEX* m) {
    const KIRQL old = ke::raise_irql(APC_LEVEL);
    if (try_acquire(m->Count, m->Owner)) {
        m->OldIrql = old;
        return 1;
    }
    ke::lower_irql(old);
    return 0;
}
GATE(ExTryToAcquireFastMutex);

extern "C" void ExReleaseFastMutex(FAST_MUTEX* m) {
    const auto old = static_cast<KIRQL>(m->OldIrql);
    release(m->Count, m->Owner, m->Event);
    ke::lower_irql(old);
}
GATE(ExReleaseFastMutex);

extern "C" void ExAcquireFastMutexUnsafe(FAST_MUTEX* m) {
    acquire(m->Count, m->Owner, m->Contention, m->Event);
}
GATE(ExAcquireFastMutexUnsafe);

extern "C" void ExReleaseFastMutexUnsafe(FAST_MUTEX* m) { release(m->Count, m->Owner, m->Event); }
GATE(ExReleaseFastMutexUnsafe);

extern "C" void KeInitializeGuardedMutex(KGUARDED_MUTEX* m) { initialize(reinterpret_cast<FAST_MUTEX&>(*m)); }
GATE(KeInitializeGuardedMutex);

extern "C" void KeAcquireGuardedMutex(KGUARDED_MUTEX* m) {
    ke::current_thread().Tcb.SpecialApcDisable--;
    acquire(m->Count, m->Owner, m->Contention, m->Event);
}
GATE(KeAcquireGuardedMutex);

extern "C" BOOLEAN KeTryToAcquireGuardedMutex(KGUARDED_MUTEX* m) {
    if (!try_acquire(m->Count, m->Owner)) return 0;
    ke::current_thread().Tcb.SpecialApcDisable--;
    return 1;
}
GATE(KeTryToAcquireGuardedMutex);

extern "C" void KeReleaseGuardedMutex(KGUARDED_MUTEX* m) {
    release(m->Count, m->Owner, m->Event);
    if (++ke::current_thread().Tcb.SpecialApcDisable == 0 && ke::current_irql() < APC_LEVEL)
        ke::deliver_kernel_apcs();
}
GATE(KeReleaseGuardedMutex);
