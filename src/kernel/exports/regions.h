// Critical and guarded regions of the running thread: kernel page "Critical Regions and Guarded Regions".
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/thread.h"

namespace nt::exports {

inline void deliver_apcs_if_enabled() {
    if (ke::current_irql() < APC_LEVEL) ke::deliver_kernel_apcs();
}
inline void enter_critical_region() { ke::current_thread().Tcb.KernelApcDisable--; }
inline void leave_critical_region() {
    if (++ke::current_thread().Tcb.KernelApcDisable == 0) deliver_apcs_if_enabled();
}
inline void enter_guarded_region() { ke::current_thread().Tcb.SpecialApcDisable--; }
inline void leave_guarded_region() {
    if (++ke::current_thread().Tcb.SpecialApcDisable == 0) deliver_apcs_if_enabled();
}

} // namespace nt::exports
