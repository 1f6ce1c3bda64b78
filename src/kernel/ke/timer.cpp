#include "kernel/ke/timer.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/events.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/detail/timer_wheel.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/watched_memory.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdlib>

namespace nt::ke {

namespace {

constexpr UCHAR inserted_flag = 0x40, precise_flag = 0x01; // of DISPATCHER_HEADER.TimerMiscFlags
constexpr UCHAR fine_period_flag = 0x02;                   // KTIMER.Period counts 100 ns units
constexpr UCHAR absolute_flag = 0x01;                      // of TimerControlFlags
constexpr USHORT thread_timer = 0xffff;                    // KTIMER.TimerType of a thread's timeout
constexpr ULONGLONG millisecond = 10'000;

TimerWheel by_tick, by_instant;

TimerWheel& wheel_of(const KTIMER& timer) {
    return timer.Header.TimerMiscFlags & precise_flag ? by_instant : by_tick;
}

void insert(KTIMER& timer) {
    timer.Header.TimerMiscFlags |= inserted_flag;
    mark_memory(&timer);
    wheel_of(timer).insert(timer);
    if (timer.Header.TimerMiscFlags & precise_flag) request_attention(current_processor());
}

bool remove(KTIMER& timer) {
    if (!is_timer_set(timer)) return false;
    wheel_of(timer).remove(timer);
    unmark_memory(&timer);
    timer.Header.TimerMiscFlags &= static_cast<UCHAR>(~inserted_flag);
    return true;
}

// assumed: a tolerable delay moves a timer to a whole multiple of the longest of these intervals that it
// covers, so that timers with tolerance expire together.
ULONGLONG coalesce(ULONGLONG due, ULONG tolerance) {
    for (const ULONG interval : {1000u, 250u, 100u, 50u}) {
        if (tolerance < interval) continue;
        const ULONGLONG unit = interval * millisecond;
        const ULONGLONG rounded = (due + unit - 1) / unit * unit;
        if (rounded <= due + tolerance * millisecond) return rounded;
    }
    return due;
}

// "A periodic timer can expire no more than once per system clock tick."
void insert_next_period(KTIMER& timer) {
    const bool precise = timer.Header.TimerMiscFlags & precise_flag;
    const ULONGLONG period =
        timer.Header.TimerMiscFlags & fine_period_flag ? timer.Period : timer.Period * millisecond;
    const ULONGLONG earliest = precise ? interrupt_time() + finest_resolution : tick_time() + 1;
    timer.DueTime.QuadPart = std::max(timer.DueTime.QuadPart + period, earliest);
    insert(timer);
}

void expire(KTIMER& timer) {
    unmark_memory(&timer);
    timer.Header.TimerMiscFlags &= static_cast<UCHAR>(~inserted_flag);
    if (timer.TimerType == thread_timer) {
        detail::unwait(*NT_CONTAINER(&timer, Thread, Tcb.Timer), STATUS_TIMEOUT);
        return;
    }
    if (trace::on) trace::emit_timer_expired(&timer, timer.DueTime.QuadPart, timer.Dpc);
    timer.Header.SignalState = 1;
    KDPC* const dpc = timer.Dpc;
    if (timer.Period) insert_next_period(timer);
    test_waits(timer.Header);
    if (dpc) {
        const ULONGLONG now = static_cast<ULONGLONG>(system_time());
        insert_queue_dpc(*dpc, reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(static_cast<ULONG>(now))),
                         reinterpret_cast<PVOID>(now >> 32));
    }
}

} // namespace

void initialize_timer(KTIMER& timer, TIMER_TYPE type) {
    timer = {};
    initialize_header(timer.Header, 0, 0, 0);
    timer.Header.TimerType = static_cast<UCHAR>(TimerNotificationObject + static_cast<int>(type));
}

// Takes it off, with the signal and what its last setting asked for; true: it was set.
static bool begin_setting(KTIMER& timer, ULONG period, KDPC* dpc) {
    const bool was_set = remove(timer);
    timer.Header.TimerMiscFlags = 0;
    timer.Header.SignalState = 0;
    timer.Dpc = dpc;
    timer.Period = period;
    return was_set;
}

bool set_timer(KTIMER& timer, LARGE_INTEGER due, ULONG period, ULONG tolerance, KDPC* dpc) {
    const bool was_set = begin_setting(timer, period, dpc);
    timer.Header.TimerControlFlags = due.QuadPart >= 0 ? absolute_flag : 0;
    ULONGLONG at;
    if (due.QuadPart < 0)
        at = tick_time() + (0 - static_cast<ULONGLONG>(due.QuadPart));
    else
        at = static_cast<ULONGLONG>(std::max<LONGLONG>(due.QuadPart - boot_time(), 0));
    timer.DueTime.QuadPart = coalesce(at, tolerance);
    if (trace::on) trace::emit_timer_set(&timer, timer.DueTime.QuadPart, period, dpc);
    if (timer.DueTime.QuadPart <= tick_time()) { // past: at once
        expire(timer);
        return was_set;
    }
    insert(timer);
    return was_set;
}

bool set_fine_timer(KTIMER& timer, ULONGLONG due, ULONG period, bool precise, KDPC* dpc) {
    const bool was_set = begin_setting(timer, period, dpc);
    timer.Header.TimerMiscFlags = precise ? fine_period_flag | precise_flag : fine_period_flag;
    timer.DueTime.QuadPart = due;
    if (trace::on) trace::emit_timer_set(&timer, due, period / millisecond, dpc);
    if (due <= (precise ? interrupt_time() : tick_time()))
        expire(timer);
    else
        insert(timer);
    return was_set;
}

bool cancel_timer(KTIMER& timer) {
    const bool was_set = remove(timer);
    if (was_set && trace::on) trace::emit_timer_cancelled(&timer);
    if (was_set && timer.Dpc) remove_queue_dpc(*timer.Dpc);
    timer.Period = 0;
    return was_set;
}

void arm_timeout(Thread& thread, ULONGLONG due) {
    KTIMER& timer = thread.Tcb.Timer;
    timer.TimerType = thread_timer;
    timer.DueTime.QuadPart = due;
    insert(timer);
}

void disarm_timeout(Thread& thread) { remove(thread.Tcb.Timer); }

bool timers_due(ULONGLONG now, bool precise) { return (precise ? by_instant : by_tick).next() <= now; }
ULONGLONG next_timer(bool precise) { return (precise ? by_instant : by_tick).next(); }

void expire_timers() {
    while (KTIMER* timer = by_tick.take_due(tick_time()))
        expire(*timer);
    while (KTIMER* timer = by_instant.take_due(interrupt_time()))
        expire(*timer);
}

void for_each_timer(void (*visit)(KTIMER&, void*), void* context) {
    for (const TimerWheel* wheel : {&by_tick, &by_instant})
        wheel->for_each([&](KTIMER& timer) {
            if (timer.TimerType != thread_timer) visit(timer, context);
        });
}

} // namespace nt::ke
