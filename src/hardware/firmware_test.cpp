#include "hardware/bus.h"
#include "hardware/detail/bytes.h"
#include "hardware/firmware.h"
#include "hardware/physical_map.h"
#include <cstring>
#include <gtest/gtest.h>
#include <map>

namespace nt::hardware {
namespace {

UCHAR sum(const std::string& bytes, std::size_t from, std::size_t length) {
    UCHAR total = 0;
    for (std::size_t i = from; i < from + length; i++)
        total = static_cast<UCHAR>(total + static_cast<UCHAR>(bytes.at(i)));
    return total;
}
template <class T> T get(const std::string& bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

const FirmwareConfig config{4, 8ull << 30};

TEST(Firmware, AcpiTablesLeadToEachOtherAndAddUp) {
    const std::string bytes = acpi_tables_at(config, acpi_tables);
    ASSERT_LT(bytes.size(), 0x10000u);
    EXPECT_EQ(bytes.substr(0, 8), "RSD PTR ");
    EXPECT_EQ(sum(bytes, 0, 20), 0);
    EXPECT_EQ(sum(bytes, 0, 36), 0);
    const auto offset = [](ULONGLONG address) { return static_cast<std::size_t>(address - acpi_tables); };
    const std::size_t xsdt = offset(get<ULONGLONG>(bytes, 24));
    EXPECT_EQ(bytes.substr(xsdt, 4), "XSDT");
    std::map<std::string, std::size_t> found{{"XSDT", xsdt}, {"RSDT", offset(get<ULONG>(bytes, 16))}};
    for (std::size_t at = xsdt + 36; at < xsdt + get<ULONG>(bytes, xsdt + 4); at += 8) {
        const std::size_t table = offset(get<ULONGLONG>(bytes, at));
        found[bytes.substr(table, 4)] = table;
    }
    ASSERT_TRUE(found.count("FACP") && found.count("APIC"));
    const std::size_t fadt = found["FACP"];
    EXPECT_EQ(get<ULONG>(bytes, fadt + 4), 268u) << "the length of revision 5";
    found["DSDT"] = offset(get<ULONGLONG>(bytes, fadt + 140));
    EXPECT_EQ(get<ULONG>(bytes, fadt + 40), get<ULONGLONG>(bytes, fadt + 140));
    EXPECT_EQ(bytes.substr(offset(get<ULONG>(bytes, fadt + 36)), 4), "FACS");
    EXPECT_EQ(get<ULONG>(bytes, fadt + 76), pm_timer_port);
    for (const auto& [name, at] : found) {
        EXPECT_EQ(bytes.substr(at, 4), name);
        EXPECT_EQ(sum(bytes, at, get<ULONG>(bytes, at + 4)), 0) << name;
    }
    std::size_t processors = 0;
    const std::size_t madt = found["APIC"];
    for (std::size_t at = madt + 44; at < madt + get<ULONG>(bytes, madt + 4);
         at += static_cast<UCHAR>(bytes[at + 1]))
        processors += bytes[at] == 0;
    EXPECT_EQ(processors, 4u);
}

TEST(Firmware, SmbiosStructuresCanBeWalked) {
    const std::string bytes = smbios_tables(config, smbios);
    EXPECT_EQ(bytes.substr(0, 4), "_SM_");
    EXPECT_EQ(sum(bytes, 0, 0x1F), 0);
    EXPECT_EQ(sum(bytes, 0x10, 0xF), 0);
    std::size_t at = get<ULONG>(bytes, 0x18) - smbios;
    const std::size_t end = at + get<USHORT>(bytes, 0x16);
    EXPECT_EQ(end, bytes.size());
    std::map<int, int> types;
    std::size_t count = 0, largest = 0;
    while (at < end) {
        const std::size_t start = at;
        types[static_cast<UCHAR>(bytes[at])]++;
        at += static_cast<UCHAR>(bytes[at + 1]);
        at = bytes.find(std::string(2, '\0'), at) + 2;
        largest = std::max(largest, at - start);
        count++;
    }
    EXPECT_EQ(count, get<USHORT>(bytes, 0x1C));
    EXPECT_EQ(largest, get<USHORT>(bytes, 0x08));
    for (const int type : {0, 1, 2, 3, 16, 17, 19, 32, 127}) // 6.2: what must be there
        EXPECT_TRUE(types.count(type)) << type;
    EXPECT_EQ(types[4], 4);
}

TEST(Firmware, LiesInRomAndTheTimerRuns) {
    host::ram::create();
    build_firmware(config);
    EXPECT_EQ(std::memcmp(host::ram::direct(0xF0000), "_SM_", 4), 0);
    char byte = 0;
    EXPECT_TRUE(read_physical(acpi_tables, &byte, 1));
    EXPECT_FALSE(write_physical(acpi_tables, &byte, 1)) << "ROM";
    EXPECT_EQ(*static_cast<USHORT*>(host::ram::direct(0x413)), 640);
    static ULONGLONG time;
    set_clock({[] { return time; }, nullptr});
    time = 10'000'000; // a second
    EXPECT_EQ(ports().read(pm_timer_port, 4, 0), 3'579'545u);
    EXPECT_EQ(ports().read(pm_control_port, 2, 0), 1u) << "ACPI is on";
    set_clock({});
    ports().clear();
}

} // namespace
} // namespace nt::hardware
