#!/usr/bin/env python3
"""Drivers that leave something behind when they are unloaded: exit status 123 and what it was."""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; %(unload)s }
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
static VOID NTAPI worker(PVOID context) {
    (void)context;
    LARGE_INTEGER hour = {.QuadPart = -36000000000LL};
    KeDelayExecutionThread(KernelMode, FALSE, &hour);
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path; (void)unload; (void)worker;
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
    ("device", GONE, UNLOAD, 123, [MADE + r"Device '\\Device\\Leaver', made here"]),
    ("link", "IoDeleteDevice(driver->DeviceObject);", UNLOAD, 123, [MADE + r"SymbolicLink '\\GLOBAL\?\?\\Leaver', made here"]),
    ("pool", CLEAN, UNLOAD + "if (!ExAllocatePoolWithTag(NonPagedPool, 100, 0x7661654c)) status = STATUS_INSUFFICIENT_RESOURCES;", 123,
     [MADE + r"1 pool block of tag 'Leav', 100 bytes, allocated here"]),
    ("key", CLEAN, UNLOAD + ATTRIBUTES % "path" + "status = ZwOpenKey(&h, KEY_READ, &a);", 123,
     [MADE + r"handle 0xffffffff8[0-9a-f]+ to Key '\\REGISTRY\\(?i:MACHINE\\SYSTEM\\CurrentControlSet\\Services)\\NAME', opened here"]),
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
    ("no_unload", "", "", 123, ["cannot be unloaded"]),
    ("timer", CLEAN, UNLOAD + TIMER, 123, [r"with the KTIMER 0x[0-9a-f]+ in it, which is set"]),
    ("failed", "", "if (!ExAllocatePoolWithTag(NonPagedPool, 100, 0x7661654c)) { return status; }\n    " + TIMER + " status = STATUS_NO_SUCH_DEVICE;", 121,
     [MADE + r"1 pool block of tag 'Leav', 100 bytes, allocated here", r"with the KTIMER 0x[0-9a-f]+ in it, which is set",
      r"NAME.sys: DriverEntry failed with STATUS_NO_SUCH_DEVICE"]),
]


def check(lab, options, folder):
    """Unloading."""
    for name, unload, entry, exit_status, texts in CASES:
        image = f"leaver_{name}"
        driver = rs.build_driver(folder, image, SOURCE % {"unload": unload, "entry": entry})
        done = rs.expect(lab.call(["run", "--unload", "--driver", driver, "--", lab.guest / "cxx_static.exe"]), exit_status)
        for text in texts:
            if not re.search(text.replace("NAME", image), done.stderr):
                raise rs.Failure(f"{name}: the report does not say '{text}':\n{done.stderr}")
        if done.stderr.count("left behind") > 1:
            raise rs.Failure(f"{name}: too much is reported:\n{done.stderr}")


rs.run_script(check)
