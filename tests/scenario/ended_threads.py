#!/usr/bin/env python3
"""Threads that end with user APCs which their rundown routine queues again, and a program that says that its TLS cells lie in the
kernel: the thread ends, and the kernel's memory stays as it was."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntifs.h>
#pragma GCC diagnostic ignored "-Warray-bounds" // KeGetCurrentThread
NTSYSAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, int, PVOID, PVOID, PVOID, KPROCESSOR_MODE, PVOID);
NTSYSAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
static KAPC apc;
static volatile ULONG64 word[1024] = {0x1111};
static NTSTATUS finish(PIRP irp, ULONG_PTR information) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
static VOID NTAPI kernel_routine(PKAPC a, PVOID* n, PVOID* c, PVOID* s1, PVOID* s2) { (void)a, (void)n, (void)c, (void)s1, (void)s2; }
static VOID NTAPI rundown(PKAPC a) { DbgPrint("rundown, queued again: %d\n", KeInsertQueueApc(a, NULL, NULL, 0)); }
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    IO_STACK_LOCATION* at = IoGetCurrentIrpStackLocation(irp);
    (void)device;
    if (at->MajorFunction != IRP_MJ_DEVICE_CONTROL) return finish(irp, 0);
    ULONG64* out = irp->AssociatedIrp.SystemBuffer;
    out[0] = (ULONG64)word;
    out[1] = word[0];
    if (at->Parameters.DeviceIoControl.IoControlCode & 4) {
        KeInitializeApc(&apc, KeGetCurrentThread(), 0, kernel_routine, rundown, (PVOID)0x10000, UserMode, NULL);
        KeInsertQueueApc(&apc, NULL, NULL, 0);
    }
    return finish(irp, 16);
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Ends"), link = RTL_CONSTANT_STRING(L"\\??\\Ends");
    PDEVICE_OBJECT device;
    (void)path;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return NT_SUCCESS(status) ? IoCreateSymbolicLink(&link, &name) : status;
}
"""
PROGRAM = r"""
#include <stdio.h>
#include <windows.h>
LONG NTAPI NtSetInformationThread(HANDLE, int, void*, ULONG);
int main(void) {
    HANDLE h = CreateFileA("\\\\.\\Ends", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ULONG64 word[2];
    DWORD n;
    if (!DeviceIoControl(h, 0x222000, word, 16, word, 16, &n, NULL)) return 1;
    ULONG64* expansion = (ULONG64*)((char*)NtCurrentTeb() + 0x1780); // TlsExpansionSlots
    ULONG64 before = *expansion;
    *expansion = word[0];
    ULONG cell = 64;
    NtSetInformationThread(GetCurrentThread(), 10, &cell, sizeof cell); // ThreadZeroTlsCell
    *expansion = before;
    if (!DeviceIoControl(h, 0x222004, word, 16, word, 16, &n, NULL)) return 2;
    printf("the driver's word: %llx\n", word[1]);
    fflush(stdout);
    ExitProcess(0);
}
"""


def check(lab, options, folder):
    """Ended threads."""
    driver = rs.build_driver(folder, "ends", DRIVER)
    (folder / "ends.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O1", "ends.c", "-o", "ends.exe", "-lntdll"], cwd=folder, check=True)
    done = lab.call(["run", "--driver", driver, "--", folder / "ends.exe"])
    rs.expect(done, 0)
    for line in ("the driver's word: 1111", "rundown, queued again: 0"):
        if (done.stdout + done.stderr).count(line) != 1:
            raise rs.Failure(f"not once {line!r}:\n{done.stdout}{done.stderr}")


rs.run_script(check)
