// Which thread runs. Ready queues by priority (0 to 31), first in, first out within one. A running thread
// goes on until it waits, yields, ends, or makes a thread of higher priority ready while below
// DISPATCH_LEVEL.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

// Makes a thread ready. If it outranks the running one, the switch happens at once below DISPATCH_LEVEL, else
// at the lowering.
void ready_thread(Thread& thread);
// Gives up the processor; the caller has put itself where somebody finds it (wait lists), or nowhere (it
// ends).
void switch_away();
// To the end of the queue of its priority (NtYieldExecution). False: nobody else was ready.
bool yield();
// Switches if a thread of higher priority became ready meanwhile. Below DISPATCH_LEVEL.
void dispatch_pending();

// The idle loop on the main fiber: runs threads until the machine stops (the_stop). Returns then.
void run_machine();

// Timeouts of waits: ordered by due time, then by order of arming.
void arm_timeout(Thread& thread, ULONGLONG due);
void disarm_timeout(Thread& thread);

// Ends a wait in user mode of a thread that is to end (STATUS_USER_APC, as the service then returns to user
// mode).
void end_user_wait(Thread& thread);

// Called for each thread switch: switches address spaces (plugged by ps/app).
extern void (*on_thread_switch)(Thread& to);

} // namespace nt::ke
