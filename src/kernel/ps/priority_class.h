// PROCESS_PRIORITY_CLASS: idle, normal, high, realtime, below normal, above normal; 0 is unknown. What they
// mean for base priorities: Win32 page "Scheduling Priorities".
#pragma once
#include "abi/types.h"

namespace nt::ps {

enum PriorityClass : UCHAR { idle_class = 1, normal_class = 2, realtime_class = 4, below_normal_class = 5 };
inline constexpr UCHAR priority_class_count = 7;
inline constexpr CHAR base_of_class[priority_class_count] = {8, 4, 8, 13, 24, 6, 10};

} // namespace nt::ps
