#include "kernel/ke/wait.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/scheduler.h"
#include "trace/trace.h"

namespace nt::ke {

namespace detail {

void unwait(Thread& thread, NTSTATUS result, KPRIORITY) {
    auto* blocks = thread.Tcb.WaitBlockList;
    for (ULONG i = 0; i < thread.Tcb.WaitBlockCount; i++)
        list::remove(blocks[i].WaitListEntry);
    thread.Tcb.WaitBlockCount = 0;
    disarm_timeout(thread);
    thread.wait_result = result;
    ready_thread(thread);
}

} // namespace detail

namespace {

// Where a wait ends, in interrupt time; ~0: never.
ULONGLONG due_time(const LARGE_INTEGER* timeout) {
    if (!timeout) return ~0ull;
    if (timeout->QuadPart <= 0) return interrupt_time() + static_cast<ULONGLONG>(-timeout->QuadPart);
    const LONGLONG left = timeout->QuadPart - system_time();
    return left > 0 ? interrupt_time() + static_cast<ULONGLONG>(left) : interrupt_time();
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
    Thread& self = current_thread();
    if (!blocks) blocks = self.Tcb.WaitBlock;
    const ULONGLONG due = due_time(timeout);
    NTSTATUS result;
    bool announced = false;
    for (;;) {
        if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
        if (self.exiting && mode == UserMode) {
            result = STATUS_USER_APC;
            break;
        }
        if (count && satisfy_now(self, count, objects, type, result)) break;
        if (timeout && due <= interrupt_time()) {
            result = STATUS_TIMEOUT;
            break;
        }
        // assumed: without its verifier Windows does not name this; the address is the object's.
        if (current_irql() >= DISPATCH_LEVEL)
            bug_check(IRQL_NOT_LESS_OR_EQUAL, count ? reinterpret_cast<ULONG_PTR>(objects[0]) : 0,
                      current_irql(), 0, 0);
        if (trace::on && !announced) trace_begin(count, objects, type, reason, mode, alertable, timeout);
        announced = true;
        queue_blocks(self, count, objects, type, blocks);
        if (due != ~0ull) arm_timeout(self, due);
        self.Tcb.State = static_cast<UCHAR>(ThreadState::waiting);
        self.Tcb.WaitReason = static_cast<UCHAR>(reason);
        self.Tcb.WaitMode = mode;
        self.Tcb.WaitIrql = current_irql();
        self.apc_wakeup = false;
        switch_away();
        result = self.wait_result;
        if (!self.apc_wakeup) break;
    }
    if (trace::on && announced) trace::emit_wait_satisfied(result);
    return result;
}

void end_user_wait(Thread& thread) {
    if (thread.Tcb.State == static_cast<UCHAR>(ThreadState::waiting) && thread.Tcb.WaitMode == UserMode)
        detail::unwait(thread, STATUS_USER_APC);
}

NTSTATUS wait_for_single_object(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode, bool alertable,
                                const LARGE_INTEGER* timeout) {
    return wait_for_multiple_objects(1, &object, WaitAny, reason, mode, alertable, timeout, nullptr);
}

NTSTATUS delay_execution(KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER& interval) {
    if (interval.QuadPart == 0) {
        yield();
        return STATUS_SUCCESS;
    }
    const NTSTATUS status =
        wait_for_multiple_objects(0, nullptr, WaitAny, DelayExecution, mode, alertable, &interval, nullptr);
    return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

} // namespace nt::ke
