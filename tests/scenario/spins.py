#!/usr/bin/env python3
"""Code that polls without a call: the run can be repeated, whatever the host's clock says; what nobody can change is a hang that names the
loop; a long computation is left alone. In programs and in drivers, on one processor and on two."""
import json, pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <windows.h>
static volatile LONG flag, lock, pair[2], counter;
static DWORD WINAPI set_flag(void* wait) {
    Sleep((DWORD)(ULONG_PTR)wait);
    flag = 1;
    return 0;
}
static DWORD WINAPI unlock(void* unused) {
    (void)unused;
    Sleep(20);
    InterlockedExchange(&lock, 0);
    return 0;
}
static DWORD WINAPI answer(void* unused) { // polls as well, after a wait
    (void)unused;
    Sleep(5);
    pair[0] = 1;
    while (!pair[1])
        ;
    flag = 1;
    return 0;
}
static __attribute__((noinline)) LONG is_set(volatile LONG* what) { return *what; }
static void start(DWORD WINAPI (*routine)(void*), ULONG_PTR argument) {
    CloseHandle(CreateThread(NULL, 0, routine, (void*)argument, 0, NULL));
}
int main(int argc, char** argv) {
    const char* which = argc > 1 ? argv[1] : "";
    if (!strcmp(which, "flag")) {
        start(set_flag, 30000);
        while (!flag)
            ;
    } else if (!strcmp(which, "ready")) { // the other thread needs this one's processor, if there is one only
        start(set_flag, 0);
        while (!is_set(&flag))
            ;
    } else if (!strcmp(which, "lock")) {
        lock = 1;
        start(unlock, 0);
        while (InterlockedExchange(&lock, 1))
            ;
    } else if (!strcmp(which, "both")) {
        start(answer, 0);
        while (!pair[0])
            ;
        pair[1] = 1;
        while (!flag)
            ;
    } else if (!strcmp(which, "ticks")) {
        const DWORD end = GetTickCount() + 2000;
        while (GetTickCount() < end)
            ;
    } else if (!strcmp(which, "rdtsc")) {
        const unsigned long long end = __builtin_ia32_rdtsc() + 250000000; // 0.1 s
        while (__builtin_ia32_rdtsc() < end)
            ;
    } else if (!strcmp(which, "compute")) {
        for (int i = 0; i < 200000000; i++)
            counter++;
    } else if (!strcmp(which, "never")) {
        while (!flag)
            ;
    }
    printf("after %lu ms\n", GetTickCount());
    return 0;
}
"""

DRIVER = r"""
#include <ntddk.h>
static KTIMER timer;
static KDPC dpc;
static volatile LONG flag;
static VOID NTAPI expired(PKDPC unused, PVOID context, PVOID a1, PVOID a2) {
    (void)unused, (void)context, (void)a1, (void)a2;
    flag = 1;
}
static VOID NTAPI other(PVOID context) {
    (void)context;
    flag = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static __attribute__((noinline)) void poll_it(void) {
    while (!flag)
        ;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    LARGE_INTEGER due = {.QuadPart = -10000 * 100}; // 0.1 s
    HANDLE thread;
    OBJECT_ATTRIBUTES attributes;
    KIRQL irql;
    (void)driver, (void)path, (void)timer, (void)dpc, (void)expired, (void)other, (void)due, (void)thread, (void)attributes, (void)irql;
    %s
    poll_it();
    DbgPrint("polled\n");
    return STATUS_UNSUCCESSFUL;
}
"""
TIMER = "KeInitializeTimer(&timer); KeInitializeDpc(&dpc, expired, NULL); %s KeSetTimer(&timer, due, &dpc);"
THREAD = ("InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);"
          "PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, NULL, NULL, other, NULL); ZwClose(thread);")
# name, code, processors, exit status
DRIVERS = [
    ("timer", TIMER % "", "1", 121),
    ("thread", THREAD, "1", 121),
    ("thread_of_two", THREAD, "2", 121),
    ("raised", "KeRaiseIrql(DISPATCH_LEVEL, &irql);" + TIMER % "KeSetTargetProcessorDpc(&dpc, 1);", "2", 122),
    ("never", "", "1", 126),
    ("never_raised", "KeRaiseIrql(DISPATCH_LEVEL, &irql);" + TIMER % "", "1", 122), # DPC_WATCHDOG_VIOLATION
]


def twice(lab, folder, name, options, arguments, status):
    """The run, repeated: the same trace; it is told to be repeatable."""
    traces = []
    for run in range(2):
        trace = folder / f"{name}-{run}"
        done = rs.expect(lab.call(["run" if arguments else "load", *options, "--result", folder / "result", "--trace", trace, *arguments]), status)
        if not json.loads((folder / "result").read_text())["stop"]["repeatable"]:
            raise rs.Failure(f"{name}: not repeatable")
        traces.append(trace.read_bytes())
    if traces[0] != traces[1]:
        raise rs.Failure(f"{name}: two runs differ")
    return done, trace


def check(lab, options, folder):
    """Spins."""
    keep = pathlib.Path(options.keep_traces) if options.keep_traces else None
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    (folder / "spins.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-gdwarf-4", "-Wall", "-Wextra", "-Werror", "-Wl,--no-insert-timestamp",
                    f"-ffile-prefix-map={folder}=.", "spins.c", "-o", "spins.exe"],
                   cwd=folder, check=True)
    cases = [(which, cpus, 0) for which in ("flag", "ready", "lock", "both", "ticks", "rdtsc", "compute") for cpus in ("1", "2")] + [("never", "2", 126)]
    for which, cpus, status in cases:
        name = f"spins-{which}-{cpus}"
        done, trace = twice(lab, folder, name, ["--cpus", cpus], ["--", folder / "spins.exe", which], status)
        polled = any(row["event"] == "polls" for row in lab.rows(trace))
        if polled != (which not in ("rdtsc", "compute")):
            raise rs.Failure(f"{name}: {'a' if polled else 'no'} proof that it polls")
        if status == 126 and ("user-mode code polls memory (0x" not in done.stderr or ") that nobody is left to change at spins!main+0x" not in done.stderr
                              or "spins.c @ " not in done.stderr):
            raise rs.Failure(f"{name}: the loop is not named:\n{done.stderr}")
        if which == "ticks" and not done.stdout.startswith("after 2000 ms"):
            raise rs.Failure(f"{name}: {done.stdout}")
        if keep:
            (keep / f"{name}.trace").write_bytes(trace.read_bytes())
    for name, code, cpus, status in DRIVERS:
        driver = rs.build_driver(folder, f"poll_{name}", DRIVER % code)
        done, trace = twice(lab, folder, name, ["--cpus", cpus, driver], [], status)
        if status == 126 and ("kernel-mode code polls memory (0x" not in done.stderr
                              or f"that nobody is left to change at poll_{name}!poll_it" not in done.stderr):
            raise rs.Failure(f"{name}: the loop is not named:\n{done.stderr}")
        if status == 121 and not any(row["event"] == "debug_print" for row in lab.rows(trace)):
            raise rs.Failure(f"{name}: the poll has not ended")


rs.run_script(check)
