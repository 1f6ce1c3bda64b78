// Commands of WinDbg that this debugger has not got, so that nobody takes a documented name for a typo.
#pragma once
#include <string_view>

namespace view {

// `name`: as typed, with its `.` or `!`.
bool is_absent_command(std::string_view name);

} // namespace view
