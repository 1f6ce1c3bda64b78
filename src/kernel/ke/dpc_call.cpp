#include "kernel/ke/dpc_call.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/spin.h"
#include "kernel/seh/crossing.h"

namespace nt::ke {

void call_dpc_everywhere(DpcCall& call, PKDEFERRED_ROUTINE routine, PVOID context) {
    call.left = processor_count();
    const KIRQL old = raise_irql(DISPATCH_LEVEL);
    const ULONG here = current_processor_number();
    for (ULONG i = 0; i < processor_count(); i++) {
        KDPC& dpc = call.dpcs[i];
        initialize_dpc(dpc, routine, context, false);
        set_dpc_importance(dpc, HighImportance);
        set_dpc_target(dpc, i);
        if (i != here) insert_queue_dpc(dpc, &call, &call);
    }
    seh::call_out(routine, &call.dpcs[here], context, static_cast<PVOID>(&call), static_cast<PVOID>(&call));
    spin_until([&call] { return call.left == 0; }, &call);
    lower_irql(old);
}

void signal_call_done(DpcCall& call) { call.left--; }

bool meet_in_call(DpcCall& call) {
    const ULONG generation = call.generation;
    if (++call.arrived == processor_count()) {
        call.arrived = 0;
        call.generation++;
        return true;
    }
    spin_until([&call, generation] { return call.generation != generation; }, &call);
    return false;
}

} // namespace nt::ke
