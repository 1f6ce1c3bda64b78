#!/usr/bin/env python3
"""Drivers that leave something behind when they are unloaded: exit status 123 and what it was."""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
static VOID NTAPI deferred(PKDPC dpc, PVOID context, PVOID a, PVOID b);
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; %(unload)s }
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
static VOID NTAPI worker(PVOID context) {
    (void)context;
    LARGE_INTEGER hour = {.QuadPart = -36000000000LL};
    KeDelayExecutionThread(KernelMode, FALSE, &hour);
}
static VOID NTAPI deferred(PKDPC dpc, PVOID context, PVOID a, PVOID b) { (void)dpc, (void)context, (void)a, (void)b; }
static VOID NTAPI notified(PVOID context, PVOID a, PVOID b) { (void)context, (void)a, (void)b; }
static VOID NTAPI thread_notified(HANDLE process, HANDLE thread, BOOLEAN create) { (void)process, (void)thread, (void)create; }
static OB_PREOP_CALLBACK_STATUS NTAPI watched(PVOID context, POB_PRE_OPERATION_INFORMATION information) { (void)context, (void)information; return 0; }
static VOID NTAPI crashed(PVOID buffer, ULONG length) { (void)buffer, (void)length; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path; (void)unload; (void)worker; (void)deferred; (void)notified; (void)thread_notified; (void)watched; (void)crashed;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\\\Device\\\\Leaver"), link = RTL_CONSTANT_STRING(L"\\\\??\\\\Leaver");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    %(entry)s
    return status;
}
"""
GONE = 'UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\\\??\\\\Leaver"); IoDeleteSymbolicLink(&link);'
CLEAN = GONE + "IoDeleteDevice(driver->DeviceObject);"
UNLOAD = "driver->DriverUnload = unload;"
TIMER = "static KTIMER timer; LARGE_INTEGER due = {.QuadPart = -36000000000LL}; KeInitializeTimer(&timer); KeSetTimer(&timer, due, NULL);"
ATTRIBUTES = "OBJECT_ATTRIBUTES a; InitializeObjectAttributes(&a, %s, OBJ_KERNEL_HANDLE, NULL, NULL); HANDLE h;"
MADE = r"NAME!DriverEntry\+0x[0-9a-f]+ \[.*NAME\.c @ [0-9]+\]: NAME left behind: "
# name, DriverUnload, more in DriverEntry, exit status, what the report must say (regular expressions)
CASES = [
    ("clean", CLEAN, UNLOAD, 0, []),
    ("early", CLEAN, """NTSYSAPI NTSTATUS NTAPI ZwUnloadDriver(PUNICODE_STRING);
     if (ZwUnloadDriver(path) != STATUS_INVALID_DEVICE_REQUEST) status = STATUS_UNSUCCESSFUL;
     """ + UNLOAD, 0, []),
    ("device", GONE, UNLOAD, 123, [MADE + r"Device '\\Device\\Leaver', made here"]),
    ("link", "IoDeleteDevice(driver->DeviceObject);", UNLOAD, 123, [MADE + r"SymbolicLink '\\GLOBAL\?\?\\Leaver', made here"]),
    ("pool", CLEAN, UNLOAD + "if (!ExAllocatePoolWithTag(NonPagedPool, 100, 0x7661654c)) status = STATUS_INSUFFICIENT_RESOURCES;", 123,
     [MADE + r"1 pool block of tag 'Leav', 100 bytes, allocated here"]),
    ("key", CLEAN, UNLOAD + ATTRIBUTES % "path" + "status = ZwOpenKey(&h, KEY_READ, &a);", 123,
     [MADE + r"handle 0xffffffff8[0-9a-f]+ to Key '\\REGISTRY\\(?i:MACHINE\\SYSTEM\\ControlSet001\\Services)\\NAME', opened here"]),
    ("event", CLEAN, UNLOAD + ATTRIBUTES % "NULL" + "status = ZwCreateEvent(&h, EVENT_ALL_ACCESS, &a, NotificationEvent, FALSE);", 123,
     [MADE + r"handle 0xffffffff8[0-9a-f]+ to Event, opened here"]),
    ("reference", CLEAN, UNLOAD + ATTRIBUTES % "NULL" + """status = ZwCreateEvent(&h, EVENT_ALL_ACCESS, &a, NotificationEvent, FALSE);
     PVOID body; ObReferenceObjectByHandle(h, 0, NULL, KernelMode, &body, NULL); ZwClose(h);""", 123, [MADE + r"Event, made here"]),
    ("thread", CLEAN, UNLOAD + """HANDLE h; status = PsCreateSystemThread(&h, THREAD_ALL_ACCESS, NULL, NULL, NULL, worker, NULL); ZwClose(h);""", 123,
     [MADE + r"system thread 0004\.[0-9a-f]+ \(NAME!worker\), created here, still runs"]),
    ("io_space", CLEAN, UNLOAD + "PHYSICAL_ADDRESS rom = {.QuadPart = 0xf0000}; if (!MmMapIoSpace(rom, 4096, MmCached)) status = STATUS_INSUFFICIENT_RESOURCES;",
     123, [MADE + "a mapping of physical memory at 0xf0000, 1 page, made here"]),
    ("contiguous", CLEAN, UNLOAD + "PHYSICAL_ADDRESS any = {.QuadPart = -1}; if (!MmAllocateContiguousMemory(5000, any)) status = STATUS_INSUFFICIENT_RESOURCES;",
     123, [MADE + "a block of contiguous memory, 5000 bytes, allocated here"]),
    ("addresses", CLEAN, UNLOAD + "if (!MmAllocateMappingAddress(5000, 0x7661654c)) status = STATUS_INSUFFICIENT_RESOURCES;",
     123, [MADE + "a range of mapping addresses of tag 'Leav', 2 pages, reserved here"]),
    ("irp", CLEAN, UNLOAD + "if (!IoAllocateIrp(2, FALSE)) status = STATUS_INSUFFICIENT_RESOURCES;", 123, [MADE + "1 IRP, allocated here"]),
    ("irp_used", CLEAN, UNLOAD + "IoFreeIrp(IoAllocateIrp(2, FALSE));", 0, []),
    ("mdl", CLEAN, UNLOAD + "if (!IoAllocateMdl(driver, 64, FALSE, FALSE, NULL)) status = STATUS_INSUFFICIENT_RESOURCES;", 123,
     [MADE + "1 MDL, allocated here"]),
    ("mdl_used", CLEAN, UNLOAD + "IoFreeMdl(IoAllocateMdl(driver, 64, FALSE, FALSE, NULL));", 0, []),
    ("ex_timer", CLEAN, UNLOAD + """UNICODE_STRING n = RTL_CONSTANT_STRING(L"ExAllocateTimer");
     if (!((PVOID(NTAPI*)(PVOID, PVOID, ULONG))MmGetSystemRoutineAddress(&n))(NULL, NULL, 0)) status = STATUS_INSUFFICIENT_RESOURCES;""", 123,
     [MADE + r"1 pool block of tag 'ExTm', [0-9]+ bytes, allocated here"]),
    ("dpc", CLEAN + "static KDPC dpc; KeInitializeDpc(&dpc, deferred, NULL); KeSetImportanceDpc(&dpc, LowImportance); KeInsertQueueDpc(&dpc, NULL, NULL);", UNLOAD, 123,
     [r"NAME!deferred [^\n]*: NAME left behind: DPC 0x[0-9a-f]+ still queued, its routine is here"]),
    ("callback", CLEAN, UNLOAD + """OBJECT_ATTRIBUTES a; UNICODE_STRING n = RTL_CONSTANT_STRING(L"\\\\Callback\\\\ProcessorAdd"); PCALLBACK_OBJECT callback;
     InitializeObjectAttributes(&a, &n, OBJ_CASE_INSENSITIVE, NULL, NULL); status = ExCreateCallback(&callback, &a, FALSE, TRUE);
     if (NT_SUCCESS(status)) { ExRegisterCallback(callback, notified, NULL); ObDereferenceObject(callback); }""", 123,
     [r"NAME!notified [^\n]*: NAME left behind: a routine here still registered with Callback '\\Callback\\ProcessorAdd'"]),
    ("threads", CLEAN, UNLOAD + "status = PsSetCreateThreadNotifyRoutine(thread_notified);", 123,
     [r"NAME!thread_notified [^\n]*: NAME left behind: a routine here still registered to hear of threads"]),
    ("watch", CLEAN, UNLOAD + """OB_OPERATION_REGISTRATION o; OB_CALLBACK_REGISTRATION r; static PVOID h;
     RtlZeroMemory(&o, sizeof o); o.Operations = 1; o.PreOperation = watched;
     RtlZeroMemory(&r, sizeof r); r.Version = 0x100; r.OperationRegistrationCount = 1; r.OperationRegistration = &o; RtlInitUnicodeString(&r.Altitude, L"1000");
     UNICODE_STRING n = RTL_CONSTANT_STRING(L"ObRegisterCallbacks");
     PVOID* types = NULL; UNICODE_STRING t = RTL_CONSTANT_STRING(L"PsProcessType"); types = MmGetSystemRoutineAddress(&t); o.ObjectType = (PVOID)types;
     status = ((NTSTATUS(NTAPI*)(PVOID, PVOID*))MmGetSystemRoutineAddress(&n))(&r, &h);""", 123,
     [r"NAME!watched [^\n]*: NAME left behind: a routine here still registered to watch handles"]),
    ("bug_check", CLEAN, UNLOAD + "static KBUGCHECK_CALLBACK_RECORD record, *r = &record; KeInitializeCallbackRecord(r); KeRegisterBugCheckCallback(r, crashed, NULL, 0, (PUCHAR)\"x\");", 123,
     [r"NAME!crashed [^\n]*: NAME left behind: a routine here still registered as bug check callback"]),
    ("lookaside", CLEAN, UNLOAD + "static NPAGED_LOOKASIDE_LIST list; ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, 1, 0);", 123,
     [r"NAME!DriverEntry[^\n]* memory goes \([^)]*\) with the lookaside list 0x[0-9a-f]+ in it, which was initialized here and not deleted"]),
    ("resource", CLEAN, UNLOAD + "static ERESOURCE resource; status = ExInitializeResourceLite(&resource);", 123,
     [r"with the ERESOURCE 0x[0-9a-f]+ in it, which was not deleted"]),
    ("no_unload", "", "", 123, ["cannot be unloaded"]),
    ("timer", CLEAN, UNLOAD + TIMER, 123, [r"with the KTIMER 0x[0-9a-f]+ in it, which is set"]),
    ("failed", "", "if (!ExAllocatePoolWithTag(NonPagedPool, 100, 0x7661654c)) { return status; }\n    " + TIMER + " status = STATUS_NO_SUCH_DEVICE;", 121,
     [MADE + r"1 pool block of tag 'Leav', 100 bytes, allocated here", r"with the KTIMER 0x[0-9a-f]+ in it, which is set",
      r"NAME!DriverEntry[^\n]*: DriverEntry failed and left behind: symbolic link 'Leaver', made here",
      r"NAME!DriverEntry[^\n]*: DriverEntry failed and left behind: device 'Leaver', made here",
      r"NAME.sys: DriverEntry failed with STATUS_NO_SUCH_DEVICE"]),
]

LOCKER = """
#include <ntddk.h>
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    PIO_STACK_LOCATION here = IoGetCurrentIrpStackLocation(irp);
    if (here->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        if (here->Parameters.DeviceIoControl.IoControlCode == 0x22200b) ObDereferenceObject(here->FileObject);
        PMDL mdl = IoAllocateMdl(here->Parameters.DeviceIoControl.Type3InputBuffer, 8, FALSE, FALSE, NULL);
        MmProbeAndLockPages(mdl, UserMode, IoReadAccess);
        if (here->Parameters.DeviceIoControl.IoControlCode == 0x222007) { MmUnlockPages(mdl); IoFreeMdl(mdl); }
    }
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\\\Device\\\\Locker"), link = RTL_CONSTANT_STRING(L"\\\\??\\\\Locker");
    PDEVICE_OBJECT device;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) driver->MajorFunction[i] = dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return NT_SUCCESS(status) ? IoCreateSymbolicLink(&link, &name) : status;
}
"""


def check_locked_pages(lab, folder):
    driver = rs.build_driver(folder, "locker", LOCKER)
    for code, exit_status in (("0x222007", 0), ("0x222003", 123), ("0x22200b", 122)):
        done = rs.expect(lab.call(["ioctl", "--driver", driver, "--open", r"\\.\Locker", "--code", code, "--in", "4142434445464748"]), exit_status)
        if exit_status == 122 and not re.search(r"REFERENCE_BY_POINTER \(18\)[\s\S]*FAULTING_IP: locker!dispatch", done.stderr):
            raise rs.Failure(f"the reference taken from the request is not found where it is taken:\n{done.stderr}")
        if exit_status == 123 and not re.search(r"locker!dispatch\+0x[0-9a-f]+ [^\n]*: 1 page of process [0-9a-f]{4}, locked here and still locked when it ends[\s\S]*0x0*76", done.stderr):
            raise rs.Failure(f"the report does not say what is locked:\n{done.stderr}")


def check(lab, options, folder):
    """Unloading."""
    check_locked_pages(lab, folder)
    for name, unload, entry, exit_status, texts in CASES:
        image = f"leaver_{name}"
        driver = rs.build_driver(folder, image, SOURCE % {"unload": unload, "entry": entry}, "-Wl,--forceinteg")
        done = rs.expect(lab.call(["run", "--unload", "--driver", driver, "--", lab.guest / "cxx_static.exe"]), exit_status)
        for text in texts:
            if not re.search(text.replace("NAME", image), done.stderr):
                raise rs.Failure(f"{name}: the report does not say '{text}':\n{done.stderr}")
        if done.stderr.count("left behind") > max(1, sum("left behind" in text for text in texts)):
            raise rs.Failure(f"{name}: too much is reported:\n{done.stderr}")


rs.run_script(check)
