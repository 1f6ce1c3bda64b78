#include "kernel/io/detail/calls.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

detail::Call* free_calls;

void unlink(detail::Call* c) {
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    c->outer = free_calls;
    free_calls = c;
}

[[gnu::cold, gnu::noinline]] void trace_dispatch(IRP* irp, const IO_STACK_LOCATION* s, DEVICE_OBJECT* device,
                                                 PDRIVER_DISPATCH routine) {
    const auto* argument = reinterpret_cast<const ULONG_PTR*>(&s->Parameters);
    trace::emit_irp_dispatch(irp, irp->CurrentLocation, s->MajorFunction, s->MinorFunction, s->Flags,
                             s->Control, device, device->DriverObject, s->FileObject, argument[0],
                             argument[1], argument[2], argument[3], routine);
}

} // namespace

namespace detail {

Call* calls[call_lists];

Call* take_call() { return host::make<Call>(); }

void drop_calls(Call* c) {
    ke::Thread& self = ke::current_thread();
    for (;;) {
        Call* inner = static_cast<Call*>(self.calls);
        self.calls = inner->outer;
        unlink(inner);
        if (inner == c) return;
    }
}

void forget_calls(ke::Thread& thread) {
    while (auto* c = static_cast<Call*>(thread.calls)) {
        thread.calls = c->outer;
        unlink(c);
    }
}

Returned call_dispatch(DEVICE_OBJECT* device, IRP* irp) {
    ke::Thread& self = ke::current_thread();
    const auto stack = reinterpret_cast<ULONG_PTR>(__builtin_frame_address(0));
    while (self.calls && static_cast<Call*>(self.calls)->stack <= stack) [[unlikely]]
        drop_calls(static_cast<Call*>(self.calls));
    Sending sending;
    if (verifying) [[unlikely]]
        sending = check_call(device, irp);
    if (!has_next_location(irp)) [[unlikely]] {
        report_no_location(irp);
        ke::bug_check(NO_MORE_IRP_STACK_LOCATIONS, reinterpret_cast<ULONG_PTR>(irp));
    }
    if (irp->Tail.Overlay.CurrentStackLocation[-1].MajorFunction == IRP_MJ_CREATE) [[unlikely]]
        check_uninitialized(irp);
    --irp->CurrentLocation;
    IO_STACK_LOCATION* location = --irp->Tail.Overlay.CurrentStackLocation;
    location->DeviceObject = device;
    DRIVER_OBJECT* driver = device->DriverObject;
    PDRIVER_DISPATCH routine = location->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION
                                   ? driver->MajorFunction[location->MajorFunction]
                                   : nullptr;

    Call* call = free_calls;
    if (call) [[likely]]
        free_calls = call->outer;
    else
        call = take_call();
    Call*& list = calls_of(irp, static_cast<UCHAR>(irp->CurrentLocation));
    *call = {list,
             &list,
             static_cast<Call*>(self.calls),
             stack,
             irp,
             device,
             driver,
             static_cast<UCHAR>(irp->CurrentLocation),
             location->MajorFunction,
             false,
             false,
             false,
             false,
             (location->Control & SL_PENDING_RETURNED) != 0,
             0,
             0,
             0};
    if (list) list->link = &call->next;
    list = call;
    self.calls = call;

    if (trace::on) [[unlikely]]
        trace_dispatch(irp, location, device, routine);
    const NTSTATUS status = checked_call("a dispatch routine", routine, device, irp);
    if (!call->left || call->marked != (status == STATUS_PENDING) || status != call->final || trace::on ||
        verifying) [[unlikely]] {
        check_return(*call, status);
        if (verifying) check_answer(*call, sending, status);
        if (trace::on) trace::emit_irp_returned(irp, call->level, device, driver, status);
    }
    const Returned returned{status, call->left, call->marked};
    drop_calls(call);
    return returned;
}

} // namespace detail

NTSTATUS call_driver(DEVICE_OBJECT* device, IRP* irp) {
    if (ke::current_irql() > DISPATCH_LEVEL) [[unlikely]]
        detail::report_call_level(irp);
    return detail::call_dispatch(device, irp).status;
}

} // namespace nt::io
