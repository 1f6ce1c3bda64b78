#!/usr/bin/env python3
"""What a driver does to the processor, to the level it was called at, and to requests that are not (or no longer) its own: each ends
in a bug check or a report that names the routine. A stack of two devices, and a request that DriverEntry sends to its top."""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
#pragma GCC diagnostic ignored "-Warray-bounds" // KeGetCurrentThread
static PDEVICE_OBJECT lower, upper;
static PIRP kept;
static volatile ULONG word, words[4];
static NTSTATUS finish(PIRP irp) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
static void set_flags(ULONG64 bits) {
    ULONG64 flags;
    __asm__ volatile("pushfq; popq %%0" : "=r"(flags));
    flags |= bits;
    __asm__ volatile("pushq %%0; popfq" : : "r"(flags) : "cc", "memory");
}
static NTSTATUS NTAPI done(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    (void)device, (void)irp, (void)context;
    %(done)s
    return STATUS_CONTINUE_COMPLETION;
}
static NTSTATUS NTAPI lower_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    %(lower)s
    return finish(irp);
}
static NTSTATUS NTAPI upper_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device, (void)done, (void)set_flags;
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction != IRP_MJ_DEVICE_CONTROL) return finish(irp);
    %(upper)s
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, done, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(lower, irp);
}
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    return device == upper ? upper_dispatch(device, irp) : lower_dispatch(device, irp);
}
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
static VOID NTAPI thread(PVOID context) {
    (void)context;
    %(thread)s
}
static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    (void)thread;
    (void)kept, (void)word, (void)words;
    while (driver->DeviceObject) IoDeleteDevice(driver->DeviceObject);
    %(unload)s
}
static NTSTATUS send(void) {
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(0x222004, upper, NULL, 0, NULL, 0, FALSE, &event, &iosb);
    NTSTATUS status = IoCallDriver(upper, irp);
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return status;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    driver->DriverUnload = unload;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &lower);
    if (NT_SUCCESS(status)) status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &upper);
    if (!NT_SUCCESS(status)) return status;
    upper->StackSize = 2;
    lower->Flags &= ~DO_DEVICE_INITIALIZING;
    upper->Flags &= ~DO_DEVICE_INITIALIZING;
    status = send();
    %(entry)s
    return status;
}
"""
ECP = """
    NTSYSAPI NTSTATUS NTAPI FsRtlAllocateExtraCreateParameterList(ULONG, PVOID*);
    NTSYSAPI NTSTATUS NTAPI FsRtlAllocateExtraCreateParameter(const GUID*, ULONG, ULONG, PVOID, ULONG, PVOID*);
    NTSYSAPI NTSTATUS NTAPI FsRtlInsertExtraCreateParameter(PVOID, PVOID);
    NTSYSAPI VOID NTAPI FsRtlFreeExtraCreateParameter(PVOID);
    NTSYSAPI VOID NTAPI FsRtlFreeExtraCreateParameterList(PVOID);
    static const GUID type = {1, 2, 3, {4}};
    PVOID list, ecp;
    FsRtlAllocateExtraCreateParameterList(0, &list);
    FsRtlAllocateExtraCreateParameter(&type, 16, 0, NULL, 0x70634554, &ecp);
    FsRtlInsertExtraCreateParameter(list, ecp);
"""
RAISE = "KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old);"
MXCSR = r"a driver's routine returned with [\s\S]*? than it was called with at NAME!"
LOCKED = "PVOID at = MmAllocateMappingAddress(8192, 1); PMDL mdl = IoAllocateMdl((PVOID)words, sizeof words, FALSE, FALSE, NULL); MmBuildMdlForNonPagedPool(mdl); (void)at;"
ATTRIBUTES = "OBJECT_ATTRIBUTES a; HANDLE h; PVOID object; InitializeObjectAttributes(&a, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);"
EVENT = ATTRIBUTES + "ZwCreateEvent(&h, EVENT_ALL_ACCESS, &a, NotificationEvent, FALSE); ObReferenceObjectByHandle(h, 0, NULL, KernelMode, &object, NULL);"
FILE = ATTRIBUTES + ('UNICODE_STRING n = RTL_CONSTANT_STRING(L"\\\\Device\\\\Null"); IO_STATUS_BLOCK iosb; a.ObjectName = &n;'
                     "ZwCreateFile(&h, FILE_READ_DATA, &a, &iosb, NULL, 0, 0, FILE_OPEN, 0, NULL, 0);"
                     "ObReferenceObjectByHandle(h, 0, NULL, KernelMode, &object, NULL);")
THREAD = ("HANDLE h; PsCreateSystemThread(&h, THREAD_ALL_ACCESS, NULL, NULL, NULL, thread, NULL); ZwClose(h);"
          "LARGE_INTEGER t = {.QuadPart = -100000}; KeDelayExecutionThread(KernelMode, FALSE, &t);")
LOOKASIDE = "static NPAGED_LOOKASIDE_LIST list; ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, 1, 0);"
UNREFERENCED = r"REFERENCE_BY_POINTER \(18\)[\s\S]*FAULTING_IP: NAME!"
# name, where, code, exit status, what the report must say (a regular expression)
CASES = [
    ("clean", {}, 0, ""),
    ("reparsed_without_name", {"lower": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_CREATE) { irp->IoStatus.Status = STATUS_REPARSE;"
                               " irp->IoStatus.Information = 0; IoCompleteRequest(irp, IO_NO_INCREMENT); return STATUS_REPARSE; }",
                               "entry": ATTRIBUTES + 'UNICODE_STRING n = RTL_CONSTANT_STRING(L"\\\\Device\\\\Reparsed"); IO_STATUS_BLOCK iosb; a.ObjectName = &n; (void)object;'
                               "PDEVICE_OBJECT named; IoCreateDevice(driver, 0, &n, FILE_DEVICE_UNKNOWN, 0, FALSE, &named); named->Flags &= ~DO_DEVICE_INITIALIZING;"
                               "ZwCreateFile(&h, FILE_READ_DATA, &a, &iosb, NULL, 0, 0, FILE_OPEN, 0, NULL, 0);"}, 122,
     r"DRIVER_RETURNED_STATUS_REPARSE_FOR_VOLUME_OPEN \(f9\)"),
    # Extra create parameters.
    ("ecp_freed_in_list", {"entry": ECP + "FsRtlFreeExtraCreateParameter(ecp);"}, 122, r"FSRTL_EXTRA_CREATE_PARAMETER_VIOLATION \(10c\)[\s\S]*Arg1: 0{15}6, "),
    ("ecp_overwritten", {"entry": ECP + "((volatile ULONG64*)ecp)[-8] = 0; FsRtlFreeExtraCreateParameterList(list);"}, 122, r"\(10c\)[\s\S]*Arg1: 0{15}1, "),
    ("ecp_list_freed_twice", {"entry": ECP + "FsRtlFreeExtraCreateParameterList(list); FsRtlFreeExtraCreateParameterList(list);"}, 122, r"\(10c\)[\s\S]*Arg1: 0{14}11, "),
    # The level that a routine was called at.
    ("entry_raised", {"entry": RAISE}, 122, r"IRQL_UNEXPECTED_VALUE \(c8\)\nDriverEntry returned at IRQL 2; it was called at IRQL 0\n"
     r"Arguments:\nArg1: 0000000000020002, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
    ("unload_raised", {"unload": RAISE}, 122, r"\(c8\)\nDriverUnload returned at IRQL 2[\s\S]*FAULTING_IP: NAME!unload"),
    ("dispatch_raised", {"upper": "finish(irp); " + RAISE + " return STATUS_SUCCESS;"}, 122,
     r"\(c8\)\na dispatch routine returned at IRQL 2[\s\S]*FAULTING_IP: NAME!dispatch"),
    ("lower_raised", {"lower": "finish(irp); " + RAISE + " return STATUS_SUCCESS;"}, 122,
     r"\(c8\)\na dispatch routine returned at IRQL 2[\s\S]*FAULTING_IP: NAME!dispatch[\s\S]*STACK_TEXT:[\s\S]*nt!IofCallDriver"),
    ("completion_raised", {"done": RAISE}, 122, r"\(c8\)\na completion routine returned at IRQL 2[\s\S]*FAULTING_IP: NAME!done"),
    ("entry_region", {"entry": "KeEnterCriticalRegion();"}, 122, r"APC_INDEX_MISMATCH \(1\)\nDriverEntry returned with another count of disabled "
     r"APCs[\s\S]*Arg3: [0-9a-f]{16}, [\s\S]*Arg4: 0000000000000001, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
    ("unload_region", {"unload": "KeEnterGuardedRegion();"}, 122, r"\(1\)\nDriverUnload[\s\S]*Arg3: [0-9a-f]{16}, [\s\S]*FAULTING_IP: NAME!unload"),
    ("lower_region", {"lower": "KeEnterCriticalRegion();"}, 122, r"\(1\)\na dispatch routine[\s\S]*FAULTING_IP: NAME!dispatch"),
    ("left_too_often", {"done": "KeLeaveCriticalRegion();"}, 122, r"\(1\)\na completion routine[\s\S]*Arg3: [0-9a-f]{16}, "),
    # Requests completed twice.
    ("twice", {"lower": "finish(irp);"}, 122, r"MULTIPLE_IRP_COMPLETE_REQUESTS \(44\)\nIoCompleteRequest was called for an IRP that is already completed"
     r"[\s\S]*FAULTING_IP: NAME!(finish|lower_dispatch|dispatch)[\s\S]*COMPLETED_BEFORE_AT: NAME!(finish|lower_dispatch|dispatch)"),
    ("again_in_completion", {"done": "finish(irp);"}, 122, r"\(44\)\na completion routine completed or freed its IRP and did not return "
     r"STATUS_MORE_PROCESSING_REQUIRED[\s\S]*FAULTING_IP: NAME!done[\s\S]*COMPLETED_BEFORE_AT: NAME!(finish|done)"),
    ("taken_back_twice", {"upper": "IoCopyCurrentIrpStackLocationToNext(irp); IoSetCompletionRoutine(irp, done, NULL, TRUE, TRUE, TRUE);"
                                   "IoCallDriver(lower, irp); finish(irp); return finish(irp);",
                          "done": "return STATUS_MORE_PROCESSING_REQUIRED;"}, 122, r"\(44\)\nIoCompleteRequest was called for"),
    ("not_its_own", {"upper": "IoSkipCurrentIrpStackLocation(irp); IoCallDriver(lower, irp); finish(irp); finish(kept); return STATUS_PENDING;",
                     "lower": "IoMarkIrpPending(irp); kept = irp; return STATUS_PENDING;"}, 122, r"\(44\)[\s\S]*COMPLETED_BEFORE_AT: NAME!"),
    ("freed", {"upper": "PIRP own = IoAllocateIrp(2, FALSE); IoFreeIrp(own); finish(own);"}, 122,
     r"\(44\)\nIoCompleteRequest was called for memory that is no IRP \(any more\)"),
    ("freed_in_completion", {"upper": "PIRP own = IoAllocateIrp(2, FALSE); IoSetNextIrpStackLocation(own);"
                                      "IoGetCurrentIrpStackLocation(own)->DeviceObject = upper; IoGetNextIrpStackLocation(own)->MajorFunction = 0;"
                                      "IoSetCompletionRoutine(own, done, NULL, TRUE, TRUE, TRUE); IoCallDriver(lower, own);",
                             "done": "if (!irp->Tail.Overlay.Thread) IoFreeIrp(irp);"}, 122, r"\(44\)\na completion routine completed or freed"),
    # Memory by physical address, and mappings of it.
    ("contiguous_twice", {"entry": "PHYSICAL_ADDRESS any = {.QuadPart = -1}; PVOID p = MmAllocateContiguousMemory(100, any);"
                                   "MmFreeContiguousMemory(p); MmFreeContiguousMemory(p);"}, 122,
     r"BAD_POOL_CALLER \(c2\)\nArguments:\nArg1: 0000000000000060, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
    ("contiguous_size", {"entry": "PHYSICAL_ADDRESS low = {.QuadPart = 0}, any = {.QuadPart = -1};"
                                  "PVOID p = MmAllocateContiguousMemorySpecifyCache(5000, low, any, low, MmCached); MmFreeContiguousMemorySpecifyCache(p, 4096, MmCached);"}, 122,
     r"SYSTEM_PTE_MISUSE \(da\)\nArguments:\nArg1: 0000000000000305, [\s\S]*Arg3: 0000000000000001, [\s\S]*Arg4: 0000000000000002, "),
    ("contiguous_used", {"entry": "PHYSICAL_ADDRESS any = {.QuadPart = -1}; volatile UCHAR* p = MmAllocateContiguousMemory(100, any);"
                                  "p[99] = 1; MmFreeContiguousMemory((PVOID)p); p[99] = 2;"}, 122, r"FAULTING_IP: NAME!DriverEntry"),
    ("address_zero", {"entry": "MmAllocateMappingAddress(0, 1);"}, 122, r"SYSTEM_PTE_MISUSE \(da\)\nArguments:\nArg1: 0000000000000100, "),
    ("address_tag", {"entry": "MmFreeMappingAddress(MmAllocateMappingAddress(1, 0x31), 0x32);"}, 122,
     r"\(da\)\nArguments:\nArg1: 0000000000000101, [\s\S]*Arg3: 0000000000000032, [\s\S]*Arg4: 0000000000000031, "),
    ("address_unknown", {"entry": "MmFreeMappingAddress((PVOID)words, 0x32);"}, 122, r"\(da\)\nArguments:\nArg1: 0000000000000102, "),
    ("address_mapped", {"entry": LOCKED + "MmMapLockedPagesWithReservedMapping(at, 1, mdl, MmCached); MmFreeMappingAddress(at, 1);"}, 122,
     r"\(da\)\nArguments:\nArg1: 0000000000000103, "),
    ("map_tag", {"entry": LOCKED + "MmMapLockedPagesWithReservedMapping(at, 2, mdl, MmCached);"}, 122, r"\(da\)\nArguments:\nArg1: 0000000000000104, "),
    ("map_unknown", {"entry": LOCKED + "MmMapLockedPagesWithReservedMapping((PVOID)words, 1, mdl, MmCached);"}, 122, r"\(da\)\nArguments:\nArg1: 0000000000000105, "),
    ("map_twice", {"entry": LOCKED + "MmMapLockedPagesWithReservedMapping(at, 1, mdl, MmCached); MmMapLockedPagesWithReservedMapping(at, 1, mdl, MmCached);"}, 122,
     r"\(da\)\nArguments:\nArg1: 0000000000000107, "),
    ("unmap_tag", {"entry": LOCKED + "MmUnmapReservedMapping(at, 2, mdl);"}, 122, r"\(da\)\nArguments:\nArg1: 0000000000000108, "),
    ("unmap_unknown", {"entry": LOCKED + "MmUnmapReservedMapping((PVOID)words, 1, mdl);"}, 122, r"\(da\)\nArguments:\nArg1: 0000000000000109, "),
    ("unmap_nothing", {"entry": LOCKED + "MmUnmapReservedMapping(at, 1, mdl);"}, 122, r"\(da\)\nArguments:\nArg1: 000000000000010b, "),
    # References and handles that are not the driver's.
    ("thread_reference", {"lower": "for (int i = 0; i < 9; i++) ObDereferenceObject(KeGetCurrentThread());"}, 122, UNREFERENCED),
    ("process_reference", {"lower": "for (int i = 0; i < 99; i++) ObDereferenceObject(PsGetCurrentProcess());"}, 122, UNREFERENCED),
    ("device_reference", {"entry": "ObDereferenceObject(upper);"}, 122, UNREFERENCED),
    ("event_reference", {"entry": EVENT + "ObDereferenceObject(object); ObDereferenceObject(object);"}, 122, UNREFERENCED),
    ("file_reference", {"entry": FILE + "ObDereferenceObject(object); ObDereferenceObject(object);"}, 122, UNREFERENCED),
    ("own_references", {"entry": EVENT + "ObDereferenceObject(object); ZwClose(h); ObReferenceObject(KeGetCurrentThread()); ObDereferenceObject(KeGetCurrentThread());"
                        + "ObReferenceObject(upper); ObDereferenceObject(upper);"}, 0, ""),
    ("null_reference", {"entry": "ObDereferenceObject((PVOID)(ULONG_PTR)word);"}, 122,
     r"PAGE_FAULT_IN_NONPAGED_AREA \(50\)[\s\S]*Arg1: ffffffffffffff[0-9a-f]{2}, [\s\S]*FAULTING_IP: NAME!DriverEntry"),
    ("closed_twice", {"entry": EVENT + "ObDereferenceObject(object); ZwClose(h); ZwClose(h);"}, 123,
     r"NAME!DriverEntry\+0x[0-9a-f]+ [^\n]*: closes the invalid handle 0xffffffff8[0-9a-f]+[\s\S]*0x0*93"),
    ("closed_nothing_by_ob", {"entry": "NTSTATUS NTAPI ObCloseHandle(HANDLE, KPROCESSOR_MODE); ObCloseHandle((HANDLE)(ULONG_PTR)0xffffffff80001234, KernelMode);"}, 123, r"closes the invalid handle 0xffffffff80001234"),
    ("closed_nothing", {"entry": "ZwClose((HANDLE)(ULONG_PTR)0xffffffff80001234);"}, 123, r"closes the invalid handle 0xffffffff80001234"),
    # Threads.
    ("thread_dispatch", {"entry": THREAD, "thread": RAISE}, 122,
     r"KERNEL_APC_PENDING_DURING_EXIT \(20\)\na system thread's routine returned at IRQL 2\n[\s\S]*Arg3: 0000000000000002, [\s\S]*FAULTING_IP: NAME!thread"),
    ("thread_apc", {"entry": THREAD, "thread": "KIRQL old; KeRaiseIrql(APC_LEVEL, &old);"}, 122,
     r"\(20\)\na system thread's routine returned at IRQL 1\n[\s\S]*FAULTING_IP: NAME!thread"),
    ("timer_zero", {"entry": "static KTIMER timer; LARGE_INTEGER due = {.QuadPart = -36000000000LL}; KeSetTimer(&timer, due, NULL); KeCancelTimer(&timer);"}, 123,
     r"NAME!DriverEntry\+0x[0-9a-f]+ [^\n]*: sets the KTIMER 0x[0-9a-f]+, which KeInitializeTimer did not initialize"),
    ("locked_mdl", {"entry": "PMDL mdl = IoAllocateMdl((PVOID)words, 8, FALSE, FALSE, NULL); MmProbeAndLockPages(mdl, KernelMode, IoReadAccess); IoFreeMdl(mdl);"}, 123,
     r"NAME!DriverEntry\+0x[0-9a-f]+ [^\n]*: frees the MDL 0x[0-9a-f]+, whose pages are still locked"),
    # Lookaside lists.
    ("lookaside_twice", {"entry": LOOKASIDE + "ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, 1, 0);"}, 123, r"initializes the lookaside list [\s\S]*0x0*ca"),
    ("lookaside_deleted", {"entry": LOOKASIDE + "ExDeleteNPagedLookasideList(&list); ExDeleteNPagedLookasideList(&list);"}, 123,
     r"deletes the lookaside list [\s\S]*0x0*cb"),
    ("lookaside_freed", {"entry": "NPAGED_LOOKASIDE_LIST* list = ExAllocatePoolWithTag(NonPagedPool, sizeof *list, 1);"
                                  "ExInitializeNPagedLookasideList(list, NULL, NULL, 0, 64, 1, 0); ExFreePool(list);"}, 123, r"NAME!DriverEntry\+[^\n]*: frees memory [\s\S]*0x0*cc"),
    # Timers and the interrupt flag.
    ("timer_again", {"entry": "static KTIMER t; LARGE_INTEGER due = {.QuadPart = -600000000LL}; KeInitializeTimer(&t); KeSetTimer(&t, due, NULL);"
                              "KeInitializeTimer(&t); KeSetTimer(&t, due, NULL); KeCancelTimer(&t);"}, 123,
     r"NAME!DriverEntry\+0x[0-9a-f]+ \[[^\n]*\]: initializes the KTIMER 0x[0-9a-f]+, which is set: it is cancelled"),
    ("halted", {"entry": "__asm__ volatile(\"cli\\n\\thlt\");"}, 126, r"a driver halts its processor with interrupts disabled"),
    ("ring", {"upper": "PDEVICE_OBJECT d = lower; d->AttachedDevice = d; PDEVICE_OBJECT top = IoGetAttachedDevice(d); (void)top; finish(irp); return STATUS_SUCCESS;"}, 126,
     r"a chain of devices never ends: AttachedDevice leads from the device [0-9a-f]+ of \\Driver\\NAME back to it at NAME!dispatch"),
    ("ring_of_next", {"entry": "lower->NextDevice = lower; return STATUS_UNSUCCESSFUL;"}, 126,
     r"a chain of devices never ends: NextDevice leads from the device [0-9a-f]+ of \\Driver\\NAME back to it"),
    ("ring_of_extensions", {"entry": "PVOID* e; IoAllocateDriverObjectExtension(driver, (PVOID)1, 16, (PVOID*)&e); e[-2] = e - 2; IoGetDriverObjectExtension(driver, (PVOID)2);"},
     126, r"the kernel does not come back from a call: what it was given is damaged, or leads in a ring at NAME!DriverEntry"),
    # Processor state.
    ("direction", {"lower": "__asm__ volatile(\"std\"); return STATUS_SUCCESS;"}, 123,
     r"drvlab: a driver's routine returned with the direction flag set at NAME!dispatch\nFAULTING_IP: NAME!dispatch"),
    ("direction_call", {"lower": "__asm__ volatile(\"std\");"}, 123,
     r"a driver called the kernel with the direction flag set at NAME!(finish|lower_dispatch|dispatch)\+"),
    ("alignment_kept", {"lower": "finish(irp); set_flags(0x40000); return STATUS_SUCCESS;"}, 123,
     r"a driver's routine returned with the alignment check flag \(AC\) set at NAME!dispatch\n"),
    ("alignment", {"lower": "set_flags(0x40000); word = *(volatile ULONG*)((char*)words + 1);"}, 123,
     r"a driver ran with the alignment check flag \(AC\) set at NAME!dispatch\+"),
    ("trap_flag", {"lower": "set_flags(0x100);"}, 122, r"EXCEPTION_CODE: STATUS_SINGLE_STEP[\s\S]*?\nFAULTING_IP: NAME!"),
    ("mxcsr", {"lower": "ULONG m = 0x9fc0; __asm__ volatile(\"ldmxcsr %%0\" : : \"m\"(m));"}, 123, MXCSR),
    ("x87", {"lower": "USHORT w = 0x27e; __asm__ volatile(\"fldcw %%0\" : : \"m\"(w));"}, 123, MXCSR),
    ("x87_pending", {"lower": "USHORT w = 0x340; __asm__ volatile(\"fldcw %%0; fld1; fldz; fdivrp\" : : \"m\"(w));"
                              "LARGE_INTEGER t = {.QuadPart = -10}; KeDelayExecutionThread(KernelMode, FALSE, &t);"}, 123, MXCSR),
    ("mov_fs", {"lower": "__asm__ volatile(\"movw %%w0, %%%%fs\" : : \"r\"(0)); USHORT w = 0x27e; __asm__ volatile(\"fldcw %%0\" : : \"m\"(w));"}, 123, MXCSR),
    ("code_segment", {"lower": "__asm__ volatile(\"pushq $0x23; pushq $0x1000; lretq\");"}, 123, r"a driver went to code segment 0x23: there is no 32-bit code"),
    ("wrgsbase", {"lower": "__asm__ volatile(\"wrgsbase %%0\" : : \"r\"(&word));"}, 122,
     r"CRITICAL_STRUCTURE_CORRUPTION \(109\)\na driver changed the base of GS[\s\S]*?\(wrgsbase\)[\s\S]*Arg4: 0000000000000007, [\s\S]*FAULTING_IP: NAME!"),
    ("wrmsr", {"lower": "__asm__ volatile(\"wrmsr\" : : \"c\"(0xc0000101), \"a\"(0), \"d\"(0));"}, 122, r"\(109\)\n[\s\S]*?\(wrmsr 0xc0000101\)[\s\S]*FAULTING_IP: NAME!"),
    ("swapgs", {"lower": "__asm__ volatile(\"swapgs\");"}, 122, r"\(109\)\n[\s\S]*?\(swapgs\)[\s\S]*FAULTING_IP: NAME!"),
    ("mov_gs", {"lower": "__asm__ volatile(\"movw %%w0, %%%%gs\" : : \"r\"(0));"}, 122, r"\(109\)\na driver changed the base of GS[\s\S]*FAULTING_IP: NAME!"),
    ("mov_gs_return", {"lower": "finish(irp); __asm__ volatile(\"movw %%w0, %%%%gs\" : : \"r\"(0)); return STATUS_SUCCESS;"}, 122,
     r"\(109\)\na driver changed the base of GS[\s\S]*FAULTING_IP: NAME!"),
]


def check(lab, options, folder):
    """Misdeeds."""
    problems = []
    for case in CASES:
        try:
            check_case(lab, folder, *case)
        except rs.Failure as problem:
            problems.append(f"{case[0]}: {problem}")
    if problems:
        raise rs.Failure("\n".join(problems))


def check_case(lab, folder, name, code, exit_status, text):
    parts = {part: code.get(part, "").replace("%%", "%") for part in ("done", "lower", "thread", "upper", "unload", "entry")}
    driver = rs.build_driver(folder, f"mis_{name}", SOURCE % parts)
    for more in ([], ["--trace", folder / "trace"]):
        done = rs.expect(lab.call(["load", "--watchdog", "2", *more, driver]), exit_status)
        wanted = text.replace("NAME", f"mis_{name}")
        if not re.search(wanted.replace(" ", r"\s+"), done.stderr):
            raise rs.Failure(f"the report does not say '{wanted}':\n{done.stderr}")


rs.run_script(check)
