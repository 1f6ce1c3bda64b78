// Imports what no kernel exports.
#include <ntddk.h>

NTSYSAPI NTSTATUS NTAPI IoNoSuchFunction(void);

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)driver, (void)path;
    return IoNoSuchFunction();
}
