#include "kernel/ke/affinity.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/scheduler.h"

namespace nt::ke {

KAFFINITY set_system_affinity(KAFFINITY mask) {
    Thread& self = current_thread();
    const KAFFINITY before = has_system_affinity(self) ? self.Tcb.Affinity.Mask : 0;
    self.Tcb.MiscFlags |= system_affinity_active;
    set_affinity(self, mask);
    dispatch();
    return before;
}

void revert_to_user_affinity() {
    Thread& self = current_thread();
    if (!has_system_affinity(self)) return;
    self.Tcb.MiscFlags &= ~system_affinity_active;
    set_affinity(self, self.Tcb.UserAffinity.Mask);
    dispatch();
}

KAFFINITY set_user_affinity(Thread& thread, KAFFINITY mask) {
    const KAFFINITY before = thread.Tcb.UserAffinity.Mask;
    thread.Tcb.UserAffinity.Mask = mask;
    if (!has_system_affinity(thread)) {
        set_affinity(thread, mask);
        dispatch();
    }
    return before;
}

} // namespace nt::ke
