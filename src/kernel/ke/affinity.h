// User and system affinity. A thread's user affinity is what programs ask for (and what it was made with); a
// driver may set a system affinity instead for a while. Pages: nf-wdm-kesetsystemaffinitythreadex,
// nf-wdm-kereverttouseraffinitythreadex, nf-wdm-kesetsystemgroupaffinitythread.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

inline constexpr ULONG system_affinity_active = 0x8; // KTHREAD.MiscFlags: SystemAffinityActive
inline bool has_system_affinity(const Thread& thread) {
    return thread.Tcb.MiscFlags & system_affinity_active;
}

// The running thread runs on these processors (not empty, all exist) from now on, at once below
// DISPATCH_LEVEL. Gives the system affinity before; 0: it was the user affinity.
KAFFINITY set_system_affinity(KAFFINITY mask);
// Back to the user affinity; nothing if there is no system affinity.
void revert_to_user_affinity();
// The user affinity of any thread; in force at once unless a system affinity is. Gives the one before.
KAFFINITY set_user_affinity(Thread& thread, KAFFINITY mask);

} // namespace nt::ke
