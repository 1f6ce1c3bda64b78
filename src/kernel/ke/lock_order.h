// In which order locks are acquired. As Driver Verifier's Deadlock Detection, for spin locks, mutexes and
// fast mutexes: a graph with an edge from each lock that is held to the one that is asked for; a circle is a
// report where it closes, before any deadlock and whether or not one can come of it, with the places of its
// other edges.
//   https://learn.microsoft.com/windows-hardware/drivers/devtest/deadlock-detection
//
// Who holds nothing pays a test of a count; an edge that is known is found in a small table. Who only tries
// cannot deadlock, so that makes no edge, but what he gets is held. Spin locks are ordered among the
// processor's, the others among the thread's: no one waits for a thread's lock with a spin lock held.
// A lock is forgotten when it is initialized again and when its memory is freed; those on a kernel stack,
// whose end nobody tells, are not looked at.
#pragma once
#include "base/list.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

namespace detail {
void note_spin_order(const void* lock, LockKind kind);
void note_thread_order(const void* lock, LockKind kind);
extern bool any_order;
void forget_order(const void* lock);
} // namespace detail

// Before the lock is acquired, by who will wait for it for ever.
inline void check_spin_order(const void* lock, LockKind kind) {
    if (processor_locks().count()) [[unlikely]]
        detail::note_spin_order(lock, kind);
}
inline void check_thread_order(const void* lock, LockKind kind) {
    if (current_thread().locks.count() || !list::empty(current_thread().Tcb.MutantListHead)) [[unlikely]]
        detail::note_thread_order(lock, kind);
}
// It is initialized, and has nothing to do with what was there.
inline void forget_lock_order(const void* lock) {
    if (detail::any_order) [[unlikely]]
        detail::forget_order(lock);
}

// Forgets, too, what lies in memory that is freed.
void initialize_lock_order();

} // namespace nt::ke
