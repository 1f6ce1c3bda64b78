#include "kernel/ke/dispatcher.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/scheduler.h"

namespace nt::ke {

void initialize_header(DISPATCHER_HEADER& header, UCHAR type, UCHAR size_bytes, LONG signal_state) {
    header.Lock = 0;
    header.Type = type;
    header.Size = static_cast<UCHAR>(size_bytes / sizeof(ULONG));
    header.SignalState = signal_state;
    list::initialize(header.WaitListHead);
}

namespace detail {

bool is_signalled(const DISPATCHER_HEADER& header, const Thread& thread) {
    if (header.Type == MutantObject) {
        const auto& mutant = reinterpret_cast<const KMUTANT&>(header);
        return header.SignalState > 0 || mutant.OwnerThread == &thread.Tcb;
    }
    return header.SignalState > 0;
}

NTSTATUS satisfy(DISPATCHER_HEADER& header, Thread& thread) {
    switch (header.Type & 0x7F) {
    case EventSynchronizationObject:
    case TimerSynchronizationObject:
        header.SignalState = 0;
        break;
    case SemaphoreObject:
        header.SignalState--;
        break;
    case MutantObject: {
        auto& mutant = reinterpret_cast<KMUTANT&>(header);
        if (--header.SignalState == 0) {
            mutant.OwnerThread = &thread.Tcb;
            header.DpcActive = &thread == &current_thread() && current_irql() >= DISPATCH_LEVEL;
            thread.Tcb.KernelApcDisable = static_cast<SHORT>(thread.Tcb.KernelApcDisable - mutant.ApcDisable);
            list::insert_head(thread.Tcb.MutantListHead, mutant.MutantListEntry);
            if (mutant.Abandoned) {
                mutant.Abandoned = 0;
                return STATUS_ABANDONED;
            }
        }
        break;
    }
    default:
        break; // notification objects stay signalled
    }
    return STATUS_SUCCESS;
}

} // namespace detail

// Satisfies one queued wait if it can be; the block's thread becomes ready then.
static bool try_satisfy(KWAIT_BLOCK& block, KPRIORITY increment) {
    Thread& thread = as_thread(block.Thread);
    auto& header = *static_cast<DISPATCHER_HEADER*>(block.Object);
    if (block.WaitType == WaitDequeue) return false; // the queue gives it an entry, or leaves it waiting
    if (block.WaitType == WaitAny) {
        const NTSTATUS status = detail::satisfy(header, thread);
        detail::unwait(thread, static_cast<NTSTATUS>(block.WaitKey) | status, increment);
        return true;
    }
    auto* blocks = thread.Tcb.WaitBlockList;
    const ULONG count = thread.Tcb.WaitBlockCount;
    for (ULONG i = 0; i < count; i++)
        if (!detail::is_signalled(*static_cast<DISPATCHER_HEADER*>(blocks[i].Object), thread)) return false;
    NTSTATUS result = STATUS_SUCCESS;
    for (ULONG i = 0; i < count; i++)
        result |= detail::satisfy(*static_cast<DISPATCHER_HEADER*>(blocks[i].Object), thread);
    detail::unwait(thread, result, increment);
    return true;
}

void test_waits(DISPATCHER_HEADER& header, KPRIORITY increment) {
    LIST_ENTRY* entry = header.WaitListHead.Flink;
    while (header.SignalState > 0 && entry != &header.WaitListHead) {
        auto& block = *NT_CONTAINER(entry, KWAIT_BLOCK, WaitListEntry);
        entry = entry->Flink;
        // An unwait removes all blocks of the thread, which may include the next one: start over then.
        if (try_satisfy(block, increment)) entry = header.WaitListHead.Flink;
    }
}

void initialize_event(KEVENT& event, EVENT_TYPE type, bool signalled) {
    initialize_header(event.Header, static_cast<UCHAR>(type), sizeof event, signalled);
}

static void switch_unless(bool wait) {
    if (!wait) dispatch();
}

LONG set_event(KEVENT& event, KPRIORITY increment, bool wait) {
    const LONG previous = event.Header.SignalState;
    event.Header.SignalState = 1;
    if (!previous && !list::empty(event.Header.WaitListHead)) {
        test_waits(event.Header, increment);
        switch_unless(wait);
    }
    return previous;
}

LONG reset_event(KEVENT& event) {
    const LONG previous = event.Header.SignalState;
    event.Header.SignalState = 0;
    return previous;
}

LONG pulse_event(KEVENT& event, KPRIORITY increment, bool wait) {
    const LONG previous = event.Header.SignalState;
    event.Header.SignalState = 1;
    if (!previous) test_waits(event.Header, increment);
    event.Header.SignalState = 0;
    switch_unless(wait);
    return previous;
}

void initialize_semaphore(KSEMAPHORE& semaphore, LONG count, LONG limit) {
    initialize_header(semaphore.Header, SemaphoreObject, sizeof semaphore, count);
    semaphore.Limit = limit;
}

NTSTATUS release_semaphore(KSEMAPHORE& semaphore, LONG adjustment, LONG& previous, bool wait,
                           KPRIORITY increment) {
    previous = semaphore.Header.SignalState;
    LONG sum;
    if (__builtin_add_overflow(previous, adjustment, &sum) || sum > semaphore.Limit || adjustment <= 0)
        return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
    semaphore.Header.SignalState = sum;
    test_waits(semaphore.Header, increment);
    switch_unless(wait);
    return STATUS_SUCCESS;
}

void initialize_mutant(KMUTANT& mutant, bool initial_owner, UCHAR apc_disable) {
    initialize_header(mutant.Header, MutantObject, 0, initial_owner ? 0 : 1);
    mutant.Header.MutantSize = sizeof mutant / sizeof(ULONG); // the other header's size is a flag here
    mutant.OwnerThread = nullptr;
    mutant.Abandoned = 0;
    mutant.ApcDisable = apc_disable;
    if (initial_owner) {
        Thread& self = current_thread();
        mutant.OwnerThread = &self.Tcb;
        self.Tcb.KernelApcDisable = static_cast<SHORT>(self.Tcb.KernelApcDisable - apc_disable);
        list::insert_head(self.Tcb.MutantListHead, mutant.MutantListEntry);
    }
}

static void free_mutant(KMUTANT& mutant, Thread& owner, KPRIORITY increment) {
    list::remove(mutant.MutantListEntry);
    owner.Tcb.KernelApcDisable = static_cast<SHORT>(owner.Tcb.KernelApcDisable + mutant.ApcDisable);
    mutant.OwnerThread = nullptr;
    test_waits(mutant.Header, increment);
}

NTSTATUS release_mutant(KMUTANT& mutant, LONG& previous, bool wait, KPRIORITY increment) {
    Thread& self = current_thread();
    previous = mutant.Header.SignalState;
    if (mutant.OwnerThread != &self.Tcb) return mutant.Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED;
    if (mutant.Header.DpcActive != (current_irql() >= DISPATCH_LEVEL)) return STATUS_MUTANT_NOT_OWNED;
    if (++mutant.Header.SignalState == 1) {
        free_mutant(mutant, self, increment);
        switch_unless(wait);
    }
    return STATUS_SUCCESS;
}

static void abandon(KMUTANT& mutant, KPRIORITY increment) {
    mutant.Abandoned = 1;
    mutant.Header.SignalState = 1;
    free_mutant(mutant, as_thread(mutant.OwnerThread), increment);
}

NTSTATUS abandon_mutant(KMUTANT& mutant, KPRIORITY increment, bool wait) {
    if (!mutant.OwnerThread) return STATUS_MUTANT_NOT_OWNED;
    abandon(mutant, increment);
    switch_unless(wait);
    return STATUS_SUCCESS;
}

void abandon_mutants(Thread& owner) {
    while (!list::empty(owner.Tcb.MutantListHead))
        abandon(*NT_CONTAINER(owner.Tcb.MutantListHead.Flink, KMUTANT, MutantListEntry), MUTANT_INCREMENT);
}

void signal_object(DISPATCHER_HEADER& header) {
    header.SignalState = 1;
    test_waits(header);
}

} // namespace nt::ke
