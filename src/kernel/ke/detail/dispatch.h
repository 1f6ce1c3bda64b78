// The steps that deliver_pending() and the idle loop are made of.
#pragma once
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

// Chooses the next thread of the processor (its idle thread, if there is none) and goes on with it. The
// thread that ran is already placed elsewhere, or is the idle thread.
void switch_to_next();
// The running thread is preempted by one of higher priority: to the head of its queue, and on. False: nobody
// outranks it.
bool preempt();
// Its quantum is used up: its boost decays, and it goes behind others of its priority.
void end_quantum();
// At a clock tick: notes the end of the running thread's quantum.
void check_quantum(Processor& p);
// At a clock tick: now and then those who wait for a processor in vain get a boost.
void help_starving(ULONGLONG now);
// A thread that runs or is standby on `p` may no longer do so, or another outranks it: looked at when the
// IRQL allows.
void request_dispatch(Processor& p);
// The processor begins to idle (at its making).
void start_idle(Processor& p);
// A thread that is some processor's next is so no more.
void take_off_standby(Thread& thread);
// Takes a ready thread off its queue.
void remove_ready(Thread& thread);

// Lets another processor run. `p` must have something to do.
void run_processor(Processor& p);
// Where a processor has nothing to do: lets the others run, or time pass. Returns when it may have.
void wait_for_work();

} // namespace nt::ke
