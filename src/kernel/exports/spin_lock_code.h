// Exports that are guest code of ntoskrnl in the plain case and gates else.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace nt::exports {

// Its last bytes are `mov eax, index; jmp [rip + slot]`, the way through the gate.
inline constexpr std::size_t index_from_end = 10, slot_from_end = 4;
// The code for an export, with its index filled in; empty: it has none. The slot is the image's to fill in.
std::vector<std::uint8_t> spin_lock_code(std::string_view name, std::uint32_t index);

} // namespace nt::exports
