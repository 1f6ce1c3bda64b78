// Who decides which processor goes on: plugged by app/machine (implementations in src/verify). Which thread a
// processor runs is not its business: that follows from priorities, as on Windows.
#pragma once
#include "abi/types.h"

namespace nt::ke {

enum class Cause : UCHAR {
    countdown, // as many crossings have passed as the policy asked for
    step,      // so have the single-stepped instructions
    spin,      // the processor spins for a lock or condition
    pause,     // it executed `pause`
    idle,      // it has nothing to run
};

struct Decision {
    ULONGLONG number; // how many decisions came before
    ULONGLONG time;   // 100 ns units
    Cause cause;
    ULONG current;    // the processor that runs; not in `runnable` if it cannot go on
    ULONG64 runnable; // bit n: processor n can go on; not 0
};

struct Choice {
    ULONG processor;             // one of `runnable`
    ULONGLONG crossings = ~0ull; // until the next decision on it (each crossing is 100 ns of virtual time)
    ULONG instructions = 0;   // more than 0: single-step that many instructions of drivers, then decide again
    bool end_quantum = false; // its thread's quantum is over now
    ULONG user_instructions = 0; // the same for programs
};

class SchedulePolicy {
  public:
    virtual Choice decide(const Decision& decision) = 0;

  protected:
    ~SchedulePolicy() = default;
};

// Null: a processor goes on until it cannot.
void set_schedule_policy(SchedulePolicy* policy);

} // namespace nt::ke
