// Hard errors: what a user is asked about in a dialog box ("Supporting Removable Media"), and the device of a
// thread that is to be verified. There is no desktop: the box is a note of the run and a row of the trace,
// and nobody answers it.
#pragma once
#include "abi/irp.h"

namespace nt::ke {
struct Thread;
}

namespace nt::io {

// Plugged by app: what the user would see, and what the System event log would hold.
extern void (*tell_user)(const char* text);
extern void (*write_system_log)(const char* text);

// IoRaiseHardError: the request ends without data in the caller's buffers.
void raise_hard_error(IRP* irp, VPB* vpb, DEVICE_OBJECT* real_device, ULONG_PTR caller);
// IoRaiseInformationalHardError. `thread`: null, or whose request it was. False: they are disabled for it.
bool raise_informational_hard_error(NTSTATUS status, const ke::Thread* thread);
// IoSetThreadHardErrorMode: what it was.
bool enable_hard_errors(bool on);

} // namespace nt::io
