// A fiber: one host stack with what the System V ABI preserves across calls (rbx, rbp, r12-r15, mxcsr, x87
// control word), errno and the C++ runtime's exception globals. NT threads run on fibers; all fibers run on
// the one host thread.
//
// Stacks lie above guest_end with a guard page below them and are reused. A fiber's entry never returns: its
// owner switches away and destroys it from another fiber. No switch inside a signal handler or a catch block.
#pragma once
#include <cstddef>
#include <cstdint>

namespace host {

class Fiber {
  public:
    using Entry = void (*)(void* argument);

    // Null when no host stack is left (host limit on mappings): the caller reports it by name. The first
    // switch to it calls entry(argument) on the new stack.
    static Fiber* create(Entry entry, void* argument);
    // The fiber that the host thread came with, and the one running now.
    static Fiber& main();
    static Fiber& current();
    // Saves the running fiber in `from` (must be current()) and continues `to`. About 5 ns.
    static void switch_to(Fiber& from, Fiber& to);
    static void switch_to(Fiber& to) { switch_to(current(), to); }
    // Gives the stack back. Not the running fiber, not main().
    static void destroy(Fiber* fiber);

    // Frames of the running fiber below `high` are left without a return: what the sanitizer knows of them is
    // not true any more, and a lock that one of them holds is let go by the hook.
    static void abandon_frames_below(std::uint64_t high);
    static inline void (*frames_abandoned)(std::uint64_t high) = nullptr;

    std::uint64_t stack_low() const { return low_; }   // lowest usable address
    std::uint64_t stack_high() const { return high_; } // one past the highest
    static std::size_t count();                        // fibers that exist, main() not counted

    void* owner = nullptr;      // free for the creator (the NT thread)
    void* unfinished = nullptr; // what its frames hold (kernel/seh/unfinished.h), innermost first

  private:
    friend struct FiberSwitch;
    std::uint64_t rsp_ = 0;
    std::uint64_t low_ = 0, high_ = 0;
    int saved_errno_ = 0;
    void* caught_exceptions_ = nullptr;
    unsigned uncaught_exceptions_ = 0;
    Entry entry_ = nullptr;
    void* argument_ = nullptr;
    void* asan_fake_stack_ = nullptr;
    Fiber* next_free_ = nullptr;
};

} // namespace host
