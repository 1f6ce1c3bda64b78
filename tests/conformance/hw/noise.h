// Access to PCI devices, and to the registers of the model noise (docs/hardware-models.md).
#pragma once

enum { ID = 0, TRIGGER = 1, STATUS = 2, CONTROL = 3, STRAY = 4, STUCK = 1 };

// The slot of the number-th device of these ids on bus 0, function 0; -1: there is none.
static ULONG find_slot(ULONG ids, ULONG number) {
    for (ULONG slot = 0; slot < 32; ++slot) {
        ULONG found = 0;
        if (HalGetBusDataByOffset(PCIConfiguration, 0, slot, &found, 0, 4) == 4 && found == ids && !number--)
            return slot;
    }
    return (ULONG)-1;
}
static ULONG config(ULONG slot, ULONG offset) {
    ULONG value = 0;
    HalGetBusDataByOffset(PCIConfiguration, 0, slot, &value, offset, 4);
    return value;
}
static volatile ULONG* map_registers(ULONG slot) {
    PHYSICAL_ADDRESS bar;
    bar.QuadPart = config(slot, 0x10) & ~15u;
    return MmMapIoSpace(bar, PAGE_SIZE, MmNonCached);
}
