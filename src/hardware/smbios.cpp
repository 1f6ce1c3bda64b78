// SMBIOS 2.8: an entry point and its structures behind it. DMTF DSP0134; numbers in comments are its
// sections.
#include "hardware/cpuid.h"
#include "hardware/detail/bytes.h"
#include "hardware/firmware.h"
#include "host/ram.h"
#include <algorithm>
#include <initializer_list>

namespace nt::hardware {

namespace {

class Structures {
  public:
    // What stands after the header, and the strings (6.1.3: two zeros end the structure in any case).
    USHORT add(ULONG type, Bytes body, std::initializer_list<const char*> strings = {}) {
        const auto handle = static_cast<USHORT>(count_++);
        const std::size_t start = out_.size();
        out_.u8(type).u8(static_cast<ULONG>(body.size()) + 4).u16(handle).add(body.data());
        for (const char* s : strings)
            out_.add(s).u8(0);
        out_.zeros(strings.size() ? 1 : 2);
        largest_ = std::max(largest_, out_.size() - start);
        return handle;
    }
    const std::string& bytes() { return out_.data(); }
    std::size_t largest() const { return largest_; }
    ULONG count() const { return count_; }

  private:
    Bytes out_;
    std::size_t largest_ = 0;
    ULONG count_ = 0;
};

constexpr ULONG no_handle = 0xFFFF, no_error_information = 0xFFFE;

void add_machine(Structures& t) {
    Bytes bios, system, board, chassis;
    // 7.1: 128 KiB at E000:0, PCI, ACPI, release 1.0, no embedded controller.
    bios.u8(1).u8(2).u16(0xE000).u8(3).u8(1).u64(1 << 7).u8(1).u8(0).u8(1).u8(0).u8(0xFF).u8(0xFF);
    t.add(0, bios, {"Drvlab", "1.0", "01/01/2026"});
    // 7.2, woken by the power switch; a UUID as good as any, the same on every host.
    system.u8(1)
        .u8(2)
        .u8(3)
        .u8(4)
        .u32(0x4C565244)
        .u16(0x4241)
        .u16(0x4000)
        .u64(0x0100'0000'0000'0080)
        .u8(6)
        .u8(0)
        .u8(5);
    t.add(1, system, {"Drvlab", "Drvlab Virtual PC", "1.0", "0", "Drvlab"});
    const ULONG chassis_handle = t.count() + 1;
    board.u8(1).u8(2).u8(3).u8(0).u8(0).u8(1).u8(0).u16(chassis_handle).u8(10).u8(0); // 7.3: a motherboard
    t.add(2, board, {"Drvlab", "Drvlab Virtual PC", "1.0"});
    chassis.u8(1).u8(3).u8(0).u8(0).u8(0).u8(3).u8(3).u8(3).u8(3).u32(0).u8(0).u8(1).u8(0).u8(0).u8(
        0); // 7.4: desktop
    t.add(3, chassis, {"Drvlab"});
}

void add_processor(Structures& t, ULONG number) {
    const CpuidResult id = cpuid(1, 0);
    const std::string socket = "CPU " + std::to_string(number);
    Bytes b; // 7.5: one core and one thread, 2.5 GHz, 64 bit
    b.u8(1)
        .u8(3)
        .u8(1)
        .u8(2)
        .u32(id.eax)
        .u32(id.edx)
        .u8(3)
        .u8(0x80 | 12)
        .u16(100)
        .u16(2500)
        .u16(2500)
        .u8(0x41)
        .u8(1);
    b.u16(no_handle).u16(no_handle).u16(no_handle).u8(0).u8(0).u8(0).u8(1).u8(1).u8(1).u16(4).u16(1);
    t.add(4, b, {socket.c_str(), "Drvlab", "Drvlab virtual x64 processor"});
}

void add_memory(Structures& t, ULONGLONG bytes) {
    using namespace host::ram;
    Bytes array, module;
    array.u8(3)
        .u8(3)
        .u8(3)
        .u32(static_cast<ULONG>(bytes >> 10))
        .u16(no_error_information)
        .u16(1)
        .u64(0); // 7.17
    const ULONG handle = t.add(16, array);
    module.u16(handle)
        .u16(no_error_information)
        .u16(64)
        .u16(64)
        .u16(static_cast<ULONG>(bytes >> 20))
        .u8(9)
        .u8(0); // 7.18
    module.u8(1)
        .u8(2)
        .u8(0x18)
        .u16(0x80)
        .u16(1600)
        .u8(3)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u32(0)
        .u16(1600)
        .u16(1500)
        .u16(1500)
        .u16(1500);
    t.add(17, module, {"DIMM 0", "BANK 0", "Drvlab"});
    const auto range = [&](ULONGLONG first, ULONGLONG end) { // 7.20, in KiB
        Bytes b;
        b.u32(static_cast<ULONG>(first >> 10))
            .u32(static_cast<ULONG>((end - 1) >> 10))
            .u16(handle)
            .u8(1)
            .u64(0)
            .u64(0);
        t.add(19, b);
    };
    range(0, device_hole);
    if (size() > device_hole_end) range(device_hole_end, size());
}

} // namespace

std::string smbios_tables(const FirmwareConfig& config, ULONGLONG at) {
    constexpr std::size_t entry_size = 0x1F, structures_offset = 0x20;
    Structures t;
    add_machine(t);
    for (ULONG n = 0; n < config.processors; n++)
        add_processor(t, n);
    add_memory(t, config.memory);
    t.add(32, Bytes().zeros(6).u8(0)); // 7.33: no errors at boot
    t.add(127, Bytes());
    Bytes out; // 5.2.1
    out.add("_SM_").u8(0).u8(entry_size).u8(2).u8(8).u16(static_cast<ULONG>(t.largest())).u8(0).zeros(5);
    out.add("_DMI_")
        .u8(0)
        .u16(static_cast<ULONG>(t.bytes().size()))
        .u32(static_cast<ULONG>(at + structures_offset));
    out.u16(t.count()).u8(0x28);
    out.checksum(0x15, 0x10, 0x0F);
    out.checksum(4, 0, entry_size);
    return out.zeros(structures_offset - entry_size).add(t.bytes()).data();
}

} // namespace nt::hardware
