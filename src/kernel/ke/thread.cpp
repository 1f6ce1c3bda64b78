#include "kernel/ke/thread.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/queue.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/timer.h"
#include "trace/trace.h"

namespace nt::ke {

MemoryHooks memory_hooks;

static struct AllThreads {
    AllThreads() { list::initialize(all_threads); }
} all_threads_initializer;
LIST_ENTRY all_threads;

// New threads are spread over the processors.
static ULONG next_ideal_processor() {
    static ULONG next = 0;
    return next++ % processor_count();
}

void current_stack(ULONG_PTR& limit, ULONG_PTR& base) {
    const Processor& p = current_processor();
    limit = p.dpc_active ? p.dpc_stack_limit : stack_limit(*p.current);
    base = p.dpc_active ? p.dpc_stack : stack_base(*p.current);
}

static void fiber_entry(void* argument) {
    Thread& thread = *static_cast<Thread*>(argument);
    lower_irql(PASSIVE_LEVEL);
    irql_byte() = PASSIVE_LEVEL;
    thread.start(thread);
    host::fatal("a thread's start routine returned");
}

NTSTATUS initialize_thread(Thread& thread, void (*start)(Thread&)) {
    initialize_header(thread.Tcb.Header, ThreadObject, 0, 0); // that byte holds flags in threads
    list::initialize(thread.Tcb.MutantListHead);
    list::initialize(thread.Tcb.ApcState.ApcListHead[0]);
    list::initialize(thread.Tcb.ApcState.ApcListHead[1]);
    list::initialize(thread.IrpList);
    thread.start = start;
    ULONG_PTR base, limit;
    if (!memory_hooks.allocate_kernel_stack(base, limit)) return STATUS_INSUFFICIENT_RESOURCES;
    thread.fiber = host::Fiber::create(fiber_entry, &thread);
    if (!thread.fiber) {
        memory_hooks.free_kernel_stack(base, limit);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    thread.fiber->owner = &thread;
    thread.ready = host::make<ReadyPlace>();
    thread.ready->thread = &thread;
    thread.Tcb.InitialStack = thread.Tcb.StackBase = reinterpret_cast<PVOID>(base);
    thread.Tcb.StackLimit = reinterpret_cast<PVOID>(limit);
    thread.Tcb.KernelStack = thread.Tcb.StackBase;
    thread.base.kind = seh::RecordKind::thread_start;
    // Room that Windows uses for the trap frame and the extended state.
    thread.base.guest_stack = base - 0x200;
    thread.crossing = &thread.base;
    thread.Tcb.Priority = thread.Tcb.BasePriority = 8;
    thread.Tcb.Affinity.Mask = thread.Tcb.UserAffinity.Mask = all_processors();
    thread.Tcb.IdealProcessor = thread.Tcb.UserIdealProcessor = next_ideal_processor();
    thread.Tcb.NextProcessor = thread.Tcb.IdealProcessor;
    initialize_timer(thread.Tcb.Timer, NotificationTimer);
    initialize_event(thread.Tcb.SuspendEvent, SynchronizationEvent, false);
    list::insert_tail(all_threads, thread.all_link);
    return STATUS_SUCCESS;
}

void delete_thread(Thread& thread) {
    if (!thread.fiber) return;
    host::Fiber::destroy(thread.fiber);
    host::destroy(thread.ready);
    thread.locks.release_memory();
    memory_hooks.free_kernel_stack(stack_base(thread), stack_limit(thread));
    thread.fiber = nullptr;
    list::remove(thread.all_link);
}

void exit_thread(LONG status) {
    Thread& self = current_thread();
    self.exit_status = status;
    lower_irql(PASSIVE_LEVEL);
    leave_queue(self);
    run_down_apcs(self);
    abandon_mutants(self);
    if (trace::on) trace::emit_thread_exited(&self, status);
    signal_object(self.Tcb.Header);
    self.Tcb.State = static_cast<UCHAR>(ThreadState::terminated);
    switch_away();
    host::fatal("a thread that had ended ran again");
}

} // namespace nt::ke
