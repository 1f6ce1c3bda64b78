// Files from drivers: pages nf-ntifs-iocheckeabuffervalidity, nf-wdm-iovalidatedeviceiocontrolaccess …
#include "abi/ioctl.h"
#include "abi/status.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"

using namespace nt;

extern "C" NTSTATUS IoCheckEaBufferValidity(PVOID ea, ULONG length, ULONG* offset) {
    return io::check_ea_buffer(ea, length, offset);
}
GATE(IoCheckEaBufferValidity);

extern "C" GENERIC_MAPPING* IoGetFileObjectGenericMapping() {
    return &io::file_type->TypeInfo.GenericMapping;
}
GATE(IoGetFileObjectGenericMapping);

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
