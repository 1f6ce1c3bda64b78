// Critical and guarded regions of the running thread: kernel page "Critical Regions and Guarded Regions".
// Rules CriticalRegions and GuardedRegions.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"

namespace nt::exports {

inline void deliver_apcs_if_enabled() {
    if (ke::current_irql() < APC_LEVEL) ke::deliver_kernel_apcs();
}
inline void enter_critical_region() {
    ke::Thread& self = ke::current_thread();
    if (self.Tcb.KernelApcDisable-- == 0) self.region_entered_by = ke::calling_address();
}
inline void leave_critical_region() {
    ke::Thread& self = ke::current_thread();
    if (self.Tcb.KernelApcDisable >= 0) [[unlikely]]
        NT_REPORT("CriticalRegions", ke::verifier_stop(0x3E),
                  "leaves a critical region without being in one");
    if (++self.Tcb.KernelApcDisable == 0) deliver_apcs_if_enabled();
}
inline void enter_guarded_region() {
    ke::Thread& self = ke::current_thread();
    if (self.Tcb.SpecialApcDisable-- == 0) self.region_entered_by = ke::calling_address();
}
inline void leave_guarded_region() {
    ke::Thread& self = ke::current_thread();
    if (self.Tcb.SpecialApcDisable >= 0) [[unlikely]]
        NT_REPORT("GuardedRegions", ke::verifier_stop(0x0004000E),
                  "leaves a guarded region without being in one");
    if (++self.Tcb.SpecialApcDisable == 0) deliver_apcs_if_enabled();
}

} // namespace nt::exports
