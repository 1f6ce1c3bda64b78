// With thousands of threads a switch finds nothing of the next one in the caches: neither its body nor its
// stacks. A long ready queue says early who comes, so that they are fetched while others run.
#pragma once
#include "kernel/ke/detail/processor_state.h"

namespace nt::ke {

inline constexpr ULONG long_queue = 8; // the threads of shorter ones are still warm

// The running thread is about to be switched from: notes where its stacks are.
void note_stacks(Thread& thread);

void fetch_after(const LIST_ENTRY* place, const LIST_ENTRY* head);
// `thread` is about to be taken off the queues.
inline void prefetch_after(const ReadyQueues& queues, const Thread& thread) {
    if (queues.count > long_queue) [[unlikely]]
        fetch_after(&thread.ready->link, &queues.queue[static_cast<int>(thread.Tcb.Priority)]);
}

} // namespace nt::ke
