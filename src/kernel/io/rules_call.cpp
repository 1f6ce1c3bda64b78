// What a driver passes to IoCallDriver. Bug check 0xC9: debugger page
// bug-check-0xc9--driver-verifier-iomanager-violation.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/detail/rules_wait.h"
#include "kernel/io/device.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/paging.h"
#include "kernel/seh/crossing.h"
#include "rtl/status.h"
#include "trace/names.h"
#include <cstring>

namespace nt::io::detail {

namespace {

constexpr UCHAR invoke = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;

// One IoCallDriver.
struct Forward {
    ULONG_PTR caller; // 0: the kernel's own call
    IRP* irp;
    DEVICE_OBJECT* device;
    IO_STACK_LOCATION* next;    // what the driver below gets
    IO_STACK_LOCATION* current; // of the driver above it; null: there is none
    DEVICE_OBJECT* forwarder;   // device that has the request, null: its owner sends it, or not known
    bool outermost;

    template <class... A>
    void report(const char* rule, const ke::WouldStop& stop, const char* format, A... args) const {
        ke::report_at(caller, rule, stop, about(irp), format, args...);
    }
    // The usual parameters.
    ke::WouldStop stop(ULONG_PTR violation, ULONG_PTR p4 = 0) const {
        return io_verifier(violation, caller, number(irp), p4);
    }
};

// The gate that called us was called by the routine of `call` itself, not by one that interrupts it or that
// completes its request.
bool is_direct(const Call& call) {
    const seh::Record* gate = seh::innermost();
    if (!gate || gate->kind != seh::RecordKind::gate || !gate->previous ||
        gate->previous->kind != seh::RecordKind::call_out)
        return false;
    const auto* callout = static_cast<const seh::CalloutRecord*>(gate->previous);
    return callout->function == number(call.driver->MajorFunction[call.major]) &&
           number(callout) < call.stack && (!callout->previous || number(callout->previous) >= call.stack);
}

// IRP_MJ_CREATE of no file and without parameters; whether it has a completion routine does not matter.
bool says_nothing(const IO_STACK_LOCATION& location) {
    static constexpr IO_STACK_LOCATION clear{};
    return location.MajorFunction == IRP_MJ_CREATE && !location.MinorFunction && !location.Flags &&
           !location.FileObject &&
           std::memcmp(&location.Parameters, &clear.Parameters, sizeof clear.Parameters) == 0;
}

bool may_be_sent_at_dispatch(UCHAR major) {
    return major == IRP_MJ_READ || major == IRP_MJ_WRITE || major == IRP_MJ_DEVICE_CONTROL ||
           major == IRP_MJ_INTERNAL_DEVICE_CONTROL || major == IRP_MJ_POWER;
}

// "Reserved for system use": kernel pages irp-mn-start-device … .
bool is_of_system(const IO_STACK_LOCATION& next) {
    if (next.MajorFunction != IRP_MJ_PNP) return false;
    switch (next.MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return true;
    default:
        return false;
    }
}

void check_level(const Forward& f) {
    const KIRQL irql = ke::current_irql();
    const UCHAR major = f.next->MajorFunction;
    if (irql == DISPATCH_LEVEL && !may_be_sent_at_dispatch(major))
        f.report("ForwardedAtBadIrql", f.stop(0x23A),
                 "IoCallDriver was called at DISPATCH_LEVEL for IRP %llx (%s)", address_of(f.irp),
                 trace::irp_major_name(major).c_str());
    const Maker maker = maker_of(f.irp);
    if (f.outermost && irql >= APC_LEVEL &&
        (maker == Maker::device_control || maker == Maker::synchronous_fsd))
        f.report("SentAtApcLevel", f.stop(0x302, irql),
                 "IRP %llx was sent at IRQL %u: its end needs an APC, which cannot run", address_of(f.irp),
                 irql);
    if (!ke::interrupts_enabled())
        f.report("InterruptFlag", ke::verifier_stop(0xC0, number(f.irp)),
                 "IoCallDriver was called for IRP %llx with interrupts disabled", address_of(f.irp));
}

// Of an IRP that the calling driver has made itself.
void check_own(const Forward& f) {
    const int left = level_of(f.irp) - 1;
    if (left < f.device->StackSize)
        f.report("NoMoreIrpStackLocations", f.stop(0x208),
                 "IRP %llx has %d stack locations left and was sent to a device whose StackSize is %d",
                 address_of(f.irp), left, f.device->StackSize);
    const auto has_routine = [](const IO_STACK_LOCATION* l) {
        return l && l->CompletionRoutine && (l->Control & invoke);
    };
    const bool watched = has_routine(f.next) || has_routine(f.current);
    const Maker maker = maker_of(f.irp);
    // The end of paging I/O frees the IRP.
    if (!watched && !(f.irp->Flags & IRP_PAGING_IO) &&
        (maker == Maker::allocate || maker == Maker::asynchronous_fsd))
        f.report(maker == Maker::allocate ? "IoAllocateForward" : "IoBuildFsdForward", {},
                 "IRP %llx was sent without a completion routine, and nobody else can free it",
                 address_of(f.irp));
    const NTSTATUS status = f.irp->IoStatus.Status;
    const UCHAR major = f.next->MajorFunction;
    if (status != STATUS_NOT_SUPPORTED &&
        (major == IRP_MJ_PNP || major == IRP_MJ_POWER || major == IRP_MJ_SYSTEM_CONTROL))
        f.report("InitialStatus",
                 f.stop(major == IRP_MJ_PNP     ? 0x20E
                        : major == IRP_MJ_POWER ? 0x20F
                                                : 0x210),
                 "IRP %llx (%s) was sent with the status %s, not STATUS_NOT_SUPPORTED", address_of(f.irp),
                 trace::irp_major_name(major).c_str(), status_name(status).text);
    if (is_of_system(*f.next))
        f.report("SystemIrp", io_verifier(0x237),
                 "IRP %llx was sent with an IRP_MN_ code (0x%x) that is reserved for the system",
                 address_of(f.irp), f.next->MinorFunction);
}

// Minor codes that no page describes: whoever gets one passes it on, or completes it, as it is.
bool is_unknown(const IO_STACK_LOCATION& location) {
    const UCHAR minor = location.MinorFunction;
    switch (location.MajorFunction) {
    case IRP_MJ_PNP:
        return minor > IRP_MN_DEVICE_ENUMERATED;
    case IRP_MJ_POWER:
        return minor > IRP_MN_QUERY_POWER;
    case IRP_MJ_SYSTEM_CONTROL:
        return minor > IRP_MN_REGINFO_EX;
    default:
        return false;
    }
}

bool is_below(const DEVICE_OBJECT* device, DEVICE_OBJECT* top) {
    DeviceWalk walk("AttachedTo");
    for (DEVICE_OBJECT* d = attached_to(top); d; d = walk.to(attached_to(d)))
        if (d == device) return true;
    return false;
}

// Of an IRP that the calling driver has got from above.
void check_passed_on(const Forward& f) {
    const IO_STACK_LOCATION &next = *f.next, &current = *f.current;
    const NTSTATUS status = f.irp->IoStatus.Status;
    const bool copied = next.DeviceObject && next.DeviceObject == current.DeviceObject;
    if (copied && (next.Control & (SL_PENDING_RETURNED | SL_ERROR_RETURNED)))
        f.report("ForwardedControl", io_verifier(0x206),
                 "IRP %llx was passed on with the Control field of the location above, not by "
                 "IoCopyCurrentIrpStackLocationToNext or IoSkipCurrentIrpStackLocation",
                 address_of(f.irp));
    if (copied && next.CompletionRoutine && (next.Control & invoke) &&
        next.CompletionRoutine == current.CompletionRoutine && next.Context == current.Context &&
        (next.Context || !in_image(current.DeviceObject->DriverObject, number(next.CompletionRoutine))))
        f.report("CopiedCompletionRoutine", f.stop(0x207),
                 "IRP %llx was passed on with the completion routine of the driver above, not by "
                 "IoCopyCurrentIrpStackLocationToNext",
                 address_of(f.irp));
    if (copied && !next.Control && std::memcmp(&next, &current, offsetof(IO_STACK_LOCATION, Control)) == 0 &&
        std::memcmp(&next.Parameters, &current.Parameters, sizeof next.Parameters) == 0)
        f.report("CopiedNotSkipped", io_verifier(0x21C),
                 "IRP %llx was passed on in a copy of the location and without a completion routine; "
                 "IoSkipCurrentIrpStackLocation costs less",
                 address_of(f.irp));
    if ((next.MajorFunction == IRP_MJ_PNP || next.MajorFunction == IRP_MJ_POWER) && NT_ERROR(status) &&
        status != STATUS_NOT_SUPPORTED)
        f.report("FailedIrpForwarded", f.stop(next.MajorFunction == IRP_MJ_PNP ? 0x215 : 0x219),
                 "IRP %llx (%s) was passed on with the status %s: a failed one is completed",
                 address_of(f.irp), trace::irp_major_name(next.MajorFunction).c_str(),
                 status_name(status).text);
}

void check_devices(const Forward& f) {
    DEVICE_OBJECT* const device = f.device;
    if (f.forwarder)
        if (const DEVICE_OBJECT* below = attached_to(f.forwarder);
            below && below != device && is_below(device, f.forwarder))
            f.report("DeviceSkipped", f.stop(0x211),
                     "IRP %llx was passed on to a device further below than the one that %s is attached to",
                     address_of(f.irp), name_of(f.forwarder->DriverObject).text);
    // Not ready yet: IoAttachDevice's own cleanup and close go through the new filter before it returns.
    if (device->Flags & DO_DEVICE_INITIALIZING) return;
    constexpr ULONG transfer = DO_BUFFERED_IO | DO_DIRECT_IO;
    const ULONG_PTR who = number(device->DriverObject->MajorFunction[f.next->MajorFunction]) + 1;
    const auto wrong = [&](const char* rule, ULONG code, const char* text) {
        ke::report_at(who, rule, io_verifier(code), about(f.irp), "the device %llx of %s %s",
                      address_of(device), name_of(device->DriverObject).text, text);
    };
    if ((device->Flags & transfer) == transfer)
        wrong("DeviceFlags", 0x245, "has both DO_BUFFERED_IO and DO_DIRECT_IO");
    const DEVICE_OBJECT* lower = attached_to(device);
    if (!lower) return;
    if ((lower->Flags & transfer) && !(device->Flags & transfer))
        wrong("DeviceFlagsNotCopied", 0x244,
              "has neither DO_BUFFERED_IO nor DO_DIRECT_IO from the device below it");
    if ((lower->Flags & DO_POWER_PAGABLE) && !(device->Flags & DO_POWER_PAGABLE))
        wrong("DeviceFlagsNotCopied", 0x23F, "has not inherited DO_POWER_PAGABLE from the device below it");
    if (lower->DeviceType != device->DeviceType)
        wrong("DeviceTypeNotCopied", 0x246, "has another DeviceType than the device below it");
}

} // namespace

// assumed: an IRP that a driver does not understand is one with a minor code that nobody does.
// Of the two codes with one description, 0x23B is for who completes it.
void check_unknown(const IRP* irp, const IO_STACK_LOCATION& location, ULONG_PTR caller, bool completes) {
    if (!is_unknown(location)) return;
    if (irp->IoStatus.Status != STATUS_NOT_SUPPORTED)
        ke::report_at(caller, "UnknownIrpChanged",
                      io_verifier(completes ? 0x23B : 0x213, caller, number(irp)), about(irp),
                      "IRP %llx (%s, minor code 0x%x, which nobody knows) has got the status %s",
                      address_of(irp), trace::irp_major_name(location.MajorFunction).c_str(),
                      location.MinorFunction, status_name(irp->IoStatus.Status).text);
    if (irp->IoStatus.Information)
        ke::report_at(caller, "UnknownIrpChanged", io_verifier(0x214, caller, number(irp)), about(irp),
                      "IRP %llx (%s, minor code 0x%x, which nobody knows) has got the Information 0x%lx",
                      address_of(irp), trace::irp_major_name(location.MajorFunction).c_str(),
                      location.MinorFunction, irp->IoStatus.Information);
}

// What guest code of ntoskrnl leaves to us even when nobody verifies: a location that says IRP_MJ_CREATE may
// be one that says nothing.
void check_uninitialized(const IRP* irp) {
    const int level = level_of(irp) - 1;
    if (level < 1 || level >= irp->StackCount || !says_nothing(stack_of(irp)[level - 1])) return;
    if (says_nothing(stack_of(irp)[level])) return; // its own location says as little
    const ULONG_PTR caller = ke::calling_address();
    ke::report_at(
        caller, "NextLocationNotSet", io_verifier(0x212, caller, number(irp)), about(irp),
        "IRP %llx was passed on with a next stack location that nobody has filled: the driver below gets "
        "IRP_MJ_CREATE without parameters",
        address_of(irp));
}

void report_call_level(const IRP* irp) {
    const ULONG_PTR caller = ke::calling_address();
    ke::report_at(caller, "CallDriverIrql",
                  verifying ? io_verifier(0x301, caller, number(irp), ke::current_irql())
                            : io_verifier(0x10, ke::current_irql()),
                  about(irp), "IoCallDriver was called for IRP %llx at IRQL %u, above DISPATCH_LEVEL",
                  address_of(irp), ke::current_irql());
}

void report_no_location(const IRP* irp) {
    const ULONG_PTR caller = ke::calling_address();
    ke::report_at(caller, "NoMoreIrpStackLocations",
                  verifying ? io_verifier(0x208, caller, number(irp))
                            : ke::WouldStop{NO_MORE_IRP_STACK_LOCATIONS, {number(irp)}, false},
                  about(irp), "IRP %llx has no stack location left for the driver below (StackCount %d)",
                  address_of(irp), irp->StackCount);
}

void check_owner(const IRP* irp, ULONG_PTR caller, const Call& within) {
    if (const ULONG_PTR exact = ke::calling_address()) caller = exact;
    const int level = level_of(irp);
    if (level < 1 || level > irp->StackCount || within.left) return;
    const IO_STACK_LOCATION& location = stack_of(irp)[level - 1];
    const DEVICE_OBJECT* device = location.DeviceObject;
    if (!device || in_image(device->DriverObject, caller) ||
        serves(within.driver, device, location.MajorFunction)) {
        // Two devices of one driver: who calls whom is known while every call is looked at.
        if (!verifying || !is_direct(within)) return;
    } else if (!in_image(within.driver, caller))
        return;
    ke::report_at(caller, "PendedCompletedRequest2", io_verifier(0x209, caller, number(irp)), about(irp),
                  "%s completed IRP %llx while %s below has it", name_of(within.driver).text, address_of(irp),
                  name_of(device ? device->DriverObject : nullptr).text);
}

Sending check_call(DEVICE_OBJECT* device, IRP* irp) {
    const seh::Record* record = seh::innermost();
    const ULONG_PTR caller = record && record->kind == seh::RecordKind::gate ? ke::calling_address() : 0;
    if (irp->Type != IO_TYPE_IRP) {
        ke::report_at(caller, "CallDriverNotIrp", io_verifier(0x03, number(irp)), about(irp),
                      "IoCallDriver was called for %llx, which is no IRP (any more)", address_of(irp));
        return {};
    }
    if (!device || device->Type != IO_TYPE_DEVICE) {
        ke::report_at(caller, "CallDriverNotDevice",
                      device ? io_verifier(0x04, number(device)) : io_verifier(0x204), about(irp),
                      "IoCallDriver was called for %llx, which is no device object", address_of(device));
        return {};
    }
    const int level = level_of(irp);
    IO_STACK_LOCATION* stack = stack_of(irp);
    const auto* within = static_cast<const Call*>(ke::current_thread().calls);
    const bool direct = within && within->irp == irp && is_direct(*within);
    if (direct && !within->left && level < static_cast<int>(within->level))
        ke::report_at(caller, "ForwardedPendingIrp", io_verifier(0x205, caller, number(irp)), about(irp),
                      "%s passed IRP %llx on again while a driver below has it", name_of(within->driver).text,
                      address_of(irp));
    if (level <= 1 || level > irp->StackCount + 1) return {};
    Forward f{caller,
              irp,
              device,
              &stack[level - 2],
              level <= irp->StackCount ? &stack[level - 1] : nullptr,
              direct ? within->device : nullptr,
              sent_from(irp) == 0};
    Sending sending{f.outermost, f.outermost && irp->UserEvent && irp->UserEvent->Header.SignalState != 0};
    if (irp->Tail.Overlay.CurrentStackLocation != stack + (level - 1))
        f.report("StackTrashed", f.stop(0x212),
                 "IRP %llx has a CurrentStackLocation that is not its location %d", address_of(irp), level);
    if (irp->CancelRoutine)
        f.report("ForwardedCancelable", f.stop(0x203),
                 "IRP %llx was passed on with a cancel routine still set", address_of(irp));
    if (f.next->CompletionRoutine && (f.next->Control & invoke) &&
        mm::is_paged(number(f.next->CompletionRoutine)))
        f.report("PageableCompletionRoutine", f.stop(0x227),
                 "IRP %llx was passed on with a completion routine in pageable code", address_of(irp));
    if (f.next->MajorFunction == IRP_MJ_CREATE && f.next->FileObject &&
        (f.next->FileObject->Flags & (FO_FILE_OPEN_CANCELLED | FO_CLEANUP_COMPLETE)))
        f.report("CreateOnClosedFile",
                 io_verifier(0x0F, number(device), number(irp), number(f.next->FileObject)),
                 "IRP %llx, an IRP_MJ_CREATE, was sent for a file object that is closed or whose open is "
                 "cancelled",
                 address_of(irp));
    if (f.next->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION) return sending;
    if (caller) {
        check_level(f);
        if (f.outermost) check_own(f);
        if (f.current && f.current->DeviceObject) check_passed_on(f);
        if (f.forwarder) check_unknown(f.irp, *f.next, f.caller, false);
        check_devices(f);
    }
    note_sent_again(irp, static_cast<UCHAR>(level));
    if (f.outermost) {
        if (maker_of(irp) == Maker::system && !was_sent(irp))
            note_event(Happened::made, irp, 0, caller, 0, f.next->MajorFunction);
        note_sent_from(irp, irp->CurrentLocation);
        if (caller) note_sender(irp, caller);
    }
    note_event(Happened::called, irp, static_cast<UCHAR>(level - 1),
               number(device->DriverObject->MajorFunction[f.next->MajorFunction]), 0, f.next->MajorFunction,
               device->DriverObject);
    return sending;
}

void check_answer(const Call& call, const Sending& sending, NTSTATUS status) {
    const ULONG_PTR routine = number(call.driver->MajorFunction[call.major]);
    note_event(Happened::returned, call.irp, call.level, routine, status);
    const auto stop = [&](ULONG_PTR code) {
        return io_verifier(code, routine, number(call.irp), static_cast<ULONG>(status));
    };
    // assumed: suspicious is what no status can be: a reserved bit is set, or the patterns of memory that
    // nobody has written.
    const auto bits = static_cast<ULONG>(status);
    if ((bits & 0x1000'0000) || bits == 0xCCCC'CCCC || bits == 0xCDCD'CDCD || bits == 0xBAAD'F00D)
        ke::report_at(routine + 1, "SuspiciousStatus", stop(bits == 0xffff'ffff ? 0x225 : 0x300),
                      about(call.irp), "%s returned 0x%08x for IRP %llx (%s), which is no status",
                      name_of(call.driver).text, bits, address_of(call.irp),
                      trace::irp_major_name(call.major).c_str());
    // "the driver calls IoCompleteRequest before returning from the DispatchSystemControl routine"
    // (WmiComplete)
    if (call.major == IRP_MJ_SYSTEM_CONTROL && !call.left && call.irp->Type == IO_TYPE_IRP &&
        level_of(call.irp) == call.level &&
        stack_of(call.irp)[call.level - 1].Parameters.WMI.ProviderId == number(call.device))
        ke::report_at(routine + 1, "WmiComplete", {}, about(call.irp),
                      "%s returned without completing IRP %llx (IRP_MJ_SYSTEM_CONTROL), whose provider it is",
                      name_of(call.driver).text, address_of(call.irp));
    if (call.left && status != STATUS_PENDING) check_held_locks(call);
    if (sending.event_was_set && status == STATUS_PENDING) {
        const ULONG_PTR caller = ke::calling_address();
        ke::report_at(
            caller, "EventAlreadySignaled", io_verifier(0x307, caller, number(call.irp)), about(call.irp),
            "IRP %llx was sent with an event that was signaled already, and is pending: whoever waits for "
            "the event does not wait for its end",
            address_of(call.irp));
    }
    if (!ke::interrupts_enabled())
        ke::report_at(routine + 1, "InterruptFlag", ke::verifier_stop(0xC1, routine), about(call.irp),
                      "%s returned from its dispatch routine with interrupts disabled",
                      name_of(call.driver).text);
}

} // namespace nt::io::detail
