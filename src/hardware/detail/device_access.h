// Instructions whose operand is device memory (PrivilegedOps::device_memory).
#pragma once
#include "hardware/emulate.h"

namespace nt::hardware {

class Decoded;

// Outcome::exception with an access violation: another operand of the instruction faulted. not_modelled: an
// instruction that nobody uses on registers.
Emulation access_device(Decoded& insn, PrivilegedOps& ops);
// A load from the kernel address of KUSER_SHARED_DATA, which is elsewhere; false: it is something else.
bool load_shared_data(Decoded& insn, PrivilegedOps& ops);

} // namespace nt::hardware
