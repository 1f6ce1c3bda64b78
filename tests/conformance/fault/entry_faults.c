// A driver that faults in DriverEntry.
#include <ntddk.h>

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(driver);
    UNREFERENCED_PARAMETER(registry_path);
    volatile ULONG* volatile nowhere = (volatile ULONG*)0x10;
    *nowhere = 1;
    return STATUS_SUCCESS;
}
