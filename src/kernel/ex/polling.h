// Proves that code which calls nothing only polls memory: the watchdog asks when virtual time has stood still
// for a while, and the code is single-stepped from there (in the signal handler, which the code cannot see).
// If registers and memory come back to a state that they were in, without a store that another processor
// could have seen, then the code will go around for ever unless one of the words that it reads changes. How
// often it has gone around, and so when the host's clock asked, makes no difference: it is put into one
// definite state of its cycle, and its processor waits there for the words (ke::poll).
//
// 1. find: steps until a state comes again (Brent's algorithm), which gives the length of the cycle.
// 2. check: once around, noting what is read and written.
// 3. settle: on to the least state of the cycle, by value.
#pragma once
#include "abi/context.h"
#include "hardware/memory_use.h"
#include "host/signals.h"
#include "kernel/ke/polling.h"

namespace nt::ex {

class PollingProof {
  public:
    enum class Result : UCHAR { going_on, proven, failed };

    bool active() const { return phase_ != Phase::none; }
    // Single-stepping is to go on after `begin` and `step` while the result says so. `most` steps in all.
    Result begin(const host::Fault& fault, ULONG_PTR gs_base, ULONG most);
    Result step(const host::Fault& fault);
    void give_up() { phase_ = Phase::none; }

    // Proven: what the loop reads, as it is now. False: some of it has no place in RAM.
    bool words(ke::PolledWords& words) const;
    ULONG length() const { return length_; }

  private:
    enum class Phase : UCHAR { none, find, check, settle };
    // Registers and extended state between two instructions.
    struct State {
        CONTEXT context;
        UCHAR extended[0x3000];
        ULONG extended_size;
    };
    struct Access {
        ULONG_PTR address;
        ULONG size;
        bool written, of_processor;
        UCHAR first[hardware::MemoryUse::most_bytes]; // what was there when the cycle first came to it
    };

    bool read_state(const host::Fault& fault, State& state);
    Result look_ahead();
    Result check_stores();
    Access* note(const hardware::MemoryUse::Operand& operand);
    Result fail() {
        phase_ = Phase::none;
        return Result::failed;
    }
    static int compare(const State& a, const State& b);

    Phase phase_ = Phase::none;
    ULONG_PTR gs_base_ = 0;
    ULONG steps_ = 0, most_ = 0, power_ = 0, length_ = 0, left_ = 0;
    State now_, mark_, least_;
    Access accesses_[ke::PolledWords::most / 2];
    ULONG access_count_ = 0;
    // Stores of the instruction that runs now.
    struct Store {
        ULONG_PTR address;
        ULONG size;
        UCHAR before[hardware::MemoryUse::most_bytes];
    } stores_[hardware::MemoryUse::most];
    ULONG store_count_ = 0;
};

} // namespace nt::ex
