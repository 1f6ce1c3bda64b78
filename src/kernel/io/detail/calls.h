// Dispatch routines that are running. When one returns, the I/O manager must know what happened to its
// request meanwhile, and the IRP itself may be gone by then: completion leaves word here.
//
// A raise may abandon calls between two frames of drivers, so the notes lie in machine memory, and those of
// frames that are gone are dropped when the thread's next call begins.
#pragma once
#include "abi/irp.h"
#include "kernel/ke/thread.h"

namespace nt::io::detail {

struct Call {
    Call* next;      // of its list
    Call** link;     // what points at this one
    Call* outer;     // the thread's call around this one
    ULONG_PTR stack; // host stack of the frame
    IRP* irp;
    DEVICE_OBJECT* device;
    DRIVER_OBJECT* driver;
    UCHAR level; // stack location that the routine got
    UCHAR major;
    bool left;         // completion has passed that location …
    bool marked;       // … and found it marked pending
    bool ended;        // … and began there, with the status `final`
    bool reported;     // a driver inside has been reported for this request
    bool given_marked; // the driver above has marked the location and then skipped it
    NTSTATUS final;
    // While verifying: the completion routine, and its context, that took the request back pending.
    ULONG_PTR taken_by, context;
};
// In lists by request and level, so that completion need not look at what other requests are in.
inline constexpr ULONG call_lists = 256;
extern Call* calls[call_lists];
inline Call*& calls_of(const IRP* irp, UCHAR level) {
    const auto number = reinterpret_cast<ULONG_PTR>(irp) >> 4;
    return calls[((number ^ number >> 8 ^ number >> 16) + level) & (call_lists - 1)];
}

// What a dispatch routine answered, and whether its request has left the location meanwhile.
struct Returned {
    NTSTATUS status;
    bool left;
    bool marked;
};
// IofCallDriver with the whole answer. Reports what the routine did wrong.
Returned call_dispatch(DEVICE_OBJECT* device, IRP* irp);

Call* take_call();        // slow half of enter
void drop_calls(Call* c); // this one and those inside it, of frames that are gone

// Completion leaves a location; `first`: the one where IoCompleteRequest was called.
inline void note_left(const IRP* irp, CHAR level, UCHAR control, bool first) {
    for (Call* c = calls_of(irp, static_cast<UCHAR>(level)); c; c = c->next)
        if (c->irp == irp && c->level == static_cast<UCHAR>(level) && !c->left) {
            c->left = true;
            c->marked = control & SL_PENDING_RETURNED;
            c->ended = first;
            c->final = irp->IoStatus.Status;
        }
}

// The thread ends.
void forget_calls(ke::Thread& thread);

} // namespace nt::io::detail
