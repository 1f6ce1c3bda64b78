// Fast and guarded mutexes and push locks, as "Fast Mutexes and Guarded Mutexes" and the pages of
// ExAcquireFastMutex, KeAcquireGuardedMutex, ExAcquirePushLockExclusive, ExAcquirePushLockShared … document
// them.
#define TOPIC L"Mutex"
#include "../common/driver.h"
#include "threads.h"

NTKERNELAPI VOID FASTCALL KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX mutex);
NTKERNELAPI VOID FASTCALL KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX mutex);

static FAST_MUTEX fast;
static KGUARDED_MUTEX guarded;

static void try_fast(PVOID context) {
    BOOLEAN got = ExTryToAcquireFastMutex(&fast);
    *(BOOLEAN*)context = got;
    if (got)
        ExReleaseFastMutex(&fast);
    else if (KeGetCurrentIrql() != PASSIVE_LEVEL)
        *(BOOLEAN*)context = 2;
}

static void fast_mutex(void) {
    BOOLEAN got;
    ExInitializeFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == APC_LEVEL, "ExAcquireFastMutex sets the IRQL to APC_LEVEL");
    KeLowerIrql(PASSIVE_LEVEL);
    in_thread(try_fast, &got);
    CHECK(got == FALSE, "another thread's try fails and leaves its IRQL alone");
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    ExReleaseFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "ExReleaseFastMutex restores the IRQL");
    in_thread(try_fast, &got);
    CHECK(got == TRUE, "then another thread's try succeeds");
    KeRaiseIrql(APC_LEVEL, &old);
    ExAcquireFastMutexUnsafe(&fast);
    CHECK(KeGetCurrentIrql() == APC_LEVEL, "the unsafe form leaves the IRQL alone");
    ExReleaseFastMutexUnsafe(&fast);
    KeLowerIrql(old);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&fast);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "also inside of a critical region");
    ExReleaseFastMutexUnsafe(&fast);
    KeLeaveCriticalRegion();
}

static void try_guarded(PVOID context) {
    BOOLEAN got = KeTryToAcquireGuardedMutex(&guarded);
    *(BOOLEAN*)context = got;
    if (got)
        KeReleaseGuardedMutex(&guarded);
    else if (KeAreAllApcsDisabled())
        *(BOOLEAN*)context = 2;
}

static void guarded_mutex(void) {
    BOOLEAN got;
    KeInitializeGuardedMutex(&guarded);
    KeAcquireGuardedMutex(&guarded);
    CHECK(KeAreAllApcsDisabled(), "who holds a guarded mutex runs inside a guarded region");
    in_thread(try_guarded, &got);
    CHECK(got == FALSE, "another thread's try fails and enters no region");
    KeReleaseGuardedMutex(&guarded);
    CHECK(!KeAreAllApcsDisabled(), "releasing it leaves the region");
    in_thread(try_guarded, &got);
    CHECK(got == TRUE, "then another thread's try succeeds");
    KeEnterGuardedRegion();
    KeAcquireGuardedMutexUnsafe(&guarded);
    KeReleaseGuardedMutexUnsafe(&guarded);
    CHECK(KeAreAllApcsDisabled(), "the unsafe forms do not touch the region");
    KeLeaveGuardedRegion();
    CHECK(!KeAreAllApcsDisabled(), "which is left by its own call");
}

// ---- A crowd around one lock ------------------------------------------------------------------------------

enum { crowd_size = 8, rounds = 30 };
static LONG inside, violations, value;
typedef void lock_call(void);
static lock_call *lock_it, *unlock_it;

static void crowd_member(PVOID context) {
    LARGE_INTEGER moment = {.QuadPart = -7 * (LONGLONG)((ULONG_PTR)context + 1)};
    for (int i = 0; i < rounds; ++i) {
        lock_it();
        if (InterlockedIncrement(&inside) != 1) InterlockedIncrement(&violations);
        LONG before = value;
        if (i % 3 == 0) KeDelayExecutionThread(KernelMode, FALSE, &moment);
        value = before + 1;
        InterlockedDecrement(&inside);
        unlock_it();
    }
}

static BOOLEAN excludes(lock_call* lock, lock_call* unlock) {
    helper_t helpers[crowd_size];
    inside = violations = value = 0;
    lock_it = lock;
    unlock_it = unlock;
    for (ULONG_PTR i = 0; i < crowd_size; ++i)
        start(&helpers[i], crowd_member, (PVOID)i);
    for (int i = 0; i < crowd_size; ++i)
        join(&helpers[i]);
    return violations == 0 && value == crowd_size * rounds;
}

static void lock_fast(void) { ExAcquireFastMutex(&fast); }
static void unlock_fast(void) { ExReleaseFastMutex(&fast); }
static void lock_guarded(void) { KeAcquireGuardedMutex(&guarded); }
static void unlock_guarded(void) { KeReleaseGuardedMutex(&guarded); }

// ---- Push locks: not in mingw's import library
// --------------------------------------------------------------

typedef VOID(FASTCALL* push_t)(PULONG_PTR lock, ULONG flags);
typedef BOOLEAN(FASTCALL* try_push_t)(PULONG_PTR lock, ULONG flags);
static push_t acquire_exclusive, acquire_shared, release_exclusive, release_shared, release_any;
static try_push_t try_exclusive, try_shared, try_convert;
static ULONG_PTR push;

static PVOID routine(PCWSTR name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

static BOOLEAN find_routines(void) {
    acquire_exclusive = (push_t)routine(L"ExAcquirePushLockExclusiveEx");
    acquire_shared = (push_t)routine(L"ExAcquirePushLockSharedEx");
    release_exclusive = (push_t)routine(L"ExReleasePushLockExclusiveEx");
    release_shared = (push_t)routine(L"ExReleasePushLockSharedEx");
    release_any = (push_t)routine(L"ExReleasePushLockEx");
    try_exclusive = (try_push_t)routine(L"ExTryAcquirePushLockExclusiveEx");
    try_shared = (try_push_t)routine(L"ExTryAcquirePushLockSharedEx");
    try_convert = (try_push_t)routine(L"ExTryConvertPushLockSharedToExclusiveEx");
    return acquire_exclusive && acquire_shared && release_exclusive && release_shared && release_any &&
           try_exclusive && try_shared && try_convert;
}

static void lock_push(void) {
    KeEnterCriticalRegion();
    acquire_exclusive(&push, 0);
}
static void unlock_push(void) {
    release_exclusive(&push, 0);
    KeLeaveCriticalRegion();
}

typedef struct {
    BOOLEAN exclusive, got;
    KEVENT go;
    helper_t helper;
} user_t;

static void use(PVOID context) {
    user_t* user = context;
    KeEnterCriticalRegion();
    if (user->exclusive)
        acquire_exclusive(&push, 0);
    else
        acquire_shared(&push, 0);
    user->got = TRUE;
    KeWaitForSingleObject(&user->go, Executive, KernelMode, FALSE, NULL);
    release_any(&push, 0);
    KeLeaveCriticalRegion();
}

static void begin(user_t* user, BOOLEAN exclusive) {
    user->exclusive = exclusive;
    user->got = FALSE;
    KeInitializeEvent(&user->go, NotificationEvent, FALSE);
    start(&user->helper, use, user);
    let_others_run();
}

static void finish(user_t* user) {
    KeSetEvent(&user->go, 0, FALSE);
    join(&user->helper);
}

static void push_locks(void) {
    if (!find_routines()) {
        CHECK(FALSE, "the routines of push locks are there");
        return;
    }
    push = 0;
    KeEnterCriticalRegion();
    acquire_exclusive(&push, 0);
    user_t first, second, writer, late;
    begin(&first, FALSE);
    begin(&second, FALSE);
    CHECK(!first.got && !second.got, "readers wait while it is held exclusive");
    release_exclusive(&push, 0);
    let_others_run();
    CHECK(first.got && second.got, "all of them get it then");
    acquire_shared(&push, 0);
    begin(&writer, TRUE);
    begin(&late, FALSE);
    CHECK(!writer.got, "a writer waits while it is held shared");
    CHECK(!late.got, "a reader waits if there is an exclusive waiter");
    release_shared(&push, 0);
    finish(&first);
    let_others_run();
    CHECK(!writer.got, "until all have released");
    finish(&second);
    let_others_run();
    CHECK(writer.got && !late.got, "then it is alone");
    finish(&writer);
    let_others_run();
    CHECK(late.got, "and the reader behind it follows");
    finish(&late);
    CHECK(try_exclusive(&push, 0) && !try_shared(&push, 0) && !try_exclusive(&push, 0),
          "a try succeeds only at once");
    release_any(&push, 0);
    CHECK(try_shared(&push, 0) && try_shared(&push, 0), "shared access may be had again by its owner");
    CHECK(!try_convert(&push, 0), "one of two shared holds does not become exclusive");
    release_shared(&push, 0);
    CHECK(try_convert(&push, 0) && !try_shared(&push, 0), "the only one does");
    release_exclusive(&push, 0);
    CHECK(push == 0, "a free push lock is zero, as it was initialized");
    KeLeaveCriticalRegion();
    CHECK(excludes(lock_push, unlock_push), "a push lock excludes, in a crowd of threads");
}

static void checks(void) {
    fast_mutex();
    guarded_mutex();
    CHECK(excludes(lock_fast, unlock_fast), "a fast mutex excludes, in a crowd of threads");
    CHECK(excludes(lock_guarded, unlock_guarded), "a guarded mutex excludes, in a crowd of threads");
    push_locks();
}
