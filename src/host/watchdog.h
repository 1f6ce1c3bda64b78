// For code that crosses no gate for ever: a host timer on the process's CPU time compares a progress counter
// and delivers FaultKind::watchdog with the interrupted registers when it did not move for the given time and
// rip is guest text (otherwise it looks again at the next tick). When it fires is host time and so not
// repeatable; what follows must be marked so in the trace.
#pragma once
#include <cstdint>

namespace host {

// `*progress` points at a counter that changes with every gate crossing; which counter, may change too. After
// install_signals(). Seconds of CPU time without progress.
void start_watchdog(const std::uint64_t* const* progress, double seconds);
void stop_watchdog();

// What to do when code of the host itself runs for so many seconds of CPU time without progress: `handler`
// is entered on the stack of that code, which is never gone back to. Once.
void set_host_hang(void (*handler)(), double seconds);

} // namespace host
