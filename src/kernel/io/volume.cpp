// NtQueryVolumeInformationFile and NtSetVolumeInformationFile: what a device is the I/O manager knows, what
// is on it its driver.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/information_classes.h"
#include "kernel/io/detail/request.h"
#include <cstring>

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

NTSTATUS query(detail::Request& request, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = detail::check_query(request, detail::query_volume_facts(info_class), buffer, length);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    if (info_class == FileFsDeviceInformation) return give_device(request, buffer);
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
