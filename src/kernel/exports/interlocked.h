// The critical section of ExInterlocked… routines. A gate is one step for every processor, so the caller's
// spin lock need not be taken; but who has taken it by KeAcquireSpinLock keeps it until they release it.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/spin.h"

namespace nt::exports {

inline void pass_spin_lock(KSPIN_LOCK* lock) {
    if (*lock == 0) [[likely]]
        return;
    // "masks interrupts"
    const KIRQL old = ke::current_irql();
    if (old < HIGH_LEVEL) ke::raise_irql(HIGH_LEVEL);
    ke::acquire_spin(*lock);
    ke::release_spin(*lock);
    ke::lower_irql(old);
}

} // namespace nt::exports
