#include "kernel/ex/push_lock.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/stack_object.h"

namespace nt::ex {

using ke::LockKind;

namespace {

struct alignas(16) Waiter {
    Waiter* next;
    Waiter* last;          // of the chain; kept in the first
    ULONG_PTR share_count; // of the holders; kept in the first
    bool exclusive;
    KEVENT event;
};

Waiter* first_of(const EX_PUSH_LOCK& lock) {
    return lock.Value & EX_PUSH_LOCK_WAITING ? reinterpret_cast<Waiter*>(lock.Value & ~EX_PUSH_LOCK_PTR_BITS)
                                             : nullptr;
}
// How many share it; 0: free or exclusive.
ULONG_PTR share_count(const EX_PUSH_LOCK& lock) {
    const Waiter* first = first_of(lock);
    return first ? first->share_count : lock.Value / EX_PUSH_LOCK_SHARE_INC;
}
void set(EX_PUSH_LOCK& lock, Waiter* first, bool locked, ULONG_PTR count) {
    lock.Value = locked ? EX_PUSH_LOCK_LOCK : 0;
    if (!first) {
        lock.Value |= count * EX_PUSH_LOCK_SHARE_INC;
        return;
    }
    first->share_count = count;
    lock.Value |= reinterpret_cast<ULONG_PTR>(first) | EX_PUSH_LOCK_WAITING;
    if (count > 1) lock.Value |= EX_PUSH_LOCK_MULTIPLE_SHARED;
}

void wait_for(EX_PUSH_LOCK& lock, bool exclusive) {
    const LockKind kind = exclusive ? LockKind::push_exclusive : LockKind::push_shared;
    ke::StackObject<Waiter> waiter;
    ke::initialize_event(waiter->event, SynchronizationEvent, false);
    waiter->exclusive = exclusive;
    waiter->last = &*waiter;
    if (Waiter* first = first_of(lock)) {
        first->last->next = &*waiter;
        first->last = &*waiter;
    } else
        set(lock, &*waiter, true, share_count(lock));
    ke::wait_for_lock(&lock, kind, &waiter->event, WrPushLock);
}

// Nobody holds it: the first waiter does now, with the readers behind it if it is one.
void hand_over(EX_PUSH_LOCK& lock) {
    Waiter* chain = first_of(lock);
    if (!chain) {
        lock.Value = 0;
        return;
    }
    Waiter* end = chain->next;
    ULONG_PTR count = 0;
    if (!chain->exclusive)
        for (count = 1; end && !end->exclusive; end = end->next)
            count++;
    if (end) end->last = chain->last;
    set(lock, end, true, count);
    while (chain != end) {
        Waiter* next = chain->next; // the waiter is gone once its thread runs
        ke::set_event(chain->event);
        chain = next;
    }
}

void note(EX_PUSH_LOCK& lock, LockKind kind) { detail::note_acquired(&lock, kind, ke::current_irql()); }

} // namespace

bool try_acquire_push_exclusive(EX_PUSH_LOCK& lock) {
    if (lock.Value) return false;
    lock.Value = EX_PUSH_LOCK_LOCK;
    note(lock, LockKind::push_exclusive);
    return true;
}

void acquire_push_exclusive(EX_PUSH_LOCK& lock) {
    if (try_acquire_push_exclusive(lock)) [[likely]]
        return;
    detail::check_not_held(&lock, LockKind::push_exclusive);
    wait_for(lock, true);
    note(lock, LockKind::push_exclusive);
}

bool try_acquire_push_shared(EX_PUSH_LOCK& lock) {
    if (lock.Value && (first_of(lock) || !share_count(lock))) return false;
    set(lock, nullptr, true, share_count(lock) + 1);
    note(lock, LockKind::push_shared);
    return true;
}

void acquire_push_shared(EX_PUSH_LOCK& lock) {
    if (try_acquire_push_shared(lock)) [[likely]]
        return;
    detail::check_not_held(&lock, LockKind::push_shared);
    wait_for(lock, false);
    note(lock, LockKind::push_shared);
}

// assumed: releasing a lock that is free does nothing, and one that is held otherwise releases it as it is.
static void drop(EX_PUSH_LOCK& lock, LockKind kind) {
    detail::note_released(&lock, kind);
    if (!lock.Value) return;
    if (const ULONG_PTR count = share_count(lock); count > 1)
        set(lock, first_of(lock), true, count - 1);
    else
        hand_over(lock);
}

void release_push_exclusive(EX_PUSH_LOCK& lock) { drop(lock, LockKind::push_exclusive); }
void release_push_shared(EX_PUSH_LOCK& lock) { drop(lock, LockKind::push_shared); }

void release_push(EX_PUSH_LOCK& lock) {
    drop(lock, share_count(lock) ? LockKind::push_shared : LockKind::push_exclusive);
}

bool try_convert_push_to_exclusive(EX_PUSH_LOCK& lock) {
    if (share_count(lock) != 1) return false;
    set(lock, first_of(lock), true, 0);
    if (ke::HeldLock* held = ke::thread_locks().find(&lock)) held->kind = LockKind::push_exclusive;
    return true;
}

} // namespace nt::ex
