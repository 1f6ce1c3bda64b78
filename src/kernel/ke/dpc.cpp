#include "kernel/ke/dpc.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/account.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spin.h"
#include "kernel/ke/wait.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

constexpr USHORT processor_bias = 0x800; // KDPC.Number: 0 for "where it is queued", else number + this
// assumed: the depth is the registry's MaximumDpcQueueDepth; the minimum request rate is not modelled: a DPC
// of low importance waits for the next tick at most.
constexpr ULONG deep_queue = 4;

// Host functions behind DPCs of ours; a KDPC is guest memory and holds no host address, but one's number in
// ProcessorHistory. 0: a driver's.
constexpr ULONG most_host_functions = 8;
HostDpcFunction host_function[most_host_functions];
ULONG host_functions = 0;

ULONG number_of(HostDpcFunction function) {
    for (ULONG i = 0; i < host_functions; i++)
        if (host_function[i] == function) return i + 1;
    if (host_functions == most_host_functions) host::fatal("too many kinds of host DPCs");
    host_function[host_functions++] = function;
    return host_functions;
}

DpcQueue& queue_of(Processor& p, const KDPC& dpc) {
    return dpc.Type == ThreadedDpcObject ? p.threaded_dpcs : p.dpcs;
}

KDPC& dpc_of(SINGLE_LIST_ENTRY* entry) { return *NT_CONTAINER(entry, KDPC, DpcListEntry); }

void insert(DpcQueue& queue, KDPC& dpc) {
    if (dpc.Importance == HighImportance) {
        dpc.DpcListEntry.Next = queue.head.Next;
        queue.head.Next = &dpc.DpcListEntry;
        if (!dpc.DpcListEntry.Next) queue.last = &dpc.DpcListEntry;
    } else {
        dpc.DpcListEntry.Next = nullptr;
        queue.last->Next = &dpc.DpcListEntry;
        queue.last = &dpc.DpcListEntry;
    }
    queue.depth++;
    dpc.DpcData = &queue;
}

KDPC* take_first(DpcQueue& queue) {
    SINGLE_LIST_ENTRY* entry = queue.head.Next;
    if (!entry) return nullptr;
    queue.head.Next = entry->Next;
    if (!entry->Next) queue.last = &queue.head;
    queue.depth--;
    dpc_of(entry).DpcData = nullptr;
    return &dpc_of(entry);
}

void request_dpcs(Processor& p) {
    p.dpc_requested = true;
    update_pending_level(p);
}
// Of the running processor, which delivers them at once if its IRQL allows.
void request_own_dpcs(Processor& p) {
    p.dpc_requested = true;
    update_pending_level_without_attention(p);
}

void call(Processor& p, KDPC& dpc, KIRQL level) {
    // The routine may free its KDPC.
    const KDPC copy = dpc;
    p.dpc_count++;
    if (p.is_idle()) before_idle_runs_code();
    if (trace::on) trace::emit_dpc_called(&dpc, copy.DeferredRoutine, copy.DeferredContext);
    const ULONGLONG start = *trace::current.time;
    if (level == DISPATCH_LEVEL) p.dpc_since = start;
    if (copy.ProcessorHistory - 1 < host_functions)
        host_function[copy.ProcessorHistory - 1](dpc);
    else
        seh::call_out(copy.DeferredRoutine, &dpc, copy.DeferredContext, copy.SystemArgument1,
                      copy.SystemArgument2);
    p.dpc_since = 0;
    if (trace::on) trace::emit_dpc_returned(&dpc, *trace::current.time - start);
    // The page of bug check 0xC8 names no code for DPCs: bits 16-23 and 8-15 are the levels as for ISRs.
    if (current_irql() != level)
        bug_check(IRQL_UNEXPECTED_VALUE, static_cast<ULONG_PTR>(current_irql()) << 16 | level << 8,
                  reinterpret_cast<ULONG_PTR>(copy.DeferredRoutine),
                  reinterpret_cast<ULONG_PTR>(copy.DeferredContext), reinterpret_cast<ULONG_PTR>(&dpc));
}

// The DPC thread of a processor: runs threaded DPCs at PASSIVE_LEVEL.
[[noreturn]] void run_threaded(Thread& self) {
    Processor& p = processor(self.Tcb.IdealProcessor);
    for (;;) {
        while (KDPC* dpc = take_first(p.threaded_dpcs))
            call(p, *dpc, PASSIVE_LEVEL);
        LARGE_INTEGER* const for_ever = nullptr;
        wait_for_single_object(&self.Tcb.SuspendEvent, Executive, KernelMode, false, for_ever);
    }
}

Thread& dpc_thread(Processor& p) {
    if (p.dpc_thread) return *p.dpc_thread;
    auto* thread = new (host::heap_allocate(sizeof(Thread))) Thread{};
    if (initialize_thread(*thread, [](Thread& self) { run_threaded(self); }) != STATUS_SUCCESS)
        host::fatal("no memory for the stacks of a DPC thread");
    initialize_event(thread->Tcb.SuspendEvent, SynchronizationEvent, false);
    thread->Tcb.Priority = thread->Tcb.BasePriority = 31;
    thread->Tcb.Affinity.Mask = 1ull << p.number;
    thread->Tcb.IdealProcessor = p.number;
    adopt_thread(*thread);
    p.dpc_thread = thread;
    ready_thread(*thread);
    return *thread;
}

} // namespace

void (*adopt_thread)(Thread& thread) = [](Thread&) {};

void initialize_dpc(KDPC& dpc, PKDEFERRED_ROUTINE routine, PVOID context, bool threaded) {
    dpc.TargetInfoAsUlong = 0;
    dpc.Type = threaded ? ThreadedDpcObject : DpcObject;
    dpc.Importance = MediumImportance;
    dpc.DeferredRoutine = routine;
    dpc.DeferredContext = context;
    dpc.DpcData = nullptr;
    dpc.ProcessorHistory = 0;
}

void initialize_host_dpc(KDPC& dpc, HostDpcFunction function, PVOID context) {
    initialize_dpc(dpc, nullptr, context, false);
    dpc.ProcessorHistory = number_of(function);
}

bool insert_queue_dpc(KDPC& dpc, PVOID argument1, PVOID argument2) {
    if (is_queued(dpc)) return false;
    Processor& here = current_processor();
    const ULONG target = dpc.Number ? dpc.Number - processor_bias : here.number;
    Processor& p = target < processor_count() ? processor(target) : here;
    dpc.SystemArgument1 = argument1;
    dpc.SystemArgument2 = argument2;
    DpcQueue& queue = queue_of(p, dpc);
    insert(queue, dpc);
    if (trace::on) trace::emit_dpc_queued(&dpc, dpc.DeferredRoutine, p.number, dpc.Importance);
    if (dpc.Type == ThreadedDpcObject) {
        set_event(dpc_thread(p).Tcb.SuspendEvent);
        return true;
    }
    const bool at_once = &p == &here
                             ? dpc.Importance != LowImportance
                             : dpc.Importance == HighImportance || dpc.Importance == MediumHighImportance;
    if (at_once || queue.depth > deep_queue || p.is_idle()) {
        if (&p == &here)
            request_own_dpcs(p);
        else
            request_dpcs(p);
    }
    // The insertion itself is at HIGH_LEVEL: the routine runs when the caller's level allows it.
    dispatch();
    return true;
}

bool remove_queue_dpc(KDPC& dpc) {
    auto* queue = static_cast<DpcQueue*>(dpc.DpcData);
    if (!queue) return false;
    for (SINGLE_LIST_ENTRY* before = &queue->head; before->Next; before = before->Next) {
        if (before->Next != &dpc.DpcListEntry) continue;
        before->Next = dpc.DpcListEntry.Next;
        if (queue->last == &dpc.DpcListEntry) queue->last = before;
        queue->depth--;
        dpc.DpcData = nullptr;
        return true;
    }
    return false;
}

void set_dpc_importance(KDPC& dpc, KDPC_IMPORTANCE importance) {
    dpc.Importance = static_cast<UCHAR>(importance);
}
void set_dpc_target(KDPC& dpc, ULONG number) { dpc.Number = static_cast<USHORT>(number + processor_bias); }

void request_waiting_dpcs(Processor& p) {
    if (p.dpcs.depth) request_dpcs(p);
}

void flush_queued_dpcs() {
    for (ULONG i = 0; i < processor_count(); i++) {
        Processor& p = processor(i);
        request_waiting_dpcs(p);
        spin_until([&p] { return !p.dpcs.depth && !p.dpc_active && !p.threaded_dpcs.depth; }, &p.dpcs);
    }
}

bool is_dpc_active() { return current_processor().dpc_active; }

void retire_dpcs() {
    const KIRQL old = raise_irql(DISPATCH_LEVEL);
    Processor& p = current_processor();
    const Activity before = change_activity(p, Activity::dpc);
    p.dpc_active = true;
    {
        GuestFrame frame(p.dpc_stack - 0x200, seh::Interruption::dpcs);
        for (;;) {
            p.dpc_requested = false;
            if (p.timers_expired) {
                p.timers_expired = false;
                expire_timers();
            }
            KDPC* dpc = take_first(p.dpcs);
            if (!dpc) break;
            call(p, *dpc, DISPATCH_LEVEL);
        }
    }
    p.dpc_active = false;
    change_activity(p, before);
    note_dispatch_left();
    irql_byte() = old;
    update_pending_level(p);
}

bool work_waits() {
    const Processor& p = current_processor();
    return p.dpcs.depth || p.timers_expired || p.quantum_ended || p.dispatch_requested;
}

DpcCounts dpc_counts(ULONG number) {
    const Processor& p = processor(number);
    return {p.dpc_count, p.interrupt_count, p.dpcs.depth};
}

void for_each_dpc(ULONG number, void (*visit)(KDPC&, void*), void* context) {
    const Processor& p = processor(number);
    for (const DpcQueue* queue : {&p.dpcs, &p.threaded_dpcs})
        for (SINGLE_LIST_ENTRY* e = queue->head.Next; e; e = e->Next)
            visit(dpc_of(e), context);
}

} // namespace nt::ke
