// KQUEUE: a list of entries that threads wait for, with a limit on how many of its threads run at once. A
// thread belongs to the queue that it last took from; while it waits for something else, another may run in
// its place. Waiting threads are woken last in, first out. Pages: nf-ntifs-keinitializequeue,
// nf-ntifs-keinsertqueue, nf-ntifs-keremovequeue, nf-ntifs-kerundownqueue, "I/O Completion Ports".
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

// `limit` 0: the number of processors.
void initialize_queue(KQUEUE& queue, ULONG limit);
// Number of entries before. An entry is a LIST_ENTRY of the caller's; IRQL ≤ DISPATCH_LEVEL.
LONG insert_queue(KQUEUE& queue, LIST_ENTRY& entry);
LONG insert_head_queue(KQUEUE& queue, LIST_ENTRY& entry);
// Takes an entry, or waits for one: the entry's address, or STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ABANDONED
// (the queue was run down) as a pointer. Waiting needs IRQL ≤ APC_LEVEL.
LIST_ENTRY* remove_queue(KQUEUE& queue, KPROCESSOR_MODE mode, const LARGE_INTEGER* timeout);
// Up to `count` entries at once; gives how many, and the status in `status` when none.
ULONG remove_queue_entries(KQUEUE& queue, KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                           LIST_ENTRY** entries, ULONG count, NTSTATUS& status);
// Ends all waits with STATUS_ABANDONED and frees its threads; the list of entries, or null.
LIST_ENTRY* rundown_queue(KQUEUE& queue);
inline LONG read_state_queue(const KQUEUE& queue) { return queue.Header.SignalState; }

// A thread that belongs to a queue begins or ends a wait for something; ends.
void note_queue_thread_waits(Thread& thread);
void note_queue_thread_runs(Thread& thread);
void leave_queue(Thread& thread);

} // namespace nt::ke
