// Owners and waiters of an ERESOURCE.
#pragma once
#include "kernel/ex/resource.h"

namespace nt::ke {
struct Thread;
}

namespace nt::ex::detail {

struct ResourceWaiter {
    ResourceWaiter* next;
    ke::Thread* thread;
    KEVENT event; // set when the thread has become an owner
};

inline ERESOURCE_THREAD id_of(const ke::Thread& thread) {
    return reinterpret_cast<ERESOURCE_THREAD>(&thread);
}
ERESOURCE_THREAD current_id();

inline bool is_free(const ERESOURCE& r) { return r.ActiveEntries == 0; }
inline bool is_exclusive(const ERESOURCE& r) { return r.Flag & ResourceOwnedExclusive; }

OWNER_ENTRY* find_owner(ERESOURCE& resource, ERESOURCE_THREAD owner);
// Room for `more` further owners; false: no memory.
bool reserve_owners(ERESOURCE& resource, ULONG more);
// Makes it an owner with one acquisition; the room is there.
void add_owner(ERESOURCE& resource, ERESOURCE_THREAD owner);
void remove_owner(ERESOURCE& resource, OWNER_ENTRY& entry);

void queue(PVOID& head, ResourceWaiter& waiter);
ResourceWaiter* dequeue(PVOID& head);

} // namespace nt::ex::detail
