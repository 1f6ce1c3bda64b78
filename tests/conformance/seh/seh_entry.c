// The same in DriverEntry, for `drvlab load`: a line of debug output per check; success only if all pass.
#include <ntddk.h>

#include <stdarg.h>

static PDRIVER_OBJECT this_driver;
static ULONG failures;

#define CHECK(condition, what)                                                                               \
    do {                                                                                                     \
        BOOLEAN pass = (condition) ? TRUE : FALSE;                                                           \
        DbgPrint("%s %s\n", pass ? "PASS" : "FAIL", what);                                                   \
        if (!pass) failures++, DbgPrint("     line %d, trail %s\n", __LINE__, trail);                        \
    } while (0)

#define SEH_DEVICE L"\\Device\\SehEntryRaises"
#include "seh_body.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD unload;
static VOID NTAPI unload(PDRIVER_OBJECT driver) { UNREFERENCED_PARAMETER(driver); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    this_driver = driver;
    driver->DriverUnload = unload;
    seh_checks();
    DbgPrint("%s: %u failures\n", failures ? "FAIL" : "PASS", failures);
    return failures ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}
