// Pageable code and data: making-drivers-pageable, locking-pageable-code-or-data, paging-an-entire-driver;
// nf-wdm-mmlockpagablecodesection, nf-wdm-mmlockpagabledatasection, nf-ntddk-mmlockpagablesectionbyhandle,
// nf-wdm-mmunlockpagableimagesection, nf-wdm-mmpageentiredriver, nf-wdm-mmresetdriverpaging.
#define TOPIC L"MmPaging"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, MmLockPagableDataSection, PVOID);
IMPORT(VOID, MmLockPagableSectionByHandle, PVOID);
IMPORT(VOID, MmUnlockPagableImageSection, PVOID);
IMPORT(PVOID, MmPageEntireDriver, PVOID);
IMPORT(VOID, MmResetDriverPaging, PVOID);

#define TAG 'gaPC'
#define PAGEABLE __attribute__((noinline, section("PAGECODE")))

static volatile int pageable __attribute__((section("PAGEDATA"))) = 5;
static volatile int resident = 1;

PAGEABLE static int pageable_code(int x) { return x + resident; }
PAGEABLE static KIRQL pageable_irql(void) {
    PAGED_CODE();
    return KeGetCurrentIrql();
}

static BOOLEAN valid_at(KIRQL level, volatile void* address) {
    KIRQL old;
    KeRaiseIrql(level, &old);
    const BOOLEAN valid = MmIsAddressValid((PVOID)address);
    KeLowerIrql(old);
    return valid;
}

static int call_at_dispatch(int x) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const int result = pageable_code(x);
    KeLowerIrql(old);
    return result;
}
static int add_at_dispatch(int x) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const int result = pageable += x;
    KeLowerIrql(old);
    return result;
}

static void below_dispatch(void) {
    KIRQL old;
    CHECK(pageable_code(1) == 2 && pageable == 5, "pageable code and data are used below DISPATCH_LEVEL");
    KeRaiseIrql(APC_LEVEL, &old);
    CHECK(pageable_irql() == APC_LEVEL && ++pageable == 6, "at APC_LEVEL, too");
    KeLowerIrql(old);
    KeRaiseIrql(HIGH_LEVEL, &old);
    KeLowerIrql(old);
    CHECK(pageable == 6 && pageable_code(2) == 3, "paged out and in again, they are what they were");
    CHECK(valid_at(PASSIVE_LEVEL, &pageable) && valid_at(APC_LEVEL, &pageable) &&
              valid_at(DISPATCH_LEVEL, &resident),
          "MmIsAddressValid: no page fault would occur");
    CHECK(!valid_at(DISPATCH_LEVEL, &pageable) && !valid_at(DISPATCH_LEVEL, (PVOID)(ULONG_PTR)pageable_code),
          "a page fault would occur for pageable memory at DISPATCH_LEVEL");
}

static void code_section(void) {
    PVOID handle = MmLockPagableCodeSection((PVOID)(ULONG_PTR)pageable_code);
    CHECK(handle != NULL, "MmLockPagableCodeSection returns an opaque value that identifies the section");
    CHECK(call_at_dispatch(3) == 4, "the section can be used at DISPATCH_LEVEL when it is locked down");
    CHECK(import_MmLockPagableDataSection((PVOID)(ULONG_PTR)pageable_irql) == handle,
          "every routine of the section has the same value; the call increments the count");
    import_MmLockPagableSectionByHandle(handle);
    import_MmUnlockPagableImageSection(handle);
    import_MmUnlockPagableImageSection(handle);
    CHECK(call_at_dispatch(4) == 5, "a driver must unlock a section as many times as it locks it");
    import_MmUnlockPagableImageSection(handle);
    CHECK(!valid_at(DISPATCH_LEVEL, (PVOID)(ULONG_PTR)pageable_code) && pageable_code(5) == 6,
          "unlocked, it is pageable again");
    import_MmLockPagableSectionByHandle(handle);
    CHECK(call_at_dispatch(6) == 7, "a handle is always valid, no matter what the count");
    CHECK(!valid_at(DISPATCH_LEVEL, &pageable), "the data section is another one");
    import_MmUnlockPagableImageSection(handle);
}

static void data_section(void) {
    pageable = 10;
    PVOID handle = import_MmLockPagableDataSection((PVOID)&pageable);
    CHECK(handle && add_at_dispatch(1) == 11,
          "MmLockPagableDataSection: the data can be used at higher IRQL");
    CHECK(valid_at(DISPATCH_LEVEL, &pageable), "and is valid there");
    import_MmUnlockPagableImageSection(handle);
    CHECK(!valid_at(DISPATCH_LEVEL, &pageable) && pageable == 11, "MmUnlockPagableImageSection ends that");
}

static void whole_driver(void) {
    import_MmResetDriverPaging((PVOID)(ULONG_PTR)DriverEntry);
    CHECK(valid_at(DISPATCH_LEVEL, &resident) && !valid_at(DISPATCH_LEVEL, &pageable),
          "MmResetDriverPaging does nothing if the attributes were never overridden");
    const char* base = import_MmPageEntireDriver((PVOID)(ULONG_PTR)DriverEntry);
    CHECK(base && base == (char*)this_driver->DriverStart && base[0] == 'M' && base[1] == 'Z',
          "MmPageEntireDriver returns the beginning of the driver image");
    CHECK(import_MmPageEntireDriver((PVOID)&resident) == base,
          "any address within the driver will do; a second call has no effect");
    resident = 2;
    CHECK(pageable_code(1) == 3, "a driver that is completely pageable runs below DISPATCH_LEVEL");
    import_MmResetDriverPaging((PVOID)&resident);
    CHECK(valid_at(DISPATCH_LEVEL, &resident) && valid_at(DISPATCH_LEVEL, (PVOID)(ULONG_PTR)valid_at),
          "MmResetDriverPaging: code and data that would not normally be pageable are resident");
    CHECK(!valid_at(DISPATCH_LEVEL, &pageable) && !valid_at(DISPATCH_LEVEL, (PVOID)(ULONG_PTR)pageable_code),
          "what was compiled as pageable stays so");
    resident = 1;
}

// A mapping for user mode is no lock: who unlocks first has pageable memory.
static void mapped_for_user_mode(volatile UCHAR* page) {
    PMDL mdl = IoAllocateMdl((PVOID)page, PAGE_SIZE, FALSE, FALSE, NULL);
    if (!mdl) return;
    MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
    volatile UCHAR* user = NULL;
    __try {
        user = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(user != NULL, "locked pages are mapped for user mode");
    CHECK(valid_at(DISPATCH_LEVEL, page), "and resident");
    MmUnlockPages(mdl);
    CHECK(!valid_at(DISPATCH_LEVEL, page), "unlocked, they are pageable, whether they are mapped or not");
    *page = 30;
    CHECK(user && *user == 30, "and both addresses show the same");
    if (user) MmUnmapLockedPages((PVOID)user, mdl);
    CHECK(!valid_at(DISPATCH_LEVEL, page) && *page == 30, "unmapped, they are what they were");
    IoFreeMdl(mdl);
}

static void locked_pages(void) {
    KIRQL old;
    volatile UCHAR* pool = ExAllocatePoolWithTag(PagedPool, 3 * PAGE_SIZE, TAG);
    PMDL mdl = pool ? IoAllocateMdl((PVOID)(pool + PAGE_SIZE), PAGE_SIZE, FALSE, FALSE, NULL) : NULL;
    if (!mdl) {
        CHECK(FALSE, "paged pool and an MDL");
        return;
    }
    pool[PAGE_SIZE] = 7;
    CHECK(!valid_at(DISPATCH_LEVEL, pool + PAGE_SIZE), "paged pool is pageable");
    MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
    volatile UCHAR* mapped = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    if (mapped) mapped[1] = (UCHAR)(mapped[0] + 1);
    const UCHAR seen = pool[PAGE_SIZE + 1];
    const BOOLEAN around = MmIsAddressValid((PVOID)pool) || MmIsAddressValid((PVOID)(pool + 2 * PAGE_SIZE));
    KeLowerIrql(old);
    CHECK(mapped && seen == 8, "locked pages are resident at DISPATCH_LEVEL, at both of their addresses");
    CHECK(!around, "the pages around them are not");
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    CHECK(!valid_at(DISPATCH_LEVEL, pool + PAGE_SIZE) && pool[PAGE_SIZE + 1] == 8,
          "MmUnlockPages makes them pageable again");
    mapped_for_user_mode(pool + PAGE_SIZE);

    mdl = IoAllocateMdl((PVOID)&pageable, sizeof pageable, FALSE, FALSE, NULL);
    if (mdl) {
        pageable = 20;
        MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
        CHECK(add_at_dispatch(1) == 21, "so do locked pages of a pageable section");
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        MmUnlockPages(mdl); // <= DISPATCH_LEVEL
        const BOOLEAN valid = MmIsAddressValid((PVOID)&pageable);
        KeLowerIrql(old);
        CHECK(!valid && pageable == 21, "unlocked at DISPATCH_LEVEL, they are pageable at once");
        IoFreeMdl(mdl);
    }
    ExFreePoolWithTag((PVOID)pool, TAG);
}

static void pool_blocks(void) {
    KIRQL old;
    PAGED_LOOKASIDE_LIST list;
    volatile ULONG* blocks[40];
    ExInitializePagedLookasideList(&list, NULL, NULL, 0, 200, TAG, 0);
    BOOLEAN kept = TRUE;
    for (ULONG i = 0; i < 40; ++i) {
        blocks[i] = ExAllocateFromPagedLookasideList(&list);
        if (blocks[i]) *blocks[i] = i;
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        kept &= blocks[i] && !MmIsAddressValid((PVOID)blocks[i]);
        KeLowerIrql(old);
    }
    for (ULONG i = 0; i < 40; ++i)
        kept &= blocks[i] && *blocks[i] == i;
    CHECK(kept, "entries of a paged lookaside list are paged pool, and keep their contents");
    for (ULONG i = 0; i < 40; ++i)
        if (blocks[i]) ExFreeToPagedLookasideList(&list, (PVOID)blocks[i]);
    ExDeletePagedLookasideList(&list);
}

static void checks(void) {
    below_dispatch();
    code_section();
    data_section();
    whole_driver();
    locked_pages();
    pool_blocks();
}
