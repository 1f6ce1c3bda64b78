#include "row.h"
#include <cstdio>

namespace bench {

static bool is_over(const Row& r) {
    const double measured = r.ratio != 0 ? r.ratio : r.value;
    return r.limit != 0 && measured > r.limit;
}

static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 10000 ? "%.1f" : "%.0f", value);
    return text;
}

void print(const std::vector<Row>& rows) {
    std::printf("%-52s %10s %7s %9s\n", "", "", "ratio", "limit");
    for (const Row& r : rows) {
        std::printf("%-52s %7s %-5s", r.name.c_str(), number(r.value).c_str(), r.unit);
        std::string limit = r.limit != 0 ? number(r.limit) : "";
        if (!limit.empty() && r.ratio == 0) limit += std::string(" ") + r.unit;
        std::printf(" %4s %9s%s\n", r.ratio != 0 ? number(r.ratio).c_str() : "", limit.c_str(),
                    is_over(r) ? "  OVER" : "");
    }
}

bool write_json(const std::vector<Row>& rows, const std::string& path) {
    std::FILE* out = std::fopen(path.c_str(), "w");
    if (!out) return false;
    const auto or_null = [](double value) { return value != 0 ? std::to_string(value) : "null"; };
    std::fprintf(out, "[");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& r = rows[i];
        std::fprintf(
            out, "%s\n  {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"ratio\": %s, \"limit\": %s}",
            i ? "," : "", r.name.c_str(), r.value, r.unit, or_null(r.ratio).c_str(),
            or_null(r.limit).c_str());
    }
    std::fprintf(out, "\n]\n");
    return std::fclose(out) == 0;
}

} // namespace bench
