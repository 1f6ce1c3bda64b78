// Raw system calls of guest text (Syscall User Dispatch, Linux 5.11): a `syscall` instruction below guest_end
// becomes FaultKind::system_call at the FaultSink; the host's own, above, run as always.
#pragma once

namespace host {

// After install_signals(). False where the kernel lacks it (reason in containment_error()): raw system calls
// then reach Linux.
bool enable_containment();
void disable_containment();
bool containment_enabled();
const char* containment_error();

} // namespace host
