// The idle threads: one per processor, with process and thread id 0, never in a ready queue.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ke {

// Makes them, and every processor idle. Needs memory_hooks; once, before any thread is ready (unit tests:
// before each run; threads of an earlier run are abandoned).
void create_idle_threads();

// Called for each thread that ke makes for itself and that is not an idle thread, before it runs: gives it
// ids and the System process (plugged by ps).
extern void (*adopt_thread)(Thread& thread);

} // namespace nt::ke
