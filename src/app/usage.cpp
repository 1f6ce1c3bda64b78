#include "app/usage.h"
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace app {

namespace {

const CLI::App& innermost(const CLI::App& drvlab) {
    const CLI::App* command = &drvlab;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return *command;
}

// "drvlab trace show"
std::string name_of(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    return (parent ? name_of(*parent) + " " : "") + command.get_name();
}

std::string quoted(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "'" : " '") + word + "'";
    return text;
}

// An option that nobody knows, or words too many. Of several options the first is told.
std::string unexpected(const CLI::App& command, const std::vector<std::string>& words) {
    const auto option =
        std::ranges::find_if(words, [](const std::string& w) { return w.size() > 1 && w[0] == '-'; });
    if (option != words.end()) return "'" + name_of(command) + "' has no option " + *option;
    if (!command.get_subcommands([](const CLI::App*) { return true; }).empty())
        return "'" + name_of(command) + "' has no command '" + words.front() + "'";
    return "'" + name_of(command) + "' takes no further argument, and got " + quoted(words);
}

// "--open", or the "X.sys" that help shows of a positional one.
std::string shown_name(const CLI::App& command, const std::string& name) {
    const CLI::Option* option = command.get_option_no_throw(name);
    return option && option->get_positional() ? option->get_type_name() : name;
}

std::string text_of(const CLI::ParseError& error, const CLI::App& command) {
    const std::string what = error.what();
    const auto ends = [&](const char* end) { return what.ends_with(end); };
    const std::vector<std::string> rest = command.remaining();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) && !rest.empty()) return unexpected(command, rest);
    if (dynamic_cast<const CLI::RequiredError*>(&error) && ends(" is required")) {
        const std::string name = what.substr(0, what.find(' '));
        if (name == "A") // "A subcommand"
            return rest.empty() ? "'" + name_of(command) + "' needs a command" : unexpected(command, rest);
        return shown_name(command, name) + " is missing";
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
        const std::string name = what.substr(0, what.find_first_of(": "));
        if (ends("disallowed flag override")) return "--" + name + ": takes no value";
        if (ends("missing")) return name + ": the value is missing";
        if (what.find("At Most") != what.npos) return name + ": given more than once";
    }
    return what;
}

} // namespace

std::string usage_text(const CLI::ParseError& error, const CLI::App& drvlab) {
    const CLI::App& command = innermost(drvlab);
    return "drvlab: " + text_of(error, command) + "\ntry '" + name_of(command) + " --help'\n";
}

void refuse_values_of_flags(CLI::App& command) {
    for (CLI::Option* option : command.get_options())
        if (option->get_items_expected_max() == 0) option->disable_flag_override();
    for (CLI::App* inner : command.get_subcommands([](CLI::App*) { return true; }))
        refuse_values_of_flags(*inner);
}

CLI::Validator one_of(std::vector<std::string> values) {
    std::string all, list;
    for (std::size_t i = 0; i < values.size(); i++) {
        all += (i ? "," : "") + values[i];
        list += (i == 0 ? "" : i + 1 < values.size() ? ", " : " or ") + values[i];
    }
    const auto check = [values = std::move(values), list](const std::string& text) {
        return std::ranges::find(values, text) != values.end() ? "" : "'" + text + "' is not " + list;
    };
    return {check, "{" + all + "}"};
}

// Also what the parser's conversions let through: signs, numbers of more than 64 bits.
CLI::Validator number_between(std::uint64_t low, std::uint64_t high) {
    const auto check = [=](const std::string& text) -> std::string {
        char* end = nullptr;
        errno = 0;
        const std::uint64_t value = std::strtoull(text.c_str(), &end, 0);
        if (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) && !*end && !errno &&
            value >= low && value <= high)
            return "";
        return "'" + text + "' is not a number from " + std::to_string(low) + " to " + std::to_string(high);
    };
    return {check, ""};
}

} // namespace app
