// The completion protocol, as the pages of IoCompleteRequest, IoSetCompletionRoutine and IoCallDriver state
// it.
#include "kernel/io/test_machine.h"

using namespace nt;
using test::in_kernel;
using test::journal;
using test::note;

namespace {

NTSTATUS bottom_status = STATUS_SUCCESS;
bool bottom_pends, bottom_completes = true;
IRP* held;

NTSTATUS complete(IRP* irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 7;
    in_kernel([=] { io::complete_request(irp, 0, 0); });
    return status;
}

NTAPI NTSTATUS bottom(DEVICE_OBJECT*, IRP* irp) {
    note("bottom at " + std::to_string(irp->CurrentLocation));
    if (bottom_pends) io::mark_pending(irp);
    held = irp;
    if (!bottom_completes) return STATUS_PENDING;
    const NTSTATUS status = complete(irp, bottom_status);
    return bottom_pends ? STATUS_PENDING : status;
}

NTSTATUS answer_of_routine = STATUS_SUCCESS;
UCHAR control_of_filter = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
bool use_routine = true;
DEVICE_OBJECT* routine_device;

NTAPI NTSTATUS routine(DEVICE_OBJECT* device, IRP* irp, PVOID context) {
    note("routine at " + std::to_string(irp->CurrentLocation) + (irp->PendingReturned ? " pending" : ""));
    routine_device = device;
    EXPECT_EQ(context, reinterpret_cast<PVOID>(0x77));
    if (irp->PendingReturned && irp->CurrentLocation <= irp->StackCount &&
        answer_of_routine != STATUS_MORE_PROCESSING_REQUIRED)
        io::mark_pending(irp);
    return answer_of_routine;
}

DEVICE_OBJECT *lower_device, *filter_device;

NTAPI NTSTATUS filter(DEVICE_OBJECT*, IRP* irp) {
    note("filter at " + std::to_string(irp->CurrentLocation));
    if (!use_routine) { // IoSkipCurrentIrpStackLocation
        ++irp->CurrentLocation;
        ++irp->Tail.Overlay.CurrentStackLocation;
        return in_kernel([=] { return io::call_driver(lower_device, irp); });
    }
    IO_STACK_LOCATION* next = io::next_location(irp);
    *next = *io::current_location(irp);
    next->CompletionRoutine = routine;
    next->Context = reinterpret_cast<PVOID>(0x77);
    next->Control = control_of_filter;
    return in_kernel([=] { return io::call_driver(lower_device, irp); });
}

void boot() {
    static bool once;
    test::boot_io();
    if (!once)
        test::run([] {
            lower_device = test::make_device(test::make_driver(u"Bottom", bottom));
            filter_device = test::make_device(test::make_driver(u"Filter", filter));
            DEVICE_OBJECT* to;
            EXPECT_EQ(io::attach_to_stack(filter_device, lower_device, &to), lower_device);
        });
    once = true;
    journal.clear();
    bottom_status = answer_of_routine = STATUS_SUCCESS;
    bottom_pends = false;
    bottom_completes = use_routine = true;
    control_of_filter = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
    routine_device = nullptr;
}

using Journal = std::vector<std::string>;

// A request that this thread made: the I/O manager ends it.
struct Sent {
    KEVENT* event;
    IO_STATUS_BLOCK* iosb;
    IRP* irp;
    NTSTATUS status;
};
Sent send(DEVICE_OBJECT* device = filter_device) {
    Sent s{test::guest_new<KEVENT>(), test::guest_new<IO_STATUS_BLOCK>(), nullptr, 0};
    ke::initialize_event(*s.event, NotificationEvent, false);
    s.irp =
        io::build_synchronous_fsd_request(IRP_MJ_FLUSH_BUFFERS, device, nullptr, 0, nullptr, s.event, s.iosb);
    s.status = io::call_driver(device, s.irp);
    return s;
}

KERNEL_TEST(Irp, NewOnesAreLaidOutAsDocumented) {
    EXPECT_EQ(filter_device->StackSize, 2);
    IRP* irp = io::allocate_irp(3);
    EXPECT_EQ(irp->Type, IO_TYPE_IRP);
    EXPECT_EQ(irp->Size, 0xd0 + 3 * 0x48);
    EXPECT_EQ(irp->StackCount, 3);
    EXPECT_EQ(irp->CurrentLocation, 4);
    EXPECT_EQ(reinterpret_cast<char*>(irp->Tail.Overlay.CurrentStackLocation),
              reinterpret_cast<char*>(irp) + 0xd0 + 3 * 0x48);
    EXPECT_EQ(irp->ThreadListEntry.Flink, &irp->ThreadListEntry);
    irp->IoStatus.Status = 5;
    io::reuse_irp(irp, STATUS_NOT_SUPPORTED);
    EXPECT_EQ(irp->IoStatus.Status, STATUS_NOT_SUPPORTED);
    io::free_irp(irp);
    EXPECT_EQ(io::allocate_irp(3), irp); // from the list
    io::free_irp(irp);
}

KERNEL_TEST(Irp, RoutineRunsInItsOwnersLocationAndTheRequestEnds) {
    const Sent s = send();
    EXPECT_EQ(s.status, STATUS_SUCCESS);
    EXPECT_EQ(journal, (Journal{"filter at 2", "bottom at 1", "routine at 2"}));
    EXPECT_EQ(routine_device, filter_device);
    EXPECT_EQ(s.iosb->Information, 7u);
    EXPECT_EQ(s.event->Header.SignalState, 1);
    EXPECT_EQ(s.irp->Type, 0); // freed
}

KERNEL_TEST(Irp, SkippedLocationHasNoRoutine) {
    use_routine = false;
    EXPECT_EQ(send().status, STATUS_SUCCESS);
    EXPECT_EQ(journal, (Journal{"filter at 2", "bottom at 2"}));
}

KERNEL_TEST(Irp, InvokeBitsChooseTheOutcome) {
    control_of_filter = SL_INVOKE_ON_ERROR;
    send();
    EXPECT_EQ(journal.size(), 2u);
    journal.clear();
    bottom_status = STATUS_IO_DEVICE_ERROR;
    EXPECT_EQ(send().status, STATUS_IO_DEVICE_ERROR);
    EXPECT_EQ(journal.back(), "routine at 2");
    journal.clear();
    control_of_filter = SL_INVOKE_ON_SUCCESS;
    send();
    EXPECT_EQ(journal.size(), 2u);
}

KERNEL_TEST(Irp, AnErrorReturnedAtOnceLeavesTheEventAlone) {
    bottom_status = STATUS_IO_DEVICE_ERROR;
    const Sent s = send();
    EXPECT_EQ(s.event->Header.SignalState, 0);
    EXPECT_EQ(s.iosb->Information, 0u);
}

KERNEL_TEST(Irp, PendingIsPassedUpToTheRequestor) {
    bottom_pends = true;
    bottom_status = STATUS_IO_DEVICE_ERROR;
    const Sent s = send();
    EXPECT_EQ(s.status, STATUS_PENDING);
    EXPECT_EQ(journal.back(), "routine at 2 pending");
    // Pended, so even the error is delivered.
    EXPECT_EQ(s.event->Header.SignalState, 1);
    EXPECT_EQ(s.iosb->Status, STATUS_IO_DEVICE_ERROR);
}

KERNEL_TEST(Irp, PendingIsPropagatedWhereNobodyAsked) {
    bottom_pends = true;
    control_of_filter = 0;
    const Sent s = send();
    EXPECT_EQ(s.status, STATUS_PENDING);
    EXPECT_EQ(s.event->Header.SignalState, 1);
}

KERNEL_TEST(Irp, MoreProcessingTakesItBackAndCompletionResumes) {
    answer_of_routine = STATUS_MORE_PROCESSING_REQUIRED;
    const Sent s = send();
    EXPECT_EQ(s.event->Header.SignalState, 0);
    EXPECT_EQ(s.irp->Type, IO_TYPE_IRP);
    EXPECT_EQ(s.irp->CurrentLocation, 2); // the filter's
    EXPECT_EQ(io::current_location(s.irp)->DeviceObject, filter_device);
    EXPECT_EQ(io::next_location(s.irp)->MajorFunction, 0); // what was left is cleared
    io::complete_request(s.irp, 0, 0);
    EXPECT_EQ(s.event->Header.SignalState, 1);
    EXPECT_EQ(s.irp->Type, 0);
}

KERNEL_TEST(Irp, CompletedLaterByAnybody) {
    bottom_pends = true;
    bottom_completes = false;
    const Sent s = send();
    EXPECT_EQ(s.status, STATUS_PENDING);
    EXPECT_EQ(s.event->Header.SignalState, 0);
    EXPECT_EQ(ke::current_thread().IrpList.Flink, &held->ThreadListEntry);
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    held->IoStatus = {{STATUS_SUCCESS}, 3};
    io::complete_request(held, 0, 0);
    // At DISPATCH_LEVEL the requestor's half has to wait.
    EXPECT_EQ(s.event->Header.SignalState, 0);
    ke::lower_irql(old);
    EXPECT_EQ(s.event->Header.SignalState, 1);
    EXPECT_EQ(s.iosb->Information, 3u);
    EXPECT_TRUE(list::empty(ke::current_thread().IrpList));
}

KERNEL_TEST(Irp, AssociatedOnesCompleteTheirMaster) {
    const Sent s = [] {
        Sent m{test::guest_new<KEVENT>(), test::guest_new<IO_STATUS_BLOCK>(), nullptr, 0};
        ke::initialize_event(*m.event, NotificationEvent, false);
        bottom_pends = true;
        bottom_completes = false;
        m.irp = io::build_synchronous_fsd_request(IRP_MJ_FLUSH_BUFFERS, lower_device, nullptr, 0, nullptr,
                                                  m.event, m.iosb);
        m.status = io::call_driver(lower_device, m.irp);
        return m;
    }();
    IRP* master = held;
    master->AssociatedIrp.IrpCount = 2;
    IRP* parts[2];
    for (IRP*& part : parts) {
        part = io::make_associated_irp(master, lower_device->StackSize);
        io::next_location(part)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
        io::call_driver(lower_device, part);
    }
    parts[0]->IoStatus.Status = STATUS_SUCCESS;
    io::complete_request(parts[0], 0, 0);
    EXPECT_EQ(s.event->Header.SignalState, 0);
    master->IoStatus = {{STATUS_SUCCESS}, 11};
    io::complete_request(parts[1], 0, 0);
    EXPECT_EQ(s.event->Header.SignalState, 1);
    EXPECT_EQ(s.iosb->Information, 11u);
}

NTAPI void cancel_routine(DEVICE_OBJECT* device, IRP* irp) {
    EXPECT_EQ(device, lower_device);
    in_kernel([=] { io::release_cancel_lock(irp->CancelIrql); });
    complete(irp, STATUS_CANCELLED);
}

KERNEL_TEST(Irp, CancelCallsTheRoutineOnce) {
    control_of_filter = SL_INVOKE_ON_CANCEL;
    bottom_pends = true;
    bottom_completes = false;
    const Sent s = send();
    held->CancelRoutine = cancel_routine;
    EXPECT_TRUE(io::cancel_irp(held));
    EXPECT_EQ(ke::current_irql(), PASSIVE_LEVEL);
    EXPECT_EQ(journal.back(), "routine at 2 pending");
    EXPECT_EQ(s.iosb->Status, STATUS_CANCELLED);
    IRP* irp = io::allocate_irp(1);
    EXPECT_FALSE(io::cancel_irp(irp));
    EXPECT_TRUE(irp->Cancel);
    io::free_irp(irp);
}

ULONG bug_of(std::function<void()> body) {
    const ke::Stop stop = test::run(std::move(body));
    EXPECT_EQ(stop.kind, ke::StopKind::bug_check);
    return stop.code;
}

TEST(IrpBugCheck, EachHasItsCode) {
    boot();
    // No location left.
    EXPECT_EQ(bug_of([] {
                  IRP* irp = io::allocate_irp(1);
                  irp->CurrentLocation = 1;
                  io::call_driver(lower_device, irp);
              }),
              0x35u);
    // Completed twice.
    EXPECT_EQ(bug_of([] {
                  const Sent s = send();
                  io::complete_request(s.irp, 0, 0);
              }),
              0x44u);
    // Completed with a cancel routine set.
    EXPECT_EQ(bug_of([] {
                  bottom_pends = true;
                  bottom_completes = false;
                  send();
                  held->CancelRoutine = cancel_routine;
                  io::complete_request(held, 0, 0);
              }),
              0x48u);
    // Freed while queued to its thread; freed twice.
    EXPECT_EQ(bug_of([] {
                  bottom_pends = true;
                  bottom_completes = false;
                  send();
                  io::free_irp(held);
              }),
              0x44u);
    EXPECT_EQ(bug_of([] {
                  IRP* irp = io::allocate_irp(2);
                  io::free_irp(irp);
                  io::free_irp(irp);
              }),
              0x44u);
}

} // namespace
