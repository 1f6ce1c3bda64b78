#include "kernel/ex/trap.h"
#include "abi/bugcheck.h"
#include "abi/peb.h"
#include "abi/status.h"
#include "hardware/emulate.h"
#include "hardware/models.h"
#include "host/fiber.h"
#include "host/guest.h"
#include "host/processor.h"
#include "host/signals.h"
#include "kernel/ex/processor_state.h"
#include "kernel/ex/stall.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/paging.h"
#include "kernel/seh/dispatch.h"
#include "kernel/seh/unfinished.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

namespace nt::ex {

namespace {

TrapHooks hooks;

// What the handler leaves on the host stack for trap_entry.
struct TrapFrame {
    seh::EntryRecord entry;
    CONTEXT context;
    host::Fault fault; // registers and fx pointers are not valid any more
    bool user;
    bool step_ended; // the last of the instructions that the schedule policy asked for
    bool polls;      // it has been proven that the code only polls memory
    // The whole extended state, 64-aligned, between the frame and what was on the stack before; null where
    // the processor has no XSAVE.
    std::uint8_t* xsave;
    bool gs_changed; // kernel code ran with another GS base
};

extern "C" const char nt_call_out_return[], nt_call_out_return_end[];

constexpr std::size_t most_xsave = 0x3000; // AMX included
constexpr std::size_t xstate_in_use = 512; // XSTATE_BV of an XSAVE area's header

// Goes on where the trap was: with the context as it is now, and the rest of the extended state as it was.
[[noreturn]] void resume(TrapFrame& frame, ULONG_PTR teb) {
    if (frame.xsave) std::memcpy(frame.xsave, &frame.context.FltSave, sizeof(host::FxArea) - 96);
    seh::nt_resume(&frame.context, teb, frame.xsave);
}

void to_context(const host::Fault& fault, CONTEXT& c) {
    std::memset(&c, 0, sizeof c);
    const std::uint64_t* r = fault.registers;
    c.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    c.SegCs = fault.registers == nullptr ? 0 : 0x33;
    c.SegSs = 0x2B;
    c.Rax = r[host::RAX], c.Rcx = r[host::RCX], c.Rdx = r[host::RDX], c.Rbx = r[host::RBX];
    c.Rsp = r[host::RSP], c.Rbp = r[host::RBP], c.Rsi = r[host::RSI], c.Rdi = r[host::RDI];
    c.R8 = r[host::R8], c.R9 = r[host::R9], c.R10 = r[host::R10], c.R11 = r[host::R11];
    c.R12 = r[host::R12], c.R13 = r[host::R13], c.R14 = r[host::R14], c.R15 = r[host::R15];
    c.Rip = r[host::RIP];
    c.EFlags = static_cast<ULONG>(r[host::EFLAGS]);
    static_assert(sizeof(host::FxArea) <= sizeof c.FltSave);
    std::memcpy(&c.FltSave, fault.fx, sizeof(host::FxArea));
    c.MxCsr = fault.fx->mxcsr;
}

// The record that lets unwinder and walker see the interrupted frame.
void to_entry(const CONTEXT& c, seh::EntryRecord& e, CONTEXT* context) {
    e.kind = seh::RecordKind::fault;
    e.index = 0;
    e.rip = c.Rip, e.rsp = c.Rsp;
    e.rbx = c.Rbx, e.rbp = c.Rbp, e.rsi = c.Rsi, e.rdi = c.Rdi;
    e.r12 = c.R12, e.r13 = c.R13, e.r14 = c.R14, e.r15 = c.R15;
    std::memcpy(e.xmm, &c.Xmm6, sizeof e.xmm);
    e.context = context;
    e.args = nullptr;
}

// What the processor's flags say of an exception: the first unmasked one, faults before results. Vector 16 is
// the x87's, 19 SSE's.
// assumed: SSE exceptions have the codes of the x87's, also if several are unmasked and set
// (STATUS_FLOAT_MULTIPLE_FAULTS and _TRAPS are documented by name only).
NTSTATUS floating_status(const host::Fault& fault, const CONTEXT& context) {
    const bool x87 = fault.trap == 16;
    const ULONG flags = x87 ? context.FltSave.StatusWord : context.MxCsr;
    const ULONG masks = x87 ? context.FltSave.ControlWord : context.MxCsr >> 7;
    const ULONG set = flags & ~masks;
    constexpr ULONG stack_fault = 0x40;
    if (set & 0x01)
        return x87 && (flags & stack_fault) ? STATUS_FLOAT_STACK_CHECK : STATUS_FLOAT_INVALID_OPERATION;
    if (set & 0x04) return STATUS_FLOAT_DIVIDE_BY_ZERO;
    if (set & 0x02) return STATUS_FLOAT_DENORMAL_OPERAND;
    if (set & 0x08) return STATUS_FLOAT_OVERFLOW;
    if (set & 0x10) return STATUS_FLOAT_UNDERFLOW;
    if (set & 0x20) return STATUS_FLOAT_INEXACT_RESULT;
    return STATUS_FLOAT_INVALID_OPERATION;
}

// Exceptions of the processor that are not about memory.
bool plain_exception(const host::Fault& fault, const CONTEXT& context, EXCEPTION_RECORD& record) {
    switch (fault.kind) {
    case host::FaultKind::divide:
        record.ExceptionCode = STATUS_INTEGER_DIVIDE_BY_ZERO;
        return true;
    case host::FaultKind::illegal:
        record.ExceptionCode = STATUS_ILLEGAL_INSTRUCTION;
        return true;
    case host::FaultKind::breakpoint:
        record.ExceptionCode = STATUS_BREAKPOINT;
        record.NumberParameters = 1;
        return true;
    case host::FaultKind::single_step:
        record.ExceptionCode = STATUS_SINGLE_STEP;
        return true;
    case host::FaultKind::alignment:
        record.ExceptionCode = STATUS_DATATYPE_MISALIGNMENT;
        return true;
    case host::FaultKind::floating:
        record.ExceptionCode = floating_status(fault, context);
        return true;
    case host::FaultKind::protection:
        record.ExceptionCode = STATUS_ACCESS_VIOLATION;
        record.NumberParameters = 2;
        record.ExceptionInformation[1] = ~ULONG_PTR{0}; // the processor does not tell a non-canonical address
        return true;
    default:
        return false;
    }
}

// Pageable memory, touched where it cannot be paged in.
bool is_paged_out(const host::Fault& fault) {
    return fault.kind == host::FaultKind::page && mm::is_paged_out(fault.address, ke::current_irql());
}

mm::Access access_of(const host::Fault& fault, ULONG_PTR rip) {
    return {fault.address, fault.is_write, fault.is_execute, rip};
}

void set_memory_exception(const mm::MemoryException& e, EXCEPTION_RECORD& record) {
    record.ExceptionCode = e.code;
    record.NumberParameters = e.count;
    for (ULONG i = 0; i < e.count; i++)
        record.ExceptionInformation[i] = e.information[i];
}

void store_stack_limit(std::uint64_t limit) {
    if (limit && ke::current_thread().teb)
        (void)guest::write(ke::current_thread().teb + offsetof(NT_TIB, StackLimit), limit);
}

// Tries to carry the instruction out. True: go on at the context. Otherwise the record may have got a better
// name.
bool emulate(TrapFrame& frame, EXCEPTION_RECORD& record) {
    hardware::Trap trap{hardware::Trap::protection, frame.fault.address, frame.fault.is_write};
    if (frame.fault.kind == host::FaultKind::illegal) trap.kind = hardware::Trap::undefined;
    if (frame.fault.kind == host::FaultKind::page) trap.kind = hardware::Trap::page;
    if (frame.fault.is_execute || !hooks.privileged) return false;
    const auto result = frame.user ? hardware::emulate_user(frame.context, trap, *hooks.privileged)
                                   : hardware::emulate_kernel(frame.context, trap, *hooks.privileged);
    if (result.outcome == hardware::Outcome::done) return true;
    if (result.outcome == hardware::Outcome::not_modelled) {
        ke::Stop stop;
        stop.kind = ke::StopKind::bug_check;
        stop.code = KMODE_EXCEPTION_NOT_HANDLED;
        stop.parameters[0] = static_cast<ULONG>(STATUS_PRIVILEGED_INSTRUCTION);
        stop.parameters[1] = frame.context.Rip;
        stop.context = &frame.context;
        stop.caller = frame.context.Rip;
        std::snprintf(stop.text, sizeof stop.text, "instruction that is not modelled: %s",
                      result.name ? result.name : "?");
        if (trace::on)
            trace::emit_bug_check(stop.code, stop.parameters[0], stop.parameters[1], 0, 0, stop.caller);
        ke::stop_machine(stop);
    }
    if (frame.fault.kind == host::FaultKind::page && result.parameter_count == 2) {
        // It may be another address of the instruction that faulted.
        frame.fault.is_write = result.parameters[0] == 1;
        frame.fault.address = result.parameters[1];
        if (frame.fault.address == ~0ull) frame.fault.kind = host::FaultKind::protection; // no address of it
    }
    record.ExceptionCode = result.status;
    record.NumberParameters = result.parameter_count;
    for (ULONG i = 0; i < result.parameter_count; i++)
        record.ExceptionInformation[i] = result.parameters[i];
    if (result.outcome == hardware::Outcome::fast_fail) { // __fastfail: no handler may see it
        record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
        if (frame.user) hooks.user_unhandled(record, frame.context);
        ke::bug_check_exception(KERNEL_SECURITY_CHECK_FAILURE, result.parameters[0], 0, 0, 0, &record,
                                &frame.context);
    }
    return false;
}

// A trapped instruction is a switch point: it has taken time, and a device may have interrupted.
[[noreturn]] void resume_emulated(TrapFrame& frame) {
    if (ke::switch_point_due()) ke::switch_point();
    seh::set_innermost(frame.entry.previous);
    resume(frame, 0);
}

[[noreturn]] void resume_kernel(TrapFrame& frame) {
    seh::set_innermost(frame.entry.previous);
    resume(frame, 0);
}

[[noreturn]] void resume_user(TrapFrame& frame) {
    hooks.settle();
    seh::set_innermost(nullptr);
    resume(frame, ke::current_thread().teb);
}

[[noreturn]] void kernel_trap(TrapFrame& frame) {
    EXCEPTION_RECORD record{};
    record.ExceptionAddress = reinterpret_cast<PVOID>(frame.context.Rip);
    const host::Fault& fault = frame.fault;
    if (fault.kind == host::FaultKind::system_call) {
        ke::Stop stop;
        stop.kind = ke::StopKind::bug_check;
        stop.code = KMODE_EXCEPTION_NOT_HANDLED;
        stop.parameters[0] = static_cast<ULONG>(STATUS_ILLEGAL_INSTRUCTION);
        stop.parameters[1] = frame.context.Rip - 2;
        stop.context = &frame.context;
        stop.caller = frame.context.Rip - 2;
        std::snprintf(stop.text, sizeof stop.text, "raw system call %#llx from kernel mode",
                      static_cast<unsigned long long>(frame.context.Rax));
        if (trace::on) trace::emit_raw_syscall(static_cast<ULONG>(frame.context.Rax), stop.caller, true);
        if (trace::on)
            trace::emit_bug_check(stop.code, stop.parameters[0], stop.parameters[1], 0, 0, stop.caller);
        ke::stop_machine(stop);
    }
    if (fault.kind == host::FaultKind::alignment) ran_with_alignment_check(frame.context);
    const bool may_emulate = fault.kind == host::FaultKind::protection ||
                             fault.kind == host::FaultKind::illegal || fault.kind == host::FaultKind::page;
    const bool user_address = fault.kind == host::FaultKind::page && host::places::is_user(fault.address);
    const bool paged_out = is_paged_out(fault);
    plain_exception(fault, frame.context, record);
    if (may_emulate && !user_address && !paged_out && emulate(frame, record)) resume_emulated(frame);
    if (fault.kind == host::FaultKind::page) {
        const mm::Access access = access_of(fault, frame.context.Rip);
        if (host::places::is_user(fault.address) && ke::current_irql() < DISPATCH_LEVEL) {
            std::uint64_t limit = 0;
            const mm::MemoryException e = mm::classify_user_fault(access, limit);
            store_stack_limit(limit);
            if (e.code == 0) resume_kernel(frame);
            set_memory_exception(e, record);
        } else {
            const bool driver = hooks.is_driver && hooks.is_driver(frame.context.Rip);
            mm::BugCheck b = mm::classify_kernel_fault(access, ke::current_irql(), driver);
            if (hooks.is_unloaded && hooks.is_unloaded(access.address)) b = mm::unloaded_driver_fault(access);
            record.ExceptionCode = STATUS_ACCESS_VIOLATION;
            record.NumberParameters = 2;
            record.ExceptionInformation[0] = access.kind();
            record.ExceptionInformation[1] = access.address;
            ke::bug_check_exception(b.code, b.parameters[0], b.parameters[1], b.parameters[2],
                                    b.parameters[3], &record, &frame.context);
        }
    }
    if (record.ExceptionCode == STATUS_BREAKPOINT) frame.context.Rip--;
    seh::dispatch_fault(record, frame.context);
}

[[noreturn]] void user_trap(TrapFrame& frame) {
    EXCEPTION_RECORD record{};
    record.ExceptionAddress = reinterpret_cast<PVOID>(frame.context.Rip);
    const host::Fault& fault = frame.fault;
    if (fault.kind == host::FaultKind::system_call) {
        frame.entry.kind = seh::RecordKind::system_call;
        frame.entry.index = static_cast<ULONG>(frame.context.Rax);
        frame.entry.registers[0] = frame.context.R10;
        frame.entry.registers[1] = frame.context.Rdx;
        frame.entry.registers[2] = frame.context.R8;
        frame.entry.registers[3] = frame.context.R9;
        if (trace::on) trace::emit_raw_syscall(frame.entry.index, frame.context.Rip - 2, false);
        frame.context.Rax = hooks.raw_system_call(frame.entry);
        frame.context.Rcx = frame.context.Rip;
        frame.context.R11 = frame.context.EFlags;
        resume_user(frame);
    }
    plain_exception(fault, frame.context, record);
    if (fault.kind == host::FaultKind::page) {
        std::uint64_t limit = 0;
        mm::MemoryException e{STATUS_ACCESS_VIOLATION, 2, {access_of(fault, 0).kind(), fault.address}};
        if (host::places::is_user(fault.address))
            e = mm::classify_user_fault(access_of(fault, frame.context.Rip), limit);
        store_stack_limit(limit);
        if (e.code == 0) resume_user(frame);
        set_memory_exception(e, record);
    } else if ((fault.kind == host::FaultKind::protection || fault.kind == host::FaultKind::illegal) &&
               emulate(frame, record)) {
        if (ke::switch_point_due()) ke::switch_point();
        resume_user(frame);
    }
    if (record.ExceptionCode == STATUS_BREAKPOINT) frame.context.Rip--;
    if (trace::on)
        trace::emit_exception(record.ExceptionCode, record.ExceptionAddress, record.ExceptionFlags, true,
                              record.ExceptionInformation[0], record.ExceptionInformation[1]);
    if (!hooks.deliver_to_user(record, frame.context)) hooks.user_unhandled(record, frame.context);
    resume_user(frame);
}

// Our own code faulted on behalf of guest code: on a pointer that a driver named, or on a structure that one
// has damaged. On Windows that is the kernel's own access: in a gate a user address raises at the driver;
// everything else stops the machine. Our frames are abandoned.
[[noreturn]] void host_fault_entry(void* argument) {
    TrapFrame& frame = *static_cast<TrapFrame*>(argument);
    const auto& caller = *static_cast<seh::EntryRecord*>(frame.entry.previous);
    seh::set_innermost(frame.entry.previous);
    if (const char* model = hardware::running_model()) {
        ke::Stop stop;
        stop.kind = ke::StopKind::report;
        stop.caller = caller.rip;
        std::snprintf(stop.text, sizeof stop.text,
                      "hardware model '%s' touched memory that is not there (%#llx)", model,
                      static_cast<unsigned long long>(frame.fault.address));
        ke::stop_machine(stop);
    }
    const bool in_gate = caller.kind == seh::RecordKind::gate;
    const bool paging = frame.fault.kind == host::FaultKind::page;
    const mm::Access access = access_of(frame.fault, caller.rip);
    if (in_gate && paging && host::places::is_user(access.address) && ke::current_irql() < DISPATCH_LEVEL)
        seh::raise_access_violation(access.address, static_cast<ULONG>(access.kind()));
    ke::Stop stop;
    stop.kind = ke::StopKind::bug_check;
    stop.caller = caller.rip;
    const bool paged_out = is_paged_out(frame.fault);
    if (paged_out)
        std::snprintf(stop.text, sizeof stop.text,
                      "the kernel touched pageable memory (%#llx) at IRQL %u, for the driver that called it",
                      static_cast<unsigned long long>(frame.fault.address), ke::current_irql());
    else
        std::snprintf(stop.text, sizeof stop.text,
                      "the kernel touched memory that is not there (%#llx): a driver gave a bad pointer or "
                      "damaged a structure",
                      static_cast<unsigned long long>(frame.fault.address));
    // A small offset from a null pointer may lead below address 0, into the system's half.
    constexpr std::uint64_t system_half = 0xffff'8000'0000'0000;
    if (paged_out ||
        (in_gate && paging && (host::places::is_guest(access.address) || access.address >= system_half))) {
        const bool gone = paging && hooks.is_unloaded && hooks.is_unloaded(access.address);
        const mm::BugCheck b = gone ? mm::unloaded_driver_fault(access)
                                    : mm::classify_kernel_fault(access, ke::current_irql(), false);
        stop.code = b.code;
        std::memcpy(stop.parameters, b.parameters, sizeof stop.parameters);
    } else {
        stop.code = ke::current_thread().teb ? SYSTEM_SERVICE_EXCEPTION : SYSTEM_THREAD_EXCEPTION_NOT_HANDLED;
        stop.parameters[0] = static_cast<ULONG>(STATUS_ACCESS_VIOLATION);
        stop.parameters[1] = caller.rip;
    }
    if (trace::on)
        trace::emit_bug_check(stop.code, stop.parameters[0], stop.parameters[1], stop.parameters[2],
                              stop.parameters[3], stop.caller);
    ke::stop_machine(stop);
}

// The crossing slots of the KPCR are where a driver can reach them: they must lead into the running fiber's
// stack.
bool on_host_stack(ULONG_PTR address) {
    const host::Fiber& fiber = host::Fiber::current();
    return address >= fiber.stack_low() + sizeof(TrapFrame) + most_xsave + 0x1000 &&
           address <= fiber.stack_high();
}

// Entered on the fiber's stack from its top: what was there is lost.
[[noreturn]] void damaged_entry(void*) {
    seh::set_innermost(nullptr);
    ke::Stop stop;
    stop.kind = ke::StopKind::bug_check;
    stop.code = CRITICAL_STRUCTURE_CORRUPTION;
    std::snprintf(stop.text, sizeof stop.text, "a driver wrote into the processor control region (KPCR)");
    ke::stop_machine(stop);
}

bool is_host_fault(const host::Fault& fault) {
    if (!ke::pcr_address ||
        (fault.kind != host::FaultKind::page && fault.kind != host::FaultKind::protection) ||
        host::places::is_guest(fault.rip()) || host::gs_base() != ke::pcr_address ||
        &host::Fiber::current() == &host::Fiber::main() || ke::the_stop.kind != ke::StopKind::none)
        return false;
    const seh::Record* record = seh::innermost();
    if (!on_host_stack(reinterpret_cast<ULONG_PTR>(record))) return true; // deliver() deals with it
    return record->kind != seh::RecordKind::call_out;
}

// A far jump or return led to a code segment that is not 64-bit code's. What ran there is not known.
[[noreturn]] void not_64_bit_code(const TrapFrame& frame) {
    ke::Stop stop;
    stop.kind = ke::StopKind::report;
    stop.context = &frame.context;
    stop.caller = frame.context.Rip;
    std::snprintf(stop.text, sizeof stop.text,
                  "%s went to code segment %#x: there is no 32-bit code here, only 64-bit code",
                  frame.user ? "a program" : "a driver", frame.fault.error);
    ke::stop_machine(stop);
}

void trap_entry(void* argument) {
    TrapFrame& frame = *static_cast<TrapFrame*>(argument);
    seh::set_innermost(&frame.entry);
    if (frame.gs_changed) [[unlikely]]
        gs_changed(frame.context.Rip, "found by a fault", &frame.context);
    if (frame.fault.kind == host::FaultKind::code_segment) not_64_bit_code(frame);
    if (frame.fault.kind == host::FaultKind::watchdog) spins(frame.context, frame.user);
    if (frame.polls) ex::polls(frame.context, frame.user);
    if (frame.step_ended) ke::switch_point(ke::Cause::step);
    if (frame.fault.kind == host::FaultKind::watchdog || frame.polls || frame.step_ended) {
        if (!frame.user) resume_kernel(frame);
        resume_user(frame);
    }
    if (frame.user)
        user_trap(frame);
    else
        kernel_trap(frame);
}

constexpr std::uint64_t trap_flag = 0x100;

// pushf, popf: a single step would show in what they store.
bool uses_flags(ULONG_PTR rip) {
    UCHAR byte = 0;
    do {
        if (!guest::read(rip++, byte)) return false;
    } while (byte == 0x66 || (byte & 0xF0) == 0x40);
    return byte == 0x9C || byte == 0x9D;
}

// One more of the instructions that the schedule policy asked for has run. False: the next one runs. Steps
// stop in the host's code; what is left of them is taken up at the next slow gate or system call.
bool goes_on_stepping(host::Fault& fault, ULONG& steps) {
    const bool guest_code = host::places::is_guest(fault.rip());
    const bool last = guest_code && --steps == 0;
    if (last || !guest_code || uses_flags(fault.rip())) fault.registers[host::EFLAGS] &= ~trap_flag;
    return last;
}

// A fault with a wrong GS may lie in the first instructions of a crossing or in ntoskrnl's guest code: the
// driver's place is behind their return address, or is the routine that just returned.
void back_to_driver(CONTEXT& context, const seh::Record* record) {
    const ULONG_PTR rip = context.Rip;
    if (rip >= reinterpret_cast<ULONG_PTR>(nt_call_out_return) &&
        rip < reinterpret_cast<ULONG_PTR>(nt_call_out_return_end)) {
        context.Rip = static_cast<const seh::CalloutRecord*>(record)->function;
        return;
    }
    if (hooks.is_driver && hooks.is_driver(rip)) return;
    if (const ULONG_PTR routine = hooks.returned ? hooks.returned(rip, context.Rsp) : 0) {
        context.Rip = routine;
        return;
    }
    ULONG_PTR back = 0;
    if (guest::read(context.Rsp, back)) context.Rsp += 8;
    context.Rip = back;
}

bool on_kernel_stack(ULONG_PTR rsp) {
    return rsp >= host::places::kernel_stacks && rsp < host::places::mapping_window;
}

class Sink final : public host::FaultSink {
  public:
    // User memory that a switch of processes left out is mapped. Pageable memory is paged in below
    // DISPATCH_LEVEL, and for who only looks: a view, or the main fiber after the machine has stopped. The
    // kernel touching the guard page of the running thread's stack grows it, as the program would.
    bool resolve(host::Fault& fault) override {
        if (mm::bring_in(fault.address)) return true;
        const bool looks = host_looks || &host::Fiber::current() == &host::Fiber::main();
        if (looks || (ke::pcr_address && ke::current_irql() < DISPATCH_LEVEL))
            if (mm::open_paged(fault.address)) return true;
        if (!fault.in_primitive || fault.kind != host::FaultKind::page ||
            !host::places::is_user(fault.address))
            return false;
        std::uint64_t limit = 0;
        return mm::classify_user_fault(access_of(fault, 0), limit).code == 0;
    }
    bool is_fatal(const host::Fault& fault) override { return ke::pcr_address && is_paged_out(fault); }
    bool deliver(host::Fault& fault) override {
        if (!ke::pcr_address) return false;
        bool polls = false;
        if (fault.kind == host::FaultKind::watchdog) {
            if (!stall.seen(fault)) return true;
        } else if (fault.kind != host::FaultKind::code_segment && stall.is_watched()) {
            const auto answer = stall.step(fault);
            if (answer == Stall::Answer::goes_on) return true;
            polls = answer == Stall::Answer::polls;
            if (answer == Stall::Answer::interrupt) fault.kind = host::FaultKind::watchdog;
        } else if (fault.kind == host::FaultKind::single_step && seh::nt_step_after_resume) {
            seh::nt_step_after_resume = 0;
            stall.look_again(fault);
            return true;
        }
        ULONG& steps = host::gs_base() == ke::pcr_address ? seh::nt_steps : seh::nt_user_steps;
        const bool stepping = fault.kind == host::FaultKind::single_step && steps && !polls;
        if (stepping && !goes_on_stepping(fault, steps)) return true;
        if (steps) fault.registers[host::EFLAGS] &= ~trap_flag; // it is not the guest's
        const bool gs_changed = host::gs_base() != ke::pcr_address && on_kernel_stack(fault.rsp());
        if (gs_changed) host::set_gs_base(ke::pcr_address);
        const bool user = host::gs_base() != ke::pcr_address;
        const bool ours = is_host_fault(fault);
        const auto slot = [](ULONG offset) {
            return *reinterpret_cast<ULONG_PTR*>(ke::pcr_address + offset);
        };
        ULONG_PTR top = slot(user ? KPCR_HOST_STACK : KPCR_CROSSING);
        if (!top) return false;
        if (!on_host_stack(top)) {
            const host::Fiber& fiber = host::Fiber::current();
            if (&fiber == &host::Fiber::main()) return false;
            host::set_gs_base(ke::pcr_address);
            fault.registers[host::RIP] = reinterpret_cast<std::uint64_t>(&damaged_entry);
            fault.registers[host::RSP] = ((fiber.stack_high() - 0x1000) & ~15ull) - 8;
            fault.registers[host::EFLAGS] &= ~0x40500ull;
            return true;
        }
        auto* previous = user ? nullptr : reinterpret_cast<seh::Record*>(top);
        // A driver's code runs only inside a call-out; anything else is a fault of our own.
        if (!user && !ours && previous->kind != seh::RecordKind::call_out) return false;
        host::Fiber::abandon_frames_below(top);
        seh::Unfinished::forget_below(top);
        const ULONG_PTR xsave = (top - fault.xsave_size) & ~ULONG_PTR{63};
        auto* frame = reinterpret_cast<TrapFrame*>((xsave - sizeof(TrapFrame)) & ~ULONG_PTR{63});
        frame->xsave = nullptr;
        if (fault.xsave_size) {
            frame->xsave = reinterpret_cast<std::uint8_t*>(xsave);
            std::memcpy(frame->xsave, fault.fx, fault.xsave_size);
            frame->xsave[xstate_in_use] |= 3; // x87 and SSE: the context's are loaded
        }
        to_context(fault, frame->context);
        if (gs_changed) [[unlikely]]
            back_to_driver(frame->context, previous);
        to_entry(frame->context, frame->entry, &frame->context);
        frame->entry.previous = previous;
        frame->entry.guest_stack = user ? slot(KPCR_KERNEL_STACK) : frame->context.Rsp & ~ULONG_PTR{15};
        frame->fault = fault;
        frame->user = user;
        frame->step_ended = stepping;
        frame->polls = polls;
        frame->gs_changed = gs_changed;
        fault.fx->mxcsr = MXCSR_KERNEL;
        fault.fx->fcw |= 0x3F; // what the guest unmasked and left pending is in the frame
        fault.fx->fsw &= 0x7F00;
        if (user) host::set_gs_base(ke::pcr_address);
        fault.registers[host::RIP] = reinterpret_cast<std::uint64_t>(ours ? &host_fault_entry : &trap_entry);
        fault.registers[host::RDI] = reinterpret_cast<std::uint64_t>(frame);
        fault.registers[host::RSP] = reinterpret_cast<std::uint64_t>(frame) - 8; // as after a call
        fault.registers[host::EFLAGS] &= ~0x40500ull;                            // DF, TF, AC
        return true;
    }
} sink;

} // namespace

void set_trap_hooks(const TrapHooks& h) { hooks = h; }
const TrapHooks& trap_hooks() { return hooks; }
void initialize_traps() {
    host::set_guest_rip_filter([](const host::Fault& fault) {
        return host::places::is_guest(fault.rip()) || host::places::is_guest(fault.rsp()) ||
               is_host_fault(fault);
    });
    host::install_signals(&sink);
}

} // namespace nt::ex
