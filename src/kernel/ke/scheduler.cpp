#include "kernel/ke/scheduler.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/signals.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/unwait.h"
#include "trace/trace.h"

namespace nt::ke {

void (*on_thread_switch)(Thread& to) = [](Thread&) {};

namespace {

constexpr int priorities = 32;

struct ReadyQueues {
    LIST_ENTRY queue[priorities];
    ULONG summary = 0; // bit n: queue n is not empty
    ReadyQueues() {
        for (auto& q : queue)
            list::initialize(q);
    }
} ready;

struct Timeouts {
    LIST_ENTRY head;
    Timeouts() { list::initialize(head); }
} timeouts;

bool idle = true; // the main fiber runs
Thread* thread_slot() { return *reinterpret_cast<Thread**>(pcr_address + 0x188); }

int highest_ready() { return ready.summary ? 31 - __builtin_clz(ready.summary) : -1; }

void enqueue(Thread& thread, bool at_head) {
    LIST_ENTRY& queue = ready.queue[static_cast<int>(thread.Tcb.Priority)];
    thread.Tcb.State = static_cast<UCHAR>(ThreadState::ready);
    if (at_head)
        list::insert_head(queue, thread.ready_link);
    else
        list::insert_tail(queue, thread.ready_link);
    ready.summary |= 1u << thread.Tcb.Priority;
}

Thread* dequeue() {
    const int priority = highest_ready();
    if (priority < 0) return nullptr;
    LIST_ENTRY& queue = ready.queue[priority];
    Thread* thread = NT_CONTAINER(queue.Flink, Thread, ready_link);
    list::remove(thread->ready_link);
    if (list::empty(queue)) ready.summary &= ~(1u << priority);
    return thread;
}

ULONG_PTR& slot(ULONG offset) { return *reinterpret_cast<ULONG_PTR*>(pcr_address + offset); }

// The processor's view of a thread goes out with it and comes back with it.
void save(Thread& thread) {
    thread.crossing = reinterpret_cast<seh::Record*>(slot(KPCR_CROSSING));
    thread.host_stack = slot(KPCR_HOST_STACK);
}

void load(Thread& thread) {
    slot(0x188) = reinterpret_cast<ULONG_PTR>(&thread);
    slot(KPCR_CROSSING) = reinterpret_cast<ULONG_PTR>(thread.crossing);
    slot(KPCR_HOST_STACK) = thread.host_stack;
    slot(KPCR_KERNEL_STACK) = thread.base.guest_stack;
    seh::nt_user_gs = thread.teb;
    thread.Tcb.State = static_cast<UCHAR>(ThreadState::running);
    thread.context_switches++;
    trace::current.pid = static_cast<std::uint32_t>(thread.pid);
    trace::current.tid = static_cast<std::uint32_t>(thread.tid);
    idle = false;
    on_thread_switch(thread);
    if (trace::on) trace::emit_thread_switch(&thread, thread.pid, thread.tid);
}

// Leaves the running thread (already placed elsewhere) for the next ready one, or for the idle loop.
void switch_to_next() {
    Thread& from = current_thread();
    const KIRQL irql = current_irql(); // a thread at APC_LEVEL comes back at it
    save(from);
    Thread* to = dequeue();
    if (to == &from) {
        load(from);
        return;
    }
    if (to) {
        load(*to);
        host::Fiber::switch_to(*to->fiber);
    } else {
        idle = true;
        host::Fiber::switch_to(host::Fiber::main());
    }
    irql_byte() = irql;
}

} // namespace

void ready_thread(Thread& thread) {
    enqueue(thread, false);
    if (!idle && thread.Tcb.Priority > current_thread().Tcb.Priority && current_irql() < DISPATCH_LEVEL)
        dispatch_pending();
}

void switch_away() { switch_to_next(); }

bool yield() {
    Thread& self = current_thread();
    if (highest_ready() < self.Tcb.Priority) return false;
    enqueue(self, false);
    switch_to_next();
    return true;
}

void dispatch_pending() {
    if (idle || !thread_slot()) return;
    Thread& self = current_thread();
    if (highest_ready() <= self.Tcb.Priority || self.Tcb.State != static_cast<UCHAR>(ThreadState::running))
        return;
    enqueue(self, true);
    switch_to_next();
}

void arm_timeout(Thread& thread, ULONGLONG due) {
    thread.timeout_due = due;
    thread.timeout_active = true;
    LIST_ENTRY* at = timeouts.head.Blink; // later ones mostly come later
    while (at != &timeouts.head && NT_CONTAINER(at, Thread, timeout_link)->timeout_due > due)
        at = at->Blink;
    list::insert_head(*at, thread.timeout_link);
}

void disarm_timeout(Thread& thread) {
    if (!thread.timeout_active) return;
    list::remove(thread.timeout_link);
    thread.timeout_active = false;
}

void expire_timeouts() {
    while (!list::empty(timeouts.head)) {
        Thread& thread = *NT_CONTAINER(timeouts.head.Flink, Thread, timeout_link);
        if (thread.timeout_due > interrupt_time()) break;
        detail::unwait(thread, STATUS_TIMEOUT);
    }
}

static void report_deadlock() {
    Stop& stop = the_stop;
    stop.kind = StopKind::hang;
    __builtin_strcpy(stop.text, "every thread waits, and nothing is due that could wake one");
}

void run_machine() {
    while (the_stop.kind == StopKind::none) {
        if (Thread* next = dequeue()) {
            load(*next);
            host::Fiber::switch_to(*next->fiber);
            continue;
        }
        if (list::empty(timeouts.head)) return report_deadlock();
        advance_to(NT_CONTAINER(timeouts.head.Flink, Thread, timeout_link)->timeout_due);
        expire_timeouts();
    }
}

} // namespace nt::ke
