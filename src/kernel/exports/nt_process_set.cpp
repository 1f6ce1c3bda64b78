// NtSetInformationProcess: what SetPriorityClass, SetProcessAffinityMask, SetProcessPriorityBoost and
// SetErrorMode use. The first three concern the threads of the process: pages "Scheduling Priorities",
// nf-winbase-setprocessaffinitymask.
#include "abi/status.h"
#include "base/list.h"
#include "kernel/exports/information_classes.h"
#include "kernel/exports/priorities.h"
#include "kernel/exports/process_handle.h"
#include "kernel/ke/affinity.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ps/quota.h"
#include "kernel/se/subject.h"

using namespace nt;
using exports::TargetProcess;

namespace {

// Threads keep their increments over the process's base priority.
void set_base_priority(ps::Process& process, CHAR base) {
    const CHAR before = process.Pcb.BasePriority;
    for (ke::Thread* thread : ps::ThreadsOf(process)) {
        process.Pcb.BasePriority = before;
        const LONG increment = exports::base_increment(*thread);
        process.Pcb.BasePriority = base;
        exports::set_base_increment(*thread, increment);
    }
    process.Pcb.BasePriority = base;
}

NTSTATUS set_priority_class(ps::Process& process, UCHAR number) {
    if (number < 1 || number >= exports::priority_class_count) return STATUS_INVALID_PARAMETER;
    process.PriorityClass = number;
    set_base_priority(process, exports::base_of_class[number]);
    return STATUS_SUCCESS;
}

// A thread whose mask has no processor left gets the process's.
NTSTATUS set_affinity(ps::Process& process, KAFFINITY mask) {
    if (!mask || mask & ~ke::all_processors()) return STATUS_INVALID_PARAMETER;
    process.affinity = mask;
    for (ke::Thread* thread : ps::ThreadsOf(process)) {
        const KAFFINITY left = thread->Tcb.UserAffinity.Mask & mask;
        // assumed: a thread that could run everywhere still can within the new mask.
        ke::set_user_affinity(*thread, left ? left : mask);
    }
    return STATUS_SUCCESS;
}

// "PROCESS_SET_QUOTA: required to set memory limits"
NTSTATUS set_quota_limits(HANDLE handle, const void* from, ULONG length) {
    QUOTA_LIMITS limits;
    if (length != sizeof limits && length != sizeof(QUOTA_LIMITS_EX)) return STATUS_INFO_LENGTH_MISMATCH;
    if (!exports::copy_in(&limits, from, sizeof limits)) return STATUS_ACCESS_VIOLATION;
    TargetProcess target;
    if (const NTSTATUS status = target.open(handle, PROCESS_SET_QUOTA, false); !NT_SUCCESS(status))
        return status;
    return ps::set_quota_limits(*target, limits,
                                se::check_privilege(SE_INCREASE_QUOTA_PRIVILEGE, exports::previous_mode()));
}

template <class T, class F> NTSTATUS with(const void* from, ULONG length, F use) {
    T value;
    if (length != sizeof value) return STATUS_INFO_LENGTH_MISMATCH;
    return exports::copy_in(&value, from, sizeof value) ? use(value) : NTSTATUS(STATUS_ACCESS_VIOLATION);
}

} // namespace

extern "C" NTSTATUS NtSetInformationProcess(HANDLE handle, PROCESSINFOCLASS cls, PVOID information,
                                            ULONG length) {
    struct PriorityClass {
        BOOLEAN Foreground;
        UCHAR Number;
    };
    if (cls == ProcessQuotaLimits) return set_quota_limits(handle, information, length);
    TargetProcess target;
    if (const NTSTATUS status = target.open(handle, PROCESS_SET_INFORMATION, false); !NT_SUCCESS(status))
        return status;
    ps::Process& process = *target;
    switch (static_cast<ULONG>(cls)) {
    case ProcessPriorityClass:
        return with<PriorityClass>(information, length,
                                   [&](PriorityClass c) { return set_priority_class(process, c.Number); });
    case ProcessBasePriority:
        return with<KPRIORITY>(information, length, [&](KPRIORITY base) -> NTSTATUS {
            if (base < 1 || base > ke::high_priority) return STATUS_INVALID_PARAMETER;
            set_base_priority(process, static_cast<CHAR>(base));
            return STATUS_SUCCESS;
        });
    case ProcessAffinityMask:
        return with<KAFFINITY>(information, length,
                               [&](KAFFINITY mask) { return set_affinity(process, mask); });
    case ProcessDefaultHardErrorMode:
        return with<ULONG>(information, length, [&](ULONG mode) -> NTSTATUS {
            process.error_mode = mode;
            return STATUS_SUCCESS;
        });
    case ProcessPriorityBoost:
        return with<ULONG>(information, length, [&](ULONG disabled) -> NTSTATUS {
            process.boosts_disabled = disabled != 0;
            ps::for_each_thread(process,
                                [&](ke::Thread& thread) { ke::disable_boosts(thread, disabled != 0); });
            return STATUS_SUCCESS;
        });
    case ProcessBreakOnTermination: // assumed: SeDebugPrivilege, as is publicly known
        return with<ULONG>(information, length, [&](ULONG critical) -> NTSTATUS {
            if (!se::check_privilege(SE_DEBUG_PRIVILEGE, exports::previous_mode()))
                return STATUS_PRIVILEGE_NOT_HELD;
            process.critical = critical != 0;
            return STATUS_SUCCESS;
        });
    case exports::ProcessMemoryPriority: // MEMORY_PRIORITY_INFORMATION
        return with<ULONG>(information, length, [&](ULONG priority) -> NTSTATUS {
            if (priority < 1 || priority > exports::normal_page_priority) return STATUS_INVALID_PARAMETER;
            process.lower_page_priority = static_cast<UCHAR>(exports::normal_page_priority - priority);
            return STATUS_SUCCESS;
        });
    case exports::ProcessPowerThrottlingState:
        return with<exports::PowerThrottlingState>(
            information, length, [&](const exports::PowerThrottlingState& state) -> NTSTATUS {
                if (!state.is_valid(exports::throttles_speed | exports::throttles_timers))
                    return STATUS_INVALID_PARAMETER;
                process.throttling_control = state.ControlMask;
                process.throttling = state.StateMask;
                return STATUS_SUCCESS;
            });
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}
GATE(NtSetInformationProcess);
