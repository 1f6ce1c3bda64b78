// The lookaside lists that exist, for what Driver Verifier checks: 0xC4 with 0xCA (initialized again), 0xCB
// (deleted without being initialized) and 0xCC (freed while it is active). Lists are initialized and deleted
// through exports only; allocating and freeing is the drivers' inline code, which does not come here.
#pragma once
#include "abi/types.h"

namespace nt::ex {

void note_lookaside_list(const void* list);
void forget_lookaside_list(const void* list);

} // namespace nt::ex
