// Charging time to what runs (accounting.h).
#pragma once
#include "kernel/ke/accounting.h"
#include "kernel/ke/processor.h"

namespace nt::ke {

// Charges the time since the last charge to what the processor was doing.
void charge_account(Processor& p);
// From now on the processor does something else; gives what it did.
Activity change_activity(Processor& p, Activity to);

} // namespace nt::ke
