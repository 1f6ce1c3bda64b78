// Timer and wait objects of the thread pool: nf-threadpoolapiset-createthreadpooltimer, -setthreadpooltimer,
// -createthreadpoolwait, -setthreadpoolwait ….
#include "watch.h"

namespace nt {
using namespace k32;

namespace {

// A FILETIME: negative from now on, positive absolute, zero at once.
LONGLONG due_of(const FILETIME* time) {
    const LONGLONG t = ticks(*time);
    const LONGLONG now = interrupt_time();
    if (t <= 0) return now - t;
    LARGE_INTEGER system;
    NtQuerySystemTime(&system);
    return t <= system.QuadPart ? now : now + (t - system.QuadPart);
}

void close(Watch* watch) {
    watch->close();
    watch->task().release();
}

} // namespace

extern "C" {

Watch* CreateThreadpoolTimer(PVOID routine, PVOID context, CallbackEnvironment* environment) {
    return Watch::create(TaskKind::work, routine, context, environment);
}
// The window lets timers be joined: none are. True: the timer was set before.
BOOL SetThreadpoolTimerEx(Watch* timer, const FILETIME* due, DWORD period, DWORD) {
    const bool was_set = timer->is_armed();
    if (due)
        timer->arm(nullptr, due_of(due), ULONGLONG(period) * 10000);
    else
        timer->disarm();
    return was_set;
}
void SetThreadpoolTimer(Watch* timer, const FILETIME* due, DWORD period, DWORD window) {
    SetThreadpoolTimerEx(timer, due, period, window);
}
BOOL IsThreadpoolTimerSet(Watch* timer) { return timer->is_armed(); }
void WaitForThreadpoolTimerCallbacks(Watch* timer, BOOL cancel) { timer->task().wait(cancel); }
void CloseThreadpoolTimer(Watch* timer) { close(timer); }

Watch* CreateThreadpoolWait(PVOID routine, PVOID context, CallbackEnvironment* environment) {
    return Watch::create(TaskKind::wait, routine, context, environment);
}
// "A wait object can wait for only one handle … You must re-register the event with the wait object before
// signaling it each time to trigger the wait callback." Without a timeout it waits for ever.
BOOL SetThreadpoolWaitEx(Watch* wait, HANDLE object, const FILETIME* timeout, PVOID) {
    const bool was_set = wait->is_armed();
    if (object)
        wait->arm(object, timeout ? due_of(timeout) : 0);
    else
        wait->disarm();
    return was_set;
}
void SetThreadpoolWait(Watch* wait, HANDLE object, const FILETIME* timeout) {
    SetThreadpoolWaitEx(wait, object, timeout, nullptr);
}
void WaitForThreadpoolWaitCallbacks(Watch* wait, BOOL cancel) { wait->task().wait(cancel); }
void CloseThreadpoolWait(Watch* wait) { close(wait); }

} // extern "C"
} // namespace nt
