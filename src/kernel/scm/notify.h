// NotifyServiceStatusChange: a user APC to the thread that asked when a service comes into a state, or when
// services are created or deleted. "It cannot be used to receive notifications about driver services", so it
// is about services that are programs.
#pragma once
#include "kernel/scm/handles.h"
#include "kernel/scm/requests.h"

namespace nt::scm {

// Numbers[0] the mask, In: the APC's routine and its argument. "There can only be one outstanding
// notification request per service": by handle.
ULONG notify(const Handle& handle, ULONGLONG number, Request& request);
// What an APC was about, by the number that it has got: Status, and the names that go with the mask.
ULONG tell_notification(ULONG_PTR pid, Request& request);

// "After CloseServiceHandle succeeds, no more notification APCs will be queued."
void forget_notifications(ULONGLONG handle);
void forget_told_to_the_dead();
// Other threads may have run when these return.
void note_created(const Service& service);
void note_delete_pending(Service& service);
void note_deleted(const std::u16string& name); // of a service that is gone, and was no driver

} // namespace nt::scm
