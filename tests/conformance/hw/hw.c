// The machine's hardware as drivers reach it: ports, configuration space, device memory, physical memory.
// Needs the models parport, timer and disk (docs/hardware-models.md). Checks of Windows functions are from
// their pages; those of PCI from the PCI Local Bus Specification; those of tables from the SMBIOS and ACPI
// specifications.
#define TOPIC L"Hw"
#include "../common/driver.h"

#include "ports.h"

// What mingw's headers leave out.
NTHALAPI ULONG NTAPI HalGetBusData(BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG);

enum { PARPORT = 0x378, STATUS = 0x379, CONTROL = 0x37a };

static PVOID routine(const WCHAR* name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

static void check_ports(void) {
    CHECK(in8(0x1234) == 0xff && in16(0x1234) == 0xffff && in32(0x1234) == 0xffffffff,
          "a port without a device reads all ones");
    out8(0x1234, 1);
    out8(PARPORT, 0x5a);
    CHECK(in8(PARPORT) == 0x5a, "a byte written to a port arrives at the device");
    CHECK(in16(PARPORT) == ((USHORT)in8(STATUS) << 8 | 0x5a), "a word is two neighbouring ports");
    UCHAR bytes[4] = {1, 2, 3, 4}, back[4] = {0};
    out8_string(PARPORT, bytes, 4);
    CHECK(in8(PARPORT) == 4, "rep outsb writes one port over and over");
    in8_string(PARPORT, back, 3);
    CHECK(back[0] == 4 && back[2] == 4 && back[3] == 0, "rep insb reads it as often as it is told");

    UCHAR(NTAPI * read)(PUCHAR) = routine(L"READ_PORT_UCHAR");
    void(NTAPI * write)(PUCHAR, UCHAR) = routine(L"WRITE_PORT_UCHAR");
    void(NTAPI * read_buffer)(PUCHAR, PUCHAR, ULONG) = routine(L"READ_PORT_BUFFER_UCHAR");
    void(NTAPI * write_buffer)(PUSHORT, PUSHORT, ULONG) = routine(L"WRITE_PORT_BUFFER_USHORT");
    CHECK(read && write && read_buffer && write_buffer, "the port functions are exports");
    if (!read || !write || !read_buffer || !write_buffer) return;
    write((PUCHAR)PARPORT, 0x77);
    CHECK(read((PUCHAR)PARPORT) == 0x77, "WRITE_PORT_UCHAR and READ_PORT_UCHAR reach the port");
    read_buffer((PUCHAR)PARPORT, back, 4);
    CHECK(back[0] == 0x77 && back[3] == 0x77, "READ_PORT_BUFFER_UCHAR reads the same port each time");
    USHORT words[2] = {0x0c11, 0x0c22};
    write_buffer((PUSHORT)PARPORT, words, 2);
    CHECK(in8(PARPORT) == 0x22, "WRITE_PORT_BUFFER_USHORT writes the same port each time");

    // A byte through the loop: strobe, then the acknowledge pulse.
    out8(CONTROL, 4);
    out8(PARPORT, 0xa7);
    CHECK(in8(STATUS) == 0xd8, "an idle device is not busy, not acknowledging, selected, without error");
    out8(CONTROL, 5);
    out8(CONTROL, 4);
    CHECK(!(in8(STATUS) & 0x80), "it is busy with a byte");
    int polls = 0;
    while ((in8(STATUS) & 0x40) && polls < 1000)
        polls++;
    CHECK(polls < 1000, "then it acknowledges: polling a port lets time pass");
    out8(PARPORT, 0);
    out8(CONTROL, 0x24);
    CHECK(in8(PARPORT) == 0xa7, "and what it got can be read back");
    out8(CONTROL, 4);
}

static ULONG config(ULONG slot, ULONG offset) {
    ULONG value = 0;
    HalGetBusDataByOffset(PCIConfiguration, 0, slot, &value, offset, 4);
    return value;
}
static void set_config(ULONG slot, ULONG offset, ULONG value, ULONG length) {
    HalSetBusDataByOffset(PCIConfiguration, 0, slot, &value, offset, length);
}

static ULONG find(ULONG id) {
    for (ULONG device = 0; device < 32; ++device) {
        PCI_SLOT_NUMBER slot;
        slot.u.AsULONG = 0;
        slot.u.bits.DeviceNumber = device;
        if (config(slot.u.AsULONG, 0) == id) return slot.u.AsULONG;
    }
    return ~0u;
}

static void check_configuration(ULONG slot) {
    PCI_COMMON_CONFIG header;
    RtlZeroMemory(&header, sizeof header);
    CHECK(HalGetBusData(PCIConfiguration, 0, 0, &header, PCI_COMMON_HDR_LENGTH) == PCI_COMMON_HDR_LENGTH,
          "HalGetBusData returns the number of bytes");
    CHECK(header.BaseClass == 6 && header.SubClass == 0, "a host bridge is at device 0");
    CHECK((header.HeaderType & 0x7f) == 0, "its header is of type 0");
    header.VendorID = 0;
    CHECK(HalGetBusData(PCIConfiguration, 0, 31, &header, sizeof header) == 2 &&
              header.VendorID == PCI_INVALID_VENDORID,
          "an absent device has the vendor PCI_INVALID_VENDORID, and 2 bytes are returned");
    CHECK(HalGetBusData(PCIConfiguration, 9, 0, &header, sizeof header) == 0,
          "a bus that is not there returns 0");
    CHECK(HalGetBusData(Cmos, 0, 0, &header, 4) == 0, "PCIConfiguration is the only type that is supported");
    CHECK(HalGetBusDataByOffset(PCIConfiguration, 0, slot, &header, 0xf0, 64) == 16,
          "reading ends with configuration space");
    UCHAR bytes[4] = {0xcc, 0xcc, 0xcc, 0xcc};
    CHECK(HalGetBusDataByOffset(PCIConfiguration, 0, slot, bytes, 3, 1) == 1 && bytes[0] == 0 &&
              bytes[1] == 0xcc,
          "one byte is one byte");

    ULONG id = config(slot, 0);
    set_config(slot, 0, 0, 4);
    CHECK(config(slot, 0) == id, "vendor and device are read-only");
    CHECK(config(slot, 0x08) >> 24 == 8 && (config(slot, 0x3c) >> 8 & 0xff) == 1, "class and interrupt pin");

    ULONG command = config(slot, 4) & 0xffff, bar = config(slot, 0x10);
    CHECK((command & 7) == 7, "the firmware has enabled the device");
    set_config(slot, 4, command & ~3u, 2);
    set_config(slot, 0x10, 0xffffffff, 4);
    CHECK(config(slot, 0x10) == 0xfffff000,
          "a base address register shows its size: all ones gives ~(size - 1)");
    set_config(slot, 0x14, 0xffffffff, 4);
    CHECK(config(slot, 0x14) == 0, "one that is not there stays zero");
    set_config(slot, 0x10, bar, 4);
    set_config(slot, 4, command, 2);
    CHECK(config(slot, 0x10) == bar, "and can be put back");

    CHECK(config(slot, 4) >> 16 & 0x10, "the status register says that there are capabilities");
    ULONG at = config(slot, 0x34) & 0xff;
    CHECK(at >= 0x40 && (config(slot, at) & 0xff) == 5, "the list has the MSI capability");
    CHECK((config(slot, at) >> 8 & 0xff) == 0, "and ends");

    out32(0xcf8, 0x80000000 | slot << 11);
    CHECK(in32(0xcfc) == id && in16(0xcfe) == (USHORT)(id >> 16), "the ports of mechanism 1 show the same");
    out32(0xcf8, 0x80000000 | 30 << 11);
    CHECK(in32(0xcfc) == 0xffffffff, "and all ones for an absent device");

    ULONG space = 1;
    PHYSICAL_ADDRESS address, translated;
    address.QuadPart = PARPORT;
    translated.QuadPart = 0;
    CHECK(HalTranslateBusAddress(Isa, 0, address, &space, &translated) && space == 1 &&
              translated.QuadPart == PARPORT,
          "a port of the bus is a port of the processor");
    CHECK(!HalTranslateBusAddress(PCIBus, 77, address, &space, &translated),
          "a bus that is not there translates nothing");
}

static void check_registers(ULONG slot) {
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = config(slot, 0x10) & ~15u;
    volatile ULONG* registers = MmMapIoSpace(physical, PAGE_SIZE, MmNonCached);
    CHECK(registers != NULL, "MmMapIoSpace maps a device's registers");
    if (!registers) return;
    CHECK(MmGetPhysicalAddress((PVOID)registers).QuadPart == physical.QuadPart, "at their physical address");
    CHECK(registers[0] == 0x524d5444, "a load reads a register");
    CHECK(((volatile ULONGLONG*)registers)[0] == 0x524d5444, "of 64 bits, too");
    CHECK(*(volatile USHORT*)registers == 0, "this device answers no accesses of 16 bits");
    CHECK(*(volatile ULONG*)((volatile UCHAR*)registers + 1) == 0,
          "an unaligned access is split into aligned ones");
    registers[6] = 2000;
    registers[7] = 0;
    CHECK(registers[6] == 2000, "a store writes one");
    registers[6] += 3000;
    CHECK(registers[6] == 5000, "an instruction may read and write it");
    registers[6] &= ~8u;
    CHECK(registers[6] == 4992 && !(registers[6] & 8), "and, test");
    CHECK(InterlockedExchange((volatile LONG*)&registers[6], 77) == 4992 && registers[6] == 77, "xchg");
    CHECK(InterlockedCompareExchange((volatile LONG*)&registers[6], 5, 77) == 77 && registers[6] == 5,
          "lock cmpxchg");
    CHECK(InterlockedIncrement((volatile LONG*)&registers[6]) == 6, "lock xadd or inc");
    ULONGLONG interval = 0x100000002;
    RtlCopyMemory((PVOID)(registers + 6), &interval, 8);
    ULONGLONG block[2] = {0};
    RtlCopyMemory(block, (PVOID)(registers + 4), 16);
    CHECK(block[1] == interval, "RtlCopyMemory copies from and to registers");

    ULONG(NTAPI * read)(volatile ULONG*) = routine(L"READ_REGISTER_ULONG");
    void(NTAPI * write)(volatile ULONG*, ULONG) = routine(L"WRITE_REGISTER_ULONG");
    void(NTAPI * read_buffer)(volatile ULONG*, PULONG, ULONG) = routine(L"READ_REGISTER_BUFFER_ULONG");
    CHECK(read && write && read_buffer, "the register functions are exports");
    if (read && write && read_buffer) {
        write(&registers[6], 1000);
        write(&registers[7], 0);
        ULONG two[2];
        read_buffer(&registers[6], two, 2);
        CHECK(read(&registers[6]) == 1000 && two[0] == 1000 && two[1] == 0,
              "READ_REGISTER_BUFFER_ULONG reads successive registers");
    }

    LONGLONG before = KeQueryPerformanceCounter(NULL).QuadPart; // 10 MHz
    registers[6] = 1000, registers[7] = 0;
    registers[1] = 1;
    int polls = 0;
    while (!(registers[2] & 1) && polls < 100000)
        polls++;
    CHECK(registers[2] == 1, "a timer expires while its status is polled");
    CHECK(KeQueryPerformanceCounter(NULL).QuadPart - before >= 1000 && registers[4] == 1000,
          "after its time");
    registers[2] = 1;
    CHECK(registers[2] == 0, "its status is cleared by writing one");

    set_config(slot, 4, 5, 2);
    CHECK(registers[0] == 0xffffffff, "with memory decoding off nobody answers");
    set_config(slot, 4, 7, 2);
    CHECK(registers[0] == 0x524d5444, "with it on the device does");
    MmUnmapIoSpace((PVOID)registers, PAGE_SIZE);

    physical.QuadPart += 0x10;
    PVOID(NTAPI * map)(PHYSICAL_ADDRESS, SIZE_T, ULONG) =
        routine(L"MmMapIoSpaceEx"); // no import library has it
    CHECK(map != NULL, "MmMapIoSpaceEx is an export");
    if (!map) return;
    const volatile ULONG* count = map(physical, 8, PAGE_READONLY | PAGE_NOCACHE);
    CHECK(count && ((ULONG_PTR)count & (PAGE_SIZE - 1)) == 0x10,
          "MmMapIoSpaceEx keeps the offset into the page");
    if (count) {
        CHECK(count[0] == 1000, "a read-only mapping reads");
        MmUnmapIoSpace((PVOID)count, 8);
    }
    CHECK(!map(physical, 8, PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE),
          "PAGE_NOCACHE and PAGE_WRITECOMBINE exclude each other");
    CHECK(!map(physical, 8, 0), "one of the protections must be given");
    physical.QuadPart = 1ll << 52;
    CHECK(!MmMapIoSpace(physical, 8, MmNonCached),
          "beyond the processor's addresses there is nothing to map");
}

static UCHAR sum(const UCHAR* p, ULONG n) {
    UCHAR total = 0;
    while (n--)
        total += *p++;
    return total;
}

static void check_memory(void) {
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = 0xe0000;
    UCHAR* rom = MmMapIoSpace(physical, 0x20000, MmCached);
    CHECK(rom != NULL, "the BIOS area can be mapped");
    if (rom) {
        UCHAR *smbios = NULL, *acpi = NULL;
        for (ULONG at = 0; at < 0x20000; at += 16) {
            if (!smbios && at >= 0x10000 && RtlCompareMemory(rom + at, "_SM_", 4) == 4) smbios = rom + at;
            if (!acpi && RtlCompareMemory(rom + at, "RSD PTR ", 8) == 8) acpi = rom + at;
        }
        CHECK(smbios && sum(smbios, smbios[5]) == 0, "it has an SMBIOS entry point, which adds up to zero");
        CHECK(acpi && sum(acpi, 20) == 0 && sum(acpi, 36) == 0, "and an ACPI root pointer");
        if (acpi) {
            UCHAR* xsdt = rom + (*(ULONGLONG*)(acpi + 24) - 0xe0000);
            CHECK(RtlCompareMemory(xsdt, "XSDT", 4) == 4 && sum(xsdt, *(ULONG*)(xsdt + 4)) == 0,
                  "which leads to the XSDT");
        }
        UCHAR first = rom[0];
        *(volatile UCHAR*)rom = (UCHAR)~first;
        CHECK(*(volatile UCHAR*)rom == first, "ROM does not change by a write");
        MmUnmapIoSpace(rom, 0x20000);
    }

    UCHAR* block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'whmT');
    if (!block) return;
    physical = MmGetPhysicalAddress(block);
    UCHAR* again = MmMapIoSpace(physical, PAGE_SIZE, MmCached);
    CHECK(again && again != block, "RAM can be mapped once more");
    if (again) {
        again[5] = 0x55;
        CHECK(block[5] == 0x55, "and is the same memory");
        MmUnmapIoSpace(again, PAGE_SIZE);
    }
    PPHYSICAL_MEMORY_RANGE ranges = MmGetPhysicalMemoryRanges();
    CHECK(ranges != NULL, "MmGetPhysicalMemoryRanges gives a list");
    if (ranges) {
        BOOLEAN has_block = FALSE, has_device = FALSE, ordered = TRUE;
        ULONG i = 0;
        for (; ranges[i].BaseAddress.QuadPart || ranges[i].NumberOfBytes.QuadPart; ++i) {
            LONGLONG first = ranges[i].BaseAddress.QuadPart, end = first + ranges[i].NumberOfBytes.QuadPart;
            has_block |= physical.QuadPart >= first && physical.QuadPart < end;
            has_device |= 0xe0000000ll >= first && 0xe0000000ll < end;
            ordered &= (first & (PAGE_SIZE - 1)) == 0 && (end & (PAGE_SIZE - 1)) == 0 && end > first;
        }
        CHECK(i > 0 && ordered, "of whole pages, that ends with zeros");
        CHECK(has_block && !has_device, "with memory in it, and no devices");
        ExFreePool(ranges);
    }
    ExFreePoolWithTag(block, 'whmT');
}

typedef struct {
    UCHAR operation, flags;
    USHORT id;
    ULONG blocks;
    ULONGLONG first, address;
    ULONG pieces, reserved;
} DISK_COMMAND;
typedef struct {
    USHORT id, status;
    ULONG blocks, head, phase;
} DISK_COMPLETION;

static void check_dma(ULONG slot) {
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = config(slot, 0x10) & ~15u;
    volatile ULONG* disk = MmMapIoSpace(physical, PAGE_SIZE, MmNonCached);
    // One page each: a page is contiguous.
    UCHAR* queues = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'whmT');
    UCHAR* data = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'whmT');
    CHECK(disk && queues && data, "a disk's registers, memory for its queues and data");
    if (disk && queues && data) {
        RtlZeroMemory(queues, PAGE_SIZE);
        DISK_COMMAND* commands = (DISK_COMMAND*)queues;
        volatile DISK_COMPLETION* completions = (DISK_COMPLETION*)(queues + 2048);
        ULONGLONG at = MmGetPhysicalAddress(queues).QuadPart;
        CHECK(disk[0] == 0x4b534444, "it is one");
        *(volatile ULONGLONG*)&disk[8] = at;
        disk[10] = 4;
        *(volatile ULONGLONG*)&disk[12] = at + 2048;
        disk[14] = 4;
        disk[6] = 1;
        CHECK(disk[7] == 1, "it is ready");
        for (ULONG i = 0; i < 1024; ++i)
            data[i] = (UCHAR)(i * 7);
        DISK_COMMAND write = {2, 0, 0x11, 1, 5, (ULONGLONG)MmGetPhysicalAddress(data).QuadPart, 0, 0};
        DISK_COMMAND read = {1, 0, 0x22, 1, 5, (ULONGLONG)MmGetPhysicalAddress(data + 2048).QuadPart, 0, 0};
        commands[0] = write;
        commands[1] = read;
        disk[16] = 2;
        for (int i = 0; i < 1000 && completions[1].phase != 1; ++i)
            KeStallExecutionProcessor(10);
        // The core may run events at switch points only; a register read is one in any case.
        CHECK(disk[7] == 1 && completions[0].id == 0x11 && completions[0].status == 0,
              "the first command is done");
        CHECK(completions[1].id == 0x22 && completions[1].status == 0 && completions[1].phase == 1,
              "and the second");
        CHECK(RtlCompareMemory(data, data + 2048, 512) == 512, "what was written is read");
        commands[2] = read;
        commands[2].first = 1ull << 40;
        disk[16] = 3;
        for (int i = 0; i < 1000 && completions[2].phase != 1; ++i)
            KeStallExecutionProcessor(10), (void)disk[7];
        CHECK(completions[2].status == 2, "a block beyond its end is refused");
        set_config(slot, 4, 3, 2);
        commands[3] = read;
        disk[17] = 3; // the completions so far are seen
        disk[16] = 0;
        CHECK(disk[7] == 2, "without bus mastering there is no DMA");
        set_config(slot, 4, 7, 2);
        disk[6] = 0;
    }
    if (data) ExFreePoolWithTag(data, 'whmT');
    if (queues) ExFreePoolWithTag(queues, 'whmT');
    if (disk) MmUnmapIoSpace((PVOID)disk, PAGE_SIZE);
}

static void checks(void) {
    ULONG timer = find(0x00011db5), disk = find(0x00021db5);
    CHECK(timer != ~0u && disk != ~0u, "the bus has the timer and the disk");
    check_ports();
    check_memory();
    if (timer == ~0u || disk == ~0u) return;
    check_configuration(timer);
    check_registers(timer);
    check_dma(disk);
}
