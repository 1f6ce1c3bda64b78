// The wording of each event's row.
#pragma once
#include "trace/text.h"

namespace trace {

struct TextRow {
    unsigned depth = 0;
    std::string text; // empty: nothing to show
};

// Words a row and keeps the formatter's picture (names, open calls, living IRPs) up to date.
TextRow text_row(TextFormatter& formatter, const Record& record);

} // namespace trace
