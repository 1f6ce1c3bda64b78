#!/usr/bin/env python3
"""A driver with imports that nobody has: refused with the complete list; with --allow-missing it loads, and the call stops the
machine with the name. A known export that is a stub: stops with its name."""
import pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
#include <ntifs.h>
__declspec(dllimport) NTSTATUS NTAPI NoSuchRoutineOne(void);
__declspec(dllimport) NTSTATUS NTAPI NoSuchRoutineTwo(void);
__declspec(dllimport) NTSTATUS NTAPI OtherDriverRoutine(void);
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL)
        switch (stack->Parameters.DeviceIoControl.IoControlCode) {
        case 0x222004: NoSuchRoutineOne(); break;
        case 0x222008: NoSuchRoutineTwo(); break;
        case 0x22200c: OtherDriverRoutine(); break;
        }
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\\\Device\\\\Lacking"), link = RTL_CONSTANT_STRING(L"\\\\??\\\\Lacking");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = dispatch;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch;
    return status;
}
"""


PROGRAM = """
#include <windows.h>
int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1) return CopyFileTransactedA("a", "b", NULL, NULL, NULL, 0, NULL);
    SwitchToFiber(NULL);
    return 0;
}
"""


def library(folder, dll, names):
    (folder / f"{dll}.def").write_text(f'LIBRARY "{dll}"\nEXPORTS\n' + "\n".join(names) + "\n")
    subprocess.run(["x86_64-w64-mingw32-dlltool", "-d", f"{dll}.def", "-l", f"lib{dll}.a"], cwd=folder, check=True)
    return f"lib{dll}.a"


def check(lab, options, folder):
    """Missing imports."""
    libraries = [library(folder, "ntoskrnl.exe", ["NoSuchRoutineOne", "NoSuchRoutineTwo"]), library(folder, "otherdrv.sys", ["OtherDriverRoutine"])]
    lacking = rs.build_driver(folder, "lacking", SOURCE, *libraries)
    done = rs.expect(lab.call(["load", lacking]), 121, stdout="")
    for name in ("ntoskrnl.exe!NoSuchRoutineOne", "ntoskrnl.exe!NoSuchRoutineTwo", "otherdrv.sys!OtherDriverRoutine"):
        if name not in done.stderr:
            raise rs.Failure(f"the list of missing imports lacks {name}:\n{done.stderr}")
    done = rs.expect(lab.call(["inspect", lacking]), 0)
    if not re.search(r"unknown +NoSuchRoutineTwo", done.stdout):
        raise rs.Failure(f"inspect does not call NoSuchRoutineTwo unknown:\n{done.stdout}")
    for code, name in ((0x222004, "NoSuchRoutineOne"), (0x222008, "NoSuchRoutineTwo"), (0x22200C, "OtherDriverRoutine")):
        trace = folder / "trace"
        done = rs.expect(lab.call(["ioctl", "--allow-missing", "--trace", trace, "--driver", lacking, "--open", r"\\.\Lacking", "--code", f"{code:#x}"]), 125, stdout="")
        if not re.search(name + r".* is not implemented; called at lacking!dispatch", done.stderr):
            raise rs.Failure(f"the stop does not name {name} and its caller:\n{done.stderr}")
        rs.check_trace([{"event": "irp_dispatch", "driver_name": r"\Driver\lacking", "p3": f"{code:#x}"}, {"event": "stub_called", "name": f"/{name}/"}], [], lab.rows(trace))

    # Of a program each missing import is a line.
    (folder / "wants.c").write_text(
        "__declspec(dllimport) void NoSuchOne(void);\n__declspec(dllimport) void NoSuchTwo(void);\nint main(void) { NoSuchOne(); NoSuchTwo(); }\n")
    subprocess.run(["x86_64-w64-mingw32-gcc", "wants.c", "-o", "wants.exe", library(folder, "kernel32.dll", ["NoSuchOne", "NoSuchTwo"])], cwd=folder, check=True)
    rs.expect(lab.call(["run", "--", folder / "wants.exe"]), 121, stdout="",
              stderr="drvlab: wants.exe: kernel32.dll!NoSuchOne is missing\ndrvlab: wants.exe: kernel32.dll!NoSuchTwo is missing\n")

    # A program's call is told at the program, not at our DLLs' helpers.
    (folder / "lacks.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-D_WIN32_WINNT=0x0a00", "lacks.c", "-o", "lacks.exe"], cwd=folder, check=True)
    for arguments, name in (([], "SwitchToFiber"), (["more"], "CopyFileTransactedA")):
        done = rs.expect(lab.call(["run", "--allow-missing", "--", folder / "lacks.exe", *arguments]), 125, stdout="")
        if not re.search(name + r" is not implemented; called at lacks!main\+", done.stderr):
            raise rs.Failure(f"the stop does not name {name} and the program's call:\n{done.stderr}")


rs.run_script(check)
