// Kernel APCs: work that must happen in the context of one thread, such as the second half of I/O completion.
// Part 1 has special kernel APCs of the kernel itself; drivers' and user APCs come with the whole processor.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

struct Thread;

// Prepares a KAPC whose work is a host function; `routine` is the guest address that stands for it in
// KAPC.KernelRoutine.
using KernelApcFunction = void (*)(KAPC& apc);
void initialize_kernel_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PVOID argument1,
                           PVOID argument2);
// Runs it in its thread: at once when that is the running thread below APC_LEVEL, else when it next runs
// below APC_LEVEL; a waiting thread is woken for it and waits on. False: the thread has ended.
bool queue_kernel_apc(KAPC& apc);
// Runs what is queued to the running thread, at APC_LEVEL. Called on lowering, in waits and on the way to
// user mode.
void deliver_kernel_apcs();

} // namespace nt::ke
