// Spin locks and other waits of a processor as a whole. While one processor spins, others run; nothing of it
// costs host time. A spin lock's word holds the owner thread's address with bit 0 set while it is held, as
// drivers may see on Windows.
#pragma once
#include "abi/types.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

struct SpinWait;
void spin(SpinWait& wait);
[[noreturn]] void report_spin_deadlock();
void spin_for(bool (*ready)(void*), void* context, const void* what);

// What a processor spins for, null: it does not. For reports.
const void* spin_target_of(ULONG processor);

// Returns when ready() holds. Any IRQL; interrupts above it are taken meanwhile. When no other processor can
// go on and nothing is due, or for ten seconds, the machine stops with a report that names `what`.
template <class F> void spin_until(F ready, const void* what) {
    if (ready()) [[likely]]
        return;
    spin_for([](void* f) { return (*static_cast<F*>(f))(); }, &ready, what);
}

// Bug check SPIN_LOCK_ALREADY_OWNED when the running thread holds it, or when there is one processor only:
// that would spin for ever.
[[noreturn]] void spin_lock_already_owned(KSPIN_LOCK& lock);
[[noreturn]] void spin_lock_not_owned(KSPIN_LOCK& lock);

// The caller has raised the IRQL.
inline void acquire_spin(KSPIN_LOCK& lock) {
    const ULONG_PTR owner = reinterpret_cast<ULONG_PTR>(&current_thread()) | 1;
    if (lock) [[unlikely]] {
        if (lock == owner || processor_count() == 1) spin_lock_already_owned(lock);
        spin_until([&lock] { return lock == 0; }, &lock);
    }
    lock = owner;
}
inline bool try_acquire_spin(KSPIN_LOCK& lock) {
    if (lock) return false;
    lock = reinterpret_cast<ULONG_PTR>(&current_thread()) | 1;
    return true;
}
inline void release_spin(KSPIN_LOCK& lock) {
    if (!lock) [[unlikely]]
        spin_lock_not_owned(lock);
    lock = 0;
}

} // namespace nt::ke
