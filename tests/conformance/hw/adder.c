// A driver for the device of docs/modelling-hardware.md: adds up a buffer when it is loaded, and says the
// sum.
#include <ntddk.h>

static ULONG find_adder(void) {
    for (ULONG slot = 0; slot < 32; ++slot) {
        ULONG id = 0;
        if (HalGetBusDataByOffset(PCIConfiguration, 0, slot, &id, 0, 4) == 4 && id == 0x00ad1db5) return slot;
    }
    return ~0u;
}

static NTSTATUS add(volatile ULONG* adder) {
    UCHAR* buffer = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'ddaT');
    if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < 512; ++i)
        buffer[i] = (UCHAR)i;
    PHYSICAL_ADDRESS at = MmGetPhysicalAddress(buffer);
    adder[0] = at.LowPart;
    adder[1] = (ULONG)at.HighPart;
    adder[2] = 512;
    while (adder[4] == 0)
        ;
    DbgPrint("the sum is %u\n", adder[3]);
    ExFreePoolWithTag(buffer, 'ddaT');
    return STATUS_SUCCESS;
}

static VOID NTAPI unload(PDRIVER_OBJECT driver) { UNREFERENCED_PARAMETER(driver); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    driver->DriverUnload = unload;
    ULONG slot = find_adder();
    if (slot == ~0u) return STATUS_NO_SUCH_DEVICE;
    PHYSICAL_ADDRESS bar = {.QuadPart = 0};
    HalGetBusDataByOffset(PCIConfiguration, 0, slot, &bar.LowPart, 0x10, 4);
    bar.LowPart &= ~15u;
    volatile ULONG* adder = MmMapIoSpace(bar, PAGE_SIZE, MmNonCached);
    if (!adder) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = add(adder);
    MmUnmapIoSpace((PVOID)adder, PAGE_SIZE);
    return status;
}
