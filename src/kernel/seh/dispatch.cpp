#include "kernel/seh/dispatch.h"
#include "abi/context.h"
#include "abi/status.h"
#include "host/signals.h"
#include "kernel/seh/crossing.h"
#include "kernel/seh/detail/environment.h"
#include "rtl/exception.h"
#include <cstring>

namespace nt::seh {

namespace {
DispatchHooks hooks;
} // namespace

void set_dispatch_hooks(const DispatchHooks& h) { hooks = h; }
const DispatchHooks& dispatch_hooks() { return hooks; }

void context_of(const EntryRecord& entry, CONTEXT& context) {
    if (entry.context) {
        context = *entry.context;
        return;
    }
    std::memset(&context, 0, sizeof context);
    context.ContextFlags = CONTEXT_FULL;
    context.Rip = entry.rip;
    context.Rsp = entry.rsp + 8; // the return address is popped
    context.Rbx = entry.rbx;
    context.Rbp = entry.rbp;
    context.Rsi = entry.rsi;
    context.Rdi = entry.rdi;
    context.R12 = entry.r12;
    context.R13 = entry.r13;
    context.R14 = entry.r14;
    context.R15 = entry.r15;
    std::memcpy(&context.Xmm6, entry.xmm, sizeof entry.xmm);
    static_assert(sizeof entry.xmm == 160);
    context.MxCsr = context.FltSave.MxCsr = __builtin_ia32_stmxcsr();
    asm volatile("fnstcw %0" : "=m"(context.FltSave.ControlWord)); // as the driver has it: going on keeps it
    context.EFlags = 0x202;
    // Selectors as 64-bit Windows has them in kernel mode.
    context.SegCs = KGDT64_R0_CODE;
    context.SegSs = KGDT64_R0_DATA;
    context.SegDs = context.SegEs = context.SegGs = KGDT64_R3_DATA | RPL_MASK;
    context.SegFs = 0x53;
}

void continue_at(const CONTEXT& context) {
    // The innermost call-out whose kernel-stack frame is not below the target's: its guest code is what goes
    // on.
    Record* record = innermost();
    while (record && !(record->kind == RecordKind::call_out &&
                       static_cast<CalloutRecord*>(record)->guest_rsp >= context.Rsp))
        record = record->previous;
    resume_in(record, context);
}

namespace {

// Exceptions in one go: what the guest sees at `block` on its stack, our dispatcher below.
[[noreturn]] void dispatch(const EXCEPTION_RECORD& record, const CONTEXT& context, Record* previous,
                           bool may_continue) {
    Environment env(Phase::search, previous);
    if (!env.place(context)) die_double_fault(record, context);
    GuestBlock& block = env.block();
    block.record = record;
    block.context = context;
    env.enter();
    if (hooks.observer) hooks.observer->raised(block.record, block.context);
    if (rtl::search_handler(env, block.record, block.context, block.space)) {
        if (!may_continue) env.invalid(STATUS_NONCONTINUABLE_EXCEPTION, &block.record);
        if (hooks.observer)
            hooks.observer->handled(block.record.ExceptionCode, block.context.Rip, block.context.Rsp);
        env.go_on(block.context);
    }
    if (block.record.ExceptionFlags & EXCEPTION_STACK_INVALID && !env.on_stack(context.Rsp))
        die_double_fault(block.record, block.context);
    die_unhandled(block.record, block.context);
}

[[noreturn]] void raise_at_caller(EXCEPTION_RECORD& record, bool may_continue) {
    Record* record_chain = innermost();
    CONTEXT context;
    if (!record_chain || record_chain->kind == RecordKind::call_out)
        host::fatal("exception %08x raised by host code that no guest called",
                    static_cast<unsigned>(record.ExceptionCode));
    const auto& entry = *static_cast<EntryRecord*>(record_chain);
    context_of(entry, context);
    if (!record.ExceptionAddress) record.ExceptionAddress = reinterpret_cast<PVOID>(context.Rip);
    // Only a gate has guest frames that could handle it: a service answers by status, a thread's start has
    // nobody.
    if (entry.kind != RecordKind::gate) die_unhandled(record, context);
    dispatch(record, context, record_chain, may_continue);
}

} // namespace

// An exception of the dispatcher itself: noncontinuable, with the one it was busy with behind it.
void Environment::invalid(NTSTATUS status, EXCEPTION_RECORD* cause) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.ExceptionRecord = cause;
    record.ExceptionAddress = reinterpret_cast<PVOID>(block_->context.Rip);
    dispatch(record, block_->context, &entry_, false);
}

void raise(EXCEPTION_RECORD& record) { raise_at_caller(record, true); }

void raise_status(NTSTATUS status) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    raise_at_caller(record, false);
}

void raise_access_violation(ULONG_PTR address, ULONG access) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = STATUS_ACCESS_VIOLATION;
    record.NumberParameters = 2;
    record.ExceptionInformation[0] = access;
    record.ExceptionInformation[1] = address;
    // On Windows the faulting instruction of the system routine would be tried again; ours cannot be.
    raise_at_caller(record, false);
}

void dispatch_fault(const EXCEPTION_RECORD& record, const CONTEXT& context) {
    dispatch(record, context, innermost(), true);
}

void unwind(ULONG_PTR target_frame, ULONG_PTR target_ip, EXCEPTION_RECORD* record, ULONG_PTR return_value) {
    Record* chain = innermost();
    if (!chain || chain->kind != RecordKind::gate) host::fatal("unwind by host code that no guest called");
    CONTEXT start;
    context_of(*static_cast<EntryRecord*>(chain), start);
    Environment env(Phase::unwind, chain);
    if (!env.place(start)) {
        EXCEPTION_RECORD lost{};
        lost.ExceptionCode = STATUS_STACK_OVERFLOW;
        die_double_fault(lost, start);
    }
    GuestBlock& block = env.block();
    if (!record) {
        std::memset(&block.record, 0, sizeof block.record);
        block.record.ExceptionCode = STATUS_UNWIND;
        block.record.ExceptionAddress = reinterpret_cast<PVOID>(start.Rip);
        record = &block.record;
    }
    block.context = start;
    env.enter();
    rtl::unwind_frames(env, target_frame, target_ip, *record, return_value, start, block.space);
    __builtin_unreachable();
}

LONG c_specific_handler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT* context,
                        DISPATCHER_CONTEXT* dispatcher) {
    HandlerCalls calls;
    return rtl::c_specific_handler(calls, *record, frame, *context, *dispatcher);
}

} // namespace nt::seh
