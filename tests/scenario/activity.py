#!/usr/bin/env python3
"""IoTransferActivityId is a row of the trace, with both identifiers."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

DRIVER = r"""
#include <ntddk.h>
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    static const GUID from = {0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}}, to = {0x11121314, 0x1516, 0x1718, {0x19}};
    VOID(NTAPI * transfer)(const GUID*, const GUID*);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"IoTransferActivityId");
    (void)path;
    driver->DriverUnload = unload;
    transfer = MmGetSystemRoutineAddress(&name);
    if (!transfer) return STATUS_NOT_FOUND;
    transfer(&from, &to);
    return STATUS_SUCCESS;
}
"""


def check(lab, options, folder):
    """Activities."""
    driver = rs.build_driver(folder, "activity", DRIVER)
    trace = folder / "t.trace"
    rs.expect(lab.call(["load", "--trace", trace, driver]), 0)
    shown = " ".join(lab.call(["trace", "show", trace]).stdout.lower().split())
    row = "activity {01020304-0506-0708-090a-0b0c0d0e0f10} goes on as {11121314-1516-1718-1900-000000000000}"
    if shown.count(row) != 1:
        raise rs.Failure(f"not once {row!r}:\n" + shown[-3000:])


rs.run_script(check)
