// The Null device: a sink for writes, an empty file for reads.
//
// \Device\Null; the Win32 name NUL is a link that the session manager makes from its list of DOS devices, so
// this driver makes none. The device asks for neither buffered nor direct I/O: it never looks at a caller's
// buffer, so nothing needs to be copied or locked for it. Majors that are not set here are completed by the
// I/O manager with STATUS_INVALID_DEVICE_REQUEST.
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD null_unload;
static DRIVER_DISPATCH null_open_close;
static DRIVER_DISPATCH null_read;
static DRIVER_DISPATCH null_write;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI null_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI null_read(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_END_OF_FILE, 0);
}

static NTSTATUS NTAPI null_write(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length);
}

static VOID NTAPI null_unload(PDRIVER_OBJECT driver) { IoDeleteDevice(driver->DeviceObject); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\Null");
    PDEVICE_OBJECT device;
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_NULL, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    driver->MajorFunction[IRP_MJ_CREATE] = null_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = null_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = null_open_close;
    driver->MajorFunction[IRP_MJ_READ] = null_read;
    driver->MajorFunction[IRP_MJ_WRITE] = null_write;
    driver->DriverUnload = null_unload;
    return STATUS_SUCCESS;
}
