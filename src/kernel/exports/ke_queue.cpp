// Kernel queues: nf-ntifs-keinitializequeue, nf-ntifs-keinsertqueue, nf-ntifs-keremovequeue,
// nf-ntifs-kerundownqueue.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/queue.h"
#include <algorithm>

using namespace nt;

extern "C" void KeInitializeQueue(KQUEUE* queue, ULONG count) { ke::initialize_queue(*queue, count); }
GATE(KeInitializeQueue);

extern "C" LONG KeInsertQueue(KQUEUE* queue, LIST_ENTRY* entry) { return ke::insert_queue(*queue, *entry); }
GATE(KeInsertQueue);

extern "C" LONG KeInsertHeadQueue(KQUEUE* queue, LIST_ENTRY* entry) {
    return ke::insert_head_queue(*queue, *entry);
}
GATE(KeInsertHeadQueue);

extern "C" LIST_ENTRY* KeRemoveQueue(KQUEUE* queue, KPROCESSOR_MODE mode, const LARGE_INTEGER* timeout) {
    return ke::remove_queue(*queue, mode, timeout);
}
GATE(KeRemoveQueue);

// Undocumented. assumed: the number of entries taken; when none was, the first element holds the wait's
// status, as KeRemoveQueue's result does, and one is counted.
extern "C" ULONG KeRemoveQueueEx(KQUEUE* queue, KPROCESSOR_MODE mode, BOOLEAN alertable,
                                 const LARGE_INTEGER* timeout, LIST_ENTRY** entries, ULONG count) {
    NTSTATUS status;
    const ULONG taken =
        ke::remove_queue_entries(*queue, mode, alertable, timeout, entries, std::max(count, 1u), status);
    if (taken) return taken;
    entries[0] = reinterpret_cast<LIST_ENTRY*>(static_cast<LONG_PTR>(status));
    return 1;
}
GATE(KeRemoveQueueEx);

extern "C" LONG KeReadStateQueue(KQUEUE* queue) { return ke::read_state_queue(*queue); }
GATE(KeReadStateQueue);

extern "C" LIST_ENTRY* KeRundownQueue(KQUEUE* queue) { return ke::rundown_queue(*queue); }
GATE(KeRundownQueue);
