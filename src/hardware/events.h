// What the modelled machine will do at a virtual time: a timer that runs out, a byte that arrives, a transfer
// that is over. Times are interrupt time, 100 ns units since boot.
//
// The core asks next_due() when it decides how far time may jump, and calls run_due() at switch points.
// Callbacks run on a host stack, outside any guest code; they may schedule and cancel, raise interrupts
// (which only makes them pending) and touch physical memory, but never run guest code. Order is by time, then
// by the order of scheduling: nothing else decides it.
#pragma once
#include "abi/types.h"

namespace nt::hardware::events {

using Function = void (*)(void* context);
using Id = ULONGLONG; // never 0, never used again
inline constexpr ULONGLONG never = ~0ull;

// O(log n). A time in the past is due at once, that is at the next run_due.
Id schedule(ULONGLONG due, Function function, void* context);
// False: it has run (or runs now), was cancelled, or never was. O(log n).
bool cancel(Id id);
// Time of the earliest event; `never` when there is none. O(1).
ULONGLONG next_due();
// Runs what is due at `now`, in order. What a callback schedules comes 100 ns after its own time at the
// earliest, so a call always ends; it runs in the same call if it is due by then, as if the call had come in
// time. A call from inside a callback does nothing.
void run_due(ULONGLONG now);
// The time of the event whose callback runs; `otherwise` when none does.
ULONGLONG time_of_running(ULONGLONG otherwise);
// Called when an event becomes the earliest, so that the core looks at next_due() again. Null: nobody.
void set_earlier_hook(void (*hook)());
ULONG pending();
// Forgets all events (a machine that starts anew; unit tests).
void clear();

} // namespace nt::hardware::events
