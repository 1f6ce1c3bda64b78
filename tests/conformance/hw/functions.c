// The functions that drivers call instead of making accesses themselves: READ_PORT_…, WRITE_PORT_…,
// READ_REGISTER_…, WRITE_REGISTER_… and their buffer forms, of every width. Needs the models parport and
// timer.
#define TOPIC L"HwFunctions"
#include "../common/driver.h"

NTHALAPI ULONG NTAPI HalSetBusData(BUS_DATA_TYPE, ULONG, ULONG, PVOID, ULONG);
NTHALAPI VOID NTAPI KeFlushWriteBuffer(VOID);

static PVOID routine(const WCHAR* name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

// The four functions of a width.
#define FUNCTIONS(KIND, NAME, T)                                                                             \
    T(NTAPI* read)(volatile T*) = routine(L"READ_" KIND L"_" NAME);                                          \
    VOID(NTAPI* write)(volatile T*, T) = routine(L"WRITE_" KIND L"_" NAME);                                  \
    VOID(NTAPI* read_buffer)(volatile T*, T*, ULONG) = routine(L"READ_" KIND L"_BUFFER_" NAME);              \
    VOID(NTAPI* write_buffer)(volatile T*, T*, ULONG) = routine(L"WRITE_" KIND L"_BUFFER_" NAME);            \
    CHECK(read&& write&& read_buffer&& write_buffer, "READ_ and WRITE_ functions are exports");              \
    if (!read || !write || !read_buffer || !write_buffer) return

#define PORT(number) ((volatile void*)(ULONG_PTR)(number))

static void ports_of_8_bits(void) {
    FUNCTIONS(L"PORT", L"UCHAR", UCHAR);
    UCHAR bytes[3] = {7, 8, 9};
    write(PORT(0x378), 0x3c);
    CHECK(read(PORT(0x378)) == 0x3c && read(PORT(0x1234)) == 0xff, "READ_PORT_UCHAR reads one byte");
    write_buffer(PORT(0x378), bytes, 3);
    read_buffer(PORT(0x378), bytes, 2);
    CHECK(bytes[0] == 9 && bytes[1] == 9 && bytes[2] == 9, "buffers of bytes go through one port");
}

static void ports_of_16_bits(void) {
    FUNCTIONS(L"PORT", L"USHORT", USHORT);
    USHORT words[3] = {0x0411, 0x0422, 0x0433};
    write(PORT(0x378), 0x0455);
    CHECK((read(PORT(0x378)) & 0xff) == 0x55 && read(PORT(0x1234)) == 0xffff,
          "READ_PORT_USHORT reads two bytes");
    write_buffer(PORT(0x378), words, 3);
    read_buffer(PORT(0x378), words, 2);
    CHECK((words[0] & 0xff) == 0x33 && words[1] == words[0] && words[2] == 0x0433, "buffers of words, too");
}

static void ports_of_32_bits(void) {
    FUNCTIONS(L"PORT", L"ULONG", ULONG);
    ULONG values[2] = {0x80000800, 0x80000000}, got[2] = {0, 0};
    write(PORT(0xcf8), 0x80000008);
    CHECK(read(PORT(0xcf8)) == 0x80000008 && read(PORT(0xcfc)) >> 24 == 6,
          "READ_PORT_ULONG reads four bytes");
    write_buffer(PORT(0xcf8), values, 2);
    CHECK(read(PORT(0xcf8)) == 0x80000000, "the last of a buffer stays");
    read_buffer(PORT(0xcfc), got, 2);
    CHECK(got[0] == got[1] && got[0] != 0xffffffff, "a buffer is filled from one port");
}

// Registers that are memory after all, and a place where no device answers.
static volatile void *memory, *nobody;

#define REGISTERS(function, NAME, T)                                                                         \
    static void function(void) {                                                                             \
        FUNCTIONS(L"REGISTER", NAME, T);                                                                     \
        T values[3] = {1, 2, 3}, got[3] = {0, 0, 0};                                                         \
        volatile T* registers = memory;                                                                      \
        write(&registers[1], (T)0x8877665544332211);                                                         \
        CHECK(registers[1] == (T)0x8877665544332211 && read(&registers[1]) == registers[1],                  \
              "a register is written and read at its width");                                                \
        write_buffer(registers, values, 3);                                                                  \
        read_buffer(registers, got, 3);                                                                      \
        CHECK(registers[2] == 3 && got[0] == 1 && got[1] == 2 && got[2] == 3,                                \
              "buffers are of successive registers");                                                        \
        CHECK(read(nobody) == (T)~0ull, "all ones where no device is");                                      \
        write(nobody, 0);                                                                                    \
    }

REGISTERS(registers_of_8_bits, L"UCHAR", UCHAR)
REGISTERS(registers_of_16_bits, L"USHORT", USHORT)
REGISTERS(registers_of_32_bits, L"ULONG", ULONG)
REGISTERS(registers_of_64_bits, L"ULONG64", ULONG64)

static void checks(void) {
    ports_of_8_bits();
    ports_of_16_bits();
    ports_of_32_bits();
    PHYSICAL_ADDRESS empty = {.QuadPart = 0xd0000000};
    memory = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'whmT');
    nobody = MmMapIoSpace(empty, PAGE_SIZE, MmNonCached);
    CHECK(memory && nobody, "memory, and a range without a device");
    if (memory && nobody) {
        registers_of_8_bits();
        registers_of_16_bits();
        registers_of_32_bits();
        registers_of_64_bits();
        KeFlushWriteBuffer();
    }
    if (nobody) MmUnmapIoSpace((PVOID)nobody, PAGE_SIZE);
    if (memory) ExFreePoolWithTag((PVOID)memory, 'whmT');

    // The timer is at device 2; its line register is for software.
    UCHAR header[64], line;
    CHECK(HalGetBusDataByOffset(PCIConfiguration, 0, 2, header, 0, 64) == 64, "a header");
    line = header[0x3c];
    header[0x3c] = 0x55;
    CHECK(HalSetBusData(PCIConfiguration, 0, 2, header, 64) == 64,
          "HalSetBusData returns the number of bytes");
    HalGetBusDataByOffset(PCIConfiguration, 0, 2, header, 0, 64);
    CHECK(header[0x3c] == 0x55 && header[0] == 0xb5, "it writes what can be written");
    header[0x3c] = line;
    HalSetBusDataByOffset(PCIConfiguration, 0, 2, &header[0x3c], 0x3c, 1);
    CHECK(HalSetBusData(PCIConfiguration, 0, 31, header, 64) == 0, "and nothing to an absent device");
}
