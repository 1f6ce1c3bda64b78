// Objects and due times that the thread pool waits for. Threads that do nothing else wait for up to 63
// watches each; what comes of one is a callback of its task, in a worker.
#pragma once
#include "threadpool.h"

namespace nt::k32 {

class Watch {
  public:
    // What the program holds: freed with its task. Null: the last error says why.
    static Watch* create(TaskKind kind, PVOID routine, PVOID context, const CallbackEnvironment* environment);
    Task& task() { return *task_; }
    bool is_armed() const { return waiter_ != nullptr; }

    // Waits for `object` (null: for nothing but the time) until `due`, an interrupt time; 0: for ever. With a
    // period (100 ns) it is due again and again. What was waited for before is so no longer.
    bool arm(HANDLE object, LONGLONG due, ULONGLONG period = 0);
    void again(); // a registered wait, after its callback
    // Afterwards no callback is queued any more.
    void disarm();
    // No arm() works from now on.
    void close();

    DWORD milliseconds = INFINITE; // of a registered wait or a timer: its interval
    HANDLE registered = nullptr;   // the object of a registered wait
    bool once = false;
    Watch* next_in_queue = nullptr; // of timers

  private:
    friend struct Waiter;
    void end();

    Task* task_;
    struct Waiter* waiter_; // null: not armed
    HANDLE object_;         // a duplicate, so that the program can close its own
    LONGLONG due_;
    ULONGLONG period_;
    bool closed_;
    bool firing_;  // its callback is about to be queued
    bool leaving_; // its thread may still wait for the object
};

LONGLONG interrupt_time();
inline LONGLONG after(DWORD milliseconds) { return interrupt_time() + LONGLONG(milliseconds) * 10000; }

} // namespace nt::k32
