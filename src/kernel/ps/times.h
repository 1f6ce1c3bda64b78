// How long threads and processes have run: the processor time that ke charges to them (ke/accounting.h).
// User time is what ke counts as such (Thread::user_time), kernel time the rest.
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

// What a process keeps of a thread that ends; on_thread_times hears of it (plugged by app).
extern void (*on_thread_times)(const ke::Thread& thread, const KERNEL_USER_TIMES& times);
void keep_times(const ke::Thread& thread);

} // namespace nt::ps
