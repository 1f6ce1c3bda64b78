#include "app/rule_names.h"
#include <algorithm>

namespace app {

namespace {

// In alphabetical order. scenario.request_rules compares with the sources.
constexpr std::string_view names[] = {
    "ApcLeft",
    "BugCheckCallbackLeft",
    "CallDriverIrql",
    "CallDriverNotDevice",
    "CallDriverNotIrp",
    "CallbackLeft",
    "CancelRoutineStomped",
    "CancelledIrpNotCompleted",
    "CompleteCancelRoutine",
    "CompleteIrql",
    "CompletePending",
    "CompletionRoutineRegistered",
    "ContiguousMemoryLeft",
    "CopiedCompletionRoutine",
    "CopiedNotSkipped",
    "CreateOnClosedFile",
    "CriticalRegions",
    "DeadlockDetection",
    "DetachedTwice",
    "DeviceDeletedAttached",
    "DeviceDeletedInUse",
    "DeviceDeletedTwice",
    "DeviceFlags",
    "DeviceFlagsNotCopied",
    "DeviceSkipped",
    "DeviceTypeNotCopied",
    "DoubleCompletion",
    "DpcLeft",
    "DriverEntryLeft",
    "EventAlreadySignaled",
    "ExclusiveResourceAccess",
    "FailedIrpForwarded",
    "ForceIrqlChecking",
    "ForwardedAtBadIrql",
    "ForwardedCancelable",
    "ForwardedControl",
    "ForwardedPendingIrp",
    "FreedInUse",
    "FreedNotIrp",
    "GuardedRegions",
    "HandleLeft",
    "InformationTooLarge",
    "InitialStatus",
    "InitializedAllocatedIrp",
    "InterruptFlag",
    "InterruptLeft",
    "InvalidBuffer",
    "InvalidKernelHandle",
    "IoAllocateComplete",
    "IoAllocateForward",
    "IoAllocateFree",
    "IoBuildDeviceControlNoFree",
    "IoBuildDeviceControlWait",
    "IoBuildFsdComplete",
    "IoBuildFsdForward",
    "IoBuildSynchronousFsdRequestNoFree",
    "IoBuildSynchronousFsdRequestWait",
    "IoReuseIrp",
    "IoReuseIrp2",
    "IoSpaceLeft",
    "IrpFreedAsPool",
    "IrpLeft",
    "IrpLost",
    "IrpProcessingComplete",
    "IrqlKeReleaseSpinLock",
    "IrqlReturn",
    "LockedMdlFreed",
    "LowerDriverReturn",
    "MappingAddressLeft",
    "MarkIrpPending",
    "MarkIrpPending2",
    "MdlLeft",
    "MiscellaneousChecks",
    "NextLocationNotSet",
    "NoMoreIrpStackLocations",
    "NotifyRoutineLeft",
    "ObCallbackLeft",
    "ObjectLeft",
    "PageableCompletionRoutine",
    "PendedCompletedRequest2",
    "PendingReturned",
    "PnpRemove",
    "PoolLeak",
    "ProcessHasLockedPages",
    "QueuedSpinLock",
    "QueuedSpinLockRelease",
    "ReinitializedInUse",
    "RemoveLock",
    "ReturnedStatus",
    "RundownProtection",
    "SentAtApcLevel",
    "SpinLock",
    "SpinLockSafe",
    "StackTrashed",
    "SuspiciousStatus",
    "SystemIrp",
    "ThreadLeft",
    "TimerInitializedTwice",
    "TimerLeft",
    "TimerNotInitialized",
    "UnknownIrpChanged",
    "Unload",
    "WithinCriticalRegion",
    "WmiForward",
    "WorkItemLeft",
};
static_assert(std::ranges::is_sorted(names));

} // namespace

bool is_rule_name(const std::string& name) {
    return std::ranges::binary_search(names, std::string_view(name));
}

std::string rule_names(std::string_view between) {
    std::string text;
    for (const std::string_view name : names)
        (text += text.empty() ? std::string_view() : between) += name;
    return text;
}

} // namespace app
