#include "kernel_rows.h"
#include "linux_costs.h"
#include "run.h"
#include <algorithm>
#include <unistd.h>

namespace bench {

struct KernelRows::Measures {
    explicit Measures(const std::string& trace_file) : trace(trace_file) {}
    Words traced(unsigned processors) const {
        return {"--cpus", std::to_string(processors), "--trace", trace};
    }

    const std::string trace;
    Measure switches{.client = {"switch"}, .count = 500'000}, dpc{.client = {"dpc"}, .count = 2'000'000},
        spin{.client = {"spin"}, .count = 5'000'000},
        few_timers{.client = {"timer"}, .count = 1'000'000, .more = {"100"}},
        many_timers{.client = {"timer"}, .count = 1'000'000, .more = {"100000"}},
        few_devices{.client = {"devices"}, .count = 100'000, .more = {"10"}},
        many_devices{.client = {"devices"}, .count = 100'000, .more = {"10000"}},
        few_names{.client = {"names"}, .count = 1'000'000, .more = {"10"}},
        many_names{.client = {"names"}, .count = 1'000'000, .more = {"1000000"}},
        any_names{.client = {"anynames"}, .count = 1'000'000, .more = {"1000000"}},
        pulse{.client = {"kread"}, .count = 200'000, .options = {"--hardware", here + "/tests/pulse.so"}},
        parport{.client = {"kparport"},
                .count = 2'000,
                .options = {"--hardware", "parport", "--driver", here + "/guest/parport.sys"}},
        few_threads{.client = {"threads"}, .count = 30'000, .more = {"10"}, .options = traced(1)},
        waves{.client = {"waves"}, .count = 31, .more = {"10000"}, .options = traced(64), .none_count = 1},
        many_threads{
            .client = {"threads"}, .count = 21, .more = {"10000"}, .options = traced(64), .none_count = 1},
        turns{.client = {"turns"},
              .count = 2'000,
              .options = {"--client", here + "/guest/bench_client.exe turn 0"}},
        processes{.client = {"processes"}, .count = 500, .more = {"0"}},
        processes_of_many{.client = {"processes"}, .count = 500, .more = {"1000"}},
        wait{.client = {"wait"}, .count = 3'600'000};
    double linux_both_ways = 1e18;
};

KernelRows::KernelRows(const std::string& trace) : m_(new Measures(trace)) {}
KernelRows::~KernelRows() = default;

void KernelRows::take() {
    m_->linux_both_ways = std::min(m_->linux_both_ways, linux_switch());
    for (Measure* m : {&m_->few_names, &m_->many_names, &m_->any_names})
        m->take();
    for (Measure* m :
         {&m_->switches, &m_->dpc, &m_->spin, &m_->few_timers, &m_->many_timers, &m_->few_devices,
          &m_->many_devices, &m_->pulse, &m_->parport, &m_->few_threads, &m_->waves, &m_->many_threads,
          &m_->turns, &m_->processes, &m_->processes_of_many, &m_->wait})
        m->take();
    unlink(m_->trace.c_str());
    m_->linux_both_ways = std::min(m_->linux_both_ways, linux_switch());
}

std::vector<Row> KernelRows::rows() const {
    const double linux_switch = m_->linux_both_ways, ours = m_->switches.cost();
    const double few_names = m_->few_names.cost(), many_names = m_->many_names.cost();
    const double few_timers = m_->few_timers.cost(), many_timers = m_->many_timers.cost();
    const double few_devices = m_->few_devices.cost(), many_devices = m_->many_devices.cost();
    const double few = m_->few_threads.cost() / 10, waves = m_->waves.cost() / 10'000,
                 many = m_->many_threads.cost() / 10'000;
    constexpr double parport_accesses = 7; // of parport.c, for a single byte
    const double processes = m_->processes.cost() / 1e3, of_many = m_->processes_of_many.cost() / 1e3;
    const double times = 1e6 / m_->wait.cost();
    return {
        {"two Linux threads on a core, a switch and back", linux_switch, "ns", 1, 0},
        {"two threads, a switch and back by events", ours, "ns", ours / linux_switch, 0.1},
        {"two programs, a switch and back through a device", m_->turns.cost() / 1e3, "us", 0, 30},
        {"a process started, run and ended", processes, "us", 0, 2'000},
        {"the same, beside 1 000 with 1 000 handles each", of_many, "us", of_many / processes, 2},
        {"DPC queued and run", m_->dpc.cost(), "ns", 0, 60},
        {"timer set and cancelled, 100 pending", few_timers, "ns", 1, 0},
        {"timer set and cancelled, 100 000 pending", many_timers, "ns", many_timers / few_timers, 2},
        {"device deleted and made, one of 10", few_devices, "ns", 1, 0},
        {"device deleted and made, one of 10 000", many_devices, "ns", many_devices / few_devices, 2},
        {"spin lock acquired and released", m_->spin.cost(), "ns", 0, 15},
        {"object opened by name and closed, of 10", few_names, "ns", 1, 0},
        {"the same, ten of 1 million in the directory", many_names, "ns", many_names / few_names, 2},
        {"the same, any of 1 million", m_->any_names.cost(), "ns", m_->any_names.cost() / few_names, 0},
        {"interrupt to DPC to completed request", m_->pulse.cost() / 1e3, "us", 0, 1},
        {"the same with 7 register accesses (parport)", m_->parport.cost() / 1e3, "us", 0,
         1 + 5 * parport_accesses},
        {"traced lock and switch, 10 threads, 1 processor", few, "ns", 1, 0},
        {"the same, 10 000 on 64, 128 of them awake", waves, "ns", waves / few, 2},
        {"the same, 10 000 on 64, all awake", many, "ns", many / few, 0},
        {"simulated to real time, a driver that waits", times, "times", 1000 / times, 1},
    };
}

} // namespace bench
