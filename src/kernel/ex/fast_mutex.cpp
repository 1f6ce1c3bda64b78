#include "kernel/ex/fast_mutex.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/lock_order.h"

namespace nt::ex {

using ke::LockKind;

static bool take(FAST_MUTEX& mutex, LockKind kind, KIRQL irql) {
    if (!(mutex.Count & FM_LOCK_BIT)) return false;
    mutex.Count &= ~FM_LOCK_BIT;
    mutex.Owner = &ke::current_thread();
    detail::note_acquired(&mutex, kind, irql);
    return true;
}

void initialize_fast_mutex(FAST_MUTEX& mutex) {
    ke::forget_lock_order(&mutex);
    mutex.Count = FM_LOCK_BIT;
    mutex.Owner = nullptr;
    mutex.Contention = 0;
    mutex.OldIrql = 0;
    ke::initialize_event(mutex.Event, SynchronizationEvent, false);
}

void acquire_fast_mutex(FAST_MUTEX& mutex, LockKind kind, KIRQL irql) {
    ke::check_thread_order(&mutex, kind);
    if (take(mutex, kind, irql)) [[likely]]
        return;
    detail::check_not_held(&mutex, kind);
    mutex.Contention++;
    do {
        mutex.Count += FM_LOCK_WAITER_INC;
        const bool guarded = kind == LockKind::guarded_mutex || kind == LockKind::guarded_mutex_unsafe;
        ke::wait_for_lock(&mutex, kind, &mutex.Event, guarded ? WrGuardedMutex : WrFastMutex);
        mutex.Count &= ~FM_LOCK_WAITER_WOKEN;
    } while (!take(mutex, kind, irql));
}

bool try_acquire_fast_mutex(FAST_MUTEX& mutex, LockKind kind, KIRQL irql) { return take(mutex, kind, irql); }

// assumed: a release by another thread than the owner works, and one of a free mutex does nothing.
void release_fast_mutex(FAST_MUTEX& mutex, LockKind kind) {
    if (!detail::note_released(&mutex, kind) && (mutex.Count & FM_LOCK_BIT)) return;
    mutex.Owner = nullptr;
    mutex.Count |= FM_LOCK_BIT;
    if (mutex.Count >= FM_LOCK_WAITER_INC && !(mutex.Count & FM_LOCK_WAITER_WOKEN)) {
        mutex.Count += FM_LOCK_WAITER_WOKEN - FM_LOCK_WAITER_INC;
        ke::set_event(mutex.Event);
    }
}

} // namespace nt::ex
