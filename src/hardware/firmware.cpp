#include "hardware/firmware.h"
#include "hardware/bus.h"
#include "hardware/physical_map.h"
#include <cstring>
#include <string_view>

namespace nt::hardware {

namespace {

// PM1 event and control registers, and the timer, in the order of their ports (ACPI 4.8.3). There are no
// buttons and no events; ACPI mode is on.
class PowerManagement final : public RangeHandler {
  public:
    ULONGLONG read(ULONGLONG offset, ULONG bytes) override {
        UCHAR all[12] = {};
        const ULONG timer =
            static_cast<ULONG>(static_cast<unsigned __int128>(now()) * 3'579'545 / 10'000'000);
        std::memcpy(all + 2, &enabled_, 2);
        std::memcpy(all + 4, &control_, 2);
        std::memcpy(all + 8, &timer, 4);
        ULONGLONG value = 0;
        std::memcpy(&value, all + offset, bytes);
        return value;
    }
    void write(ULONGLONG offset, ULONG bytes, ULONGLONG value) override {
        if (offset == 2 && bytes == 2) enabled_ = static_cast<USHORT>(value);
        if (offset == 4 && bytes == 2) control_ = static_cast<USHORT>((value & 0x1C06) | 1);
    }

  private:
    USHORT enabled_ = 0, control_ = 1; // SCI_EN
} power_management;

void store(ULONGLONG at, std::string_view bytes) {
    std::memcpy(host::ram::direct(at), bytes.data(), bytes.size());
}
void store16(ULONGLONG at, USHORT value) { std::memcpy(host::ram::direct(at), &value, 2); }

// The BIOS data area at 0x400: the ports of what is there, and the size of low memory.
void write_data_area() {
    constexpr ULONGLONG com_ports = 0x400, lpt_ports = 0x408, memory_size = 0x413;
    ULONGLONG next = com_ports;
    for (const USHORT port : {0x3F8, 0x2F8, 0x3E8, 0x2E8})
        if (ports().find(port)) store16(next, port), next += 2;
    next = lpt_ports;
    for (const USHORT port : {0x3BC, 0x378, 0x278})
        if (ports().find(port)) store16(next, port), next += 2;
    store16(memory_size, low_memory_end >> 10);
}

} // namespace

void build_firmware(const FirmwareConfig& config) {
    std::memset(host::ram::direct(rom), 0xFF, host::ram::low_end - rom);
    store(acpi_tables, acpi_tables_at(config, acpi_tables));
    store(smbios, smbios_tables(config, smbios));
    store(0xF'FFF0, std::string_view("\xEA\x5B\xE0\x00\xF0"
                                     "01/01/26"
                                     "\0\xFC",
                                     15)); // reset vector, date, model: AT
    ports().add({pm_event_port, 12, &power_management, "acpi"});
    write_data_area();
}

} // namespace nt::hardware
