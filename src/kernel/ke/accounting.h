// Where the time of processors goes. Virtual time is charged to what runs: the running thread, DPC routines,
// interrupt routines, or idling. Interrupts and DPCs are not charged to the thread that they interrupt, so
// they do not use up its quantum.
#pragma once
#include "abi/types.h"

namespace nt::ke {

enum class Activity : UCHAR { idle, thread, dpc, interrupt };

// One processor's account; times in 100 ns units.
struct Account {
    Activity activity = Activity::idle;
    ULONGLONG since = 0; // when `activity` began or was last charged
    ULONGLONG idle = 0, thread = 0, dpc = 0, interrupt = 0;
    ULONGLONG user = 0;        // the part of `thread` in user mode
    ULONGLONG user_seen = 0;   // user_time of the running thread that is in it
    ULONGLONG at_dispatch = 0; // all time at DISPATCH_LEVEL and above
    ULONGLONG switches = 0;
};

// A copy that is up to date.
Account account_of(ULONG processor);

} // namespace nt::ke
