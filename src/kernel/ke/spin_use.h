// Spin locks as drivers use them: ke/spin.h with the account of which processor holds what, and its rules.
// A processor that takes a lock which it has would spin for ever: bug check SPIN_LOCK_ALREADY_OWNED, with a
// report of where it got it.
#pragma once
#include "kernel/ke/held_locks.h"

namespace nt::ke {

// `irql`: before the acquisition; the caller has raised it. unchecked_irql: by a function for DISPATCH_LEVEL,
// whose caller may have raised it himself and lower it by KeReleaseSpinLock.
inline constexpr KIRQL unchecked_irql = 0xff;
void acquire_spin_lock(KSPIN_LOCK& lock, KIRQL irql);
bool try_acquire_spin_lock(KSPIN_LOCK& lock);
void release_spin_lock(KSPIN_LOCK& lock);

// In-stack queued spin locks: kernel page "Queued Spin Locks". The lock's word is the address of the last
// handle in the queue, each handle's Next the one that comes after it, and the low bits of LockQueue.Lock say
// whether it waits or owns.
inline constexpr ULONG_PTR LOCK_QUEUE_WAIT = 1;
inline constexpr ULONG_PTR LOCK_QUEUE_OWNER = 2;
void acquire_queued_spin_lock(KSPIN_LOCK& lock, KLOCK_QUEUE_HANDLE& handle, KIRQL irql);
// Leaves the IRQL alone.
void release_queued_spin_lock(KLOCK_QUEUE_HANDLE& handle);

// Reader/writer spin locks: kernel page "Reader/Writer Spin Locks". Bit 31 is the writer's, who sets it when
// it comes and then waits for the readers, whom the other bits count.
using EX_SPIN_LOCK = LONG;
inline constexpr ULONG EX_SPIN_LOCK_EXCLUSIVE = 0x80000000;
void acquire_spin_shared(EX_SPIN_LOCK& lock, KIRQL irql);
void acquire_spin_exclusive(EX_SPIN_LOCK& lock, KIRQL irql);
bool try_acquire_spin_shared(EX_SPIN_LOCK& lock);
bool try_acquire_spin_exclusive(EX_SPIN_LOCK& lock);
void release_spin_shared(EX_SPIN_LOCK& lock);
void release_spin_exclusive(EX_SPIN_LOCK& lock);
bool try_convert_spin_to_exclusive(EX_SPIN_LOCK& lock);

// Rules of the functions; the run goes on.
void check_at_dispatch(const void* lock);                                  // …AtDpcLevel
void check_spin_release(const void* lock, LockKind kind, KIRQL new_level); // KeReleaseSpinLock and its kin
// "a thread that is holding a spin lock must maintain an IRQL greater than or equal to that of the spin lock"
void check_lowering(KIRQL new_level);
// A wait at DISPATCH_LEVEL: which spin locks it would keep. The bug check follows.
void report_wait_at_dispatch(const void* object);

} // namespace nt::ke
