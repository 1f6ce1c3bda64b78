// Push locks: wdm pages nf-wdm-exinitializepushlock, nf-wdm-exacquirepushlockexclusive … The pages' names are
// macros over the …Ex functions; the Exf… forms are what older headers call.
#include "kernel/ex/lock_checks.h"
#include "kernel/ex/push_lock.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/regions.h"

using namespace nt;
using ex::Use;

extern "C" void ExInitializePushLock(EX_PUSH_LOCK* lock) { lock->Value = 0; }
GATE(ExInitializePushLock);

// Flags: 0, or EX_PUSH_LOCK_… hints for the system's own tracing.
extern "C" void ExAcquirePushLockExclusiveEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::acquire);
    ex::acquire_push_exclusive(*lock);
}
GATE(ExAcquirePushLockExclusiveEx);

extern "C" void ExAcquirePushLockSharedEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::acquire);
    ex::acquire_push_shared(*lock);
}
GATE(ExAcquirePushLockSharedEx);

extern "C" BOOLEAN ExTryAcquirePushLockExclusiveEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::acquire);
    return ex::try_acquire_push_exclusive(*lock);
}
GATE(ExTryAcquirePushLockExclusiveEx);

extern "C" BOOLEAN ExTryAcquirePushLockSharedEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::acquire);
    return ex::try_acquire_push_shared(*lock);
}
GATE(ExTryAcquirePushLockSharedEx);

extern "C" BOOLEAN ExTryConvertPushLockSharedToExclusiveEx(EX_PUSH_LOCK* lock, ULONG) {
    return ex::try_convert_push_to_exclusive(*lock);
}
GATE(ExTryConvertPushLockSharedToExclusiveEx);

extern "C" void ExReleasePushLockExclusiveEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::release);
    ex::release_push_exclusive(*lock);
}
GATE(ExReleasePushLockExclusiveEx);

extern "C" void ExReleasePushLockSharedEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::release);
    ex::release_push_shared(*lock);
}
GATE(ExReleasePushLockSharedEx);

extern "C" void ExReleasePushLockEx(EX_PUSH_LOCK* lock, ULONG) {
    ex::check_push_lock_use(*lock, Use::release);
    ex::release_push(*lock);
}
GATE(ExReleasePushLockEx);

extern "C" void ExfAcquirePushLockExclusive(EX_PUSH_LOCK* lock) { ExAcquirePushLockExclusiveEx(lock, 0); }
GATE(ExfAcquirePushLockExclusive);

extern "C" void ExfAcquirePushLockShared(EX_PUSH_LOCK* lock) { ExAcquirePushLockSharedEx(lock, 0); }
GATE(ExfAcquirePushLockShared);

extern "C" void ExfReleasePushLock(EX_PUSH_LOCK* lock) { ExReleasePushLockEx(lock, 0); }
GATE(ExfReleasePushLock);

extern "C" void ExfReleasePushLockExclusive(EX_PUSH_LOCK* lock) { ExReleasePushLockExclusiveEx(lock, 0); }
GATE(ExfReleasePushLockExclusive);

extern "C" void ExfReleasePushLockShared(EX_PUSH_LOCK* lock) { ExReleasePushLockSharedEx(lock, 0); }
GATE(ExfReleasePushLockShared);

extern "C" BOOLEAN ExfTryAcquirePushLockShared(EX_PUSH_LOCK* lock) {
    return ExTryAcquirePushLockSharedEx(lock, 0);
}
GATE(ExfTryAcquirePushLockShared);
