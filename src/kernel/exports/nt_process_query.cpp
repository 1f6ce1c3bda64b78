// What a process is asked about itself: nf-winternl-ntqueryinformationprocess,
// nf-processthreadsapi-getprocesstimes …
#include "abi/status.h"
#include "abi/thread.h"
#include "host/utf16.h"
#include "kernel/exports/information_classes.h"
#include "kernel/exports/process_handle.h"
#include "kernel/exports/process_image.h"
#include "kernel/io/device.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/quota.h"
#include "kernel/ps/times.h"
#include <cstring>
#include <vector>

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
    // As many bytes as there are, or more room.
    NTSTATUS give(const std::vector<UCHAR>& bytes) const {
        const auto size = static_cast<ULONG>(bytes.size());
        if (length < size) return wrong_length(size, STATUS_INFO_LENGTH_MISMATCH);
        if (!exports::copy_out(to, bytes.data(), size)) return STATUS_ACCESS_VIOLATION;
        return needed && !write_parameter(needed, size) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
    }
    NTSTATUS wrong_length(ULONG want, NTSTATUS status) const {
        return needed && !write_parameter(needed, want) ? STATUS_ACCESS_VIOLATION : status;
    }
};

std::u16string path_of(const ps::Process& process) {
    return process.path ? host::utf16(*process.path) : std::u16string();
}

// PROCESS_DEVICEMAP_INFORMATION: drive letters of \?? and what lies behind them (DOSDEVICE_DRIVE_*).
struct DeviceMapInformation {
    ULONG DriveMap;
    UCHAR DriveType[32];
};

// The device that a link leads to, not opened; null: none, or another link. It stays as long as nobody runs.
const DEVICE_OBJECT* device_behind(const ob::OBJECT_SYMBOLIC_LINK& link) {
    const std::u16string_view target{link.LinkTarget.Buffer, link.LinkTarget.Length / sizeof(WCHAR)};
    const auto slash = target.rfind(u'\\');
    if (slash == target.npos || slash == 0) return nullptr;
    const auto string = [](std::u16string_view text) {
        const auto bytes = static_cast<USHORT>(text.size() * sizeof(WCHAR));
        return UNICODE_STRING{bytes, bytes, const_cast<WCHAR*>(text.data())};
    };
    PVOID directory;
    if (!NT_SUCCESS(ob::reference_by_name(string(target.substr(0, slash)), OBJ_CASE_INSENSITIVE,
                                          ob::directory_type, KernelMode, nullptr, &directory)))
        return nullptr;
    PVOID found =
        ob::find_in(static_cast<OBJECT_DIRECTORY*>(directory), string(target.substr(slash + 1)), true);
    ob::dereference(directory);
    return found && ob::type_of(found) == io::device_type ? static_cast<DEVICE_OBJECT*>(found) : nullptr;
}

UCHAR drive_type(const DEVICE_OBJECT* device) {
    enum : UCHAR { unknown = 0, removable = 2, fixed = 3, remote = 4, cdrom = 5, ramdisk = 6 };
    switch (device ? device->DeviceType : 0) {
    case FILE_DEVICE_DISK:
        return device->Characteristics & FILE_REMOVABLE_MEDIA ? removable : fixed;
    case FILE_DEVICE_CD_ROM:
        return cdrom;
    case FILE_DEVICE_NETWORK_FILE_SYSTEM:
        return remote;
    case FILE_DEVICE_VIRTUAL_DISK:
        return ramdisk;
    default:
        return unknown;
    }
}

DeviceMapInformation drives_of(const EPROCESS& process) {
    DeviceMapInformation info{};
    const auto* map = static_cast<const DEVICE_MAP*>(process.DeviceMap);
    for (ULONG i = 0; i < 26; i++) {
        WCHAR letters[] = {static_cast<WCHAR>(u'A' + i), u':'};
        const UNICODE_STRING name{sizeof letters, sizeof letters, letters};
        PVOID object = map ? ob::find_in(map->DosDevicesDirectory, name, true) : nullptr;
        if (!object) object = ob::find_in(ob::global_dos_devices, name, true);
        if (!object || ob::type_of(object) != ob::symbolic_link_type) continue;
        info.DriveMap |= 1u << i;
        info.DriveType[i] = drive_type(device_behind(*static_cast<ob::OBJECT_SYMBOLIC_LINK*>(object)));
    }
    return info;
}

// PROCESS_HANDLE_SNAPSHOT_INFORMATION.
std::vector<UCHAR> handles_of(const ps::Process& process) {
    struct Head {
        ULONG_PTR NumberOfHandles, Reserved;
    } head{};
    struct Entry {
        HANDLE HandleValue;
        ULONG_PTR HandleCount, PointerCount;
        ULONG GrantedAccess, ObjectTypeIndex, HandleAttributes, Reserved;
    };
    std::vector<UCHAR> bytes(sizeof head);
    if (process.ObjectTable)
        static_cast<const ob::HandleTable*>(process.ObjectTable)
            ->for_each(
                [](void* to, ULONG_PTR value, const ob::HandleEntry& handle) {
                    const OBJECT_HEADER& header = *handle.object;
                    const Entry entry{reinterpret_cast<HANDLE>(value),
                                      static_cast<ULONG_PTR>(header.HandleCount),
                                      static_cast<ULONG_PTR>(header.PointerCount),
                                      handle.access,
                                      ob::type_of(ob::body_of(handle.object))->Index,
                                      handle.attributes & (OBJ_INHERIT | ob::handle_protected),
                                      0};
                    const auto* at = reinterpret_cast<const UCHAR*>(&entry);
                    auto& all = *static_cast<std::vector<UCHAR>*>(to);
                    all.insert(all.end(), at, at + sizeof entry);
                },
                &bytes);
    head.NumberOfHandles = (bytes.size() - sizeof head) / sizeof(Entry);
    std::memcpy(bytes.data(), &head, sizeof head);
    return bytes;
}

} // namespace

extern "C" NTSTATUS NtQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS cls, PVOID information,
                                              ULONG length, ULONG* needed) {
    TargetProcess target;
    const ACCESS_MASK access = cls == exports::ProcessHandleInformation ? PROCESS_QUERY_INFORMATION
                                                                        : PROCESS_QUERY_LIMITED_INFORMATION;
    if (const NTSTATUS status = target.open(handle, access, false); !NT_SUCCESS(status)) return status;
    const ps::Process& process = *target;
    const Answer answer{information, length, needed};
    switch (static_cast<ULONG>(cls)) {
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
        return answer.give(ps::session_of(process));
    case ProcessWow64Information:
        return answer.give(ULONG_PTR{0});
    case ProcessBreakOnTermination:
        return answer.give(ULONG{process.critical});
    case ProcessDeviceMap:
        return answer.give(drives_of(process));
    case ProcessImageInformation:
        return answer.give(exports::image_information_of(process));
    case exports::ProcessHandleInformation:
        return answer.give(handles_of(process));
    case exports::ProcessMemoryPriority:
        return answer.give(ULONG{exports::normal_page_priority} - process.lower_page_priority);
    case exports::ProcessProtectionInformation: // PS_PROTECTION: PsProtectedTypeNone
        return answer.give(UCHAR{0});
    case exports::ProcessSubsystemInformation: // SubsystemInformationTypeWin32
        return answer.give(ULONG{0});
    case exports::ProcessPowerThrottlingState:
        return answer.give(exports::PowerThrottlingState{1, process.throttling_control, process.throttling});
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
