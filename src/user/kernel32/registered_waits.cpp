// Registered waits and timer queues, the older face of the thread pool:
// nf-winbase-registerwaitforsingleobject, -unregisterwaitex, nf-threadpoollegacyapiset-createtimerqueuetimer,
// -deletetimerqueuetimer ….
#include "watch.h"

namespace nt {
using namespace k32;

namespace {

constexpr ULONG WT_EXECUTEONLYONCE = 8, WT_TRANSFER_IMPERSONATION = 0x100;

struct TimerQueue {
    RTL_SRWLOCK lock;
    Watch* timers;
};
TimerQueue default_queue;

// The program lets go of a wait or a timer. No event: whether nothing of it is left (else ERROR_IO_PENDING,
// and it goes by itself); INVALID_HANDLE_VALUE: all callbacks have returned; an event: it is set then.
BOOL let_go(Watch* watch, HANDLE event) {
    watch->close();
    Task& task = watch->task();
    bool done = true;
    if (event == INVALID_HANDLE_VALUE)
        task.wait(false);
    else if (event)
        task.set_when_quiet(event);
    else
        done = !task.is_busy();
    task.release();
    return done ? BOOL(TRUE) : fail_with(ERROR_IO_PENDING);
}

TimerQueue& queue_of(HANDLE queue) { return queue ? *static_cast<TimerQueue*>(queue) : default_queue; }

Watch* take(TimerQueue& queue, Watch* wanted) { // null: any
    RtlAcquireSRWLockExclusive(&queue.lock);
    Watch** at = &queue.timers;
    while (wanted && *at && *at != wanted)
        at = &(*at)->next_in_queue;
    Watch* found = *at;
    if (found) *at = found->next_in_queue;
    RtlReleaseSRWLockExclusive(&queue.lock);
    return found;
}

struct QueueEnd {
    TimerQueue* queue;
    HANDLE event;
};
BOOL end_queue(TimerQueue* queue, HANDLE event) {
    BOOL done = TRUE;
    while (Watch* timer = take(*queue, nullptr))
        done &= let_go(timer, event);
    heap_free(queue);
    return done ? BOOL(TRUE) : fail_with(ERROR_IO_PENDING);
}
DWORD end_queue_and_tell(PVOID argument) {
    const QueueEnd end = *static_cast<QueueEnd*>(argument);
    heap_free(argument);
    end_queue(end.queue, INVALID_HANDLE_VALUE);
    NtSetEvent(end.event, nullptr);
    return 0;
}

} // namespace

extern "C" {

BOOL QueueUserWorkItem(PVOID routine, PVOID context, ULONG flags);

// The flags say how long a callback runs and in what kind of thread; all threads here serve. assumed: a wait
// that goes on begins anew when its callback has returned.
BOOL RegisterWaitForSingleObject(HANDLE* wait, HANDLE object, PVOID routine, PVOID context,
                                 DWORD milliseconds, ULONG flags) {
    if (flags & WT_TRANSFER_IMPERSONATION) stop("RegisterWaitForSingleObject (WT_TRANSFER_IMPERSONATION)");
    if (!object) return fail_with(ERROR_INVALID_HANDLE);
    Watch* watch = Watch::create(TaskKind::legacy, routine, context, nullptr);
    if (!watch) return FALSE;
    watch->registered = object;
    watch->milliseconds = milliseconds;
    watch->once = flags & WT_EXECUTEONLYONCE;
    *wait = watch; // the callback may come at once
    if (watch->arm(object, milliseconds == INFINITE ? 0 : after(milliseconds))) return TRUE;
    *wait = nullptr;
    watch->task().release();
    return FALSE;
}
BOOL UnregisterWaitEx(HANDLE wait, HANDLE event) {
    if (!wait || wait == INVALID_HANDLE_VALUE) return fail_with(ERROR_INVALID_HANDLE);
    return let_go(static_cast<Watch*>(wait), event);
}
BOOL UnregisterWait(HANDLE wait) { return UnregisterWaitEx(wait, nullptr); }

HANDLE CreateTimerQueue() {
    auto* queue =
        static_cast<TimerQueue*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(TimerQueue)));
    if (!queue) RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
    return queue;
}
BOOL CreateTimerQueueTimer(HANDLE* timer, HANDLE queue, PVOID routine, PVOID context, DWORD due, DWORD period,
                           ULONG flags) {
    if (flags & WT_TRANSFER_IMPERSONATION) stop("CreateTimerQueueTimer (WT_TRANSFER_IMPERSONATION)");
    Watch* watch = Watch::create(TaskKind::legacy, routine, context, nullptr);
    if (!watch) return FALSE;
    watch->once = !period || flags & WT_EXECUTEONLYONCE;
    TimerQueue& of = queue_of(queue);
    RtlAcquireSRWLockExclusive(&of.lock);
    watch->next_in_queue = of.timers;
    of.timers = watch;
    RtlReleaseSRWLockExclusive(&of.lock);
    *timer = watch;
    if (watch->arm(nullptr, after(due), watch->once ? 0 : ULONGLONG(period) * 10000)) return TRUE;
    const DWORD error = RtlGetLastWin32Error();
    *timer = nullptr;
    take(of, watch);
    watch->task().release();
    return fail_with(error);
}
// "If you call ChangeTimerQueueTimer on a one-shot timer that has already expired, the timer is not updated."
BOOL ChangeTimerQueueTimer(HANDLE, HANDLE timer, DWORD due, DWORD period) {
    auto* watch = static_cast<Watch*>(timer);
    if (!watch) return fail_with(ERROR_INVALID_HANDLE);
    if (watch->once && !watch->is_armed()) return TRUE;
    watch->once = !period;
    return watch->arm(nullptr, after(due), ULONGLONG(period) * 10000);
}
BOOL DeleteTimerQueueTimer(HANDLE queue, HANDLE timer, HANDLE event) {
    Watch* watch = timer ? take(queue_of(queue), static_cast<Watch*>(timer)) : nullptr;
    return watch ? let_go(watch, event) : fail_with(ERROR_INVALID_HANDLE);
}
BOOL DeleteTimerQueueEx(HANDLE queue, HANDLE event) {
    if (!queue) return fail_with(ERROR_INVALID_HANDLE);
    auto* of = static_cast<TimerQueue*>(queue);
    if (!event || event == INVALID_HANDLE_VALUE) return end_queue(of, event);
    auto* end = static_cast<QueueEnd*>(heap_allocate(sizeof(QueueEnd)));
    if (!end) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    *end = {of, event};
    return QueueUserWorkItem(reinterpret_cast<PVOID>(end_queue_and_tell), end, 0);
}
BOOL DeleteTimerQueue(HANDLE queue) { return DeleteTimerQueueEx(queue, nullptr); }

} // extern "C"
} // namespace nt
