// The virtual processors: each has a KPCR (what GS points at in kernel mode), an IRQL, a running thread, an
// idle thread, ready queues, a DPC queue and pending interrupts. All of them run on the one host thread, one
// at a time: at switch points (switch_point.h) the schedule policy may let another go on. A processor that
// does not run stands still inside its current thread's fiber; its KPCR keeps its state.
#pragma once
#include "abi/types.h"
#include "kernel/seh/crossing_layout.h"

namespace nt {
struct KPCR;
struct KTHREAD;
} // namespace nt

namespace nt::ke {

struct Thread;
struct Processor; // detail/processor_state.h

inline constexpr ULONG most_processors = 64;

// Adds a processor: fills its KPCR in `area` (zeroed guest memory, two pages or more). The first call makes
// processor 0, which runs, and loads GS. All of them before run_machine().
void initialize_processor(PVOID area);
ULONG processor_count();
// Of the running processor.
KPCR& pcr();
ULONG current_processor_number();
// Of any (below processor_count()).
ULONG_PTR pcr_address_of(ULONG number);
Thread& running_thread_of(ULONG number);
Thread& idle_thread_of(ULONG number);
// Processors as a mask: bit n is processor n. Every processor, and those that have nothing to run.
ULONG64 all_processors();
ULONG64 idle_processors();

extern ULONG_PTR pcr_address; // of the running processor

// CR8 on real hardware; kept at KPCR+0x50, where rewritten drivers read it.
inline KIRQL& irql_byte() { return *reinterpret_cast<KIRQL*>(pcr_address + KPCR_IRQL); }
inline KIRQL current_irql() { return irql_byte(); }
// The highest IRQL that something waits for: an interrupt's own, DISPATCH_LEVEL (DPCs, a thread switch),
// APC_LEVEL (kernel APCs), 0: nothing does.
// The interrupt flag of the running processor (cli, sti, popfq). Cleared, nothing is delivered at any IRQL.
extern ULONG processors_without_interrupts;
bool interrupts_enabled();
void set_interrupts(bool enabled);
inline KIRQL& pending_level() { return *reinterpret_cast<KIRQL*>(pcr_address + KPCR_PENDING_LEVEL); }

// Some pageable memory is accessible. Then close_paged_memory is called when the IRQL reaches DISPATCH_LEVEL
// from below, and makes it inaccessible (plugged by mm/paging.h). Each KPCR says it, too, for guest code.
extern bool paged_open;
void set_paged_open(bool open);
extern void (*close_paged_memory)();

// Time at DISPATCH_LEVEL and above is counted where the level is crossed.
inline void note_dispatch_entered() {
    *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_RAISED_AT) =
        *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_VIRTUAL_TIME);
}
inline void note_dispatch_left() {
    *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_AT_DISPATCH) +=
        *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_VIRTUAL_TIME) -
        *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_RAISED_AT);
}

// Raises to `level` (not below the current one) and gives the level before. Any IRQL.
inline KIRQL raise_irql(KIRQL level) {
    const KIRQL old = irql_byte();
    irql_byte() = level;
    if (level >= 2 && old < 2) {
        note_dispatch_entered();
        if (paged_open) [[unlikely]]
            close_paged_memory();
    }
    return old;
}

// What waits below its level happens now: interrupts, DPCs, a due thread switch, kernel APCs.
void deliver_pending();

// Lowers to `level` and lets happen what the old level held off.
inline void lower_irql(KIRQL level) {
    if (irql_byte() >= 2 && level < 2) note_dispatch_left();
    irql_byte() = level;
    if (pending_level() > level) [[unlikely]]
        deliver_pending();
}

// gs:[0x188], as drivers inline it.
inline Thread& current_thread() { return **reinterpret_cast<Thread**>(pcr_address + 0x188); }

} // namespace nt::ke
