// Timers: nf-wdm-keinitializetimerex, nf-wdm-kesettimerex, nf-wdm-kesetcoalescabletimer,
// nf-wdm-kecanceltimer, nf-wdm-kereadstatetimer.
#include "kernel/ex/lock_ends.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/report.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/timer.h"

using namespace nt;

// Setting a timer whose time has passed signals it at once, which may wake somebody.
static BOOLEAN set(KTIMER* timer, LARGE_INTEGER due, LONG period, ULONG tolerance, KDPC* dpc) {
    // Without a list of waiters its expiration stops the machine, far from here.
    if (!timer->Header.WaitListHead.Flink) [[unlikely]]
        NT_REPORT("TimerNotInitialized", {}, "sets the KTIMER %p, which KeInitializeTimer did not initialize",
                  static_cast<void*>(timer));
    const bool was_set =
        ke::set_timer(*timer, due, period > 0 ? static_cast<ULONG>(period) : 0, tolerance, dpc);
    ke::dispatch();
    return was_set;
}

extern "C" void KeInitializeTimer(KTIMER* timer) {
    ex::check_timer_to_initialize(*timer);
    ke::initialize_timer(*timer, NotificationTimer);
}
GATE(KeInitializeTimer);

extern "C" void KeInitializeTimerEx(KTIMER* timer, ULONG type) {
    ex::check_timer_to_initialize(*timer);
    ke::initialize_timer(*timer, static_cast<TIMER_TYPE>(type & 1));
}
GATE(KeInitializeTimerEx);

extern "C" BOOLEAN KeSetTimer(KTIMER* timer, LARGE_INTEGER due, KDPC* dpc) {
    return set(timer, due, 0, 0, dpc);
}
GATE(KeSetTimer);

extern "C" BOOLEAN KeSetTimerEx(KTIMER* timer, LARGE_INTEGER due, LONG period, KDPC* dpc) {
    return set(timer, due, period, 0, dpc);
}
GATE(KeSetTimerEx);

extern "C" BOOLEAN KeSetCoalescableTimer(KTIMER* timer, LARGE_INTEGER due, ULONG period, ULONG tolerance,
                                         KDPC* dpc) {
    return set(timer, due, static_cast<LONG>(period), tolerance, dpc);
}
GATE(KeSetCoalescableTimer);

extern "C" BOOLEAN KeCancelTimer(KTIMER* timer) { return ke::cancel_timer(*timer); }
GATE(KeCancelTimer);

extern "C" BOOLEAN KeReadStateTimer(KTIMER* timer) { return timer->Header.SignalState != 0; }
GATE(KeReadStateTimer);
