// Cancelling requests that somebody else may end at the same time.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

// IoCancelIrp for a caller that holds the cancel spin lock, taken at `irql`; it is released.
bool cancel_locked(IRP* irp, KIRQL irql);
// The running thread's request on the file, which it waits for, if it is still under way.
void cancel_own_request(FILE_OBJECT* file);
// Waits until the running thread's request that tells `event` has ended, the file's or one of its own.
void wait_for_own_request(FILE_OBJECT* file, KEVENT& event, KPROCESSOR_MODE mode);
// The last handle of a file goes: requests on the file's own list are cancelled, and not waited for.
void cancel_file_requests(FILE_OBJECT* file);

} // namespace nt::io::detail
