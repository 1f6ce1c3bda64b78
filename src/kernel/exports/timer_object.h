// The type Timer: waitable timers of programs. A set timer with a routine queues a user APC to the thread
// that set it; it is cancelled when that thread ends. Page: nf-synchapi-setwaitabletimer.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ob/type.h"

namespace nt::ke {
struct Thread;
}

namespace nt::exports {

extern OBJECT_TYPE* timer_type;

struct TimerObject {
    KTIMER timer;
    KDPC dpc;
    KAPC apc;
    ke::Thread* thread; // who gets the APC; null: there is none
    LIST_ENTRY link;    // ETHREAD.ActiveTimerListHead of that thread
};

// After ob::initialize().
NTSTATUS initialize_timer_type();

void initialize_timer_object(TimerObject& timer, TIMER_TYPE type);
// Sets it, for the running thread if there is a routine. `period` and `tolerance` in milliseconds.
void set_timer_object(TimerObject& timer, LARGE_INTEGER due, PKNORMAL_ROUTINE routine, PVOID context,
                      ULONG period, ULONG tolerance);
// Stops it and takes an APC of it back; the signal stays.
void cancel_timer_object(TimerObject& timer);

} // namespace nt::exports
