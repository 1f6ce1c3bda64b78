// Fast and guarded mutexes: kernel page "Fast Mutexes and Guarded Mutexes". Since Windows 8 both are one
// structure with one protocol, that of wdm.h's FM_* constants:
//
//   Count bit 0  FM_LOCK_BIT           set: free
//         bit 1  FM_LOCK_WAITER_WOKEN  a waiter has been woken and has not looked yet
//         rest   number of waiters, FM_LOCK_WAITER_INC each, without the woken one
//
// The mutex is not handed over: a woken thread tries again, and another may be faster.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/held_locks.h"

namespace nt::ex {

inline constexpr LONG FM_LOCK_BIT = 1;
inline constexpr LONG FM_LOCK_WAITER_WOKEN = 2;
inline constexpr LONG FM_LOCK_WAITER_INC = 4;

void initialize_fast_mutex(FAST_MUTEX& mutex);
// IRQL ≤ APC_LEVEL; the caller has disabled APCs as the kind says. `irql`: before that.
void acquire_fast_mutex(FAST_MUTEX& mutex, ke::LockKind kind, KIRQL irql);
bool try_acquire_fast_mutex(FAST_MUTEX& mutex, ke::LockKind kind, KIRQL irql);
void release_fast_mutex(FAST_MUTEX& mutex, ke::LockKind kind);

inline FAST_MUTEX& as_fast_mutex(KGUARDED_MUTEX& mutex) { return reinterpret_cast<FAST_MUTEX&>(mutex); }

} // namespace nt::ex
