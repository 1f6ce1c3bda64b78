// Running what interrupts and DPC requests have left to do.
#pragma once
#include "kernel/ke/detail/processor_state.h"

namespace nt::ke {

// Expires timers and runs the processor's DPCs at DISPATCH_LEVEL, then goes back to the level before.
void retire_dpcs();
// DPCs that are in no hurry: processed at the next tick, or when the processor idles.
void request_waiting_dpcs(Processor& p);
// Calls the interrupt service routines connected to a pending vector.
void run_interrupt(ULONG vector);
// Signals timers that are due; their DPCs are queued. At DISPATCH_LEVEL.
void expire_timers();

} // namespace nt::ke
