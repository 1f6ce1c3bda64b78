#include "kernel/ke/clock.h"
#include "abi/processor.h"
#include "hardware/events.h"
#include "kernel/ke/detail/dispatch.h"
#include "kernel/ke/detail/events.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/spinning.h"
#include "kernel/ke/timer.h"
#include <algorithm>
#include <limits>

namespace nt::ke {

KUSER_SHARED_DATA* shared_data = nullptr;
volatile KSYSTEM_TIME* tick_count_export = nullptr;

static LONGLONG boot = default_boot_time;
static ULONGLONG next_publication = 0; // of KUSER_SHARED_DATA
static ULONG resolution = tick_length; // time between ticks
static ULONGLONG last_tick = 0;        // interrupt time of the last tick
static ULONGLONG next_tick = tick_length;

static void plan_tick() { next_tick = (last_tick / resolution + 1) * resolution; }

LONGLONG boot_time() { return boot; }
void set_boot_time(LONGLONG filetime) { boot = filetime; }
LONGLONG system_time() { return boot + static_cast<LONGLONG>(virtual_time()); }
ULONGLONG tick_count() { return virtual_time() / tick_length; }

void charge_reading_of_time() {
    static ULONGLONG first = 0, last = 0; // of readings with nothing between
    if (virtual_time() != last) first = virtual_time();
    charge(1 + std::min<ULONGLONG>((virtual_time() - first) / 64, 99));
    last = virtual_time();
}

static void store(volatile KSYSTEM_TIME& to, ULONGLONG value) {
    to.High2Time = static_cast<LONG>(value >> 32);
    to.LowPart = static_cast<ULONG>(value);
    to.High1Time = static_cast<LONG>(value >> 32);
}

void publish_shared_time() {
    const ULONGLONG ticks = tick_count();
    next_publication = (ticks + 1) * tick_length;
    if (!shared_data) return;
    // Never zero, which no program has seen on Windows: a run-time library takes it for a clock that fails.
    store(shared_data->InterruptTime, std::max<ULONGLONG>(ticks * tick_length, 1));
    store(shared_data->SystemTime, static_cast<ULONGLONG>(boot) + ticks * tick_length);
    store(shared_data->TickCount, ticks);
    if (tick_count_export) store(*tick_count_export, ticks);
}

void update_shared_time() {
    if (virtual_time() >= next_publication) [[unlikely]]
        publish_shared_time();
}

void advance_to(ULONGLONG due) {
    if (due > virtual_time()) virtual_time() = due;
    update_shared_time();
}

void let_time_pass() { advance_to(next_event_time()); }

ULONGLONG tick_time() { return last_tick; }
ULONG timer_resolution() { return resolution; }

ULONG set_timer_resolution(ULONG units) {
    resolution = std::clamp<ULONG>(units, 5'000, tick_length);
    plan_tick();
    request_attention(current_processor());
    return resolution;
}

static ULONGLONG tick_at_or_after(ULONGLONG time) {
    return time > ~0ull - resolution ? ~0ull : (time + resolution - 1) / resolution * resolution;
}

ULONGLONG next_event_time() { return std::min({next_tick, next_timer(true), hardware::events::next_due()}); }

ULONGLONG next_event_when_idle() {
    const ULONGLONG timer = next_timer(false);
    const ULONGLONG tick = timer == ~0ull ? ~0ull : tick_at_or_after(std::max(timer, last_tick + 1));
    const ULONGLONG next = std::min({tick, next_timer(true), hardware::events::next_due()});
    // Beyond what a LARGE_INTEGER holds is never: a delay of MINLONGLONG, a timer due at MAXLONGLONG.
    return next >= static_cast<ULONGLONG>(std::numeric_limits<LONGLONG>::max() - boot_time()) ? ~0ull : next;
}

// Timers expire below DISPATCH_LEVEL: on this processor, or on another one if this one is kept from it.
static void request_expiration() {
    Processor* p = &current_processor();
    for (ULONG i = 0; p->irql() >= DISPATCH_LEVEL && i < processor_count(); i++)
        if (processor(i).irql() < DISPATCH_LEVEL) p = &processor(i);
    p->timers_expired = true;
    update_pending_level(*p);
}

// A tick: every processor's running thread may have used up its quantum, and timers may be due.
static void tick(ULONGLONG now) {
    last_tick = now / resolution * resolution;
    plan_tick();
    update_shared_time();
    for (ULONG i = 0; i < processor_count(); i++) {
        Processor& p = processor(i);
        if (!p.is_idle()) p.interrupt_count++;
        check_quantum(p);
        request_waiting_dpcs(p);
    }
    help_starving(now);
    if (timers_due(last_tick, false)) request_expiration();
}

void run_due_events() {
    const ULONGLONG now = interrupt_time();
    if (hardware::events::next_due() <= now) hardware::events::run_due(now);
    if (timers_due(now, true)) request_expiration();
    if (now < next_tick) return;
    tick(now);
    check_time_at_dispatch(current_processor());
}

} // namespace nt::ke
