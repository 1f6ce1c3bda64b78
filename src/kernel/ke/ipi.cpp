#include "kernel/ke/ipi.h"
#include "abi/dispatcher.h"
#include "kernel/ke/detail/ipi.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spin.h"
#include "kernel/seh/crossing.h"

namespace nt::ke {

namespace {

// The one call that is going on; null: none is.
struct Broadcast {
    KIPI_BROADCAST_WORKER* routine = nullptr;
    ULONG_PTR context = 0;
    ULONG arrived = 0, returned = 0;
} broadcast;

ULONG_PTR take_part() {
    broadcast.arrived++;
    const PVOID what = reinterpret_cast<PVOID>(broadcast.routine);
    spin_until([] { return broadcast.arrived == processor_count(); }, what);
    if (current_processor().is_idle()) before_idle_runs_code();
    const ULONG_PTR result = seh::call_out(broadcast.routine, broadcast.context);
    broadcast.returned++;
    return result;
}

} // namespace

void take_part_in_ipi() {
    // A request that somebody else's call has already answered: nothing to do.
    if (broadcast.routine) take_part();
}

ULONG_PTR call_on_all_processors(KIPI_BROADCAST_WORKER* routine, ULONG_PTR context) {
    // Another processor's call comes first, and this processor takes part in it while it spins.
    spin_until([] { return !broadcast.routine; }, reinterpret_cast<PVOID>(routine));
    const KIRQL old = raise_irql(IPI_LEVEL);
    broadcast = {routine, context, 0, 0};
    for (ULONG i = 0; i < processor_count(); i++)
        if (i != current_processor_number()) request_interrupt(ipi_vector, i);
    const ULONG_PTR result = take_part();
    spin_until([] { return broadcast.returned == processor_count(); }, reinterpret_cast<PVOID>(routine));
    broadcast = {};
    lower_irql(old);
    return result;
}

} // namespace nt::ke
