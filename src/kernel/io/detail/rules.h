// The rules about requests (docs/rules-about-requests.md). They have the names that Driver Verifier's
// documentation uses (devtest, wdm-markirppending.md …), or one of our own where a rule there is only a code
// of bug check 0xC9. A report changes nothing: the run goes on as on Windows without its verifier.
#pragma once
#include "kernel/io/detail/calls.h"
#include "kernel/io/verifier.h"
#include "kernel/ke/report.h"

namespace nt::io::detail {

// Bug check DRIVER_VERIFIER_IOMANAGER_VIOLATION.
inline ke::WouldStop io_verifier(ULONG_PTR violation, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0) {
    return {0xC9, {violation, p2, p3, p4}, true};
}
inline ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }
template <class R, class... A> ULONG_PTR number(NTAPI R (*routine)(A...)) {
    return reinterpret_cast<ULONG_PTR>(routine);
}
inline bool in_image(const DRIVER_OBJECT* driver, ULONG_PTR address) {
    return driver && address - number(driver->DriverStart) < driver->DriverSize;
}
// The device's driver may be served by the image of another (IoCreateDriver, class drivers).
inline bool serves(const DRIVER_OBJECT* image, const DEVICE_OBJECT* device, UCHAR major) {
    return major <= IRP_MJ_MAXIMUM_FUNCTION &&
           in_image(image, number(device->DriverObject->MajorFunction[major]));
}
// Which driver a caller's address belongs to is known of drivers in the request's stack only.
inline IO_STACK_LOCATION* stack_of(const IRP* irp) {
    return reinterpret_cast<IO_STACK_LOCATION*>(const_cast<IRP*>(irp) + 1);
}

// Always.
[[gnu::cold]] void check_return(Call& call, NTSTATUS status);
[[gnu::cold]] void check_completion(const IRP* irp, ULONG_PTR caller);
// A completion routine has changed the status block and lets completion go on.
[[gnu::cold]] void check_changed(const IRP* irp, const IO_STACK_LOCATION& done,
                                 const IO_STATUS_BLOCK& before);
[[gnu::cold]] void report_unmarked_routine(const IRP* irp, const IO_STACK_LOCATION& done);
// A dispatch routine around this completion had the request at a higher location.
[[gnu::cold]] void check_owner(const IRP* irp, ULONG_PTR caller, const Call& within);
// Not the image of the driver that has the request completes it, and there are drivers above.
[[gnu::cold]] void check_completer(const IRP* irp, ULONG_PTR caller);
[[gnu::cold]] void check_uninitialized(const IRP* irp);
[[gnu::cold]] void report_call_level(const IRP* irp);
[[gnu::cold]] void report_no_location(const IRP* irp);
void check_free(const IRP* irp, ULONG_PTR caller);
void check_device_deletion(DEVICE_OBJECT* device);
void check_detach(DEVICE_OBJECT* lower);
void check_attach(const DEVICE_OBJECT* target);
void check_ring(DEVICE_OBJECT* source, const DEVICE_OBJECT* top); // is about to be attached to `top`

// While verifying.
struct Sending {
    bool outermost = false;     // by its owner
    bool event_was_set = false; // the one that its end is to set
};
Sending check_call(DEVICE_OBJECT* device, IRP* irp);
void check_answer(const Call& call, const Sending& sending, NTSTATUS status);
// Passed on or completed.
void check_unknown(const IRP* irp, const IO_STACK_LOCATION& location, ULONG_PTR caller, bool completes);
void check_safe_completion(const IRP* irp, const DEVICE_OBJECT* device);
void check_next_packet(const DEVICE_OBJECT* device);
void check_removal_wait();
void check_held_locks(const Call& call); // its request is completed
bool is_listed(const IRP* irp);          // allocated, and among a thread's requests
void check_reuse(const IRP* irp, ULONG_PTR caller);
void check_initialize(const IRP* irp, ULONG_PTR caller);
void check_requestor(const IRP* irp, ULONG_PTR caller); // its end will be told
void check_cancel_routine(const IRP* irp, ULONG_PTR routine);

} // namespace nt::io::detail
