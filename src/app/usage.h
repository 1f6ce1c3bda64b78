// What is wrong with a command line.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace app {

// One line that names the option, and 'try …' for more. The parser's own texts speak of counts and types.
std::string usage_text(const CLI::ParseError& error, const CLI::App& drvlab);

// A flag is given or not: `--unload=3` is refused.
void refuse_values_of_flags(CLI::App& command);

// Checks of values. "'x' is not A, B or C"; the help lists them.
CLI::Validator one_of(std::vector<std::string> values);
CLI::Validator number_between(std::uint64_t low, std::uint64_t high);

} // namespace app
