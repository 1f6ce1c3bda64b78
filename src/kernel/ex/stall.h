// Code that runs for long without calling the system. The host's clock (the watchdog) finds it, which cannot
// be repeated; so the code is single-stepped first, and if that proves that it only polls memory (polling.h),
// the processor waits for that memory instead, and the run stays repeatable.
#pragma once
#include "abi/context.h"
#include "host/signals.h"

namespace nt::ex {

// It is looked at after 1, 2, 4, 8 … periods of the watchdog, and interrupted after two seconds.
class Stall {
  public:
    // The watchdog has fired. True: interrupt it now. Otherwise it goes on, perhaps with a proof under way.
    bool seen(host::Fault& fault);
    // Code that polled before goes on, and has made one step.
    void look_again(host::Fault& fault);
    bool is_watched() const; // a proof is under way
    // What a fault means to the proof.
    enum class Answer { goes_on, interrupt, polls, none };
    Answer step(host::Fault& fault);

  private:
    bool start(host::Fault& fault, ULONG most);
    static constexpr ULONG patience = 20;
    ULONGLONG time_ = 0;
    ULONG periods_ = 0;
    bool last_ = false; // a proof that fails ends in an interruption
    ULONG_PTR gs_base_ = 0;
};
extern Stall stall;

// The interrupted code goes on after these. It could not be proven that it only polls: others may go on, or
// time; the run is not repeatable then, since the host has decided when. When nothing changes that for long
// enough, it is a hang.
void spins(const CONTEXT& context, bool user);
// The processor waits for the memory that the code polls. Afterwards the code is looked at again at once: it
// may have waited for another value.
void polls(CONTEXT& context, bool user);

// How often in a row the watchdog may find a thread that calls nothing, before that is a hang.
void set_stall_limit(ULONG most);

} // namespace nt::ex
