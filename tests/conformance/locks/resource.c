// Executive resources, as "Introduction to ERESOURCE Routines" and the pages of
// ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite, ExAcquireSharedStarveExclusive,
// ExAcquireSharedWaitForExclusive, ExConvertExclusiveToSharedLite, ExSetResourceOwnerPointer … document them.
#define TOPIC L"Resource"
#include "../common/driver.h"
#include "threads.h"

NTKERNELAPI VOID NTAPI ExDisableResourceBoostLite(PERESOURCE resource);

static ERESOURCE resource;

typedef BOOLEAN(NTAPI* acquire_t)(PERESOURCE, BOOLEAN);

typedef struct {
    acquire_t acquire;
    BOOLEAN wait;
    BOOLEAN keep; // until `go`
    BOOLEAN got;
    KEVENT go;
    helper_t helper;
} user_t;

static void use(PVOID context) {
    user_t* user = context;
    KeEnterCriticalRegion();
    user->got = user->acquire(&resource, user->wait);
    if (user->keep) KeWaitForSingleObject(&user->go, Executive, KernelMode, FALSE, NULL);
    if (user->got) ExReleaseResourceLite(&resource);
    KeLeaveCriticalRegion();
}

// Another thread tries, without waiting.
static BOOLEAN other_gets(acquire_t acquire) {
    user_t user = {.acquire = acquire};
    in_thread(use, &user);
    return user.got;
}

static void begin(user_t* user, acquire_t acquire) {
    user->acquire = acquire;
    user->wait = user->keep = TRUE;
    user->got = FALSE;
    KeInitializeEvent(&user->go, NotificationEvent, FALSE);
    start(&user->helper, use, user);
    let_others_run();
}

static void finish(user_t* user) {
    KeSetEvent(&user->go, 0, FALSE);
    join(&user->helper);
}

static void exclusive(void) {
    CHECK(ExAcquireResourceExclusiveLite(&resource, FALSE),
          "an unowned resource is granted exclusive at once");
    CHECK(ExIsResourceAcquiredExclusiveLite(&resource), "its owner has exclusive access");
    CHECK(ExAcquireResourceExclusiveLite(&resource, FALSE), "the exclusive owner acquires recursively");
    CHECK(ExAcquireResourceSharedLite(&resource, FALSE) && ExIsResourceAcquiredExclusiveLite(&resource),
          "shared acquisition by the exclusive owner is exclusive access once more");
    CHECK(ExIsResourceAcquiredSharedLite(&resource) == 3, "the number of acquisitions is told");
    CHECK(!other_gets(ExAcquireResourceExclusiveLite), "another thread gets no exclusive access");
    CHECK(!other_gets(ExAcquireResourceSharedLite), "nor shared access");
    CHECK(!other_gets(ExAcquireSharedStarveExclusive), "nor by ExAcquireSharedStarveExclusive");
    CHECK(!other_gets(ExAcquireSharedWaitForExclusive), "nor by ExAcquireSharedWaitForExclusive");
    ExReleaseResourceLite(&resource);
    ExReleaseResourceLite(&resource);
    CHECK(!other_gets(ExAcquireResourceSharedLite), "it is owned until the last release");
    ExReleaseResourceLite(&resource);
    CHECK(!ExIsResourceAcquiredSharedLite(&resource) && !ExIsResourceAcquiredExclusiveLite(&resource),
          "after it, the thread has no access");
    CHECK(other_gets(ExAcquireResourceExclusiveLite), "and others may have it");
}

static void shared(void) {
    CHECK(ExAcquireResourceSharedLite(&resource, FALSE), "an unowned resource is granted shared at once");
    CHECK(ExAcquireResourceSharedLite(&resource, TRUE) && ExIsResourceAcquiredSharedLite(&resource) == 2,
          "a shared owner acquires recursively");
    CHECK(!ExIsResourceAcquiredExclusiveLite(&resource), "shared access is not exclusive access");
    CHECK(other_gets(ExAcquireResourceSharedLite), "others share");
    CHECK(!other_gets(ExAcquireResourceExclusiveLite), "nobody has it exclusive meanwhile");
    CHECK(!ExAcquireResourceExclusiveLite(&resource, FALSE),
          "a shared owner must release before it acquires exclusive");
    user_t writer;
    begin(&writer, ExAcquireResourceExclusiveLite);
    CHECK(!writer.got && ExGetExclusiveWaiterCount(&resource) == 1, "a writer waits for the readers");
    CHECK(!other_gets(ExAcquireResourceSharedLite), "a new reader does not pass a waiting writer");
    CHECK(!other_gets(ExAcquireSharedWaitForExclusive), "nor with ExAcquireSharedWaitForExclusive");
    CHECK(other_gets(ExAcquireSharedStarveExclusive), "but with ExAcquireSharedStarveExclusive it does");
    CHECK(ExAcquireResourceSharedLite(&resource, FALSE),
          "who owns it shared gets it again in spite of the writer");
    CHECK(!ExAcquireSharedWaitForExclusive(&resource, FALSE),
          "not by ExAcquireSharedWaitForExclusive, which lets the writer go first");
    user_t reader;
    begin(&reader, ExAcquireResourceSharedLite);
    CHECK(!reader.got && ExGetSharedWaiterCount(&resource) == 1, "a reader waits behind the writer");
    for (int i = 0; i < 3; ++i)
        ExReleaseResourceLite(&resource);
    let_others_run();
    CHECK(writer.got && !reader.got && ExGetExclusiveWaiterCount(&resource) == 0,
          "the writer gets it when the last reader has released");
    finish(&writer);
    let_others_run();
    CHECK(reader.got && ExGetSharedWaiterCount(&resource) == 0, "the reader when the writer has");
    finish(&reader);
}

static void conversion(void) {
    user_t readers[3];
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    for (int i = 0; i < 3; ++i)
        begin(&readers[i], ExAcquireResourceSharedLite);
    CHECK(ExGetSharedWaiterCount(&resource) == 3 && !readers[0].got, "three readers wait for a writer");
    ExConvertExclusiveToSharedLite(&resource);
    let_others_run();
    CHECK(readers[0].got && readers[1].got && readers[2].got,
          "conversion gives those that wait for shared access shared access");
    CHECK(!ExIsResourceAcquiredExclusiveLite(&resource) && ExIsResourceAcquiredSharedLite(&resource) == 1,
          "and leaves the caller shared access");
    ExReleaseResourceLite(&resource);
    for (int i = 0; i < 3; ++i)
        finish(&readers[i]);
    CHECK(other_gets(ExAcquireResourceExclusiveLite), "then it is free");
}

static ERESOURCE_THREAD owner;

static void release_for_owner(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeEnterCriticalRegion();
    ExReleaseResourceForThreadLite(&resource, (ERESOURCE_THREAD)&owner | 3);
    KeLeaveCriticalRegion();
}

static void owner_pointers(void) {
    for (int round = 0; round < 2; ++round) {
        if (round)
            ExAcquireResourceSharedLite(&resource, TRUE);
        else
            ExAcquireResourceExclusiveLite(&resource, TRUE);
        PVOID pointer = (PVOID)((ULONG_PTR)&owner | 3);
        if (round)
            ExSetResourceOwnerPointerEx(&resource, pointer, 0);
        else
            ExSetResourceOwnerPointer(&resource, pointer);
        CHECK(!other_gets(ExAcquireResourceExclusiveLite), "an owner pointer keeps the access");
        CHECK(other_gets(ExAcquireResourceSharedLite) == (round == 1), "of the kind that the thread had");
        in_thread(release_for_owner, NULL);
        CHECK(other_gets(ExAcquireResourceExclusiveLite), "any thread releases it by the pointer");
    }
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    ExReleaseResourceForThreadLite(&resource, ExGetCurrentResourceThread());
    CHECK(other_gets(ExAcquireResourceExclusiveLite), "ExReleaseResourceForThreadLite releases one's own");
}

static void with_region(void) {
    ExEnterCriticalRegionAndAcquireResourceExclusive(&resource);
    CHECK(KeAreApcsDisabled() && ExIsResourceAcquiredExclusiveLite(&resource),
          "one call enters a critical region and acquires");
    ExReleaseResourceAndLeaveCriticalRegion(&resource);
    CHECK(!KeAreApcsDisabled() && !ExIsResourceAcquiredSharedLite(&resource), "one call does the opposite");
    ExEnterCriticalRegionAndAcquireResourceShared(&resource);
    CHECK(ExIsResourceAcquiredSharedLite(&resource) == 1 && KeAreApcsDisabled(), "so for shared access");
    ExReleaseResourceAndLeaveCriticalRegion(&resource);
    ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(&resource);
    CHECK(ExIsResourceAcquiredSharedLite(&resource) == 1, "and with exclusive waiters first");
    ExReleaseResourceAndLeaveCriticalRegion(&resource);
}

enum { crowd_size = 12, rounds = 25 };
static LONG readers_inside, writers_inside, violations, writes, shadow;

static void crowd_member(PVOID context) {
    ULONG_PTR number = (ULONG_PTR)context;
    LARGE_INTEGER moment = {.QuadPart = -10 * (LONGLONG)(number + 1)};
    for (int i = 0; i < rounds; ++i) {
        KeEnterCriticalRegion();
        if ((number + i) % 4 == 0) {
            ExAcquireResourceExclusiveLite(&resource, TRUE);
            if (InterlockedIncrement(&writers_inside) != 1 || readers_inside)
                InterlockedIncrement(&violations);
            LONG before = writes;
            KeDelayExecutionThread(KernelMode, FALSE, &moment);
            writes = before + 1;
            InterlockedIncrement(&shadow);
            InterlockedDecrement(&writers_inside);
        } else {
            ExAcquireResourceSharedLite(&resource, TRUE);
            InterlockedIncrement(&readers_inside);
            if (writers_inside) InterlockedIncrement(&violations);
            KeDelayExecutionThread(KernelMode, FALSE, &moment);
            InterlockedDecrement(&readers_inside);
        }
        ExReleaseResourceLite(&resource);
        KeLeaveCriticalRegion();
    }
}

static void crowd(void) {
    helper_t helpers[crowd_size];
    readers_inside = writers_inside = violations = writes = shadow = 0;
    for (ULONG_PTR i = 0; i < crowd_size; ++i)
        start(&helpers[i], crowd_member, (PVOID)i);
    for (int i = 0; i < crowd_size; ++i)
        join(&helpers[i]);
    CHECK(violations == 0, "writers are alone, readers are with readers only");
    CHECK(writes == shadow && writes == crowd_size * rounds / 4, "no write is lost");
    CHECK(ExGetExclusiveWaiterCount(&resource) == 0 && ExGetSharedWaiterCount(&resource) == 0,
          "nobody waits in the end");
}

static void checks(void) {
    CHECK(ExInitializeResourceLite(&resource) == STATUS_SUCCESS, "ExInitializeResourceLite succeeds");
    ExDisableResourceBoostLite(&resource);
    KeEnterCriticalRegion();
    exclusive();
    shared();
    conversion();
    owner_pointers();
    KeLeaveCriticalRegion();
    with_region();
    crowd();
    CHECK(ExReinitializeResourceLite(&resource) == STATUS_SUCCESS, "ExReinitializeResourceLite succeeds");
    CHECK(other_gets(ExAcquireResourceExclusiveLite), "a reinitialized resource is free");
    CHECK(ExDeleteResourceLite(&resource) == STATUS_SUCCESS, "ExDeleteResourceLite succeeds");
}
