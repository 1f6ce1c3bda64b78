// Codes: debugger page "Bug Check 0xC4".
#include "kernel/ex/lock_checks.h"
#include "kernel/ex/detail/lock_rules.h"

namespace nt::ex {

using namespace detail;

static ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

// Rule WithinCriticalRegion.
void check_resource_use(const ERESOURCE& r, Use use) {
    const bool acquires = use == Use::acquire;
    if (!normal_apcs_disabled()) [[unlikely]]
        NT_REPORT(
            "WithinCriticalRegion",
            ke::verifier_stop(acquires ? 0x37 : 0x38, ke::current_irql(), apc_disable_count(), number(&r)),
            "%s the ERESOURCE %p with normal kernel APCs enabled", acquires ? "acquires" : "releases",
            static_cast<const void*>(&r));
    if (!acquires) return;
    if (number(&r) & 7) [[unlikely]]
        NT_REPORT("ForceIrqlChecking", ke::verifier_stop(0x3D, 0, 0, number(&r)),
                  "acquires the ERESOURCE %p, which is not aligned to 8 bytes", static_cast<const void*>(&r));
    if (!r.SystemResourcesList.Flink) [[unlikely]]
        NT_REPORT("DeadlockDetection", ke::verifier_stop(0x1002, number(&r)),
                  "acquires the ERESOURCE %p, which is not initialized", static_cast<const void*>(&r));
}

void check_push_lock_use(const EX_PUSH_LOCK& lock, Use use) {
    if (normal_apcs_disabled()) [[likely]]
        return;
    const bool acquires = use == Use::acquire;
    NT_REPORT(
        "WithinCriticalRegion",
        ke::verifier_stop(acquires ? 0xEA : 0xEB, ke::current_irql(), apc_disable_count(), number(&lock)),
        "%s the push lock %p with normal kernel APCs enabled", acquires ? "acquires" : "releases",
        static_cast<const void*>(&lock));
}

void check_fast_mutex_release(const FAST_MUTEX& mutex) {
    if (ke::current_irql() != APC_LEVEL) [[unlikely]]
        NT_REPORT("ForceIrqlChecking",
                  ke::verifier_stop(0x34, ke::current_irql(), apc_disable_count(), number(&mutex)),
                  "releases the fast mutex %p at IRQL %u, not APC_LEVEL", static_cast<const void*>(&mutex),
                  ke::current_irql());
}

void check_unsafe_use(const FAST_MUTEX& mutex, Use use) {
    if (normal_apcs_disabled()) [[likely]]
        return;
    const bool acquires = use == Use::acquire;
    NT_REPORT(
        "ForceIrqlChecking",
        ke::verifier_stop(acquires ? 0x39 : 0x3A, ke::current_irql(), apc_disable_count(), number(&mutex)),
        "%s the mutex %p unsafe with APCs enabled", acquires ? "acquires" : "releases",
        static_cast<const void*>(&mutex));
}

} // namespace nt::ex
