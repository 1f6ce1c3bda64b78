#include "kernel/ex/detail/lock_rules.h"

namespace nt::ex::detail {

namespace {

constexpr ULONG_PTR self_deadlock = 0x1000, unexpected_thread = 0x1004, unacquired = 0x1007,
                    release_mismatch = 0x1009;
constexpr const char* deadlock_detection = "DeadlockDetection";

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

} // namespace

bool normal_apcs_disabled() {
    return ke::current_irql() >= APC_LEVEL || ke::current_thread().Tcb.CombinedApcDisable != 0;
}

ULONG_PTR apc_disable_count() { return ke::current_thread().Tcb.CombinedApcDisable; }

void note_acquired(const void* lock, LockKind kind, KIRQL irql_before) {
    ke::thread_locks().add({number(lock), ke::calling_address(), kind, irql_before});
    ke::mark_memory(lock);
}

bool note_released(const void* lock, LockKind kind, LockKind other_kind) {
    ke::HeldLocks& mine = ke::thread_locks();
    if (ke::HeldLock* held = mine.find(lock)) [[likely]] {
        if (held->kind != kind && held->kind != other_kind)
            NT_REPORT(deadlock_detection, ke::verifier_stop(release_mismatch, number(lock)),
                      "releases the %s %p with the function for a %s", ke::lock_name(held->kind), lock,
                      ke::lock_name(kind));
        mine.remove(held);
        ke::unmark_memory(lock);
        return true;
    }
    ke::HeldLock* held;
    if (ke::Thread* holder = ke::holder_of(lock, held)) {
        NT_REPORT(
            deadlock_detection,
            ke::verifier_stop(unexpected_thread, number(lock), number(holder), number(&ke::current_thread())),
            "releases the %s %p, which another thread (Cid %04lx.%04lx) acquired", ke::lock_name(held->kind),
            lock, holder->pid, holder->tid);
        holder->locks.remove(held);
        ke::unmark_memory(lock);
        return true;
    }
    NT_REPORT(deadlock_detection, ke::verifier_stop(unacquired, number(lock)),
              "releases the %s %p, which nobody holds", ke::lock_name(kind), lock);
    return false;
}

void forget_held(const void* lock) {
    ke::HeldLocks& mine = ke::thread_locks();
    if (ke::HeldLock* held = mine.find(lock)) {
        mine.remove(held);
        ke::unmark_memory(lock);
    }
}

void check_not_held(const void* lock, LockKind kind) {
    if (ke::thread_locks().find(lock)) [[unlikely]]
        NT_REPORT(deadlock_detection, ke::verifier_stop(self_deadlock, number(lock)),
                  "acquires the %s %p, which the thread holds already: it waits for itself",
                  ke::lock_name(kind), lock);
}

} // namespace nt::ex::detail
