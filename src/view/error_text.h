// !error: the text of an error code. Layout: debuggercmds/-error.md.
#pragma once
#include <cstdint>
#include <string>

namespace view {

// "Error code: (Win32) 0x2 (2) - The system cannot find the file specified.\n". `flags` 1: an NTSTATUS; else
// Win32, then HRESULT, then NTSTATUS, whichever knows the value.
std::string error_text(std::uint32_t value, std::uint32_t flags);

} // namespace view
