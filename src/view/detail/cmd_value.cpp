// ?, .formats
#include "view/detail/session.h"

namespace view {
namespace {

std::string joined(std::span<const std::string> arguments) {
    std::string text;
    for (const std::string& argument : arguments)
        text += (text.empty() ? "" : " ") + argument;
    return text;
}

void evaluate_command(Session& s, std::string_view name, std::span<const std::string> arguments) {
    if (arguments.empty()) {
        if (name == "?") return help(s, "", arguments);
        return s.error("usage: %s <expression>\n", std::string(name).c_str());
    }
    std::uint64_t value = 0;
    if (!s.evaluate(joined(arguments), value)) return;
    s.out += name == "?" ? show_evaluated(value) : show_formats(value);
}

constexpr Command commands[] = {
    {"?", "? <expression>", "value of an expression; hexadecimal unless 0n, @register, poi()",
     evaluate_command},
    {".formats", ".formats <expression>", "a value in hexadecimal, decimal, octal, binary, text, time",
     evaluate_command},
};

} // namespace

std::span<const Command> value_commands() { return commands; }

} // namespace view
