#include "kernel/ke/idle.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/dispatch.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/switch_point.h"

namespace nt::ke {

namespace {

[[noreturn]] void idle_loop(Thread&) {
    for (;;) {
        resting_processors &= ~bit_of(current_processor());
        if (irql_byte() >= DISPATCH_LEVEL) note_dispatch_left();
        irql_byte() = PASSIVE_LEVEL;
        request_waiting_dpcs(current_processor());
        if (pending_level())
            deliver_pending();
        else
            wait_for_work();
    }
}

Thread* create_idle_thread(Processor& p) {
    auto* thread = new (host::heap_allocate(sizeof(Thread))) Thread{};
    if (initialize_thread(*thread, [](Thread& self) { idle_loop(self); }) != 0 ||
        !memory_hooks.allocate_kernel_stack(p.dpc_stack, p.dpc_stack_limit))
        host::fatal("no memory for the stacks of processor %u", p.number);
    list::remove(thread->all_link);
    thread->base.index = 1;
    thread->Tcb.Priority = thread->Tcb.BasePriority = 0;
    thread->Tcb.Affinity.Mask = 1ull << p.number;
    thread->Tcb.IdealProcessor = p.number;
    thread->Tcb.NextProcessor = p.number;
    return thread;
}

} // namespace

void create_idle_threads() {
    for (ULONG i = 0; i < processor_count(); i++) {
        Processor& p = processor(i);
        p.idle = create_idle_thread(p);
        start_idle(p);
    }
}

} // namespace nt::ke
