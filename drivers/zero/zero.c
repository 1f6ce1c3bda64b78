// Zero: direct I/O at its smallest. What it promises is in zero.h.
//
// With DO_DIRECT_IO the I/O manager locks the caller's pages in memory and hands them over as an MDL. The
// driver asks for a system address of them, which is good in any thread and at any IRQL, and may be refused
// when memory is short. A length of zero comes without an MDL.
#include <ntddk.h>

#include "zero.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD zero_unload;
static DRIVER_DISPATCH zero_open_close;
static DRIVER_DISPATCH zero_read;
static DRIVER_DISPATCH zero_write;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI zero_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI zero_read(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    if (length == 0) return complete(irp, STATUS_SUCCESS, 0);
    PVOID to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    if (!to) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    RtlZeroMemory(to, length);
    return complete(irp, STATUS_SUCCESS, length);
}

static NTSTATUS NTAPI zero_write(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length);
}

static VOID NTAPI zero_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\Zero");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\Zero");
    RtlInitUnicodeString(&link, L"\\??\\Zero");
    PDEVICE_OBJECT device;
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= DO_DIRECT_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = zero_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = zero_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = zero_open_close;
    driver->MajorFunction[IRP_MJ_READ] = zero_read;
    driver->MajorFunction[IRP_MJ_WRITE] = zero_write;
    driver->DriverUnload = zero_unload;
    return STATUS_SUCCESS;
}
