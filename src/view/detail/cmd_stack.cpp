// k, kb, kv, kn, kc, kf, kL, kd …: debuggercmds/k--kb--kc--kd--kp--kp--kv--display-stack-backtrace-.md.
#include "abi/processor.h"
#include "view/detail/session.h"
#include "view/symbols.h"

namespace view {

// Arguments and call site of a stack frame, as k and !thread print them.
void show_frames(Session& s, const std::vector<Frame>& frames, const FrameStyle& style) {
    const char* const indent = style.indent;
    if (!style.clean)
        s.print("%s%s%s%sRetAddr           %sCall Site\n", indent, style.numbers ? " # " : "",
                style.distances ? "  Memory  " : "", style.bare ? "" : "Child-SP          ",
                style.arguments
                    ? ": Args to Child                                                           : "
                    : "");
    unsigned number = 0;
    Address before = 0;
    for (const Frame& frame : frames) {
        s.print("%s", indent);
        if (style.numbers) s.print("%02x ", number);
        if (style.distances && number)
            s.print("%9llx ", static_cast<unsigned long long>(frame.child_sp - before));
        else if (style.distances)
            s.print("%10s", "");
        before = frame.child_sp;
        ++number;
        if (!style.clean && !style.bare) s.print("%s ", native_address(frame.child_sp).c_str());
        if (!style.clean) s.print("%s ", native_address(frame.return_address).c_str());
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

// The thread of the processor that stands before the name; 0: the one that stopped.
bool stack_of_processor(Session& s, Address& thread) {
    thread = 0;
    if (!s.processor || *s.processor == s.machine.current_processor()) return true;
    if (s.read(s.machine.pcr(*s.processor) + offsetof(nt::KPCR, Prcb.CurrentThread), thread)) return true;
    s.error("Cannot get PRCB address\n");
    return false;
}

void stack(Session& s, std::string_view name, std::span<const std::string> arguments) {
    if (name == "kd") { // "equivalent to a dds command that uses the stack address"
        const std::uint64_t words = number_argument(s, arguments, 0, 0x10);
        char line[40];
        std::snprintf(line, sizeof line, "dps @rsp L%llx", static_cast<unsigned long long>(words));
        if (!s.failed) run_line(s, line);
        return;
    }
    FrameStyle style;
    std::uint64_t most = 0x100;
    style.lines = true;
    std::string options(name.substr(1));
    bool any_number = false;
    for (const std::string& argument : arguments) {
        if (argument.starts_with('='))
            return s.error("k =: stacks are walked from where a thread stands only\n");
        // Letters that are digits, too, are options.
        if (argument.size() == 1 &&
            std::string_view("bcfnpvLMP").find(argument[0]) != std::string_view::npos) {
            options += argument;
        } else {
            if (any_number || !s.evaluate(argument, most)) {
                if (!s.failed) s.error("Couldn't resolve error at '%s'\n", argument.c_str());
                return;
            }
            any_number = true;
        }
    }
    for (const char option : options)
        switch (option) {
        case 'b':
        case 'v': // FPO information is of x86 only
            style.arguments = true;
            break;
        case 'M': // markup has links only in numbered frames
        case 'n':
            style.numbers = true;
            break;
        case 'c':
            style.clean = true;
            break;
        case 'f':
            style.distances = true;
            break;
        case 'L':
            style.lines = false;
            break;
        case 'p':
        case 'P':
            return s.error("k%c: the parameters of functions are not known here; kb shows the first four\n",
                           option);
        default:
            return s.error("Couldn't resolve error at '%s'\n", std::string(name).c_str());
        }
    Address thread = 0;
    if (!stack_of_processor(s, thread)) return;
    auto frames = s.machine.walk(thread, most);
    std::erase_if(frames, [](const Frame& frame) { return frame.address == 0 && frame.call_site.empty(); });
    if (frames.size() > most) frames.resize(most);
    if (frames.empty()) return s.error("No stack: no guest code is running\n");
    show_frames(s, frames, style);
}

constexpr Command commands[] = {{"k*", "k[b|v|n|c|f|L|d] [frames]",
                                 "call stack; b, v: with arguments, n: numbered, c: names only, f: "
                                 "distances, L: no lines; kd: raw; 1k: of processor 1",
                                 stack}};

} // namespace

std::span<const Command> stack_commands() { return commands; }

} // namespace view
