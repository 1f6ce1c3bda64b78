// What the system says of itself: nf-winternl-ntquerysysteminformation, time, locale. All numbers are the
// machine's, none the host's.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/system_modules.h"
#include "kernel/ke/clock.h"
#include "kernel/mm/physical.h"
#include "kernel/mm/probe.h"

using namespace nt;
using exports::write_parameter;

namespace {

struct SYSTEM_BASIC_INFORMATION {
    ULONG Reserved, TimerResolution, PageSize, NumberOfPhysicalPages, LowestPhysicalPageNumber,
        HighestPhysicalPageNumber, AllocationGranularity;
    ULONG_PTR MinimumUserModeAddress, MaximumUserModeAddress, ActiveProcessorsAffinityMask;
    CHAR NumberOfProcessors;
};

struct SYSTEM_PROCESSOR_INFORMATION {
    USHORT ProcessorArchitecture, ProcessorLevel, ProcessorRevision, MaximumProcessors;
    ULONG ProcessorFeatureBits;
};

struct SYSTEM_TIMEOFDAY_INFORMATION {
    LARGE_INTEGER BootTime, CurrentTime, TimeZoneBias;
    ULONG TimeZoneId, Reserved;
    ULONGLONG BootTimeBias, SleepTimeBias;
};

struct SYSTEM_PERFORMANCE_INFORMATION {
    LARGE_INTEGER IdleProcessTime, IoReadTransferCount, IoWriteTransferCount, IoOtherTransferCount;
    ULONG IoReadOperationCount, IoWriteOperationCount, IoOtherOperationCount;
    ULONG AvailablePages, CommittedPages, CommitLimit, PeakCommitment;
    ULONG Counters[71]; // faults, cache, pools: nothing pages here, so nothing counts
};

struct SYSTEM_KERNEL_DEBUGGER_INFORMATION {
    BOOLEAN Enabled, NotPresent;
};

enum Class : ULONG {
    SystemBasicInformation = 0,
    SystemProcessorInformation = 1,
    SystemPerformanceInformation = 2,
    SystemTimeOfDayInformation = 3,
    SystemKernelDebuggerInformation = 35,
    SystemEmulationBasicInformation = 62,
    SystemEmulationProcessorInformation = 63,
};

static_assert(sizeof(SYSTEM_PERFORMANCE_INFORMATION) == 344);

template <class T> NTSTATUS give(const T& value, PVOID to, ULONG length, ULONG* needed) {
    if (needed && !write_parameter(needed, ULONG{sizeof(T)})) return STATUS_ACCESS_VIOLATION;
    if (length < sizeof(T)) return STATUS_INFO_LENGTH_MISMATCH;
    return exports::copy_out(to, &value, sizeof value) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

SYSTEM_BASIC_INFORMATION basic() {
    SYSTEM_BASIC_INFORMATION info{};
    info.TimerResolution = ke::tick_length;
    info.PageSize = mm::page_size;
    info.NumberOfPhysicalPages = 0x200000;
    info.LowestPhysicalPageNumber = host::ram::low_end >> mm::page_shift;
    info.HighestPhysicalPageNumber = static_cast<ULONG>(mm::highest_page());
    info.AllocationGranularity = mm::granularity;
    info.MinimumUserModeAddress = host::places::user_low;
    info.MaximumUserModeAddress = mm::highest_user_address;
    info.ActiveProcessorsAffinityMask = 1;
    info.NumberOfProcessors = 1;
    return info;
}

} // namespace

extern "C" NTSTATUS NtQuerySystemInformation(ULONG cls, PVOID information, ULONG length, ULONG* needed) {
    switch (cls) {
    case SystemBasicInformation:
    case SystemEmulationBasicInformation:
        return give(basic(), information, length, needed);
    case SystemProcessorInformation:
    case SystemEmulationProcessorInformation: {
        // assumed: family 6, as Intel's processors report it.
        const SYSTEM_PROCESSOR_INFORMATION info{9, 6, 0x5e03, 1, 0};
        return give(info, information, length, needed);
    }
    case SystemPerformanceInformation: {
        SYSTEM_PERFORMANCE_INFORMATION info{};
        const std::uint64_t free = mm::free_pages(mm::Zone::general), all = mm::zone_pages(mm::Zone::general);
        info.AvailablePages = static_cast<ULONG>(free);
        info.CommittedPages = info.PeakCommitment = static_cast<ULONG>(all - free);
        info.CommitLimit = static_cast<ULONG>(all);
        return give(info, information, length, needed);
    }
    case SystemTimeOfDayInformation: {
        SYSTEM_TIMEOFDAY_INFORMATION info{};
        info.BootTime.QuadPart = ke::boot_time();
        info.CurrentTime.QuadPart = ke::system_time();
        return give(info, information, length, needed);
    }
    case SystemKernelDebuggerInformation:
        return give(SYSTEM_KERNEL_DEBUGGER_INFORMATION{0, 1}, information, length, needed);
    case 11: // SystemModuleInformation
        return exports::query_modules(information, length, needed);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}
GATE(NtQuerySystemInformation);

extern "C" NTSTATUS NtQuerySystemTime(LARGE_INTEGER* time) {
    LARGE_INTEGER now;
    now.QuadPart = ke::system_time();
    return write_parameter(time, now) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtQuerySystemTime);

extern "C" NTSTATUS NtQueryPerformanceCounter(LARGE_INTEGER* counter, LARGE_INTEGER* frequency) {
    LARGE_INTEGER now, rate;
    now.QuadPart = static_cast<LONGLONG>(ke::interrupt_time());
    rate.QuadPart = static_cast<LONGLONG>(ke::performance_frequency);
    if (!write_parameter(counter, now) || (frequency && !write_parameter(frequency, rate)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}
GATE(NtQueryPerformanceCounter);

extern "C" NTSTATUS NtQueryTimerResolution(ULONG* coarsest, ULONG* finest, ULONG* current) {
    constexpr ULONG finest_possible = 5000; // 0.5 ms, as Windows 10 says on common hardware
    return write_parameter(coarsest, ULONG{ke::tick_length}) && write_parameter(finest, finest_possible) &&
                   write_parameter(current, ULONG{ke::tick_length})
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryTimerResolution);

// Milliseconds since boot, in steps of a tick.
extern "C" ULONG NtGetTickCount() { return static_cast<ULONG>(ke::tick_count() * ke::tick_length / 10'000); }
GATE(NtGetTickCount);

// English (United States) for everybody.
extern "C" NTSTATUS NtQueryDefaultLocale(BOOLEAN, ULONG* locale) {
    return write_parameter(locale, ULONG{0x409}) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryDefaultLocale);
