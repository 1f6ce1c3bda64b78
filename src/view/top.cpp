#include "view/top.h"
#include "view/detail/session.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace view {
namespace {

struct ProcessRow {
    std::uint64_t pid;
    std::string image;
    std::uint64_t user = 0, kernel = 0, switches = 0;
    std::vector<ThreadTimes> threads;
};

struct Table {
    std::uint64_t time = 0; // of the machine
    std::vector<ProcessorTimes> processors;
    ProcessorTimes all; // of all processors together
    std::vector<ProcessRow> processes;
};

Table gather(Machine& machine) {
    Table table;
    table.time = machine.interrupt_time();
    for (unsigned i = 0; i < machine.processors(); i++) {
        const ProcessorTimes& p = table.processors.emplace_back(machine.processor_times(i));
        table.all.idle += p.idle;
        table.all.dpc += p.dpc;
        table.all.interrupt += p.interrupt;
        table.all.at_dispatch += p.at_dispatch;
        table.all.dpcs += p.dpcs;
        table.all.interrupts += p.interrupts;
    }
    for (ThreadTimes& thread : machine.thread_times()) {
        auto& rows = table.processes;
        // Identifiers are used again: a process that follows another has its own row.
        if (rows.empty() || rows.back().pid != thread.pid || rows.back().image != thread.image)
            rows.push_back({thread.pid, thread.image, 0, 0, 0, {}});
        rows.back().user += thread.user;
        rows.back().kernel += thread.kernel;
        rows.back().switches += thread.switches;
        rows.back().threads.push_back(std::move(thread));
    }
    return table;
}

std::string ms(std::uint64_t units) { return fmt::format("{}.{:04}", units / 10'000, units % 10'000); }

// The parts that Task Manager shows as processes of their own have no identifiers.
struct Line {
    std::string pid, tid, name, user, kernel;
    std::uint64_t used;
    std::string switches;
};

void append(std::string& out, const Line& line, const Table& table) {
    constexpr std::size_t most = 29;
    const double whole = static_cast<double>(table.time) * static_cast<double>(table.processors.size());
    const std::string name =
        line.name.size() > most ? line.name.substr(0, most - 3) + "..." : line.name; // 80 columns
    out +=
        fmt::format("{:>5} {:>5}  {:<29}{:>11}{:>11}{:>6.1f}{:>9}\n", line.pid, line.tid, name, line.user,
                    line.kernel, whole > 0 ? 100 * static_cast<double>(line.used) / whole : 0, line.switches);
}

} // namespace

std::string top_text(Machine& machine) {
    const Table table = gather(machine);
    Session symbols(machine);
    std::string out = fmt::format("{} ms of virtual time, {} processor{}\n\n", ms(table.time),
                                  table.processors.size(), table.processors.size() == 1 ? "" : "s");
    out += "  PID   TID  Process or thread                User ms  Kernel ms     % Switches\n";
    append(out, {"0", "", "System Idle Process", "", ms(table.all.idle), table.all.idle, ""}, table);
    const std::uint64_t interrupts = table.all.dpc + table.all.interrupt;
    append(out, {"", "", "System interrupts", "", ms(interrupts), interrupts, ""}, table);
    for (const ProcessRow& process : table.processes) {
        append(out,
               {fmt::to_string(process.pid), "", process.image, ms(process.user), ms(process.kernel),
                process.user + process.kernel, fmt::to_string(process.switches)},
               table);
        for (const ThreadTimes& thread : process.threads)
            append(out,
                   {"", fmt::to_string(thread.tid), "  " + symbols.symbol(thread.start), ms(thread.user),
                    ms(thread.kernel), thread.user + thread.kernel, fmt::to_string(thread.switches)},
                   table);
    }
    out += "\nCPU    Idle ms Thread ms    DPC ms Interr. ms IRQL>=2 ms   DPCs Interr. Switches\n";
    for (std::size_t i = 0; i < table.processors.size(); i++) {
        const ProcessorTimes& p = table.processors[i];
        out +=
            fmt::format("{:>3}{:>11}{:>10}{:>10}{:>11}{:>11}{:>7}{:>8}{:>9}\n", i, ms(p.idle), ms(p.thread),
                        ms(p.dpc), ms(p.interrupt), ms(p.at_dispatch), p.dpcs, p.interrupts, p.switches);
    }
    return out;
}

std::string top_json(Machine& machine) {
    using nlohmann::ordered_json;
    const Table table = gather(machine);
    Session symbols(machine);
    ordered_json j;
    j["ns"] = table.time * 100;
    j["idle_ns"] = table.all.idle * 100;
    j["system_interrupts"] = {{"ns", (table.all.dpc + table.all.interrupt) * 100},
                              {"dispatch_level_ns", table.all.at_dispatch * 100},
                              {"dpcs", table.all.dpcs},
                              {"interrupts", table.all.interrupts}};
    auto& processors = j["processors"] = ordered_json::array();
    for (const ProcessorTimes& p : table.processors)
        processors.push_back({{"idle_ns", p.idle * 100},
                              {"thread_ns", p.thread * 100},
                              {"user_ns", p.user * 100},
                              {"dpc_ns", p.dpc * 100},
                              {"interrupt_ns", p.interrupt * 100},
                              {"dispatch_level_ns", p.at_dispatch * 100},
                              {"dpcs", p.dpcs},
                              {"interrupts", p.interrupts},
                              {"switches", p.switches}});
    auto& processes = j["processes"] = ordered_json::array();
    for (const ProcessRow& process : table.processes) {
        ordered_json threads = ordered_json::array();
        for (const ThreadTimes& t : process.threads)
            threads.push_back({{"tid", t.tid},
                               {"start", symbols.symbol(t.start)},
                               {"ended", t.ended},
                               {"user_ns", t.user * 100},
                               {"kernel_ns", t.kernel * 100},
                               {"switches", t.switches}});
        processes.push_back({{"pid", process.pid},
                             {"image", process.image},
                             {"user_ns", process.user * 100},
                             {"kernel_ns", process.kernel * 100},
                             {"switches", process.switches},
                             {"threads", std::move(threads)}});
    }
    return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

} // namespace view
