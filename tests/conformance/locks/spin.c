// Spin locks: in-stack queued ones, reader/writer ones, those of threaded DPCs, and lists that are protected
// by one, as "Queued Spin Locks", "Reader/Writer Spin Locks" and the functions' pages document them.
#define TOPIC L"Spin"
#include "../common/driver.h"
#include "threads.h"

typedef LONG rw_lock_t;
static PVOID routine(PCWSTR name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}
typedef KIRQL(FASTCALL* rw_acquire_t)(rw_lock_t*);
typedef VOID(FASTCALL* rw_release_t)(rw_lock_t*, KIRQL);
typedef VOID(FASTCALL* rw_t)(rw_lock_t*);
typedef LOGICAL(FASTCALL* rw_try_t)(rw_lock_t*);
static rw_acquire_t acquire_shared, acquire_exclusive;
static rw_release_t release_shared, release_exclusive;
static rw_t acquire_shared_dpc, acquire_exclusive_dpc, release_shared_dpc, release_exclusive_dpc;
static rw_try_t convert, try_shared, try_exclusive;

static BOOLEAN find_routines(void) {
    acquire_shared = (rw_acquire_t)routine(L"ExAcquireSpinLockShared");
    acquire_exclusive = (rw_acquire_t)routine(L"ExAcquireSpinLockExclusive");
    release_shared = (rw_release_t)routine(L"ExReleaseSpinLockShared");
    release_exclusive = (rw_release_t)routine(L"ExReleaseSpinLockExclusive");
    acquire_shared_dpc = (rw_t)routine(L"ExAcquireSpinLockSharedAtDpcLevel");
    acquire_exclusive_dpc = (rw_t)routine(L"ExAcquireSpinLockExclusiveAtDpcLevel");
    release_shared_dpc = (rw_t)routine(L"ExReleaseSpinLockSharedFromDpcLevel");
    release_exclusive_dpc = (rw_t)routine(L"ExReleaseSpinLockExclusiveFromDpcLevel");
    convert = (rw_try_t)routine(L"ExTryConvertSharedSpinLockExclusive");
    try_shared = (rw_try_t)routine(L"ExTryAcquireSpinLockSharedAtDpcLevel");
    try_exclusive = (rw_try_t)routine(L"ExTryAcquireSpinLockExclusiveAtDpcLevel");
    return acquire_shared && acquire_exclusive && release_shared && release_exclusive && acquire_shared_dpc &&
           acquire_exclusive_dpc && release_shared_dpc && release_exclusive_dpc && convert && try_shared &&
           try_exclusive;
}

static KSPIN_LOCK spin, other;

static void queued(void) {
    KLOCK_QUEUE_HANDLE handle, inner;
    KIRQL old;
    KeInitializeSpinLock(&spin);
    KeInitializeSpinLock(&other);
    KeAcquireInStackQueuedSpinLock(&spin, &handle);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "KeAcquireInStackQueuedSpinLock raises to DISPATCH_LEVEL");
    CHECK(!KeTestSpinLock(&spin) && KeTestSpinLock(&other), "KeTestSpinLock tells whether it is held");
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&other, &inner);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "the form for DISPATCH_LEVEL leaves the IRQL alone");
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&inner);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && KeTestSpinLock(&other), "so does its release");
    KeReleaseInStackQueuedSpinLock(&handle);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && KeTestSpinLock(&spin), "release restores the IRQL");
    KeAcquireInStackQueuedSpinLockForDpc(&spin, &handle);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "the form for threaded DPCs raises from PASSIVE_LEVEL");
    KeReleaseInStackQueuedSpinLockForDpc(&handle);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "and goes back");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeAcquireInStackQueuedSpinLockForDpc(&spin, &handle);
    KeReleaseInStackQueuedSpinLockForDpc(&handle);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "at DISPATCH_LEVEL neither changes it");
    KIRQL before = KeAcquireSpinLockForDpc(&spin);
    CHECK(before == DISPATCH_LEVEL, "KeAcquireSpinLockForDpc returns the IRQL at the call");
    KeReleaseSpinLockForDpc(&spin, before);
    CHECK(KeTryToAcquireSpinLockAtDpcLevel(&spin) && !KeTryToAcquireSpinLockAtDpcLevel(&spin),
          "KeTryToAcquireSpinLockAtDpcLevel acquires a spin lock that is not busy");
    KeReleaseSpinLock(&spin, old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "it is released by KeReleaseSpinLock");
    before = KeAcquireSpinLockForDpc(&spin);
    CHECK(before == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL, "from PASSIVE_LEVEL it raises");
    KeReleaseSpinLockForDpc(&spin, before);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "and its release goes back");
}

static rw_lock_t rw;

static void reader_writer(void) {
    rw = 0;
    KIRQL old = acquire_shared(&rw);
    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL,
          "ExAcquireSpinLockShared raises to DISPATCH_LEVEL and returns the IRQL before");
    CHECK(!try_exclusive(&rw), "nobody gets it exclusive while it is shared");
    CHECK(try_shared(&rw), "others share");
    CHECK(!convert(&rw), "conversion fails while others share");
    release_shared_dpc(&rw);
    CHECK(convert(&rw), "it succeeds for the only reader");
    CHECK(!try_shared(&rw), "which has it exclusive then");
    release_exclusive(&rw, old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && rw == 0, "release restores the IRQL");
    old = acquire_exclusive(&rw);
    CHECK(old == PASSIVE_LEVEL && !try_shared(&rw) && !try_exclusive(&rw), "exclusive means alone");
    release_exclusive(&rw, old);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    acquire_exclusive_dpc(&rw);
    release_exclusive_dpc(&rw);
    acquire_shared_dpc(&rw);
    release_shared_dpc(&rw);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && rw == 0,
          "the forms for DISPATCH_LEVEL leave the IRQL alone");
    KeLowerIrql(old);
}

enum { crowd_size = 6, rounds = 60 };
static LONG inside, violations, value, readers;
static LIST_ENTRY list;
static LIST_ENTRY entries[crowd_size];

static void crowd_member(PVOID context) {
    ULONG_PTR number = (ULONG_PTR)context;
    for (int i = 0; i < rounds; ++i) {
        KLOCK_QUEUE_HANDLE handle;
        KeAcquireInStackQueuedSpinLock(&spin, &handle);
        if (InterlockedIncrement(&inside) != 1) InterlockedIncrement(&violations);
        LONG before = value;
        KeStallExecutionProcessor(1);
        value = before + 1;
        InterlockedDecrement(&inside);
        KeReleaseInStackQueuedSpinLock(&handle);
        if ((number + i) % 3) {
            KIRQL old = acquire_shared(&rw);
            InterlockedIncrement(&readers);
            KeStallExecutionProcessor(1);
            if (InterlockedDecrement(&readers) < 0) InterlockedIncrement(&violations);
            release_shared(&rw, old);
        } else {
            KIRQL old = acquire_exclusive(&rw);
            if (readers) InterlockedIncrement(&violations);
            KeStallExecutionProcessor(1);
            if (readers) InterlockedIncrement(&violations);
            release_exclusive(&rw, old);
        }
        ExInterlockedInsertTailList(&list, &entries[number], &other);
        KIRQL old;
        KeAcquireSpinLock(&other, &old);
        KeStallExecutionProcessor(1);
        RemoveEntryList(&entries[number]);
        KeReleaseSpinLock(&other, old);
    }
}

static void crowd(void) {
    helper_t helpers[crowd_size];
    KeInitializeSpinLock(&spin);
    KeInitializeSpinLock(&other);
    InitializeListHead(&list);
    rw = 0;
    inside = violations = value = readers = 0;
    for (ULONG_PTR i = 0; i < crowd_size; ++i)
        start(&helpers[i], crowd_member, (PVOID)i);
    for (int i = 0; i < crowd_size; ++i)
        join(&helpers[i]);
    CHECK(violations == 0 && value == crowd_size * rounds,
          "they exclude, on as many processors as there are");
    CHECK(IsListEmpty(&list), "a list that both kinds of routines protect stays whole");
}

static void arithmetic(void) {
    LARGE_INTEGER large = {.QuadPart = 0xffffffff}, one = {.QuadPart = 1};
    ULONG small = 5;
    KeInitializeSpinLock(&spin);
    CHECK(ExInterlockedAddLargeInteger(&large, one, &spin).QuadPart == 0xffffffff &&
              large.QuadPart == 0x100000000,
          "ExInterlockedAddLargeInteger returns the initial value");
    CHECK(ExInterlockedAddUlong(&small, 3, &spin) == 5 && small == 8,
          "ExInterlockedAddUlong returns the original value");
    SINGLE_LIST_ENTRY head = {0}, a, b;
    CHECK(!ExInterlockedPushEntryList(&head, &a, &spin) && ExInterlockedPushEntryList(&head, &b, &spin) == &a,
          "ExInterlockedPushEntryList returns the first entry before");
    CHECK(ExInterlockedPopEntryList(&head, &spin) == &b && ExInterlockedPopEntryList(&head, &spin) == &a &&
              !ExInterlockedPopEntryList(&head, &spin),
          "ExInterlockedPopEntryList returns the entry, NULL if there is none");
}

// The forms that raise to SYNCH_LEVEL, and the first entry of a list that is not taken off.
static void others(void) {
    KIRQL(NTAPI * acquire)(PKSPIN_LOCK) = (PVOID)routine(L"KeAcquireSpinLockRaiseToSynch");
    VOID(NTAPI * acquire_queued)
    (PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE) = (PVOID)routine(L"KeAcquireInStackQueuedSpinLockRaiseToSynch");
    PSLIST_ENTRY(NTAPI * first)(const SLIST_HEADER*) = (PVOID)routine(L"FirstEntrySList");
    if (!acquire || !acquire_queued || !first) {
        CHECK(FALSE, "KeAcquireSpinLockRaiseToSynch and its queued form, FirstEntrySList are there");
        return;
    }
    KLOCK_QUEUE_HANDLE handle;
    KeInitializeSpinLock(&spin);
    KIRQL old = acquire(&spin);
    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() > DISPATCH_LEVEL && !KeTestSpinLock(&spin),
          "KeAcquireSpinLockRaiseToSynch raises above DISPATCH_LEVEL and returns the level before");
    KeReleaseSpinLockFromDpcLevel(&spin);
    KeLowerIrql(old);
    acquire_queued(&spin, &handle);
    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL && handle.OldIrql == PASSIVE_LEVEL,
          "so does the queued form, which keeps the level in the handle");
    KeReleaseInStackQueuedSpinLock(&handle);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && KeTestSpinLock(&spin), "release goes back");
    static SLIST_HEADER head;
    static SLIST_ENTRY entry;
    InitializeSListHead(&head);
    CHECK(!first(&head), "FirstEntrySList: NULL for an empty list");
    ExInterlockedPushEntrySList(&head, &entry, &spin);
    CHECK(first(&head) == &entry && ExQueryDepthSList(&head) == 1,
          "the first entry, which stays in the list");
}

static void checks(void) {
    if (!find_routines()) {
        CHECK(FALSE, "the routines of reader/writer spin locks are there");
        return;
    }
    queued();
    reader_writer();
    arithmetic();
    others();
    crowd();
}
