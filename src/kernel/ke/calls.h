// Calls of a routine that a driver has registered: who removes it waits until those under way have returned,
// on a dispatcher object, so that a routine which removes itself is a wait that nobody can end. A remover
// marks the registration first, so that no further call begins. At PASSIVE_LEVEL.
#pragma once
#include "abi/types.h"

namespace nt::ke {

void call_ended(ULONG_PTR& running); // the last one wakes the remover
void wait_for_calls(const ULONG_PTR& running);

} // namespace nt::ke
