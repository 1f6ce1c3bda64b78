// Which thread runs where. Priorities 0 to 31; a ready thread goes to an idle processor of its affinity (its
// ideal one first, then the one it ran on last), else it preempts a thread of lower priority on its ideal
// processor, else it waits in that processor's queue, from which idle processors take too. A thread runs
// until it waits, yields, ends, is preempted, or has used up its quantum while another of its priority is
// ready.
//
// Functions that make threads ready do not switch by themselves: call dispatch() when everything is
// consistent, or let the next lowering below DISPATCH_LEVEL do it.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

// Quantum of every thread: two clock ticks, as client Windows gives a background process.
inline constexpr ULONGLONG quantum_length = 2 * 156'250;

void ready_thread(Thread& thread);
// Switches if a thread of higher priority became ready for this processor. Nothing at DISPATCH_LEVEL or
// above.
inline void dispatch() {
    if (pending_level() > current_irql()) [[unlikely]]
        deliver_pending();
}
// Gives up the processor; the caller has put itself where somebody finds it (wait lists), or nowhere (it
// ends). IRQL below DISPATCH_LEVEL.
void switch_away();
// To the end of the queue of its priority (NtYieldExecution). False: nobody else was ready.
bool yield();

// Runs threads until the machine stops (the_stop). On the main fiber.
void run_machine();

// Called when a processor goes on with a thread, or the machine with another processor: switches address
// spaces (plugged by ps).
extern void (*on_thread_switch)(Thread& to);
// Called before a driver's routine runs on an idle thread: nothing that was left for later may stay so.
extern void (*before_idle_runs_code)();

} // namespace nt::ke
