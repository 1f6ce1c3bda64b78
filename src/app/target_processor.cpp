// What processors do and have done, as the debugger and `drvlab top` see it.
#include "app/ended_threads.h"
#include "app/target.h"
#include "base/list.h"
#include "kernel/ke/accounting.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/timer.h"
#include "kernel/ps/times.h"
#include <map>

namespace app {

using namespace nt;
using view::Address;

std::vector<Address> Target::dpcs(unsigned processor) {
    std::vector<Address> out;
    ke::for_each_dpc(
        processor,
        [](KDPC& dpc, void* context) {
            static_cast<std::vector<Address>*>(context)->push_back(reinterpret_cast<Address>(&dpc));
        },
        &out);
    return out;
}

std::vector<view::Timer> Target::timers() {
    std::vector<view::Timer> out;
    ke::for_each_timer(
        [](KTIMER& timer, void* context) {
            static_cast<std::vector<view::Timer>*>(context)->push_back(
                {reinterpret_cast<Address>(&timer), 0, ke::is_timer_precise(timer)});
        },
        &out);
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        const auto* thread = NT_CONTAINER(e, ke::Thread, all_link);
        const KTIMER& timer = thread->Tcb.Timer;
        if (ke::is_timer_set(timer))
            out.push_back({reinterpret_cast<Address>(&timer), reinterpret_cast<Address>(thread),
                           ke::is_timer_precise(timer)});
    }
    return out;
}

std::vector<Address> Target::interrupts() {
    std::vector<Address> out;
    ke::for_each_interrupt(
        [](KINTERRUPT& interrupt, void* context) {
            static_cast<std::vector<Address>*>(context)->push_back(reinterpret_cast<Address>(&interrupt));
        },
        &out);
    return out;
}

view::ProcessorTimes Target::processor_times(unsigned processor) {
    const ke::Account account = ke::account_of(processor);
    const ke::DpcCounts counts = ke::dpc_counts(processor);
    view::ProcessorTimes times;
    times.idle = account.idle;
    times.thread = account.thread;
    times.user = account.user;
    times.dpc = account.dpc;
    times.interrupt = account.interrupt;
    times.at_dispatch = account.at_dispatch;
    times.switches = account.switches;
    times.dpcs = counts.dpcs;
    times.interrupts = counts.interrupts;
    return times;
}

// Thread objects live as long as somebody has a handle, so ended ones are found in either place.
std::vector<view::ThreadTimes> Target::thread_times() {
    std::multimap<std::pair<std::uint64_t, std::uint64_t>, view::ThreadTimes> by_id;
    const auto add = [&](const view::ThreadTimes& row) { by_id.emplace(std::pair(row.pid, row.tid), row); };
    for (const view::ThreadTimes& row : ended_threads())
        add(row);
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        const auto* thread = NT_CONTAINER(e, ke::Thread, all_link);
        if (!thread->ExitTime.QuadPart) add(times_row(*thread, ps::times_of(*thread)));
    }
    std::vector<view::ThreadTimes> out;
    for (auto& [id, row] : by_id)
        out.push_back(std::move(row));
    return out;
}

std::uint64_t Target::interrupt_time() { return ke::interrupt_time(); }
std::int64_t Target::boot_time() { return ke::boot_time(); }

} // namespace app
