// EX_TIMER: timers that the system allocates, with a callback of the driver's and, if asked, high resolution.
//
// An EX_TIMER begins with a KTIMER, so that it can be waited for; its DPC runs the callback and what a
// deletion has put off. Pages: nf-wdm-exallocatetimer, nf-wdm-exsettimer, nf-wdm-exdeletetimer, "Deleting a
// System-Allocated Timer Object", "High-Resolution Timers".
#pragma once
#include "abi/dispatcher.h"

namespace nt::ex {

struct Timer;
typedef void NTAPI EXT_CALLBACK(Timer* Timer, PVOID Context);
typedef void NTAPI EXT_DELETE_CALLBACK(PVOID Context);

// EX_TIMER_… of the attributes.
inline constexpr ULONG timer_high_resolution = 0x4, timer_no_wake = 0x8, timer_notification = 0x8000'0000;
inline constexpr LONGLONG unlimited_tolerance = -1; // EX_TIMER_UNLIMITED_TOLERANCE

struct Timer {
    KTIMER timer;
    KDPC dpc;
    EXT_CALLBACK* callback;
    PVOID context;
    ULONG attributes;
    ULONG running;     // callbacks that go on now: a periodic one may overlap itself
    BOOLEAN disabled;  // its deletion has begun
    BOOLEAN abandoned; // it goes with its last callback
    EXT_DELETE_CALLBACK* delete_callback;
    PVOID delete_context;
    KEVENT idle; // set when nothing is pending any more, for a deletion that waits
};

// Null: no memory. IRQL ≤ DISPATCH_LEVEL, as the rest.
Timer* allocate_timer(EXT_CALLBACK* callback, PVOID context, ULONG attributes);
// `due` as for KeSetTimer and `period` (0: once), in 100 ns units. True: it was set, and is set anew.
bool set_timer(Timer& timer, LONGLONG due, ULONG period);
bool cancel_timer(Timer& timer);
// True: a set timer was cancelled. `wait`: IRQL ≤ APC_LEVEL; it is gone when this returns.
bool delete_timer(Timer& timer, bool cancel, bool wait, EXT_DELETE_CALLBACK* callback, PVOID context);

} // namespace nt::ex
