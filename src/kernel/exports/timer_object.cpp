#include "kernel/exports/timer_object.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/timer.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/thread.h"

namespace nt::exports {

OBJECT_TYPE* timer_type = nullptr;

namespace {

void leave_thread(TimerObject& t) {
    if (!t.thread) return;
    list::remove(t.link);
    t.thread = nullptr;
}

void join_thread(TimerObject& t, ke::Thread& thread) {
    t.thread = &thread;
    if (!thread.ActiveTimerListHead.Flink) list::initialize(thread.ActiveTimerListHead);
    list::insert_tail(thread.ActiveTimerListHead, t.link);
}

// The APC has been taken, or will never be.
void apc_done(KAPC& apc) {
    TimerObject& t = *NT_CONTAINER(&apc, TimerObject, apc);
    if (!ke::is_timer_set(t.timer)) leave_thread(t);
}

// "the upper and lower values of the time at which the timer was signaled"
void queue_routine(KDPC& dpc) {
    TimerObject& t = *static_cast<TimerObject*>(dpc.DeferredContext);
    if (!t.thread) return;
    const auto now = static_cast<ULONGLONG>(ke::system_time());
    ke::queue_apc(t.apc, reinterpret_cast<PVOID>(now & 0xffff'ffff), reinterpret_cast<PVOID>(now >> 32), 0);
}

void remove_timer(PVOID body) { cancel_timer_object(*static_cast<TimerObject*>(body)); }

void run_down(ke::Thread& thread) {
    LIST_ENTRY& head = thread.ActiveTimerListHead;
    while (head.Flink && !list::empty(head))
        cancel_timer_object(*NT_CONTAINER(head.Flink, TimerObject, link));
}

} // namespace

NTSTATUS initialize_timer_type() {
    timer_type = TRY_STATUS(ob::create_type({.name = u"Timer",
                                             .tag = pool::tag("Time"),
                                             .mapping = {0x20001, 0x20002, 0x120000, 0x1f0003},
                                             .valid_access = 0x1f0003,
                                             .wait_offset = 0},
                                            {.remove = remove_timer}));
    ps::add_rundown(run_down);
    return STATUS_SUCCESS;
}

void initialize_timer_object(TimerObject& t, TIMER_TYPE type) {
    ke::initialize_timer(t.timer, type);
    ke::initialize_host_dpc(t.dpc, queue_routine, &t);
    t.apc = {};
    t.thread = nullptr;
}

void set_timer_object(TimerObject& t, LARGE_INTEGER due, PKNORMAL_ROUTINE routine, PVOID context,
                      ULONG period, ULONG tolerance) {
    cancel_timer_object(t);
    if (routine) {
        ke::Thread& self = ke::current_thread();
        ke::initialize_user_apc(t.apc, self, apc_done, routine, context);
        join_thread(t, self);
    }
    ke::set_timer(t.timer, due, period, tolerance, routine ? &t.dpc : nullptr);
    ke::dispatch();
}

void cancel_timer_object(TimerObject& t) {
    ke::cancel_timer(t.timer);
    ke::remove_queue_dpc(t.dpc);
    ke::remove_apc(t.apc);
    leave_thread(t);
}

} // namespace nt::exports
