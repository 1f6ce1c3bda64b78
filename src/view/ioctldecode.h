// !ioctldecode: what a control code says about itself. Layout: debuggercmds/-ioctldecode.md.
#pragma once
#include <cstdint>
#include <string>

namespace view {

// The whole output, ending with a newline.
std::string ioctl_decode(std::uint32_t code);
// "IOCTL_INTERNAL_USB_SUBMIT_URB"; null for a code without public name.
const char* ioctl_name(std::uint32_t code);
// "FILE_DEVICE_NULL"; null for a type without name.
const char* device_type_name(std::uint32_t type);

} // namespace view
