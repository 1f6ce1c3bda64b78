// One instruction carried out by the processor itself, on a copy of its memory operand.
//
// Device registers are not memory, and KUSER_SHARED_DATA is elsewhere than the code says; but what an
// instruction does with an operand (its flags, its extensions, its merging into a register) is the same
// wherever the operand lies. So the bytes of the instruction are copied with the operand's address replaced
// by that of a buffer, and run with the guest's general registers, flags and xmm registers. What goes on the
// bus stays the emulator's matter.
#pragma once
#include "hardware/detail/decoded.h"

namespace nt::hardware {

// Only instructions that cannot fault, jump, or touch the stack, segments, x87 or control state.
bool can_execute(const Decoded& insn, const ZydisDecodedOperand& memory);
// Carries such an instruction out with `data` (16 bytes) standing for its memory operand, and goes to the
// next one.
void execute_on(Decoded& insn, const ZydisDecodedOperand& memory, UCHAR* data);

// bt and its kin with the bit in a register, which may lead out of the operand as written.
bool is_bit_string(const Decoded& insn);
// cmp of the accumulator's low `bytes` bytes with `right`: the flags only. For scas and cmps.
void compare(CONTEXT& context, ULONGLONG left, ULONGLONG right, ULONG bytes);

} // namespace nt::hardware
