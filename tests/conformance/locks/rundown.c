// Run-down protection and remove locks, as "Run-Down Protection", "Using Remove Locks" and the pages of
// ExAcquireRundownProtection, ExWaitForRundownProtectionRelease, IoAcquireRemoveLock … document them.
#define TOPIC L"Rundown"
#include "../common/driver.h"
#include "threads.h"

static EX_RUNDOWN_REF ref;

static void wait_for_release(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    ExWaitForRundownProtectionRelease(&ref);
}

static void simple(void) {
    ExInitializeRundownProtection(&ref);
    CHECK(ExAcquireRundownProtection(&ref), "protection is granted");
    CHECK(ExAcquireRundownProtectionEx(&ref, 3), "also by several instances at once");
    helper_t owner;
    start(&owner, wait_for_release, NULL);
    let_others_run();
    CHECK(!has_ended(&owner), "ExWaitForRundownProtectionRelease waits for all instances");
    CHECK(!ExAcquireRundownProtection(&ref), "and none is granted any more");
    ExReleaseRundownProtection(&ref);
    ExReleaseRundownProtectionEx(&ref, 2);
    let_others_run();
    CHECK(!has_ended(&owner), "one instance is left");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ExReleaseRundownProtection(&ref);
    KeLowerIrql(old);
    join(&owner);
    CHECK(!ExAcquireRundownProtection(&ref), "after it, the object is run down");
    ExWaitForRundownProtectionRelease(&ref);
    CHECK(TRUE, "waiting for an object that is run down returns");
    ExRundownCompleted(&ref);
    CHECK(!ExAcquireRundownProtection(&ref), "ExRundownCompleted leaves it so");
    ExReInitializeRundownProtection(&ref);
    CHECK(ExAcquireRundownProtection(&ref), "ExReInitializeRundownProtection starts anew");
    ExReleaseRundownProtection(&ref);
    ExWaitForRundownProtectionRelease(&ref);
    CHECK(!ExAcquireRundownProtection(&ref), "with nothing outstanding it is run down at once");
}

static PEX_RUNDOWN_REF_CACHE_AWARE aware;

static void wait_for_aware(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    ExWaitForRundownProtectionReleaseCacheAware(aware);
}

static void use_aware(void) {
    CHECK(ExAcquireRundownProtectionCacheAware(aware) && ExAcquireRundownProtectionCacheAwareEx(aware, 2),
          "cache-aware protection is granted");
    helper_t owner;
    start(&owner, wait_for_aware, NULL);
    let_others_run();
    CHECK(!has_ended(&owner) && !ExAcquireRundownProtectionCacheAware(aware),
          "the owner waits, none is granted");
    ExReleaseRundownProtectionCacheAware(aware);
    ExReleaseRundownProtectionCacheAwareEx(aware, 2);
    join(&owner);
    ExRundownCompletedCacheAware(aware);
    ExWaitForRundownProtectionReleaseCacheAware(aware);
    CHECK(!ExAcquireRundownProtectionCacheAware(aware), "it is run down");
    ExReInitializeRundownProtectionCacheAware(aware);
    CHECK(ExAcquireRundownProtectionCacheAware(aware), "and can be used again");
    ExReleaseRundownProtectionCacheAware(aware);
}

static void cache_aware(void) {
    aware = ExAllocateCacheAwareRundownProtection(NonPagedPool, 'fnoC');
    CHECK(aware != NULL, "ExAllocateCacheAwareRundownProtection allocates");
    if (!aware) return;
    use_aware();
    ExFreeCacheAwareRundownProtection(aware);
    SIZE_T size = ExSizeOfRundownProtectionCacheAware();
    aware = ExAllocatePoolWithTag(NonPagedPool, size, 'fnoC');
    if (!aware) return;
    ExInitializeRundownProtectionCacheAware(aware, size);
    use_aware();
    ExFreePoolWithTag(aware, 'fnoC');
}

static IO_REMOVE_LOCK lock;

static void remove_device(PVOID context) { IoReleaseRemoveLockAndWait(&lock, context); }

static void remove_locks(void) {
    IoInitializeRemoveLock(&lock, 'fnoC', 1, 0);
    char removal, request, other;
    CHECK(IoAcquireRemoveLock(&lock, &removal) == STATUS_SUCCESS, "a remove lock is acquired");
    CHECK(IoAcquireRemoveLock(&lock, &request) == STATUS_SUCCESS, "and again");
    CHECK(IoAcquireRemoveLock(&lock, NULL) == STATUS_SUCCESS, "a tag is optional");
    helper_t remover;
    start(&remover, remove_device, &removal);
    let_others_run();
    CHECK(!has_ended(&remover), "IoReleaseRemoveLockAndWait waits for all acquisitions");
    CHECK(IoAcquireRemoveLock(&lock, &other) == STATUS_DELETE_PENDING,
          "meanwhile acquisition fails with STATUS_DELETE_PENDING");
    IoReleaseRemoveLock(&lock, &request);
    let_others_run();
    CHECK(!has_ended(&remover), "one is left");
    IoReleaseRemoveLock(&lock, NULL);
    join(&remover);
    CHECK(IoAcquireRemoveLock(&lock, &other) == STATUS_DELETE_PENDING, "afterwards it fails, too");
}

static void checks(void) {
    simple();
    cache_aware();
    remove_locks();
}
