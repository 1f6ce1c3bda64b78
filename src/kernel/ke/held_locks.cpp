#include "kernel/ke/held_locks.h"
#include "abi/processor.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/ke/watched_memory.h"
#include "trace/names.h"
#include "trace/trace.h"
#include <cstddef>
#include <cstring>

namespace nt::ke {

static_assert(offsetof(HeldLock, lock) == HELD_LOCK && offsetof(HeldLock, caller) == HELD_CALLER &&
              offsetof(HeldLock, kind) == HELD_KIND && offsetof(HeldLock, irql) == HELD_KIND + 1 &&
              sizeof(HeldLock) == HELD_SIZE);
static_assert(KPCR_HELD_LOCKS >= sizeof(KPCR) && KPCR_HELD_LOCKS + sizeof(HeldLocks) <= 0x1000);

const char* lock_name(LockKind kind) { return trace::lock_kind_name(static_cast<unsigned>(kind)); }

void HeldLocks::assert_layout() {
    static_assert(offsetof(HeldLocks, first_) == 0 && inline_count == HELD_INLINE &&
                  offsetof(HeldLocks, count_) == HELD_COUNT);
}

void HeldLocks::remove(HeldLock* held) {
    // The newest goes first nearly always.
    if (held != &(*this)[count_ - 1])
        for (ULONG i = 0; i + 1 < count_; i++)
            if (&(*this)[i] == held) {
                (*this)[i] = (*this)[i + 1];
                held = &(*this)[i + 1];
            }
    count_--;
}

void HeldLocks::grow() {
    const ULONG room = room_ ? room_ * 2 : 24;
    auto* more = static_cast<HeldLock*>(host::heap_allocate(room * sizeof(HeldLock)));
    if (room_) {
        std::memcpy(more, more_, room_ * sizeof(HeldLock));
        host::heap_release(more_, room_ * sizeof(HeldLock));
    }
    more_ = more;
    room_ = room;
}

void HeldLocks::release_memory() {
    for (ULONG i = 0; i < count_; i++)
        unmark_memory(reinterpret_cast<void*>((*this)[i].lock));
    if (room_) host::heap_release(more_, room_ * sizeof(HeldLock));
    *this = HeldLocks{};
}

Thread* holder_of(const void* lock, HeldLock*& held) {
    for (LIST_ENTRY* e = all_threads.Flink; e != &all_threads; e = e->Flink) {
        auto* thread = NT_CONTAINER(e, Thread, all_link);
        if ((held = thread->locks.find(lock))) return thread;
    }
    return nullptr;
}

void wait_for_lock(const void* lock, LockKind kind, PVOID object, KWAIT_REASON reason) {
    Thread& self = current_thread();
    const LockWait before = self.lock_wait; // an APC may have come in the wait for another lock
    self.lock_wait = {reinterpret_cast<ULONG_PTR>(lock), kind};
    HeldLock* held;
    if (trace::on) trace::emit_lock_contended(lock, static_cast<UCHAR>(kind), holder_of(lock, held));
    wait_for_single_object(object, reason, KernelMode, false, nullptr);
    self.lock_wait = before;
}

HeldLocks& thread_locks() { return current_thread().locks; }

HeldLocks& processor_locks_of(ULONG number) {
    return *reinterpret_cast<HeldLocks*>(pcr_address_of(number) + KPCR_HELD_LOCKS);
}
HeldLocks& processor_locks() { return *reinterpret_cast<HeldLocks*>(pcr_address + KPCR_HELD_LOCKS); }

} // namespace nt::ke
