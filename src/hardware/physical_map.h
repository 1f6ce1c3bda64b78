// What is where in physical memory, as on a PC:
//
//   0x0000_0000  640 KiB of memory: interrupt vectors, the BIOS data area; never handed out
//   0x000A_0000  video memory: no device
//   0x000C_0000  ROM: ACPI tables at 0xE0000, SMBIOS and the BIOS identification at 0xF0000 (firmware.h)
//   0x0010_0000  RAM up to 3 GiB
//   0xC000_0000  devices: PCI memory from 0xE0000000, interrupt controllers from 0xFEC00000
//   0x1_0000_0000  RAM to the end, then nothing
//
// RAM and ROM are bytes of the host's RAM file; everywhere else devices answer, or nobody.
#pragma once
#include "abi/types.h"
#include "host/ram.h"

namespace nt::hardware {

inline constexpr ULONGLONG low_memory_end = 0xA'0000, rom = 0xC'0000, acpi_tables = 0xE'0000,
                           smbios = 0xF'0000;
inline constexpr ULONGLONG pci_memory = 0xE000'0000, io_apic = 0xFEC0'0000, local_apic = 0xFEE0'0000;
inline constexpr ULONGLONG physical_end = 1ull << 40; // cpuid says 40 address bits

// Bytes, and not a device.
inline bool is_memory(ULONGLONG physical) {
    using namespace host::ram;
    return physical < low_memory_end || (physical >= rom && physical < device_hole) ||
           (physical >= device_hole_end && physical < size());
}
// Bytes that no write changes.
inline bool is_rom(ULONGLONG physical) { return physical >= rom && physical < host::ram::low_end; }

// All of [physical, physical + bytes) is memory (for `write`: RAM). False: nothing was copied.
bool read_physical(ULONGLONG physical, void* to, ULONGLONG bytes);
bool write_physical(ULONGLONG physical, const void* from, ULONGLONG bytes);

} // namespace nt::hardware
