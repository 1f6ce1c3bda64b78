// Executive resources: wdm pages nf-wdm-exinitializeresourcelite, nf-wdm-exacquireresourceexclusivelite …
#include "abi/status.h"
#include "kernel/ex/lock_checks.h"
#include "kernel/ex/resource.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/regions.h"

using namespace nt;
using ex::Sharing;

extern "C" NTSTATUS ExInitializeResourceLite(ERESOURCE* r) {
    ex::initialize_resource(*r);
    return STATUS_SUCCESS;
}
GATE(ExInitializeResourceLite);

extern "C" NTSTATUS ExReinitializeResourceLite(ERESOURCE* r) {
    ex::reinitialize_resource(*r);
    return STATUS_SUCCESS;
}
GATE(ExReinitializeResourceLite);

extern "C" NTSTATUS ExDeleteResourceLite(ERESOURCE* r) {
    ex::delete_resource(*r);
    return STATUS_SUCCESS;
}
GATE(ExDeleteResourceLite);

extern "C" BOOLEAN ExAcquireResourceExclusiveLite(ERESOURCE* r, BOOLEAN wait) {
    ex::check_resource_use(*r, ex::Use::acquire);
    return ex::acquire_exclusive(*r, wait);
}
GATE(ExAcquireResourceExclusiveLite);

extern "C" BOOLEAN ExAcquireResourceSharedLite(ERESOURCE* r, BOOLEAN wait) {
    ex::check_resource_use(*r, ex::Use::acquire);
    return ex::acquire_shared(*r, wait);
}
GATE(ExAcquireResourceSharedLite);

extern "C" BOOLEAN ExAcquireSharedStarveExclusive(ERESOURCE* r, BOOLEAN wait) {
    ex::check_resource_use(*r, ex::Use::acquire);
    return ex::acquire_shared(*r, wait, Sharing::starve_exclusive);
}
GATE(ExAcquireSharedStarveExclusive);

extern "C" BOOLEAN ExAcquireSharedWaitForExclusive(ERESOURCE* r, BOOLEAN wait) {
    ex::check_resource_use(*r, ex::Use::acquire);
    return ex::acquire_shared(*r, wait, Sharing::wait_exclusive);
}
GATE(ExAcquireSharedWaitForExclusive);

extern "C" void ExReleaseResourceLite(ERESOURCE* r) {
    ex::check_resource_use(*r, ex::Use::release);
    ex::release_resource(*r, reinterpret_cast<ERESOURCE_THREAD>(&ke::current_thread()));
}
GATE(ExReleaseResourceLite);

// "A caller running in a system thread does not need to explicitly disable APCs before calling this routine."
extern "C" void ExReleaseResourceForThreadLite(ERESOURCE* r, ERESOURCE_THREAD owner) {
    if (ke::current_thread().teb) ex::check_resource_use(*r, ex::Use::release);
    ex::release_resource(*r, owner);
}
GATE(ExReleaseResourceForThreadLite);

extern "C" void ExConvertExclusiveToSharedLite(ERESOURCE* r) { ex::convert_exclusive_to_shared(*r); }
GATE(ExConvertExclusiveToSharedLite);

extern "C" void ExSetResourceOwnerPointer(ERESOURCE* r, PVOID pointer) {
    ex::set_owner_pointer(*r, reinterpret_cast<ERESOURCE_THREAD>(pointer));
}
GATE(ExSetResourceOwnerPointer);

// FLAG_OWNER_POINTER_IS_THREAD only lets the system boost the owner.
extern "C" void ExSetResourceOwnerPointerEx(ERESOURCE* r, PVOID pointer, ULONG) {
    ex::set_owner_pointer(*r, reinterpret_cast<ERESOURCE_THREAD>(pointer));
}
GATE(ExSetResourceOwnerPointerEx);

extern "C" BOOLEAN ExIsResourceAcquiredExclusiveLite(ERESOURCE* r) { return ex::is_acquired_exclusive(*r); }
GATE(ExIsResourceAcquiredExclusiveLite);

extern "C" ULONG ExIsResourceAcquiredSharedLite(ERESOURCE* r) { return ex::acquired_count(*r); }
GATE(ExIsResourceAcquiredSharedLite);

extern "C" ULONG ExGetExclusiveWaiterCount(ERESOURCE* r) { return r->NumberOfExclusiveWaiters; }
GATE(ExGetExclusiveWaiterCount);

extern "C" ULONG ExGetSharedWaiterCount(ERESOURCE* r) { return r->NumberOfSharedWaiters; }
GATE(ExGetSharedWaiterCount);

extern "C" void ExDisableResourceBoostLite(ERESOURCE* r) { r->Flag |= ex::ResourceDisableBoost; }
GATE(ExDisableResourceBoostLite);

// "A pointer to an opaque system structure. Drivers should ignore this return value."
extern "C" PVOID ExEnterCriticalRegionAndAcquireResourceExclusive(ERESOURCE* r) {
    exports::enter_critical_region();
    ex::acquire_exclusive(*r, true);
    return ke::current_thread().Tcb.Win32Thread;
}
GATE(ExEnterCriticalRegionAndAcquireResourceExclusive);

extern "C" PVOID ExEnterCriticalRegionAndAcquireResourceShared(ERESOURCE* r) {
    exports::enter_critical_region();
    ex::acquire_shared(*r, true);
    return ke::current_thread().Tcb.Win32Thread;
}
GATE(ExEnterCriticalRegionAndAcquireResourceShared);

extern "C" PVOID ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(ERESOURCE* r) {
    exports::enter_critical_region();
    ex::acquire_shared(*r, true, Sharing::wait_exclusive);
    return ke::current_thread().Tcb.Win32Thread;
}
GATE(ExEnterCriticalRegionAndAcquireSharedWaitForExclusive);

extern "C" void ExReleaseResourceAndLeaveCriticalRegion(ERESOURCE* r) {
    ex::release_resource(*r, reinterpret_cast<ERESOURCE_THREAD>(&ke::current_thread()));
    exports::leave_critical_region();
}
GATE(ExReleaseResourceAndLeaveCriticalRegion);
