// The wording of each event's row.
#pragma once
#include "trace/text.h"
#include <string_view>

namespace trace {

struct TextRow {
    unsigned depth = 0;
    std::string text; // empty: nothing to show
};

// Words a row and keeps the formatter's picture (names, open calls, living IRPs) up to date.
TextRow text_row(TextFormatter& formatter, const Record& record);

// Whether an event has words of its own, not just its name and fields.
bool has_wording(std::string_view event);

} // namespace trace
