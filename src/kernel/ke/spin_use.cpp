#include "kernel/ke/spin_use.h"
#include "abi/bugcheck.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/lock_order.h"
#include "kernel/ke/report.h"
#include "kernel/ke/spin.h"

namespace nt::ke {

namespace {

constexpr ULONG_PTR release_not_at_dispatch = 0x32, wait_at_dispatch = 0x3B, acquire_below_dispatch = 0x40,
                    unexpected_thread = 0x1004, release_mismatch = 0x1009;
constexpr ULONG_PTR rule_irql_release = 0x00020015, rule_queued = 0x00040006, rule_spin = 0x00040009;

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

const char* rule_of(LockKind kind) { return kind == LockKind::queued_spin ? "QueuedSpinLock" : "SpinLock"; }
ULONG_PTR code_of(LockKind kind) { return kind == LockKind::queued_spin ? rule_queued : rule_spin; }

void note_acquired(const void* lock, LockKind kind, KIRQL irql) {
    processor_locks().add({number(lock), calling_address(), kind, irql});
}

// Somebody has the lock. The processor itself: it would spin for ever.
void check_recursion(const void* lock, LockKind kind) {
    const HeldLock* held = processor_locks().find(lock);
    if (!held) return;
    report_at(held->caller, rule_of(kind), verifier_stop(code_of(kind)),
              "the %s %p, acquired here, is acquired again by the same processor", lock_name(held->kind),
              lock);
    bug_check(SPIN_LOCK_ALREADY_OWNED, number(lock));
}

bool forget(HeldLocks& locks, const void* lock, LockKind kind) {
    HeldLock* held = locks.find(lock);
    if (!held) return false;
    if (held->kind != kind)
        NT_REPORT(rule_of(kind), verifier_stop(release_mismatch, number(lock)),
                  "releases the %s %p with the function for a %s", lock_name(held->kind), lock,
                  lock_name(kind));
    locks.remove(held);
    return true;
}

void note_released(const void* lock, LockKind kind) {
    if (forget(processor_locks(), lock, kind)) [[likely]]
        return;
    for (ULONG i = 0; i < processor_count(); i++)
        if (forget(processor_locks_of(i), lock, kind))
            return NT_REPORT(rule_of(kind), verifier_stop(unexpected_thread, number(lock)),
                             "releases the %s %p, which processor %u holds", lock_name(kind), lock, i);
}

} // namespace

void acquire_spin_lock(KSPIN_LOCK& lock, KIRQL irql) {
    check_spin_order(&lock, LockKind::spin);
    if (lock) [[unlikely]]
        check_recursion(&lock, LockKind::spin);
    acquire_spin(lock);
    note_acquired(&lock, LockKind::spin, irql);
}

bool try_acquire_spin_lock(KSPIN_LOCK& lock) {
    if (!try_acquire_spin(lock)) return false;
    note_acquired(&lock, LockKind::spin, unchecked_irql);
    return true;
}

void release_spin_lock(KSPIN_LOCK& lock) {
    if (lock) [[likely]]
        note_released(&lock, LockKind::spin);
    release_spin(lock);
}

void acquire_queued_spin_lock(KSPIN_LOCK& lock, KLOCK_QUEUE_HANDLE& handle, KIRQL irql) {
    handle.LockQueue.Next = nullptr;
    handle.OldIrql = irql;
    auto* before = reinterpret_cast<KSPIN_LOCK_QUEUE*>(lock);
    check_spin_order(&lock, LockKind::queued_spin);
    if (before) [[unlikely]]
        check_recursion(&lock, LockKind::queued_spin);
    const bool waits = before != nullptr;
    handle.LockQueue.Lock =
        reinterpret_cast<KSPIN_LOCK*>(number(&lock) | (waits ? LOCK_QUEUE_WAIT : LOCK_QUEUE_OWNER));
    lock = number(&handle.LockQueue);
    if (waits) [[unlikely]] {
        before->Next = &handle.LockQueue;
        spin_until([&] { return !(number(handle.LockQueue.Lock) & LOCK_QUEUE_WAIT); }, &lock);
    }
    note_acquired(&lock, LockKind::queued_spin, irql);
}

void release_queued_spin_lock(KLOCK_QUEUE_HANDLE& handle) {
    auto& lock = *reinterpret_cast<KSPIN_LOCK*>(number(handle.LockQueue.Lock) & ~ULONG_PTR{3});
    if (!(number(handle.LockQueue.Lock) & LOCK_QUEUE_OWNER)) [[unlikely]] {
        NT_REPORT("QueuedSpinLockRelease", verifier_stop(0x00040007),
                  "releases a queued spin lock by the handle %p, which owns none",
                  static_cast<void*>(&handle));
        bug_check(SPIN_LOCK_NOT_OWNED, number(&handle));
    }
    note_released(&lock, LockKind::queued_spin);
    handle.LockQueue.Lock = &lock;
    if (KSPIN_LOCK_QUEUE* next = handle.LockQueue.Next)
        next->Lock = reinterpret_cast<KSPIN_LOCK*>(number(&lock) | LOCK_QUEUE_OWNER);
    else
        lock = 0;
}

static bool is_exclusive(LONG lock) { return static_cast<ULONG>(lock) & EX_SPIN_LOCK_EXCLUSIVE; }

void acquire_spin_shared(EX_SPIN_LOCK& lock, KIRQL irql) {
    if (is_exclusive(lock)) [[unlikely]] {
        check_recursion(&lock, LockKind::spin_shared);
        spin_until([&] { return !is_exclusive(lock); }, &lock);
    }
    lock++;
    note_acquired(&lock, LockKind::spin_shared, irql);
}

void acquire_spin_exclusive(EX_SPIN_LOCK& lock, KIRQL irql) {
    if (lock) [[unlikely]] {
        check_recursion(&lock, LockKind::spin_exclusive);
        spin_until([&] { return !is_exclusive(lock); }, &lock);
    }
    lock = static_cast<LONG>(static_cast<ULONG>(lock) | EX_SPIN_LOCK_EXCLUSIVE);
    spin_until([&] { return static_cast<ULONG>(lock) == EX_SPIN_LOCK_EXCLUSIVE; }, &lock);
    note_acquired(&lock, LockKind::spin_exclusive, irql);
}

bool try_acquire_spin_shared(EX_SPIN_LOCK& lock) {
    if (is_exclusive(lock)) return false;
    acquire_spin_shared(lock, current_irql());
    return true;
}

bool try_acquire_spin_exclusive(EX_SPIN_LOCK& lock) {
    if (lock) return false;
    acquire_spin_exclusive(lock, current_irql());
    return true;
}

// A lock of drivers that acquire it inline, or a wrong release, is not in the account: the word decides.
void release_spin_shared(EX_SPIN_LOCK& lock) {
    note_released(&lock, LockKind::spin_shared);
    if (!(static_cast<ULONG>(lock) & ~EX_SPIN_LOCK_EXCLUSIVE)) bug_check(SPIN_LOCK_NOT_OWNED, number(&lock));
    lock--;
}

void release_spin_exclusive(EX_SPIN_LOCK& lock) {
    note_released(&lock, LockKind::spin_exclusive);
    if (!is_exclusive(lock)) bug_check(SPIN_LOCK_NOT_OWNED, number(&lock));
    lock = 0;
}

bool try_convert_spin_to_exclusive(EX_SPIN_LOCK& lock) {
    if (lock != 1) return false;
    lock = static_cast<LONG>(EX_SPIN_LOCK_EXCLUSIVE);
    if (HeldLock* held = processor_locks().find(&lock)) held->kind = LockKind::spin_exclusive;
    return true;
}

void check_at_dispatch(const void* lock) {
    if (current_irql() < DISPATCH_LEVEL) [[unlikely]]
        NT_REPORT("ForceIrqlChecking", verifier_stop(acquire_below_dispatch, current_irql(), number(lock)),
                  "acquires the spin lock %p at IRQL %u by a function for DISPATCH_LEVEL", lock,
                  current_irql());
}

void check_spin_release(const void* lock, LockKind kind, KIRQL new_level) {
    if (current_irql() != DISPATCH_LEVEL) [[unlikely]]
        NT_REPORT("IrqlKeReleaseSpinLock",
                  verifier_stop(release_not_at_dispatch, current_irql(), number(lock)),
                  "releases the %s %p at IRQL %u, not DISPATCH_LEVEL", lock_name(kind), lock, current_irql());
    const HeldLock* held = processor_locks().find(lock);
    if (held && held->irql != new_level && held->irql != unchecked_irql) [[unlikely]]
        NT_REPORT("IrqlKeReleaseSpinLock", verifier_stop(rule_irql_release),
                  "releases the %s %p to IRQL %u, but it was acquired at %u", lock_name(kind), lock,
                  new_level, held->irql);
}

void check_lowering(KIRQL new_level) {
    HeldLocks& locks = processor_locks();
    if (new_level >= DISPATCH_LEVEL || locks.count() == 0) [[likely]]
        return;
    const HeldLock& held = locks[locks.count() - 1];
    NT_REPORT(rule_of(held.kind), verifier_stop(code_of(held.kind)),
              "lowers the IRQL to %u while the processor holds the %s 0x%lx", new_level, lock_name(held.kind),
              held.lock);
}

void report_wait_at_dispatch(const void* object) {
    HeldLocks& locks = processor_locks();
    for (ULONG i = 0; i < locks.count(); i++)
        report_at(locks[i].caller, rule_of(locks[i].kind),
                  verifier_stop(wait_at_dispatch, current_irql(), number(object)),
                  "the %s 0x%lx, acquired here, is held while the processor is told to wait",
                  lock_name(locks[i].kind), locks[i].lock);
}

} // namespace nt::ke
