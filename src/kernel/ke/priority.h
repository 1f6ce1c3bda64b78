// Priorities and where threads may run. Below 16 a thread's priority may stand above its base by a boost (a
// wait was satisfied, I/O was completed), which decays by one with each quantum; 16 to 31 are real-time and
// never boosted. Documented in "Scheduling Priorities" and "Priority Boosts" of the Win32 guide.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

inline constexpr KPRIORITY low_real_time_priority = 16, high_priority = 31;

// KeSetPriorityThread: priority and no boost; gives the one before. DISPATCH_LEVEL or below.
KPRIORITY set_priority(Thread& thread, KPRIORITY priority);
// Base priority (0 to 31) of a thread; its priority moves along, a boost is lost.
void set_base_priority(Thread& thread, KPRIORITY base);
// After a wait: up to `increment` above the base, at most 15; never down.
void boost_priority(Thread& thread, KPRIORITY increment);
// SetThreadPriorityBoost: the thread gets no boosts any more; one that it has decays.
void disable_boosts(Thread& thread, bool disabled);
bool boosts_disabled(const Thread& thread);
// At the end of a quantum: the boost decays.
void decay_priority(Thread& thread);

// Processors that the thread may run on; not empty. Gives the mask before. It moves at once if it must.
KAFFINITY set_affinity(Thread& thread, KAFFINITY mask);
// Its first choice; gives the one before.
ULONG set_ideal_processor(Thread& thread, ULONG number);

} // namespace nt::ke
