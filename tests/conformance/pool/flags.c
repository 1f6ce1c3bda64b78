// Pool types, flags and failures of the allocation routines before ExAllocatePool2:
// nf-wdm-exallocatepoolwithtag, nf-wdm-exallocatepoolwithquotatag, nf-wdm-exallocatepoolwithtagpriority,
// ne-wdm-_pool_type.
#define TOPIC L"PoolFlags"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, ExAllocatePoolWithTag, ULONG, SIZE_T, ULONG);
IMPORT(PVOID, ExAllocatePoolWithQuotaTag, ULONG, SIZE_T, ULONG);
IMPORT(PVOID, ExAllocatePoolWithQuota, ULONG, SIZE_T);
IMPORT(PVOID, ExAllocatePoolWithTagPriority, ULONG, SIZE_T, ULONG, ULONG);
IMPORT(void, ExFreePool, PVOID);
IMPORT(void, ExFreePoolWithTag, PVOID, ULONG);

#define TAG 'tseT'
#define TOO_MUCH ((SIZE_T)1 << 45)
enum {
    nonpaged = 0,
    paged = 1,
    nonpaged_aligned = 4,
    paged_aligned = 5,
    nonpaged_nx = 512,
    nonpaged_nx_aligned = 516
};
enum { fail_instead_of_raise = 8, raise_on_failure = 16, cold = 256 };

typedef enum { TAGGED, QUOTA, PRIORITY } WAY;
static NTSTATUS outcome(WAY way, ULONG type, SIZE_T size, PVOID* block) {
    *block = NULL;
    __try {
        *block = way == TAGGED  ? import_ExAllocatePoolWithTag(type, size, TAG)
                 : way == QUOTA ? import_ExAllocatePoolWithQuotaTag(type, size, TAG)
                                : import_ExAllocatePoolWithTagPriority(type, size, TAG, 32);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
static BOOLEAN works(WAY way, ULONG type, ULONG alignment) {
    PVOID block;
    if (outcome(way, type, 100, &block) != STATUS_SUCCESS || !block) return FALSE;
    RtlFillMemory(block, 100, 0x5a);
    BOOLEAN good = (ULONG_PTR)block % alignment == 0;
    import_ExFreePoolWithTag(block, TAG);
    return good;
}

static void checks(void) {
    PVOID block;
    CHECK(works(TAGGED, nonpaged, 16) && works(TAGGED, paged, 16) && works(TAGGED, nonpaged_nx, 16),
          "NonPagedPool, PagedPool, NonPagedPoolNx: 16-byte boundaries");
    CHECK(works(TAGGED, nonpaged_aligned, 64) && works(TAGGED, paged_aligned, 64) &&
              works(TAGGED, nonpaged_nx_aligned, 64),
          "the CacheAligned types: a boundary of the processor's cache lines");
    CHECK(works(TAGGED, paged | cold, 16), "POOL_COLD_ALLOCATION is a hint");
    CHECK(works(QUOTA, nonpaged, 16) && works(QUOTA, paged, 16), "ExAllocatePoolWithQuotaTag");
    CHECK(works(PRIORITY, nonpaged, 16) && works(PRIORITY, paged, 16), "ExAllocatePoolWithTagPriority");
    CHECK(outcome(TAGGED, nonpaged, TOO_MUCH, &block) == STATUS_SUCCESS && !block &&
              outcome(TAGGED, paged, TOO_MUCH, &block) == STATUS_SUCCESS && !block,
          "NULL if there is insufficient memory");
    CHECK(outcome(TAGGED, nonpaged | raise_on_failure, TOO_MUCH, &block) == STATUS_INSUFFICIENT_RESOURCES,
          "POOL_RAISE_IF_ALLOCATION_FAILURE: an exception");
    CHECK(outcome(TAGGED, nonpaged | raise_on_failure, 64, &block) == STATUS_SUCCESS && block,
          "not if it can be satisfied");
    if (block) import_ExFreePool(block);
    CHECK(outcome(PRIORITY, paged, TOO_MUCH, &block) == STATUS_SUCCESS && !block &&
              outcome(PRIORITY, paged | raise_on_failure, TOO_MUCH, &block) == STATUS_INSUFFICIENT_RESOURCES,
          "ExAllocatePoolWithTagPriority: NULL, or an exception when asked for");
    CHECK(!NT_SUCCESS(outcome(QUOTA, paged, TOO_MUCH, &block)),
          "ExAllocatePoolWithQuotaTag raises an exception");
    CHECK(outcome(QUOTA, paged | fail_instead_of_raise, TOO_MUCH, &block) == STATUS_SUCCESS && !block,
          "with POOL_QUOTA_FAIL_INSTEAD_OF_RAISE it returns NULL");
    block = import_ExAllocatePoolWithQuota(paged, 3 * PAGE_SIZE);
    CHECK(block && (ULONG_PTR)block % PAGE_SIZE == 0,
          "ExAllocatePoolWithQuota: PAGE_SIZE or more is page-aligned");
    if (block) import_ExFreePool(block);

    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    BOOLEAN high =
        works(TAGGED, nonpaged, 16) && works(TAGGED, nonpaged_nx, 16) && works(QUOTA, nonpaged, 16);
    KeLowerIrql(old);
    CHECK(high, "nonpaged pool is allocated and freed at DISPATCH_LEVEL");
    KeRaiseIrql(APC_LEVEL, &old);
    BOOLEAN low = works(TAGGED, paged, 16);
    KeLowerIrql(old);
    CHECK(low, "paged pool at APC_LEVEL");
    PUCHAR blocks[3];
    for (int i = 0; i < 3; ++i)
        blocks[i] = import_ExAllocatePoolWithTag(nonpaged, PAGE_SIZE - 16 - i, TAG);
    BOOLEAN within = TRUE;
    for (int i = 0; i < 3; ++i) {
        within &= blocks[i] && (ULONG_PTR)blocks[i] >> PAGE_SHIFT ==
                                   ((ULONG_PTR)blocks[i] + PAGE_SIZE - 17 - i) >> PAGE_SHIFT;
        if (blocks[i]) import_ExFreePoolWithTag(blocks[i], TAG);
    }
    CHECK(within, "what is smaller than a page does not cross a page boundary");
}
