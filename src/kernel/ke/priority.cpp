#include "kernel/ke/priority.h"
#include "base/list.h"
#include "kernel/ke/detail/dispatch.h"
#include "kernel/ke/scheduler.h"
#include <algorithm>

namespace nt::ke {

// A thread with another priority or affinity: does it still stand and run where it should?
static void place_again(Thread& thread, void (*change)(Thread&, ULONG64), ULONG64 value) {
    switch (state_of(thread)) {
    case ThreadState::ready:
        remove_ready(thread);
        change(thread, value);
        ready_thread(thread);
        return;
    case ThreadState::standby:
        take_off_standby(thread);
        change(thread, value);
        ready_thread(thread);
        return;
    case ThreadState::running:
        change(thread, value);
        request_dispatch(processor(thread.Tcb.NextProcessor));
        return;
    default:
        change(thread, value);
    }
}

static void change_priority(Thread& thread, KPRIORITY priority) {
    if (thread.Tcb.Priority == priority) return;
    place_again(
        thread, [](Thread& t, ULONG64 value) { t.Tcb.Priority = static_cast<CHAR>(value); },
        static_cast<ULONG64>(priority));
}

KPRIORITY set_priority(Thread& thread, KPRIORITY priority) {
    const KPRIORITY old = thread.Tcb.Priority;
    thread.Tcb.PriorityDecrement = 0;
    thread.quantum_used = 0;
    change_priority(thread, priority);
    return old;
}

void set_base_priority(Thread& thread, KPRIORITY base) {
    thread.Tcb.BasePriority = static_cast<CHAR>(base);
    set_priority(thread, base);
}

static constexpr ULONG disable_boost = 0x2; // KTHREAD.ThreadFlags: DisableBoost

bool boosts_disabled(const Thread& thread) { return thread.Tcb.ThreadFlags & disable_boost; }
void disable_boosts(Thread& thread, bool disabled) {
    thread.Tcb.ThreadFlags =
        disabled ? thread.Tcb.ThreadFlags | disable_boost : thread.Tcb.ThreadFlags & ~disable_boost;
}

void boost_priority(Thread& thread, KPRIORITY increment) {
    if (increment <= 0 || boosts_disabled(thread) || thread.Tcb.Priority >= low_real_time_priority) return;
    const KPRIORITY boosted = std::min(thread.Tcb.BasePriority + increment, low_real_time_priority - 1);
    if (boosted <= thread.Tcb.Priority) return;
    thread.Tcb.PriorityDecrement = static_cast<CHAR>(boosted - thread.Tcb.BasePriority);
    change_priority(thread, boosted);
}

// "The system can boost and lower the dynamic priority, to ensure … that no threads are starved for processor
// time" (win32 page procthread/priority-boosts). assumed: who has waited for four seconds, looked for every
// second, to the highest priority that is not a real-time one
void help_starving(ULONGLONG now) {
    constexpr ULONGLONG second = 10'000'000, patience = 4 * second;
    static ULONGLONG next_look = 0;
    if (now < next_look) [[likely]]
        return;
    next_look = now + second;
    for (ULONG i = 0; i < processor_count(); ++i)
        for (int priority = 1; priority < low_real_time_priority - 1; ++priority) {
            LIST_ENTRY& queue = processor(i).ready.queue[priority];
            while (!list::empty(queue)) {
                const ReadyPlace& longest = place_of(queue.Flink);
                if (now - longest.since < patience) break;
                Thread& thread = *longest.thread;
                thread.Tcb.PriorityDecrement =
                    static_cast<CHAR>(low_real_time_priority - 1 - thread.Tcb.BasePriority);
                thread.quantum_used = 0;
                change_priority(thread, low_real_time_priority - 1);
            }
        }
}

void decay_priority(Thread& thread) {
    if (thread.Tcb.Priority >= low_real_time_priority || thread.Tcb.Priority <= thread.Tcb.BasePriority)
        return;
    thread.Tcb.Priority--;
    thread.Tcb.PriorityDecrement = static_cast<CHAR>(thread.Tcb.Priority - thread.Tcb.BasePriority);
}

KAFFINITY set_affinity(Thread& thread, KAFFINITY mask) {
    const KAFFINITY old = thread.Tcb.Affinity.Mask;
    place_again(thread, [](Thread& t, ULONG64 value) { t.Tcb.Affinity.Mask = value; }, mask);
    return old;
}

ULONG set_ideal_processor(Thread& thread, ULONG number) {
    const ULONG old = thread.Tcb.IdealProcessor;
    thread.Tcb.IdealProcessor = number;
    return old;
}

} // namespace nt::ke
