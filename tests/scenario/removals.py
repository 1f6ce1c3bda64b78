#!/usr/bin/env python3
"""Notify routines and handle callbacks that are removed while they run: who removes waits for the calls under way, none begins any more, and
a routine that removes itself is a wait that nobody can end. Beside it how processes end: with 259 (STILL_ACTIVE), and as too many."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = """
#include <ntifs.h>
NTSYSAPI VOID NTAPI ObUnRegisterCallbacks(PVOID);
NTSYSAPI NTSTATUS NTAPI ObOpenObjectByPointer(PVOID, ULONG, PACCESS_STATE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, PHANDLE);
extern PVOID __imp_PsProcessType;
static PVOID registration;
static KEVENT entered, leave, remove, make;
static volatile LONG calls, removed, called_after;
static void NTAPI remover(PVOID context);
static void start(PKSTART_ROUTINE routine) {
    HANDLE h;
    if (NT_SUCCESS(PsCreateSystemThread(&h, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, NULL))) ZwClose(h);
}
static void pause(void) {
    LARGE_INTEGER t = {.QuadPart = -1000000};
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static void wait(KEVENT* event) { KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL); }
static void NTAPI on_process(HANDLE parent, HANDLE process, BOOLEAN create) {
    (void)parent, (void)process, (void)create;
    %(process)s
}
static void NTAPI on_image(PUNICODE_STRING name, HANDLE process, PIMAGE_INFO info) {
    (void)name, (void)process, (void)info;
    %(image)s
}
static void NTAPI on_thread(HANDLE process, HANDLE thread, BOOLEAN create) {
    (void)process, (void)thread, (void)create;
    %(thread)s
}
static OB_PREOP_CALLBACK_STATUS NTAPI on_handle(PVOID context, POB_PRE_OPERATION_INFORMATION information) {
    (void)context, (void)information;
    %(handle)s
    return OB_PREOP_SUCCESS;
}
static void use(PVOID context) { (void)context; }
static void NTAPI nothing(PVOID context) { use(context); }
static void NTAPI maker(PVOID context) {
    use(context);
    wait(&make);
    start(nothing);
}
static void NTAPI remover(PVOID context) {
    use(context);
    wait(&remove);
    %(remover)s
    removed = 1;
}
static void NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path, (void)on_process, (void)on_image, (void)on_thread, (void)on_handle, (void)maker, (void)remover, (void)pause;
    (void)registration, (void)calls, (void)called_after;
    driver->DriverUnload = unload;
    KeInitializeEvent(&entered, NotificationEvent, FALSE);
    KeInitializeEvent(&leave, NotificationEvent, FALSE);
    KeInitializeEvent(&remove, NotificationEvent, FALSE);
    KeInitializeEvent(&make, NotificationEvent, FALSE);
    %(entry)s
    return STATUS_SUCCESS;
}
"""
HANDLES = """OB_OPERATION_REGISTRATION o = {*(POBJECT_TYPE**)&__imp_PsProcessType, OB_OPERATION_HANDLE_CREATE, on_handle, NULL};
    OB_CALLBACK_REGISTRATION r = {OB_FLT_REGISTRATION_VERSION, 1, RTL_CONSTANT_STRING(L"1"), NULL, &o};
    HANDLE h;
    NTSTATUS status = ObRegisterCallbacks(&r, &registration);
    if (!NT_SUCCESS(status)) return status;
    ObOpenObjectByPointer(PsGetCurrentProcess(), OBJ_KERNEL_HANDLE, NULL, 0x400, NULL, KernelMode, &h);
    ZwClose(h);"""
# One thread is in the routine, another one removes it, a third gives it reason to be called again.
THREADS = """start(maker);
    start(remover);
    pause();
    PsSetCreateThreadNotifyRoutine(on_thread);
    KeSetEvent(&make, 0, FALSE);
    wait(&entered);
    KeSetEvent(&remove, 0, FALSE);
    pause();
    start(nothing);
    if (removed || calls != 1) return STATUS_UNSUCCESSFUL;
    if (PsRemoveCreateThreadNotifyRoutine(on_thread) != STATUS_PROCEDURE_NOT_FOUND) return STATUS_INVALID_PARAMETER;
    KeSetEvent(&leave, 0, FALSE);
    pause();
    if (!removed || calls != 1) return STATUS_UNSUCCESSFUL;"""
# The first program is made, then two of its threads make a child each; the routine hears of the first child only.
PROCESSES = """static int made;
    if (!create || made++ == 0) return;
    DbgPrint("called\\n");
    start(remover);
    KeSetEvent(&remove, 0, FALSE);
    pause();
    if (removed) DbgPrint("removed too early\\n");"""
CASES = [ # name, code, exit status, what the routine says
    ("process_itself", {"process": "PsSetCreateProcessNotifyRoutine(on_process, TRUE);", "entry": "PsSetCreateProcessNotifyRoutine(on_process, FALSE);"}, 126, None),
    ("image_itself", {"image": "PsRemoveLoadImageNotifyRoutine(on_image);", "entry": "PsSetLoadImageNotifyRoutine(on_image);"}, 126, None),
    ("thread_itself", {"thread": "PsRemoveCreateThreadNotifyRoutine(on_thread);", "entry": "PsSetCreateThreadNotifyRoutine(on_thread);"}, 126, None),
    ("handle_itself", {"handle": "ObUnRegisterCallbacks(registration);", "entry": HANDLES}, 126, None),
    ("thread_other", {"thread": "if (++calls == 1) { KeSetEvent(&entered, 0, FALSE); wait(&leave); }", "remover": "PsRemoveCreateThreadNotifyRoutine(on_thread);",
                      "entry": THREADS}, 0, None),
    ("process_other", {"process": PROCESSES, "remover": "PsSetCreateProcessNotifyRoutine(on_process, TRUE);",
                       "entry": "PsSetCreateProcessNotifyRoutine(on_process, FALSE);"}, 0, "called\n"),
]

PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
static PROCESS_INFORMATION made[2000];
static BOOL make(int i, DWORD flags) {
    STARTUPINFOA start = {.cb = sizeof start};
    char line[] = "ends.exe 0";
    return CreateProcessA(NULL, line, NULL, NULL, FALSE, flags, NULL, NULL, &start, &made[i]);
}
static void done(int i) {
    CloseHandle(made[i].hThread);
    CloseHandle(made[i].hProcess);
}
static DWORD WINAPI second(PVOID unused) {
    (void)unused;
    Sleep(50); // the first is with the routine, for 100 ms
    return make(1, 0);
}
static DWORD WINAPI last(PVOID unused) {
    (void)unused;
    Sleep(10);
    ExitThread(7);
}
int main(int argc, char** argv) {
    int what = argc > 1 ? atoi(argv[1]) : 0, n = 0;
    DWORD code = 0;
    if (what == 1) { // two children at once
        HANDLE thread = CreateThread(NULL, 0, second, NULL, 0, NULL);
        make(0, 0);
        WaitForSingleObject(thread, INFINITE);
    } else if (what == 2) { // as many processes as there can be; those that have ended count while handles are open
        while (n < 2000 && make(n, CREATE_SUSPENDED)) TerminateProcess(made[n++].hProcess, 1);
        printf("%d, error %lu\n", n, GetLastError());
        while (n) done(--n);
        printf("%d\n", make(0, 0));
    } else if (what == 3) { // a child that ends with STILL_ACTIVE
        make(0, CREATE_SUSPENDED);
        TerminateProcess(made[0].hProcess, 259);
        WaitForSingleObject(made[0].hProcess, INFINITE);
        GetExitCodeProcess(made[0].hProcess, &code);
        printf("%lu\n", code);
        return 259;
    } else if (what == 4) { // the last thread's status is its process's
        CreateThread(NULL, 0, last, NULL, 0, NULL);
        ExitThread(5);
    }
    return 0;
}
"""


def check(lab, options, folder):
    """Removals."""
    (folder / "ends.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "ends.c", "-o", "ends.exe"], cwd=folder, check=True)
    program = folder / "ends.exe"
    for name, code, exit_status, said in CASES:
        parts = {part: code.get(part, "") for part in ("process", "image", "thread", "handle", "remover", "entry")}
        driver = rs.build_driver(folder, f"rem_{name}", DRIVER % parts, "-Wl,--forceinteg")
        done = rs.expect(lab.call(["run", "--driver", driver, "--", program, "1"], timeout=60), exit_status, stderr=said)
        if exit_status == 126 and "every thread waits" not in done.stderr:
            raise rs.Failure(f"{name}: the report does not say that all wait:\n{done.stderr}")
    rs.expect(lab.call(["run", "--", program, "2"], timeout=60), 0, stdout="1022, error 1450\n1\n")
    result = folder / "result"
    rs.expect(lab.call(["run", "--result", result, "--", program, "3"], timeout=60), 119, stdout="259\n")
    if '"exit_code": 259' not in result.read_text():
        raise rs.Failure(f"the result lacks the exit code 259:\n{result.read_text()}")
    rs.expect(lab.call(["run", "--", program, "4"], timeout=60), 7)


rs.run_script(check)
