// A thread that works in another process's address space for a while: nf-ntifs-kestackattachprocess.
//
// KTHREAD.ApcState is the state of the process that the thread is in, with the APCs that run there. Attaching
// puts the own process's into SavedApcState, or that of a process attached before into the caller's
// KAPC_STATE; the thread's APCs for its own process wait there. A state with process 0 means SavedApcState,
// one with 1 that the thread was in that process already.
#pragma once
#include "abi/thread.h"

namespace nt::ps {

// KeStackAttachProcess, KeUnstackDetachProcess: nest.
void attach(EPROCESS& process, KAPC_STATE& state);
void detach(KAPC_STATE& state);
// KeAttachProcess, KeDetachProcess: do not.
void attach_once(EPROCESS& process);
void detach_once();

} // namespace nt::ps
