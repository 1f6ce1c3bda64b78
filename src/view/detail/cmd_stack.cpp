// k, kb, kv, kn, kc, kL …
#include "view/detail/session.h"
#include "view/symbols.h"

namespace view {

// Arguments and call site of a stack frame, as k and !thread print them.
void show_frames(Session& s, const std::vector<Frame>& frames, const FrameStyle& style) {
    const char* const indent = style.indent;
    if (!style.clean)
        s.print("%s%sChild-SP          RetAddr           %sCall Site\n", indent, style.numbers ? " # " : "",
                style.arguments
                    ? ": Args to Child                                                           : "
                    : "");
    unsigned number = 0;
    for (const Frame& frame : frames) {
        s.print("%s", indent);
        if (style.numbers) s.print("%02x ", number);
        ++number;
        if (!style.clean)
            s.print("%s %s ", native_address(frame.child_sp).c_str(),
                    native_address(frame.return_address).c_str());
        if (style.arguments) {
            s.print(":");
            for (const std::uint64_t argument : frame.arguments)
                s.print(" %s", native_address(argument).c_str());
            s.print(" : ");
        }
        std::string site = frame.call_site.empty() ? s.symbol(frame.address) : frame.call_site;
        if (site.empty()) site = "0x" + native_address(frame.address);
        if (style.clean)
            site.resize(site.rfind('+') == site.npos ? site.size() : site.rfind('+')); // names only
        s.print("%s", site.c_str());
        const Module* module = style.lines && frame.call_site.empty() ? s.module_at(frame.address) : nullptr;
        if (module && !module->host_path.empty()) {
            // A return address belongs to the line of the call before it.
            const std::uint64_t rva = frame.address - module->base - (number > 1 ? 1 : 0);
            for (const SourceLine& line : symbolize(module->host_path, rva)) {
                if (line.file.empty()) continue;
                s.print(" [%s @ %u]", line.file.c_str(), line.line);
                break;
            }
        }
        s.print("%s\n", style.clean ? "" : " ");
    }
}

namespace {

void stack(Session& s, std::string_view name, std::span<const std::string> arguments) {
    FrameStyle style;
    std::uint64_t most = 0x100;
    style.lines = true;
    std::string options(name.substr(1));
    for (const std::string& argument : arguments)
        if (argument == "L" || argument == "n" || argument == "c" || argument == "b" || argument == "v")
            options += argument;
        else if (!s.evaluate(argument, most))
            return;
    for (const char option : options)
        switch (option) {
        case 'b':
        case 'v':
            style.arguments = true;
            break;
        case 'n':
            style.numbers = true;
            break;
        case 'c':
            style.clean = true;
            break;
        case 'L':
            style.lines = false;
            break;
        case 'p':
        case 'P':
        case 'f':
        case 'M':
            break; // need type information, or concern other output: shown without
        default:
            return s.error("Couldn't resolve error at '%s'\n", std::string(name).c_str());
        }
    auto frames = s.machine.walk(0, most);
    std::erase_if(frames, [](const Frame& frame) { return frame.address == 0 && frame.call_site.empty(); });
    if (frames.empty()) return s.error("No stack: no guest code is running\n");
    show_frames(s, frames, style);
}

constexpr Command commands[] = {{"k*", "k[b|v|n|c|L] [frames]",
                                 "call stack; b, v: with arguments, n: numbered, c: names only, L: no lines",
                                 stack}};

} // namespace

std::span<const Command> stack_commands() { return commands; }

} // namespace view
