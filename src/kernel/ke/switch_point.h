// Switch points: the only places where something else than the running code may happen. They are: a gate or
// system call when the processor's deadline (KPCR_DEADLINE) has come, lowering the IRQL, waits, spin waits,
// trapped instructions. There due hardware events and clock ticks happen, the schedule policy may choose
// another processor, and what the IRQL allows is delivered (deliver_pending()).
#pragma once
#include "kernel/ke/schedule_policy.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

// Any IRQL; the running thread may go on on another processor when it returns.
void switch_point(Cause cause = Cause::countdown);
// The cheap form, for code that has just charged time.
inline bool switch_point_due() {
    return *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_VIRTUAL_TIME) >=
           *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_DEADLINE);
}

// Every thread waits, and nothing is due: called before the machine stops. Plugged by app.
extern void (*before_hang)();

// What the processor tells others of its thread: GS of user mode, the trace's ids, the address space.
void show_thread(Thread& thread);

} // namespace nt::ke
