// Mappings at reserved addresses: nf-wdm-mmallocatemappingaddress,
// nf-wdm-mmmaplockedpageswithreservedmapping, nf-wdm-mmunmapreservedmapping, nf-wdm-mmfreemappingaddress.
#define TOPIC L"MmReserved"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, MmAllocateMappingAddress, SIZE_T, ULONG);
IMPORT(void, MmFreeMappingAddress, PVOID, ULONG);
IMPORT(PVOID, MmMapLockedPagesWithReservedMapping, PVOID, ULONG, PMDL, MEMORY_CACHING_TYPE);
IMPORT(void, MmUnmapReservedMapping, PVOID, ULONG, PMDL);

#define TAG 'veRs'

static void checks(void) {
    PUCHAR range = import_MmAllocateMappingAddress(3 * PAGE_SIZE, TAG);
    PUCHAR other = import_MmAllocateMappingAddress(1, TAG);
    PUCHAR block = ExAllocatePoolWithTag(PagedPool, 6 * PAGE_SIZE, TAG);
    PMDL mdl = IoAllocateMdl(block + 100, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    PMDL large = IoAllocateMdl(block, 4 * PAGE_SIZE, FALSE, FALSE, NULL);
    CHECK(range && other && range != other, "MmAllocateMappingAddress reserves different ranges");
    if (!range || !other || !block || !mdl || !large) return;
    CHECK(!MmIsAddressValid(range), "the range cannot be accessed until it is mapped");
    CHECK(!import_MmMapLockedPagesWithReservedMapping(range, TAG, mdl, MmCached),
          "NULL: the MDL does not describe locked pages");
    MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
    MmProbeAndLockPages(large, KernelMode, IoModifyAccess);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    PUCHAR mapped = import_MmMapLockedPagesWithReservedMapping(range, TAG, mdl, MmCached);
    if (mapped) mapped[0] = 1, mapped[2 * PAGE_SIZE - 1] = 2;
    KeLowerIrql(old);
    CHECK(mapped == range + (mdl->ByteOffset), "the mapping is at the range, with the MDL's byte offset");
    CHECK(mdl->MappedSystemVa == range && (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA),
          "MappedSystemVa does not include the byte offset");
    CHECK(block[100] == 1 && block[100 + 2 * PAGE_SIZE - 1] == 2, "it is the same memory");
    CHECK(MmGetPhysicalAddress(mapped).QuadPart == MmGetPhysicalAddress(block + 100).QuadPart,
          "and the same pages");
    CHECK(!import_MmMapLockedPagesWithReservedMapping(other, TAG, large, MmCached),
          "NULL: the range is not large enough to span the MDL");
    import_MmUnmapReservedMapping(range, TAG, mdl);
    CHECK(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && !MmIsAddressValid(range),
          "MmUnmapReservedMapping unmaps");
    BOOLEAN again = TRUE;
    for (UCHAR i = 0; i < 10; ++i) {
        mapped = import_MmMapLockedPagesWithReservedMapping(range, TAG, mdl, MmCached);
        if (mapped) mapped[PAGE_SIZE] = i;
        again &= mapped == range + mdl->ByteOffset && block[100 + PAGE_SIZE] == i;
        import_MmUnmapReservedMapping(range, TAG, mdl);
    }
    CHECK(again, "the caller can map and unmap as needed, at the same place");
    MmUnlockPages(mdl);
    MmUnlockPages(large);
    IoFreeMdl(mdl);
    IoFreeMdl(large);
    import_MmFreeMappingAddress(range, TAG);
    import_MmFreeMappingAddress(other, TAG);
    PUCHAR reused = import_MmAllocateMappingAddress(3 * PAGE_SIZE, TAG);
    CHECK(reused != NULL, "what was freed can be reserved again");
    if (reused) import_MmFreeMappingAddress(reused, TAG);
    ExFreePoolWithTag(block, TAG);
}
