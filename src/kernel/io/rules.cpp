// The rules about pending and completing requests. They have the names that Driver Verifier's documentation
// uses (devtest, wdm-markirppending.md …), or one of our own where a rule there is only a code of bug check
// 0xC9. A report changes nothing: the run goes on as on Windows without its verifier.
#include "abi/status.h"
#include "kernel/io/detail/calls.h"
#include "kernel/io/detail/describe.h"
#include "kernel/ke/report.h"
#include "trace/names.h"
#include "trace/trace.h"

namespace nt::io::detail {

namespace {

IO_STACK_LOCATION* location_of(const Call& call) {
    return reinterpret_cast<IO_STACK_LOCATION*>(call.irp + 1) + (call.level - 1);
}

// Bug check DRIVER_VERIFIER_IOMANAGER_VIOLATION.
ke::WouldStop io_verifier(ULONG_PTR violation, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0) {
    return {0xC9, {violation, p2, p3, p4}, true};
}
ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

struct Rule {
    const char* name;
    ULONG code; // of the verifier; 0: none
    const char* what;
};

// `holder`: whose dispatch routine answered.
void report_return(Call& call, const Rule& rule, NTSTATUS status, const DRIVER_OBJECT* holder) {
    if (!call.reported) {
        const ULONG_PTR routine = number(reinterpret_cast<const void*>(holder->MajorFunction[call.major]));
        const ULONG_PTR irp = number(call.irp);
        ke::report_at(routine + 1, rule.name, // the place of a report is that behind a call
                      rule.code ? io_verifier(rule.code, routine, irp, static_cast<ULONG>(status))
                                : ke::WouldStop{},
                      "%s returned %s for IRP %llx (%s, stack location %u) %s", name_of(holder).text,
                      status_name(status).text, address_of(call.irp),
                      trace::irp_major_name(call.major).c_str(), call.level, rule.what);
    }
    // Drivers above that pass the answer on are not told the same.
    if (call.outer && call.outer->irp == call.irp) call.outer->reported = true;
}

// The request is pending: its driver must have marked it. Drivers between it and this call that have marked
// theirs may pass the request down later, from wherever they like; others have done it in this call, so that
// the one that has the request now has returned.
void check_pending(Call& call) {
    const auto* stack = reinterpret_cast<const IO_STACK_LOCATION*>(call.irp + 1);
    const int current = call.irp->CurrentLocation;
    if (current < 1) return;
    for (int level = call.level; level >= current; --level)
        if (stack[level - 1].Control & SL_PENDING_RETURNED) return;
    const DEVICE_OBJECT* device = stack[current - 1].DeviceObject;
    report_return(call, {"MarkIrpPending2", 0x23D, "but has not marked it pending"}, STATUS_PENDING,
                  device->DriverObject);
}

} // namespace

void check_return(Call& call, NTSTATUS status) {
    const bool pending = status == STATUS_PENDING;
    if (call.left) {
        if (trace::on && call.marked) trace::emit_irp_pending(call.irp, call.level);
        if (pending == call.marked) return;
        report_return(call,
                      pending
                          ? Rule{"MarkIrpPending2", 0x23D, "and has completed it without marking it pending"}
                          : Rule{"MarkIrpPending", 0x23E, "although it had marked it pending"},
                      status, call.driver);
        return;
    }
    // The request is on its way, so the IRP is there; unless its driver has freed it.
    if (call.irp->Type != IO_TYPE_IRP) return;
    const IO_STACK_LOCATION* location = location_of(call);
    const bool marked = location->Control & SL_PENDING_RETURNED;
    const bool passed_on = call.irp->CurrentLocation < static_cast<CHAR>(call.level);
    if (trace::on && marked && location->DeviceObject == call.device)
        trace::emit_irp_pending(call.irp, call.level);
    if (pending) {
        check_pending(call);
        return;
    }
    // A driver that skipped its location gives what the one below has answered.
    const DRIVER_OBJECT* holder = location->DeviceObject->DriverObject;
    if (passed_on)
        report_return(call, {"LowerDriverReturn", 0, "which a driver below has not completed"}, status,
                      call.driver);
    else if (marked)
        report_return(call, {"MarkIrpPending", 0x23E, "although it has marked it pending and keeps it"},
                      status, holder);
    else
        report_return(call,
                      {"IrpProcessingComplete", 0x226,
                       "and has neither completed it, nor passed it on, nor marked it pending"},
                      status, holder);
}

void check_completion(const IRP* irp, ULONG_PTR caller) {
    if (irp->IoStatus.Status == STATUS_PENDING)
        ke::report_at(caller, "CompletePending", io_verifier(0x06, STATUS_PENDING, number(irp)),
                      "IRP %llx was completed with STATUS_PENDING", address_of(irp));
    if (ke::current_irql() > DISPATCH_LEVEL)
        ke::report_at(caller, "CompleteIrql", io_verifier(0x0E, ke::current_irql(), number(irp)),
                      "IRP %llx was completed at IRQL %u, above DISPATCH_LEVEL", address_of(irp),
                      ke::current_irql());
    if (irp->CancelRoutine)
        ke::report_at(
            caller, "CompleteCancelRoutine",
            io_verifier(0x07, number(reinterpret_cast<const void*>(irp->CancelRoutine)), number(irp)),
            "IRP %llx was completed with a cancel routine still set", address_of(irp));
}

void report_unmarked_routine(const IRP* irp, const IO_STACK_LOCATION& done) {
    const IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation;
    const ULONG_PTR routine = number(reinterpret_cast<const void*>(done.CompletionRoutine));
    ke::report_at(
        routine + 1, "PendingReturned", io_verifier(0x228, routine, number(irp)),
        "a completion routine of %s ended with PendingReturned set and did not mark IRP %llx pending",
        name_of(location->DeviceObject ? location->DeviceObject->DriverObject : nullptr).text,
        address_of(irp));
    const auto level = static_cast<UCHAR>(irp->CurrentLocation);
    for (Call* c = calls_of(irp, level); c; c = c->next)
        if (c->irp == irp && c->level == level) c->reported = true;
}

} // namespace nt::io::detail
