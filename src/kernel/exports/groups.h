// Processor groups: there is one, group 0, which holds every processor, and one node. A processor's index is
// its number in the group. Kernel page "Supporting Systems That Have More Than 64 Processors".
#pragma once
#include "abi/thread.h"
#include "kernel/ke/processor.h"

namespace nt::exports {

inline constexpr USHORT all_groups = 0xFFFF;
inline constexpr ULONG no_processor = 0xFFFF'FFFF; // INVALID_PROCESSOR_INDEX

inline ULONG processor_index(const PROCESSOR_NUMBER& number) {
    return number.Group == 0 && number.Reserved == 0 && number.Number < ke::processor_count() ? number.Number
                                                                                              : no_processor;
}
inline PROCESSOR_NUMBER processor_number_of(ULONG index) {
    return {.Group = 0, .Number = static_cast<UCHAR>(index), .Reserved = 0};
}
// What `mask` names of the processors there are.
inline KAFFINITY existing(KAFFINITY mask) { return mask & ke::all_processors(); }
inline bool is_valid(const GROUP_AFFINITY& affinity) {
    return affinity.Group == 0 && !affinity.Reserved[0] && !affinity.Reserved[1] && !affinity.Reserved[2];
}

} // namespace nt::exports
