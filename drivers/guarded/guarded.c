// Guarded: a device that says who may open it. Administrators may write what everyone may read:
// "D:P(A;;GA;;;SY) (A;;GRGWGX;;;BA)(A;;GR;;;WD)". Reads are empty, writes are swallowed. See
// docs/who-may-open-my-device.md.
#include <ntddk.h>

#include <wdmsec.h>

// {5f2d7f0e-6a5c-4c33-9a0f-0f6a6f1f9a31}: the administrator may set other properties below this class.
static const GUID class_guid = {0x5f2d7f0e, 0x6a5c, 0x4c33, {0x9a, 0x0f, 0x0f, 0x6a, 0x6f, 0x1f, 0x9a, 0x31}};

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD guarded_unload;
static DRIVER_DISPATCH guarded_dispatch;

static NTSTATUS NTAPI guarded_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    irp->IoStatus.Information = stack->MajorFunction == IRP_MJ_WRITE ? stack->Parameters.Write.Length : 0;
    NTSTATUS status = stack->MajorFunction == IRP_MJ_READ ? STATUS_END_OF_FILE : STATUS_SUCCESS;
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static VOID NTAPI guarded_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\DosDevices\\Guarded");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    RtlInitUnicodeString(&name, L"\\Device\\Guarded");
    RtlInitUnicodeString(&link, L"\\DosDevices\\Guarded");
    NTSTATUS status = IoCreateDeviceSecure(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
                                           FALSE, &SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R, &class_guid, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = guarded_dispatch;
    driver->MajorFunction[IRP_MJ_CLOSE] = guarded_dispatch;
    driver->MajorFunction[IRP_MJ_READ] = guarded_dispatch;
    driver->MajorFunction[IRP_MJ_WRITE] = guarded_dispatch;
    driver->DriverUnload = guarded_unload;
    return STATUS_SUCCESS;
}
