#!/usr/bin/env python3
"""One image may serve several drivers (IoCreateDriver): the lower one's own completion is not taken for the upper one's."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntddk.h>
NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING, PDRIVER_INITIALIZE);
static PDEVICE_OBJECT low, top;
static NTSTATUS NTAPI low_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
static NTSTATUS NTAPI done(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    (void)device, (void)context;
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_CONTINUE_COMPLETION;
}
static NTSTATUS NTAPI top_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, done, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(low, irp);
}
static NTSTATUS NTAPI low_entry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Low");
    (void)path;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = low_dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &low);
    if (NT_SUCCESS(status)) low->Flags &= ~DO_DEVICE_INITIALIZING;
    return status;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\LowOfOne"), link = RTL_CONSTANT_STRING(L"\\??\\Low"),
                   target = RTL_CONSTANT_STRING(L"\\Device\\Low");
    (void)path;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = top_dispatch;
    NTSTATUS status = IoCreateDriver(&name, low_entry);
    if (NT_SUCCESS(status)) status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);
    if (!NT_SUCCESS(status)) return status;
    IoAttachDeviceToDeviceStack(top, low);
    top->Flags &= ~DO_DEVICE_INITIALIZING;
    return IoCreateSymbolicLink(&link, &target);
}
"""


def check(lab, options, folder):
    """One image, two drivers."""
    driver = rs.build_driver(folder, "one", DRIVER)
    for verifier in ([], ["--verifier", "io"]):
        done = lab.call(["ioctl", *verifier, "--driver", driver, "--open", r"\\.\Low", "--code", "0x222000"])
        rs.expect(done, 0)
        if "drvlab:" in done.stderr:
            raise rs.Failure(done.stderr)


rs.run_script(check)
