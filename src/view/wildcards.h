// debuggercmds/string-wildcard-syntax.md: `*`, `?`, `[list]` with ranges, `#` and `+` for any number, or at
// least one, of the preceding character, `\` before what is literal.
#pragma once
#include <string_view>

namespace view {

bool matches_wildcards(std::string_view pattern, std::string_view text, bool ignore_case);

} // namespace view
