// One DPC routine on every processor: KeGenericCallDpc. No page documents it; drivers declare it themselves.
// assumed: what those declarations and names promise. The routine runs once on each processor at
// DISPATCH_LEVEL; it must say KeSignalCallDpcDone(SystemArgument1) when it is done, and may meet the others
// with KeSignalCallDpcSynchronize(SystemArgument2) before. The caller's own processor calls it like a
// function.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

// What both system arguments point at: guest memory, one per call.
struct DpcCall {
    ULONG left;                // processors that have not signalled
    ULONG arrived, generation; // of the rendezvous
    KDPC dpcs[1];              // one per processor
};

// `call` is zeroed memory for processor_count() DPCs. One call at a time (the caller sees to it). IRQL <
// DISPATCH_LEVEL.
void call_dpc_everywhere(DpcCall& call, PKDEFERRED_ROUTINE routine, PVOID context);
void signal_call_done(DpcCall& call);
// Returns when every processor has come. True on one of them.
bool meet_in_call(DpcCall& call);

} // namespace nt::ke
