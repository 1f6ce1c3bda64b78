// How long threads and processes have run: the processor time that ke charges to them (ke/accounting.h).
// assumed: the time of a program's thread is user time, that of a system thread kernel time.
#pragma once
#include "kernel/ke/thread.h"

namespace nt {
struct EPROCESS;
}

namespace nt::ps {

// What is written down as the time of a start or an end: the last tick, as KeQuerySystemTime gives it.
LARGE_INTEGER time_stamp();

KERNEL_USER_TIMES times_of(const ke::Thread& thread);
// Of all its threads, also of those that have ended.
KERNEL_USER_TIMES times_of(EPROCESS& process);

// ThreadCycleTime, ProcessCycleTime: the same at the rate of the time-stamp counter.
struct CYCLE_TIME_INFORMATION {
    ULONGLONG AccumulatedCycles, CurrentCycleCount;
};
CYCLE_TIME_INFORMATION cycles_of(const KERNEL_USER_TIMES& times);

// What a process keeps of a thread that ends.
void keep_times(const ke::Thread& thread);

} // namespace nt::ps
