// User pages that drivers have locked (MmProbeAndLockPages from a driver), for the check at the end of their
// process. What the I/O manager locks for a request goes with the request and is not listed.
// https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-0x76--process-has-locked-pages
#pragma once
#include "abi/mm.h"
#include "host/machine_heap.h"
#include <vector>

namespace nt::mm {

struct UserLock {
    const MDL* mdl; // may be gone by now: a name only
    const KPROCESS* process;
    std::uint64_t pages;
    std::uint64_t caller; // the driver's call that locked them
};
using UserLocks = std::vector<UserLock, host::HeapAllocator<UserLock>>;
extern UserLocks user_locks; // in order

// The MDL has been locked; lists it if its pages are a process's.
void note_user_lock(MDL* mdl, std::uint64_t caller);
void forget_user_lock(MDL* mdl); // detail of unlock_pages()
void forget_user_locks(const KPROCESS* process);

template <class Visit> void for_each_user_lock(const KPROCESS* process, Visit visit) {
    for (const UserLock& lock : user_locks)
        if (lock.process == process) visit(lock);
}

} // namespace nt::mm
