// Run-down protection: wdm pages nf-wdm-exinitializerundownprotection …, …cacheaware.
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/ex/rundown.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/report.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/dispatch.h"

using namespace nt;
using ex::EX_RUNDOWN_REF_CACHE_AWARE;

// "On entry, the status information must indicate that the old object was run down."
static void check_run_down(const EX_RUNDOWN_REF& ref, const char* what) {
    if (ref.Count != ex::EX_RUNDOWN_ACTIVE) [[unlikely]]
        NT_REPORT("RundownProtection", {}, "%s the run-down protection %p, which is not run down", what,
                  static_cast<const void*>(&ref));
}

extern "C" void ExInitializeRundownProtection(EX_RUNDOWN_REF* ref) { ex::initialize_rundown(*ref); }
GATE(ExInitializeRundownProtection);

extern "C" void ExReInitializeRundownProtection(EX_RUNDOWN_REF* ref) {
    check_run_down(*ref, "reinitializes");
    ex::initialize_rundown(*ref);
}
GATE(ExReInitializeRundownProtection);

extern "C" BOOLEAN ExAcquireRundownProtection(EX_RUNDOWN_REF* ref) { return ex::acquire_rundown(*ref, 1); }
GATE(ExAcquireRundownProtection);

extern "C" BOOLEAN ExAcquireRundownProtectionEx(EX_RUNDOWN_REF* ref, ULONG count) {
    return ex::acquire_rundown(*ref, count);
}
GATE(ExAcquireRundownProtectionEx);

extern "C" void ExReleaseRundownProtection(EX_RUNDOWN_REF* ref) { ex::release_rundown(*ref, 1); }
GATE(ExReleaseRundownProtection);

extern "C" void ExReleaseRundownProtectionEx(EX_RUNDOWN_REF* ref, ULONG count) {
    ex::release_rundown(*ref, count);
}
GATE(ExReleaseRundownProtectionEx);

extern "C" void ExWaitForRundownProtectionRelease(EX_RUNDOWN_REF* ref) { ex::wait_for_rundown(*ref); }
GATE(ExWaitForRundownProtectionRelease);

extern "C" void ExRundownCompleted(EX_RUNDOWN_REF* ref) {
    check_run_down(*ref, "completes");
    ex::rundown_completed(*ref);
}
GATE(ExRundownCompleted);

extern "C" SIZE_T ExSizeOfRundownProtectionCacheAware() { return ex::size_of_rundown_cache_aware(); }
GATE(ExSizeOfRundownProtectionCacheAware);

// assumed: memory that is too small raises STATUS_INVALID_PARAMETER; the page names no error.
extern "C" void ExInitializeRundownProtectionCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs, SIZE_T size) {
    if (!ex::initialize_rundown(*refs, size)) seh::raise_status(STATUS_INVALID_PARAMETER);
}
GATE(ExInitializeRundownProtectionCacheAware);

extern "C" EX_RUNDOWN_REF_CACHE_AWARE* ExAllocateCacheAwareRundownProtection(ULONG type, ULONG tag) {
    const SIZE_T size = ex::size_of_rundown_cache_aware();
    const auto caller = static_cast<const seh::EntryRecord*>(seh::innermost())->rip;
    const pool::Outcome outcome = pool::allocate_typed(type, size, tag, ke::current_irql(), caller);
    if (outcome.raise) seh::raise_status(outcome.raise);
    auto* refs = static_cast<EX_RUNDOWN_REF_CACHE_AWARE*>(outcome.block);
    if (!refs) return nullptr;
    ex::initialize_rundown(*refs, size);
    refs->PoolToFree = refs;
    return refs;
}
GATE(ExAllocateCacheAwareRundownProtection);

extern "C" void ExFreeCacheAwareRundownProtection(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    pool::release_checked(refs->PoolToFree, 0, ke::current_irql());
}
GATE(ExFreeCacheAwareRundownProtection);

extern "C" BOOLEAN ExAcquireRundownProtectionCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    return ex::acquire_rundown(*refs, 1);
}
GATE(ExAcquireRundownProtectionCacheAware);

extern "C" BOOLEAN ExAcquireRundownProtectionCacheAwareEx(EX_RUNDOWN_REF_CACHE_AWARE* refs, ULONG count) {
    return ex::acquire_rundown(*refs, count);
}
GATE(ExAcquireRundownProtectionCacheAwareEx);

extern "C" void ExReleaseRundownProtectionCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    ex::release_rundown(*refs, 1);
}
GATE(ExReleaseRundownProtectionCacheAware);

extern "C" void ExReleaseRundownProtectionCacheAwareEx(EX_RUNDOWN_REF_CACHE_AWARE* refs, ULONG count) {
    ex::release_rundown(*refs, count);
}
GATE(ExReleaseRundownProtectionCacheAwareEx);

extern "C" void ExWaitForRundownProtectionReleaseCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    ex::wait_for_rundown(*refs);
}
GATE(ExWaitForRundownProtectionReleaseCacheAware);

extern "C" void ExRundownCompletedCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    check_run_down(refs->RunRefs[0], "completes");
    ex::rundown_completed(*refs);
}
GATE(ExRundownCompletedCacheAware);

extern "C" void ExReInitializeRundownProtectionCacheAware(EX_RUNDOWN_REF_CACHE_AWARE* refs) {
    check_run_down(refs->RunRefs[0], "reinitializes");
    ex::reinitialize_rundown(*refs);
}
GATE(ExReInitializeRundownProtectionCacheAware);
