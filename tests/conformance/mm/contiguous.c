// Memory by physical address: nf-wdm-mmallocatecontiguousmemory,
// nf-wdm-mmallocatecontiguousmemoryspecifycache, nf-wdm-mmallocatecontiguousnodememory,
// nf-ntddk-mmallocatenoncachedmemory and what frees it.
#define TOPIC L"MmContiguous"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, MmAllocateContiguousMemory, SIZE_T, PHYSICAL_ADDRESS);
IMPORT(PVOID, MmAllocateContiguousMemorySpecifyCache, SIZE_T, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS,
       PHYSICAL_ADDRESS, MEMORY_CACHING_TYPE);
IMPORT(PVOID, MmAllocateContiguousMemorySpecifyCacheNode, SIZE_T, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS,
       PHYSICAL_ADDRESS, MEMORY_CACHING_TYPE, ULONG);
IMPORT(PVOID, MmAllocateContiguousNodeMemory, SIZE_T, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS,
       ULONG, ULONG);
IMPORT(void, MmFreeContiguousMemory, PVOID);
IMPORT(void, MmFreeContiguousMemorySpecifyCache, PVOID, SIZE_T, MEMORY_CACHING_TYPE);
IMPORT(PVOID, MmAllocateNonCachedMemory, SIZE_T);
IMPORT(void, MmFreeNonCachedMemory, PVOID, SIZE_T);

#define ANY_NODE 0x80000000

static PHYSICAL_ADDRESS at(LONGLONG address) {
    PHYSICAL_ADDRESS a = {.QuadPart = address};
    return a;
}

// Every byte can be used, and the pages follow each other.
static BOOLEAN good(PUCHAR block, ULONG bytes, LONGLONG low, LONGLONG high) {
    if (!block || ((ULONG_PTR)block & (PAGE_SIZE - 1))) return FALSE;
    LONGLONG first = MmGetPhysicalAddress(block).QuadPart;
    if (first < low || (ULONGLONG)(first + bytes - 1) > (ULONGLONG)high) return FALSE;
    for (ULONG i = 0; i < bytes; ++i) {
        block[i] = (UCHAR)i;
        if (MmGetPhysicalAddress(block + i).QuadPart != first + i) return FALSE;
    }
    for (ULONG i = 0; i < bytes; ++i)
        if (block[i] != (UCHAR)i) return FALSE;
    return MmIsAddressValid(block) && MmIsAddressValid(block + bytes - 1);
}

static PVOID cached(SIZE_T bytes, LONGLONG low, LONGLONG high, LONGLONG boundary) {
    return import_MmAllocateContiguousMemorySpecifyCache(bytes, at(low), at(high), at(boundary), MmCached);
}
static PVOID node(ULONG protect, ULONG which) {
    return import_MmAllocateContiguousNodeMemory(PAGE_SIZE, at(0), at(-1), at(0), protect, which);
}
static void free_if(PVOID block) {
    if (block) import_MmFreeContiguousMemory(block);
}

static void checks(void) {
    PUCHAR a = import_MmAllocateContiguousMemory(3 * PAGE_SIZE + 5, at(-1));
    PUCHAR b = import_MmAllocateContiguousMemory(1, at(0xffffff));
    CHECK(good(a, 3 * PAGE_SIZE + 5, 0, -1), "a block on a page boundary, of contiguous pages");
    CHECK(good(b, 1, 0, 0xffffff), "below HighestAcceptableAddress");
    free_if(a);
    free_if(b);
    CHECK(!import_MmAllocateContiguousMemory(PAGE_SIZE, at(PAGE_SIZE - 2)),
          "NULL: no whole page is acceptable");
    CHECK(!import_MmAllocateContiguousMemory(1ll << 50, at(-1)), "NULL: more than there is");

    a = cached(64 * PAGE_SIZE, 0x800000, 0x7fffffff, 0x100000);
    LONGLONG from = a ? MmGetPhysicalAddress(a).QuadPart : 0;
    CHECK(good(a, 64 * PAGE_SIZE, 0x800000, 0x7fffffff) &&
              from / 0x100000 == (from + 64 * PAGE_SIZE - 1) / 0x100000,
          "MmAllocateContiguousMemorySpecifyCache: between bounds, without crossing the boundary");
    if (a) import_MmFreeContiguousMemorySpecifyCache(a, 64 * PAGE_SIZE, MmCached);
    a = cached(PAGE_SIZE, from, from + PAGE_SIZE - 1, 0);
    CHECK(a && MmGetPhysicalAddress(a).QuadPart == from,
          "what was freed can be had again: both bounds count");
    CHECK(!cached(PAGE_SIZE, from, from + PAGE_SIZE - 1, 0), "but not twice");
    free_if(a);
    CHECK(!cached(2 * PAGE_SIZE, 0, -1, PAGE_SIZE), "NULL: a block that is longer than its boundary");
    a = cached(512, 0, -1, 512);
    CHECK(good(a, 512, 0, -1), "a boundary of less than a page");
    free_if(a);
    BOOLEAN types = TRUE;
    for (int type = MmNonCached; type <= MmWriteCombined; ++type) {
        a = import_MmAllocateContiguousMemorySpecifyCacheNode(PAGE_SIZE, at(0), at(-1), at(0),
                                                              (MEMORY_CACHING_TYPE)type, ANY_NODE);
        types &= good(a, PAGE_SIZE, 0, -1);
        free_if(a);
    }
    CHECK(types, "MmAllocateContiguousMemorySpecifyCacheNode, each cache type");

    a = node(PAGE_READWRITE, ANY_NODE);
    b = node(PAGE_EXECUTE_READWRITE | PAGE_NOCACHE, 0);
    CHECK(good(a, PAGE_SIZE, 0, -1) && good(b, PAGE_SIZE, 0, -1), "MmAllocateContiguousNodeMemory");
    if (b) {
        b[0] = 0xb8, *(ULONG UNALIGNED*)(b + 1) = 42, b[5] = 0xc3; // mov eax, 42; ret
        CHECK(((ULONG(NTAPI*)(void))(ULONG_PTR)b)() == 42, "PAGE_EXECUTE_READWRITE memory runs");
    }
    free_if(a);
    free_if(b);
    CHECK(!node(PAGE_READONLY, ANY_NODE) && !node(PAGE_READWRITE | PAGE_EXECUTE_READWRITE, ANY_NODE) &&
              !node(PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE, ANY_NODE),
          "Protect: one of two rights, at most one of two cache flags");
    CHECK(!node(PAGE_READWRITE, 999), "NULL: a node that does not exist has no memory");

    a = import_MmAllocateNonCachedMemory(PAGE_SIZE + 1);
    CHECK(good(a, 2 * PAGE_SIZE, 0, -1), "MmAllocateNonCachedMemory: a multiple of the page size");
    if (a) import_MmFreeNonCachedMemory(a, PAGE_SIZE + 1);

    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    a = import_MmAllocateContiguousMemory(PAGE_SIZE, at(-1));
    if (a) a[0] = 1;
    free_if(a);
    KeLowerIrql(old);
    CHECK(a != NULL, "at DISPATCH_LEVEL");
}
