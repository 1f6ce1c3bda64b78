#!/usr/bin/env python3
"""Threads that are ended while a service of theirs waits for a driver that takes its time: the request is cancelled, and the thread ends with it.

kernel page "Introduction to Cancel Routines": "IRPs queued on behalf of a terminated thread should be canceled". The services wait
whatever the file was opened for: create, flush, queries, changes, extended attributes, security."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntddk.h>
static UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Slowly"), link = RTL_CONSTANT_STRING(L"\\??\\Slowly");
static NTSTATUS finish(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    DbgPrint("cancelled: %u\n", IoGetCurrentIrpStackLocation(irp)->MajorFunction);
    finish(irp, STATUS_CANCELLED);
}
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
    UNREFERENCED_PARAMETER(device);
    if (at->MajorFunction == IRP_MJ_CLEANUP || at->MajorFunction == IRP_MJ_CLOSE ||
        (at->MajorFunction == IRP_MJ_CREATE && at->FileObject->FileName.Length < 10))
        return finish(irp, STATUS_SUCCESS);
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, cancel);
    return STATUS_PENDING;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    PDEVICE_OBJECT device;
    UNREFERENCED_PARAMETER(path);
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return IoCreateSymbolicLink(&link, &name);
}
"""
PROGRAM = r"""
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
NTSYSAPI NTSTATUS NTAPI NtQueryEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG, BOOLEAN);
static int what;
static HANDLE file;
static DWORD WINAPI work(void* unused) {
    static char room[64];
    IO_STATUS_BLOCK iosb;
    DWORD needed;
    LARGE_INTEGER size = {0};
    switch (what) {
    case 0: CreateFileA("\\\\.\\Slowly\\for ever", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL); break;
    case 1: FlushFileBuffers(file); break;
    case 2: GetFileSizeEx(file, &size); break;
    case 3: NtQueryEaFile(file, &iosb, room, sizeof room, FALSE, NULL, 0, NULL, TRUE); break;
    case 4: NtQueryVolumeInformationFile(file, &iosb, room, sizeof room, 3); break;
    case 5: GetKernelObjectSecurity(file, OWNER_SECURITY_INFORMATION, room, sizeof room, &needed); break;
    case 6: SetFileInformationByHandle(file, FileBasicInfo, room, sizeof(FILE_BASIC_INFO)); break;
    }
    printf("came back\n");
    return 0;
}
int main(int argc, char** argv) {
    what = atoi(argv[1]);
    file = CreateFileA("\\\\.\\Slowly\\now", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                       argv[2][0] == 'o' ? FILE_FLAG_OVERLAPPED : 0, NULL);
    HANDLE thread = CreateThread(NULL, 0, work, NULL, 0, NULL);
    if (argc > 3) {
        Sleep(10);
        ExitProcess(9);
    }
    Sleep(10);
    TerminateThread(thread, 5);
    DWORD code = 0, waited = WaitForSingleObject(thread, 1000);
    GetExitCodeThread(thread, &code);
    printf("%lu %lu\n", waited, code);
    return 0;
}
"""
MAJORS = [0, 9, 5, 7, 10, 20, 6]  # IRP_MJ_*


def check(lab, options, folder):
    """Ended waits."""
    driver = rs.build_driver(folder, "slowly", DRIVER)
    (folder / "waits.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-w", "waits.c", "-o", "waits.exe", "-lntdll", "-ladvapi32"], cwd=folder, check=True)
    for what, major in enumerate(MAJORS):
        for kind in ("overlapped", "synchronous"):
            run = ["run", "--driver", driver, "--", folder / "waits.exe", str(what), kind]
            rs.expect(lab.call(run, timeout=60), 0, stdout="0 5\n", stderr=f"cancelled: {major}\n")
            rs.expect(lab.call([*run, "end"], timeout=60), 9, stdout="", stderr=f"cancelled: {major}\n")


rs.run_script(check)
