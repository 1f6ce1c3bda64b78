// Files from drivers: wdm/ntddk/ntifs pages nf-wdm-iocheckshareaccess, nf-ntddk-iocreatefile …
#include "abi/ioctl.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"

using namespace nt;

extern "C" NTSTATUS IoCheckShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file,
                                       SHARE_ACCESS* state, BOOLEAN update) {
    return io::check_share_access(desired, share, file, state, update);
}
GATE(IoCheckShareAccess);
extern "C" void IoSetShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::set_share_access(desired, share, file, state);
}
GATE(IoSetShareAccess);
extern "C" void IoRemoveShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::remove_share_access(file, state);
}
GATE(IoRemoveShareAccess);
extern "C" void IoUpdateShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::update_share_access(file, state);
}
GATE(IoUpdateShareAccess);

extern "C" NTSTATUS IoCheckEaBufferValidity(PVOID ea, ULONG length, ULONG* offset) {
    return io::check_ea_buffer(ea, length, offset);
}
GATE(IoCheckEaBufferValidity);

extern "C" GENERIC_MAPPING* IoGetFileObjectGenericMapping() {
    return &io::file_type->TypeInfo.GenericMapping;
}
GATE(IoGetFileObjectGenericMapping);

// Named pipes and mailslots come with their drivers.
extern "C" NTSTATUS IoCreateFile(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* attributes,
                                 IO_STATUS_BLOCK* iosb, LARGE_INTEGER* allocation_size, ULONG file_attributes,
                                 ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_length,
                                 ULONG create_file_type, PVOID, ULONG io_options) {
    if (create_file_type != 0) return STATUS_NOT_SUPPORTED;
    return io::create_file({handle, desired, attributes, iosb, allocation_size, file_attributes, share,
                            disposition, options, ea, ea_length, io_options, nullptr},
                           exports::previous_mode());
}
GATE(IoCreateFile);

// The access bits of a control code against what the caller has: the driver knows better than the code says.
extern "C" NTSTATUS IoValidateDeviceIoControlAccess(IRP* irp, ULONG required) {
    const IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation;
    if (required & ~(FILE_READ_ACCESS | FILE_WRITE_ACCESS)) return STATUS_INVALID_PARAMETER;
    if (location->MajorFunction != IRP_MJ_DEVICE_CONTROL &&
        location->MajorFunction != IRP_MJ_FILE_SYSTEM_CONTROL)
        return STATUS_INVALID_PARAMETER;
    if (irp->RequestorMode == KernelMode) return STATUS_SUCCESS;
    if ((required & FILE_READ_ACCESS) && !(location->Flags & SL_READ_ACCESS_GRANTED))
        return STATUS_ACCESS_DENIED;
    if ((required & FILE_WRITE_ACCESS) && !(location->Flags & SL_WRITE_ACCESS_GRANTED))
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}
GATE(IoValidateDeviceIoControlAccess);
