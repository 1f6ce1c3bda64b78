// Slim reader/writer locks and condition variables. The lock's word: bit 0 held by a writer, bit 1 somebody
// waits, the readers' count from bit 4 up. A condition variable keeps nothing in its word: its waiters stand
// in the parking queues.
#include "parking.h"

namespace nt {

namespace {

constexpr ULONG_PTR writer = 1, waiting = 2, reader = 16;

ULONG_PTR& word(RTL_SRWLOCK* lock) { return reinterpret_cast<ULONG_PTR&>(lock->Ptr); }

bool swap(RTL_SRWLOCK* lock, ULONG_PTR& expected, ULONG_PTR value) {
    return __atomic_compare_exchange_n(&word(lock), &expected, value, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

bool blocks(ULONG_PTR value, bool shared) { return shared ? (value & writer) != 0 : (value & ~waiting) != 0; }

bool try_acquire(RTL_SRWLOCK* lock, bool shared) {
    ULONG_PTR value = word(lock);
    while (!blocks(value, shared))
        if (swap(lock, value, shared ? value + reader : value | writer)) return true;
    return false;
}

struct Wish {
    RTL_SRWLOCK* lock;
    bool shared;
};

// Under the queues' lock: marks that somebody waits, unless the lock has become free.
bool mark_waiting(void* context) {
    const auto* wish = static_cast<Wish*>(context);
    ULONG_PTR value = word(wish->lock);
    while (blocks(value, wish->shared))
        if (swap(wish->lock, value, value | waiting)) return true;
    return false;
}

void acquire(RTL_SRWLOCK* lock, bool shared) {
    Wish wish{lock, shared};
    while (!try_acquire(lock, shared)) {
        if (is_end_of_process()) end_at_orphaned_lock();
        parking::park(lock, mark_waiting, &wish, nullptr);
    }
}

void release_lock(RTL_SRWLOCK* lock, bool shared) {
    ULONG_PTR value = word(lock);
    for (;;) {
        ULONG_PTR next = shared ? value - reader : value & ~writer;
        const bool free = (next & ~waiting) == 0;
        if (free) next = 0;
        if (!swap(lock, value, next)) continue;
        if (free && (value & waiting)) parking::wake(lock, ~0u);
        return;
    }
}

bool always(void*) { return true; }

} // namespace

extern "C" {

void NTAPI RtlInitializeSRWLock(RTL_SRWLOCK* lock) { lock->Ptr = nullptr; }
void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK* lock) { acquire(lock, false); }
void NTAPI RtlAcquireSRWLockShared(RTL_SRWLOCK* lock) { acquire(lock, true); }
void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK* lock) { release_lock(lock, false); }
void NTAPI RtlReleaseSRWLockShared(RTL_SRWLOCK* lock) { release_lock(lock, true); }
BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK* lock) { return try_acquire(lock, false); }
BOOLEAN NTAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK* lock) { return try_acquire(lock, true); }

void NTAPI RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE* variable) { variable->Ptr = nullptr; }
void NTAPI RtlWakeConditionVariable(RTL_CONDITION_VARIABLE* variable) { parking::wake(variable, 1); }
void NTAPI RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE* variable) { parking::wake(variable, ~0u); }

NTSTATUS NTAPI RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE* variable, RTL_CRITICAL_SECTION* section,
                                           const LARGE_INTEGER* timeout) {
    parking::Waiter& waiter = parking::own_waiter();
    parking::enqueue(waiter, variable, always, nullptr);
    RtlLeaveCriticalSection(section);
    const NTSTATUS status = parking::wait(waiter, timeout);
    RtlEnterCriticalSection(section);
    return status;
}

NTSTATUS NTAPI RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE* variable, RTL_SRWLOCK* lock,
                                            const LARGE_INTEGER* timeout, ULONG flags) {
    const bool shared = flags & 1; // RTL_CONDITION_VARIABLE_LOCKMODE_SHARED
    parking::Waiter& waiter = parking::own_waiter();
    parking::enqueue(waiter, variable, always, nullptr);
    release_lock(lock, shared);
    const NTSTATUS status = parking::wait(waiter, timeout);
    acquire(lock, shared);
    return status;
}

} // extern "C"
} // namespace nt
