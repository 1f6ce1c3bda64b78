#include "kernel/ex/detail/lock_rules.h"
#include "base/list.h"
#include "kernel/ke/wait.h"
#include "trace/trace.h"

namespace nt::ex::detail {

namespace {

constexpr ULONG_PTR self_deadlock = 0x1000, unexpected_thread = 0x1004, unacquired = 0x1007,
                    release_mismatch = 0x1009;
constexpr const char* deadlock_detection = "DeadlockDetection";

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

ke::Thread* holder_of(const void* lock, ke::HeldLock*& held) {
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        auto* thread = NT_CONTAINER(e, ke::Thread, all_link);
        if ((held = thread->locks.find(lock))) return thread;
    }
    return nullptr;
}

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
                      "releases the %s %p with a function for a %s", ke::lock_name(held->kind), lock,
                      ke::lock_name(kind));
        mine.remove(held);
        ke::unmark_memory(lock);
        return true;
    }
    ke::HeldLock* held;
    if (ke::Thread* holder = holder_of(lock, held)) {
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

void wait_for_lock(const void* lock, LockKind kind, PVOID object, KWAIT_REASON reason) {
    ke::Thread& self = ke::current_thread();
    const ke::LockWait before = self.lock_wait;
    self.lock_wait = {number(lock), kind};
    ke::HeldLock* held;
    if (trace::on) trace::emit_lock_contended(lock, static_cast<UCHAR>(kind), holder_of(lock, held));
    ke::wait_for_single_object(object, reason, KernelMode, false, nullptr);
    self.lock_wait = before;
}

} // namespace nt::ex::detail
