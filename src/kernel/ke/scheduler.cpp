#include "kernel/ke/scheduler.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/account.h"
#include "kernel/ke/detail/dispatch.h"
#include "kernel/ke/detail/prefetch.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/switch_point.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::ke {

void (*on_thread_switch)(Thread& to) = [](Thread&) {};
void (*before_idle_runs_code)() = [] {};

ReadyQueues::ReadyQueues() {
    for (auto& q : queue)
        list::initialize(q);
}

void ReadyQueues::insert(Thread& thread, bool at_head) {
    LIST_ENTRY& q = queue[static_cast<int>(thread.Tcb.Priority)];
    if (at_head)
        list::insert_head(q, thread.ready->link);
    else
        list::insert_tail(q, thread.ready->link);
    summary |= 1u << thread.Tcb.Priority;
    count++;
}

void ReadyQueues::remove(Thread& thread) {
    list::remove(thread.ready->link);
    count--;
    if (list::empty(queue[static_cast<int>(thread.Tcb.Priority)])) summary &= ~(1u << thread.Tcb.Priority);
}

Thread& ReadyQueues::first(int priority) const { return *place_of(queue[priority].Flink).thread; }

namespace {

ULONG64 ready_processors = 0; // bit n: processor n's queues hold a thread
ULONG64 idle_mask = 0;        // bit n: processor n runs its idle thread and has no other to go on with

void set_next(Processor& p, Thread* thread) {
    p.next = thread;
    reinterpret_cast<KPCR*>(p.pcr)->Prcb.NextThread = thread ? &thread->Tcb : nullptr;
    const ULONG64 bit = 1ull << p.number;
    idle_mask = p.is_idle() && !thread ? idle_mask | bit : idle_mask & ~bit;
    note_called(p);
}

void set_state(Thread& thread, ThreadState state) { thread.Tcb.State = static_cast<UCHAR>(state); }

void enqueue(Processor& p, Thread& thread, bool at_head) {
    set_state(thread, ThreadState::ready);
    thread.ready->processor = p.number;
    thread.ready->since = interrupt_time();
    p.ready.insert(thread, at_head);
    ready_processors |= 1ull << p.number;
}

void dequeue(Thread& thread) {
    Processor& p = processor(thread.ready->processor);
    p.ready.remove(thread);
    if (!p.ready.summary) ready_processors &= ~(1ull << p.number);
}

bool may_run_on(const Thread& thread, const Processor& p) { return thread.Tcb.Affinity.Mask >> p.number & 1; }

// The first thread of the highest priority above `floor` in q's queues that may run on p.
Thread* best_of(Processor& q, const Processor& p, int floor) {
    for (ULONG left = q.ready.summary; left;) {
        const int priority = 31 - __builtin_clz(left);
        if (priority <= floor) return nullptr;
        left &= ~(1u << priority);
        const LIST_ENTRY& head = q.ready.queue[priority];
        for (LIST_ENTRY* e = head.Flink; e != &head; e = e->Flink)
            if (Thread* t = place_of(e).thread; may_run_on(*t, p)) return t;
    }
    return nullptr;
}

// What the processor should run next, taken off its queue; null: nothing.
Thread* take_next(Processor& p) {
    if (Thread* standby = p.next) {
        set_next(p, nullptr);
        return standby;
    }
    Thread* best = best_of(p, p, -1);
    if (!best) // nothing of its own: help the others, the nearest number first
        for (ULONG64 left = ready_processors & ~(1ull << p.number); left; left &= left - 1) {
            Thread* t = best_of(processor(static_cast<ULONG>(__builtin_ctzll(left))), p,
                                best ? best->Tcb.Priority : -1);
            if (t) best = t;
        }
    if (!best) return nullptr;
    if (best->ready->processor == p.number) prefetch_after(p.ready, *best);
    dequeue(*best);
    return best;
}

// The processor's view of a thread goes out with it and comes back with it.
void save(Processor& p, Thread& thread) {
    // assumed: whoever waits with interrupts disabled has them enabled.
    if (p.interrupts_off) set_interrupts(true);
    thread.crossing = reinterpret_cast<seh::Record*>(p.slot(KPCR_CROSSING));
    thread.host_stack = p.slot(KPCR_HOST_STACK);
    note_stacks(thread);
}

void load(Processor& p, Thread& thread) {
    change_activity(p, &thread == p.idle ? Activity::idle : Activity::thread);
    p.current = &thread;
    p.account.user_seen = thread.user_time;
    resting_processors &= ~bit_of(p);
    set_next(p, p.next);
    p.slot(0x188) = reinterpret_cast<ULONG_PTR>(&thread);
    p.slot(KPCR_CROSSING) = reinterpret_cast<ULONG_PTR>(thread.crossing);
    p.slot(KPCR_HOST_STACK) = thread.host_stack;
    p.slot(KPCR_KERNEL_STACK) = thread.base.guest_stack;
    set_state(thread, ThreadState::running);
    thread.Tcb.NextProcessor = p.number;
    thread.context_switches++;
    thread.Tcb.ContextSwitches++;
    p.account.switches++;
    show_thread(thread);
    if (trace::on) trace::emit_thread_switch(&thread, thread.pid, thread.tid);
}

} // namespace

void start_idle(Processor& p) {
    Thread& thread = *p.idle;
    auto& prcb = reinterpret_cast<KPCR*>(p.pcr)->Prcb;
    prcb.CurrentThread = prcb.IdleThread = &thread.Tcb;
    p.current = &thread;
    p.slot(KPCR_CROSSING) = reinterpret_cast<ULONG_PTR>(thread.crossing);
    p.slot(KPCR_KERNEL_STACK) = thread.base.guest_stack;
    set_state(thread, ThreadState::running);
    idle_mask |= 1ull << p.number;
}

void request_dispatch(Processor& p) {
    p.dispatch_requested = true;
    update_pending_level(p);
}

void take_off_standby(Thread& thread) {
    for (ULONG i = 0; i < processor_count(); i++)
        if (processor(i).next == &thread) {
            set_next(processor(i), nullptr);
            request_dispatch(processor(i));
        }
}

ULONG64 idle_processors() { return idle_mask; }

void ready_thread(Thread& thread) {
    const ULONG64 mask = thread.Tcb.Affinity.Mask & all_processors();
    if (const ULONG64 idle = idle_processors() & mask) {
        ULONG number = thread.Tcb.IdealProcessor;
        if (number >= 64 || !(idle >> number & 1)) number = thread.Tcb.NextProcessor;
        if (number >= 64 || !(idle >> number & 1)) number = static_cast<ULONG>(__builtin_ctzll(idle));
        Processor& p = processor(number);
        set_state(thread, ThreadState::standby);
        set_next(p, &thread);
        request_dispatch(p);
        return;
    }
    ULONG number = thread.Tcb.IdealProcessor;
    if (number >= 64 || !(mask >> number & 1)) number = static_cast<ULONG>(__builtin_ctzll(mask));
    Processor& p = processor(number);
    const int priority = thread.Tcb.Priority;
    if (p.next ? priority > p.next->Tcb.Priority : priority > p.current->Tcb.Priority) {
        if (p.next) enqueue(p, *p.next, true);
        set_next(p, &thread);
        set_state(thread, ThreadState::standby);
        request_dispatch(p);
        return;
    }
    enqueue(p, thread, thread.Tcb.Preempted);
}

void switch_to_next() {
    Processor& p = current_processor();
    Thread& from = *p.current;
    p.dispatch_requested = p.quantum_ended = false;
    Thread* to = take_next(p);
    if (!to) to = p.idle;
    if (to == &from) {
        set_state(from, ThreadState::running);
        update_pending_level(p);
        return;
    }
    const KIRQL irql = current_irql(); // a thread at APC_LEVEL comes back at it
    save(p, from);
    load(p, *to);
    update_pending_level(p);
    host::Fiber::switch_to(*to->fiber);
    irql_byte() = irql;
    update_pending_level(current_processor());
}

void switch_away() { switch_to_next(); }

bool preempt() {
    Processor& p = current_processor();
    Thread& self = *p.current;
    p.dispatch_requested = false;
    const int mine = p.is_idle() ? -1 : self.Tcb.Priority;
    if (!p.next && !(p.is_idle() && ready_processors)) {
        Thread* other = best_of(p, p, mine);
        if (!other && may_run_on(self, p)) {
            update_pending_level(p);
            return false;
        }
    }
    if (!p.is_idle()) {
        self.Tcb.Preempted = 1;
        if (may_run_on(self, p))
            enqueue(p, self, true);
        else { // its affinity changed: it goes on elsewhere
            set_state(self, ThreadState::ready);
            ready_thread(self);
        }
    }
    const ULONGLONG before = p.account.switches;
    switch_to_next();
    self.Tcb.Preempted = 0;
    return p.account.switches != before;
}

bool yield() {
    Processor& p = current_processor();
    Thread& self = *p.current;
    if (!p.next && !best_of(p, p, self.Tcb.Priority - 1)) return false;
    self.quantum_used = 0;
    enqueue(p, self, false);
    switch_to_next();
    return true;
}

void check_quantum(Processor& p) {
    charge_account(p);
    if (p.is_idle() || p.current->quantum_used < quantum_length) return;
    p.quantum_ended = true;
    update_pending_level(p);
}

void end_quantum() {
    Processor& p = current_processor();
    Thread& self = *p.current;
    p.quantum_ended = false;
    if (!p.is_idle()) {
        self.quantum_used = 0;
        decay_priority(self);
        if (p.next || best_of(p, p, self.Tcb.Priority - 1)) {
            enqueue(p, self, false);
            switch_to_next();
            return;
        }
    }
    update_pending_level(p);
}

void remove_ready(Thread& thread) {
    if (state_of(thread) == ThreadState::ready) dequeue(thread);
}

} // namespace nt::ke
