// Pool by flags, interlocked lists, lookaside lists, local time: nf-wdm-exallocatepool2, ns-wdm-pool_flags,
// nf-wdm-exinterlockedinsertheadlist, nf-wdm-exinterlockedflushslist, nf-wdm-exinitializenpagedlookasidelist,
// nf-wdm-exsystemtimetolocaltime.
#define TOPIC L"ExLists"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, ExAllocatePool2, ULONG64, SIZE_T, ULONG);
IMPORT(PVOID, ExAllocatePool, POOL_TYPE, SIZE_T);
IMPORT(void, InitializeSListHead, PSLIST_HEADER);
IMPORT(PSLIST_ENTRY, ExpInterlockedPushEntrySList, PSLIST_HEADER, PSLIST_ENTRY);
IMPORT(PSLIST_ENTRY, ExpInterlockedPopEntrySList, PSLIST_HEADER);
IMPORT(PSLIST_ENTRY, ExpInterlockedFlushSList, PSLIST_HEADER);
IMPORT(USHORT, ExQueryDepthSList, PSLIST_HEADER);
IMPORT(void, ExSystemTimeToLocalTime, PLARGE_INTEGER, PLARGE_INTEGER);
IMPORT(void, ExLocalTimeToSystemTime, PLARGE_INTEGER, PLARGE_INTEGER);

#define TAG 'tseT'
#define NON_PAGED 0x40ull
#define NON_PAGED_EXECUTE 0x80ull
#define PAGED 0x100ull
#define UNINITIALIZED 0x2ull
#define RAISE 0x20ull
#define CACHE_ALIGNED 0x8ull

static NTSTATUS raised_by(ULONG64 flags, SIZE_T size, ULONG tag) {
    __try {
        PVOID block = import_ExAllocatePool2(flags, size, tag);
        if (block) ExFreePool(block);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static void pool(void) {
    BOOLEAN zero = TRUE;
    PUCHAR block = NULL;
    for (int round = 0; round < 8; ++round) { // a block that was used before comes back zeroed
        block = import_ExAllocatePool2(round & 1 ? PAGED : NON_PAGED, 200, TAG);
        if (!block) break;
        for (int i = 0; i < 200; ++i)
            zero &= block[i] == 0;
        RtlFillMemory(block, 200, 0xaa);
        ExFreePoolWithTag(block, TAG);
    }
    CHECK(block && zero, "ExAllocatePool2: memory is zero initialized");
    block = import_ExAllocatePool2(NON_PAGED | UNINITIALIZED, 64, TAG);
    CHECK(block && ((ULONG_PTR)block & 15) == 0,
          "or not, with POOL_FLAG_UNINITIALIZED; blocks are 16-byte aligned");
    if (block) ExFreePool(block);
    block = import_ExAllocatePool2(NON_PAGED_EXECUTE | CACHE_ALIGNED, 64, TAG);
    CHECK(block && ((ULONG_PTR)block & 63) == 0,
          "POOL_FLAG_CACHE_ALIGNED; the block can be freed by ExFreePool");
    if (block) ExFreePool(block);
    block = import_ExAllocatePool2(PAGED, 2 * PAGE_SIZE, TAG);
    CHECK(block && ((ULONG_PTR)block & (PAGE_SIZE - 1)) == 0, "PAGE_SIZE or greater: page-aligned");
    if (block) ExFreePoolWithTag(block, TAG);
    CHECK(!import_ExAllocatePool2(NON_PAGED, 16, 0), "NULL: the tag is 0");
    CHECK(!import_ExAllocatePool2(NON_PAGED | 0x80000000ull, 16, TAG) && !import_ExAllocatePool2(0, 16, TAG),
          "NULL: invalid flags");
    CHECK(!import_ExAllocatePool2(NON_PAGED, 1ull << 45, TAG), "NULL: insufficient memory");
    CHECK(raised_by(NON_PAGED | RAISE, 1ull << 45, TAG) == STATUS_INSUFFICIENT_RESOURCES,
          "POOL_FLAG_RAISE_ON_FAILURE: an exception");
    CHECK(raised_by(NON_PAGED | RAISE, 16, 0) != STATUS_SUCCESS, "also for the tag 0");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    block = import_ExAllocatePool2(NON_PAGED, 32, TAG);
    if (block) ExFreePoolWithTag(block, TAG);
    KeLowerIrql(old);
    CHECK(block != NULL, "nonpaged pool at DISPATCH_LEVEL");
    block = import_ExAllocatePool(PagedPool, 10);
    CHECK(block && ((ULONG_PTR)block & 15) == 0, "ExAllocatePool");
    if (block) ExFreePool(block);
    CHECK(!import_ExAllocatePool(NonPagedPool, (SIZE_T)1 << 45),
          "ExAllocatePool: NULL if there is insufficient memory");
}

static void doubly(void) {
    LIST_ENTRY head, a, b, c;
    KSPIN_LOCK lock;
    InitializeListHead(&head);
    KeInitializeSpinLock(&lock);
    CHECK(!ExInterlockedRemoveHeadList(&head, &lock),
          "ExInterlockedRemoveHeadList: NULL if the list is empty");
    CHECK(!ExInterlockedInsertHeadList(&head, &a, &lock) &&
              ExInterlockedInsertHeadList(&head, &b, &lock) == &a,
          "ExInterlockedInsertHeadList: NULL, or the first entry before the new one");
    CHECK(ExInterlockedInsertTailList(&head, &c, &lock) == &a,
          "ExInterlockedInsertTailList: the last entry before the new one");
    CHECK(head.Flink == &b && b.Flink == &a && a.Flink == &c && c.Flink == &head && head.Blink == &c &&
              c.Blink == &a,
          "the list is b, a, c");
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &b &&
              ExInterlockedRemoveHeadList(&head, &lock) == &a &&
              ExInterlockedRemoveHeadList(&head, &lock) == &c && IsListEmpty(&head),
          "ExInterlockedRemoveHeadList takes the first");
    CHECK(!ExInterlockedInsertTailList(&head, &a, &lock),
          "ExInterlockedInsertTailList: NULL if the list was empty");
}

typedef struct {
    DECLSPEC_ALIGN(16) SLIST_ENTRY link;
    ULONG value;
} NODE;

static void singly(void) {
    DECLSPEC_ALIGN(16) SLIST_HEADER head;
    static NODE nodes[3];
    RtlFillMemory(&head, sizeof head, 0xff);
    import_InitializeSListHead(&head);
    CHECK(import_ExQueryDepthSList(&head) == 0 && !import_ExpInterlockedPopEntrySList(&head) &&
              !import_ExpInterlockedFlushSList(&head),
          "a new sequenced list is empty: NULL");
    CHECK(!import_ExpInterlockedPushEntrySList(&head, &nodes[0].link), "the first push gives NULL");
    CHECK(import_ExpInterlockedPushEntrySList(&head, &nodes[1].link) == &nodes[0].link,
          "the next the former first entry");
    import_ExpInterlockedPushEntrySList(&head, &nodes[2].link);
    CHECK(import_ExQueryDepthSList(&head) == 3, "ExQueryDepthSList");
    CHECK(import_ExpInterlockedPopEntrySList(&head) == &nodes[2].link && import_ExQueryDepthSList(&head) == 2,
          "the last in is the first out");
    PSLIST_ENTRY all = import_ExpInterlockedFlushSList(&head);
    CHECK(all == &nodes[1].link && all->Next == &nodes[0].link && !all->Next->Next &&
              import_ExQueryDepthSList(&head) == 0,
          "a flush gives all entries as a list and empties the header");
}

static ULONG allocations, frees, good_calls;
static PVOID NTAPI allocate(POOL_TYPE type, SIZE_T size, ULONG tag) {
    ++allocations;
    good_calls += (type & 1) == PagedPool && size == 96 && tag == TAG;
    return ExAllocatePoolWithTag(type, size, tag);
}
static VOID NTAPI free_entry(PVOID block) {
    ++frees;
    ExFreePoolWithTag(block, TAG);
}

static void lookaside(void) {
    DECLSPEC_ALIGN(16) PAGED_LOOKASIDE_LIST paged;
    DECLSPEC_ALIGN(16) NPAGED_LOOKASIDE_LIST nonpaged;
    PVOID entries[3];
    ExInitializePagedLookasideList(&paged, allocate, free_entry, 0, 96, TAG, 0);
    CHECK(allocations == 0, "no memory is preallocated");
    for (int i = 0; i < 3; ++i)
        entries[i] = ExAllocateFromPagedLookasideList(&paged);
    CHECK(allocations == 3 && good_calls == 3, "the caller's Allocate gets pool type, size and tag");
    for (int i = 0; i < 3; ++i)
        ExFreeToPagedLookasideList(&paged, entries[i]);
    PVOID again = ExAllocateFromPagedLookasideList(&paged);
    CHECK(allocations == 3 && (again == entries[0] || again == entries[1] || again == entries[2]),
          "entries are held in the list");
    ExFreeToPagedLookasideList(&paged, again);
    ExDeletePagedLookasideList(&paged);
    CHECK(frees == 3, "ExDeletePagedLookasideList frees them by the caller's Free");
    ExInitializeNPagedLookasideList(&nonpaged, NULL, NULL, 0x200, 64, TAG, 0);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    PVOID entry = ExAllocateFromNPagedLookasideList(&nonpaged);
    if (entry) ExFreeToNPagedLookasideList(&nonpaged, entry);
    KeLowerIrql(old);
    CHECK(entry != NULL, "a nonpaged list works at DISPATCH_LEVEL, with POOL_NX_ALLOCATION");
    ExDeleteNPagedLookasideList(&nonpaged);
}

static void local_time(void) {
    LARGE_INTEGER system = {.QuadPart = 0x1db1234567890ab}, local, back;
    import_ExSystemTimeToLocalTime(&system, &local);
    import_ExLocalTimeToSystemTime(&local, &back);
    CHECK(back.QuadPart == system.QuadPart &&
              (local.QuadPart - system.QuadPart) % (15 * 60 * 10000000ll) == 0,
          "ExSystemTimeToLocalTime subtracts the bias, ExLocalTimeToSystemTime adds it");
}

static void checks(void) {
    pool();
    doubly();
    singly();
    lookaside();
    local_time();
}
