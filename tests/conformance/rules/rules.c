// Breaks the rules about pending, completing and cancelling requests, one by control code. Its device
// \\.\Rules is a filter of its own above the device that does the work; what needs no filter is passed down
// unseen.
#include <ntddk.h>

#include "rules.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD rules_unload;
static DRIVER_DISPATCH rules_dispatch;

static PDEVICE_OBJECT top, bottom;

static NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static VOID NTAPI cancelled(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    complete(irp, STATUS_CANCELLED);
}

static VOID NTAPI keeps_the_lock(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
}

#define RULE(name) static NTSTATUS name(PIRP irp)

RULE(unmarked_completed) {
    complete(irp, STATUS_SUCCESS);
    return STATUS_PENDING;
}
RULE(unmarked_kept) {
    UNREFERENCED_PARAMETER(irp);
    return STATUS_PENDING;
}
RULE(marked_completed) {
    IoMarkIrpPending(irp);
    return complete(irp, STATUS_SUCCESS);
}
RULE(marked_kept) {
    IoMarkIrpPending(irp);
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    return STATUS_SUCCESS;
}
RULE(forgotten) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    return STATUS_SUCCESS;
}
RULE(completed_pending) {
    complete(irp, STATUS_PENDING);
    return STATUS_SUCCESS;
}
RULE(completed_cancelable) {
    IoSetCancelRoutine(irp, cancelled);
    return complete(irp, STATUS_SUCCESS);
}
RULE(completed_high) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
    NTSTATUS status = complete(irp, STATUS_SUCCESS);
    KeLowerIrql(old);
    return status;
}
RULE(completed_twice) {
    complete(irp, STATUS_SUCCESS);
    return complete(irp, STATUS_SUCCESS);
}
RULE(kept) {
    IoMarkIrpPending(irp);
    return STATUS_PENDING;
}
RULE(holds_cancel_lock) {
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, keeps_the_lock);
    return STATUS_PENDING;
}
// The lower halves of the filters' rules behave.
RULE(unmarked_routine) {
    IoMarkIrpPending(irp);
    complete(irp, STATUS_SUCCESS);
    return STATUS_PENDING;
}
RULE(returns_other) {
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, cancelled);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI forgetful(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
    UNREFERENCED_PARAMETER(context);
    return STATUS_SUCCESS; // without IoMarkIrpPending for a request whose PendingReturned is set
}

static NTSTATUS filter(PIRP irp, ULONG code) {
    if (code == RULE_CODE(0xc0c)) {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, forgetful, NULL, TRUE, TRUE, TRUE);
        return IoCallDriver(bottom, irp);
    }
    if (code == RULE_CODE(0xc0d)) {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoCallDriver(bottom, irp);
        return STATUS_SUCCESS;
    }
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(bottom, irp);
}

static NTSTATUS NTAPI rules_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) return complete(irp, STATUS_SUCCESS);
    ULONG code = stack->Parameters.DeviceIoControl.IoControlCode;
    if (device == top) return filter(irp, code);
    switch (code) {
#define CASE(name, function, what)                                                                           \
    case RULE_CODE(function):                                                                                \
        return name(irp);
        RULES(CASE)
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
}

static VOID NTAPI rules_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    UNREFERENCED_PARAMETER(driver);
    RtlInitUnicodeString(&link, L"\\??\\Rules");
    IoDeleteSymbolicLink(&link);
    IoDetachDevice(bottom);
    IoDeleteDevice(top);
    IoDeleteDevice(bottom);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\Rules");
    RtlInitUnicodeString(&link, L"\\??\\Rules");
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &bottom);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        if (top) IoDeleteDevice(top);
        IoDeleteDevice(bottom);
        return status;
    }
    IoAttachDeviceToDeviceStack(top, bottom);
    for (int major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; ++major)
        driver->MajorFunction[major] = rules_dispatch;
    driver->DriverUnload = rules_unload;
    return STATUS_SUCCESS;
}
