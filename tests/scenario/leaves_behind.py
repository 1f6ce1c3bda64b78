#!/usr/bin/env python3
"""Drivers that leave something behind when they are unloaded: exit status 123 and what it was."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; %(unload)s }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path; (void)unload;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\\\Device\\\\Leaver"), link = RTL_CONSTANT_STRING(L"\\\\??\\\\Leaver");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    %(entry)s
    return status;
}
"""
GONE = 'UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\\\??\\\\Leaver"); IoDeleteSymbolicLink(&link);'
# name, DriverUnload, more in DriverEntry, exit status, what the report must say
CASES = [
    ("clean", GONE + "IoDeleteDevice(driver->DeviceObject);", "driver->DriverUnload = unload;", 0, ""),
    ("device", GONE, "driver->DriverUnload = unload;", 123, "DriverUnload left 1 device object"),
    ("pool", GONE + "IoDeleteDevice(driver->DeviceObject);",
     "driver->DriverUnload = unload; if (!ExAllocatePoolWithTag(NonPagedPool, 100, 0x7661654c)) status = STATUS_INSUFFICIENT_RESOURCES;", 123, "Leav"),
    ("io_space", GONE + "IoDeleteDevice(driver->DeviceObject);",
     "driver->DriverUnload = unload; PHYSICAL_ADDRESS rom = {.QuadPart = 0xf0000}; if (!MmMapIoSpace(rom, 4096, MmCached)) status = STATUS_INSUFFICIENT_RESOURCES;",
     123, "leaver_io_space: unloaded with 1 mapping of physical memory left (MmMapIoSpace)"),
    ("no_unload", "", "", 123, "cannot be unloaded"),
]


def check(lab, options, folder):
    """Unloading."""
    for name, unload, entry, exit_status, text in CASES:
        driver = rs.build_driver(folder, f"leaver_{name}", SOURCE % {"unload": unload, "entry": entry})
        done = rs.expect(lab.call(["run", "--unload", "--driver", driver, "--", lab.guest / "cxx_static.exe"]), exit_status)
        if text not in done.stderr:
            raise rs.Failure(f"{name}: the report does not say '{text}':\n{done.stderr}")


rs.run_script(check)
