// What host code holds across a call-out and must give back also when a raise in the guest code goes past it:
// a function and what it is called with, linked to those of the thread while it lives. The way to the handler
// calls those whose frames it abandons, innermost first, before it leaves them. One that is called may do
// whatever the frame's own end would do. A fault of the host code itself, on a driver's bad pointer, only
// forgets them.
#pragma once
#include "kernel/seh/crossing.h"

namespace host {
class Fiber;
}

namespace nt::seh {

class Unfinished {
  public:
    Unfinished(void (*end)(void* what), void* what);
    ~Unfinished();
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

    // Those in the crossing at `high` and in crossings inside it.
    static void end_below(ULONG_PTR high);
    static void forget_below(ULONG_PTR high);

  private:
    static bool pop_below(ULONG_PTR high, Unfinished*& popped);

    host::Fiber* fiber_ = nullptr; // null: not linked, since nothing can raise
    Unfinished* outer_ = nullptr;
    ULONG_PTR crossing_ = 0; // the record of the crossing that the frame serves
    void (*end_)(void* what);
    void* what_;
};

} // namespace nt::seh
