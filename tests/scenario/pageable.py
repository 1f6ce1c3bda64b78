#!/usr/bin/env python3
"""What a driver does to pageable memory at DISPATCH_LEVEL: each ends in the bug check, and the report names the function, its line and
the memory. What it may do does not. All of it in DriverEntry, so that no client is needed."""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
#define ALONE __attribute__((noipa))
static volatile ULONG in_section __attribute__((section("PAGEDATA"))) = 1;
static volatile ULONG result;
static KSPIN_LOCK lock;
static KDPC dpc;
static volatile ULONG* block;
ALONE static void read_it(volatile ULONG* at) { result = *at; } /* read_it */
ALONE static void write_it(volatile ULONG* at) { *at = 2; } /* write_it */
ALONE __attribute__((section("PAGE"))) static void in_page(void) { result++; } /* in_page */
ALONE __attribute__((section("PAGE"))) static void raises_itself(void) {
    KIRQL old;
    KeAcquireSpinLock(&lock, &old);
    result++; /* after raise */
    KeReleaseSpinLock(&lock, old);
}
ALONE __attribute__((section("PAGE"))) static void below(void (*call)(void)) { call(); result++; }
ALONE static VOID NTAPI in_dpc(PKDPC d, PVOID context, PVOID a, PVOID b) {
    (void)d, (void)a, (void)b;
    read_it(context);
    result++;
}
ALONE static VOID NTAPI set_event(PKDPC d, PVOID context, PVOID a, PVOID b) {
    (void)d, (void)a, (void)b;
    KeSetEvent(context, IO_NO_INCREMENT, FALSE); /* set_event */
    result++;
}
static void queue(PKDEFERRED_ROUTINE routine, volatile void* context) {
    KeInitializeDpc(&dpc, routine, (PVOID)context);
    KeInsertQueueDpc(&dpc, NULL, NULL);
}
ALONE static ULONG64 set_cr8(ULONG64 level) {
    ULONG64 old;
    __asm__ volatile("movq %%cr8, %0" : "=r"(old));
    __asm__ volatile("movq %0, %%cr8" : : "r"(level) : "memory");
    return old;
}
ALONE static void lock_and_read(void) {
    KIRQL old;
    KeAcquireSpinLock(&lock, &old);
    read_it(block);
    KeReleaseSpinLock(&lock, old);
}
ALONE static void raise_status(void) { ExRaiseStatus(STATUS_DATA_ERROR); }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    KIRQL old = 0;
    (void)driver, (void)path, (void)old, (void)in_dpc, (void)set_event, (void)queue, (void)set_cr8, (void)in_page, (void)raises_itself;
    (void)below, (void)lock_and_read, (void)raise_status, (void)write_it;
    KeInitializeSpinLock(&lock);
    block = ExAllocatePoolWithTag(PagedPool, 64, 0x74736554); /* allocated */
    *block = 1;
    BODY
    ExFreePoolWithTag((PVOID)block, 0x74736554);
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}
"""
RAISED = "KeRaiseIrql(DISPATCH_LEVEL, &old);"
LOWER = "KeLowerIrql(old);"
BLOCK = r"[0-9a-f]{16} Paged pool\n    block [0-9a-f]{16} of 64 bytes, tag 'Test'\n    allocated at NAME!DriverEntry\S* \[\S*NAME.c @ LINE\(allocated\)\]\n"
LOADED = 121  # DriverEntry fails, and nothing else has


def stop(code, access, text, irql=2):
    return 122, rf"\({code}\)\n[\s\S]*Arg2: {irql:016x}, IRQL\nArg3: {access:016x}, [\s\S]*{text}"


# name, DriverEntry's code, exit status and what the report must say
CASES = [
    ("clean", f"read_it(block); {RAISED} {LOWER} write_it(block); in_page(); below(in_page); read_it(&in_section);", LOADED, ""),
    ("read", f"{RAISED} read_it(block);", *stop("d1", 0, r"FAULTING_IP: NAME!read_it\S* \[\S*NAME.c @ LINE\(read_it\)\][\s\S]*READ_ADDRESS: " + BLOCK)),
    ("write", f"read_it(block); {RAISED} write_it(block);", *stop("d1", 1, r"FAULTING_IP: NAME!write_it[\s\S]*WRITE_ADDRESS: " + BLOCK)),
    ("section", f"in_section = 3; {RAISED} read_it(&in_section);",
     *stop("d1", 0, r"FAULTING_IP: NAME!read_it[\s\S]*READ_ADDRESS: [0-9a-f]{16} Pageable section PAGEDATA of NAME.sys\n")),
    ("code", f"in_page(); {RAISED} in_page();",
     *stop("d1", 8, r"FAULTING_IP: NAME!in_page \[\S*NAME.c @ LINE\(in_page\)\][\s\S]*EXECUTE_ADDRESS: [0-9a-f]{16} Pageable section PAGE of NAME.sys\n"
           r"[\s\S]*STACK_TEXT:[\s\S]*NAME!DriverEntry")),
    ("raises_itself", "raises_itself();", *stop("d1", 8, r"FAULTING_IP: NAME!raises_itself\S* \[\S*NAME.c @ \d+\][\s\S]*Pageable section PAGE of")),
    ("dpc", "read_it(block); queue(in_dpc, block);", *stop("d1", 0, r"FAULTING_IP: NAME!read_it[\s\S]*STACK_TEXT:[\s\S]*NAME!in_dpc")),
    ("dpc_routine", "queue((PKDEFERRED_ROUTINE)in_page, NULL);", *stop("d1", 8, r"FAULTING_IP: NAME!in_page")),
    ("spin_lock", "below(lock_and_read);", *stop("d1", 0, r"FAULTING_IP: NAME!read_it[\s\S]*NAME!lock_and_read[\s\S]*NAME!below[\s\S]*NAME!DriverEntry")),
    ("cr8", "set_cr8(2); read_it(block);", *stop("d1", 0, "FAULTING_IP: NAME!read_it")),
    ("cr8_high", "set_cr8(12); write_it(block);", *stop("d1", 1, "FAULTING_IP: NAME!write_it", 12)),
    ("cr8_lowered", "set_cr8(set_cr8(2)); read_it(block);", LOADED, ""),
    ("event", "KeInitializeEvent((PRKEVENT)block, NotificationEvent, FALSE); queue(set_event, block);",
     *stop("a", 0, r"FAULTING_IP: NAME!set_event\S* \[\S*NAME.c @ LINE\(set_event\)\][\s\S]*" + BLOCK)),
    ("event_below", "KeInitializeEvent((PRKEVENT)block, NotificationEvent, FALSE); KeSetEvent((PRKEVENT)block, 0, FALSE);", LOADED, ""),
    ("copy", f"{RAISED} RtlCopyMemory((PVOID)&result, (PVOID)block, 4); read_it(block);", *stop("(a|d1)", 0, "NAME!")),
    ("locked", "PMDL mdl = IoAllocateMdl((PVOID)block, 64, FALSE, FALSE, NULL); MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);"
     f"{RAISED} read_it(block); {LOWER} MmUnlockPages(mdl); {RAISED} read_it(block);", *stop("d1", 0, "FAULTING_IP: NAME!read_it")),
    ("lock_at_dispatch", f"PMDL mdl = IoAllocateMdl((PVOID)block, 64, FALSE, FALSE, NULL); {RAISED} MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);",
     *stop("a", 0, "FAULTING_IP: NAME!DriverEntry")),
    ("entire", f"MmPageEntireDriver((PVOID)(ULONG_PTR)DriverEntry); {RAISED} result = 1;", *stop("d1", 8, "FAULTING_IP: NAME!DriverEntry")),
    ("wait_follows", "KEVENT e; KeInitializeEvent(&e, NotificationEvent, FALSE); in_page(); KeSetEvent(&e, 0, TRUE); in_page();",
     *stop("d1", 8, "FAULTING_IP: NAME!in_page")),
    ("not_locked", "MmUnlockPagableImageSection(MmLockPagableCodeSection((PVOID)(ULONG_PTR)in_page));"
     "MmUnlockPagableImageSection(MmLockPagableCodeSection((PVOID)(ULONG_PTR)in_page)); MmUnlockPagableImageSection((PVOID)block);",
     122, r"MEMORY_MANAGEMENT \(1a\)\nArguments:\nArg1: 0000000000001010, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
    ("no_section", "MmLockPagableCodeSection((PVOID)block);", 122, r"\(1a\)\nArguments:\nArg1: 0000000000001234, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
]


def check(lab, options, folder):
    """Pageable memory."""
    problems = []
    for case in CASES:
        try:
            check_case(lab, folder, *case)
        except rs.Failure as problem:
            problems.append(f"{case[0]}: {problem}")
    if problems:
        raise rs.Failure("\n".join(problems))


def check_case(lab, folder, name, code, exit_status, text):
    source = SOURCE.replace("BODY", code)
    line = lambda mark: next(i for i, s in enumerate(source.split("\n"), 1) if f"/* {mark.group(1)} */" in s)
    wanted = re.sub(r"LINE\\\((\w+)\\\)", lambda m: str(line(m)), text.replace("NAME", f"page_{name}"))
    driver = rs.build_driver(folder, f"page_{name}", source)
    for more in ([], ["--trace", folder / "trace", "--trace-verbose", "--cpus", "2"]):
        done = rs.expect(lab.call(["load", *more, driver]), exit_status)
        if not re.search(wanted, done.stderr):
            raise rs.Failure(f"the report does not say '{wanted}':\n{done.stderr}")
        if exit_status == LOADED and "Fatal" in done.stderr:
            raise rs.Failure(f"a bug check:\n{done.stderr}")


rs.run_script(check)
