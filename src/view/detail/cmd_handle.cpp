// !handle
#include "abi/file.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {
// Files show their name within the device, and the device: "\x\file.txt {HarddiskVolume4}".
std::string file_name(Session& s, const Object& object) {
    nt::FILE_OBJECT file;
    std::string name;
    if (object.type_name != "File" || !s.read(object.body, file)) return {};
    s.read_unicode(file.FileName, name);
    if (const auto device = s.machine.object_at(s.address_of(file.DeviceObject));
        device && !device->name.empty())
        name += " {" + device->name + "}";
    return name;
}

namespace {

void show_handle(Session& s, const Handle& handle, const std::optional<Object>& object, std::uint64_t flags) {
    if (flags & 1) {
        s.print("%04llx: Object: %s  GrantedAccess: %08x", static_cast<unsigned long long>(handle.value),
                extension_address(handle.object).c_str(), handle.access);
        if (handle.protect_from_close) s.print(" (Protected)");
        if (handle.inherit) s.print(" (Inherit)");
        if (handle.audit) s.print(" (Audit)");
        if (handle.entry) s.print(" Entry: %s", extension_address(handle.entry).c_str());
        s.print("\n");
    }
    if ((flags & 2) && object) {
        show_object(s, *object);
        show_object_counts(s, *object, "        ", file_name(s, *object));
    }
    if (flags & 3) s.print("\n");
}

void show_table(Session& s, const Process* process, bool kernel, std::uint64_t wanted, bool all,
                std::uint64_t flags, std::string_view type) {
    const Address body = kernel ? 0 : process->body;
    const auto handles = s.machine.handles(body);
    if (process) show_process(s, *process), s.print("\n");
    if (!type.empty()) s.print("Searching for handles of type %s\n\n", std::string(type).c_str());
    s.print("%sandle table at %s with %zu entries in use\n\n", kernel ? "Kernel h" : "H",
            extension_address(s.machine.handle_table(body)).c_str(), handles.size());
    bool found = false;
    for (const Handle& handle : handles) {
        if (!all && handle.value != wanted) continue;
        found = true;
        const auto object = s.machine.object_at(handle.object);
        if (!type.empty() && (!object || object->type_name != type)) continue;
        show_handle(s, handle, object, flags);
    }
    if (!all && !found) s.error("%04llx: free handle\n", static_cast<unsigned long long>(wanted));
}

void handle_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t value = 0, process_argument = ~0ull;
    bool all = true;
    if (!arguments.empty()) {
        if (arguments[0] != "-1" && !s.evaluate(arguments[0], value)) return;
        all = arguments[0] == "-1" || value == 0;
    }
    std::uint64_t flags = number_argument(s, arguments, 1, 3);
    if (arguments.size() > 2 && arguments[2] != "-1" && !s.evaluate(arguments[2], process_argument)) return;
    if (s.failed) return;
    const std::string_view type = arguments.size() > 3 ? std::string_view(arguments[3]) : std::string_view();

    const auto processes = s.machine.processes();
    Address wanted = process_argument;
    if (process_argument == ~0ull) wanted = s.machine.current_process();
    if (flags & 0x10) {
        const auto system = std::ranges::find(processes, std::uint64_t{4}, &Process::pid);
        return show_table(s, system == processes.end() ? nullptr : &*system, true, value, all, flags, type);
    }
    bool found = false;
    for (const Process& process : processes) {
        if (wanted != 0 && process.body != wanted && process.pid != wanted) continue;
        show_table(s, &process, false, value, all, flags, type);
        found = true;
    }
    if (!found) s.error("No such process\n");
}

constexpr Command commands[] = {{"!handle", "!handle [handle [flags [process [type]]]]",
                                 "handles of a process; 0 all, flag 10 the kernel's", handle_command}};

} // namespace

std::span<const Command> handle_commands() { return commands; }

} // namespace view
