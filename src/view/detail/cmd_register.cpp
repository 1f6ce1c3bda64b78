// r: debuggercmds/r--registers-.md; the layout of x64 as in debugger/bug-check-0x50--….md.
#include "host/places.h"
#include "view/detail/session.h"

namespace view {
namespace {

struct Row {
    std::string_view name;
    std::uint64_t Registers::* member;
    bool always; // known at every stop
};
constexpr Row rows[] = {
    {"rax", &Registers::rax, false}, {"rbx", &Registers::rbx, true}, {"rcx", &Registers::rcx, false},
    {"rdx", &Registers::rdx, false}, {"rsi", &Registers::rsi, true}, {"rdi", &Registers::rdi, true},
    {"rip", &Registers::rip, true},  {"rsp", &Registers::rsp, true}, {"rbp", &Registers::rbp, true},
    {"r8", &Registers::r8, false},   {"r9", &Registers::r9, false},  {"r10", &Registers::r10, false},
    {"r11", &Registers::r11, false}, {"r12", &Registers::r12, true}, {"r13", &Registers::r13, true},
    {"r14", &Registers::r14, true},  {"r15", &Registers::r15, true}};

struct Flag {
    const char* name;
    unsigned bit;
    const char *set, *clear;
};
constexpr Flag flags[] = {{"of", 11, "ov", "nv"}, {"df", 10, "dn", "up"}, {"if", 9, "ei", "di"},
                          {"sf", 7, "ng", "pl"},  {"zf", 6, "zr", "nz"},  {"af", 4, "ac", "na"},
                          {"pf", 2, "pe", "po"},  {"cf", 0, "cy", "nc"}};

std::string value_text(const Registers& r, const Row& row) {
    if (!r.whole && !row.always) return "????????????????";
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(r.*row.member));
    return text;
}

void show_all(Session& s, const Registers& r) {
    unsigned column = 0;
    for (const Row& row : rows) {
        const bool last = ++column % 3 == 0 || row.name == "r15";
        s.print("%3.*s=%s%s", static_cast<int>(row.name.size()), row.name.data(), value_text(r, row).c_str(),
                last ? "\n" : " ");
    }
    if (r.whole) {
        s.print("iopl=%u        ", r.eflags >> 12 & 3);
        for (const Flag& flag : flags)
            s.print(" %s", r.eflags >> flag.bit & 1 ? flag.set : flag.clear);
        const bool user = host::places::is_user(r.rip);
        // The segment registers have the values that Windows gives them: none is modelled.
        s.print("\ncs=%s  ss=%s  ds=002b  es=002b  fs=0053  gs=002b             efl=%08x\n",
                user ? "0033" : "0010", user ? "002b" : "0018", r.eflags);
    }
    if (const std::string symbol = s.symbol(r.rip); !symbol.empty()) s.print("%s:\n", symbol.c_str());
}

// rax, eax, ax, al, zf, $teb … "You must not precede this parameter with at (@)"; it is forgiven here.
bool show_one(Session& s, const Registers& r, std::string name) {
    if (name.starts_with('@')) name.erase(0, 1);
    for (const Flag& flag : flags)
        if (equal_ignoring_case(name, flag.name)) {
            if (r.whole)
                s.print("%s=%u\n", flag.name, r.eflags >> flag.bit & 1);
            else
                s.print("%s=?\n", flag.name);
            return true;
        }
    if (equal_ignoring_case(name, "efl")) {
        s.print(r.whole ? "efl=%08x\n" : "efl=????????\n", r.eflags);
        return true;
    }
    for (const Row& row : rows)
        if (equal_ignoring_case(row.name, name)) {
            s.print("%s=%s\n", name.c_str(), value_text(r, row).c_str());
            return true;
        }
    struct Part {
        std::string name;
        unsigned digits, shift;
    };
    for (const Row& row : rows) {
        const std::string whole(row.name);
        std::vector<Part> parts;
        if (whole == "r8" || whole == "r9" || std::isdigit(static_cast<unsigned char>(whole[1]))) {
            parts = {{whole + "d", 8, 0}, {whole + "w", 4, 0}, {whole + "b", 2, 0}};
        } else {
            const std::string word = whole.substr(1);
            parts = {{"e" + word, 8, 0}, {word, 4, 0}};
            if (word.ends_with('x')) {
                parts.push_back({word.substr(0, 1) + "l", 2, 0});
                parts.push_back({word.substr(0, 1) + "h", 2, 8});
            } else if (word != "ip") {
                parts.push_back({word + "l", 2, 0});
            }
        }
        for (const Part& part : parts) {
            if (!equal_ignoring_case(part.name, name)) continue;
            const std::string digits = value_text(r, row);
            s.print("%s=%s\n", name.c_str(),
                    digits.substr(16 - part.shift / 4 - part.digits, part.digits).c_str());
            return true;
        }
    }
    std::uint64_t value = 0;
    const Source source = s.source();
    if (name.starts_with('$') && source.find(name, value)) {
        s.print("%s=%016llx\n", name.c_str(), static_cast<unsigned long long>(value));
        return true;
    }
    s.error("Bad register error at '%s'\n", name.c_str());
    return false;
}

void registers(Session& s, std::string_view name, std::span<const std::string> arguments) {
    if (name != "r")
        return s.error("%.*s: only the integer registers are known here\n", static_cast<int>(name.size()),
                       name.data());
    if (s.processor && *s.processor != s.machine.current_processor())
        return s.error(
            "The registers of processor %u are those of its thread at its last call: see k and !thread\n",
            *s.processor);
    const Registers r = s.machine.registers();
    if (!r.whole && !r.rip) return s.error("No registers: no guest code is running\n");
    if (arguments.empty()) return show_all(s, r);
    std::string text;
    for (const std::string& argument : arguments)
        text += argument;
    if (text.find('=') != std::string::npos)
        return s.error("r only shows here: no command changes the machine\n");
    if (text.find(':') != std::string::npos)
        return s.error("r: only vector registers have types, and none is known here\n");
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        if (!show_one(s, r, text.substr(at, comma - at))) return;
        at = comma + 1;
    }
}

constexpr Command commands[] = {
    {"r r. rF rX rY rYI rZ rZI rK rM*", "r [register[,register]]", "registers, flags, pseudo-registers",
     registers},
};

} // namespace

std::span<const Command> register_commands() { return commands; }

} // namespace view
