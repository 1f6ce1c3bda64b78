// The kernel's own code that does not come back: a list that a driver has made a ring of, a lock in memory
// that is none. On Windows the machine would hang.
#pragma once

namespace nt::ex {

// Ends the run as a hang that names the call. Entered by the host's watchdog anywhere in host code.
[[noreturn]] void host_code_hangs();

} // namespace nt::ex
