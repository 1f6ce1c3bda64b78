#include "kernel/ke/apc.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/signals.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/scheduler.h"

namespace nt::ke {

// A KAPC lies in guest memory and may hold no host address: it names its host function by number.
static constexpr ULONG most_functions = 16;
static KernelApcFunction functions[most_functions];
static ULONG function_count = 0;

static ULONG number_of(KernelApcFunction function) {
    for (ULONG i = 0; i < function_count; i++)
        if (functions[i] == function) return i;
    if (function_count == most_functions) host::fatal("too many kinds of kernel APCs");
    functions[function_count] = function;
    return function_count++;
}

void initialize_kernel_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PVOID argument1,
                           PVOID argument2) {
    apc = {};
    apc.Type = ApcObject;
    apc.Size = sizeof apc;
    apc.Thread = &thread.Tcb;
    apc.SpareLong0 = number_of(function);
    apc.SystemArgument1 = argument1;
    apc.SystemArgument2 = argument2;
}

bool queue_kernel_apc(KAPC& apc) {
    Thread& thread = as_thread(apc.Thread);
    const auto state = static_cast<ThreadState>(thread.Tcb.State);
    if (state == ThreadState::terminated) return false;
    apc.Inserted = 1;
    list::insert_tail(thread.Tcb.ApcState.ApcListHead[0], apc.ApcListEntry);
    thread.Tcb.ApcState.KernelApcPending = 1;
    if (&thread == &current_thread()) {
        if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
    } else if (state == ThreadState::waiting && thread.Tcb.WaitIrql < APC_LEVEL) {
        thread.apc_wakeup = true;
        detail::unwait(thread, STATUS_KERNEL_APC);
    }
    return true;
}

void deliver_kernel_apcs() {
    Thread& self = current_thread();
    if (!self.Tcb.ApcState.KernelApcPending) [[likely]]
        return;
    while (!list::empty(self.Tcb.ApcState.ApcListHead[0])) {
        KAPC& apc = *NT_CONTAINER(self.Tcb.ApcState.ApcListHead[0].Flink, KAPC, ApcListEntry);
        list::remove(apc.ApcListEntry);
        apc.Inserted = 0;
        const KIRQL old = raise_irql(APC_LEVEL);
        functions[apc.SpareLong0](apc);
        irql_byte() = old;
    }
    self.Tcb.ApcState.KernelApcPending = 0;
}

} // namespace nt::ke
