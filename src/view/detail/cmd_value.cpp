// ?, .formats, !error, !gle, !ioctldecode, dt
#include "abi/peb.h"
#include "view/detail/session.h"
#include "view/dt.h"
#include "view/error_text.h"
#include "view/ioctldecode.h"

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

bool is_32_bits(Session& s, std::uint64_t value) {
    if (value <= 0xffffffff) return true;
    s.error("%llx has more than 32 bits\n", static_cast<unsigned long long>(value));
    return false;
}

void error_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t value = 0;
    if (arguments.empty()) return s.error("usage: !error <code> [1]\n");
    if (!s.evaluate(arguments[0], value)) return;
    const bool extended = value >> 31 == 0x1ffffffff; // a negative number
    if (!extended && !is_32_bits(s, value)) return;
    const std::uint64_t flags = number_argument(s, arguments, 1, 0);
    if (!s.failed) s.out += error_text(static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(flags));
}

// "!gle -all" shows every user-mode thread; debuggercmds/-gle.md. assumed: the lines, which the page does not
// show.
bool show_last_error(Session& s, const Thread& thread) {
    std::uint32_t error = 0, status = 0;
    if (!thread.teb ||
        !s.machine.read_in(thread.process, thread.teb + offsetof(nt::TEB, LastErrorValue), &error,
                           sizeof error) ||
        !s.machine.read_in(thread.process, thread.teb + offsetof(nt::TEB, LastStatusValue), &status,
                           sizeof status))
        return false;
    const auto line = [&](const char* label, const std::string& text) {
        s.print("%s%s", label, text.substr(text.find(':')).c_str());
    };
    line("LastErrorValue", error_text(error, 0));
    line("LastStatusValue", error_text(status, 1));
    return true;
}

void last_error_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    const bool all = !arguments.empty() && arguments[0] == "-all";
    if (!arguments.empty() && !all) return s.error("usage: !gle [-all]\n");
    bool any = false;
    for (const Thread& thread : s.machine.threads()) {
        if (all ? !thread.teb : thread.body != s.machine.current_thread()) continue;
        if (all)
            s.print("%sLast error for thread %llx:\n", any ? "\n" : "",
                    static_cast<unsigned long long>(thread.tid));
        any = true;
        if (!show_last_error(s, thread)) s.error("Unable to read the TEB of the current thread\n");
    }
    if (!any) s.error("Unable to get the current thread's TEB\n");
}

void ioctldecode_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t value = 0;
    if (arguments.empty()) return s.error("usage: !ioctldecode <code>\n");
    if (s.evaluate(arguments[0], value) && is_32_bits(s, value))
        s.out += ioctl_decode(static_cast<std::uint32_t>(value));
}

void display_type_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    bool failed = false;
    s.out += display_type(joined(arguments), s.source(), &failed, &s.last_type);
    s.failed |= failed;
}

constexpr Command commands[] = {
    {"?", "? <expression>", "value of an expression; hexadecimal unless 0n, @register, poi()",
     evaluate_command},
    {".formats", ".formats <expression>", "a value in hexadecimal, decimal, octal, binary, text, time",
     evaluate_command},
    {"!error", "!error <code> [1]", "text of an error code; 1: an NTSTATUS", error_command},
    {"!gle", "!gle [-all]", "last error and status of the current thread, or of all", last_error_command},
    {"!ioctldecode", "!ioctldecode <code>", "device type, function, method and access of a control code",
     ioctldecode_command},
    {"dt", "dt [-r|-v|-o …] type [field] [address]", "layout of a structure, or an instance of it",
     display_type_command},
};

} // namespace

std::span<const Command> value_commands() { return commands; }

} // namespace view
