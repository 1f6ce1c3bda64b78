// Which instructions matter to rewriting and to inspect, as byte patterns (a quick scan), mnemonics and
// values.
#pragma once
#include "abi/types.h"
#include <Zydis/Zydis.h>

namespace nt::ldr {

inline constexpr std::uint64_t kernel_user_shared_data = 0xFFFF'F780'0000'0000;
inline constexpr std::uint64_t user_shared_data_alias = 0x7FFE'0000;
inline constexpr bool is_shared_data(std::uint64_t value) { return value - kernel_user_shared_data < 0x1000; }

// Addresses that only a kernel at 0xFFFF8000'00000000 has, or the highest user address there. Not the small
// negative numbers that relative times are.
inline constexpr bool is_kernel_range(std::uint64_t value) {
    return (value >= 0xFFFF'8000'0000'0000 && value < 0xFFFF'FE00'0000'0000) ||
           (value >= 0x7FFF'FFFE'0000 && value <= 0x8000'0000'0000) || value == 0xFFFF'7FFF'FFFF'FFFF;
}

// The first position from `at` on where an instruction that does not trap by itself may begin; `size`: none.
// For programs: sgdt and its kin are left out, since Linux answers them with constants where the processor
// has UMIP, and their patterns are frequent in other instructions.
ULONG next_pattern(const std::uint8_t* bytes, ULONG size, ULONG at);
bool is_interesting(ZydisMnemonic mnemonic);

enum class Treatment : UCHAR {
    report, // traps by itself, or harmless
    trap,   // would answer from the host: replaced
    flags,  // pushfq, popfq: replaced in functions that use cli or sti
    pause   // replaced when asked for
};
Treatment treatment_of(ZydisMnemonic mnemonic);

} // namespace nt::ldr
