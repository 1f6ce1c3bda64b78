#include "kernel/ex/lock_ends.h"
#include "abi/bugcheck.h"
#include "base/list.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ex/resource.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/lock_order.h"
#include "kernel/ke/timer.h"
#include <vector>

namespace nt::ex {

using ke::LockKind;

namespace {

constexpr ULONG_PTR active_timer = 0x15, free_live_resource = 0xD2, owner_terminated = 0x100A,
                    deleted_while_owned = 0x100B;

PVOID pointer(ULONG_PTR address) { return reinterpret_cast<PVOID>(address); }

void check_resources(ULONG_PTR address, SIZE_T size) {
    LIST_ENTRY& all = system_resources();
    for (LIST_ENTRY* e = all.Flink; e != &all;) {
        auto& resource = *NT_CONTAINER(e, ERESOURCE, SystemResourcesList);
        e = e->Flink;
        const auto at = reinterpret_cast<ULONG_PTR>(&resource);
        if (at - address >= size) continue;
        NT_REPORT("MiscellaneousChecks", ke::verifier_stop(free_live_resource, at, address, size),
                  "frees memory (%p, 0x%lx bytes) with the ERESOURCE %p in it, which was not deleted",
                  pointer(address), size, pointer(at));
        unlist_resource(resource);
    }
}

void check_held(ULONG_PTR address, SIZE_T size) {
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        auto& thread = *NT_CONTAINER(e, ke::Thread, all_link);
        for (ULONG i = thread.locks.count(); i-- > 0;) {
            ke::HeldLock& held = thread.locks[i];
            if (held.lock - address >= size) continue;
            NT_REPORT("DeadlockDetection",
                      ke::verifier_stop(deleted_while_owned, held.lock, reinterpret_cast<ULONG_PTR>(&thread)),
                      "frees memory (%p, 0x%lx bytes) with the %s %p in it, which thread %04lx.%04lx holds",
                      pointer(address), size, ke::lock_name(held.kind), pointer(held.lock), thread.pid,
                      thread.tid);
            ke::unmark_memory(pointer(held.lock));
            thread.locks.remove(&held);
        }
    }
}

// Set timers in a piece of memory.
std::vector<KTIMER*> timers_in(ULONG_PTR address, SIZE_T size) {
    struct Found {
        ULONG_PTR address;
        SIZE_T size;
        std::vector<KTIMER*> timers;
    } found{address, size, {}};
    ke::for_each_timer(
        [](KTIMER& timer, void* context) {
            auto& f = *static_cast<Found*>(context);
            if (reinterpret_cast<ULONG_PTR>(&timer) - f.address < f.size) f.timers.push_back(&timer);
        },
        &found);
    return found.timers;
}

// The timer is cancelled: its memory may hold anything when it is due.
void check_timers(ULONG_PTR address, SIZE_T size) {
    for (KTIMER* timer : timers_in(address, size)) {
        NT_REPORT("MiscellaneousChecks",
                  ke::verifier_stop(active_timer, reinterpret_cast<ULONG_PTR>(timer), 0, address),
                  "frees memory (%p, 0x%lx bytes) with the KTIMER %p in it, which is set", pointer(address),
                  size, static_cast<void*>(timer));
        ke::cancel_timer(*timer);
    }
}

const char* return_rule(LockKind kind) {
    switch (kind) {
    case LockKind::spin:
        return "SpinLock";
    case LockKind::queued_spin:
        return "QueuedSpinLock";
    case LockKind::resource_exclusive:
        return "ExclusiveResourceAccess";
    default:
        return "DeadlockDetection";
    }
}
ke::WouldStop return_stop(LockKind kind) {
    switch (kind) {
    case LockKind::spin:
        return ke::verifier_stop(0x00040009);
    case LockKind::queued_spin:
        return ke::verifier_stop(0x00040006);
    default:
        return {};
    }
}

void report_held(ke::HeldLocks& locks) {
    for (ULONG i = 0; i < locks.count(); i++)
        ke::report_at(locks[i].caller, return_rule(locks[i].kind), return_stop(locks[i].kind),
                      "the %s %p, acquired here, is still held when the request returns to user mode",
                      ke::lock_name(locks[i].kind), pointer(locks[i].lock));
}

} // namespace

void check_timer_to_initialize(KTIMER& timer) {
    const auto address = reinterpret_cast<ULONG_PTR>(&timer);
    // Others that are set may lie beside it: its own flag spares the walk over all of them.
    if (!ke::is_marked(address, sizeof timer) || !ke::is_timer_set(timer)) return;
    for (KTIMER* set : timers_in(address, 1)) {
        NT_REPORT("MiscellaneousChecks", {}, "initializes the KTIMER %p, which is set: it is cancelled",
                  static_cast<void*>(set));
        ke::cancel_timer(*set);
    }
}

void initialize_lock_rules() {
    ke::watch_freed_memory(check_resources);
    ke::watch_freed_memory(check_held);
    ke::watch_freed_memory(check_timers);
    ke::initialize_lock_order();
}

void check_thread_end(ke::Thread& self) {
    for (ULONG i = 0; i < self.locks.count(); i++)
        ke::report_at(self.locks[i].caller, "DeadlockDetection",
                      ke::verifier_stop(owner_terminated, reinterpret_cast<ULONG_PTR>(&self)),
                      "the %s %p, acquired here, is still held when its thread ends",
                      ke::lock_name(self.locks[i].kind), pointer(self.locks[i].lock));
    for (LIST_ENTRY* e = self.Tcb.MutantListHead.Flink; e != &self.Tcb.MutantListHead; e = e->Flink) {
        const auto* mutex = NT_CONTAINER(e, KMUTANT, MutantListEntry);
        if (mutex->ApcDisable)
            ke::bug_check(THREAD_TERMINATE_HELD_MUTEX, reinterpret_cast<ULONG_PTR>(&self.Tcb),
                          reinterpret_cast<ULONG_PTR>(mutex));
    }
    if (self.Tcb.CombinedApcDisable)
        ke::bug_check(KERNEL_APC_PENDING_DURING_EXIT, 0, self.Tcb.CombinedApcDisable, ke::current_irql());
}

void check_return_to_user() {
    const ke::Thread& self = ke::current_thread();
    if (!ke::interrupts_enabled()) {
        NT_REPORT("InterruptFlag", {},
                  "the request returns to user mode with interrupts disabled (cli without sti): they are "
                  "enabled");
        ke::set_interrupts(true);
    }
    report_held(ke::thread_locks());
    if (ke::current_irql() >= DISPATCH_LEVEL) report_held(ke::processor_locks());
    LONG regions = -self.Tcb.KernelApcDisable;
    for (const LIST_ENTRY* e = self.Tcb.MutantListHead.Flink; e != &self.Tcb.MutantListHead; e = e->Flink)
        if (NT_CONTAINER(const_cast<LIST_ENTRY*>(e), KMUTANT, MutantListEntry)->ApcDisable) regions--;
    if (regions > 0)
        ke::report_at(self.region_entered_by, "CriticalRegions", ke::verifier_stop(0x00040003),
                      "a critical region, entered here, is not left when the request returns to user mode");
    if (self.Tcb.SpecialApcDisable < 0)
        ke::report_at(self.region_entered_by, "GuardedRegions", ke::verifier_stop(0x0004000E),
                      "a guarded region, entered here, is not left when the request returns to user mode");
}

} // namespace nt::ex
