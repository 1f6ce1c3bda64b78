// Where the running thread may run: nf-wdm-kesetsystemaffinitythread, nf-wdm-kesetsystemaffinitythreadex,
// nf-wdm-kesetsystemgroupaffinitythread and the functions that revert them. A mask that names a processor
// that does not exist, or none, has no effect.
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/ke/affinity.h"
#include "kernel/ke/priority.h"

using namespace nt;

static bool is_usable(KAFFINITY mask) { return mask && exports::existing(mask) == mask; }

extern "C" KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY mask) {
    return is_usable(mask) ? ke::set_system_affinity(mask) : 0;
}
GATE(KeSetSystemAffinityThreadEx);

extern "C" void KeSetSystemAffinityThread(KAFFINITY mask) { KeSetSystemAffinityThreadEx(mask); }
GATE(KeSetSystemAffinityThread);

// "A call … has no effect unless it is preceded by a call to KeSetSystemAffinityThreadEx."
extern "C" void KeRevertToUserAffinityThreadEx(KAFFINITY mask) {
    if (!mask)
        ke::revert_to_user_affinity();
    else if (is_usable(mask) && ke::has_system_affinity(ke::current_thread()))
        ke::set_system_affinity(mask);
}
GATE(KeRevertToUserAffinityThreadEx);

extern "C" void KeRevertToUserAffinityThread() { ke::revert_to_user_affinity(); }
GATE(KeRevertToUserAffinityThread);

// "removes any affinity mask bits that correspond to processors that are not currently active"
extern "C" void KeSetSystemGroupAffinityThread(const GROUP_AFFINITY* affinity, GROUP_AFFINITY* previous) {
    const GROUP_AFFINITY wanted = *affinity;
    if (previous) *previous = {};
    const KAFFINITY mask = exports::existing(wanted.Mask);
    if (!exports::is_valid(wanted) || !mask) return;
    const KAFFINITY before = ke::set_system_affinity(mask);
    if (previous) previous->Mask = before;
}
GATE(KeSetSystemGroupAffinityThread);

extern "C" void KeRevertToUserGroupAffinityThread(const GROUP_AFFINITY* previous) {
    const GROUP_AFFINITY wanted = *previous;
    if (!wanted.Mask)
        ke::revert_to_user_affinity();
    else if (exports::is_valid(wanted) && exports::existing(wanted.Mask) &&
             ke::has_system_affinity(ke::current_thread()))
        ke::set_system_affinity(exports::existing(wanted.Mask));
}
GATE(KeRevertToUserGroupAffinityThread);

// Reserved for the system, but drivers import it. assumed: the old ideal processor comes back; a number that
// does not exist changes nothing.
extern "C" UCHAR KeSetIdealProcessorThread(KTHREAD* thread, UCHAR number) {
    ke::Thread& target = ke::as_thread(thread);
    const auto old = static_cast<UCHAR>(target.Tcb.IdealProcessor);
    if (number < ke::processor_count()) {
        ke::set_ideal_processor(target, number);
        target.Tcb.UserIdealProcessor = number;
    }
    return old;
}
GATE(KeSetIdealProcessorThread);
