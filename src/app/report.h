// What the user reads when a machine stops for another reason than its client's end.
#pragma once
#include "app/machine.h"
#include <string>

namespace app {

// Several lines ending with a newline; empty when the client just ended. On the main stack: asks the
// symbolizer for lines.
std::string stop_report(Machine& machine, const nt::ke::Stop& stop);
// One line: "bug check 0xd1 DRIVER_IRQL_NOT_LESS_OR_EQUAL at null!NullRead+0x1c".
std::string stop_summary(Machine& machine, const nt::ke::Stop& stop);
// "null!NullRead+0x1c [drivers/null/null.c @ 42]"
std::string place_text(Machine& machine, std::uint64_t address, bool is_return_address = false);
// "bug_check", "client_exited" …
const char* stop_name(nt::ke::StopKind kind);
int exit_status_of(const nt::ke::Stop& stop);

} // namespace app
