// The receiving half of inter-processor calls (ipi.h).
#pragma once
#include "abi/types.h"

namespace nt::ke {

inline constexpr ULONG ipi_vector = 0xE1; // IPI_LEVEL
// At IPI_LEVEL: joins the call that is going on.
void take_part_in_ipi();

} // namespace nt::ke
