// !locks, !qlocks: debuggercmds/-locks---kdext--locks-.md, -qlocks.md, debugger/resource-time-outs.md.
#include "abi/dispatcher.h"
#include "view/detail/session.h"

namespace view {
namespace {

constexpr std::uint16_t owned_exclusive = 0x80;
constexpr std::size_t resources_per_dot = 16; // assumed: how often the scan prints a dot

struct Owner {
    Address thread; // with the low bits of an owner pointer
    std::uint32_t count;
};

std::vector<Owner> owners_of(Session& s, const nt::ERESOURCE& resource) {
    std::vector<Owner> owners;
    const auto add = [&](const nt::OWNER_ENTRY& entry) {
        if (entry.OwnerThread) owners.push_back({entry.OwnerThread, entry.OwnerCount});
    };
    add(resource.OwnerEntry);
    const Address table = s.address_of(resource.OwnerTable);
    nt::OWNER_ENTRY entry{};
    if (!table || !s.read(table, entry)) return owners;
    const std::uint32_t size = std::min<std::uint32_t>(entry.TableSize, 0x10000);
    for (std::uint32_t i = 1; i < size && s.read(table + i * sizeof entry, entry); ++i)
        add(entry);
    return owners;
}

void show_waiters(Session& s, Address resource, bool exclusive) {
    std::size_t column = 0;
    for (const Thread& thread : s.machine.threads()) {
        if (thread.wait_lock != resource || thread.wait_exclusive != exclusive) continue;
        if (column == 0) s.print("     Threads Waiting On %s Access:\n", exclusive ? "Exclusive" : "Shared");
        s.print("%s%s",
                column % 3 ? "       "
                : column   ? "\n              "
                           : "              ",
                extension_address(thread.body).c_str());
        ++column;
    }
    if (column) s.print("       \n");
}

struct Detail {
    bool threads = false; // -v
    bool free = false;    // also resources that nobody owns
};

bool is_held(const nt::ERESOURCE& resource) { return resource.ActiveEntries != 0; }

void show_resource(Session& s, Address address, const nt::ERESOURCE& resource, const Detail& detail) {
    const std::string symbol = s.symbol(address);
    const std::string hex = "0x" + extension_address(address);
    s.print("Resource @ %s    ", symbol.empty() ? hex.c_str() : (symbol + " (" + hex + ")").c_str());
    const std::vector<Owner> owners = owners_of(s, resource);
    if (owners.empty())
        s.print("Available\n");
    else if (resource.Flag & owned_exclusive)
        s.print("Exclusively owned\n");
    else
        s.print("Shared %u owning threads\n", static_cast<unsigned>(owners.size()));
    if (resource.ContentionCount) s.print("    Contention Count = %u\n", resource.ContentionCount);
    if (resource.NumberOfSharedWaiters)
        s.print("    NumberOfSharedWaiters = %u\n", resource.NumberOfSharedWaiters);
    if (resource.NumberOfExclusiveWaiters)
        s.print("    NumberOfExclusiveWaiters = %u\n", resource.NumberOfExclusiveWaiters);
    if (!owners.empty()) {
        s.print("     Threads: ");
        for (const Owner& owner : owners) {
            s.print("%s-%02x<*> ", extension_address(owner.thread).c_str(), owner.count);
            if (owner.thread & 3)
                s.print("*** Actual Thread %s ", extension_address(owner.thread & ~3ull).c_str());
        }
        s.print("\n");
    }
    show_waiters(s, address, false);
    show_waiters(s, address, true);
    if (!detail.threads) return;
    for (const Owner& owner : owners)
        for (const Thread& thread : s.machine.threads())
            if (thread.body == (owner.thread & ~3ull)) {
                s.print("\n");
                show_thread(s, thread, "     ", 6);
            }
}

void totals(Session& s, std::size_t all, std::size_t held) {
    s.print("%u total locks, %u locks currently held\n", static_cast<unsigned>(all),
            static_cast<unsigned>(held));
}

void locks_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    Detail detail;
    std::uint64_t one = 0;
    for (const std::string& argument : arguments)
        if (argument.starts_with("-")) {
            if (argument.size() == 1 || argument.find_first_not_of("vVdDpP", 1) != argument.npos)
                return s.error("Unknown option '%s'\n", argument.c_str());
            for (const char c : argument.substr(1)) {
                detail.threads |= c == 'v' || c == 'V';
                detail.free |= c == 'v' || c == 'V' || c == 'd' || c == 'D' || c == 'p' || c == 'P';
            }
        } else if (!s.evaluate(argument, one))
            return;
    nt::ERESOURCE resource{};
    if (one) {
        if (!s.read(one, resource))
            return s.error("Unable to read ERESOURCE %s\n", extension_address(one).c_str());
        s.print("\n");
        show_resource(s, one, resource, detail);
        s.print("\n");
        return totals(s, 1, is_held(resource));
    }
    s.print("**** DUMP OF ALL RESOURCE OBJECTS ****\n");
    std::size_t all = 0, held = 0, scanned = 0;
    for (const Address address : s.machine.resources()) {
        if (!s.read(address, resource)) continue;
        ++all;
        ++scanned;
        held += is_held(resource);
        if (!is_held(resource) && !detail.free) continue;
        s.print("KD: Scanning for held locks%s\n\n",
                std::string(1 + scanned / resources_per_dot, '.').c_str());
        scanned = 0;
        show_resource(s, address, resource, detail);
    }
    if (scanned || !all)
        s.print("KD: Scanning for held locks%s\n", std::string(1 + scanned / resources_per_dot, '.').c_str());
    totals(s, all, held);
}

// The numbered locks of the system. Its own structures need none here: only the cancel lock is ever held.
void qlocks_command(Session& s, std::string_view, std::span<const std::string>) {
    static constexpr const char* cancel = "IO   - Cancel";
    static constexpr const char* names[] = {
        "KE   - Dispatcher", "KE   - Unused Spare", "MM   - PFN",          "MM   - System Space",
        "CC   - Vacb",       "CC   - Master",       "EX   - NonPagedPool", cancel,
        "EX   - WorkQueue",  "IO   - Vpb",          "IO   - Database",     "IO   - Completion",
        "NTFS - Struct",     "AFD  - WorkQueue",    "CC   - Bcb",          "MM   - MM NonPagedPool"};
    const unsigned processors = s.machine.processors();
    s.print("Key: O = Owner, 1-n = Wait order, blank = not owned/waiting, C = Corrupt\n\n");
    s.print("                       Processor Number\n    Lock Name       ");
    for (unsigned i = 0; i < processors; ++i)
        s.print("%3u", i);
    s.print("\n\n");
    for (const char* name : names) {
        s.print("%-20s", name);
        for (unsigned i = 0; i < processors; ++i)
            s.print("%3s", name == cancel && s.machine.owns_cancel_lock(i) ? "O" : "");
        s.print("\n");
    }
}

constexpr Command commands[] = {
    {"!locks", "!locks [-v] [-p] [-d] [resource]",
     "executive resources; -d: also those that nobody owns, -v: with threads", locks_command},
    {"!qlocks", "!qlocks", "the system's queued spin locks by processor", qlocks_command},
};

} // namespace

std::span<const Command> lock_commands() { return commands; }

} // namespace view
