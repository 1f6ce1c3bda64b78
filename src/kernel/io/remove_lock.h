// Remove locks: kernel page "Using Remove Locks", wdm pages nf-wdm-ioinitializeremovelock …
//
// The documented body has a count and an event. The count begins at 1, which the last release, that of
// IoReleaseRemoveLockAndWait, gives back. Who has acquired what with which tag is kept beside it and changes
// no result: the tags must match, and not more acquisitions or longer ones may there be than the driver said.
#pragma once
#include "abi/misc.h"

namespace nt::io {

struct RemoveLockLimits {
    ULONG minutes;    // most that an acquisition lasts; 0: no limit
    ULONG high_water; // most acquisitions at a time; 0: no limit
};
void initialize_remove_lock(IO_REMOVE_LOCK& lock, ULONG tag, const RemoveLockLimits& limits, ULONG size);
// STATUS_DELETE_PENDING once release_remove_lock_and_wait was called. DISPATCH_LEVEL or below.
NTSTATUS acquire_remove_lock(IO_REMOVE_LOCK& lock, PVOID tag);
void release_remove_lock(IO_REMOVE_LOCK& lock, PVOID tag);
// PASSIVE_LEVEL.
void release_remove_lock_and_wait(IO_REMOVE_LOCK& lock, PVOID tag);

struct RemoveLockUse {
    PVOID tag;
    ULONG_PTR caller;
    ULONGLONG since;  // interrupt time
    const void* call; // detail::Call of the dispatch routine that has acquired it
};
// Outstanding acquisitions, for reports.
void for_each_remove_lock_use(ULONG_PTR lock, void (*visit)(void* context, const RemoveLockUse& use),
                              void* context);

} // namespace nt::io
