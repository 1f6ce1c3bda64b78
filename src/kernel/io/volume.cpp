// NtQueryVolumeInformationFile and NtSetVolumeInformationFile: what a device is the I/O manager knows, what
// is on it its driver.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/information_classes.h"
#include "kernel/io/detail/request.h"
#include "kernel/ob/namespace.h"
#include "rtl/strings.h"
#include <cstring>
#include <string>

namespace nt::io {

namespace {

NTSTATUS give_device(detail::Request& request, PVOID buffer) {
    const DEVICE_OBJECT* device = request.file->DeviceObject;
    const bool mounted = device->Vpb && (device->Vpb->Flags & VPB_MOUNTED);
    const FILE_FS_DEVICE_INFORMATION value{device->DeviceType,
                                           device->Characteristics | (mounted ? FILE_DEVICE_IS_MOUNTED : 0)};
    if (!guest::write(reinterpret_cast<ULONG_PTR>(buffer), value))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    return request.answer(STATUS_SUCCESS, sizeof value);
}

// assumed: the name is the driver object's, with its directory or without.
bool is_driver_in_path(const detail::Request& request, const UNICODE_STRING& name) {
    DeviceWalk walk("AttachedTo");
    for (DEVICE_OBJECT* d = request.device; d; d = walk.to(attached_to(d))) {
        WCHAR text[256];
        UNICODE_STRING full{0, sizeof text, text};
        if (!NT_SUCCESS(ob::query_name(d->DriverObject, full)) || full.Length > sizeof text) continue;
        const std::u16string_view path(text, full.Length / sizeof(WCHAR));
        const std::u16string_view last = path.substr(path.rfind(u'\\') + 1);
        for (const std::u16string_view candidate : {path, last}) {
            const auto bytes = static_cast<USHORT>(candidate.size() * sizeof(WCHAR));
            if (rtl::equal(name, {bytes, bytes, const_cast<WCHAR*>(candidate.data())}, true)) return true;
        }
    }
    return false;
}

// ns-ntifs-_file_fs_driver_path_information: "does not cause an IRP to be sent to the file system".
NTSTATUS give_driver_path(detail::Request& request, PVOID buffer, ULONG length) {
    using Information = FILE_FS_DRIVER_PATH_INFORMATION;
    constexpr ULONG head = offsetof(Information, DriverName);
    const auto at = reinterpret_cast<ULONG_PTR>(buffer);
    const auto bytes = guest::read<ULONG>(at + offsetof(Information, DriverNameLength));
    if (!bytes) return request.abandon(STATUS_ACCESS_VIOLATION);
    if (*bytes > length - head || *bytes % sizeof(WCHAR)) return request.abandon(STATUS_INVALID_PARAMETER);
    if (*bytes > 0xfffe) return request.abandon(STATUS_NAME_TOO_LONG);
    std::u16string name(*bytes / sizeof(WCHAR), 0);
    if (!guest::copy_from(name.data(), at + head, *bytes)) return request.abandon(STATUS_ACCESS_VIOLATION);
    const auto size = static_cast<USHORT>(*bytes);
    const bool found = is_driver_in_path(request, {size, size, name.data()});
    if (!guest::write<BOOLEAN>(at, found)) return request.abandon(STATUS_ACCESS_VIOLATION);
    return request.answer(STATUS_SUCCESS, head + *bytes);
}

NTSTATUS query(detail::Request& request, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = detail::check_query(request, detail::query_volume_facts(info_class), buffer, length);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    if (info_class == FileFsDeviceInformation) return give_device(request, buffer);
    // "only FileFsDeviceInformation can be specified" (ZwQueryVolumeInformationFile). assumed: the status
    if (request.file->Flags & FO_DIRECT_DEVICE_OPEN) return request.abandon(STATUS_INVALID_DEVICE_REQUEST);
    if (info_class == FileFsDriverPathInformation) return give_driver_path(request, buffer, length);
    status = request.new_irp(IRP_MJ_QUERY_VOLUME_INFORMATION);
    if (NT_SUCCESS(status)) status = request.system_buffer(length, nullptr, 0);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    request.irp->UserBuffer = buffer;
    request.irp->Flags |= IRP_INPUT_OPERATION;
    std::memset(request.irp->AssociatedIrp.SystemBuffer, 0, length);
    auto& parameters = request.location()->Parameters.QueryVolume;
    parameters.Length = length;
    parameters.FsInformationClass = static_cast<FS_INFORMATION_CLASS>(info_class);
    return request.issue_and_wait();
}

} // namespace

NTSTATUS query_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                  ULONG info_class, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    const NTSTATUS status = request.begin(0);
    return NT_SUCCESS(status) ? query(request, buffer, length, info_class) : request.abandon(status);
}

NTSTATUS query_volume_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class,
                                     ULONG_PTR& information) {
    return detail::with_status_block(information, [&](const Caller& caller) {
        detail::Request request(caller);
        request.begin_object(file);
        return query(request, buffer, length, info_class);
    });
}

NTSTATUS set_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                ULONG info_class, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status))
        status = detail::check_set(request, detail::set_volume_facts(info_class), buffer, length);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(IRP_MJ_SET_VOLUME_INFORMATION);
    if (status == STATUS_SUCCESS) status = request.system_buffer(length, buffer, length);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    auto& parameters = request.location()->Parameters.SetVolume;
    parameters.Length = length;
    parameters.FsInformationClass = static_cast<FS_INFORMATION_CLASS>(info_class);
    return request.issue_and_wait();
}

} // namespace nt::io
