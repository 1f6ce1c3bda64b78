// Who waits for the end of a request, and how. What comes of it is known only when the machine can go on no
// more: then the rules about waits are told that were broken (SignalEventInCompletion and kin).
#pragma once
#include "kernel/io/detail/calls.h"

namespace nt::io::detail {

// While verifying. A driver sends a request of its own.
void note_sender(const IRP* irp, ULONG_PTR caller);
// A driver passes it on, perhaps not for the first time.
void note_sent_again(const IRP* irp, UCHAR level);
// The completion routine that its owner, or else its driver at `level`, has set has taken a pending request
// back. The IRP may be gone.
void note_taken_back(const IRP* irp, UCHAR level, bool by_owner, ULONG_PTR routine, ULONG_PTR context);
void forget_sender(const IRP* irp); // it is freed

} // namespace nt::io::detail
