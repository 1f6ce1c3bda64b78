// ACPI 6.0 tables: RSDP, RSDT and XSDT, FADT, FACS, MADT, and a DSDT with the PCI bus and its interrupt
// routing. Numbers in comments are sections of the specification.
#include "hardware/detail/bytes.h"
#include "hardware/firmware.h"
#include "hardware/interrupts.h"
#include "hardware/pci.h"
#include "hardware/physical_map.h"

namespace nt::hardware {

namespace {

// 5.2.6: the header of every table; the body follows it.
std::string table(const char* signature, ULONG revision, const std::string& body) {
    Bytes t;
    t.add(signature).u32(static_cast<ULONG>(36 + body.size())).u8(revision).u8(0);
    t.text("DRVLAB", 6).text("DRVLABPC", 8).u32(1).text("DRVL", 4).u32(1).add(body);
    t.checksum(9, 0, t.size());
    return t.data();
}

// 20.2: AML terms.
namespace aml {

// The length counts its own bytes.
std::string package_length(std::size_t content) {
    Bytes b;
    if (content + 1 < 0x40) return b.u8(static_cast<ULONG>(content) + 1).data();
    const auto with2 = static_cast<ULONG>(content) + 2, with3 = static_cast<ULONG>(content) + 3;
    if (with2 < 0x1000) return b.u8(0x40 | (with2 & 15)).u8(with2 >> 4).data();
    return b.u8(0x80 | (with3 & 15)).u8(with3 >> 4 & 0xFF).u8(with3 >> 12).data();
}
std::string sized(const std::string& op, const std::string& content) {
    return op + package_length(content.size()) + content;
}
std::string integer(ULONG v) {
    if (v <= 1) return Bytes().u8(v).data();
    if (v < 0x100) return Bytes().u8(0x0A).u8(v).data();
    return Bytes().u8(0x0C).u32(v).data();
}
std::string name(const char* id, const std::string& value) { return "\x08" + std::string(id) + value; }
std::string package(ULONG elements, const std::string& content) {
    return sized("\x12", Bytes().u8(elements).add(content).data());
}
std::string buffer(const std::string& bytes) {
    return sized("\x11", integer(static_cast<ULONG>(bytes.size())) + bytes);
}
std::string device(const char* id, const std::string& content) { return sized("\x5B\x82", id + content); }
std::string scope(const std::string& path, const std::string& content) {
    return sized("\x10", path + content);
}

} // namespace aml

// 6.4: what the bus passes on: its number, its configuration ports, all other ports, video memory, PCI
// memory.
std::string bus_resources() {
    Bytes b;
    b.u8(0x88).u16(13).u8(2).u8(0x0C).u8(0).u16(0).u16(0).u16(0).u16(0).u16(1); // bus 0
    b.u8(0x47).u8(1).u16(0xCF8).u16(0xCF8).u8(1).u8(8);
    b.u8(0x88).u16(13).u8(1).u8(0x0C).u8(3).u16(0).u16(0).u16(0xCF7).u16(0).u16(0xCF8);
    b.u8(0x88).u16(13).u8(1).u8(0x0C).u8(3).u16(0).u16(0xD00).u16(0xFFFF).u16(0).u16(0xF300);
    const auto memory = [&](ULONGLONG first, ULONGLONG end) {
        b.u8(0x87).u16(23).u8(0).u8(0x0C).u8(1).u32(0).u32(static_cast<ULONG>(first));
        b.u32(static_cast<ULONG>(end - 1)).u32(0).u32(static_cast<ULONG>(end - first));
    };
    memory(low_memory_end, rom);
    memory(pci_memory, io_apic);
    return b.u8(0x79).u8(0).data();
}

// 6.2.13: pins to interrupt lines.
std::string routing() {
    std::string entries;
    ULONG count = 0;
    for (ULONG d = 1; d < pci::devices; d++)
        for (ULONG pin = 1; pin <= 4; pin++, count++)
            entries += aml::package(4, aml::integer(d << 16 | 0xFFFF) + aml::integer(pin - 1) +
                                           aml::integer(0) + aml::integer(pci::line_of_pin(d, pin)));
    return aml::package(count, entries);
}

std::string dsdt() {
    const std::string root = aml::name("_HID", Bytes().u8(0x0C).u32(0x030A'D041).data()) + // EISA id PNP0A03
                             aml::name("_UID", aml::integer(0)) + aml::name("_BBN", aml::integer(0)) +
                             aml::name("_CRS", aml::buffer(bus_resources())) + aml::name("_PRT", routing());
    const std::string off =
        aml::package(4, aml::integer(5) + aml::integer(5) + aml::integer(0) + aml::integer(0));
    return table("DSDT", 2, aml::scope("\\_SB_", aml::device("PCI0", root)) + aml::name("_S5_", off));
}

// 5.2.12.
std::string madt(ULONG processors) {
    Bytes b;
    b.u32(static_cast<ULONG>(local_apic)).u32(1); // with two 8259s
    for (ULONG n = 0; n < processors; n++)
        b.u8(0).u8(8).u8(n).u8(n).u32(1);
    b.u8(1).u8(12).u8(0).u8(0).u32(static_cast<ULONG>(io_apic)).u32(0);
    b.u8(2).u8(10).u8(0).u8(0).u32(2).u16(0);    // the timer is at input 2
    b.u8(2).u8(10).u8(0).u8(9).u32(9).u16(0x0D); // SCI: active high, level
    b.u8(4).u8(6).u8(0xFF).u16(0).u8(1);         // NMI at LINT1 of all
    return table("APIC", 3, b.data());
}

// 5.2.9.
std::string fadt(ULONGLONG facs, ULONGLONG dsdt) {
    const auto port = [](Bytes& b, ULONG bits, ULONG access, ULONG at) {
        b.u8(1).u8(bits).u8(0).u8(access).u64(at);
    };
    const auto none = [](Bytes& b) { b.zeros(12); };
    Bytes b;
    b.u32(static_cast<ULONG>(facs)).u32(static_cast<ULONG>(dsdt)).u8(0).u8(1).u16(9);
    b.u32(0).u8(0).u8(0).u8(0).u8(0); // no SMI: ACPI is on from the start
    b.u32(pm_event_port).u32(0).u32(pm_control_port).u32(0).u32(0).u32(pm_timer_port).u32(0).u32(0);
    b.u8(4).u8(2).u8(0).u8(4).u8(0).u8(0).u8(0).u8(0);
    b.u16(0xFFF).u16(0xFFF).u16(0).u16(0).u8(0).u8(0).u8(0).u8(0).u8(
        0x32); // no C2, C3; the century is in CMOS
    b.u16(1).u8(0).u32(1 | 1 << 2 | 1 << 4 | 1 << 5 |
                       1 << 8); // legacy devices; wbinvd, C1, no buttons, 32-bit timer
    none(b);                    // reset register
    b.u8(0).u16(0).u8(0).u64(facs).u64(dsdt);
    port(b, 32, 2, pm_event_port);
    none(b);
    port(b, 16, 2, pm_control_port);
    none(b);
    none(b);
    port(b, 32, 3, pm_timer_port);
    none(b), none(b), none(b), none(b);
    return table("FACP", 5, b.data());
}

std::string facs() {
    return Bytes().add("FACS").u32(64).u32(0).u32(0).u32(0).u32(0).u64(0).u8(2).zeros(31).data();
}

} // namespace

std::string acpi_tables_at(const FirmwareConfig& config, ULONGLONG at) {
    // The RSDP first, as it is searched for; the rest behind it, each at a multiple of 64 (the FACS must be).
    constexpr std::size_t rsdp_size = 36;
    Bytes out;
    out.zeros(rsdp_size);
    const auto place = [&](const std::string& t) {
        out.zeros((64 - out.size() % 64) % 64);
        const ULONGLONG address = at + out.size();
        out.add(t);
        return address;
    };
    const ULONGLONG f = place(facs()), d = place(dsdt());
    const ULONGLONG fixed = place(fadt(f, d)), interrupts = place(madt(config.processors));
    const ULONGLONG rsdt = place(
        table("RSDT", 1, Bytes().u32(static_cast<ULONG>(fixed)).u32(static_cast<ULONG>(interrupts)).data()));
    const ULONGLONG xsdt = place(table("XSDT", 1, Bytes().u64(fixed).u64(interrupts).data()));
    Bytes rsdp; // 5.2.5.3
    rsdp.add("RSD PTR ")
        .u8(0)
        .text("DRVLAB", 6)
        .u8(2)
        .u32(static_cast<ULONG>(rsdt))
        .u32(rsdp_size)
        .u64(xsdt)
        .u8(0)
        .zeros(3);
    rsdp.checksum(8, 0, 20);
    rsdp.checksum(32, 0, rsdp_size);
    return rsdp.data() + out.data().substr(rsdp_size);
}

} // namespace nt::hardware
