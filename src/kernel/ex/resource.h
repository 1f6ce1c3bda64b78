// Executive resources (ERESOURCE): kernel page "Introduction to ERESOURCE Routines", wdm pages
// nf-wdm-exacquireresourceexclusivelite … Recursive locks for one writer or many readers.
//
// The body is the state. OwnerEntry is the exclusive owner or the first of the shared ones; the others are in
// OwnerTable, an array in nonpaged pool that grows with their number and says its size in its entry 0.
// ActiveEntries counts the owners, ActiveCount is 1 while there are any (assumed). Waiters lie on the kernel
// stacks of their threads, chained from SharedWaiters and ExclusiveWaiters in the order of their coming, and
// are made owners by whoever releases.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ex {

inline constexpr USHORT ResourceDisableBoost = 0x08; // assumed: the bit of ExDisableResourceBoostLite
inline constexpr USHORT ResourceOwnedExclusive = 0x80;

// All initialized resources, as WinDbg's !locks walks them. Guest memory.
LIST_ENTRY& system_resources();

// DISPATCH_LEVEL or below.
void initialize_resource(ERESOURCE& resource);
void reinitialize_resource(ERESOURCE& resource);
// APC_LEVEL or below.
void delete_resource(ERESOURCE& resource);

// Takes it off the list, as its memory goes.
void unlist_resource(ERESOURCE& resource);

// What a shared acquisition does when somebody waits for exclusive access.
enum class Sharing {
    normal,           // waits, unless it is an owner already
    starve_exclusive, // goes first
    wait_exclusive,   // waits, even as an owner
};
// False: not at once, and the caller did not want to wait. APC_LEVEL or below.
bool acquire_exclusive(ERESOURCE& resource, bool wait);
bool acquire_shared(ERESOURCE& resource, bool wait, Sharing sharing = Sharing::normal);

// One acquisition of the owner, a thread or an owner pointer. DISPATCH_LEVEL or below. Bug checks as Windows
// when it is none.
void release_resource(ERESOURCE& resource, ERESOURCE_THREAD owner);
void convert_exclusive_to_shared(ERESOURCE& resource);
// The running thread's acquisition belongs to the pointer from now on.
void set_owner_pointer(ERESOURCE& resource, ERESOURCE_THREAD pointer);

bool is_acquired_exclusive(const ERESOURCE& resource);
ULONG acquired_count(const ERESOURCE& resource); // by the running thread, shared or exclusive

// Calls visit(owner, count) for every owner.
template <class F> void for_each_owner(const ERESOURCE& resource, F visit) {
    if (resource.OwnerEntry.OwnerThread) visit(resource.OwnerEntry);
    if (const OWNER_ENTRY* table = resource.OwnerTable)
        for (ULONG i = 1; i < table[0].TableSize; i++)
            if (table[i].OwnerThread) visit(table[i]);
}

} // namespace nt::ex
