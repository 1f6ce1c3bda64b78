// Physical pages for MDLs: nf-wdm-mmallocatepagesformdlex, nf-wdm-mmfreepagesfrommdl.
#define TOPIC L"MmPages"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PMDL, MmAllocatePagesForMdlEx, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, SIZE_T, ULONG,
       ULONG);

enum { dont_zero = 1, fully_required = 4, no_wait = 8, contiguous = 0x20 };
#define GIGABYTE 0x40000000ll

static PMDL allocate(LONGLONG low, LONGLONG high, LONGLONG skip, SIZE_T bytes, ULONG flags) {
    PHYSICAL_ADDRESS l = {.QuadPart = low}, h = {.QuadPart = high}, s = {.QuadPart = skip};
    return import_MmAllocatePagesForMdlEx(l, h, s, bytes, MmCached, flags);
}
static void release(PMDL mdl) {
    if (!mdl) return;
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}
static BOOLEAN between(PMDL mdl, LONGLONG low, LONGLONG high) {
    ULONG count = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl));
    for (ULONG i = 0; i < count; ++i) {
        LONGLONG at = (LONGLONG)MmGetMdlPfnArray(mdl)[i] << PAGE_SHIFT;
        if (at < low || at + PAGE_SIZE - 1 > high) return FALSE;
    }
    return TRUE;
}

static void checks(void) {
    PMDL mdl = allocate(0, 4 * GIGABYTE - 1, 0, 10 * PAGE_SIZE, 0);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 10 * PAGE_SIZE && between(mdl, 0, 4 * GIGABYTE - 1),
          "the pages come from the address range: below 4 gigabytes");
    PUCHAR at = mdl ? MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) : NULL;
    BOOLEAN zero = at != NULL;
    for (ULONG i = 0; at && i < 10 * PAGE_SIZE; ++i)
        zero &= at[i] == 0;
    CHECK(zero, "they are filled with zeros");
    if (at) RtlFillMemory(at, 10 * PAGE_SIZE, 0x5a);
    release(mdl);
    mdl = allocate(0, -1, 0, 10 * PAGE_SIZE, 0);
    at = mdl ? MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) : NULL;
    zero = at != NULL;
    for (ULONG i = 0; at && i < 10 * PAGE_SIZE; ++i)
        zero &= at[i] == 0;
    CHECK(zero, "also pages that were used before");
    release(mdl);
    mdl = allocate(0, -1, 0, PAGE_SIZE + 1, dont_zero);
    CHECK(mdl && MmGetMdlByteCount(mdl) >= PAGE_SIZE + 1,
          "MM_DONT_ZERO_ALLOCATION; a size that is no multiple of pages");
    release(mdl);
    mdl = allocate(0, -1, 0, 64 * PAGE_SIZE, contiguous);
    BOOLEAN one_block = mdl != NULL;
    for (ULONG i = 1; mdl && i < 64; ++i)
        one_block &= MmGetMdlPfnArray(mdl)[i] == MmGetMdlPfnArray(mdl)[0] + i;
    CHECK(one_block, "MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS with SkipBytes zero: a single contiguous block");
    release(mdl);
    LONGLONG nowhere = 1ll << 46;
    CHECK(!allocate(nowhere, nowhere + GIGABYTE, 0, PAGE_SIZE, 0), "NULL: no physical memory in the range");
    CHECK(!allocate(nowhere, nowhere + GIGABYTE, 0, PAGE_SIZE, fully_required | no_wait),
          "nor with MM_ALLOCATE_FULLY_REQUIRED");

    // Less than is asked for: a range of four pages that are known to be RAM.
    mdl = allocate(0, -1, 0, 8 * PAGE_SIZE, contiguous);
    if (!mdl) return;
    LONGLONG low = (LONGLONG)MmGetMdlPfnArray(mdl)[0] << PAGE_SHIFT;
    release(mdl);
    mdl = allocate(low, low + 4 * PAGE_SIZE - 1, 0, 8 * PAGE_SIZE, 0);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 4 * PAGE_SIZE && between(mdl, low, low + 4 * PAGE_SIZE - 1),
          "if the requested number of bytes is not available, as much as is");
    release(mdl);
    CHECK(!allocate(low, low + 4 * PAGE_SIZE - 1, 0, 8 * PAGE_SIZE, fully_required),
          "MM_ALLOCATE_FULLY_REQUIRED: all or nothing");
    CHECK(!allocate(low, low + 4 * PAGE_SIZE - 1, 0, 8 * PAGE_SIZE, contiguous),
          "contiguous: never a partial allocation");
    mdl = allocate(low, low + 4 * PAGE_SIZE - 1, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 8 * PAGE_SIZE && between(mdl, low, low + 8 * PAGE_SIZE - 1),
          "SkipBytes: the rest from the next range");
    release(mdl);
}
