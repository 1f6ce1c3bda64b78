// Pool and lookaside lists, as the pages of ExAllocatePoolWithTag, ExAllocatePool2 and
// ExInitializeNPagedLookasideList document them.
#define TOPIC L"Pool"
#include "../common/driver.h"

#define TAG 'tseT'

static BOOLEAN filled(const UCHAR* p, SIZE_T n, UCHAR with) {
    for (SIZE_T i = 0; i < n; ++i)
        if (p[i] != with) return FALSE;
    return TRUE;
}

static void allocation(void) {
    BOOLEAN aligned = TRUE, apart = TRUE, page_rule = TRUE;
    UCHAR* blocks[40];
    for (ULONG i = 0; i < 40; ++i) {
        SIZE_T size = 1 + i * 97;
        blocks[i] = ExAllocatePoolWithTag(i % 2 ? NonPagedPool : PagedPool, size, TAG);
        if (!blocks[i]) {
            CHECK(FALSE, "small allocations succeed");
            return;
        }
        if ((ULONG_PTR)blocks[i] & 15) aligned = FALSE;
        ULONG_PTR first = (ULONG_PTR)blocks[i], last = first + size - 1;
        if (size <= 4080 && first >> 12 != last >> 12) page_rule = FALSE;
        RtlFillMemory(blocks[i], size, (UCHAR)i);
    }
    for (ULONG i = 0; i < 40; ++i)
        if (!filled(blocks[i], 1 + i * 97, (UCHAR)i)) apart = FALSE;
    for (ULONG i = 0; i < 40; ++i)
        ExFreePoolWithTag(blocks[i], TAG);
    CHECK(aligned, "blocks below a page are 16-byte aligned");
    CHECK(page_rule, "blocks below a page do not cross a page boundary");
    CHECK(apart, "blocks do not overlap");
    UCHAR* page = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);
    UCHAR* more = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE + 1, TAG);
    CHECK(page && !((ULONG_PTR)page & (PAGE_SIZE - 1)), "a block of a page is page-aligned");
    CHECK(more && !((ULONG_PTR)more & (PAGE_SIZE - 1)), "and one of more than a page too");
    if (page) ExFreePool(page);
    if (more) ExFreePool(more);
    UCHAR* nx = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    CHECK(nx != NULL, "NonPagedPoolNx is there");
    if (nx) ExFreePoolWithTag(nx, TAG);
}

static void lookaside(void) {
    NPAGED_LOOKASIDE_LIST list;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 200, TAG, 0);
    void* a = ExAllocateFromNPagedLookasideList(&list);
    void* b = ExAllocateFromNPagedLookasideList(&list);
    CHECK(a && b && a != b, "a lookaside list gives different entries");
    RtlFillMemory(a, 200, 0x5a);
    ExFreeToNPagedLookasideList(&list, a);
    void* c = ExAllocateFromNPagedLookasideList(&list);
    CHECK(c != NULL && c != b, "and entries that were freed again");
    ExFreeToNPagedLookasideList(&list, b);
    ExFreeToNPagedLookasideList(&list, c);
    ExDeleteNPagedLookasideList(&list);
    PAGED_LOOKASIDE_LIST paged;
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 64, TAG, 0);
    void* d = ExAllocateFromPagedLookasideList(&paged);
    CHECK(d != NULL, "a paged lookaside list gives entries");
    ExFreeToPagedLookasideList(&paged, d);
    ExDeletePagedLookasideList(&paged);
}

static void checks(void) {
    allocation();
    lookaside();
}
