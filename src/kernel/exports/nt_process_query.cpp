// What a process is asked about itself: nf-winternl-ntqueryinformationprocess,
// nf-processthreadsapi-getprocesstimes …
#include "abi/status.h"
#include "abi/thread.h"
#include "host/utf16.h"
#include "kernel/exports/process_handle.h"
#include "kernel/mm/address_space.h"
#include "kernel/ps/quota.h"
#include "kernel/ps/times.h"
#include <cstring>

using namespace nt;
using exports::TargetProcess;
using exports::write_parameter;

namespace {

struct VM_COUNTERS {
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage,
        QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage, PagefileUsage, PeakPagefileUsage;
};

struct Answer {
    PVOID to;
    ULONG length;
    ULONG* needed;

    // Fixed-size classes want exactly their size.
    template <class T> NTSTATUS give(const T& value) const {
        static_assert(std::is_trivially_copyable_v<T>);
        if (length != sizeof(T)) return wrong_length(sizeof(T), STATUS_INFO_LENGTH_MISMATCH);
        if (!exports::copy_out(to, &value, sizeof value)) return STATUS_ACCESS_VIOLATION;
        return needed && !write_parameter(needed, ULONG{sizeof value}) ? STATUS_ACCESS_VIOLATION
                                                                       : STATUS_SUCCESS;
    }
    // A UNICODE_STRING with its characters behind it.
    NTSTATUS give(std::u16string_view text) const {
        const auto bytes = static_cast<USHORT>(text.size() * 2);
        const ULONG total = sizeof(UNICODE_STRING) + bytes + 2u;
        if (length < total) return wrong_length(total, STATUS_INFO_LENGTH_MISMATCH);
        const auto at = [&](SIZE_T offset) { // anywhere, also where addresses end
            return reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(to) + offset);
        };
        const UNICODE_STRING string{bytes, static_cast<USHORT>(bytes + 2),
                                    static_cast<WCHAR*>(at(sizeof(UNICODE_STRING)))};
        const WCHAR end = 0;
        if (!exports::copy_out(to, &string, sizeof string) ||
            !exports::copy_out(at(sizeof string), text.data(), bytes) ||
            !exports::copy_out(at(sizeof string + bytes), &end, sizeof end))
            return STATUS_ACCESS_VIOLATION;
        return needed && !write_parameter(needed, total) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
    }
    NTSTATUS wrong_length(ULONG want, NTSTATUS status) const {
        return needed && !write_parameter(needed, want) ? STATUS_ACCESS_VIOLATION : status;
    }
};

std::u16string path_of(const ps::Process& process) {
    return process.path ? host::utf16(*process.path) : std::u16string();
}

} // namespace

extern "C" NTSTATUS NtQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS cls, PVOID information,
                                              ULONG length, ULONG* needed) {
    TargetProcess target;
    if (const NTSTATUS status = target.open(handle, PROCESS_QUERY_LIMITED_INFORMATION, false);
        !NT_SUCCESS(status))
        return status;
    const ps::Process& process = *target;
    const Answer answer{information, length, needed};
    switch (cls) {
    case ProcessBasicInformation: {
        PROCESS_BASIC_INFORMATION info{};
        // While its last threads are ending it has not terminated yet.
        info.ExitStatus =
            process.Pcb.Header.SignalState ? process.ExitStatus : static_cast<NTSTATUS>(STATUS_PENDING);
        info.PebBaseAddress = process.Peb;
        info.AffinityMask = process.affinity;
        info.BasePriority = process.Pcb.BasePriority;
        info.UniqueProcessId = reinterpret_cast<ULONG_PTR>(process.UniqueProcessId);
        info.InheritedFromUniqueProcessId = reinterpret_cast<ULONG_PTR>(process.InheritedFromUniqueProcessId);
        return answer.give(info);
    }
    case ProcessVmCounters: {
        VM_COUNTERS info{};
        if (process.space) {
            info.PagefileUsage = info.PeakPagefileUsage = process.space->committed_pages() << mm::page_shift;
            info.WorkingSetSize = info.PeakWorkingSetSize = info.PagefileUsage; // nothing is paged out
            for (const mm::Vad& vad : process.space->vads())
                info.VirtualSize += vad.size;
            info.PeakVirtualSize = info.VirtualSize;
        }
        info.QuotaNonPagedPoolUsage = process.ProcessQuotaUsage[ps::nonpaged_quota];
        info.QuotaPeakNonPagedPoolUsage = process.ProcessQuotaPeak[ps::nonpaged_quota];
        info.QuotaPagedPoolUsage = process.ProcessQuotaUsage[ps::paged_quota];
        info.QuotaPeakPagedPoolUsage = process.ProcessQuotaPeak[ps::paged_quota];
        return answer.give(info);
    }
    case ProcessQuotaLimits: {
        const QUOTA_LIMITS_EX info = ps::quota_limits_of(process);
        if (length == sizeof info) return answer.give(info);
        QUOTA_LIMITS plain;
        std::memcpy(&plain, &info, sizeof plain);
        return answer.give(plain);
    }
    case ProcessIoCounters: {
        const auto& n = process.io_operations;
        const auto& bytes = process.io_transfers;
        return answer.give(IO_COUNTERS{n[0], n[1], n[2], bytes[0], bytes[1], bytes[2]});
    }
    case ProcessTimes:
        return answer.give(ps::times_of(*target));
    case ProcessCycleTime:
        return answer.give(ps::cycles_of(ps::times_of(*target)));
    case ProcessDebugPort:
        return answer.give(ULONG_PTR{0});
    case ProcessDebugObjectHandle:
        return STATUS_PORT_NOT_SET;
    case ProcessDebugFlags:
        return answer.give(ULONG{1});
    case ProcessDefaultHardErrorMode:
        return answer.give(process.error_mode);
    case ProcessPriorityClass: {
        struct {
            BOOLEAN Foreground;
            UCHAR PriorityClass;
        } info{0, process.PriorityClass};
        return answer.give(info);
    }
    case ProcessHandleCount:
        return answer.give(
            ULONG{process.ObjectTable ? static_cast<ob::HandleTable*>(process.ObjectTable)->count() : 0});
    case ProcessAffinityMask:
        return answer.give(process.affinity);
    case ProcessPriorityBoost:
        return answer.give(ULONG{process.boosts_disabled});
    case ProcessSessionInformation:
        return answer.give(ULONG{process.space ? 1u : 0u});
    case ProcessWow64Information:
        return answer.give(ULONG_PTR{0});
    case ProcessBreakOnTermination:
        return answer.give(ULONG{0});
    case ProcessCookie:
        if (&process != ps::current_process()) return STATUS_INVALID_PARAMETER;
        return answer.give(process.cookie);
    case ProcessImageFileName: { // the device path of the same file
        std::u16string path = path_of(process);
        if (!path.empty()) path = u"\\Device\\HarddiskVolume1" + path.substr(2);
        return answer.give(std::u16string_view(path));
    }
    case ProcessImageFileNameWin32:
        return answer.give(std::u16string_view(path_of(process)));
    case ProcessCommandLineInformation:
        return answer.give(std::u16string_view(ps::command_line_of(process)));
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}
GATE(NtQueryInformationProcess);
