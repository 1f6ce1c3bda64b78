// Connecting service routines that run at PASSIVE_LEVEL, in a thread. PASSIVE_LEVEL.
#pragma once
#include "abi/misc.h"

namespace nt::io {

NTSTATUS connect_passively(KINTERRUPT& interrupt);
void disconnect_passively(KINTERRUPT& interrupt); // waits until the routine is not running

} // namespace nt::io
