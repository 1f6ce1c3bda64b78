// The virtual processor: its KPCR (what GS points at in kernel mode) and its IRQL. Part 1 has one processor.
#pragma once
#include "abi/types.h"
#include "kernel/seh/crossing_layout.h"

namespace nt {
struct KPCR;
struct KTHREAD;
} // namespace nt

namespace nt::ke {

struct Thread;

// Fills the KPCR of processor 0 in `area` (zeroed guest memory, two pages or more) and loads it into GS.
// Once, before anything else of ke.
void initialize_processor(PVOID area);
KPCR& pcr();

extern ULONG_PTR pcr_address;

// CR8 on real hardware; kept at KPCR+0x50, where rewritten drivers read it.
inline KIRQL& irql_byte() { return *reinterpret_cast<KIRQL*>(pcr_address + KPCR_IRQL); }
inline KIRQL current_irql() { return irql_byte(); }
// Raises to `level` (not below the current one) and gives the level before. Any IRQL.
inline KIRQL raise_irql(KIRQL level) {
    const KIRQL old = irql_byte();
    irql_byte() = level;
    return old;
}
// Lowers to `level`; what waited for it happens now: a due thread switch below DISPATCH_LEVEL, kernel APCs
// below APC_LEVEL.
void lower_irql(KIRQL level);

// gs:[0x188], as drivers inline it.
inline Thread& current_thread() { return **reinterpret_cast<Thread**>(pcr_address + 0x188); }

} // namespace nt::ke
