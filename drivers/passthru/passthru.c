// Passthru: a filter that attaches above any named device and passes everything down, in one of two
// documented ways.
//
// A program tells it where, over the control device (passthru.h). Each attachment is a filter device of its
// own, with the flags of the device below, so that buffers arrive as that device expects them. Skip mode
// leaves no trace in the IRP; copy mode gives the next driver its own stack location and sees the request
// again in a completion routine.
//
// Life time: a filter device is detached by request or at unload, after the count of requests inside it has
// fallen to zero. The count includes requests whose completion routine is still to come. In skip mode the IRP
// does not know this device, so the count falls when the call down returns. PnP removal follows the
// documented order: pass down first, then detach, then delete.
#include <ntddk.h>

#include "passthru.h"

enum kind { CONTROL, FILTER };

typedef struct {
    enum kind kind;
    PDEVICE_OBJECT self;
    PDEVICE_OBJECT lower; // the device that was on top when we attached
    LIST_ENTRY link;      // in filters, newest first
    volatile LONG inside; // requests in this device, plus one while it is attached
    KEVENT empty;         // set when inside reaches zero
} EXTENSION;

static FAST_MUTEX filters_lock;
static LIST_ENTRY filters;
static volatile LONG mode, passed, completed, devices;
static PDEVICE_OBJECT control;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD passthru_unload;
static DRIVER_DISPATCH passthru_dispatch;
static DRIVER_DISPATCH passthru_power;
static DRIVER_DISPATCH passthru_pnp;
static DRIVER_DISPATCH passthru_control;
static IO_COMPLETION_ROUTINE passthru_completed;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static void leave(EXTENSION* filter) {
    if (InterlockedDecrement(&filter->inside) == 0) KeSetEvent(&filter->empty, IO_NO_INCREMENT, FALSE);
}

// Runs at IRQL <= DISPATCH_LEVEL in any thread. The pending mark has to go up the stack by hand when a
// routine is set.
static NTSTATUS NTAPI passthru_completed(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    InterlockedIncrement(&completed);
    leave(context);
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS NTAPI passthru_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* filter = device->DeviceExtension;
    if (filter->kind == CONTROL) {
        UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
        BOOLEAN open_close = major == IRP_MJ_CREATE || major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE;
        return complete(irp, open_close ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    InterlockedIncrement(&passed);
    InterlockedIncrement(&filter->inside);
    if (mode == PASSTHRU_MODE_COPY) {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, passthru_completed, filter, TRUE, TRUE, TRUE);
        return IoCallDriver(filter->lower, irp);
    }
    IoSkipCurrentIrpStackLocation(irp);
    NTSTATUS status = IoCallDriver(filter->lower, irp);
    leave(filter);
    return status;
}

// A filter passes every power request down. Since Windows Vista with IoCallDriver, and without
// PoStartNextPowerIrp.
static NTSTATUS NTAPI passthru_power(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* filter = device->DeviceExtension;
    if (filter->kind == CONTROL) return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(filter->lower, irp);
}

// Takes the filter out of the list; FALSE: somebody else did it before.
static BOOLEAN unlist(EXTENSION* filter) {
    ExAcquireFastMutex(&filters_lock);
    BOOLEAN listed = !IsListEmpty(&filter->link);
    if (listed) {
        RemoveEntryList(&filter->link);
        InitializeListHead(&filter->link);
        InterlockedDecrement(&devices);
    }
    ExReleaseFastMutex(&filters_lock);
    return listed;
}

static void detach(EXTENSION* filter) {
    IoDetachDevice(filter->lower);
    leave(filter);
    KeWaitForSingleObject(&filter->empty, Executive, KernelMode, FALSE, NULL);
    IoDeleteDevice(filter->self);
}

static NTSTATUS NTAPI passthru_pnp(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* filter = device->DeviceExtension;
    if (filter->kind == CONTROL) return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    BOOLEAN removal = IoGetCurrentIrpStackLocation(irp)->MinorFunction == IRP_MN_REMOVE_DEVICE;
    IoSkipCurrentIrpStackLocation(irp);
    NTSTATUS status = IoCallDriver(filter->lower, irp);
    if (removal && unlist(filter)) detach(filter);
    return status;
}

static NTSTATUS attach(PDRIVER_OBJECT driver, PUNICODE_STRING target_name) {
    PFILE_OBJECT file;
    PDEVICE_OBJECT target, device;
    NTSTATUS status = IoGetDeviceObjectPointer(target_name, FILE_READ_ATTRIBUTES, &file, &target);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateDevice(driver, sizeof(EXTENSION), NULL, target->DeviceType,
                            target->Characteristics & FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (NT_SUCCESS(status)) {
        EXTENSION* filter = device->DeviceExtension;
        filter->kind = FILTER;
        filter->self = device;
        filter->inside = 1;
        KeInitializeEvent(&filter->empty, NotificationEvent, FALSE);
        device->Flags |= target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        status = IoAttachDeviceToDeviceStackSafe(device, target, &filter->lower);
        if (NT_SUCCESS(status)) {
            ExAcquireFastMutex(&filters_lock);
            InsertHeadList(&filters, &filter->link);
            InterlockedIncrement(&devices);
            ExReleaseFastMutex(&filters_lock);
            device->Flags &=
                ~DO_DEVICE_INITIALIZING; // the I/O manager does it only for devices made in DriverEntry
        } else {
            IoDeleteDevice(device);
        }
    }
    ObDereferenceObject(file); // the attachment keeps the target, the file object is no longer needed
    return status;
}

static BOOLEAN detach_newest(void) {
    EXTENSION* newest = NULL;
    ExAcquireFastMutex(&filters_lock);
    if (!IsListEmpty(&filters)) newest = CONTAINING_RECORD(filters.Flink, EXTENSION, link);
    ExReleaseFastMutex(&filters_lock);
    if (!newest || !unlist(newest)) return FALSE;
    detach(newest);
    return TRUE;
}

static NTSTATUS NTAPI passthru_control(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* extension = device->DeviceExtension;
    if (extension->kind != CONTROL) return passthru_dispatch(device, irp);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_PASSTHRU_ATTACH: {
        if (in < sizeof(WCHAR) || in % sizeof(WCHAR) || in > 0x8000)
            return complete(irp, STATUS_INVALID_PARAMETER, 0);
        UNICODE_STRING name = {(USHORT)in, (USHORT)in, buffer};
        if (name.Buffer[in / sizeof(WCHAR) - 1] == 0) name.Length -= sizeof(WCHAR);
        return complete(irp, attach(device->DriverObject, &name), 0);
    }
    case IOCTL_PASSTHRU_DETACH:
        return complete(irp, detach_newest() ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES, 0);
    case IOCTL_PASSTHRU_SET_MODE:
        if (in != sizeof(ULONG) || *(ULONG*)buffer > PASSTHRU_MODE_COPY)
            return complete(irp, STATUS_INVALID_PARAMETER, 0);
        InterlockedExchange(&mode, (LONG) * (ULONG*)buffer);
        return complete(irp, STATUS_SUCCESS, 0);
    case IOCTL_PASSTHRU_QUERY: {
        if (out < sizeof(PASSTHRU_COUNTS)) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        PASSTHRU_COUNTS counts = {(ULONG)devices, (ULONG)mode, (ULONG)passed, (ULONG)completed};
        *(PASSTHRU_COUNTS*)buffer = counts;
        return complete(irp, STATUS_SUCCESS, sizeof(counts));
    }
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static VOID NTAPI passthru_unload(PDRIVER_OBJECT driver) {
    UNREFERENCED_PARAMETER(driver);
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\PassthruControl");
    IoDeleteSymbolicLink(&link);
    while (detach_newest()) {
    }
    IoDeleteDevice(control);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    InitializeListHead(&filters);
    ExInitializeFastMutex(&filters_lock);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\PassthruControl");
    RtlInitUnicodeString(&link, L"\\??\\PassthruControl");
    NTSTATUS status = IoCreateDevice(driver, sizeof(EXTENSION), &name, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &control);
    if (!NT_SUCCESS(status)) return status;
    ((EXTENSION*)control->DeviceExtension)->kind = CONTROL;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(control);
        return status;
    }
    for (int major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; ++major)
        driver->MajorFunction[major] = passthru_dispatch;
    driver->MajorFunction[IRP_MJ_POWER] = passthru_power;
    driver->MajorFunction[IRP_MJ_PNP] = passthru_pnp;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = passthru_control;
    driver->DriverUnload = passthru_unload;
    return STATUS_SUCCESS;
}
