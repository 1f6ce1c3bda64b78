#include "view/ioctldecode.h"
#include "abi/ioctl.h"
#include <algorithm>
#include <cstdio>

namespace view {
namespace {

struct Name {
    std::uint32_t value;
    const char* name;
};

constexpr Name CODES[] = {
#include "view/detail/ioctl_names.inc"
};
constexpr Name DEVICE_TYPES[] = {
#include "view/detail/device_type_names.inc"
};
constexpr const char* METHODS[] = {"METHOD_BUFFERED", "METHOD_IN_DIRECT", "METHOD_OUT_DIRECT",
                                   "METHOD_NEITHER"};
constexpr const char* ACCESSES[] = {"FILE_ANY_ACCESS", "FILE_READ_ACCESS ", "FILE_WRITE_ACCESS ",
                                    "FILE_READ_ACCESS FILE_WRITE_ACCESS "};

std::string hex(std::uint32_t value) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%x", value);
    return text;
}

} // namespace

const char* ioctl_name(std::uint32_t code) {
    const Name* found = std::ranges::lower_bound(CODES, code, {}, &Name::value);
    return found != std::end(CODES) && found->value == code ? found->name : nullptr;
}

const char* device_type_name(std::uint32_t type) {
    const auto range = std::ranges::equal_range(DEVICE_TYPES, type, {}, &Name::value);
    return range.empty() ? nullptr : range.back().name; // aliases come first
}

std::string ioctl_decode(std::uint32_t code) {
    const char* name = ioctl_name(code);
    std::string out = name ? "\n" + std::string(name) + "\n\n" : "\nUnknown IOCTL  : " + hex(code) + " \n\n";

    const std::uint32_t type = nt::DEVICE_TYPE_FROM_CTL_CODE(code);
    out += "Device Type    : " + hex(type);
    for (const Name& n : std::ranges::equal_range(DEVICE_TYPES, type, {}, &Name::value))
        out += " (" + std::string(n.name) + ")";
    out += "\n";

    const std::uint32_t method = nt::METHOD_FROM_CTL_CODE(code);
    out += "Method         : " + hex(method) + " " + METHODS[method] + " \n";
    out += "Access         : " + std::string(ACCESSES[nt::ACCESS_FROM_CTL_CODE(code)]) + "\n";
    out += "Function       : " + hex(nt::FUNCTION_FROM_CTL_CODE(code)) + "\n";
    return out;
}

} // namespace view
