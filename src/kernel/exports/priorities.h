// Priorities by class: a process's base priority and the priorities of its threads relative to it. Win32 page
// "Scheduling Priorities".
#pragma once
#include "abi/thread.h"
#include "kernel/ke/priority.h"
#include "kernel/ps/priority_class.h"

namespace nt::exports {

using ps::base_of_class;
using ps::priority_class_count;
using ps::realtime_class;

inline CHAR process_base(const ke::Thread& thread) {
    return thread.process ? static_cast<const EPROCESS*>(thread.process)->Pcb.BasePriority : CHAR{8};
}

// An increment of 16 or -16 saturates: the highest or lowest priority of the class's range (1 to 15, 16 to
// 31).
inline constexpr LONG saturating = 16;

// The base priority that an increment over the process's gives; it stays in the process's range.
inline KPRIORITY base_with(const ke::Thread& thread, LONG increment) {
    const KPRIORITY base = process_base(thread);
    const bool realtime = base >= ke::low_real_time_priority;
    const KPRIORITY low = realtime ? ke::low_real_time_priority : 1, high = realtime ? ke::high_priority : 15;
    if (increment >= saturating) return high;
    if (increment <= -saturating) return low;
    return base + increment < low ? low : base + increment > high ? high : base + increment;
}
// Keeps increment and saturation with the thread, so that the process's base may move later.
void set_base_increment(ke::Thread& thread, LONG increment);
LONG base_increment(const ke::Thread& thread);

} // namespace nt::exports
