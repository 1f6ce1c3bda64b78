#include "app/help.h"
#include <algorithm>
#include <sstream>

namespace app {

namespace {

constexpr std::size_t columns = 80;

// Characters of UTF-8, one column each.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Breaks lines at spaces. A word that is longer than a line stays whole.
std::string wrap(const std::string& text, std::size_t width) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line, word; std::getline(lines, line);) {
        if (!out.empty()) out += '\n';
        std::size_t used = 0;
        for (std::istringstream words(line); words >> word;) {
            const std::size_t size = width_of(word);
            if (used && used + 1 + size > width) {
                out += '\n';
                used = 0;
            } else if (used) {
                out += ' ';
                used++;
            }
            out += word;
            used += size;
        }
    }
    return out;
}

} // namespace

std::string Help::make_description(const CLI::App* app) const {
    return wrap(Formatter::make_description(app), columns) + "\n";
}

std::string Help::make_footer(const CLI::App* app) const {
    const std::string text = wrap(Formatter::make_footer(app), columns);
    return text.empty() ? text : text + "\n";
}

std::string Help::make_subcommand(const CLI::App* command) const {
    std::stringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             wrap(command->get_description(), columns - get_column_width()),
                             get_column_width());
    return out.str();
}

std::string Help::make_option_desc(const CLI::Option* option) const {
    return wrap(Formatter::make_option_desc(option), columns - get_column_width());
}

} // namespace app
