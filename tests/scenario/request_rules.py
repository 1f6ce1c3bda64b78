#!/usr/bin/env python3
"""One driver for each rule about requests that breaks it, and no other but those that ALSO names: the report has the rule's name, the place, what Windows would
have stopped with and (--verifier io) what had become of the request before. A stack of two devices of one driver, and a request that
DriverEntry sends to its top; where two drivers are needed there are two images. The same driver without the misdeed is silent."""
import json, pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
#pragma GCC diagnostic ignored "-Wunused-function"
static PDEVICE_OBJECT lower, upper;
static PIRP kept;
static KEVENT event;
static IO_STATUS_BLOCK iosb;
static UCHAR memory[4096];
static NTSTATUS finish(PIRP irp) {
    if (irp->IoStatus.Status == STATUS_PENDING || irp->IoStatus.Status == STATUS_NOT_SUPPORTED) irp->IoStatus.Status = STATUS_SUCCESS;
    NTSTATUS status = irp->IoStatus.Status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}
static NTSTATUS NTAPI done(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    (void)device, (void)context;
    if (irp->PendingReturned && irp->CurrentLocation <= irp->StackCount) IoMarkIrpPending(irp);
    %(done)s
    return STATUS_CONTINUE_COMPLETION;
}
static NTSTATUS NTAPI keep(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    (void)device, (void)context, (void)irp;
    return STATUS_MORE_PROCESSING_REQUIRED;
}
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    irp->IoStatus.Status = STATUS_CANCELLED;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
}
static NTSTATUS watch(PIRP irp) {
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, done, &memory, TRUE, TRUE, TRUE);
    return IoCallDriver(lower, irp);
}
static NTSTATUS NTAPI lower_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    (void)stack;
    %(lower)s
    return finish(irp);
}
static NTSTATUS NTAPI upper_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    %(upper)s
    return watch(irp);
}
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    return device == upper ? upper_dispatch(device, irp) : lower_dispatch(device, irp);
}
static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    (void)kept;
    while (driver->DeviceObject) IoDeleteDevice(driver->DeviceObject);
    %(unload)s
}
// A request of our own for a device, to which `major` and so on are added.
static PIRP own(PDEVICE_OBJECT device, UCHAR major) {
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IoGetNextIrpStackLocation(irp)->MajorFunction = major;
    IoSetCompletionRoutine(irp, keep, NULL, TRUE, TRUE, TRUE);
    return irp;
}
static PIRP control(PDEVICE_OBJECT device) {
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(0x222004, device, NULL, 0, NULL, 0, FALSE, &event, &iosb);
    return irp;
}
static NTSTATUS send(void) {
    NTSTATUS status = IoCallDriver(upper, control(upper));
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return status;
}
%(more)s
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path, (void)cancel;
    driver->DriverUnload = unload;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &lower);
    if (NT_SUCCESS(status)) status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &upper);
    if (!NT_SUCCESS(status)) return status;
    lower->Flags &= ~DO_DEVICE_INITIALIZING;
    upper->Flags &= ~DO_DEVICE_INITIALIZING;
    IoAttachDeviceToDeviceStack(upper, lower);
    %(fast)s
    %(before)s
    status = send();
    %(entry)s
    for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice)
        if (d->AttachedDevice) IoDetachDevice(d);
    return STATUS_SUCCESS;
}
"""
PEND = "IoMarkIrpPending(irp); kept = irp; return STATUS_PENDING;"
LATER = "finish(kept); KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);"
NOWAIT = "status = IoCallDriver(upper, control(upper));"
ONCE = "static int once; if (!once++) "
PNP = "PIRP irp = own(upper, IRP_MJ_PNP); IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_QUERY_CAPABILITIES;"
FREE = "IoFreeIrp(irp);"
UNKNOWN = PNP.replace("IRP_MN_QUERY_CAPABILITIES", "0x77") + "IoCallDriver(upper, irp); IoFreeIrp(irp);"
PNP_DONE = "if (stack->MajorFunction == IRP_MJ_PNP) { NTSTATUS s = irp->IoStatus.Status; IoCompleteRequest(irp, IO_NO_INCREMENT); return s; }"
# A request by a handle, so that the I/O manager makes the IRP; its code is 0x222008. Fast I/O is asked before it.
ONCE_CONTROL = "if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL && stack->Parameters.DeviceIoControl.IoControlCode == 0x222008) "
FILE_CONTROL = """{
    UNICODE_STRING n; RtlInitUnicodeString(&n, L"\\\\Device\\\\RuleFile");
    PDEVICE_OBJECT named; IoCreateDevice(driver, 0, &n, FILE_DEVICE_UNKNOWN, 0, FALSE, &named); named->Flags &= ~DO_DEVICE_INITIALIZING;
    OBJECT_ATTRIBUTES a; InitializeObjectAttributes(&a, &n, OBJ_KERNEL_HANDLE, NULL, NULL);
    HANDLE h; IO_STATUS_BLOCK b;
    status = ZwOpenFile(&h, GENERIC_READ | SYNCHRONIZE, &a, &b, 0, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(status)) return status;
    ZwDeviceIoControlFile(h, NULL, NULL, NULL, &b, 0x222008, NULL, 0, NULL, 0); ZwClose(h); }
"""
FAST = """static BOOLEAN NTAPI fast(PFILE_OBJECT f, BOOLEAN w, PVOID i, ULONG il, PVOID o, ULONG ol, ULONG code, PIO_STATUS_BLOCK b, PDEVICE_OBJECT d) {
    (void)f, (void)w, (void)i, (void)il, (void)o, (void)ol, (void)code, (void)d; %s b->Status = 0; b->Information = 0; return TRUE; }
"""
START = "static VOID NTAPI start(PDEVICE_OBJECT d, PIRP irp) { (void)d, (void)irp; %s }"
START_IT = """driver->DriverStartIo = start; PIRP irp = own(lower, 3); KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old);
    IoStartPacket(lower, irp, NULL, NULL); KeLowerIrql(old); IoFreeIrp(irp);
"""
SURPRISE = PNP.replace("IRP_MN_QUERY_CAPABILITIES", "IRP_MN_SURPRISE_REMOVAL") + "IoCallDriver(upper, irp); IoFreeIrp(irp);"
WAIT = "KEVENT e; KeInitializeEvent(&e, NotificationEvent, FALSE);"
WAITS = """IoSetCompletionRoutine(irp, keep, &e, TRUE, TRUE, TRUE);
    if (IoCallDriver(lower, irp) == STATUS_PENDING) KeWaitForSingleObject(&e, Executive, KernelMode, FALSE, NULL);"""
FLUSH_PENDS = "if (stack->MajorFunction == IRP_MJ_FLUSH_BUFFERS) {" + PEND + "}"
CONTROL_4 = "IoCallDriver(upper, IoBuildDeviceIoControlRequest(0x222004, upper, NULL, 0, memory, 4, FALSE, &event, &iosb));"
# What is unusual and breaks nothing: a marked request is passed on by IoSkipCurrentIrpStackLocation, a read becomes an internal control; a filter
# gets the cleanup and close of IoAttachDevice before it can copy flags.
LEGAL = {"before": "lower->Flags |= DO_BUFFERED_IO; upper->Flags |= DO_BUFFERED_IO;",
         "upper": """if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_READ) {
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
        IoGetNextIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode = 0x220003;
        IoSetCompletionRoutine(irp, done, &memory, TRUE, TRUE, TRUE);
        return IoCallDriver(lower, irp);
    }
    IoMarkIrpPending(irp); IoSkipCurrentIrpStackLocation(irp); IoCallDriver(lower, irp); return STATUS_PENDING;""",
         "lower": "if (stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL) irp->IoStatus.Information = 16;",
         "entry": """KeClearEvent(&event); LARGE_INTEGER at = {{0, 0}};
    IoCallDriver(upper, IoBuildSynchronousFsdRequest(IRP_MJ_READ, upper, memory, 16, &at, &event, &iosb));
    UNICODE_STRING n; RtlInitUnicodeString(&n, L"\\\\Device\\\\RuleNamed"); PDEVICE_OBJECT named, top, below;
    IoCreateDevice(driver, 0, &n, FILE_DEVICE_UNKNOWN, 0, FALSE, &named); named->Flags |= DO_BUFFERED_IO; named->Flags &= ~DO_DEVICE_INITIALIZING;
    IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);
    status = IoAttachDevice(top, &n, &below); if (!NT_SUCCESS(status)) return status; top->Flags |= DO_BUFFERED_IO; IoDetachDevice(below);"""}
NO_LOCATIONS = "PIRP irp = IoAllocateIrp(0, FALSE); if (irp->StackCount == 0 && irp->CurrentLocation == 1) IoCallDriver(lower, irp);"
# What had become of an IRP is not told of a later one at its address.
SAME_PLACE = """PIRP before = IoAllocateIrp(20, FALSE); before->IoStatus.Status = STATUS_NOT_SUPPORTED; IoGetNextIrpStackLocation(before)->MajorFunction = 3;
    IoSetCompletionRoutine(before, keep, NULL, TRUE, TRUE, TRUE); IoCallDriver(lower, before); IoFreeIrp(before);
    PIRP irp = ExAllocatePoolWithTag(NonPagedPoolNx, IoSizeOfIrp(20), 0x6c757265); if (irp != before) return STATUS_UNSUCCESSFUL;
    IoInitializeIrp(irp, IoSizeOfIrp(20), 0); IoCallDriver(lower, irp);"""
RAISED = "KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old);"
# name of the rule, options, what is changed, exit status, what else the report must say (a regular expression)
CASES = [
    ("CallDriverIrql", "", {"upper": "KIRQL old; KeRaiseIrql(3, &old); NTSTATUS s = watch(irp); KeLowerIrql(old); return s;",
                            "lower": "KIRQL old = KeGetCurrentIrql(); (void)old;"}, None, r"0xC9 DRIVER_VERIFIER_IOMANAGER_VIOLATION \(0x10, 0x3"),
    ("CallDriverNotIrp", "io", {"entry": "PIRP irp = own(upper, 3); irp->Type = 7; IoCallDriver(upper, irp); irp->Type = 6; " + FREE}, None, r"\(0x3, "),
    ("CallDriverNotDevice", "io", {"entry": "PIRP irp = own(lower, 3); CSHORT t = lower->Type; lower->Type = 77; IoCallDriver(lower, irp); lower->Type = t; " + FREE},
     123, r"\(0x4, "),
    ("CallDriverNotDevice", "io", {"entry": "PIRP irp = own(lower, 3); IoCallDriver(NULL, irp);"}, 122, r"\(0x204, "),
    ("ForwardedCancelable", "io", {"upper": "IoSetCancelRoutine(irp, cancel);", "lower": "IoSetCancelRoutine(irp, NULL);"}, 123, r"\(0x203, "),
    ("ForwardedPendingIrp", "io", {"upper": "IoMarkIrpPending(irp); watch(irp); IoCallDriver(lower, irp); return STATUS_PENDING;", "lower": PEND},
     122, r"\(0x205, "),
    ("ForwardedControl", "io", {"upper": "IoMarkIrpPending(irp); *IoGetNextIrpStackLocation(irp) = *IoGetCurrentIrpStackLocation(irp);"
                                "IoCallDriver(lower, irp); return STATUS_PENDING;"}, 123, r"\(0x206, "),
    ("CopiedCompletionRoutine", "io", {"upper": "*IoGetNextIrpStackLocation(irp) = *IoGetCurrentIrpStackLocation(irp); return IoCallDriver(lower, irp);",
                                       "entry": "PIRP irp = own(upper, 3); IoSetCompletionRoutine(irp, keep, memory, TRUE, TRUE, TRUE);"
                                                "IoCallDriver(upper, irp); IoCompleteRequest(irp, 0); IoFreeIrp(irp);"}, 123, r"\(0x207, "),
    ("NoMoreIrpStackLocations", "", {"upper": "irp->CurrentLocation = 1;"}, 122, r"Windows: bug check 0x35 "),
    ("NoMoreIrpStackLocations", "io", {"entry": "PIRP irp = own(lower, 3); IoCallDriver(upper, irp);"}, 122, r"\(0x208, "),
    ("NoMoreIrpStackLocations", "", {"entry": NO_LOCATIONS}, 122, r"\(StackCount 0\).*Windows: bug check 0x35 "),
    ("NoMoreIrpStackLocations", "io", {"entry": NO_LOCATIONS}, 122, r"\(StackCount 0\).*\(0x208, "),
    ("NoMoreIrpStackLocations", "io", {"entry": SAME_PLACE}, 122, r"\(0x208, [^\n]*\Z"),
    ("NextLocationNotSet", "", {"upper": "return IoCallDriver(lower, irp);"}, 123, r"\(0x212, "),
    ("StackTrashed", "io", {"entry": "PIRP irp = own(upper, 3); irp->Tail.Overlay.CurrentStackLocation--; irp->CurrentLocation = 3; PIRP other = irp;"
                            "IoGetNextIrpStackLocation(irp)->MajorFunction = 3; IoSetCompletionRoutine(irp, keep, NULL, TRUE, TRUE, TRUE);"
                            "IoCallDriver(lower, irp); (void)other;"}, None, r"\(0x212, "),
    ("PendedCompletedRequest2", "io", {"upper": "IoMarkIrpPending(irp); watch(irp); finish(irp); return STATUS_PENDING;", "lower": PEND}, None, r"\(0x209, "),
    ("DoubleCompletion", "", {"lower": "finish(irp);"}, 122, r"Windows: bug check 0x44 "),
    ("DoubleCompletion", "io", {"lower": "finish(irp);"}, 122, r"location 1: completed with STATUS_SUCCESS at NAME!"),
    ("FreedNotIrp", "", {"entry": "PIRP irp = own(upper, 3); IoFreeIrp(irp); IoFreeIrp(irp);"}, 122, r"\(0x1, "),
    ("FreedInUse", "io", {"lower": "if (stack->MajorFunction == 3) {" + PEND + "}",
                          "entry": "PIRP irp = own(lower, 3); IoCallDriver(lower, irp); IoFreeIrp(irp);"}, 123, r"\(0x20B, "),
    ("IoBuildDeviceControlNoFree", "", {"entry": "PIRP irp = control(upper); IoFreeIrp(irp);"}, 122, r"\(0x2, "),
    ("IoBuildSynchronousFsdRequestNoFree", "io", {"entry": "PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, upper, NULL, 0, NULL, &event, &iosb);"
                                                  "IoFreeIrp(irp);"}, 122, r"\(0x20C, "),
    ("IrpFreedAsPool", "io", {"entry": "PIRP irp = IoAllocateIrp(20, FALSE); ExFreePool(irp);"}, 123, r"0xC4 [A-Z_]+ \(0x105, "),
    ("InitializedAllocatedIrp", "io", {"entry": "PIRP irp = IoAllocateIrp(2, FALSE); IoInitializeIrp(irp, irp->Size, 2); IoFreeIrp(irp);"}, 123, r"\(0x20D, "),
    ("ReinitializedInUse", "io", {"lower": "if (stack->MajorFunction == 3) {" + PEND + "}",
                                  "entry": "PIRP irp = own(lower, 3); IoCallDriver(lower, irp); IoReuseIrp(irp, 0); IoFreeIrp(irp);"}, 123, r"\(0x310, "),
    ("IoReuseIrp", "io", {"entry": "PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, upper, NULL, 0, NULL, NULL); IoReuseIrp(irp, 0); IoFreeIrp(irp);"},
     123, r"\(0x311, "),
    # The list of the thread's requests stays whole.
    ("IoReuseIrp", "", {"entry": "PIRP before = control(upper), irp = control(upper), after = control(upper); IoReuseIrp(irp, 0); IoFreeIrp(irp);"
                                 "IoCallDriver(upper, after); IoCallDriver(upper, before);"}, 123, r"\(0x311, "),
    ("InitializedAllocatedIrp", "", {"entry": "PIRP before = control(upper), irp = control(upper), after = control(upper); IoInitializeIrp(irp, irp->Size, irp->StackCount);"
                                              "IoFreeIrp(irp); IoCallDriver(upper, after); IoCallDriver(upper, before);"}, 123, r"\(0x20D, "),
    ("IoAllocateForward", "io", {"entry": "PIRP irp = IoAllocateIrp(2, FALSE); IoGetNextIrpStackLocation(irp)->MajorFunction = 3; IoCallDriver(upper, irp);"}, 122, ""),
    ("IoBuildFsdForward", "io", {"entry": "PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, upper, NULL, 0, NULL, NULL); IoCallDriver(upper, irp);"},
     123, ""),
    ("IoAllocateComplete", "io", {"entry": "PIRP irp = own(upper, 3); IoSetNextIrpStackLocation(irp); IoSetCompletionRoutine(irp, keep, NULL, TRUE, TRUE, TRUE);"
                                  "irp->IoStatus.Status = 0; IoCompleteRequest(irp, 0); IoFreeIrp(irp);"}, 123, r"\(0x239, "),
    ("IoBuildFsdComplete", "io", {"entry": "PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, upper, NULL, 0, NULL, NULL);"
                                  "IoSetCompletionRoutine(irp, keep, NULL, TRUE, TRUE, TRUE); IoSetNextIrpStackLocation(irp);"
                                  "irp->IoStatus.Status = 0; IoCompleteRequest(irp, 0); IoFreeIrp(irp);"}, 123, r"\(0x239, "),
    ("InitialStatus", "io", {"entry": PNP + "irp->IoStatus.Status = 0; IoCallDriver(upper, irp); IoFreeIrp(irp);"}, 123, r"\(0x20E, "),
    ("SystemIrp", "io", {"entry": PNP + "IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_REMOVE_DEVICE; IoCallDriver(upper, irp); IoFreeIrp(irp);"},
     123, r"\(0x237, "),
    ("FailedIrpForwarded", "io", {"upper": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_PNP) irp->IoStatus.Status = STATUS_UNSUCCESSFUL;",
                                  "entry": PNP + "IoCallDriver(upper, irp); IoFreeIrp(irp);"}, 123, r"\(0x215, "),
    ("PnpRemove", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_PNP) irp->IoStatus.Status = STATUS_UNSUCCESSFUL;",
                         "entry": PNP + "IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_SURPRISE_REMOVAL; IoCallDriver(upper, irp); IoFreeIrp(irp);"},
     123, r"0xC4 [A-Z_]+ \(0x43006, "),
    ("WmiForward", "io", {"upper": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_SYSTEM_CONTROL) return finish(irp);",
                          "entry": "PIRP irp = own(upper, IRP_MJ_SYSTEM_CONTROL); IoGetNextIrpStackLocation(irp)->Parameters.WMI.ProviderId = (ULONG_PTR)lower;"
                                   "IoCallDriver(upper, irp); IoFreeIrp(irp);"}, 123, r"\(0x220, "),
    ("DeviceSkipped", "io", {"before": "PDEVICE_OBJECT top; IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top); lower = upper;"
                                       "IoAttachDeviceToDeviceStack(top, lower); upper = top; lower = ((PDEVICE_OBJECT)driver->DeviceObject->NextDevice->NextDevice);"
                                       "top->Flags &= ~DO_DEVICE_INITIALIZING;", "unload": "", "lower": ""}, 123, r"\(0x211, "),
    ("CopiedNotSkipped", "io", {"upper": "IoCopyCurrentIrpStackLocationToNext(irp); return IoCallDriver(lower, irp);"}, 123, r"\(0x21C, "),
    ("ForwardedAtBadIrql", "io", {"entry": "PIRP irp = own(upper, IRP_MJ_FLUSH_BUFFERS); KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old); IoCallDriver(upper, irp);"
                                           "KeLowerIrql(old); IoFreeIrp(irp);"}, 123, r"\(0x23A, "),
    ("SentAtApcLevel", "io", {"entry": "PIRP irp = control(upper); KIRQL old; KeRaiseIrql(APC_LEVEL, &old); IoCallDriver(upper, irp); KeLowerIrql(old);"}, 123, r"\(0x302, "),
    ("PageableCompletionRoutine", "io", {"more": "static NTSTATUS __attribute__((section(\"PAGE\"), noinline)) NTAPI paged(PDEVICE_OBJECT d, PIRP irp, PVOID c) {"
                                                 "(void)d, (void)irp, (void)c; return STATUS_MORE_PROCESSING_REQUIRED; }",
                                         "entry": "PIRP irp = own(upper, 3); IoSetCompletionRoutine(irp, paged, NULL, TRUE, TRUE, TRUE); IoCallDriver(upper, irp); IoFreeIrp(irp);"},
     123, r"\(0x227, "),
    ("CreateOnClosedFile", "io", {"entry": "static FILE_OBJECT file; file.Flags = FO_FILE_OPEN_CANCELLED; PIRP irp = own(upper, IRP_MJ_CREATE);"
                                           "IoGetNextIrpStackLocation(irp)->FileObject = &file; IoCallDriver(upper, irp); IoFreeIrp(irp);"}, 123, r"\(0xF, "),
    ("DeviceFlags", "io", {"before": "lower->Flags |= DO_BUFFERED_IO | DO_DIRECT_IO; upper->Flags |= DO_BUFFERED_IO;"}, 123, r"\(0x245, "),
    ("DeviceFlagsNotCopied", "io", {"before": "lower->Flags |= DO_BUFFERED_IO;"}, 123, r"\(0x244, "),
    ("DeviceFlagsNotCopied", "io", {"before": "lower->Flags |= DO_POWER_PAGABLE;"}, 123, r"\(0x23F, "),
    ("DeviceTypeNotCopied", "io", {"before": "upper->DeviceType = FILE_DEVICE_KEYBOARD;"}, 123, r"\(0x246, "),
    ("SuspiciousStatus", "io", {"lower": "finish(irp); return (NTSTATUS)0xffffffff;"}, 123, r"\(0x225, "),
    ("SuspiciousStatus", "io", {"lower": "finish(irp); return (NTSTATUS)0xcccccccc;"}, 123, r"\(0x300, "),
    ("ReturnedStatus", "io", {"lower": "finish(irp); return STATUS_UNSUCCESSFUL;"}, 123, r"\(0x224, "),
    ("EventAlreadySignaled", "io", {"lower": PEND, "upper": "IoMarkIrpPending(irp); watch(irp); return STATUS_PENDING;", "more": "",
                                    "before": "PIRP irp = control(upper); KeSetEvent(&event, 0, FALSE); IoCallDriver(upper, irp); finish(kept); driver->MajorFunction[14] = quick;"},
     123, r"\(0x307, "),
    ("InformationTooLarge", "", {"lower": "irp->IoStatus.Information = 65;",
                                 "before": "upper = lower;", "entry": "PIRP irp = IoBuildDeviceIoControlRequest(0x222004, lower, memory, 128, memory, 64, FALSE, &event, &iosb);"
                                           "IoCallDriver(lower, irp);", "upper": "return lower_dispatch(device, irp);"},
     123, r"\(0x312, "),
    ("SpinLockSafe", "io", {"lower": "KSPIN_LOCK lock; KIRQL old; KeInitializeSpinLock(&lock); KeAcquireSpinLock(&lock, &old); NTSTATUS s = finish(irp);"
                                     "KeReleaseSpinLock(&lock, old); return s;"}, 123, ""),
    ("CompletionRoutineRegistered", "io", {"upper": "NTSTATUS s = IoSetCompletionRoutineEx(device, irp, done, NULL, TRUE, TRUE, TRUE); (void)s; return finish(irp);",
                                           "more": ""}, 123, ""),
    ("IoBuildDeviceControlWait", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL) {" + PEND + "}",
                                        "more": "static void __attribute__((noinline)) careless(void) { KEVENT e; IO_STATUS_BLOCK b; volatile UCHAR room[512]; room[0] = 0; (void)room;"
                                                "KeInitializeEvent(&e, NotificationEvent, FALSE);"
                                                "PIRP irp = IoBuildDeviceIoControlRequest(0x222004, lower, NULL, 0, NULL, 0, TRUE, &e, &b); IoCallDriver(lower, irp); }",
                                        "entry": "careless(); finish(kept);"}, None, r"\(0xC, "),
    ("IoBuildSynchronousFsdRequestWait", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_FLUSH_BUFFERS) {" + PEND + "}",
                                        "more": "static void __attribute__((noinline)) careless(void) { KEVENT e; volatile UCHAR room[512]; room[0] = 0; (void)room;"
                                                "KeInitializeEvent(&e, NotificationEvent, FALSE);"
                                                "PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, lower, NULL, 0, NULL, &e, &iosb); IoCallDriver(lower, irp); }",
                                        "entry": "careless(); finish(kept);"}, None, r"\(0xD, "),
    ("InterruptFlag", "io", {"upper": "__asm__ volatile(\"cli\"); NTSTATUS s = watch(irp); __asm__ volatile(\"sti\"); return s;"}, 123, r"0xC4 [A-Z_]+ \(0xC0, "),
    ("InterruptFlag", "io", {"lower": "finish(irp); __asm__ volatile(\"cli\"); return STATUS_SUCCESS;", "upper": "NTSTATUS s = watch(irp); __asm__ volatile(\"sti\"); return s;"},
     123, r"0xC4 [A-Z_]+ \(0xC1, "),
    ("IrqlReturn", "", {"done": "KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old);"}, 122, r"0xC4 [A-Z_]+ \(0xFA, "),
    ("IrqlReturn", "", {"lower": "finish(irp); KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old); return 0;"}, 122, r"0xC4 [A-Z_]+ \(0x2001D, "),
    ("CriticalRegions", "", {"done": "KeEnterCriticalRegion();"}, 122, r"0xC4 [A-Z_]+ \(0xFB, "),
    ("CriticalRegions", "", {"lower": "KeEnterCriticalRegion();"}, 122, r"0xC4 [A-Z_]+ \(0xC5, "),
    ("CompletePending", "io", {"lower": "irp->IoStatus.Status = (NTSTATUS)0xffffffff; IoCompleteRequest(irp, 0); return irp->IoStatus.Status;"}, None, r"\(0x6, 0xffffffff"),
    ("DeviceAttachedInRing", "", {"entry": "IoAttachDeviceToDeviceStack(lower, upper); IoDetachDevice(upper);"}, 123, ""),
    ("DeviceDeletedAttached", "", {"entry": "PDEVICE_OBJECT top; IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);"
                                            "IoAttachDeviceToDeviceStack(top, upper); IoDeleteDevice(top); IoDetachDevice(upper);"}, 123, r"\(0x201, "),
    ("DetachedTwice", "", {"entry": "IoDetachDevice(lower); IoDetachDevice(lower);"}, 123, r"\(0x202, "),
    ("DeviceDeletedTwice", "", {"entry": "IoDetachDevice(lower); ObReferenceObject(upper); upper->ReferenceCount++; IoDeleteDevice(upper); IoDeleteDevice(upper);"}, None, r"\(0x240, "),
    ("DeviceDeletedInUse", "io", {"lower": "if (stack->MajorFunction == 3) {" + PEND + "}",
                                  "entry": "PIRP irp = own(lower, 3); IoCallDriver(lower, irp); IoDetachDevice(lower); IoDeleteDevice(lower); lower = upper;"}, 123, ""),
    ("TimerInitializedTwice", "", {"entry": "IoInitializeTimer(lower, tick, NULL); IoInitializeTimer(lower, tick, NULL);",
                                   "more": "static VOID NTAPI tick(PDEVICE_OBJECT d, PVOID c) { (void)d, (void)c; }"}, 123, r"\(0xA, "),
    ("IoReuseIrp2", "io", {"lower": ONCE_CONTROL + "IoReuseIrp(irp, 0);", "entry": FILE_CONTROL}, None, ""),
    ("IoAllocateFree", "io", {"lower": ONCE_CONTROL + "IoFreeIrp(irp);", "entry": FILE_CONTROL}, None, ""),
    ("IrqlReturn", "", {"more": FAST % "KIRQL old; KeRaiseIrql(DISPATCH_LEVEL, &old);", "entry": FILE_CONTROL}, 122, r"0xC9 [A-Z_]+ \(0x11, 0x[0-9a-f]+, 0x0, 0x2"),
    ("CriticalRegions", "", {"more": FAST % "KeEnterCriticalRegion();", "entry": FILE_CONTROL}, 122, r"0xC4 [A-Z_]+ \(0xC6, 0x[0-9a-f]+, 0xffff, 0x0"),
    ("InterruptFlag", "io", {"more": FAST % "__asm__ volatile(\"cli\");", "entry": FILE_CONTROL + "__asm__ volatile(\"sti\");"}, 123, r"0xC4 [A-Z_]+ \(0xC3, "),
    ("InterruptFlag", "io", {"more": FAST % "__asm__ volatile(\"sti\");", "entry": FILE_CONTROL.replace("ZwDevice", "__asm__ volatile(\"cli\"); ZwDevice")}, 123, r"0xC4 [A-Z_]+ \(0xC2, "),
    ("UnknownIrpChanged", "io", {"lower": PNP_DONE, "upper": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_PNP) { irp->IoStatus.Status = STATUS_SUCCESS;"
                                 "IoSkipCurrentIrpStackLocation(irp); return IoCallDriver(lower, irp); }", "entry": UNKNOWN}, 123, r"\(0x213, "),
    ("UnknownIrpChanged", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_PNP) irp->IoStatus.Information = 8;\n    " + PNP_DONE, "entry": UNKNOWN}, 123, r"\(0x214, "),
    ("InvalidBuffer", "", {"entry": "if (IoBuildDeviceIoControlRequest(0x222004, upper, (PVOID)0x1000, 16, NULL, 0, FALSE, &event, &iosb)) return STATUS_UNSUCCESSFUL;"}, 123,
     r"\(0x9, 0x[0-9a-f]+, 0x222004, 0xc0000005"),
    ("InvalidBuffer", "", {"entry": "upper->Flags |= DO_DIRECT_IO; LARGE_INTEGER at = {{0, 0}};"
                                    "if (IoBuildAsynchronousFsdRequest(IRP_MJ_READ, upper, (PVOID)0x1000, 16, &at, &iosb)) return STATUS_UNSUCCESSFUL;"}, 123,
     r"\(0x8, 0x[0-9a-f]+, 0x3, 0xc0000005"),
    ("WmiComplete", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_SYSTEM_CONTROL) {" + PEND + "}",
                           "entry": "PIRP irp = own(lower, IRP_MJ_SYSTEM_CONTROL); IoGetNextIrpStackLocation(irp)->Parameters.WMI.ProviderId = (ULONG_PTR)lower;"
                                    "IoCallDriver(lower, irp); finish(kept); IoFreeIrp(irp);"}, 123, ""),
    ("IoBuildDeviceIoControlSetEvent", "io", {"lower": "static int sent; if (sent++) {" + PEND + "}",
                                              "entry": "IoCallDriver(lower, control(lower)); KeSetEvent(&event, 0, FALSE); finish(kept);"}, 123, ""),
    ("StartIoRecursion", "io", {"more": START % "IoStartNextPacket(d, FALSE);", "entry": START_IT}, 123, ""),
    ("IrqlDispatch", "io", {"more": START % "", "entry": START_IT + "IoStartNextPacket(lower, FALSE);"}, 123, r"0xC4 [A-Z_]+ \(0x20003, 0x0, 0x0"),
    ("PnpSameDeviceObject", "", {"entry": "static DEVICE_OBJECT fake; fake.Type = 77; PDEVICE_OBJECT top; IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);"
                                          "IoAttachDeviceToDeviceStack(top, &fake);"}, None, ""),
    ("PnpSurpriseRemove", "io", {"upper": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_PNP) IoDetachDevice(lower);", "entry": SURPRISE}, 123, r"\(0x241, "),
    ("PnpSurpriseRemove", "io", {"upper": "if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_PNP) { PDEVICE_OBJECT more; "
                                        "IoCreateDevice(device->DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &more); IoDeleteDevice(more); }", "entry": SURPRISE},
     123, r"\(0x242, "),
    ("IoReleaseRemoveLockAndWaitOutsideRemoveDevice", "io", {"more": "static NTSTATUS NTAPI add(PDRIVER_OBJECT d, PDEVICE_OBJECT p) { (void)d, (void)p; return 0; } static IO_REMOVE_LOCK lock;",
     "entry": "driver->DriverExtension->AddDevice = add; IoInitializeRemoveLock(&lock, 0x4c75, 0, 0); IoAcquireRemoveLock(&lock, driver);"
              "IoReleaseRemoveLockAndWait(&lock, driver); driver->DriverExtension->AddDevice = NULL;"}, 123, ""),
    ("RemoveLockReleaseDeviceControl", "io", {"before": "IoInitializeRemoveLock((PIO_REMOVE_LOCK)memory, 0x4c75, 0, 0);",
     "upper": "IoAcquireRemoveLock((PIO_REMOVE_LOCK)memory, irp); kept = irp;", "entry": "IoReleaseRemoveLock((PIO_REMOVE_LOCK)memory, kept);"}, 123, ""),
    ("IoSetCompletionRoutineExCheckDeviceObject", "io", {"entry": """UNICODE_STRING n; RtlInitUnicodeString(&n, L"\\\\Device\\\\Null"); PFILE_OBJECT f; PDEVICE_OBJECT null;
     IoGetDeviceObjectPointer(&n, FILE_READ_DATA, &f, &null); PIRP irp = own(lower, 3);
     if (NT_SUCCESS(IoSetCompletionRoutineEx(null, irp, keep, NULL, TRUE, TRUE, TRUE))) IoCallDriver(lower, irp);
     IoFreeIrp(irp); ObDereferenceObject(f);"""}, 123, ""),
    ("SignalEventInCompletion", "io", {"upper": WAIT + "IoCopyCurrentIrpStackLocationToNext(irp); IoSetCompletionRoutine(irp, keep, &e, TRUE, TRUE, TRUE);"
                                       "if (IoCallDriver(lower, irp) == STATUS_PENDING) KeWaitForSingleObject(&e, Executive, KernelMode, FALSE, NULL); return finish(irp);",
                                       "lower": "IoMarkIrpPending(irp); finish(irp); return STATUS_PENDING;"}, 126, "!keep"),
    ("IoAllocateIrpSignalEventInCompletion", "io", {"entry": WAIT + "PIRP irp = own(lower, 3);" + WAITS,
                                                    "lower": "IoMarkIrpPending(irp); finish(irp); return STATUS_PENDING;"}, 126, "!keep"),
    ("IoBuildFsdIrpSignalEventInCompletion", "io", {"entry": WAIT + "PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, lower, NULL, 0, NULL, NULL);" + WAITS,
                                                    "lower": "IoMarkIrpPending(irp); finish(irp); return STATUS_PENDING;"}, 126, "!keep"),
    ("IoAllocateIrpSignalEventInCompletionTimeout", "io", {"entry": WAIT + "PIRP irp = own(lower, 3);" + WAITS,
                                                           "lower": "if (stack->MajorFunction == 3) {" + PEND + "}"}, 126, "!DriverEntry"),
    ("IoBuildFsdIrpSignalEventInCompletionTimeout", "io", {"entry": WAIT + "PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, lower, NULL, 0, NULL, NULL);" + WAITS,
                                                           "lower": FLUSH_PENDS}, 126, "!DriverEntry"),
    ("IoBuildDeviceControlWaitTimeout", "io", {"lower": PEND}, 126, "!(DriverEntry|send)"),
    ("IoBuildSynchronousFsdRequestWaitTimeout", "io", {"entry": "KeClearEvent(&event); IoCallDriver(lower, IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, lower, NULL, 0, NULL, &event, &iosb));"
                                                                "KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);", "lower": FLUSH_PENDS}, 126, "!DriverEntry"),
    ("InformationTooLarge", "io", {"lower": ONCE_CONTROL + "irp->IoStatus.Information = 5;", "entry": FILE_CONTROL}, 123, r"\(0x312, .*no output buffer|no output buffer"),
    ("UnknownIrpChanged", "io", {"lower": "if (stack->MajorFunction == IRP_MJ_PNP) irp->IoStatus.Status = STATUS_SUCCESS;\n    " + PNP_DONE, "entry": UNKNOWN}, 123, r"\(0x23B, "),
    ("IrqlIoPassive1", "", {"entry": RAISED + "PDEVICE_OBJECT more; IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &more);"}, 122, r"0xC4 [A-Z_]+ \(0x2000A, "),
    ("IrqlKeApcLte1", "", {"entry": RAISED + "LARGE_INTEGER t; t.QuadPart = -1; KeDelayExecutionThread(KernelMode, FALSE, &t);"}, 122, r"0xC4 [A-Z_]+ \(0x2000F, "),
    ("IrqlZwPassive", "", {"entry": RAISED + "ZwClose((HANDLE)(ULONG_PTR)-2);"}, 122, r"0xC4 [A-Z_]+ \(0x2001F, "),
    ("NextLocationNotSet", "", {"upper": "IoSetCompletionRoutine(irp, done, &memory, TRUE, TRUE, TRUE); return IoCallDriver(lower, irp);"}, 123, r"\(0x212, "),
    ("InformationTooLarge", "", {"done": "irp->IoStatus.Information = 8;", "entry": "KeClearEvent(&event);" + CONTROL_4}, 123, r"completion routine of .*\(0x312, "),
    ("CompletePending", "", {"done": "irp->IoStatus.Status = STATUS_PENDING;"}, 123, r"completion routine of .*\(0x6, 0x103, "),
    ("IrpLost", "unload", {"lower": "if (stack->MajorFunction == 3) {" + PEND + "}", "entry": "PIRP irp = own(lower, 3); IoCallDriver(lower, irp);"}, 123, ""),
]
QUICK = "static NTSTATUS NTAPI quick(PDEVICE_OBJECT d, PIRP irp) { return d == upper ? watch(irp) : finish(irp); }"


# Rules that cannot be broken without another one.
ALSO = {"CallDriverIrql": {"CompleteIrql"}, "CallDriverNotIrp": {"DoubleCompletion"}, "CallDriverNotDevice": {"IoAllocateComplete"},
        "ForwardedPendingIrp": {"NoMoreIrpStackLocations"}, "ForwardedControl": {"MarkIrpPending"},
        "CopiedCompletionRoutine": {"CopiedNotSkipped", "IrpProcessingComplete"}, "StackTrashed": {"IrpLeft"}, "PnpRemove": {"SystemIrp"},
        "SuspiciousStatus": {"ReturnedStatus"}, "CompletePending": {"SuspiciousStatus"}, "DeviceDeletedInUse": {"IrpLeft"}, "IrpLost": {"IrpLeft"}}
ALSO |= {"PnpSurpriseRemove": {"SystemIrp"}}


def build(folder, name, code):
    parts = {part: code.get(part, "") for part in ("done", "lower", "upper", "unload", "before", "entry", "more")}
    parts["more"] += QUICK
    if "BOOLEAN NTAPI fast(" in parts["more"]:
        parts["more"] += "static FAST_IO_DISPATCH table = {.SizeOfFastIoDispatch = sizeof table, .FastIoDeviceControl = fast};"
    parts["fast"] = "driver->FastIoDispatch = &table;" if "BOOLEAN NTAPI fast(" in parts["more"] else ""
    return rs.build_driver(folder, name, SOURCE % parts)


def check_case(lab, folder, number, rule, options, code, exit_status, text):
    name = f"rr{number}"
    driver = build(folder, name, code)
    arguments = ["--watchdog", "2"] + (["--verifier", "io"] if "io" in options else []) + (["--unload"] if "unload" in options else [])
    done = lab.call(["load", *arguments, driver])
    if done.returncode not in ([exit_status] if exit_status else [122, 123, 126]):
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stderr}")
    flat = done.stderr
    report = re.search(r"^drvlab: (.*\(" + rule + r"[;)].*(?:\n  .*)*)", flat, re.M)
    if not report or not re.search("(?i)" + text.replace("NAME", name), report[1]):
        raise rs.Failure(f"no report of it that says '{text}':\n{done.stderr}")
    if f"{name}!" not in report[1]:
        raise rs.Failure(f"the report does not say where:\n{report[1]}")
    others = set(re.findall(r"^drvlab: .*\(([A-Z][A-Za-z0-9]+)[;)]", flat, re.M)) - {rule} - ALSO.get(rule, set())
    if others:
        raise rs.Failure(f"it is reported to break {', '.join(sorted(others))} as well:\n{done.stderr}")
    if number % 5:
        return
    stopped = lab.call(["load", *arguments, "--stop-on", rule, "--result", folder / "result", driver])
    result = json.loads((folder / "result").read_text())
    if stopped.returncode != 123 or f"stopped by --stop-on {rule}" not in stopped.stderr or result["stop_on"] != [rule]:
        raise rs.Failure(f"--stop-on {rule}: exit status {stopped.returncode}\n{stopped.stderr}")


STOMPED_LOWER = """
#include <ntddk.h>
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction != IRP_MJ_DEVICE_CONTROL) { irp->IoStatus.Status = 0; IoCompleteRequest(irp, 0); return 0; }
    IoMarkIrpPending(irp);
    return STATUS_PENDING;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    UNICODE_STRING name; RtlInitUnicodeString(&name, L"\\\\Device\\\\RuleLower");
    PDEVICE_OBJECT device;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    return IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
}
"""
STOMPED_UPPER = """{
    UNICODE_STRING n; RtlInitUnicodeString(&n, L"\\\\Device\\\\RuleLower");
    PFILE_OBJECT f; PDEVICE_OBJECT d, top;
    status = IoGetDeviceObjectPointer(&n, FILE_ALL_ACCESS, &f, &d);
    if (!NT_SUCCESS(status)) return status;
    IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top); top->Flags &= ~DO_DEVICE_INITIALIZING;
    d = IoAttachDeviceToDeviceStack(top, d);
    lower = d; upper = top;
    PIRP irp = control(top); status = IoCallDriver(top, irp);
    IoSetCancelRoutine(irp, cancel); IoCancelIrp(irp);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    IoDetachDevice(d); ObDereferenceObject(f); }
"""


def check_stomped(lab, folder):
    """A driver that sets a cancel routine for what the driver below it has: seen when the request is cancelled."""
    low = rs.build_driver(folder, "rrlow", STOMPED_LOWER)
    high = build(folder, "rrhigh", {"upper": "if (lower->DriverObject != device->DriverObject) { IoMarkIrpPending(irp); watch(irp); return STATUS_PENDING; }",
                                    "entry": STOMPED_UPPER})
    done = lab.call(["load", "--verifier", "io", "--watchdog", "2", low, high])
    if not re.search(r"rrhigh!cancel.*CancelRoutineStomped.*\(0x229, ", done.stderr):
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stderr}")


def check_completer(lab, folder):
    """A driver that completes, not in a dispatch routine of its, what the driver below it has: seen always, as it is another image."""
    low = rs.build_driver(folder, "rrlow", STOMPED_LOWER)
    entry = STOMPED_UPPER.replace("IoSetCancelRoutine(irp, cancel); IoCancelIrp(irp);", "irp->IoStatus.Status = 0; IoCompleteRequest(irp, 0);")
    high = build(folder, "rrhigher", {"upper": "if (lower->DriverObject != device->DriverObject) { IoMarkIrpPending(irp); watch(irp); return STATUS_PENDING; }", "entry": entry})
    for more in ([], ["--verifier", "io"]):
        done = rs.expect(lab.call(["load", *more, "--watchdog", "2", low, high]), 123)
        if len(re.findall(r"rrhigher!DriverEntry.*PendedCompletedRequest2.*\(0x209, ", done.stderr)) != 1:
            raise rs.Failure(f"exit status {done.returncode}:\n{done.stderr}")


def check_shutdown(lab, folder):
    """A driver that takes 21 minutes of virtual time for its IRP_MJ_SHUTDOWN."""
    driver = build(folder, "rrshutdown", {
        "lower": "if (stack->MajorFunction == IRP_MJ_SHUTDOWN) { LARGE_INTEGER t; t.QuadPart = -21ll * 60 * 10000000; KeDelayExecutionThread(KernelMode, FALSE, &t); }",
        "entry": "IoRegisterShutdownNotification(lower);"})
    done = rs.expect(lab.call(["run", "--driver", driver, "--", lab.guest / "write3.exe", "NUL"]), 123)
    if not re.search(r"rrshutdown!dispatch.*ShutdownTooLong.*0xC4 [A-Z_]+ \(0x115, 0x3", done.stderr):
        raise rs.Failure(f"{done.stderr}")


def check_names():
    """Every rule that the sources report is in the list of --stop-on, and every rule about requests is broken by a test."""
    source = rs.SOURCE / "src"
    listed = set(re.findall(r'^    "(\w+)",$', (source / "app/rule_names.cpp").read_text(), re.M))
    used = set()
    for file in (*source.rglob("*.cpp"), *source.rglob("*.h")):
        if file.name.endswith("_test.cpp"):
            continue
        words = file.read_text()
        used |= {w for w in re.findall(r'(?:NT_REPORT|report_at|report|say|routine|wrong|report_return)\s*\((?:[^"();]|\([^()]*\)|\{[^{}]*\})*?"([A-Z][A-Za-z]+[0-9]?)"', words)}
        used |= {w for w in re.findall(r'[?:{]\s*"([A-Z][a-z]+[A-Z][A-Za-z0-9]+)"\s*[:,;)]', words) if file.parent.name in ("io",)}
    if missing := sorted(w for w in used if w not in listed and not w.startswith(("Iop", "Hal", "Pci", "ProcessorState"))):
        raise rs.Failure("app/rule_names.cpp lacks " + ", ".join(missing))
    page = set(re.findall(r"^\| \*(\w+)\*", (rs.SOURCE / "docs/rules-about-requests.md").read_text(), re.M))
    tests = "".join(f.read_text(errors="replace") for kind in ("*.py", "*.toml", "*.c") for f in (rs.SOURCE / "tests").rglob(kind))
    if untested := sorted(rule for rule in page if not re.search(rf"\b{rule}\b", tests)):
        raise rs.Failure("no test breaks " + ", ".join(untested))


def check(lab, options, folder):
    """Rules about requests."""
    check_names()
    problems = []
    clean, legal = build(folder, "rrclean", {}), build(folder, "rrlegal", LEGAL)
    for more in ([], ["--verifier", "io"], ["--verifier", "io", "--unload"]):
        rs.expect(lab.call(["load", *more, clean]), 0, stderr="")
        rs.expect(lab.call(["load", *more, legal]), 0, stderr="")
    for number, case in enumerate(CASES):
        try:
            check_case(lab, folder, number, *case)
        except rs.Failure as problem:
            problems.append(f"{number} {case[0]}: {problem}")
    try:
        check_stomped(lab, folder)
    except rs.Failure as problem:
        problems.append(f"CancelRoutineStomped: {problem}")
    try:
        check_completer(lab, folder)
    except rs.Failure as problem:
        problems.append(f"PendedCompletedRequest2: {problem}")
    try:
        check_shutdown(lab, folder)
    except rs.Failure as problem:
        problems.append(f"ShutdownTooLong: {problem}")
    if "\nNotifyRoutineLeft\n" not in rs.expect(lab.call(["load", "--stop-on", "list"]), 0).stdout:
        problems.append("--stop-on list")
    bad = lab.call(["load", "--stop-on", "NoSuchRule", clean])
    if bad.returncode != 120 or "'NoSuchRule' is no rule" not in bad.stderr or "DoubleCompletion" not in bad.stderr:
        problems.append(f"--stop-on NoSuchRule: {bad.returncode} {bad.stderr}")
    if problems:
        raise rs.Failure(f"{len(problems)} of {len(CASES)}\n" + "\n".join(problems))


rs.run_script(check)
