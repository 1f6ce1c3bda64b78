// Code that spins, and how it ends when it does so for ever. Three answers, all of them in virtual time:
//   at DISPATCH_LEVEL and above   the DPC watchdog of Windows, bug check 0x133: 20 seconds in one DPC or
//                                 service routine, two minutes at that level as a whole
//   below it                      ten minutes of nothing but `pause`, KeStallExecutionProcessor and yields
//   are
//                                 a hang
//   code that calls nothing       ex/trap.cpp: only the host's clock can find it
// Page: bug-check-0x133-dpc-watchdog-violation.md, whose examples have the two limits.
#pragma once
#include "abi/types.h"

namespace nt::ke {

struct Processor;

// The running code spins once for so many 100 ns units: others may go on, what is due happens.
void spin_once(ULONGLONG units);
// To the end of the queue of its priority. False: nobody else was ready, so the code has spun; another
// processor may have what it is waiting for.
bool yield_or_spin();
// At each clock tick, on the processor that notices it.
void check_time_at_dispatch(const Processor& p);

} // namespace nt::ke
