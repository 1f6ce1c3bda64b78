#include "kernel/ke/held_locks.h"
#include "host/machine_heap.h"
#include "kernel/ke/thread.h"
#include "trace/names.h"
#include <cstring>

namespace nt::ke {

namespace {

HeldLocks of_processor[most_processors];

// By page, hashed: how many locks lie there.
constexpr ULONG mark_count = 4096;
USHORT marks[mark_count];
USHORT& mark_of(ULONG_PTR address) { return marks[address >> 12 & (mark_count - 1)]; }

} // namespace

const char* lock_name(LockKind kind) { return trace::lock_kind_name(static_cast<unsigned>(kind)); }

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
    if (room_) host::heap_release(more_, room_ * sizeof(HeldLock));
    *this = HeldLocks{};
}

HeldLocks& thread_locks() { return current_thread().locks; }

HeldLocks& processor_locks() { return of_processor[current_processor_number()]; }

void mark_memory(const void* lock) { mark_of(reinterpret_cast<ULONG_PTR>(lock))++; }
void unmark_memory(const void* lock) { mark_of(reinterpret_cast<ULONG_PTR>(lock))--; }

bool is_marked(ULONG_PTR address, SIZE_T size) {
    for (ULONG_PTR page = address >> 12, last = (address + size - 1) >> 12; page <= last; page++)
        if (marks[page & (mark_count - 1)]) return true;
    return false;
}

} // namespace nt::ke
