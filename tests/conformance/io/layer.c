// A filter above the Answers driver that passes everything on and looks at it on its way back. Loaded several
// times it makes a stack as high as one likes.
#include <ntddk.h>

typedef struct {
    PDEVICE_OBJECT below;
    LONG passed, returned;
} LAYER;

static NTSTATUS NTAPI back(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(context);
    InterlockedIncrement(&((LAYER*)device->DeviceExtension)->returned);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS NTAPI pass(PDEVICE_OBJECT device, PIRP irp) {
    LAYER* layer = device->DeviceExtension;
    InterlockedIncrement(&layer->passed);
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_POWER) PoStartNextPowerIrp(irp);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, back, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(layer->below, irp);
}

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    PDEVICE_OBJECT device = driver->DeviceObject;
    LAYER* layer = device->DeviceExtension;
    DbgPrint("%wZ: %d passed, %d returned\n", &driver->DriverName, layer->passed, layer->returned);
    IoDetachDevice(layer->below);
    IoDeleteDevice(device);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(path);
    UNICODE_STRING name;
    PDEVICE_OBJECT device;
    RtlInitUnicodeString(&name, L"\\Device\\Answers");
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = pass;
    driver->DriverUnload = unload;
    NTSTATUS status = IoCreateDevice(driver, sizeof(LAYER), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    LAYER* layer = device->DeviceExtension;
    status = IoAttachDevice(device, &name, &layer->below);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= layer->below->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
