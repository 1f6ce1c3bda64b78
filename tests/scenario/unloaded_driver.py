#!/usr/bin/env python3
"""A driver that is gone while the system still has something of it: bug check 0xCE with its name; the debugger lists what was unloaded."""
import pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = """
#include <ntddk.h>
static KTIMER timer;
static KDPC dpc;
static ULONG work[64];
static VOID NTAPI thread(PVOID context) {
    LARGE_INTEGER t = {.QuadPart = -1000000};
    (void)context;
    for (;;) KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static VOID NTAPI routine(PKDPC d, PVOID context, PVOID a, PVOID b) { (void)d, (void)context, (void)a, (void)b; work[0]++; }
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    HANDLE h;
    LARGE_INTEGER t = {.QuadPart = -1000000};
    (void)path, (void)thread, (void)routine, (void)h, (void)t, (void)timer, (void)dpc;
    driver->DriverUnload = unload;
    %s
    return STATUS_SUCCESS;
}
"""
PROGRAM = """
#include <windows.h>
int main(void) {
    SERVICE_STATUS status;
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT), s = OpenServiceA(manager, "late", SERVICE_START | SERVICE_STOP);
    for (int i = 0; i < %d; ++i)
        if (!StartServiceA(s, 0, NULL) || !ControlService(s, SERVICE_CONTROL_STOP, &status)) return 1;
    Sleep(1000);
    return 0;
}
"""
THREAD = "PsCreateSystemThread(&h, THREAD_ALL_ACCESS, NULL, NULL, NULL, thread, NULL); ZwClose(h);"
# The DPC lies in pool that nobody frees; its routine is the driver's.
DPC = "PKDPC d = ExAllocatePoolWithTag(NonPagedPool, sizeof *d + sizeof(KTIMER), 0x6574614c); KeInitializeDpc(d, routine, NULL); KeInitializeTimer((PKTIMER)(d + 1)); KeSetTimer((PKTIMER)(d + 1), t, d);"
HEAD = r"""\*\*\* Fatal System Error: 0x000000ce
[\s\S]*DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS \(ce\)
late\.sys was unloaded, and memory of it is %s
Arguments:
Arg1: ([0-9a-f]{16}), memory referenced
Arg2: %016x, 0 read, 1 write
Arg3: [0-9a-f]{16}, address which referenced memory, or 0
Arg4: 0{16}, reserved
"""


def program(folder, times):
    (folder / "starts.c").write_text(PROGRAM % times)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "starts.c", "-o", "starts.exe", "-ladvapi32"], cwd=folder, check=True)
    return folder / "starts.exe"


def run(lab, folder, body, times, *options):
    driver = rs.build_driver(folder, "late", DRIVER % body)
    return lab.call(["run", "--service", f"{driver}:late:demand", *options, "--", program(folder, times)])


def check(lab, options, folder):
    """Unloaded drivers."""
    for body in (THREAD, DPC):
        done = rs.expect(run(lab, folder, body, 1, "--kd", "lm; k; ln @rip"), 122)
        if not re.search(HEAD % ("executed", 0x10), done.stderr):
            raise rs.Failure(f"another report: {done.stderr}")
        if not re.search(r"FAULTING_IP: <Unloaded_late\.sys>(\+0x[0-9a-f]+)\nIMAGE_NAME: late\.sys\1\n", done.stderr) or " <Unloaded_late.sys>+0x" not in done.stdout + done.stderr.split("STACK_TEXT")[1]:
            raise rs.Failure(f"the place in the driver is not named: {done.stderr}{done.stdout}")
        if not re.search(r"Unloaded modules:\n[0-9a-f`]+ [0-9a-f`]+   late\.sys\n", done.stdout + done.stderr):
            raise rs.Failure(f"lm does not list it: {done.stdout}")
    # The list keeps the last 50.
    done = rs.expect(run(lab, folder, "", 60, "--kd", "lm"), 0)
    if (done.stdout + done.stderr).count("   late.sys\n") != 50:
        raise rs.Failure(f"the list of unloaded drivers: {done.stdout}")


rs.run_script(check)
