#include "view/error_text.h"
#include "rtl/status.h"
#include <cstdio>

namespace view {
namespace {

constexpr std::uint32_t READ_AS_STATUS = 1;
constexpr std::uint32_t HRESULT_FROM_WIN32 = 0x80070000;

std::string line(const char* kind, std::uint32_t value, bool decimal, const char* text) {
    char number[40];
    std::snprintf(number, sizeof number, decimal ? "%#x (%u)" : "%#x", value, value);
    return std::string("Error code: (") + kind + ") " + number + " - " +
           (text ? text : "<Unable to get error code text>") + "\n";
}

} // namespace

std::string error_text(std::uint32_t value, std::uint32_t flags) {
    const auto status = static_cast<nt::NTSTATUS>(value);
    if (flags & READ_AS_STATUS) return line("NTSTATUS", value, false, nt::rtl::status_text(status));
    if (const char* text = nt::rtl::win32_error_text(value)) return line("Win32", value, true, text);
    if ((value & 0xffff0000) == HRESULT_FROM_WIN32)
        if (const char* text = nt::rtl::win32_error_text(value & 0xffff))
            return line("HRESULT", value, true, text);
    if (const char* text = nt::rtl::status_text(status)) return line("NTSTATUS", value, false, text);
    return line("Win32", value, true, nullptr);
}

} // namespace view
