#include "kernel/ke/queue.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/timer.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

// DISPATCHER_HEADER.TimerControlFlags of a queue: it has been run down, and nobody can wait for it any more.
constexpr UCHAR abandoned_flag = 0x1;

KQUEUE* queue_of(Thread& thread) { return reinterpret_cast<KQUEUE*>(thread.Tcb.Queue); }

// A thread that waits here gets the entry at once: the result of its wait is the entry's address, which does
// not fit an NTSTATUS and stands in its wait block.
void give(KWAIT_BLOCK& block, LIST_ENTRY* entry) {
    block.SparePtr = entry;
    detail::unwait(as_thread(block.Thread), STATUS_SUCCESS);
}

LIST_ENTRY* take_first(KQUEUE& queue) {
    LIST_ENTRY* entry = queue.EntryListHead.Flink;
    list::remove(*entry);
    entry->Flink = nullptr;
    queue.Header.SignalState--;
    return entry;
}

// Who waits for an entry and may have one, the latest first; null: nobody. Others, who wait for the queue as
// for any object, only want to know that there is one.
KWAIT_BLOCK* next_taker(KQUEUE& queue) {
    if (queue.CurrentCount >= queue.MaximumCount) return nullptr;
    for (LIST_ENTRY* e = queue.Header.WaitListHead.Blink; e != &queue.Header.WaitListHead; e = e->Blink) {
        auto* block = NT_CONTAINER(e, KWAIT_BLOCK, WaitListEntry);
        if (block->WaitType == WaitDequeue) return block;
    }
    return nullptr;
}

// Fewer of its threads run than may: one more gets an entry.
void wake_one(KQUEUE& queue) {
    if (list::empty(queue.EntryListHead)) return;
    if (KWAIT_BLOCK* block = next_taker(queue)) give(*block, take_first(queue));
}

LONG insert(KQUEUE& queue, LIST_ENTRY& entry, bool at_head) {
    const LONG before = queue.Header.SignalState;
    if (KWAIT_BLOCK* block = next_taker(queue)) {
        give(*block, &entry);
    } else {
        queue.Header.SignalState++;
        if (at_head)
            list::insert_head(queue.EntryListHead, entry);
        else
            list::insert_tail(queue.EntryListHead, entry);
        test_waits(queue.Header);
    }
    dispatch();
    return before;
}

// The thread runs for this queue from now on.
void join(KQUEUE& queue, Thread& self) {
    if (queue_of(self) == &queue) return;
    leave_queue(self);
    self.Tcb.Queue = &queue.Header;
    list::insert_tail(queue.ThreadListHead, self.Tcb.QueueListEntry);
    queue.CurrentCount = queue.CurrentCount + 1;
}

} // namespace

void initialize_queue(KQUEUE& queue, ULONG limit) {
    initialize_header(queue.Header, QueueObject, sizeof queue, 0);
    list::initialize(queue.EntryListHead);
    list::initialize(queue.ThreadListHead);
    queue.CurrentCount = 0;
    queue.MaximumCount = limit ? limit : processor_count();
}

LONG insert_queue(KQUEUE& queue, LIST_ENTRY& entry) { return insert(queue, entry, false); }
LONG insert_head_queue(KQUEUE& queue, LIST_ENTRY& entry) { return insert(queue, entry, true); }

void note_queue_thread_waits(Thread& thread) {
    KQUEUE& queue = *queue_of(thread);
    queue.CurrentCount = queue.CurrentCount - 1;
    wake_one(queue);
}

void note_queue_thread_runs(Thread& thread) {
    KQUEUE& queue = *queue_of(thread);
    queue.CurrentCount = queue.CurrentCount + 1;
}

void leave_queue(Thread& thread) {
    KQUEUE* queue = queue_of(thread);
    if (!queue) return;
    list::remove(thread.Tcb.QueueListEntry);
    thread.Tcb.Queue = nullptr;
    queue->CurrentCount = queue->CurrentCount - 1;
    wake_one(*queue);
}

ULONG remove_queue_entries(KQUEUE& queue, KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                           LIST_ENTRY** entries, ULONG count, NTSTATUS& status) {
    const ULONGLONG due = detail::due_time(timeout);
    Thread& self = current_thread();
    join(queue, self);
    // The caller counts as running whenever it is out of this loop's wait, and not while it asks.
    for (;;) {
        if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
        if (!list::empty(queue.EntryListHead) && queue.CurrentCount - 1 < queue.MaximumCount) {
            ULONG taken = 0;
            while (taken < count && !list::empty(queue.EntryListHead))
                entries[taken++] = take_first(queue);
            status = STATUS_SUCCESS;
            return taken;
        }
        if (queue.Header.TimerControlFlags & abandoned_flag) {
            status = STATUS_ABANDONED;
            return 0;
        }
        if (detail::wait_is_alerted(self, mode, alertable, status)) return 0;
        if (timeout && (timeout->QuadPart == 0 || due <= tick_time())) {
            status = STATUS_TIMEOUT;
            return 0;
        }
        if (current_irql() >= DISPATCH_LEVEL)
            bug_check(IRQL_NOT_LESS_OR_EQUAL, reinterpret_cast<ULONG_PTR>(&queue), current_irql(), 0, 0);
        KWAIT_BLOCK& block = self.Tcb.WaitBlock[0];
        block.WaitType = WaitDequeue;
        block.WaitKey = 0;
        block.Thread = &self.Tcb;
        block.Object = &queue;
        block.SparePtr = nullptr;
        list::insert_tail(queue.Header.WaitListHead, block.WaitListEntry);
        self.Tcb.WaitBlockList = &block;
        self.Tcb.WaitBlockCount = 1;
        if (trace::on) {
            const std::uint64_t object = reinterpret_cast<std::uint64_t>(&queue);
            trace::emit_wait_begin({&object, 1}, false, WrQueue, mode, alertable, timeout != nullptr,
                                   timeout ? static_cast<ULONGLONG>(timeout->QuadPart) : 0);
        }
        detail::block(self, WrQueue, mode, alertable, due);
        if (trace::on) trace::emit_wait_satisfied(self.wait_result);
        if (block.SparePtr) {
            entries[0] = static_cast<LIST_ENTRY*>(block.SparePtr);
            entries[0]->Flink = nullptr;
            block.SparePtr = nullptr;
            ULONG taken = 1;
            while (taken < count && !list::empty(queue.EntryListHead))
                entries[taken++] = take_first(queue);
            status = STATUS_SUCCESS;
            return taken;
        }
        status = self.wait_result;
        if (!self.apc_wakeup) return 0;
    }
}

LIST_ENTRY* remove_queue(KQUEUE& queue, KPROCESSOR_MODE mode, const LARGE_INTEGER* timeout) {
    LIST_ENTRY* entry;
    NTSTATUS status;
    if (remove_queue_entries(queue, mode, false, timeout, &entry, 1, status)) return entry;
    return reinterpret_cast<LIST_ENTRY*>(static_cast<LONG_PTR>(status));
}

LIST_ENTRY* rundown_queue(KQUEUE& queue) {
    LIST_ENTRY* first = list::empty(queue.EntryListHead) ? nullptr : queue.EntryListHead.Flink;
    if (first) list::remove(queue.EntryListHead); // the entries stay linked to each other
    list::initialize(queue.EntryListHead);
    queue.Header.SignalState = 0;
    queue.Header.TimerControlFlags |= abandoned_flag;
    while (!list::empty(queue.ThreadListHead)) {
        auto& thread = *NT_CONTAINER(queue.ThreadListHead.Flink, Thread, Tcb.QueueListEntry);
        list::remove(thread.Tcb.QueueListEntry);
        thread.Tcb.Queue = nullptr;
    }
    while (!list::empty(queue.Header.WaitListHead)) {
        auto& block = *NT_CONTAINER(queue.Header.WaitListHead.Flink, KWAIT_BLOCK, WaitListEntry);
        detail::unwait(as_thread(block.Thread), STATUS_ABANDONED);
    }
    dispatch();
    return first;
}

} // namespace nt::ke
