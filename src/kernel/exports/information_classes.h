// Classes of process and thread information beyond abi's, and their structures. Numbers are publicly known;
// the Win32 pages of GetProcessInformation, GetThreadInformation and GetThreadDescription have the meanings.
#pragma once
#include "abi/thread.h"

namespace nt::exports {

inline constexpr ULONG ProcessMemoryPriority = 39, ProcessHandleInformation = 51,
                       ProcessProtectionInformation = 61, ProcessSubsystemInformation = 75,
                       ProcessPowerThrottlingState = 77;
inline constexpr ULONG ThreadCycleTime = 23, ThreadAmILastThread = 12, ThreadPagePriority = 24,
                       ThreadGroupInformation = 30, ThreadIdealProcessorEx = 33, ThreadSuspendCount = 35,
                       ThreadDynamicCodePolicyInfo = 42, ThreadSubsystemInformation = 45,
                       ThreadPowerThrottlingState = 49;

inline constexpr UCHAR normal_page_priority = 5; // MEMORY_PRIORITY_NORMAL

// PROCESS_POWER_THROTTLING_STATE; POWER_THROTTLING_THREAD_STATE begins with it.
struct PowerThrottlingState {
    ULONG Version, ControlMask, StateMask;
    // "StateMask": only what the caller takes control of; version 1. Execution speed, and for processes the
    // resolution of timers.
    bool is_valid(ULONG known) const {
        return Version == 1 && !(ControlMask & ~known) && !(StateMask & ~ControlMask);
    }
};
inline constexpr ULONG throttles_speed = 1, throttles_timers = 4;

// Bits of ETHREAD.CrossThreadFlags.
inline constexpr ULONG hidden_from_debugger = 0x4, break_on_termination = 0x20;

} // namespace nt::exports
