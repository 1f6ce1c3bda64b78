// Calls on every processor at once: nf-wdm-keipigenericcall.
#pragma once
#include "abi/types.h"

namespace nt::ke {

typedef ULONG_PTR NTAPI KIPI_BROADCAST_WORKER(ULONG_PTR Argument);

// Interrupts every processor, raises it to IPI_LEVEL and calls the routine there when all have come. Gives
// the result of the calling processor's, after all have returned. IRQL < IPI_LEVEL.
ULONG_PTR call_on_all_processors(KIPI_BROADCAST_WORKER* routine, ULONG_PTR context);

} // namespace nt::ke
