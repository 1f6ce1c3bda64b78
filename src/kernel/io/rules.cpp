// The rules about pending and completing requests.
#include "kernel/io/detail/rules.h"
#include "abi/status.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/report.h"
#include "trace/names.h"
#include "trace/trace.h"

namespace nt::io::detail {

namespace {

IO_STACK_LOCATION* location_of(const Call& call) {
    return reinterpret_cast<IO_STACK_LOCATION*>(call.irp + 1) + (call.level - 1);
}

struct Rule {
    const char* name;
    ULONG code; // of the verifier; 0: none
    const char* what;
};

// `holder`: whose dispatch routine answered.
void report_return(Call& call, const Rule& rule, NTSTATUS status, const DRIVER_OBJECT* holder) {
    if (!call.reported) {
        const ULONG_PTR routine = number(holder->MajorFunction[call.major]);
        const ULONG_PTR irp = number(call.irp);
        ke::report_at(routine + 1, rule.name, // the place of a report is that behind a call
                      rule.code ? io_verifier(rule.code, routine, irp, static_cast<ULONG>(status))
                                : ke::WouldStop{},
                      about(call.irp), "%s returned %s for IRP %llx (%s, stack location %u) %s",
                      name_of(holder).text, status_name(status).text, address_of(call.irp),
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
    const int current = level_of(call.irp);
    if (current < 1) return;
    for (int level = call.level; level >= current; --level)
        if (stack[level - 1].Control & SL_PENDING_RETURNED) return;
    // A driver that skipped its location and passed nothing on has the one above it, or none.
    const DEVICE_OBJECT* device = current > call.level ? call.device : stack[current - 1].DeviceObject;
    report_return(call, {"MarkIrpPending2", 0x23D, "but has not marked it pending"}, STATUS_PENDING,
                  device->DriverObject);
}

} // namespace

void check_return(Call& call, NTSTATUS status) {
    const bool pending = status == STATUS_PENDING;
    if (call.left) {
        if (trace::on && call.marked) trace::emit_irp_pending(call.irp, call.level);
        if (call.ended && !pending && status != call.final && call.final != STATUS_PENDING)
            ke::report_at(number(call.driver->MajorFunction[call.major]) + 1, "ReturnedStatus",
                          io_verifier(0x224, number(call.driver->MajorFunction[call.major]), number(call.irp),
                                      static_cast<ULONG>(call.final)),
                          about(call.irp),
                          "%s returned %s for IRP %llx (%s, stack location %u) and has completed it with %s",
                          name_of(call.driver).text, status_name(status).text, address_of(call.irp),
                          trace::irp_major_name(call.major).c_str(), call.level,
                          status_name(call.final).text);
        // A mark of the driver above, which has told its caller STATUS_PENDING, is not this one's.
        if (pending == call.marked || (call.marked && call.given_marked)) return;
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
    const bool passed_on = level_of(call.irp) < call.level;
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
    else if (marked && !call.given_marked)
        report_return(call, {"MarkIrpPending", 0x23E, "although it has marked it pending and keeps it"},
                      status, holder);
    else
        report_return(call,
                      {"IrpProcessingComplete", 0x226,
                       "and has neither completed it, nor passed it on, nor marked it pending"},
                      status, holder);
}

namespace {

// The bytes that go back to the requestor. At the same place for all majors that have such a buffer but one.
ULONG_PTR output_length(const IO_STACK_LOCATION& location) {
    return location.MajorFunction == IRP_MJ_QUERY_SECURITY ? location.Parameters.QuerySecurity.Length
                                                           : location.Parameters.Read.Length;
}

// What a driver above has made of it, such as an internal control of a read, has lengths of its own.
bool is_as_sent(const IRP* irp, const IO_STACK_LOCATION& location) {
    return location.MajorFunction == stack_of(irp)[irp->StackCount - 1].MajorFunction;
}

// A buffered one: those of other methods say by Information what they like.
bool is_control_without_output(const IO_STACK_LOCATION& location) {
    const auto& control = location.Parameters.DeviceIoControl;
    return location.MajorFunction == IRP_MJ_DEVICE_CONTROL &&
           (control.IoControlCode & 3) == METHOD_BUFFERED && control.OutputBufferLength == 0;
}

struct Completing {
    const IRP* irp;
    ULONG_PTR caller;
    const IO_STACK_LOCATION* current; // null: its owner completes it
    template <class... A>
    void report(const char* rule, const ke::WouldStop& stop, const char* format, A... args) const {
        ke::report_at(caller, rule, stop, about(irp), format, args...);
    }
};

bool must_not_fail(UCHAR minor) {
    return minor == IRP_MN_REMOVE_DEVICE || minor == IRP_MN_CANCEL_REMOVE_DEVICE ||
           minor == IRP_MN_CANCEL_STOP_DEVICE || minor == IRP_MN_SURPRISE_REMOVAL;
}

// A driver's work item or DPC that completes what a driver below has. Whom it belongs to tells the image.
void check_image(const Completing& c) {
    const DRIVER_OBJECT* holder = c.current->DeviceObject->DriverObject;
    if (in_image(holder, c.caller)) return;
    for (int above = level_of(c.irp) + 1; above <= c.irp->StackCount; ++above)
        if (const DEVICE_OBJECT* device = stack_of(c.irp)[above - 1].DeviceObject;
            device && in_image(device->DriverObject, c.caller)) {
            if (serves(device->DriverObject, c.current->DeviceObject, c.current->MajorFunction)) return;
            c.report("PendedCompletedRequest2", io_verifier(0x209, c.caller, number(c.irp)),
                     "%s completed IRP %llx while %s below has it", name_of(device->DriverObject).text,
                     address_of(c.irp), name_of(holder).text);
            return;
        }
}

void check_more(const Completing& c) {
    const IRP* irp = c.irp;
    const Maker maker = maker_of(irp);
    if (!was_sent(irp) && (maker == Maker::allocate || maker == Maker::asynchronous_fsd))
        c.report(maker == Maker::allocate ? "IoAllocateComplete" : "IoBuildFsdComplete", io_verifier(0x239),
                 "IRP %llx was completed by the driver that has made it and has sent it to nobody",
                 address_of(irp));
    if (ke::HeldLocks& locks = ke::processor_locks(); locks.count())
        c.report("SpinLockSafe", {}, "IRP %llx was completed with the spin lock 0x%lx held", address_of(irp),
                 locks[locks.count() - 1].lock);
    const int level = level_of(irp);
    if (level > 1 && level <= irp->StackCount + 1) {
        const IO_STACK_LOCATION& next = stack_of(irp)[level - 2];
        if ((next.Control & (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL)) &&
            number(next.CompletionRoutine) == internal_address("IopUnloadSafeCompletion"))
            c.report("CompletionRoutineRegistered", {},
                     "IRP %llx was completed after IoSetCompletionRoutineEx and without IoCallDriver: what "
                     "that has "
                     "allocated is lost",
                     address_of(irp));
    }
    if (!c.current || !c.current->DeviceObject) return;
    check_image(c);
    check_unknown(irp, *c.current, c.caller, true);
    const NTSTATUS status = irp->IoStatus.Status;
    if (is_control_without_output(*c.current) && !NT_ERROR(status) && irp->IoStatus.Information)
        c.report("InformationTooLarge", io_verifier(0x312, c.caller, number(irp)),
                 "IRP %llx was completed with Information 0x%lx, and its request has no output buffer",
                 address_of(irp), irp->IoStatus.Information);
    if (c.current->MajorFunction == IRP_MJ_PNP && must_not_fail(c.current->MinorFunction) &&
        NT_ERROR(status) && status != STATUS_NOT_SUPPORTED)
        c.report("PnpRemove", ke::verifier_stop(0x00043006),
                 "IRP %llx (IRP_MJ_PNP, minor code 0x%x) was failed with %s", address_of(irp),
                 c.current->MinorFunction, status_name(status).text);
    if (c.current->MajorFunction == IRP_MJ_SYSTEM_CONTROL && attached_to(c.current->DeviceObject) &&
        c.current->Parameters.WMI.ProviderId != number(c.current->DeviceObject))
        c.report("WmiForward",
                 io_verifier(0x220, c.caller, number(irp), c.current->Parameters.WMI.ProviderId),
                 "IRP %llx (IRP_MJ_SYSTEM_CONTROL) was completed by a device that is not its ProviderId",
                 address_of(irp));
}

} // namespace

void check_completer(const IRP* irp, ULONG_PTR caller) {
    if (const ULONG_PTR exact = ke::calling_address()) caller = exact;
    check_image({irp, caller, irp->Tail.Overlay.CurrentStackLocation});
}

void check_completion(const IRP* irp, ULONG_PTR caller) {
    if (const ULONG_PTR exact = ke::calling_address()) caller = exact;
    const Completing c{
        irp, caller,
        level_of(irp) >= 1 && level_of(irp) <= irp->StackCount ? &stack_of(irp)[level_of(irp) - 1] : nullptr};
    const NTSTATUS status = irp->IoStatus.Status;
    if (status == STATUS_PENDING || status == -1)
        c.report("CompletePending", io_verifier(0x06, static_cast<ULONG>(status), number(irp)),
                 "IRP %llx was completed with %s", address_of(irp), status_name(status).text);
    if (ke::current_irql() > DISPATCH_LEVEL)
        c.report("CompleteIrql", io_verifier(0x0E, ke::current_irql(), number(irp)),
                 "IRP %llx was completed at IRQL %u, above DISPATCH_LEVEL", address_of(irp),
                 ke::current_irql());
    if (irp->CancelRoutine)
        c.report("CompleteCancelRoutine", io_verifier(0x07, number(irp->CancelRoutine), number(irp)),
                 "IRP %llx was completed with a cancel routine still set", address_of(irp));
    if (c.current && (irp->Flags & IRP_INPUT_OPERATION) && !NT_ERROR(status) && is_as_sent(irp, *c.current) &&
        irp->IoStatus.Information > output_length(*c.current))
        c.report("InformationTooLarge", io_verifier(0x312, caller, number(irp)),
                 "IRP %llx was completed with Information 0x%lx, and its output buffer has 0x%lx bytes",
                 address_of(irp), irp->IoStatus.Information, output_length(*c.current));
    if (verifying) check_more(c);
}

void check_changed(const IRP* irp, const IO_STACK_LOCATION& done, const IO_STATUS_BLOCK& before) {
    const IO_STACK_LOCATION& location = *irp->Tail.Overlay.CurrentStackLocation;
    const DRIVER_OBJECT* driver = location.DeviceObject ? location.DeviceObject->DriverObject : nullptr;
    const ULONG_PTR routine = number(done.CompletionRoutine);
    const NTSTATUS status = irp->IoStatus.Status;
    if (status == STATUS_PENDING && before.Status != status)
        ke::report_at(routine + 1, "CompletePending",
                      io_verifier(0x06, static_cast<ULONG>(status), number(irp)), about(irp),
                      "a completion routine of %s gave IRP %llx the status %s and lets it end",
                      name_of(driver).text, address_of(irp), status_name(status).text);
    if (irp->IoStatus.Information > before.Information && (irp->Flags & IRP_INPUT_OPERATION) &&
        !NT_ERROR(status) && is_as_sent(irp, location) && irp->IoStatus.Information > output_length(location))
        ke::report_at(
            routine + 1, "InformationTooLarge", io_verifier(0x312, routine, number(irp)), about(irp),
            "a completion routine of %s gave IRP %llx the Information 0x%lx, and its output buffer "
            "has 0x%lx bytes",
            name_of(driver).text, address_of(irp), irp->IoStatus.Information, output_length(location));
}

void report_unmarked_routine(const IRP* irp, const IO_STACK_LOCATION& done) {
    const IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation;
    const ULONG_PTR routine = number(done.CompletionRoutine);
    ke::report_at(
        routine + 1, "PendingReturned", io_verifier(0x228, routine, number(irp)), about(irp),
        "a completion routine of %s ended with PendingReturned set and did not mark IRP %llx pending",
        name_of(location->DeviceObject ? location->DeviceObject->DriverObject : nullptr).text,
        address_of(irp));
    const auto level = static_cast<UCHAR>(irp->CurrentLocation);
    for (Call* c = calls_of(irp, level); c; c = c->next)
        if (c->irp == irp && c->level == level) c->reported = true;
}

} // namespace nt::io::detail
