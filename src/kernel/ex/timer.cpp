#include "kernel/ex/timer.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/report.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/timer.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include <algorithm>

namespace nt::ex {

namespace {

constexpr ULONG timer_tag = pool::tag("ExTm");

bool is_pending(const Timer& t) { return ke::is_timer_set(t.timer) || ke::is_queued(t.dpc) || t.running; }

// "at which time the pointer to this object is no longer valid": the callback comes after.
void destroy(Timer& t) {
    EXT_DELETE_CALLBACK* const callback = t.delete_callback;
    const PVOID context = t.delete_context;
    pool::release(&t);
    if (callback) seh::call_out(callback, context);
}

void run_callback(KDPC& dpc) {
    Timer& t = *static_cast<Timer*>(dpc.DeferredContext);
    if (t.callback) {
        t.running++;
        seh::call_out(t.callback, &t, t.context);
        t.running--;
    }
    if (!t.disabled || is_pending(t)) return;
    if (t.abandoned)
        destroy(t);
    else
        ke::set_event(t.idle);
}

} // namespace

Timer* allocate_timer(EXT_CALLBACK* callback, PVOID context, ULONG attributes) {
    auto* t = static_cast<Timer*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Timer), timer_tag, ke::calling_address()));
    if (!t) return nullptr;
    *t = {};
    ke::initialize_timer(t->timer,
                         attributes & timer_notification ? NotificationTimer : SynchronizationTimer);
    ke::initialize_host_dpc(t->dpc, run_callback, t);
    ke::initialize_event(t->idle, NotificationEvent, false);
    t->callback = callback;
    t->context = context;
    t->attributes = attributes;
    return t;
}

// assumed: a virtual processor has no low-power state to be woken from, so no-wake timers are like others.
bool set_timer(Timer& t, LONGLONG due, ULONG period) {
    if (t.disabled) return false;
    const bool precise = t.attributes & timer_high_resolution;
    const ULONGLONG now = precise ? ke::interrupt_time() : ke::tick_time();
    const ULONGLONG at =
        due < 0 ? now - static_cast<ULONGLONG>(due) : std::max<LONGLONG>(due - ke::boot_time(), 0);
    const bool was_set = ke::set_fine_timer(t.timer, at, period, precise, &t.dpc);
    ke::dispatch();
    return was_set;
}

bool cancel_timer(Timer& t) { return !t.disabled && ke::cancel_timer(t.timer); }

bool delete_timer(Timer& t, bool cancel, bool wait, EXT_DELETE_CALLBACK* callback, PVOID context) {
    if (t.disabled) return false;
    t.disabled = true;
    t.delete_callback = callback;
    t.delete_context = context;
    const bool cancelled = cancel && ke::cancel_timer(t.timer);
    t.timer.Period =
        0; // "A periodic timer can never expire more than once after the timer object is disabled."
    if (is_pending(t)) {
        t.abandoned = !wait;
        if (!wait) return cancelled;
        ke::wait_for_single_object(&t.idle, Executive, KernelMode, false, nullptr);
    }
    destroy(t);
    return cancelled;
}

} // namespace nt::ex
