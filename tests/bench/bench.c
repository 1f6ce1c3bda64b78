// The driver that requests are timed with: each does as little as a driver can.
#include "bench_driver.h"

#include "../../drivers/parport/parport.h"

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

#define BENCH_DEVICE L"\\Device\\Bench"

// NtXxx are called on a system thread, where the previous mode is kernel.
static NTSTATUS open_device(PCWSTR path, HANDLE* file) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK iosb;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreateFile(file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &iosb, NULL, 0,
                        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static NTSTATUS build_and_wait(PDEVICE_OBJECT device, void* buffer, ULONG length) {
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(IOCTL_BENCH_BUFFERED, device, buffer, length, buffer, length,
                                             FALSE, &event, &iosb);
    if (!irp) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = IoCallDriver(device, irp);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return status == STATUS_PENDING ? iosb.Status : status;
}

static NTSTATUS request_loop(const BENCH_LOOP* what) {
    static UCHAR page[4096];
    UCHAR buffer[64] = {0};
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    PCWSTR path = what->kind == BENCH_PARPORT ? PARPORT_DEVICE : BENCH_DEVICE;
    NTSTATUS status = open_device(path, &file);
    PFILE_OBJECT object = NULL;
    PDEVICE_OBJECT device = NULL;
    if (NT_SUCCESS(status) && what->kind == BENCH_BUILD) {
        status = ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (void**)&object, NULL);
        if (NT_SUCCESS(status)) device = IoGetRelatedDeviceObject(object);
    }
    for (ULONG i = 0; NT_SUCCESS(status) && i < what->count; ++i)
        switch (what->kind) {
        case BENCH_CONTROL:
            status = NtDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, IOCTL_BENCH_BUFFERED, buffer,
                                           sizeof buffer, buffer, sizeof buffer);
            break;
        case BENCH_WRITE:
            status = NtWriteFile(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer, NULL, NULL);
            break;
        case BENCH_OUT_DIRECT:
            status = NtDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, IOCTL_BENCH_OUT_DIRECT, NULL, 0,
                                           page, sizeof page);
            break;
        case BENCH_OPEN: {
            HANDLE other;
            status = open_device(path, &other);
            if (NT_SUCCESS(status)) NtClose(other);
            break;
        }
        case BENCH_READ:
            status = NtReadFile(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer, NULL, NULL);
            break;
        case BENCH_PARPORT:
            status = NtWriteFile(file, NULL, NULL, NULL, &iosb, buffer, 1, NULL, NULL);
            break;
        case BENCH_BUILD:
            status = build_and_wait(device, buffer, sizeof buffer);
            break;
        default:
            status = STATUS_INVALID_PARAMETER;
        }
    if (device) ObDereferenceObject(object);
    NtClose(file);
    return status;
}

typedef struct {
    const BENCH_LOOP* what;
    NTSTATUS status;
} RUN;

static VOID NTAPI loop_thread(PVOID context) {
    RUN* run = context;
    run->status = run->what->kind < BENCH_SWITCH ? request_loop(run->what) : kernel_loop(run->what);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS loop_on_system_thread(const BENCH_LOOP* what) {
    RUN run = {what, STATUS_UNSUCCESSFUL};
    NTSTATUS status = run_on_system_thread(loop_thread, &run);
    return NT_SUCCESS(status) ? run.status : status;
}

typedef struct {
    PDEVICE_OBJECT lower;
    ULONG mode;
} FILTER;

static NTSTATUS NTAPI filter_completed(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(context);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_CONTINUE_COMPLETION;
}

// True: the device is a filter and the request went on.
static BOOLEAN filtered(PDEVICE_OBJECT device, PIRP irp, NTSTATUS* status) {
    FILTER* filter = device->DeviceExtension;
    if (!filter) return FALSE;
    if (filter->mode == BENCH_SKIP) {
        IoSkipCurrentIrpStackLocation(irp);
    } else {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, filter_completed, NULL, TRUE, TRUE, TRUE);
    }
    *status = IoCallDriver(filter->lower, irp);
    return TRUE;
}

static NTSTATUS attach_filters(PDEVICE_OBJECT target, const BENCH_ATTACH_FILTERS* what) {
    for (ULONG i = 0; i < what->count; ++i) {
        PDEVICE_OBJECT device;
        NTSTATUS status = IoCreateDevice(target->DriverObject, sizeof(FILTER), NULL, FILE_DEVICE_UNKNOWN, 0,
                                         FALSE, &device);
        if (!NT_SUCCESS(status)) return status;
        FILTER* filter = device->DeviceExtension;
        filter->mode = what->mode;
        filter->lower = IoAttachDeviceToDeviceStack(device, target);
        if (!filter->lower) {
            IoDeleteDevice(device);
            return STATUS_NO_SUCH_DEVICE;
        }
        device->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI bench_open_close(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status;
    if (filtered(device, irp, &status)) return status;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI bench_write(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status;
    if (filtered(device, irp, &status)) return status;
    return complete(irp, STATUS_SUCCESS, IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length);
}

static KEVENT turns[2];
static BOOLEAN no_more_turns;

static NTSTATUS give_turn(ULONG side) {
    if (side > BENCH_NO_MORE_TURNS) return STATUS_INVALID_PARAMETER;
    if (side == BENCH_NO_MORE_TURNS) {
        no_more_turns = TRUE;
        KeSetEvent(&turns[0], IO_NO_INCREMENT, FALSE);
        KeSetEvent(&turns[1], IO_NO_INCREMENT, FALSE);
        return STATUS_SUCCESS;
    }
    if (side == BENCH_FIRST_TURN)
        side = 1;
    else
        KeSetEvent(&turns[!side], IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&turns[side], Executive, KernelMode, FALSE, NULL);
    return no_more_turns ? STATUS_CANCELLED : STATUS_SUCCESS;
}

static NTSTATUS NTAPI bench_control(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status;
    if (filtered(device, irp, &status)) return status;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_BENCH_BUFFERED:
        return complete(irp, STATUS_SUCCESS, out);
    case IOCTL_BENCH_OUT_DIRECT: {
        void* to = out ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority) : NULL;
        if (!to) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        RtlFillMemory(to, out, 0x5a);
        return complete(irp, STATUS_SUCCESS, out);
    }
    case IOCTL_BENCH_LOOP:
        if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(BENCH_LOOP))
            return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        return complete(irp, loop_on_system_thread(irp->AssociatedIrp.SystemBuffer), 0);
    case IOCTL_BENCH_TURN:
        if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(ULONG))
            return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        return complete(irp, give_turn(*(ULONG*)irp->AssociatedIrp.SystemBuffer), 0);
    case IOCTL_BENCH_ATTACH:
        if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(BENCH_ATTACH_FILTERS))
            return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        return complete(irp, attach_filters(device, irp->AssociatedIrp.SystemBuffer), 0);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static VOID NTAPI bench_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Bench");
    IoDeleteSymbolicLink(&link);
    disconnect_pulse();
    while (driver->DeviceObject) { // the filters came later and stand first
        FILTER* filter = driver->DeviceObject->DeviceExtension;
        if (filter) IoDetachDevice(filter->lower);
        IoDeleteDevice(driver->DeviceObject);
    }
}

PDRIVER_OBJECT bench_driver;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    bench_driver = driver;
    UNICODE_STRING name = RTL_CONSTANT_STRING(BENCH_DEVICE), link = RTL_CONSTANT_STRING(L"\\??\\Bench");
    PDEVICE_OBJECT device;
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    connect_pulse(device);
    KeInitializeEvent(&turns[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&turns[1], SynchronizationEvent, FALSE);
    driver->MajorFunction[IRP_MJ_READ] = bench_read;
    driver->MajorFunction[IRP_MJ_CREATE] = bench_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = bench_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = bench_open_close;
    driver->MajorFunction[IRP_MJ_WRITE] = bench_write;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = bench_control;
    driver->DriverUnload = bench_unload;
    return STATUS_SUCCESS;
}
