// What a BIOS leaves in memory: SMBIOS and ACPI tables, the BIOS data area. Real bytes at their documented
// places (physical_map.h), for drivers that map and read them.
#pragma once
#include "abi/types.h"
#include <string>

namespace nt::hardware {

struct FirmwareConfig {
    ULONG processors = 1;
    ULONGLONG memory = 0; // bytes of RAM
};
// Once, when the devices are in place; RAM must be there.
void build_firmware(const FirmwareConfig& config);

// The tables as bytes, each with its addresses as if it lay at `at` (for build_firmware, and tests).
std::string smbios_tables(const FirmwareConfig& config, ULONGLONG at);
std::string acpi_tables_at(const FirmwareConfig& config, ULONGLONG at);

// The ports that the FADT names: PM1 event and control registers, the power management timer (3.579545 MHz).
inline constexpr ULONG pm_event_port = 0x600, pm_control_port = 0x604, pm_timer_port = 0x608;

} // namespace nt::hardware
