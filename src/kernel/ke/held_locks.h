// Which locks a thread or a processor holds, and where it got them.
//
// Kept beside the locks' own state, for the rules and for reports of deadlocks: nothing here changes a
// result. Locks of threads (mutexes, push locks, resources) stand in their thread, spin locks on their
// processor, behind its KPCR. The first eight cost no allocation.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

struct Thread;

// Rows of the trace hold the numbers; trace/names.cpp names them.
enum class LockKind : UCHAR {
    none,
    spin,           // KeAcquireSpinLock…
    queued_spin,    // KeAcquireInStackQueuedSpinLock…; the lock is the KSPIN_LOCK
    spin_shared,    // ExAcquireSpinLockShared…
    spin_exclusive, // ExAcquireSpinLockExclusive…
    fast_mutex,
    fast_mutex_unsafe,
    guarded_mutex,
    guarded_mutex_unsafe,
    push_shared,
    push_exclusive,
    resource_shared,
    resource_exclusive,
    mutex, // KMUTEX: a dispatcher object; never in the list, its owner stands in its body
    rundown,
    remove_lock,
};
// "spin lock", "fast mutex" …
const char* lock_name(LockKind kind);

struct HeldLock {
    ULONG_PTR lock;
    ULONG_PTR caller; // who acquired it; 0: the kernel itself
    LockKind kind;
    KIRQL irql; // before the acquisition
};

// All zero is empty, so that it may lie in a thread's zeroed body.
class HeldLocks {
  public:
    ULONG count() const { return count_; }
    HeldLock& operator[](ULONG i) { return i < inline_count ? first_[i] : more_[i - inline_count]; }
    void add(const HeldLock& held) {
        if (count_ == inline_count + room_) [[unlikely]]
            grow();
        (*this)[count_++] = held;
    }
    // The newest of this address, or null.
    HeldLock* find(const void* lock) {
        for (ULONG i = count_; i-- > 0;)
            if ((*this)[i].lock == reinterpret_cast<ULONG_PTR>(lock)) return &(*this)[i];
        return nullptr;
    }
    void remove(HeldLock* held);
    void release_memory(); // of a thread that is deleted

  private:
    static void assert_layout(); // guest code of ntoskrnl knows it
    void grow();
    static constexpr ULONG inline_count = 8;
    HeldLock first_[inline_count];
    HeldLock* more_;
    ULONG count_, room_;
};

// The running thread's, and the running processor's.
HeldLocks& thread_locks();
HeldLocks& processor_locks();
HeldLocks& processor_locks_of(ULONG number);

// A thread that has the lock in its list, or null.
Thread* holder_of(const void* lock, HeldLock*& held);

// What a thread waits for that is no dispatcher object by itself.
struct LockWait {
    ULONG_PTR lock;
    LockKind kind;
};
// Waits for the object, which is part of the lock; reports of deadlocks then name the lock. KernelMode, not
// alertable.
void wait_for_lock(const void* lock, LockKind kind, PVOID object, KWAIT_REASON reason);

} // namespace nt::ke
