// Deferred procedure calls. Each processor has a queue, processed at DISPATCH_LEVEL on the processor's DPC
// stack, and one for threaded DPCs, which its DPC thread (priority 31) runs at PASSIVE_LEVEL. Pages:
// nf-wdm-keinitializedpc, nf-wdm-keinsertqueuedpc, nf-wdm-kesetimportancedpc, "Organization of DPC Queues".
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

void initialize_dpc(KDPC& dpc, PKDEFERRED_ROUTINE routine, PVOID context, bool threaded);
// A DPC of ours: `function` runs instead of a guest routine.
using HostDpcFunction = void (*)(KDPC& dpc);
void initialize_host_dpc(KDPC& dpc, HostDpcFunction function, PVOID context);
// Any IRQL. False: it is queued already; nothing changes.
bool insert_queue_dpc(KDPC& dpc, PVOID argument1, PVOID argument2);
// Any IRQL. False: it was not queued.
bool remove_queue_dpc(KDPC& dpc);
inline bool is_queued(const KDPC& dpc) { return dpc.DpcData != nullptr; }
void set_dpc_importance(KDPC& dpc, KDPC_IMPORTANCE importance);
void set_dpc_target(KDPC& dpc, ULONG processor);
// Returns when every DPC that is queued now has run, on every processor. PASSIVE_LEVEL.
void flush_queued_dpcs();
// The running code is a DPC routine (not a threaded one) or was interrupted in one.
bool is_dpc_active();

// Something waits for the IRQL of the running processor to fall below DISPATCH_LEVEL: DPCs, timers, a thread.
bool work_waits();
struct DpcCounts {
    ULONGLONG dpcs, interrupts; // since the start
    ULONG depth;                // DPCs that wait now
};
DpcCounts dpc_counts(ULONG processor);
// For views: each DPC that waits on the processor, in order, then the threaded ones.
void for_each_dpc(ULONG processor, void (*visit)(KDPC& dpc, void* context), void* context);

} // namespace nt::ke
