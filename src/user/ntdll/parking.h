// Where threads wait for an address: the one mechanism under SRW locks, condition variables, RunOnce and
// WaitOnAddress.
//
// A waiter is a record in a queue by address, first in, first out, and waits on the record's event. Each
// thread has one, made at its first wait and kept in the TEB; it lies in the heap, since TerminateThread
// takes a thread's stack away and leaves the record in its queue, which is that of other addresses as well.
// The queues are guarded by a spin lock that is held for a few instructions.
#pragma once
#include "internal.h"

namespace nt::parking {

struct Waiter {
    LIST_ENTRY link;
    const volatile void* address;
    HANDLE event;
    volatile bool queued;
};

Waiter& own_waiter();
// Queues the running thread on `address` if still_wait(context) says so under the lock. False: it did not.
bool enqueue(Waiter& waiter, const volatile void* address, bool (*still_wait)(void*), void* context);
// Waits to be woken. STATUS_SUCCESS or STATUS_TIMEOUT (then the waiter is out of the queue).
NTSTATUS wait(Waiter& waiter, const LARGE_INTEGER* timeout);
// Wakes up to `count` waiters of the address. The number woken.
ULONG wake(const volatile void* address, ULONG count);

inline NTSTATUS park(const volatile void* address, bool (*still_wait)(void*), void* context,
                     const LARGE_INTEGER* timeout) {
    Waiter& waiter = own_waiter();
    return enqueue(waiter, address, still_wait, context) ? wait(waiter, timeout) : STATUS_SUCCESS;
}

} // namespace nt::parking
