// What is due in virtual time: clock ticks, timers, events of the modelled hardware.
#pragma once
#include "abi/types.h"

namespace nt::ke {

// The next instant at which something may be due: a clock tick at the latest.
ULONGLONG next_event_time();
// With nothing to run: the next instant at which something is due that could change that; ~0: nothing is.
ULONGLONG next_event_when_idle();
// Lets everything happen that is due by now. It only marks what processors then deliver.
void run_due_events();

// Timers, for run_due_events: true when one is due by `now`; `precise`: those that do not wait for ticks.
bool timers_due(ULONGLONG now, bool precise);
// A time at or before which no timer is due; ~0: there is none.
ULONGLONG next_timer(bool precise);

} // namespace nt::ke
