// !vpb: debuggercmds/-vpb.md, in the form of current debuggers.
#include "abi/device.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {
namespace {

struct Flag {
    std::uint16_t bit;
    const char* text;
};
// Only "mounted" stands in the page; the others are assumed.
constexpr Flag flags[] = {
    {nt::VPB_MOUNTED, "mounted"},       {nt::VPB_LOCKED, "locked"},
    {nt::VPB_PERSISTENT, "persistent"}, {nt::VPB_REMOVE_PENDING, "remove pending"},
    {nt::VPB_RAW_MOUNT, "raw mount"},   {nt::VPB_DIRECT_WRITES_ALLOWED, "direct writes allowed"}};

void vpb_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.empty()) return s.error("usage: !vpb <address>\n");
    std::uint64_t address = 0;
    if (!s.evaluate(arguments[0], address)) return;
    nt::VPB vpb;
    if (!s.read(address, vpb)) return s.error("Could not read Vpb %s\n", extension_address(address).c_str());
    if (vpb.Type != nt::IO_TYPE_VPB) return s.error("%s: is not a Vpb\n", extension_address(address).c_str());
    s.print("Vpb at        0x%s\nFlags:        0x%x ", extension_address(address).c_str(), vpb.Flags);
    for (const Flag& flag : flags)
        if (vpb.Flags & flag.bit) s.print("%s ", flag.text);
    s.print("\nDeviceObject: 0x%s (dt nt!DEVICE_OBJECT)\n",
            extension_address(s.address_of(vpb.DeviceObject)).c_str());
    s.print("RealDevice:   0x%s (dt nt!DEVICE_OBJECT)\n",
            extension_address(s.address_of(vpb.RealDevice)).c_str());
    std::string label;
    s.read_string(address + offsetof(nt::VPB, VolumeLabel),
                  std::min<std::size_t>(vpb.VolumeLabelLength, sizeof vpb.VolumeLabel), label);
    s.print("RefCount:     %u\nVolume Label: \"%s\"\n", vpb.ReferenceCount, label.c_str());
}

constexpr Command commands[] = {{"!vpb", "!vpb <address>", "volume parameter block", vpb_command}};

} // namespace

std::span<const Command> volume_commands() { return commands; }

} // namespace view
