// What programs say; plugged by app/machine.
#pragma once
#include <string_view>

namespace nt::exports {

// DbgPrint and NtDisplayString of a program.
extern void (*program_printed)(std::string_view text);

} // namespace nt::exports
