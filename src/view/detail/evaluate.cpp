// What expressions and type display see of the machine: memory, symbols, registers.
#include "view/detail/session.h"

namespace view {
namespace {

bool find_register(Machine& machine, std::string_view name, std::uint64_t& value) {
    if (name.starts_with('@')) name.remove_prefix(1);
    if (equal_ignoring_case(name, "$thread")) return value = machine.current_thread(), true;
    if (equal_ignoring_case(name, "$proc")) return value = machine.current_process(), true;
    if (equal_ignoring_case(name, "$pcr")) return value = machine.pcr(machine.current_processor()), true;
    const Registers r = machine.registers();
    if (equal_ignoring_case(name, "$peb") || equal_ignoring_case(name, "$teb")) {
        for (const Thread& thread : machine.threads())
            if (thread.body == machine.current_thread() && name[1] == 't') return value = thread.teb, true;
        for (const Process& process : machine.processes())
            if (process.body == machine.current_process() && name[1] == 'p') return value = process.peb, true;
        return false;
    }
    const struct {
        std::string_view name;
        std::uint64_t value;
    } known[] = {{"rax", r.rax}, {"rbx", r.rbx}, {"rcx", r.rcx}, {"rdx", r.rdx},  {"rsi", r.rsi},
                 {"rdi", r.rdi}, {"rbp", r.rbp}, {"rsp", r.rsp}, {"r8", r.r8},    {"r9", r.r9},
                 {"r10", r.r10}, {"r11", r.r11}, {"r12", r.r12}, {"r13", r.r13},  {"r14", r.r14},
                 {"r15", r.r15}, {"rip", r.rip}, {"$ip", r.rip}, {"$csp", r.rsp}, {"efl", r.eflags}};
    for (const auto& one : known)
        if (equal_ignoring_case(one.name, name)) return value = one.value, true;
    // eax … edi: the lower half.
    if (name.size() == 3 && (name[0] == 'e' || name[0] == 'E'))
        for (const auto& one : known)
            if (one.name.size() == 3 && one.name[0] == 'r' &&
                equal_ignoring_case(one.name.substr(1), name.substr(1)))
                return value = one.value & 0xffffffff, true;
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
        return find_symbol(name, value);
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
