#include "kernel/ke/spinning.h"
#include "abi/bugcheck.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/events.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/switch_point.h"
#include <cstdio>

namespace nt::ke {

namespace {

// assumed: Windows' limits are those of the examples on the page.
constexpr ULONGLONG most_dpc_ticks = 0x500, most_dispatch_ticks = 0x1e00;

// So many spins in a row mean that the code waits for something that only time can bring: each further one
// lets time pass to the next event.
constexpr ULONG patience = 100'000;
constexpr ULONGLONG longest = 6'000'000'000; // ten minutes
// Between two spins in a row there is a call or two at most.
constexpr ULONGLONG most_between = 2;

bool is_patient(const Thread& thread) { return thread.spins > patience; }

[[noreturn]] void report_endless_spin(const Thread& self) {
    Stop stop;
    stop.kind = StopKind::hang;
    const seh::Record* record = seh::innermost();
    if (record && record->kind != seh::RecordKind::call_out)
        stop.caller = seh::caller_of(*static_cast<const seh::EntryRecord*>(record));
    std::snprintf(stop.text, sizeof stop.text, "code has been spinning for %lu minutes of virtual time",
                  (interrupt_time() - self.spins_since) / 600'000'000);
    stop_machine(stop);
}

// Nobody does anything else than wait and spin.
bool all_spin() {
    for (ULONG64 busy = all_processors() & ~resting_processors & ~spinning_processors; busy; busy &= busy - 1)
        if (!is_patient(*processor(static_cast<ULONG>(__builtin_ctzll(busy))).current)) return false;
    return true;
}

} // namespace

void spin_once(ULONGLONG units) {
    Thread& self = current_thread();
    if (virtual_time() - self.spun_until > most_between) {
        self.spins = 0;
        self.spins_since = virtual_time();
    }
    charge(units);
    self.spins++;
    if (is_patient(self)) [[unlikely]] {
        if (interrupt_time() - self.spins_since > longest) report_endless_spin(self);
        if (all_spin()) let_time_pass();
    }
    switch_point(Cause::pause);
    self.spun_until = virtual_time();
}

bool yield_or_spin() {
    if (yield()) return true;
    spin_once(0);
    return false;
}

void check_time_at_dispatch(const Processor& p) {
    if (p.irql() < DISPATCH_LEVEL) return;
    const ULONGLONG since = p.interrupt_nesting ? p.interrupt_since : p.dpc_since;
    if (since) {
        const ULONGLONG ticks = (interrupt_time() - since) / tick_length;
        if (ticks > most_dpc_ticks) bug_check(DPC_WATCHDOG_VIOLATION, 0, ticks, most_dpc_ticks);
    } else if (!p.is_idle() &&
               (interrupt_time() - p.slot(KPCR_RAISED_AT)) / tick_length > most_dispatch_ticks)
        bug_check(DPC_WATCHDOG_VIOLATION, 1, most_dispatch_ticks);
}

} // namespace nt::ke
