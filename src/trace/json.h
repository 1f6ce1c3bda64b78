// A trace as JSON Lines: one object per row, {"t":…,"event":"irp_dispatch","pid":…,"tid":…,"cpu":…,"irql":…,
// fields…}. Addresses and hexadecimal fields are strings "0x…", statuses
// {"value":"0xc0000034","name":"STATUS_…"} flattened to two members.
#pragma once
#include "trace/reader.h"
#include <string>

namespace trace {

// Appends the row and a newline.
void append_json(const Record& record, std::string& out);
bool print_json(Reader& reader, int descriptor);

} // namespace trace
