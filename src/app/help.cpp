#include "app/help.h"
#include "app/text.h"

namespace app {

namespace {

constexpr std::size_t columns = 80;

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
