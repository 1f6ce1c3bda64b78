// Calls on every processor: nf-wdm-keipigenericcall; KeGenericCallDpc and its kin (undocumented, see
// ke/dpc_call.h).
#include "kernel/exports/gate.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/dpc_call.h"
#include "kernel/ke/ipi.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"

using namespace nt;

extern "C" ULONG_PTR KeIpiGenericCall(ke::KIPI_BROADCAST_WORKER* routine, ULONG_PTR context) {
    return ke::call_on_all_processors(routine, context);
}
GATE(KeIpiGenericCall);

namespace {

// Two calls at a time could meet each other's DPCs: one follows the other.
KEVENT& turn() {
    static KEVENT* event = nullptr;
    if (!event) {
        event = static_cast<KEVENT*>(pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("KeDc")));
        ke::initialize_event(*event, SynchronizationEvent, true);
    }
    return *event;
}

} // namespace

extern "C" void KeGenericCallDpc(PKDEFERRED_ROUTINE routine, PVOID context) {
    const SIZE_T size = sizeof(ke::DpcCall) + ke::processor_count() * sizeof(KDPC);
    ke::wait_for_single_object(&turn(), Executive, KernelMode, false, nullptr);
    auto* call = static_cast<ke::DpcCall*>(pool::allocate(pool::Kind::nonpaged, size, pool::tag("KeDc")));
    *call = {};
    ke::call_dpc_everywhere(*call, routine, context);
    pool::release(call);
    ke::set_event(turn());
}
GATE(KeGenericCallDpc);

extern "C" void KeSignalCallDpcDone(ke::DpcCall* call) { ke::signal_call_done(*call); }
GATE(KeSignalCallDpcDone);

extern "C" ULONG KeSignalCallDpcSynchronize(ke::DpcCall* call) { return ke::meet_in_call(*call); }
GATE(KeSignalCallDpcSynchronize);
