// A thread that works in another process's address space for a while: nf-ntifs-kestackattachprocess.
#pragma once
#include "abi/thread.h"

namespace nt::ps {

// `state` keeps where the running thread was, for detach(). Attaches nest.
void attach(EPROCESS& process, KAPC_STATE& state);
void detach(const KAPC_STATE& state);

} // namespace nt::ps
