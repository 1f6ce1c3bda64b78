// Extended lookaside lists, and the functions that are exports since Windows 11 22H2:
// nf-wdm-exinitializelookasidelistex, nf-wdm-exallocatefromlookasidelistex, nf-wdm-exfreetolookasidelistex,
// nf-wdm-exflushlookasidelistex, nf-wdm-exdeletelookasidelistex, nc-wdm-allocate_function_ex.
#define TOPIC L"ExLookaside"
#include "../common/driver.h"
#include "../common/import.h"

// LOOKASIDE_LIST_EX, which the compiler's headers may lack: 96 bytes, 16-byte aligned.
typedef struct DECLSPEC_ALIGN(16) {
    UCHAR bytes[96];
} LIST;
IMPORT(NTSTATUS, ExInitializeLookasideListEx, LIST*, PVOID, PVOID, POOL_TYPE, ULONG, SIZE_T, ULONG, USHORT);
IMPORT(void, ExDeleteLookasideListEx, LIST*);
IMPORT(void, ExFlushLookasideListEx, LIST*);
IMPORT(PVOID, ExAllocateFromLookasideListEx, LIST*);
IMPORT(void, ExFreeToLookasideListEx, LIST*, PVOID);
IMPORT(PVOID, ExAllocateFromNPagedLookasideList, PNPAGED_LOOKASIDE_LIST);
IMPORT(void, ExFreeToNPagedLookasideList, PNPAGED_LOOKASIDE_LIST, PVOID);
IMPORT(PVOID, ExAllocateFromPagedLookasideList, PPAGED_LOOKASIDE_LIST);
IMPORT(void, ExFreeToPagedLookasideList, PPAGED_LOOKASIDE_LIST, PVOID);

#define TAG 'kooL'
enum { raise_on_fail = 1, fail_no_raise = 2 };

static struct {
    UCHAR before[16];
    LIST list;
    UCHAR after[32];
} guarded;
static ULONG allocations, frees, asked_type;
static BOOLEAN arguments = TRUE;

static PVOID NTAPI allocate(POOL_TYPE type, SIZE_T size, ULONG tag, LIST* list) {
    ++allocations;
    asked_type = type;
    arguments &= size == 80 && tag == TAG && list == &guarded.list;
    return ExAllocatePoolWithTag(type & 0x201, size, tag);
}
static VOID NTAPI free_entry(PVOID entry, LIST* list) {
    ++frees;
    arguments &= list == &guarded.list;
    ExFreePoolWithTag(entry, TAG);
}

static NTSTATUS initialize(ULONG type, ULONG flags, BOOLEAN own) {
    return import_ExInitializeLookasideListEx(&guarded.list, own ? (PVOID)allocate : NULL,
                                              own ? (PVOID)free_entry : NULL, (POOL_TYPE)type, flags, 80, TAG,
                                              0);
}

static void own_routines(void) {
    PVOID entries[300];
    RtlFillMemory(&guarded, sizeof guarded, 0x77);
    CHECK(initialize(512, 0, TRUE) == STATUS_SUCCESS && allocations == 0,
          "ExInitializeLookasideListEx: an empty list");
    BOOLEAN clean = TRUE;
    for (int i = 0; i < 32; ++i)
        clean &= guarded.after[i] == 0x77 && guarded.before[i / 2] == 0x77;
    CHECK(clean, "it writes 96 bytes");
    BOOLEAN all = TRUE;
    for (int i = 0; i < 300; ++i)
        all &= (entries[i] = import_ExAllocateFromLookasideListEx(&guarded.list)) != NULL;
    CHECK(all && allocations == 300 && arguments,
          "LookasideListAllocateEx is called while the list is empty, with type, size, tag and list");
    for (int i = 0; i < 300; ++i)
        import_ExFreeToLookasideListEx(&guarded.list, entries[i]);
    CHECK(frees > 0 && frees < 300 && arguments, "a full list passes entries to LookasideListFreeEx");
    const ULONG kept = 300 - frees;
    PVOID last = import_ExAllocateFromLookasideListEx(&guarded.list);
    CHECK(allocations == 300 && last == entries[kept - 1], "last in, first out");
    import_ExFreeToLookasideListEx(&guarded.list, last);
    import_ExFlushLookasideListEx(&guarded.list);
    CHECK(frees == 300, "ExFlushLookasideListEx frees all entries");
    last = import_ExAllocateFromLookasideListEx(&guarded.list);
    CHECK(allocations == 301, "and leaves an empty list");
    import_ExFreeToLookasideListEx(&guarded.list, last);
    import_ExDeleteLookasideListEx(&guarded.list);
    CHECK(frees == 301, "ExDeleteLookasideListEx frees the rest");
}

static void flags(void) {
    CHECK(initialize(2, 0, FALSE) == STATUS_INVALID_PARAMETER_4 &&
              initialize(0x1000, 0, FALSE) == STATUS_INVALID_PARAMETER_4,
          "STATUS_INVALID_PARAMETER_4: the pool type");
    CHECK(initialize(0, 3, TRUE) == STATUS_INVALID_PARAMETER_5 &&
              initialize(0, 4, FALSE) == STATUS_INVALID_PARAMETER_5,
          "STATUS_INVALID_PARAMETER_5: flags that exclude each other, or that are none");
    PVOID entry = NULL;
    if (NT_SUCCESS(initialize(PagedPool, raise_on_fail, TRUE))) {
        entry = import_ExAllocateFromLookasideListEx(&guarded.list);
        import_ExFreeToLookasideListEx(&guarded.list, entry);
        import_ExDeleteLookasideListEx(&guarded.list);
    }
    CHECK(entry && asked_type == (PagedPool | 16),
          "RAISE_ON_FAIL: POOL_RAISE_IF_ALLOCATION_FAILURE in the type that the routine gets");
    entry = NULL;
    if (NT_SUCCESS(initialize(NonPagedPool, fail_no_raise, TRUE))) {
        entry = import_ExAllocateFromLookasideListEx(&guarded.list);
        import_ExFreeToLookasideListEx(&guarded.list, entry);
        import_ExDeleteLookasideListEx(&guarded.list);
    }
    CHECK(entry && asked_type == 8, "FAIL_NO_RAISE: POOL_QUOTA_FAIL_INSTEAD_OF_RAISE");
}

static void defaults(void) {
    KIRQL old;
    if (!NT_SUCCESS(initialize(512, 0, FALSE))) return;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    PUCHAR entry = import_ExAllocateFromLookasideListEx(&guarded.list);
    if (entry) entry[0] = entry[79] = 1;
    import_ExFreeToLookasideListEx(&guarded.list, entry);
    PVOID again = import_ExAllocateFromLookasideListEx(&guarded.list);
    import_ExFreeToLookasideListEx(&guarded.list, again);
    KeLowerIrql(old);
    CHECK(entry && again == entry, "without routines the list uses the pool, also at DISPATCH_LEVEL");
    import_ExDeleteLookasideListEx(&guarded.list);

    static DECLSPEC_ALIGN(16) NPAGED_LOOKASIDE_LIST nonpaged;
    static DECLSPEC_ALIGN(16) PAGED_LOOKASIDE_LIST paged;
    ExInitializeNPagedLookasideList(&nonpaged, NULL, NULL, 0, 64, TAG, 0);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 64, TAG, 0);
    PVOID a = import_ExAllocateFromNPagedLookasideList(&nonpaged),
          b = import_ExAllocateFromPagedLookasideList(&paged);
    import_ExFreeToNPagedLookasideList(&nonpaged, a);
    import_ExFreeToPagedLookasideList(&paged, b);
    CHECK(a && a == import_ExAllocateFromNPagedLookasideList(&nonpaged),
          "ExAllocateFromNPagedLookasideList and ExFreeToNPagedLookasideList as exports");
    CHECK(b && b == import_ExAllocateFromPagedLookasideList(&paged),
          "ExAllocateFromPagedLookasideList and ExFreeToPagedLookasideList as exports");
    import_ExFreeToNPagedLookasideList(&nonpaged, a);
    import_ExFreeToPagedLookasideList(&paged, b);
    ExDeleteNPagedLookasideList(&nonpaged);
    ExDeletePagedLookasideList(&paged);
}

static void checks(void) {
    own_routines();
    flags();
    defaults();
}
