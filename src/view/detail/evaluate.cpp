// What expressions and type display see of the machine: memory, symbols, registers.
#include "view/detail/session.h"
#include <algorithm>

namespace view {
namespace {

bool high_byte(std::string_view name) { return name.size() == 2 && (name[1] == 'h' || name[1] == 'H'); }

// How many bytes of the 64-bit register have that name: eax, ax, al, ah, sil, r8d, r8w, r8b; 0: none.
unsigned part_of(std::string_view whole, std::string_view name) {
    const auto is = [name](std::string part) { return equal_ignoring_case(part, name); };
    if (whole[0] != 'r') return 0;
    const std::string rest(whole.substr(1));
    if (rest[0] >= '0' && rest[0] <= '9') {
        const std::string full(whole);
        return is(full + "d") ? 4 : is(full + "w") ? 2 : is(full + "b") ? 1 : 0;
    }
    if (is("e" + rest)) return 4;
    if (is(rest)) return 2;
    if (rest.back() != 'x') return is(rest + "l") ? 1 : 0;
    return is(rest.substr(0, 1) + "l") || is(rest.substr(0, 1) + "h") ? 1 : 0;
}

bool find_register(Machine& machine, std::string_view name, std::uint64_t& value) {
    if (name.starts_with('@')) name.remove_prefix(1);
    if (equal_ignoring_case(name, "$thread")) return value = machine.current_thread(), true;
    if (equal_ignoring_case(name, "$proc")) return value = machine.current_process(), true;
    if (equal_ignoring_case(name, "$pcr")) return value = machine.pcr(machine.current_processor()), true;
    if (equal_ignoring_case(name, "$tid") || equal_ignoring_case(name, "$tpid")) {
        for (const Thread& thread : machine.threads())
            if (thread.body == machine.current_thread())
                return value = name.size() == 4 ? thread.tid : thread.pid, true;
        return false;
    }
    if (equal_ignoring_case(name, "$peb") || equal_ignoring_case(name, "$teb")) {
        for (const Thread& thread : machine.threads())
            if (thread.body == machine.current_thread() && name[1] == 't') return value = thread.teb, true;
        for (const Process& process : machine.processes())
            if (process.body == machine.current_process() && name[1] == 'p') return value = process.peb, true;
        return false;
    }
    const Registers r = machine.registers();
    if (!r.whole && !r.rip) return false; // no guest code runs
    const struct {
        std::string_view name;
        std::uint64_t value;
    } known[] = {{"rax", r.rax},    {"rbx", r.rbx}, {"rcx", r.rcx}, {"rdx", r.rdx},  {"rsi", r.rsi},
                 {"rdi", r.rdi},    {"rbp", r.rbp}, {"rsp", r.rsp}, {"r8", r.r8},    {"r9", r.r9},
                 {"r10", r.r10},    {"r11", r.r11}, {"r12", r.r12}, {"r13", r.r13},  {"r14", r.r14},
                 {"r15", r.r15},    {"rip", r.rip}, {"$ip", r.rip}, {"$csp", r.rsp}, {"efl", r.eflags},
                 {"$retreg", r.rax}};
    // Of a thread that waits only the registers that survive a call are known.
    constexpr std::string_view lost[] = {"rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "efl", "$retreg"};
    const auto is_known = [&](std::string_view whole) { return r.whole || !std::ranges::count(lost, whole); };
    for (const auto& one : known)
        if (equal_ignoring_case(one.name, name)) return value = one.value, is_known(one.name);
    for (const auto& one : known)
        if (const unsigned bytes = part_of(one.name, name))
            return value = (high_byte(name) ? one.value >> 8 : one.value) & ~0ull >> (64 - 8 * bytes),
                   is_known(one.name);
    return false;
}

} // namespace

Source Session::source() {
    Source source;
    source.read = [this](std::uint64_t from, void* to, std::size_t bytes) {
        return machine.read(from, to, bytes);
    };
    source.read_physical = [this](std::uint64_t from, void* to, std::size_t bytes) {
        return machine.read_physical(from, to, bytes);
    };
    source.name_of = [this](std::uint64_t address) { return symbol(address); };
    source.find = [this](std::string_view name, std::uint64_t& value) {
        if (name == "$extret" || name == "@$extret") return value = extension_result, true;
        if (name.starts_with('@') || name.starts_with('$')) return find_register(machine, name, value);
        // "You can also use a period (.) to indicate the current instruction pointer."
        if (name == ".") return find_register(machine, "$ip", value);
        // "If the symbol could be interpreted as a hexadecimal number, include … just an exclamation point"
        if (name.starts_with('!')) return find_symbol(name.substr(1), value);
        return find_symbol(name, value) || find_register(machine, name, value);
    };
    source.type_modules = [this] {
        std::vector<TypeModule> found;
        for (const Module& module : modules())
            if (module.has_symbols && !module.host_path.empty())
                found.push_back({module.name, module.host_path, module.base});
        return found;
    };
    return source;
}

bool Session::evaluate(std::string_view text, std::uint64_t& value) {
    std::string message;
    std::uint64_t result = 0;
    if (evaluate_expression(text, source(), result, message)) {
        value = result;
        return true;
    }
    error("%s\n", message.c_str());
    return false;
}

} // namespace view
