#include "kernel/ps/user_context.h"
#include "abi/status.h"
#include "host/fiber.h"
#include "host/guest.h"
#include "kernel/ke/apc.h"
#include "kernel/mm/fault.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/seh/unfinished.h"

namespace nt::ps {

void complete_context(CONTEXT& c, const seh::EntryRecord& entry) {
    if ((c.ContextFlags & CONTEXT_CONTROL) != CONTEXT_CONTROL) {
        c.Rip = entry.rip;
        c.Rsp = entry.rsp + 8;
        c.EFlags = 0x202;
    }
    if ((c.ContextFlags & CONTEXT_INTEGER) != CONTEXT_INTEGER) {
        c.Rbx = entry.rbx, c.Rbp = entry.rbp, c.Rsi = entry.rsi, c.Rdi = entry.rdi;
        c.R12 = entry.r12, c.R13 = entry.r13, c.R14 = entry.r14, c.R15 = entry.r15;
        c.Rax = c.Rcx = c.Rdx = c.R8 = c.R9 = c.R10 = c.R11 = 0;
    }
    if ((c.ContextFlags & CONTEXT_FLOATING_POINT) != CONTEXT_FLOATING_POINT) {
        asm volatile("fxsave %0" : "=m"(c.FltSave));
        for (int i = 0; i < 10; i++) {
            (&c.Xmm6)[i].Low = entry.xmm[i].low;
            (&c.Xmm6)[i].High = static_cast<LONGLONG>(entry.xmm[i].high);
        }
        c.MxCsr = c.FltSave.MxCsr;
    }
    c.MxCsr &= 0xffff; // reserved bits would fault
    c.FltSave.MxCsr &= 0xffff;
}

// Pages of the user stack that the frame needs, growing the stack; false: there is no room left.
bool make_stack_room(std::uint64_t from, std::uint64_t to, std::uint64_t rip) {
    for (std::uint64_t page = (to - 1) & ~std::uint64_t{0xfff};; page -= 0x1000) {
        for (int attempts = 0; !guest::touch_write(page, 1); attempts++) {
            std::uint64_t limit = 0;
            const mm::MemoryException e = mm::classify_user_fault({page, true, false, rip}, limit);
            if (limit) (void)guest::write(ke::current_thread().teb + offsetof(NT_TIB, StackLimit), limit);
            if (attempts == 2 || (e.code != 0 && !limit)) return false;
        }
        if (page <= from) return true;
    }
}

namespace {

// What KiUserApcDispatcher finds at rsp: the CONTEXT to go back to, whose home fields hold the APC, and the
// machine frame that its unwind data describe.
constexpr std::uint64_t machine_frame_offset = 0x4d0, frame_size = 0x500;

// A user APC comes first: its frame is on the user stack, and `context` goes on in ntdll's dispatcher.
void deliver_user_apc(CONTEXT& context) {
    ke::UserApc apc;
    const auto& process = body(current_process());
    if (!process.apc_dispatcher || !ke::take_user_apc(apc)) return;
    const std::uint64_t rsp = (context.Rsp - frame_size) & ~std::uint64_t{15};
    context.P1Home = reinterpret_cast<ULONG_PTR>(apc.context);
    context.P2Home = reinterpret_cast<ULONG_PTR>(apc.argument1);
    context.P3Home = reinterpret_cast<ULONG_PTR>(apc.argument2);
    context.P4Home = reinterpret_cast<ULONG_PTR>(apc.routine);
    context.ContextFlags = CONTEXT_FULL;
    MACHINE_FRAME machine{};
    machine.Rip = context.Rip;
    machine.SegCs = context.SegCs;
    machine.EFlags = context.EFlags;
    machine.Rsp = context.Rsp;
    machine.SegSs = context.SegSs;
    if (context.Rsp < frame_size || !make_stack_room(rsp, context.Rsp, context.Rip) ||
        !guest::write(rsp, context) || !guest::write(rsp + machine_frame_offset, machine)) {
        // assumed: without room for the frame the thread ends, as one that faults on its stack does.
        exit_thread(STATUS_STACK_OVERFLOW);
    }
    context.Rsp = rsp;
    context.Rip = process.apc_dispatcher;
}

} // namespace

void settle_for_user_mode() {
    ke::Thread& self = ke::current_thread();
    ke::deliver_kernel_apcs();
    if (self.exiting) exit_thread(self.exit_status);
}

void go_to_user(CONTEXT& context) {
    settle_for_user_mode();
    ke::Thread& self = ke::current_thread();
    if (self.Tcb.ApcState.UserApcPending) deliver_user_apc(context);
    seh::set_innermost(nullptr);
    host::Fiber::abandon_frames_below(host::Fiber::current().stack_high());
    seh::Unfinished::forget_below(host::Fiber::current().stack_high());
    seh::nt_resume(&context, self.teb);
}

void before_user_mode(NTSTATUS result) {
    settle_for_user_mode();
    if (!ke::current_thread().Tcb.ApcState.UserApcPending) return;
    CONTEXT context{};
    complete_context(context, *static_cast<seh::EntryRecord*>(seh::innermost()));
    context.Rax = static_cast<ULONG>(result);
    go_to_user(context);
}

} // namespace nt::ps
