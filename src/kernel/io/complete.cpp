// IofCompleteRequest.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/io/detail/calls.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_extension.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/detail/rules_wait.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

bool wants_call(const IRP* irp, UCHAR control) {
    return (NT_SUCCESS(irp->IoStatus.Status) ? control & SL_INVOKE_ON_SUCCESS
                                             : control & SL_INVOKE_ON_ERROR) ||
           (irp->Cancel && (control & SL_INVOKE_ON_CANCEL));
}

// Who completed which IRP last: when one is completed again, the report names the first one too.
struct Completion {
    const IRP* irp;
    ULONG_PTR caller;
};
constexpr ULONG completions_kept = 64;
Completion completions[completions_kept];
ULONG completion_count;

void note_completion(const IRP* irp, ULONG_PTR caller) {
    completions[completion_count++ % completions_kept] = {irp, caller};
}
ULONG_PTR last_completer(const IRP* irp) {
    for (ULONG i = 1; i <= completions_kept; ++i)
        if (const Completion& c = completions[(completion_count - i) % completions_kept]; c.irp == irp)
            return c.caller;
    return 0;
}

[[noreturn, gnu::cold]] void completed_again(IRP* irp, ULONG_PTR caller) {
    const ULONG_PTR before = last_completer(irp);
    const char* what = irp->Type == IO_TYPE_IRP ? "an IRP that is already completed"
                       : before                 ? "an IRP that is already completed and freed"
                                                : "memory that is no IRP (any more)";
    ke::report_at(caller, "DoubleCompletion",
                  {MULTIPLE_IRP_COMPLETE_REQUESTS, {reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0}, false},
                  detail::about(irp), "IoCompleteRequest was called for %s, IRP %llx", what,
                  reinterpret_cast<unsigned long long>(irp));
    ke::bug_check_at(caller, before,
                     {MULTIPLE_IRP_COMPLETE_REQUESTS, {reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0}},
                     "IoCompleteRequest was called for %s", what);
}

// The routine said "go on", but there is nothing to go on with: it completed or freed the IRP meanwhile.
// assumed: Windows goes on with the finished IRP and meets this bug check or a crash later.
[[noreturn, gnu::cold]] void ended_in_completion(IRP* irp, const IO_STACK_LOCATION& done) {
    ke::bug_check_at(reinterpret_cast<ULONG_PTR>(done.CompletionRoutine), last_completer(irp),
                     {MULTIPLE_IRP_COMPLETE_REQUESTS, {reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0}},
                     "a completion routine completed or freed its IRP and did not return "
                     "STATUS_MORE_PROCESSING_REQUIRED");
}

// Calls the completion routine that the driver above set in `done`. True: that driver took the IRP back.
bool call_completion(IRP* irp, const IO_STACK_LOCATION& done) {
    const IO_STACK_LOCATION* current = irp->Tail.Overlay.CurrentStackLocation;
    DEVICE_OBJECT* device = level_of(irp) <= irp->StackCount ? current_location(irp)->DeviceObject : nullptr;
    const UCHAR level = static_cast<UCHAR>(irp->CurrentLocation);
    if (trace::on) [[unlikely]]
        trace::emit_completion_called(irp, level, device, done.CompletionRoutine,
                                      reinterpret_cast<ULONG_PTR>(done.Context), done.Control,
                                      irp->IoStatus.Status);
    const bool was_pending = irp->PendingReturned, of_owner = level > irp->StackCount;
    const IO_STATUS_BLOCK before = irp->IoStatus;
    const NTSTATUS answer =
        detail::checked_call("a completion routine", done.CompletionRoutine, device, irp, done.Context);
    if (trace::on) [[unlikely]]
        trace::emit_completion_returned(irp, level, done.CompletionRoutine, answer);
    detail::note(detail::Happened::routine_returned, irp, level,
                 reinterpret_cast<ULONG_PTR>(done.CompletionRoutine), answer);
    if (answer == STATUS_MORE_PROCESSING_REQUIRED) {
        if (verifying && was_pending)
            detail::note_taken_back(irp, level, of_owner, reinterpret_cast<ULONG_PTR>(done.CompletionRoutine),
                                    reinterpret_cast<ULONG_PTR>(done.Context));
        return true;
    }
    if (irp->Type != IO_TYPE_IRP || level_of(irp) != level ||
        irp->Tail.Overlay.CurrentStackLocation != current) [[unlikely]]
        ended_in_completion(irp, done);
    if (!of_owner && (irp->IoStatus.Status != before.Status ||
                      irp->IoStatus.Information != before.Information)) [[unlikely]]
        detail::check_changed(irp, done, before);
    // Who lets completion go on must pass the mark on (IoSetCompletionRoutine, IoMarkIrpPending).
    if (irp->PendingReturned && level_of(irp) <= irp->StackCount &&
        !(current_location(irp)->Control & SL_PENDING_RETURNED)) [[unlikely]]
        detail::report_unmarked_routine(irp, done);
    return false;
}

// Paging I/O ends without an APC, which could fault, and its pages stay locked: they are the pager's.
// assumed: so does asynchronous paging I/O, which Windows tells its page writer by an APC.
void finish_paging(IRP* irp, CHAR boost) {
    if (irp->UserIosb) *irp->UserIosb = irp->IoStatus;
    KEVENT* event = irp->UserEvent;
    free_irp(irp);
    if (event) ke::set_event(*event, boost);
}

// More than the buffer of a buffered request holds is copied back: its length stands first among the
// parameters of all but one of the majors that have one.
bool is_information_doubtful(const IRP* irp) {
    return (irp->Flags & IRP_INPUT_OPERATION) && level_of(irp) <= irp->StackCount &&
           irp->IoStatus.Information > irp->Tail.Overlay.CurrentStackLocation->Parameters.Read.Length;
}

// A driver above may be the one that calls: then a driver below has its request.
bool is_completer_doubtful(const IRP* irp, ULONG_PTR caller) {
    if (level_of(irp) >= irp->StackCount || level_of(irp) < 1) [[likely]]
        return false;
    const DEVICE_OBJECT* holder = irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
    return holder && !detail::in_image(holder->DriverObject, caller);
}

void finish_associated(IRP* irp, CHAR boost, ULONG_PTR caller) {
    IRP* master = irp->AssociatedIrp.MasterIrp;
    const LONG left = master->AssociatedIrp.IrpCount - 1;
    master->AssociatedIrp.IrpCount = left;
    detail::unlock_mdls(irp);
    detail::free_mdls(irp);
    free_irp(irp);
    if (left == 0) complete_request(master, boost, caller);
}

} // namespace

// Walks up from the completing driver's location. The location that was left is cleared before the routine it
// holds is called, so whoever looks at the IRP then sees only locations still in use; a raise out of a
// routine leaves the IRP resumable.
void complete_request(IRP* irp, CHAR boost, ULONG_PTR caller) {
    if (irp->Type != IO_TYPE_IRP || level_of(irp) > irp->StackCount + 1) [[unlikely]]
        completed_again(irp, caller);
    if (const auto* within = static_cast<const detail::Call*>(ke::current_thread().calls);
        within && within->irp == irp && within->level > level_of(irp)) [[unlikely]]
        detail::check_owner(irp, caller, *within);
    if (irp->CancelRoutine || irp->IoStatus.Status == STATUS_PENDING || ke::current_irql() > DISPATCH_LEVEL ||
        is_information_doubtful(irp) || verifying) [[unlikely]]
        detail::check_completion(irp, caller);
    if (irp->CancelRoutine) [[unlikely]]
        ke::bug_check(0x48, reinterpret_cast<ULONG_PTR>(irp),
                      reinterpret_cast<ULONG_PTR>(irp->CancelRoutine));
    if (is_completer_doubtful(irp, caller) && !verifying) [[unlikely]]
        detail::check_completer(irp, caller);
    note_completion(irp, caller);
    if (trace::on) [[unlikely]]
        trace::emit_irp_complete(irp, static_cast<UCHAR>(irp->CurrentLocation), irp->IoStatus.Status,
                                 irp->IoStatus.Information, caller);

    detail::note(detail::Happened::completed, irp, static_cast<UCHAR>(irp->CurrentLocation), caller,
                 irp->IoStatus.Status);

    const CHAR first = irp->CurrentLocation;
    while (level_of(irp) <= irp->StackCount) {
        IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation++;
        const CHAR level = irp->CurrentLocation++;
        const UCHAR control = location->Control;
        detail::note_left(irp, level, control, level == first);
        if (verifying && level_of(irp) >= detail::sent_from(irp)) [[unlikely]]
            detail::note_back(irp);
        irp->PendingReturned = control & SL_PENDING_RETURNED;
        if (wants_call(irp, control) && location->CompletionRoutine) {
            const IO_STACK_LOCATION done = *location;
            detail::clear(location);
            if (call_completion(irp, done)) return;
        } else {
            // Nobody above looks at it, so the mark is passed on for the driver there.
            if (irp->PendingReturned && level_of(irp) <= irp->StackCount) mark_pending(irp);
            detail::clear(location);
        }
    }
    if (level_of(irp) == irp->StackCount + 1) {
        // One past the top: a second completion is then beyond it.
        ++irp->CurrentLocation;
        ++irp->Tail.Overlay.CurrentStackLocation;
    }

    if (irp->Tail.Overlay.IrpExtension) [[unlikely]]
        detail::drop_extension(irp); // before the IRP's APC takes its place
    if (irp->Flags & IRP_ASSOCIATED_IRP) [[unlikely]] {
        finish_associated(irp, boost, caller);
        return;
    }
    if (irp->Flags & IRP_CLOSE_OPERATION) {
        // The kernel itself waits for it (send_and_wait).
        if (irp->UserIosb) *irp->UserIosb = irp->IoStatus;
        if (irp->UserEvent) ke::set_event(*irp->UserEvent, boost);
        return;
    }
    if (irp->Flags & IRP_PAGING_IO) [[unlikely]] {
        finish_paging(irp, boost);
        return;
    }
    if (irp->MdlAddress) detail::unlock_mdls(irp);
    if (irp->Tail.Overlay.AuxiliaryBuffer) [[unlikely]]
        detail::free_auxiliary(irp);
    if (verifying) [[unlikely]]
        detail::check_requestor(irp, caller);
    // The service that made the request is still on the stack below and ends it there.
    if ((irp->Flags & IRP_DEFER_IO_COMPLETION) && !irp->PendingReturned) [[likely]]
        return;
    detail::finish_in_thread(irp, boost);
}

} // namespace nt::io
