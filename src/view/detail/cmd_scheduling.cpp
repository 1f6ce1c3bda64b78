// !ready, !stacks, !timer: debuggercmds/-ready.md, -stacks.md, -timer.md.
#include "abi/dispatcher.h"
#include "view/detail/session.h"
#include <algorithm>
#include <map>

namespace view {
namespace {

// Ready threads by processor, "sorted in order of decreasing priority".
void ready_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    const std::uint64_t flags = number_argument(s, arguments, 0, 6);
    if (s.failed) return;
    constexpr int highest = 31;
    const std::vector<Thread> threads = s.machine.threads();
    for (unsigned processor = 0; processor < s.machine.processors(); ++processor) {
        bool any = false;
        for (int priority = highest; priority >= 0; --priority) {
            bool first = true;
            for (const Thread& thread : threads) {
                if (thread.state != ThreadState::ready || thread.processor != processor ||
                    thread.priority != priority)
                    continue;
                if (first) s.print("Processor %u: Ready Threads at priority %d\n", processor, priority);
                first = false;
                any = true;
                show_thread(s, thread, "    ", flags, flags & 0x10);
            }
        }
        if (!any) s.print("Processor %u: No threads in READY state\n", processor);
    }
}

const char* state_text(ThreadState state) {
    switch (state) {
    case ThreadState::initialized:
        return "INITIALIZED";
    case ThreadState::ready:
        return "READY";
    case ThreadState::running:
        return "RUNNING";
    case ThreadState::standby:
        return "STANDBY";
    case ThreadState::terminated:
        return "TERMINATED";
    case ThreadState::waiting:
        break;
    }
    return "Blocked";
}

// Detail 2: whole stacks. No stack is ever paged out, so 0 and 1 say the same.
void stacks_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    const std::uint64_t detail = number_argument(s, arguments, 0, 0);
    if (s.failed) return;
    const std::string filter = arguments.size() > 1 ? "*" + arguments[1] + "*" : "*";
    s.print("Proc.Thread  .Thread          ThreadState  Blocker\n");
    const auto threads = s.machine.threads();
    for (const Process& process : s.machine.processes()) {
        s.print("%37s[%s]\n", "", process.image.c_str());
        for (const Thread& thread : threads) {
            if (thread.process != process.body) continue;
            std::vector<std::string> sites;
            for (const Frame& frame : s.machine.walk(thread.body, 0x100)) {
                if (!frame.address && frame.call_site.empty()) continue; // code of ours
                std::string site = frame.call_site.empty() ? s.symbol(frame.address) : frame.call_site;
                sites.push_back(site.empty() ? "+0x" + extension_address(frame.address) : std::move(site));
            }
            const auto matches = [&](const std::string& site) { return wildcard_match(filter, site); };
            if (filter != "*" && std::ranges::none_of(sites, matches)) continue;
            s.print("%4llx.%06llx  %s  %-10s ", static_cast<unsigned long long>(thread.pid),
                    static_cast<unsigned long long>(thread.tid), extension_address(thread.body).c_str(),
                    state_text(thread.state));
            if (sites.empty()) s.print("\n");
            for (std::size_t i = 0; i < sites.size() && (i == 0 || detail == 2); ++i)
                s.print("%*s%s\n", i ? 42 : 0, "", sites[i].c_str());
        }
        s.print("\n");
    }
}

// "[ 1/11/2023 11:39:15.492]"; the machine's clock is UTC.
std::string date_text(std::int64_t filetime) {
    const std::int64_t ms = filetime / 10'000, days = ms / 86'400'000, in_day = ms % 86'400'000;
    const std::int64_t shifted = days + 584'694; // from 1 March of year 0, so that leap days end years
    const std::int64_t era = shifted / 146'097, of_era = shifted % 146'097;
    const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
                       month = (5 * of_year + 2) / 153;
    const std::int64_t calendar_month = month < 10 ? month + 3 : month - 9;
    char text[64];
    std::snprintf(text, sizeof text, "[%2d/%2d/%4d %02d:%02d:%02d.%03d]", static_cast<int>(calendar_month),
                  static_cast<int>(of_year - (153 * month + 2) / 5 + 1),
                  static_cast<int>(era * 400 + year + (calendar_month <= 2)),
                  static_cast<int>(in_day / 3'600'000), static_cast<int>(in_day / 60'000 % 60),
                  static_cast<int>(in_day / 1000 % 60), static_cast<int>(in_day % 1000));
    return text;
}

// The list that the debugger shows a time in; the page of x64's shows bits 18 to 25.
unsigned list_of(std::uint64_t due) { return static_cast<unsigned>(due >> 18 & 0xff); }

std::string low_high(std::uint64_t time) {
    char text[24];
    std::snprintf(text, sizeof text, "%08x %08x", static_cast<unsigned>(time),
                  static_cast<unsigned>(time >> 32));
    return text;
}

// What happens when it expires.
std::string expiry_text(Session& s, const Timer& timer, const nt::KTIMER& body) {
    if (timer.thread) return "thread " + extension_address(timer.thread);
    nt::KDPC dpc{};
    const Address address = s.address_of(body.Dpc);
    if (!address || !s.read(address, dpc)) return {};
    return s.symbol(reinterpret_cast<Address>(dpc.DeferredRoutine)) + " (DPC @ " +
           extension_address(address) + ")";
}

// One table for the machine: a timer belongs to no processor here.
void timer_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (!arguments.empty()) return s.error("usage: !timer\n");
    struct Row {
        std::uint64_t due;
        Timer timer;
        nt::KTIMER body;
    };
    const std::uint64_t now = s.machine.interrupt_time();
    const auto boot = s.machine.boot_time();
    const auto date = [&](std::uint64_t due) { return date_text(boot + static_cast<std::int64_t>(due)); };
    std::map<unsigned, std::vector<Row>> tables[2]; // high precision, standard; by list
    std::size_t total = 0, longest = 0;
    for (const Timer& timer : s.machine.timers()) {
        nt::KTIMER body;
        if (!s.read(timer.body, body)) continue;
        auto& list = tables[!timer.precise][list_of(body.DueTime.QuadPart)];
        list.push_back({body.DueTime.QuadPart, timer, body});
        longest = std::max(longest, list.size());
        total++;
    }
    s.print("Dump system timers\n\nInterrupt time: %s %s\n", low_high(now).c_str(), date(now).c_str());
    for (const unsigned type : {0u, 1u}) {
        s.print("\nPROCESSOR 0 (nt!_KTIMER_TABLE %016x - Type %u - %s)\n", 0, type,
                type ? "Standard" : "High precision");
        s.print("List Timer             Interrupt Low/High Fire Time                  DPC/thread\n");
        for (auto& [index, list] : tables[type]) {
            std::ranges::sort(list, {}, [](const Row& row) { return std::pair(row.due, row.timer.body); });
            for (const Row& row : list) {
                if (&row == &list.front())
                    s.print("%3u ", index);
                else
                    s.print("    ");
                s.print("%s %c  %s %s  %s \n", extension_address(row.timer.body).c_str(),
                        row.body.Period ? 'P' : ' ', low_high(row.due).c_str(),
                        row.due >> 63 ? "[         NEVER         ]" : date(row.due).c_str(),
                        expiry_text(s, row.timer, row.body).c_str());
            }
        }
    }
    s.print(
        "\n\nTotal Timers: %zu, Maximum List: %zu\nCurrent Hand: %u, Maximum Search: 0\n\nWakeable timers:\n",
        total, longest, list_of(now));
}

constexpr Command commands[] = {
    {"!ready", "!ready [flags]", "threads that wait for a processor, by priority", ready_command},
    {"!stacks", "!stacks [detail [filter]]", "where each thread is; 2: whole stacks", stacks_command},
    {"!timer", "!timer", "timers that are set, and timeouts of waits", timer_command},
};

} // namespace

std::span<const Command> scheduling_commands() { return commands; }

} // namespace view
