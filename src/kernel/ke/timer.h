// Timers: KTIMER, and the timeouts of waits (each thread has a KTIMER of its own). They expire at clock
// ticks, in the order of their due times, below DISPATCH_LEVEL on the processor that took the tick; the
// resolution of the ticks can be raised. Pages: nf-wdm-keinitializetimerex, nf-wdm-kesettimerex,
// nf-wdm-kesetcoalescabletimer, nf-wdm-kecanceltimer, "Timer Accuracy". IRQL ≤ DISPATCH_LEVEL.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

void initialize_timer(KTIMER& timer, TIMER_TYPE type);
// `due`: negative relative, else absolute system time, 100 ns units. `period` and `tolerance` in
// milliseconds. True: it was set already (and is set anew). The signal is cleared.
bool set_timer(KTIMER& timer, LARGE_INTEGER due, ULONG period, ULONG tolerance, KDPC* dpc);
// True: it was set, and is no more, nor is its DPC queued. Its signal stays.
bool cancel_timer(KTIMER& timer);
inline bool is_timer_set(const KTIMER& timer) { return timer.Header.TimerMiscFlags & 0x40; }
inline bool is_timer_precise(const KTIMER& timer) { return timer.Header.TimerMiscFlags & 0x01; }

// The same in 100 ns units: `due` in interrupt time, `period` below 2^31. `precise`: it expires at its
// instant, not at a tick (high-resolution timers).
bool set_fine_timer(KTIMER& timer, ULONGLONG due, ULONG period, bool precise, KDPC* dpc);

// The wait of `thread` ends with STATUS_TIMEOUT at `due` (interrupt time).
void arm_timeout(Thread& thread, ULONGLONG due);
void disarm_timeout(Thread& thread);

// Interrupt time at the last tick: what relative times count from.
ULONGLONG tick_time();
inline constexpr ULONG finest_resolution = 5'000;
// Time between ticks: 5000 (0.5 ms) to 156250 (15.625 ms). Gives what is set then.
ULONG set_timer_resolution(ULONG units);
ULONG timer_resolution();

// For views. Not the timeouts of waits: those are each thread's Tcb.Timer.
void for_each_timer(void (*visit)(KTIMER& timer, void* context), void* context);

} // namespace nt::ke
