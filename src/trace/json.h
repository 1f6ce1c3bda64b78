// A trace as JSON Lines: one object per row, {"ns":…,"event":"irp_dispatch","pid":…,"tid":…,"cpu":…,"irql":…,
// then the fields. Addresses and hexadecimal fields are strings "0x…". Beside a field stand its names where
// rows have told them: status → status_name, device → device_name, driver → driver_name, file → file_name,
// code addresses → …_symbol, number and id → call.
#pragma once
#include "trace/names.h"
#include <string>

namespace trace {

class JsonFormatter {
  public:
    // Appends the row and a newline. Feed every row: names come from earlier ones.
    void append(const Record& record, std::string& out);

  private:
    Names names_;
};

bool print_json(Reader& reader, int descriptor);

} // namespace trace
