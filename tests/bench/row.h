// A row of the table.
#pragma once
#include <string>
#include <vector>

namespace bench {

// With a ratio (to Linux, or to the row's own measure), the limit is the ratio's; without one, the value's.
struct Row {
    std::string name;
    double value = 0;
    const char* unit = "ns";
    double ratio = 0; // 0: none
    double limit = 0; // 0: none
};

void print(const std::vector<Row>& rows);
bool write_json(const std::vector<Row>& rows, const std::string& path);

} // namespace bench
