// !handle: debuggercmds/-handle.md.
#include "abi/file.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {

// Files show their name within the device, and the device: "\x\file.txt {HarddiskVolume4}"; keys their path.
std::string shown_name(Session& s, const Object& object) {
    if (object.type_name == "Key" && object.name.empty()) return object.path;
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

// Bits of KMFlags.
constexpr std::uint64_t basic = 0x1, objects = 0x2, free_too = 0x4, of_kernel = 0x10, by_id = 0x20;
constexpr std::uint64_t kernel_handle_bits = 0xffffffff80000000;

void show_handle(Session& s, const Handle& handle, const std::optional<Object>& object, std::uint64_t flags) {
    if (flags & basic) {
        s.print("%04llx: Object: %s  GrantedAccess: %08x", static_cast<unsigned long long>(handle.value),
                extension_address(handle.object).c_str(), handle.access);
        if (handle.protect_from_close) s.print(" (Protected)");
        if (handle.inherit) s.print(" (Inherit)");
        if (handle.audit) s.print(" (Audit)");
        if (handle.entry) s.print(" Entry: %s", extension_address(handle.entry).c_str());
        s.print("\n");
    }
    if ((flags & objects) && object) {
        show_object(s, *object);
        show_object_counts(s, *object, "        ", shown_name(s, *object));
    }
    if (flags & (basic | objects)) s.print("\n");
}

void show_free(Session& s, const FreeHandle& handle) {
    s.print("%04llx: free handle, Entry address %s, Next Entry %08llx\n",
            static_cast<unsigned long long>(handle.value), extension_address(handle.entry).c_str(),
            static_cast<unsigned long long>(handle.next));
}

struct Wanted {
    std::optional<std::uint64_t> handle; // else all
    std::uint64_t flags;
    std::string_view type;
};

// False: it has no such entry.
bool show_table(Session& s, const Process* process, const Wanted& wanted) {
    const bool kernel = wanted.flags & of_kernel;
    const Address body = kernel ? 0 : process->body;
    const auto handles = s.machine.handles(body);
    if (process) show_process(s, *process), s.print("\n");
    if (!wanted.type.empty())
        s.print("Searching for handles of type %s\n\n", std::string(wanted.type).c_str());
    s.print("%sandle table at %s with %zu entries in use\n\n", kernel ? "Kernel h" : "H",
            extension_address(s.machine.handle_table(body)).c_str(), handles.size());
    std::vector<FreeHandle> free;
    if (wanted.handle || (wanted.flags & free_too)) free = s.machine.free_handles(body);
    auto next_free = free.begin();
    bool found = false;
    const auto free_before = [&](std::uint64_t value) {
        for (; next_free != free.end() && next_free->value < value; ++next_free)
            if (!wanted.handle || *wanted.handle == next_free->value) {
                if (wanted.type.empty()) show_free(s, *next_free);
                found = true;
            }
    };
    for (const Handle& handle : handles) {
        free_before(handle.value);
        if (wanted.handle && handle.value != *wanted.handle) continue;
        found = true;
        const auto object = s.machine.object_at(handle.object);
        if (!wanted.type.empty() && (!object || object->type_name != wanted.type)) continue;
        show_handle(s, handle, object, wanted.flags);
    }
    free_before(~0ull);
    return found || !wanted.handle;
}

// Bit 5: the thread or process whose id this is.
void show_by_id(Session& s, std::uint64_t id, std::uint64_t flags) {
    Address body = 0;
    for (const Process& process : s.machine.processes())
        if (process.pid == id) body = process.body;
    for (const Thread& thread : s.machine.threads())
        if (thread.tid == id) body = thread.body;
    const auto object = body ? s.machine.object_at(body) : std::nullopt;
    if (!object) return s.error("%04llx is no thread or process ID\n", static_cast<unsigned long long>(id));
    if (flags & basic)
        s.print("%04llx: Object: %s\n", static_cast<unsigned long long>(id), extension_address(body).c_str());
    if (flags & objects) {
        show_object(s, *object);
        show_object_counts(s, *object, "        ", {});
    }
}

bool minus_one(std::string_view text) { return text == "-1"; }

void handle_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t value = 0, process_argument = ~0ull;
    if (arguments.size() > 4) return s.error("usage: !handle [handle [flags [process [type]]]]\n");
    if (!arguments.empty() && !minus_one(arguments[0]) && !s.evaluate(arguments[0], value)) return;
    Wanted wanted{{}, number_argument(s, arguments, 1, basic | objects), {}};
    if (arguments.size() > 2 && !minus_one(arguments[2]) && !s.evaluate(arguments[2], process_argument))
        return;
    if (s.failed) return;
    if (arguments.size() > 3) wanted.type = arguments[3];
    if (wanted.flags & by_id) return show_by_id(s, value, wanted.flags);
    if (value >= kernel_handle_bits) { // only the kernel's table has such handles
        wanted.flags |= of_kernel;
        value -= kernel_handle_bits;
    }
    if (value) wanted.handle = value & ~3ull; // the lowest two bits are the caller's to use

    const auto processes = s.machine.processes();
    bool shown = false, found = false;
    if (wanted.flags & of_kernel) {
        const auto system = std::ranges::find(processes, std::uint64_t{4}, &Process::pid);
        found = show_table(s, system == processes.end() ? nullptr : &*system, wanted);
        shown = true;
    } else {
        const Address one = process_argument == ~0ull ? s.machine.current_process() : process_argument;
        for (const Process& process : processes) {
            if (one != 0 && process.body != one && process.pid != one) continue;
            found |= show_table(s, &process, wanted);
            shown = true;
        }
    }
    if (!shown) return s.error("No such process\n");
    if (!found) s.error("%04llx: no such handle\n", static_cast<unsigned long long>(value));
}

constexpr Command commands[] = {{"!handle", "!handle [handle [flags [process [type]]]]",
                                 "handles of a process; flags: 1 basic, 2 objects, 4 free ones, 10 the "
                                 "kernel's, 20 by thread or process ID",
                                 handle_command}};

} // namespace

std::span<const Command> handle_commands() { return commands; }

} // namespace view
