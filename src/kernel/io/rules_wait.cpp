// devtest pages wdm-signaleventincompletion, wdm-ioallocateirpsignaleventincompletion,
// wdm-iobuildfsdirpsignaleventincompletion, wdm-iobuilddevicecontrolwaittimeout and kin.
#include "kernel/io/detail/rules_wait.h"
#include "abi/dispatcher.h"
#include "base/list.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/rules.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/crossing.h"
#include <map>

namespace nt::io {

namespace detail {

namespace {

struct Sender {
    const ke::Thread* thread;
    ULONG_PTR caller;
    ULONG_PTR context;  // of its completion routine, where the event mostly is
    ULONG_PTR taken_by; // the completion routine, when it was taken back pending; 0: it is under way
};
std::map<const IRP*, Sender> senders;
// Requests of IoBuildDeviceIoControlRequest and IoBuildSynchronousFsdRequest that are under way, by event.
std::map<ULONG_PTR, const IRP*> built;

constexpr ULONG_PTR near = 0x400; // an event that lies no further behind a context is in it

bool is_waiting(const ke::Thread& thread) {
    return thread.Tcb.State == static_cast<UCHAR>(ke::ThreadState::waiting);
}

// Where the thread called the function that waits.
ULONG_PTR place_of(const ke::Thread& thread) {
    for (const seh::Record* r = thread.crossing; r; r = r->previous)
        if (r->kind == seh::RecordKind::gate) return static_cast<const seh::EntryRecord*>(r)->rip;
    return 0;
}

void report_not_signaled(const char* rule, const IRP* irp, ULONG_PTR routine, ULONG_PTR event) {
    ke::report_at(routine + 1, rule, {}, about(irp),
                  "a completion routine took IRP %llx back, which was pending, and did not set the event "
                  "0x%lx that its driver waits for",
                  address_of(irp), event);
}
void report_endless(const char* rule, const IRP* irp, const ke::Thread& thread, ULONG_PTR event) {
    ke::report_at(place_of(thread), rule, {}, about(irp),
                  "waits without a timeout for the end of IRP %llx (event 0x%lx), which a driver below never "
                  "completes",
                  address_of(irp), event);
}

// The event that the I/O manager sets.
bool check_built(const ke::Thread& thread, ULONG_PTR event) {
    const auto found = built.find(event);
    if (found == built.end()) return false;
    report_endless(maker_of(found->second) == Maker::device_control
                       ? "IoBuildDeviceControlWaitTimeout"
                       : "IoBuildSynchronousFsdRequestWaitTimeout",
                   found->second, thread, event);
    return true;
}

// A dispatch routine that has passed its request on and waits.
bool check_passed_on(const ke::Thread& thread, ULONG_PTR event) {
    const auto* call = static_cast<const Call*>(thread.calls);
    if (!call || !call->taken_by || call->left || event - call->context >= near) return false;
    report_not_signaled("SignalEventInCompletion", call->irp, call->taken_by, event);
    return true;
}

void check_own(const ke::Thread& thread, ULONG_PTR event) {
    for (const auto& [irp, sender] : senders) {
        if (sender.thread != &thread || event - sender.context >= near) continue;
        const bool allocated = maker_of(irp) == Maker::allocate;
        if (sender.taken_by)
            report_not_signaled(allocated ? "IoAllocateIrpSignalEventInCompletion"
                                          : "IoBuildFsdIrpSignalEventInCompletion",
                                irp, sender.taken_by, event);
        else
            report_endless(allocated ? "IoAllocateIrpSignalEventInCompletionTimeout"
                                     : "IoBuildFsdIrpSignalEventInCompletionTimeout",
                           irp, thread, event);
        return;
    }
}

} // namespace

void note_sender(const IRP* irp, ULONG_PTR caller) {
    const Maker maker = maker_of(irp);
    const IO_STACK_LOCATION& next = irp->Tail.Overlay.CurrentStackLocation[-1];
    if (maker == Maker::allocate || maker == Maker::asynchronous_fsd)
        senders[irp] = {&ke::current_thread(), caller, number(next.Context), 0};
    else if (irp->UserEvent && (maker == Maker::device_control || maker == Maker::synchronous_fsd))
        built[number(irp->UserEvent)] = irp;
}

void note_sent_again(const IRP* irp, UCHAR level) {
    for (Call* c = calls_of(irp, level); c; c = c->next)
        if (c->irp == irp && c->level == level) c->taken_by = 0;
}

void note_taken_back(const IRP* irp, UCHAR level, bool by_owner, ULONG_PTR routine, ULONG_PTR context) {
    for (Call* c = calls_of(irp, level); c; c = c->next)
        if (c->irp == irp && c->level == level) {
            c->taken_by = routine;
            c->context = context;
        }
    if (!by_owner) return;
    if (const auto found = senders.find(irp); found != senders.end()) found->second.taken_by = routine;
}

void forget_sender(const IRP* irp) {
    senders.erase(irp);
    std::erase_if(built, [irp](const auto& entry) { return entry.second == irp; });
}

} // namespace detail

// IoBuildDeviceIoControlSetEvent: "must not call KeSetEvent if the driver supplies a pointer to a
// caller-allocated and initialized event object".
void check_set_event(const KEVENT* event) {
    const auto found = detail::built.find(detail::number(event));
    if (found == detail::built.end() || detail::maker_of(found->second) != detail::Maker::device_control)
        return;
    const IRP* irp = found->second;
    NT_REPORT("IoBuildDeviceIoControlSetEvent", {}, detail::about(irp),
              "sets the event %p of IRP %llx, which is for the I/O manager to set when the request has ended",
              static_cast<const void*>(event), detail::address_of(irp));
}

void report_endless_waits() {
    if (!verifying) return;
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        const ke::Thread& thread = *NT_CONTAINER(e, ke::Thread, all_link);
        if (!detail::is_waiting(thread) || thread.lock_wait.lock || thread.Tcb.WaitBlockCount != 1) continue;
        const auto* object = static_cast<const DISPATCHER_HEADER*>(thread.Tcb.WaitBlockList[0].Object);
        const UCHAR type = object->Type & 0x7f;
        if (type != EventNotificationObject && type != EventSynchronizationObject) continue;
        const ULONG_PTR event = detail::number(object);
        if (!detail::check_built(thread, event) && !detail::check_passed_on(thread, event))
            detail::check_own(thread, event);
    }
}

} // namespace nt::io
