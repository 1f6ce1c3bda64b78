// Going on in user mode with a given state, and exceptions that programs raise: NtContinue, NtRaiseException.
#include "abi/context.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process.h"
#include "trace/trace.h"

using namespace nt;

namespace {

seh::EntryRecord& service_record() { return *static_cast<seh::EntryRecord*>(seh::innermost()); }

bool from_user() { return seh::innermost() && seh::innermost()->kind == seh::RecordKind::system_call; }

// Parts that ContextFlags does not name are those of the caller.
void complete(CONTEXT& c, const seh::EntryRecord& entry) {
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

[[noreturn]] void go_on(const CONTEXT& context) {
    ke::Thread& self = ke::current_thread();
    if (trace::on) trace::emit_syscall_exit(service_record().index, STATUS_SUCCESS);
    if (self.Tcb.ApcState.KernelApcPending || self.exiting) {
        ke::deliver_kernel_apcs();
        exports::before_user_mode();
    }
    seh::set_innermost(nullptr);
    seh::nt_resume(&context, self.teb);
}

} // namespace

extern "C" NTSTATUS NtContinue(const CONTEXT* context, BOOLEAN) {
    if (!from_user()) return STATUS_NOT_SUPPORTED;
    CONTEXT c;
    if (!exports::read_parameter(context, c)) return STATUS_ACCESS_VIOLATION;
    complete(c, service_record());
    go_on(c);
}
GATE(NtContinue);

// First chance: to ntdll's dispatcher. Else nobody handled it: the program ends.
extern "C" NTSTATUS NtRaiseException(const EXCEPTION_RECORD* record, const CONTEXT* context,
                                     BOOLEAN first_chance) {
    if (!from_user()) return STATUS_NOT_SUPPORTED;
    EXCEPTION_RECORD r;
    CONTEXT c;
    if (!exports::read_parameter(record, r) || !exports::read_parameter(context, c))
        return STATUS_ACCESS_VIOLATION;
    if (r.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS) return STATUS_INVALID_PARAMETER;
    complete(c, service_record());
    if (!first_chance || !ps::deliver_user_exception(r, c)) ps::unhandled_user_exception(r, c);
    go_on(c);
}
GATE(NtRaiseException);
