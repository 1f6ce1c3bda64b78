// !irpfind, !processirps: debuggercmds/-irpfind.md, -processirps.md.
#include "abi/irp.h"
#include "abi/mm.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {
namespace {

std::span<const nt::IO_STACK_LOCATION> locations_of(Session& s, Address address, const nt::IRP& irp,
                                                    std::vector<nt::IO_STACK_LOCATION>& room) {
    room.resize(static_cast<unsigned char>(irp.StackCount));
    for (std::size_t i = 0; i < room.size(); ++i)
        if (!s.read(address + sizeof irp + i * sizeof room[0], room[i])) {
            room.resize(i);
            break;
        }
    return room;
}

struct Criterion {
    std::string_view name;
    std::uint64_t data = 0;
};

bool matches(Session& s, const Criterion& wanted, Address address, const nt::IRP& irp) {
    const auto is = [&](const auto* pointer) { return Session::address_of(pointer) == wanted.data; };
    std::vector<nt::IO_STACK_LOCATION> room;
    if (wanted.name.empty()) return true;
    if (wanted.name == "thread") return is(irp.Tail.Overlay.Thread);
    if (wanted.name == "userevent") return is(irp.UserEvent);
    if (wanted.name == "fileobject") return is(irp.Tail.Overlay.OriginalFileObject);
    if (wanted.name == "mdlprocess") {
        nt::MDL mdl;
        return irp.MdlAddress && s.read(s.address_of(irp.MdlAddress), mdl) && is(mdl.Process);
    }
    for (const nt::IO_STACK_LOCATION& location : locations_of(s, address, irp, room)) {
        const auto& others = location.Parameters.Others;
        if (wanted.name == "device" ? is(location.DeviceObject)
                                    : is(others.Argument1) || is(others.Argument2) || is(others.Argument3) ||
                                          is(others.Argument4))
            return true;
    }
    return false;
}

// Of the current stack location, if it has one.
std::string owner_of(Session& s, const nt::IRP& irp, Address& device) {
    nt::IO_STACK_LOCATION location;
    device = 0;
    const unsigned current = static_cast<unsigned char>(irp.CurrentLocation);
    if (current > static_cast<unsigned char>(irp.StackCount) ||
        !s.read(s.address_of(irp.Tail.Overlay.CurrentStackLocation), location))
        return {};
    device = s.address_of(location.DeviceObject);
    return s.driver_of_device(device);
}

void show_found(Session& s, Address address, const nt::IRP& irp) {
    const unsigned count = static_cast<unsigned char>(irp.StackCount),
                   current = static_cast<unsigned char>(irp.CurrentLocation);
    s.print("%s Thread %s ", extension_address(address).c_str(),
            extension_address(s.address_of(irp.Tail.Overlay.Thread)).c_str());
    // assumed: the words for an IRP without a current location
    if (current > count)
        return s.print("Irp is complete (CurrentLocation %u > StackCount %u)\n", current, count);
    Address device = 0;
    const std::string driver = owner_of(s, irp, device);
    s.print("current stack belongs to  %s\n", driver.c_str());
}

void irpfind(Session& s, std::string_view, std::span<const std::string> arguments) {
    static constexpr std::string_view criteria[] = {"arg",        "device", "fileobject",
                                                    "mdlprocess", "thread", "userevent"};
    bool verbose = false;
    if (!arguments.empty() && (arguments[0] == "-v" || arguments[0] == "-V")) {
        verbose = true;
        arguments = arguments.subspan(1);
    }
    const std::uint64_t pool = number_argument(s, arguments, 0, 0),
                        restart = number_argument(s, arguments, 1, 0);
    if (s.failed) return;
    Criterion wanted;
    if (arguments.size() > 2) {
        const auto found = std::ranges::find_if(
            criteria, [&](std::string_view name) { return equal_ignoring_case(name, arguments[2]); });
        if (found == std::end(criteria) || arguments.size() != 4)
            return s.error("usage: !irpfind [-v] [pool type [restart address [criteria data]]]\n"
                           "criteria: arg, device, fileobject, mdlprocess, thread, userevent\n");
        wanted.name = *found;
        if (!s.evaluate(arguments[3], wanted.data)) return;
    }
    static constexpr const char* names[] = {"NonPaged", "Paged", "Special"};
    if (pool == 4) return s.error("There is no session pool\n");
    if (pool > 2) return s.error("%llx is no pool type\n", static_cast<unsigned long long>(pool));
    const Range range = s.machine.pool_range(static_cast<unsigned>(pool));
    s.print("Searching %s pool (%s : %s) for Tag: Irp\n", names[pool], extension_address(range.first).c_str(),
            extension_address(range.end).c_str());
    for (const Address address : s.machine.irps()) {
        nt::IRP irp;
        if (address < std::max<Address>(restart, range.first) || address >= range.end) continue;
        if (!s.read(address, irp) || irp.Type != nt::IO_TYPE_IRP || !matches(s, wanted, address, irp))
            continue;
        show_found(s, address, irp);
        if (verbose) {
            run_line(s, "!irp " + native_address(address));
            s.print("\n");
        }
    }
}

void show_owned(Session& s, Address address) {
    nt::IRP irp;
    if (!s.read(address, irp))
        return s.print("    IRP %s - not readable\n", extension_address(address).c_str());
    Address device = 0;
    const std::string driver = owner_of(s, irp, device);
    const auto object = device ? s.machine.object_at(device) : std::nullopt;
    const std::string at = extension_address(device);
    s.print("    IRP %s - Owned by %s for device %s\n", extension_address(address).c_str(), driver.c_str(),
            object && !object->name.empty() ? (object->name + " (" + at + ")").c_str() : at.c_str());
}

void show_queued_to_files(Session& s, const Process& process) {
    s.print("Checking file objects for IRPs.\n");
    for (const Handle& handle : s.machine.handles(process.body)) {
        const auto object = s.machine.object_at(handle.object);
        nt::FILE_OBJECT file;
        if (!object || object->type_name != "File" || !s.read(object->body, file)) continue;
        const Address head = object->body + offsetof(nt::FILE_OBJECT, IrpList);
        Address at = s.address_of(file.IrpList.Flink);
        constexpr std::size_t most = 0x10000; // a damaged list must end
        for (std::size_t i = 0; at && at != head && i < most; ++i) {
            if (i == 0)
                s.print("  FileObject %s (handle %llx):\n", extension_address(object->body).c_str(),
                        static_cast<unsigned long long>(handle.value));
            show_owned(s, at - offsetof(nt::IRP, ThreadListEntry));
            Address next = 0;
            if (!s.read(at, next)) break;
            at = next;
        }
    }
}

void processirps(Session& s, std::string_view, std::span<const std::string> arguments) {
    const std::uint64_t wanted = number_argument(s, arguments, 0, 0),
                        flags = number_argument(s, arguments, 1, 3);
    if (s.failed) return;
    bool found = false;
    const auto threads = s.machine.threads();
    for (const Process& process : s.machine.processes()) {
        if (wanted && process.body != wanted) continue;
        found = true;
        s.print("**** PROCESS %s (Image: %s) ****\n", extension_address(process.body).c_str(),
                process.image.c_str());
        if (flags & 1) {
            s.print("Checking threads for IRPs.\n");
            for (const Thread& thread : threads) {
                if (thread.process != process.body || thread.irps.empty()) continue;
                s.print("  Thread %s:\n", extension_address(thread.body).c_str());
                for (const Address irp : thread.irps)
                    show_owned(s, irp);
            }
        }
        if (flags & 2) show_queued_to_files(s, process);
        s.print("\n");
    }
    if (!found) s.error("%s is not a process object\n", extension_address(wanted).c_str());
}

constexpr Command commands[] = {
    {"!irpfind", "!irpfind [-v] [pool [restart [criteria data]]]",
     "IRPs in use, by arg, device, fileobject, mdlprocess, thread or userevent", irpfind},
    {"!processirps", "!processirps [process [flags]]", "IRPs queued to threads (1) and files (2)",
     processirps},
};

} // namespace

std::span<const Command> irp_search_commands() { return commands; }

} // namespace view
