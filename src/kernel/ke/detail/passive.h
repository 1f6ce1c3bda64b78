// Interrupts whose service routines run at PASSIVE_LEVEL, in a thread.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-passive-level-interrupt-handling-routines
#pragma once
#include "kernel/ke/interrupt.h"

namespace nt::ke {

// At the vector's IRQL: silences the interrupt and has the service routines called later.
void serve_passively(ULONG vector, const KINTERRUPT& first);
BOOLEAN synchronize_passively(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context);

} // namespace nt::ke
