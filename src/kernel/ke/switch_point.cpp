#include "kernel/ke/switch_point.h"
#include "abi/context.h"
#include "abi/processor.h"
#include "host/fiber.h"
#include "host/processor.h"
#include "host/signals.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/dispatch.h"
#include "kernel/ke/detail/events.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spin.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>

namespace nt::ke {

void (*before_hang)();

namespace {

SchedulePolicy* policy = nullptr;
ULONGLONG decisions = 0;
// A processor that spins for as long as this, while time passes, does so for ever: ten seconds.
constexpr ULONGLONG longest_spin = 100'000'000;
// Code that polls memory may wait for a long timer: ten minutes.
constexpr ULONGLONG longest_poll = 6'000'000'000;

// The spinning processor may look again, or something interrupts it.
bool may_stop_spinning(const Processor& p) {
    return p.spinning->ready(p.spinning->context) ||
           *reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL) > p.irql();
}

// A resting processor's IRQL is PASSIVE_LEVEL: whatever waits for it can happen.
ULONG64 runnable_processors() {
    ULONG64 mask = all_processors() & ~spinning_processors & (~resting_processors | called_processors);
    for (ULONG64 left = spinning_processors; left; left &= left - 1)
        if (may_stop_spinning(processor(static_cast<ULONG>(__builtin_ctzll(left))))) mask |= left & -left;
    return mask;
}

void set_deadline(Processor& p) {
    const ULONGLONG event = next_event_time();
    p.deadline() = *reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL) > p.irql() ? 0
                   : event < p.policy_deadline                                      ? event
                                                                                    : p.policy_deadline;
}

// The first of `runnable` after processor `number`, around.
ULONG next_after(ULONG number, ULONG64 runnable) {
    const ULONG64 higher = runnable & (~1ull << number);
    return static_cast<ULONG>(__builtin_ctzll(higher ? higher : runnable));
}

// Lets the policy choose among `runnable` and goes on there. Without one, who waits by itself gives way in
// turn.
void decide(Cause cause, ULONG64 runnable) {
    Processor& p = current_processor();
    Choice choice{.processor = p.number};
    if (cause == Cause::pause || !(runnable >> p.number & 1))
        choice.processor = next_after(p.number, runnable);
    if (policy) {
        choice = policy->decide({decisions++, interrupt_time(), cause, p.number, runnable});
        if (!(runnable >> choice.processor & 1))
            host::fatal("the schedule policy chose processor %u, which cannot go on", choice.processor);
    }
    Processor& q = processor(choice.processor);
    q.policy_deadline =
        choice.crossings > ~0ull - interrupt_time() ? ~0ull : interrupt_time() + choice.crossings;
    seh::nt_steps = choice.instructions;
    *reinterpret_cast<UCHAR*>(q.pcr + KPCR_STEPPED) = choice.instructions != 0;
    seh::nt_user_steps = choice.user_instructions;
    if (choice.end_quantum && !q.is_idle()) {
        q.quantum_ended = true;
        update_pending_level(q);
    }
    run_processor(q);
}

} // namespace

void set_schedule_policy(SchedulePolicy* p) { policy = p; }

void show_thread(Thread& thread) {
    seh::nt_user_gs = thread.teb;
    trace::current.pid = static_cast<std::uint32_t>(thread.pid);
    trace::current.tid = static_cast<std::uint32_t>(thread.tid);
    on_thread_switch(thread);
}

void run_processor(Processor& q) {
    Processor& p = current_processor();
    if (&q == &p) return;
    q.slot(KPCR_VIRTUAL_TIME) = p.slot(KPCR_VIRTUAL_TIME);
    running = &q;
    pcr_address = q.pcr;
    seh::nt_kernel_gs = q.pcr;
    host::set_gs_base(q.pcr);
    trace::current.time = reinterpret_cast<const std::uint64_t*>(&virtual_time());
    trace::current.irql = &irql_byte();
    trace::current.cpu = static_cast<std::uint8_t>(q.number);
    show_thread(*q.current);
    if (current_irql() >= DISPATCH_LEVEL && paged_open) close_paged_memory();
    set_deadline(q);
    host::Fiber::switch_to(*q.current->fiber);
}

void switch_point(Cause cause) {
    if (is_stopping) return;
    run_due_events();
    Processor& p = current_processor();
    if (interrupt_time() >= p.policy_deadline || cause != Cause::countdown) {
        p.policy_deadline = ~0ull;
        if (policy || cause == Cause::pause) decide(cause, runnable_processors() | 1ull << p.number);
    }
    deliver_pending();
    set_deadline(current_processor());
}

void deliver_pending() {
    // The machine stands still, and the main fiber only looks.
    if (&host::Fiber::current() == &host::Fiber::main()) return;
    for (;;) {
        Processor& p = current_processor(); // may be another one after each step
        const KIRQL irql = current_irql();
        if (pending_level() <= irql) return;
        if (const int vector = p.highest_vector(); vector / 16 > irql) {
            run_interrupt(static_cast<ULONG>(vector));
        } else if (irql < DISPATCH_LEVEL && (p.dpc_requested || p.timers_expired)) {
            retire_dpcs();
        } else if (irql < DISPATCH_LEVEL && p.quantum_ended) {
            end_quantum();
        } else if (irql < DISPATCH_LEVEL && p.dispatch_requested) {
            preempt();
        } else if (irql < APC_LEVEL) {
            if (!deliver_kernel_apcs()) return;
        } else {
            update_pending_level(p);
            return;
        }
    }
}

namespace {

// What happens by itself when no processor can go on. Clock ticks do too if polling code sees them, or if a
// thread waits for its processor.
ULONGLONG next_event_for_all() {
    ULONGLONG next = next_event_when_idle();
    for (ULONG64 left = spinning_processors; left; left &= left - 1) {
        const Processor& p = processor(static_cast<ULONG>(__builtin_ctzll(left)));
        if (!p.spinning->code) continue;
        if (p.spinning->sees_time || (p.ready.summary && p.irql() < DISPATCH_LEVEL))
            next = std::min(next, next_event_time());
    }
    return next;
}

// The first processor that polls memory; `since` long ago if asked for.
Processor* polling_processor(ULONGLONG for_at_least) {
    for (ULONG64 left = spinning_processors; left; left &= left - 1) {
        Processor& p = processor(static_cast<ULONG>(__builtin_ctzll(left)));
        if (p.spinning->code && interrupt_time() - p.spinning->since >= for_at_least) return &p;
    }
    return nullptr;
}

// Time goes on, or, when nothing is due, code that polls in vain says so. False: there is none.
bool pass_time() {
    const ULONGLONG next = next_event_for_all();
    if (Processor* p = polling_processor(next == ~0ull ? 0 : longest_poll)) {
        p->spinning->hopeless = true;
        run_processor(*p);
        return true;
    }
    if (next == ~0ull) return false;
    advance_to(next);
    run_due_events();
    return true;
}

[[noreturn]] void report_endless_poll(const SpinWait& wait) {
    Stop stop;
    stop.kind = StopKind::hang;
    stop.context = wait.code;
    stop.caller = wait.code->Rip;
    const char* mode = wait.user ? "user-mode" : "kernel-mode";
    if (wait.what)
        std::snprintf(stop.text, sizeof stop.text,
                      "%s code polls memory (%#llx) that nobody is left to change", mode,
                      static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(wait.what)));
    else
        std::snprintf(stop.text, sizeof stop.text,
                      "%s code loops for ever and reads nothing that could change", mode);
    stop_machine(stop);
}

} // namespace

void wait_for_work() {
    Processor& p = current_processor();
    resting_processors |= bit_of(p);
    if (const ULONG64 others = runnable_processors() & ~(1ull << p.number)) {
        decide(Cause::idle, others);
        return;
    }
    if (pass_time()) return;
    if (before_hang) before_hang();
    Stop stop;
    stop.kind = StopKind::hang;
    std::snprintf(stop.text, sizeof stop.text, "every thread waits, and nothing is due that could wake one");
    stop_machine(stop);
}

void spin(SpinWait& wait) {
    wait.since = interrupt_time();
    while (!wait.ready(wait.context)) {
        Processor& p = current_processor();
        if (pending_level() > current_irql()) {
            deliver_pending();
            continue;
        }
        p.spinning = &wait;
        spinning_processors |= bit_of(p);
        const ULONG64 others = runnable_processors() & ~(1ull << p.number);
        if (others)
            decide(Cause::spin, others);
        else if ((!wait.code && interrupt_time() - wait.since > longest_spin) || !pass_time())
            report_spin_deadlock();
        p.spinning = nullptr;
        spinning_processors &= ~bit_of(p);
        if (wait.hopeless) report_endless_poll(wait);
    }
}

const void* spin_target_of(ULONG number) {
    const SpinWait* wait = processor(number).spinning;
    return wait ? wait->what : nullptr;
}

[[noreturn]] void report_spin_deadlock() {
    Stop stop;
    stop.kind = StopKind::hang;
    int at = 0;
    const auto room = [&] { return sizeof stop.text - static_cast<std::size_t>(at); };
    at = std::snprintf(stop.text, sizeof stop.text, "deadlock:");
    for (ULONG i = 0; i < processor_count() && room() > 100; i++)
        if (const SpinWait* w = processor(i).spinning)
            at += std::snprintf(stop.text + at, room(), " processor %u (thread %llu) spins for %#llx;", i,
                                static_cast<unsigned long long>(processor(i).current->tid),
                                static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(w->what)));
    std::snprintf(stop.text + at, room(), " nobody is left who could release it");
    stop_machine(stop);
}

void run_machine() {
    Processor& p = current_processor();
    host::Fiber::switch_to(*p.current->fiber);
    // Back here: something stopped the machine (bugcheck.h).
}

} // namespace nt::ke
