// What the system says of itself: nf-winternl-ntquerysysteminformation, time, locale. All numbers are the
// machine's, none the host's.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/processor_topology.h"
#include "kernel/exports/system_modules.h"
#include "kernel/exports/system_processes.h"
#include "kernel/ke/accounting.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/timer.h"
#include "kernel/mm/physical.h"
#include "kernel/mm/probe.h"
#include <vector>

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

struct SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION {
    LARGE_INTEGER IdleTime, KernelTime, UserTime, DpcTime, InterruptTime;
    ULONG InterruptCount;
};

enum Class : ULONG {
    SystemBasicInformation = 0,
    SystemProcessorInformation = 1,
    SystemPerformanceInformation = 2,
    SystemTimeOfDayInformation = 3,
    SystemProcessorPerformanceInformation = 8,
    SystemKernelDebuggerInformation = 35,
    SystemEmulationBasicInformation = 62,
    SystemEmulationProcessorInformation = 63,
    SystemLogicalProcessorAndGroupInformation = 107,
};

static_assert(sizeof(SYSTEM_PERFORMANCE_INFORMATION) == 344);

NTSTATUS give_bytes(const void* from, std::size_t size, PVOID to, ULONG length, ULONG* needed) {
    if (needed && !write_parameter(needed, static_cast<ULONG>(size))) return STATUS_ACCESS_VIOLATION;
    if (length < size) return STATUS_INFO_LENGTH_MISMATCH;
    return exports::copy_out(to, from, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
template <class T> NTSTATUS give(const std::vector<T>& values, PVOID to, ULONG length, ULONG* needed) {
    return give_bytes(values.data(), values.size() * sizeof(T), to, length, needed);
}
template <class T> NTSTATUS give(const T& value, PVOID to, ULONG length, ULONG* needed) {
    return give_bytes(&value, sizeof value, to, length, needed);
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
    info.ActiveProcessorsAffinityMask = ke::all_processors();
    info.NumberOfProcessors = static_cast<CHAR>(ke::processor_count());
    return info;
}

// The kernel's time contains idling, as on Windows.
std::vector<SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION> processor_times() {
    std::vector<SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION> all(ke::processor_count());
    for (ULONG i = 0; i < ke::processor_count(); i++) {
        const ke::Account account = ke::account_of(i);
        auto& info = all[i];
        info.IdleTime.QuadPart = static_cast<LONGLONG>(account.idle);
        info.DpcTime.QuadPart = static_cast<LONGLONG>(account.dpc);
        info.InterruptTime.QuadPart = static_cast<LONGLONG>(account.interrupt);
        info.KernelTime.QuadPart = static_cast<LONGLONG>(account.idle + account.dpc + account.interrupt);
        info.UserTime.QuadPart = static_cast<LONGLONG>(account.thread);
        info.InterruptCount = static_cast<ULONG>(ke::dpc_counts(i).interrupts);
    }
    return all;
}

} // namespace

extern "C" NTSTATUS NtQuerySystemInformationEx(ULONG cls, const void* input, ULONG input_length,
                                               PVOID information, ULONG length, ULONG* needed) {
    if (cls != SystemLogicalProcessorAndGroupInformation) return STATUS_INVALID_INFO_CLASS;
    ULONG relationship;
    if (input_length != sizeof relationship) return STATUS_INVALID_PARAMETER;
    if (!exports::copy_in(&relationship, input, sizeof relationship)) return STATUS_ACCESS_VIOLATION;
    return give(exports::describe_processors(relationship, ke::all_processors()), information, length,
                needed);
}
GATE(NtQuerySystemInformationEx);

extern "C" NTSTATUS NtQuerySystemInformation(ULONG cls, PVOID information, ULONG length, ULONG* needed) {
    switch (cls) {
    case SystemBasicInformation:
    case SystemEmulationBasicInformation:
        return give(basic(), information, length, needed);
    case SystemProcessorInformation:
    case SystemEmulationProcessorInformation: {
        // assumed: family 6, as Intel's processors report it.
        const SYSTEM_PROCESSOR_INFORMATION info{9, 6, 0x5e03, static_cast<USHORT>(ke::processor_count()), 0};
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
    case SystemProcessorPerformanceInformation:
        return give(processor_times(), information, length, needed);
    case 5: // SystemProcessInformation
        return exports::query_processes(information, length, needed);
    case 16: // SystemHandleInformation
        return exports::query_handles(information, length, needed);
    case 64: // SystemExtendedHandleInformation
        return exports::query_handles_extended(information, length, needed);
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

// Milliseconds since boot, in steps of a tick.
extern "C" ULONG NtGetTickCount() { return static_cast<ULONG>(ke::tick_count() * ke::tick_length / 10'000); }
GATE(NtGetTickCount);

// English (United States) for everybody.
extern "C" NTSTATUS NtQueryDefaultLocale(BOOLEAN, ULONG* locale) {
    return write_parameter(locale, ULONG{0x409}) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryDefaultLocale);
