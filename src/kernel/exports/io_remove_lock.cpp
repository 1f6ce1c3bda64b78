// Remove locks (the free-build form): kernel page "Using Remove Locks"; wdm pages nf-wdm-ioacquireremovelock
// …
#include "abi/misc.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/wait.h"

using namespace nt;

namespace {

LONG add(IO_REMOVE_LOCK_COMMON_BLOCK& lock, LONG n) {
    const LONG value = lock.IoCount + n;
    lock.IoCount = value;
    return value;
}
// The count begins at 1: the last release is that of IoReleaseRemoveLockAndWait.
void release(IO_REMOVE_LOCK_COMMON_BLOCK& lock) {
    if (add(lock, -1) == 0) ke::set_event(lock.RemoveEvent);
}

} // namespace

extern "C" void IoInitializeRemoveLockEx(IO_REMOVE_LOCK* lock, ULONG, ULONG, ULONG, ULONG) {
    lock->Common.Removed = FALSE;
    lock->Common.IoCount = 1;
    ke::initialize_event(lock->Common.RemoveEvent, SynchronizationEvent, false);
}
GATE(IoInitializeRemoveLockEx);

extern "C" NTSTATUS IoAcquireRemoveLockEx(IO_REMOVE_LOCK* lock, PVOID, PCSTR, ULONG, ULONG) {
    add(lock->Common, 1);
    if (!lock->Common.Removed) return STATUS_SUCCESS;
    release(lock->Common);
    return STATUS_DELETE_PENDING;
}
GATE(IoAcquireRemoveLockEx);

extern "C" void IoReleaseRemoveLockEx(IO_REMOVE_LOCK* lock, PVOID, ULONG) { release(lock->Common); }
GATE(IoReleaseRemoveLockEx);

// Gives up the caller's acquisition and the initial count, then waits for the others.
extern "C" void IoReleaseRemoveLockAndWaitEx(IO_REMOVE_LOCK* lock, PVOID, ULONG) {
    lock->Common.Removed = TRUE;
    add(lock->Common, -1);
    if (add(lock->Common, -1) > 0)
        ke::wait_for_single_object(&lock->Common.RemoveEvent, Executive, KernelMode, false, nullptr);
}
GATE(IoReleaseRemoveLockAndWaitEx);
