// devtest pages wdm-irqlapclte … wdm-irqlzwpassive. What needs DISPATCH_LEVEL (IrqlDispatch) is the
// functions' own matter.
#include "kernel/exports/irql_rules.h"
#include <cstring>
#include <string_view>

namespace nt::exports {

static constexpr IrqlRule rules[] = {
    {"IrqlApcLte", 0x20002, "ObGetObjectSecurity ObReleaseObjectSecurity"},
    {"IrqlExAllocatePool", 0x20004, "ExAllocatePool ExAllocatePoolWithTag ExAllocatePoolWithTagPriority"},
    {"IrqlExApcLte1", 0x20005, "ExAcquireFastMutex ExTryToAcquireFastMutex"},
    {"IrqlExApcLte2", 0x20006,
     "ExAllocateFromPagedLookasideList ExAllocatePoolWithQuota ExAllocatePoolWithQuotaTag "
     "ExDeletePagedLookasideList ExFreeToPagedLookasideList ExInitializePagedLookasideList "
     "ExRegisterCallback ExSetTimerResolution ExUnregisterCallback ProbeForRead ProbeForWrite"},
    {"IrqlExApcLte3", 0x20007,
     "ExAcquireResourceExclusiveLite ExAcquireResourceSharedLite ExAcquireSharedStarveExclusive "
     "ExAcquireSharedWaitForExclusive ExConvertExclusiveToSharedLite ExDeleteResourceLite "
     "ExReleaseResourceLite"},
    {"IrqlExPassive", 0x20008,
     "ExCreateCallback ExRaiseAccessViolation ExRaiseDatatypeMisalignment ExRaiseStatus ExUuidCreate"},
    {"IrqlIoApcLte", 0x20009,
     "IoDeleteDevice IoGetInitialStack IoRaiseHardError IoRaiseInformationalHardError"},
    {"IrqlIoDispatch", 0x20022, "IoGetDeviceToVerify IoSetDeviceToVerify"},
    {"IrqlIoPassive1", 0x2000A, "IoAttachDevice IoBuildDeviceIoControlRequest IoCreateDevice"},
    {"IrqlIoPassive2", 0x2000B, "IoCheckShareAccess IoConnectInterrupt IoCreateController"},
    {"IrqlIoPassive3", 0x2000C, "IoDetachDevice"},
    {"IrqlIoPassive4", 0x2000D,
     "IoCreateFile IoCreateNotificationEvent IoCreateSymbolicLink IoCreateSynchronizationEvent "
     "IoCreateUnprotectedSymbolicLink IoDeleteController IoDeleteSymbolicLink IoDisconnectInterrupt"},
    {"IrqlKeApcLte1", 0x2000F,
     "KeAcquireGuardedMutex KeAcquireGuardedMutexUnsafe KeDelayExecutionThread KeQueryActiveProcessors "
     "KeReleaseGuardedMutex KeReleaseGuardedMutexUnsafe KeTryToAcquireGuardedMutex"},
    {"IrqlKeApcLte2", 0x20010,
     "KeAreAllApcsDisabled KeAreApcsDisabled KeEnterCriticalRegion KeEnterGuardedRegion "
     "KeLeaveCriticalRegion KeLeaveGuardedRegion"},
    {"IrqlKeDispatchLte", 0x20011,
     "KeCancelTimer KeClearEvent KeInitializeDeviceQueue KeInitializeTimer KeInitializeTimerEx KePulseEvent "
     "KeReadStateEvent KeReadStateTimer KeReleaseMutex KeRemoveEntryDeviceQueue KeResetEvent KeSetTimer "
     "KeSetTimerEx"},
    {"IrqlKeSetEvent", 0x20016, "KeSetEvent"},
    {"IrqlKeWaitForMultipleObjects", 0, "KeWaitForMultipleObjects"},
    {"IrqlKeWaitForMutexObject", 0, "KeWaitForMutexObject"},
    {"IrqlMmApcLte", 0x20019,
     "MmAllocateNonCachedMemory MmAllocatePagesForMdl MmFreeNonCachedMemory MmFreePagesFromMdl "
     "MmLockPagableDataSection MmLockPagableSectionByHandle MmPageEntireDriver MmResetDriverPaging "
     "MmUnlockPagableImageSection"},
    {"IrqlObPassive", 0x2001B, "ObReferenceObjectByHandle"},
    {"IrqlPsPassive", 0x2001C,
     "PsCreateSystemThread PsGetVersion PsSetCreateProcessNotifyRoutine PsSetCreateThreadNotifyRoutine "
     "PsSetLoadImageNotifyRoutine PsTerminateSystemThread"},
    {"IrqlRtlPassive", 0x2001E, "RtlDeleteRegistryValue"},
    {"IrqlZwPassive", 0x2001F, "ZwClose"},
};

const IrqlRule* irql_rule_of(const char* function) {
    const std::string_view name = function;
    for (const IrqlRule& rule : rules)
        for (const char* at = std::strstr(rule.functions, function); at; at = std::strstr(at + 1, function)) {
            const char after = at[name.size()];
            if ((at == rule.functions || at[-1] == ' ') && (!after || after == ' ')) return &rule;
        }
    return nullptr;
}

} // namespace nt::exports
