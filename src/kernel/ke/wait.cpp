#include "kernel/ke/wait.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/queue.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/spinning.h"
#include "kernel/ke/timer.h"
#include "trace/trace.h"

namespace nt::ke {

namespace detail {

void unwait(Thread& thread, NTSTATUS result, KPRIORITY increment) {
    auto* blocks = thread.Tcb.WaitBlockList;
    for (ULONG i = 0; i < thread.Tcb.WaitBlockCount; i++)
        list::remove(blocks[i].WaitListEntry);
    thread.Tcb.WaitBlockCount = 0;
    disarm_timeout(thread);
    thread.wait_result = result;
    boost_priority(thread, increment);
    if (thread.Tcb.Queue) note_queue_thread_runs(thread);
    if (trace::on) trace::emit_thread_ready(&thread, thread.pid, thread.tid, thread.Tcb.Priority);
    ready_thread(thread);
}

ULONGLONG due_time(const LARGE_INTEGER* timeout) {
    if (!timeout) return ~0ull;
    if (timeout->QuadPart <= 0) return tick_time() + (0 - static_cast<ULONGLONG>(timeout->QuadPart));
    const LONGLONG left = timeout->QuadPart - boot_time();
    return left > 0 ? static_cast<ULONGLONG>(left) : 0;
}

bool wait_is_alerted(Thread& self, KPROCESSOR_MODE mode, bool alertable, NTSTATUS& result) {
    if (alertable) {
        if (self.Tcb.Alerted[static_cast<int>(mode)]) {
            self.Tcb.Alerted[static_cast<int>(mode)] = 0;
            result = STATUS_ALERTED;
            return true;
        }
        if (mode == UserMode && !list::empty(self.Tcb.ApcState.ApcListHead[1])) {
            self.Tcb.ApcState.UserApcPending = 1;
            result = STATUS_USER_APC;
            return true;
        }
        if (self.Tcb.Alerted[0]) {
            self.Tcb.Alerted[0] = 0;
            result = STATUS_ALERTED;
            return true;
        }
    }
    if (mode == UserMode && (self.exiting || self.Tcb.ApcState.UserApcPending)) {
        result = STATUS_USER_APC;
        return true;
    }
    return false;
}

void block(Thread& self, KWAIT_REASON reason, KPROCESSOR_MODE mode, bool alertable, ULONGLONG due) {
    if (due != ~0ull) arm_timeout(self, due);
    self.Tcb.State = static_cast<UCHAR>(ThreadState::waiting);
    self.Tcb.WaitReason = static_cast<UCHAR>(reason);
    self.Tcb.WaitMode = mode;
    self.Tcb.WaitIrql = current_irql();
    self.Tcb.WaitTime = static_cast<ULONG>(tick_count());
    self.alertable = alertable;
    self.apc_wakeup = false;
    if (self.Tcb.Queue) note_queue_thread_waits(self);
    switch_away();
    self.alertable = false;
}

} // namespace detail

namespace {

constexpr ULONG wait_next = 0x4; // KTHREAD.MiscFlags: WaitNext

// The wait that hold_until_wait() announced; what may happen below DISPATCH_LEVEL happens with its end.
void end_hold(Thread& self) {
    if (!(self.Tcb.MiscFlags & wait_next)) [[likely]]
        return;
    self.Tcb.MiscFlags &= ~wait_next;
    if (self.Tcb.WaitIrql < DISPATCH_LEVEL) note_dispatch_left();
    irql_byte() = self.Tcb.WaitIrql;
}

// Satisfies the wait at once if it can be.
bool satisfy_now(Thread& self, ULONG count, PVOID* objects, WAIT_TYPE type, NTSTATUS& result) {
    if (type == WaitAny) {
        for (ULONG i = 0; i < count; i++) {
            auto& header = *static_cast<DISPATCHER_HEADER*>(objects[i]);
            if (!detail::is_signalled(header, self)) continue;
            result = static_cast<NTSTATUS>(i) | detail::satisfy(header, self);
            return true;
        }
        return false;
    }
    for (ULONG i = 0; i < count; i++)
        if (!detail::is_signalled(*static_cast<DISPATCHER_HEADER*>(objects[i]), self)) return false;
    result = STATUS_SUCCESS;
    for (ULONG i = 0; i < count; i++)
        result |= detail::satisfy(*static_cast<DISPATCHER_HEADER*>(objects[i]), self);
    return true;
}

void queue_blocks(Thread& self, ULONG count, PVOID* objects, WAIT_TYPE type, KWAIT_BLOCK* blocks) {
    for (ULONG i = 0; i < count; i++) {
        KWAIT_BLOCK& block = blocks[i];
        block.WaitType = static_cast<UCHAR>(type);
        block.BlockState = 0;
        block.WaitKey = static_cast<USHORT>(type == WaitAny ? i : 0);
        block.Thread = &self.Tcb;
        block.Object = objects[i];
        list::insert_tail(static_cast<DISPATCHER_HEADER*>(objects[i])->WaitListHead, block.WaitListEntry);
    }
    self.Tcb.WaitBlockList = blocks;
    self.Tcb.WaitBlockCount = static_cast<UCHAR>(count);
}

void trace_begin(ULONG count, PVOID* objects, WAIT_TYPE type, KWAIT_REASON reason, KPROCESSOR_MODE mode,
                 bool alertable, const LARGE_INTEGER* timeout) {
    trace::emit_wait_begin({reinterpret_cast<const std::uint64_t*>(objects), count}, type == WaitAll, reason,
                           mode, alertable, timeout != nullptr,
                           timeout ? static_cast<ULONGLONG>(timeout->QuadPart) : 0);
}

} // namespace

NTSTATUS wait_for_multiple_objects(ULONG count, PVOID* objects, WAIT_TYPE type, KWAIT_REASON reason,
                                   KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                                   KWAIT_BLOCK* blocks) {
    end_hold(current_thread());
    if (!blocks) blocks = current_thread().Tcb.WaitBlock;
    const ULONGLONG due = detail::due_time(timeout);
    NTSTATUS result;
    bool announced = false;
    for (;;) {
        Thread& self = current_thread();
        if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
        if (count && satisfy_now(self, count, objects, type, result)) break;
        if (detail::wait_is_alerted(self, mode, alertable, result)) break;
        if (timeout && (timeout->QuadPart == 0 || due <= tick_time())) {
            result = STATUS_TIMEOUT;
            break;
        }
        // assumed: without its verifier Windows does not name this; the address is the object's.
        if (current_irql() >= DISPATCH_LEVEL) {
            report_wait_at_dispatch(count ? objects[0] : nullptr);
            bug_check(IRQL_NOT_LESS_OR_EQUAL, count ? reinterpret_cast<ULONG_PTR>(objects[0]) : 0,
                      current_irql(), 0, 0);
        }
        if (trace::on && !announced) trace_begin(count, objects, type, reason, mode, alertable, timeout);
        announced = true;
        queue_blocks(self, count, objects, type, blocks);
        detail::block(self, reason, mode, alertable, due);
        result = self.wait_result;
        if (!self.apc_wakeup) break;
    }
    if (trace::on && announced) trace::emit_wait_satisfied(result);
    if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
    dispatch();
    return result;
}

void hold_until_wait() {
    Thread& self = current_thread();
    self.Tcb.WaitIrql = raise_irql(DISPATCH_LEVEL);
    self.Tcb.MiscFlags |= wait_next;
}

void end_user_wait(Thread& thread) {
    if (state_of(thread) == ThreadState::waiting && thread.Tcb.WaitMode == UserMode)
        detail::unwait(thread, STATUS_USER_APC);
}

NTSTATUS wait_for_single_object(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode, bool alertable,
                                const LARGE_INTEGER* timeout) {
    return wait_for_multiple_objects(1, &object, WaitAny, reason, mode, alertable, timeout, nullptr);
}

NTSTATUS delay_execution(KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER& interval) {
    const bool waits = interval.QuadPart != 0;
    if (waits || alertable) {
        const NTSTATUS status = wait_for_multiple_objects(0, nullptr, WaitAny, DelayExecution, mode,
                                                          alertable, &interval, nullptr);
        if (status != STATUS_TIMEOUT) return status;
    }
    if (!waits) yield_or_spin();
    return STATUS_SUCCESS;
}

} // namespace nt::ke
