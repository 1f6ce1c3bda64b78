#!/usr/bin/env python3
"""A file whose last reference goes with a request, at APC_LEVEL, is closed by a system thread: a driver is not unloaded before that
has come to it, on whatever processor."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntddk.h>
static NTSTATUS finish(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    finish(irp, STATUS_CANCELLED);
}
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction != IRP_MJ_READ) return finish(irp, STATUS_SUCCESS);
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, cancel);
    return STATUS_PENDING;
}
static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Late");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Late"), link = RTL_CONSTANT_STRING(L"\\??\\Late");
    PDEVICE_OBJECT device;
    (void)path;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    driver->DriverUnload = unload;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return NT_SUCCESS(status) ? IoCreateSymbolicLink(&link, &name) : status;
}
"""
PROGRAM = r"""
#include <windows.h>
static DWORD WINAPI reader(void* p) {
    static OVERLAPPED o[4];
    static char buffer[4][16];
    int n = (int)(INT_PTR)p;
    HANDLE h = CreateFileA("\\\\.\\Late", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (ReadFile(h, buffer[n], 16, NULL, &o[n]) || GetLastError() != ERROR_IO_PENDING) return 1;
    CloseHandle(h);
    return 0;
}
int main(void) {
    HANDLE threads[4];
    for (int i = 0; i < 4; ++i) threads[i] = CreateThread(NULL, 0, reader, (void*)(INT_PTR)i, 0, NULL);
    WaitForMultipleObjects(4, threads, TRUE, INFINITE);
    return 0;
}
"""


def check(lab, options, folder):
    """Late closes."""
    driver = rs.build_driver(folder, "late", DRIVER)
    (folder / "reader.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O1", "reader.c", "-o", "reader.exe"], cwd=folder, check=True)
    for seed in range(1, 13):
        for cpus in (1, 2, 3):
            done = lab.call(["run", "--cpus", cpus, "--seed", seed, "--unload", "--driver", driver, "--", folder / "reader.exe"])
            rs.expect(done, 0)
            if done.stderr:
                raise rs.Failure(f"seed {seed}, {cpus} processors:\n{done.stderr}")


rs.run_script(check)
