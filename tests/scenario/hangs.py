#!/usr/bin/env python3
"""Drivers that never come to an end: they spin, sleep in a DPC, lose an interrupt, deadlock on two locks, keep a cancelled request,
register or queue themselves for ever. Each ends within seconds with a report that names the driver, the function, the line, and what it waits for."""
import os, pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntddk.h>
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);
#define PORT ((PUCHAR)0x378)
static KDPC dpc;
static PKINTERRUPT interrupt;
static KSPIN_LOCK spin_first, spin_second;
static FAST_MUTEX fast_first, fast_second;
static KMUTEX mutex_first, mutex_second;
static ERESOURCE resource_first, resource_second;
static KEVENT never;
static volatile LONG stop, met;
static void moment(void) {
    LARGE_INTEGER t = {.QuadPart = -100000};
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static void meet(void) { // both are here
    InterlockedIncrement(&met);
    while (met < 2) YieldProcessor();
}
#define wait_for(object) KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL)
static void raise(void) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
}
static void queue_dpc(void) { KeInsertQueueDpc(&dpc, NULL, NULL); }
static void send_byte(UCHAR enable) {
    WRITE_PORT_UCHAR(PORT, 0x41);
    WRITE_PORT_UCHAR(PORT + 2, enable | 5);
    WRITE_PORT_UCHAR(PORT + 2, enable | 4);
}
static NTSTATUS finish(PIRP irp) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
static VOID NTAPI work(PDEVICE_OBJECT device, PVOID item) {
    (void)device;
    IoQueueWorkItem(item, work, DelayedWorkQueue, item);
}
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) { // and forgets the rest
    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
}
static VOID NTAPI dpc_routine(PKDPC d, PVOID context, PVOID a, PVOID b) {
    (void)d, (void)context, (void)a, (void)b;
#line 100
    %(dpc)s
}
static BOOLEAN NTAPI isr(PKINTERRUPT i, PVOID context) {
    (void)i, (void)context;
#line 200
    %(isr)s
    return TRUE;
}
static VOID NTAPI other(PVOID context) {
    (void)context;
#line 300
    %(other)s
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static void start_other(void) {
    HANDLE h;
    if (NT_SUCCESS(PsCreateSystemThread(&h, THREAD_ALL_ACCESS, NULL, NULL, NULL, other, NULL))) ZwClose(h);
}
static NTSTATUS NTAPI read(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
#line 400
    %(read)s
    return finish(irp);
}
static NTSTATUS NTAPI open_close(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    return finish(irp);
}
static VOID NTAPI initialize_again(PDRIVER_OBJECT driver, PVOID context, ULONG count) {
    (void)count;
    IoRegisterDriverReinitialization(driver, initialize_again, context);
}
static NTSTATUS NTAPI shut_down(PDEVICE_OBJECT device, PIRP irp) {
    IoRegisterShutdownNotification(device);
    return finish(irp);
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)initialize_again, (void)work;
    (void)path, (void)cancel, (void)moment, (void)meet, (void)raise, (void)queue_dpc, (void)send_byte, (void)start_other, (void)stop;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Hang"), link = RTL_CONSTANT_STRING(L"\\??\\Hang");
    PDEVICE_OBJECT device;
    KIRQL irql;
    KAFFINITY processors;
    ULONG vector = HalGetInterruptVector(Isa, 0, 7, 7, &irql, &processors);
    KeInitializeDpc(&dpc, dpc_routine, NULL);
    KeInitializeSpinLock(&spin_first), KeInitializeSpinLock(&spin_second);
    ExInitializeFastMutex(&fast_first), ExInitializeFastMutex(&fast_second);
    KeInitializeMutex(&mutex_first, 0), KeInitializeMutex(&mutex_second, 0);
    ExInitializeResourceLite(&resource_first), ExInitializeResourceLite(&resource_second);
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = open_close;
    driver->MajorFunction[IRP_MJ_READ] = read;
    NTSTATUS status = IoConnectInterrupt(&interrupt, isr, NULL, NULL, vector, irql, irql, Latched, FALSE, processors, FALSE);
    if (NT_SUCCESS(status)) status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    driver->MajorFunction[IRP_MJ_SHUTDOWN] = shut_down;
    %(entry)s
    return status;
}
"""
PROGRAM = r"""
#include <windows.h>
int main(int argc, char** argv) {
    OVERLAPPED o = {0};
    char buffer[16], how = argc > 1 ? argv[1][0] : 0;
    DWORD n = 0;
    HANDLE h = CreateFileA("\\\\.\\Hang", GENERIC_READ, 0, NULL, OPEN_EXISTING, how == 's' ? 0 : FILE_FLAG_OVERLAPPED, NULL);
    if (how == 's') return !ReadFile(h, buffer, sizeof buffer, &n, NULL);
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (ReadFile(h, buffer, sizeof buffer, NULL, &o) || GetLastError() != ERROR_IO_PENDING) return 1;
    if (how == 'e') return 0;
    if (how == 'c') CancelIoEx(h, &o);
    return !GetOverlappedResult(h, &o, &n, TRUE);
}
"""
DPC, ISR = "queue_dpc();", "send_byte(0x10);"
SLEEPS = {"delay": "LARGE_INTEGER t = {.QuadPart = -1}; KeDelayExecutionThread(KernelMode, FALSE, &t);", "wait": "LARGE_INTEGER t = {.QuadPart = -1}; KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, &t);",
          "wait_for_ever": "wait_for(&never);", "fast_mutex": "ExAcquireFastMutex(&fast_first); ExReleaseFastMutex(&fast_first);",
          "resource": "ExAcquireResourceExclusiveLite(&resource_first, TRUE);"}
LOCKS = {"spin": ("KIRQL @k; KeAcquireSpinLock(&spin_@, &@k); meet();", ""), "fast": ("ExAcquireFastMutex(&fast_@);", "fast mutex"),
         "mutex": ("wait_for(&mutex_@);", "mutex"), "resource": ("KeEnterCriticalRegion(); ExAcquireResourceExclusiveLite(&resource_@, TRUE);", r"ERESOURCE \(exclusive\)")}
PEND = "IoMarkIrpPending(irp); %s return STATUS_PENDING;"
LINE = r" \[[^\]]*NAME\.c @ %d\]"
SPUN = r"drvlab: code has been spinning for 10 minutes of virtual time at NAME!read\+0x[0-9a-f]+\nSTACK_TEXT:\n[^\n]*NAME!read\+0x[0-9a-f]+" + LINE % 400
WATCHDOG = r"DPC_WATCHDOG_VIOLATION \(133\)\nArguments:\nArg1: 000000000000000%d, [\s\S]*FAULTING_IP: NAME!%s[^\n]*" + LINE
POLLS = r"drvlab: kernel-mode code polls memory \(0x[0-9a-f]+\) that nobody is left to change at NAME!%s[^\n]*\nSTACK_TEXT:\n[^\n]*NAME!%s[^\n]*" + LINE
COUNTS = r"drvlab: kernel-mode code runs without calling the system at NAME!%s[^\n]*\nSTACK_TEXT:\n[^\n]*NAME!%s[^\n]*" + LINE
ASLEEP = r"IRQL_NOT_LESS_OR_EQUAL \(a\)\n[\s\S]*FAULTING_IP: NAME!dpc_routine[^\n]*" + LINE % 100
REQUEST = r"PENDING_IRPS:\nIRP [0-9a-f]+ IRP_MJ_READ%s: \\Driver\\NAME\s+\(stack\s+location 1,[\s]+marked[\s]+pending\)[\s]+has[\s]+it,[\s]+with%s[\s]+a[\s]+cancel[\s]+routine\n    given to NAME!read"
WAITING = r"drvlab: every thread waits, and nothing is due that could wake one\nthread [0-9a-f]{16} \(Cid [0-9a-f.]+\) waits for event [\s\S]*client!main\+0x[0-9a-f]+ \[[^\]]*client\.c @ \d+\]\n[\s\S]*"
INTERRUPT = r"INTERRUPTS:\nline 7%s\n    vector a0, latched:\n        NAME!isr \[[^\]]*NAME\.c @ 20\d\]\n        called %s, said 'mine' %s\n"
RING = r"drvlab: a chain of devices never ends: %s leads from the device [0-9a-f]+ of \\Driver\\NAME back to it"
DELAYS = "LARGE_INTEGER none = {.QuadPart = 0}; for (;;) KeDelayExecutionThread(KernelMode, %s, &none);"
# name, parts of the driver, the program's argument, processors, options, exit status, what the report says
CASES = [
    # It spins: calling nothing, with pause, with calls; at every level.
    ("spin_passive", {"read": "while (!stop) {}"}, "s", 2, 0, 126, POLLS % ("read", "read", 400)),
    ("spin_dispatch", {"read": "raise(); while (!stop) {}"}, "s", 2, 0, 126, POLLS % ("read", "read", 400)),
    ("count_passive", {"read": "while (!stop) met++;"}, "s", 2, 1, 126, COUNTS % ("read", "read", 400)),
    ("spin_dpc", {"read": DPC, "dpc": "while (!stop) {}"}, "s", 2, 0, 126, POLLS % ("dpc_routine", "dpc_routine", 100)),
    ("spin_isr", {"read": ISR + "moment();", "isr": "while (!stop) {}"}, "s", 1, 0, 122, WATCHDOG % (0, "isr", 200)),
    ("pause_passive", {"read": "while (!stop) YieldProcessor();"}, "s", 2, 0, 126, SPUN),
    ("pause_both", {"read": "start_other(); while (!stop) YieldProcessor();", "other": "while (!stop) YieldProcessor();"}, "s", 2, 0, 126,
     r"drvlab: code has been spinning for 10 minutes of virtual time at NAME!(read|other)\+"),
    ("pause_dispatch", {"read": "raise(); while (!stop) YieldProcessor();"}, "s", 1, 0, 122, WATCHDOG % (1, "read", 400)),
    ("pause_dpc", {"read": DPC, "dpc": "while (!stop) YieldProcessor();"}, "s", 2, 0, 122, WATCHDOG % (0, "dpc_routine", 100)),
    ("pause_isr", {"read": ISR + "moment();", "isr": "while (!stop) YieldProcessor();"}, "s", 1, 0, 122, WATCHDOG % (0, "isr", 200)),
    ("stall_passive", {"read": "while (!stop) KeStallExecutionProcessor(50);"}, "s", 1, 0, 126, SPUN.replace(r"\n[^\n]*NAME!read", r"\n[^\n]*nt!KeStall[^\n]*\n[^\n]*NAME!read")),
    ("stall_dpc", {"read": DPC, "dpc": "while (!stop) KeStallExecutionProcessor(50);"}, "s", 2, 0, 122, WATCHDOG % (0, "dpc_routine", 100)),
    ("stall_isr", {"read": ISR + "moment();", "isr": "while (!stop) KeStallExecutionProcessor(50);"}, "s", 1, 0, 122, WATCHDOG % (0, "isr", 200)),
    # The one that it waits for cannot run.
    ("pause_alone", {"read": "start_other(); raise(); while (!stop) YieldProcessor();", "other": "stop = 1;"}, "s", 1, 0, 122, WATCHDOG % (1, "read", 400)),
    # It loses the interrupt: not enabled, taken for another's, taken and forgotten.
    ("not_enabled", {"read": PEND % "send_byte(0);"}, "w", 2, 0, 126, WAITING + REQUEST % ("", "out") + r"[\s\S]*" + INTERRUPT % (": no device has raised it", "0 times", "0 times")),
    ("not_claimed", {"read": PEND % "send_byte(0x10);", "isr": "if (!stop) return FALSE;"}, "w", 2, 0, 126,
     WAITING + REQUEST % ("", "out") + r"[\s\S]*" + INTERRUPT % (r" \(parport\): raised 1 time, last at [0-9.]+ s; now not asserted", "1 time", "0 times")),
    ("forgotten", {"read": PEND % "send_byte(0x10);"}, "s", 1, 0, 126,
     WAITING + REQUEST % ("", "out") + r"[\s\S]*" + INTERRUPT % (r" \(parport\): raised 1 time, last at [0-9.]+ s; now not asserted", "1 time", "1 time")),
    # It never completes a request that was cancelled.
    ("no_cancel_routine", {"read": PEND % ""}, "c", 2, 0, 126, WAITING + REQUEST % (", cancelled", "out")),
    ("cancel_routine", {"read": PEND % "IoSetCancelRoutine(irp, cancel);"}, "c", 2, 0, 126, WAITING + REQUEST % (", cancelled", "out")),
    ("not_cancelled", {"read": PEND % "IoSetCancelRoutine(irp, cancel);"}, "w", 1, 0, 126, WAITING + REQUEST % ("", "")),
    ("program_ends", {"read": PEND % "IoSetCancelRoutine(irp, cancel);"}, "e", 2, 0, 123,
     r"drvlab: NAME!read\+0x[0-9a-f]+[^\n]*: the end of thread [0-9a-f.]+: a request has not ended 5 minutes after its cancellation\. "
     r"IRP [0-9a-f]+ IRP_MJ_READ, cancelled: \\Driver\\NAME \(stack location 1, marked pending\) has it, without a cancel routine \(CancelledIrpNotCompleted; "
     r"Driver Verifier: bug check 0xC4 DRIVER_VERIFIER_DETECTED_VIOLATION \(0x135, "),
    # It registers itself again and again: while drivers are loaded; while the machine shuts down, which is not put off by it.
    ("initializes_again", {"entry": "IoRegisterDriverReinitialization(driver, initialize_again, NULL);"}, "s", 1, 0, 126,
     r"drvlab: reinitialization routines have registered themselves again 1000000 times"),
    ("shuts_down_again", {"entry": "IoRegisterShutdownNotification(device);"}, "s", 1, 0, 0, ""),
    # It attaches its device to itself; then the program opens it. It makes its device the next of itself.
    ("attached_in_ring", {"entry": "IoAttachDeviceToDeviceStack(device, device);"}, "s", 1, 0, 126,
     RING % "AttachedDevice" + r"[\s\S]*drvlab: NAME!DriverEntry\+0x[0-9a-f]+ \[[^\]]*NAME\.c @ \d+\]: attaches the device [0-9a-f]+ of \\Driver\\NAME to a stack that it is in: "
     r"[^\n]*\(DeviceAttachedInRing\)"),
    ("next_of_itself", {"entry": "device->NextDevice = device;"}, "s", 1, 0, 126, RING % "NextDevice"),
    # It gives up the processor for ever, for no time.
    ("delays_for_no_time", {"read": DELAYS % "FALSE"}, "s", 1, 0, 126, r"drvlab: code has been spinning for 10 minutes of virtual time at NAME!read\+"),
    ("delays_alertably", {"read": DELAYS % "TRUE"}, "s", 2, 0, 126, r"drvlab: code has been spinning for 10 minutes of virtual time at NAME!read\+"),
    # Its work item queues itself for ever, on the only processor: the others starve and are helped.
    ("works_for_ever", {"read": "work(device, IoAllocateWorkItem(device));"}, "s", 1, 0, 0, ""),
]
# It sleeps in a DPC.
CASES += [(f"sleep_{name}", {"read": DPC, "dpc": code}, "s", 2, 0, 122, ASLEEP) for name, code in SLEEPS.items()]
# It takes two locks, and another thread takes them the other way round.
for name, (code, what) in LOCKS.items():
    first, second = code.replace("@", "first"), code.replace("@", "second")
    between = "" if name == "spin" else "moment();"
    if name == "spin":
        second_at, first_at = "KeAcquireSpinLockAtDpcLevel(&spin_second);", "KeAcquireSpinLockAtDpcLevel(&spin_first);"
        text = (r"drvlab: deadlock: processor \d [\s\S]*(processor \d spins for spin lock [0-9a-f]+\n    thread [0-9a-f]+ \(Cid [0-9a-f.]+\)\n    at NAME!(read|other)\+[\s\S]*"
                r"    held by processor \d, acquired at\n        NAME!(read|other)\+0x[0-9a-f]+ \[[^\]]*NAME\.c @ [34]00\]\n){2}")
    else:
        second_at, first_at = second, first
        one = (r"thread [0-9a-f]{16} \(Cid [0-9a-f.]+\) waits for %s [0-9a-f]+\n    for \d+ ticks \([0-9:.]+\)\n    at NAME!%s\+0x[0-9a-f]+ \[[^\]]*NAME\.c @ %d\]\n[\s\S]*"
               r"    held by thread [0-9a-f]{16} \(Cid [0-9a-f.]+\)%s\n")
        taken = "" if name == "mutex" else r", acquired at\n        NAME!%s\+0x[0-9a-f]+ \[[^\]]*NAME\.c @ %d\]"
        text = (one % (what, "read", 400, taken and taken % ("other", 300)) + one % (what, "other", 300, taken and taken % ("read", 400)) +
                r"DEADLOCK: 2 threads wait for each other:\n(  thread [0-9a-f]{16} \(Cid [0-9a-f.]+\) waits for\n      %s [0-9a-f]+, held by\n      thread [0-9a-f]{16} "
                r"\(Cid [0-9a-f.]+\)\n){2}" % what)
    parts = {"read": f"start_other(); {first} {between} {second_at}", "other": f"{second} {between} {first_at}"}
    CASES += [(f"locks_{name}", parts, "s", processors, 0, 126, text) for processors in ((2,) if name == "spin" else (1, 2))]


def check_case(lab, folder, name, parts, argument, processors, watchdog, exit_status, text):
    code = {part: parts.get(part, "") for part in ("dpc", "isr", "other", "read", "entry")}
    driver = rs.build_driver(folder, f"hang_{name}", DRIVER % code)
    wanted = text.replace("NAME", f"hang_{name}")
    for more in ([], ["--trace", folder / "trace"])[:1 + ("PENDING_IRPS" in text)]:
        line = ["run", "--hardware", "parport", "--cpus", processors, *(["--watchdog", watchdog] if watchdog else []), *more, "--driver", driver]
        done = rs.expect(lab.call([*line, "--", folder / "client.exe", argument], timeout=90), exit_status)
        if not re.search(wanted, done.stderr):
            raise rs.Failure(f"the report does not say '{wanted}':\n{done.stderr}")
        if more and not re.search(r"given to [^\n]*\n[^\n]* IRP 0x[0-9a-f]+ created: IRP_MJ_READ, 1 stack\n[\s\S]* marked pending\n", done.stderr):
            raise rs.Failure(f"the report has no history of the request:\n{done.stderr}")


def check(lab, options, folder):
    """Hangs."""
    (folder / "client.c").write_text(PROGRAM)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O1", "-gdwarf-4", "client.c", "-o", "client.exe"], cwd=folder, check=True)
    problems = []
    only = os.environ.get("DRVLAB_HANGS", "")
    for case in CASES:
        if not case[0].startswith(only):
            continue
        try:
            check_case(lab, folder, *case)
        except rs.Failure as problem:
            problems.append(f"{case[0]}: {problem}")
    if problems:
        raise rs.Failure("\n".join(problems))


rs.run_script(check)
