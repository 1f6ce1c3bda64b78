#include "kernel/ex/resource.h"
#include "abi/bugcheck.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ex/detail/resource_queue.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/stack_object.h"
#include "kernel/ke/wait.h"

namespace nt::ex {

using namespace detail;

namespace {

void grant_exclusive(ERESOURCE& r, ERESOURCE_THREAD owner) {
    add_owner(r, owner);
    r.Flag |= ResourceOwnedExclusive;
}

// Wakes threads that have become owners. One by one, since a switch may come with each.
void wake(ResourceWaiter* chain) {
    while (chain) {
        ResourceWaiter* next = chain->next; // the waiter is gone once its thread runs
        ke::set_event(chain->event);
        chain = next;
    }
}

ResourceWaiter* grant_all_shared(ERESOURCE& r) {
    auto* all = static_cast<ResourceWaiter*>(r.SharedWaiters);
    r.SharedWaiters = nullptr;
    r.NumberOfSharedWaiters = 0;
    for (ResourceWaiter* waiter = all; waiter; waiter = waiter->next)
        if (OWNER_ENTRY* entry = find_owner(r, id_of(*waiter->thread)))
            entry->OwnerCount++;
        else
            add_owner(r, id_of(*waiter->thread));
    return all;
}

ResourceWaiter* grant_first_exclusive(ERESOURCE& r) {
    ResourceWaiter* waiter = dequeue(r.ExclusiveWaiters);
    if (!waiter) return nullptr;
    waiter->next = nullptr;
    r.NumberOfExclusiveWaiters--;
    grant_exclusive(r, id_of(*waiter->thread));
    return waiter;
}

// assumed: readers go first when a writer leaves, the first writer when the last reader does.
ResourceWaiter* hand_over(ERESOURCE& r, bool was_exclusive) {
    const bool readers_first = r.SharedWaiters && (was_exclusive || !r.ExclusiveWaiters);
    return readers_first ? grant_all_shared(r) : grant_first_exclusive(r);
}

void wait_in(ERESOURCE& r, PVOID& waiters, ULONG& number, LockKind kind) {
    ke::StackObject<ResourceWaiter> waiter;
    waiter->thread = &ke::current_thread();
    ke::initialize_event(waiter->event, SynchronizationEvent, false);
    r.ContentionCount++;
    number++;
    queue(waiters, *waiter);
    ke::wait_for_lock(&r, kind, &waiter->event, WrResource);
}

// assumed: without memory for an owner a thread tries again a little later.
bool have_room(ERESOURCE& r, bool wait) {
    constexpr LARGE_INTEGER a_little = {.QuadPart = -100'000}; // 10 ms
    while (!reserve_owners(r, r.NumberOfSharedWaiters + 1)) {
        if (!wait) return false;
        ke::delay_execution(KernelMode, false, a_little);
    }
    return true;
}

} // namespace

bool acquire_exclusive(ERESOURCE& r, bool wait) {
    const ERESOURCE_THREAD self = current_id();
    if (!is_free(r)) {
        if (is_exclusive(r) && r.OwnerEntry.OwnerThread == self) {
            r.OwnerEntry.OwnerCount++;
            return true;
        }
        if (!wait) return false;
        if (find_owner(r, self))
            NT_REPORT(
                "DeadlockDetection", ke::verifier_stop(0x1000, reinterpret_cast<ULONG_PTR>(&r)),
                "acquires the ERESOURCE %p exclusive, which the thread owns shared: it waits for itself",
                static_cast<void*>(&r));
        wait_in(r, r.ExclusiveWaiters, r.NumberOfExclusiveWaiters, LockKind::resource_exclusive);
    } else
        grant_exclusive(r, self);
    note_acquired(&r, LockKind::resource_exclusive, ke::current_irql());
    return true;
}

bool acquire_shared(ERESOURCE& r, bool wait, Sharing sharing) {
    const ERESOURCE_THREAD self = current_id();
    if (is_free(r))
        add_owner(r, self);
    else {
        OWNER_ENTRY* mine = find_owner(r, self);
        const bool yields = r.NumberOfExclusiveWaiters && sharing != Sharing::starve_exclusive;
        if (mine && (is_exclusive(r) || !yields || sharing == Sharing::normal)) {
            mine->OwnerCount++;
            return true;
        }
        if (is_exclusive(r) || yields) {
            if (!wait) return false;
            (void)have_room(r, true);
            const bool again = find_owner(r, self);
            wait_in(r, r.SharedWaiters, r.NumberOfSharedWaiters, LockKind::resource_shared);
            if (again) return true; // it stands among those it holds
        } else if (have_room(r, wait))
            add_owner(r, self);
        else
            return false;
    }
    note_acquired(&r, LockKind::resource_shared, ke::current_irql());
    return true;
}

void release_resource(ERESOURCE& r, ERESOURCE_THREAD owner) {
    const bool own = owner == current_id();
    OWNER_ENTRY* entry = owner ? find_owner(r, owner) : nullptr;
    // "a call to ExSetOwnerPointerEx was skipped (if a cross-thread release was intended)"
    if (!own && (owner & 3) != 3)
        ke::bug_check(ERESOURCE_INVALID_RELEASE, reinterpret_cast<ULONG_PTR>(&r), current_id(), owner);
    if (!entry)
        ke::bug_check(RESOURCE_NOT_OWNED, reinterpret_cast<ULONG_PTR>(&r), owner,
                      reinterpret_cast<ULONG_PTR>(r.OwnerTable));
    entry->OwnerCount--;
    if (entry->OwnerCount) return;
    const bool was_exclusive = is_exclusive(r);
    remove_owner(r, *entry);
    if (own) forget_held(&r);
    if (is_free(r)) wake(hand_over(r, was_exclusive));
}

void convert_exclusive_to_shared(ERESOURCE& r) {
    if (!is_acquired_exclusive(r))
        return NT_REPORT("ExclusiveResourceAccess",
                         ke::verifier_stop(0x1007, reinterpret_cast<ULONG_PTR>(&r)),
                         "converts the ERESOURCE %p to shared, which the thread does not own exclusive",
                         static_cast<void*>(&r));
    r.Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
    if (ke::HeldLock* held = ke::thread_locks().find(&r)) held->kind = LockKind::resource_shared;
    wake(grant_all_shared(r));
}

void set_owner_pointer(ERESOURCE& r, ERESOURCE_THREAD pointer) {
    const auto address = reinterpret_cast<ULONG_PTR>(&r);
    const auto table = reinterpret_cast<ULONG_PTR>(r.OwnerTable);
    if ((pointer & 3) != 3)
        ke::bug_check(RESOURCE_OWNER_POINTER_INVALID, address, table, current_id(), pointer);
    OWNER_ENTRY* entry = find_owner(r, current_id());
    if (!entry) ke::bug_check(RESOURCE_NOT_OWNED, address, current_id(), table);
    if (OWNER_ENTRY* same = find_owner(r, pointer)) {
        same->OwnerCount += entry->OwnerCount;
        remove_owner(r, *entry);
    } else
        entry->OwnerThread = pointer;
    forget_held(&r);
}

bool is_acquired_exclusive(const ERESOURCE& r) {
    return is_exclusive(r) && r.OwnerEntry.OwnerThread == current_id();
}

ULONG acquired_count(const ERESOURCE& r) {
    const OWNER_ENTRY* entry = find_owner(const_cast<ERESOURCE&>(r), current_id());
    return entry ? entry->OwnerCount : 0;
}

} // namespace nt::ex
