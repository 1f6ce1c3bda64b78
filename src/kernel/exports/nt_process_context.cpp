// Going on in user mode with a given state, and exceptions that programs raise: NtContinue, NtRaiseException.
#include "abi/context.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process.h"
#include "kernel/ps/user_context.h"
#include "trace/trace.h"

using namespace nt;

namespace {

seh::EntryRecord& service_record() { return *static_cast<seh::EntryRecord*>(seh::innermost()); }

bool from_user() { return seh::innermost() && seh::innermost()->kind == seh::RecordKind::system_call; }

[[noreturn]] void go_on(CONTEXT& context) {
    if (trace::on) trace::emit_syscall_exit(service_record().index, STATUS_SUCCESS);
    ps::go_to_user(context);
}

} // namespace

// TestAlert: user APCs that were queued meanwhile come before the context goes on.
extern "C" NTSTATUS NtContinue(const CONTEXT* context, BOOLEAN test_alert) {
    if (!from_user()) return STATUS_NOT_SUPPORTED;
    CONTEXT c;
    if (!exports::read_parameter(context, c)) return STATUS_ACCESS_VIOLATION;
    ps::complete_context(c, service_record());
    if (test_alert) ke::test_alert(UserMode);
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
    ps::complete_context(c, service_record());
    if (!first_chance || !ps::deliver_user_exception(r, c)) ps::unhandled_user_exception(r, c);
    go_on(c);
}
GATE(NtRaiseException);
