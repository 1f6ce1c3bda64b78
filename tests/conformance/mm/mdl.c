// Locked pages and their mappings, addresses: nf-wdm-mmprobeandlockpages, nf-wdm-mmmaplockedpages,
// nf-wdm-mmprotectmdlsystemaddress, nf-wdm-mmallocatepagesformdl(ex), nf-wdm-iobuildpartialmdl,
// nf-wdm-mmadvancemdl, nf-wdm-mmallocatenodepagesformdlex,
// nf-wdm-probeforread, nf-ntddk-mmisaddressvalid, nf-wdm-mmgetsystemroutineaddress.
#define TOPIC L"MmMdl"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(SIZE_T, MmSizeOfMdl, PVOID, SIZE_T);
IMPORT(PMDL, MmCreateMdl, PMDL, PVOID, SIZE_T);
IMPORT(NTSTATUS, MmProtectMdlSystemAddress, PMDL, ULONG);
IMPORT(NTSTATUS, MmAdvanceMdl, PMDL, ULONG);
IMPORT(PMDL, MmAllocateNodePagesForMdlEx, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, SIZE_T,
       MEMORY_CACHING_TYPE, ULONG, ULONG);
IMPORT(PVOID, MmGetVirtualForPhysical, PHYSICAL_ADDRESS);
IMPORT(PVOID, MmMapLockedPages, PMDL, KPROCESSOR_MODE);
IMPORT(BOOLEAN, MmIsAddressValid, PVOID);
IMPORT(VOID, MmProbeAndLockSelectedPages, PMDL, PFILE_SEGMENT_ELEMENT, KPROCESSOR_MODE, LOCK_OPERATION);
IMPORT_DATA(ULONG_PTR, MmUserProbeAddress);
IMPORT_DATA(PVOID, MmHighestUserAddress);
IMPORT_DATA(PVOID, MmSystemRangeStart);

#define TAG 'tseT'

static PVOID user_pages(SIZE_T size, ULONG protection) {
    PVOID base = NULL;
    return NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_COMMIT | MEM_RESERVE,
                                              protection))
               ? base
               : NULL;
}
static void free_user(PVOID base) {
    SIZE_T size = 0;
    ZwFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE);
}

static NTSTATUS lock(PMDL mdl, KPROCESSOR_MODE mode, LOCK_OPERATION operation) {
    __try {
        MmProbeAndLockPages(mdl, mode, operation);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
static NTSTATUS lock_range(PVOID base, ULONG size, KPROCESSOR_MODE mode, LOCK_OPERATION operation) {
    PMDL mdl = IoAllocateMdl(base, size, FALSE, FALSE, NULL);
    NTSTATUS status = lock(mdl, mode, operation);
    if (NT_SUCCESS(status)) MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    return status;
}

static void locking(void) {
    PUCHAR user = user_pages(3 * PAGE_SIZE, PAGE_READWRITE), fixed = user_pages(PAGE_SIZE, PAGE_READONLY);
    if (!user || !fixed) {
        CHECK(FALSE, "memory of the current process");
        return;
    }
    PMDL mdl = IoAllocateMdl(user + 100, PAGE_SIZE, FALSE, FALSE, NULL),
         second = IoAllocateMdl(user + 100, 50, FALSE, FALSE, NULL);
    user[100] = 7;
    CHECK(!(mdl->MdlFlags & MDL_PAGES_LOCKED) && lock(mdl, UserMode, IoWriteAccess) == STATUS_SUCCESS &&
              (mdl->MdlFlags & MDL_PAGES_LOCKED),
          "MmProbeAndLockPages sets the locked state");
    CHECK(mdl->Process == PsGetCurrentProcess(), "for the current process");
    CHECK(MmGetMdlPfnArray(mdl)[0] == (PFN_NUMBER)(MmGetPhysicalAddress(user).QuadPart >> PAGE_SHIFT) &&
              MmGetMdlPfnArray(mdl)[1] ==
                  (PFN_NUMBER)(MmGetPhysicalAddress(user + PAGE_SIZE).QuadPart >> PAGE_SHIFT),
          "it fills in the page frames");
    CHECK(lock(second, UserMode, IoReadAccess) == STATUS_SUCCESS,
          "a page can be locked by more than one MDL");
    PUCHAR system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    CHECK(system && system[0] == 7 && (ULONG_PTR)system % PAGE_SIZE == 100,
          "a mapping shows the same memory at the same offset");
    if (system) system[1] = 8;
    CHECK(user[101] == 8 && (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA), "for writing too");
    MmUnlockPages(mdl);
    CHECK(!(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)),
          "MmUnlockPages releases the mapping and the lock");
    MmUnlockPages(second);
    IoFreeMdl(mdl);
    IoFreeMdl(second);
    CHECK(lock_range(fixed, 100, UserMode, IoReadAccess) == STATUS_SUCCESS,
          "pages that can be read are locked for IoReadAccess");
    CHECK(lock_range(fixed, 100, UserMode, IoWriteAccess) == STATUS_ACCESS_VIOLATION &&
              lock_range(fixed, 100, UserMode, IoModifyAccess) == STATUS_ACCESS_VIOLATION,
          "but not for IoWriteAccess or IoModifyAccess: STATUS_ACCESS_VIOLATION");
    CHECK(lock_range(user, 4 * PAGE_SIZE, UserMode, IoReadAccess) == STATUS_ACCESS_VIOLATION,
          "a range that is not there to its end: STATUS_ACCESS_VIOLATION");
    PVOID kernel = ExAllocatePoolWithTag(NonPagedPool, 64, TAG);
    CHECK(lock_range(kernel, 64, UserMode, IoReadAccess) == STATUS_ACCESS_VIOLATION,
          "a kernel address with AccessMode UserMode: STATUS_ACCESS_VIOLATION");
    CHECK(lock_range(kernel, 64, KernelMode, IoReadAccess) == STATUS_SUCCESS,
          "with KernelMode it is allowed");
    ExFreePoolWithTag(kernel, TAG);
    free_user(user);
    free_user(fixed);
}

static void mapping(void) {
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPool, 2 * PAGE_SIZE, TAG);
    PMDL mdl = IoAllocateMdl(block + 16, 200, FALSE, FALSE, NULL),
         part = IoAllocateMdl(block + 16, 200, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == block + 16,
          "nonpaged pool is mapped already");
    IoBuildPartialMdl(mdl, part, block + 66, 0);
    CHECK(MmGetMdlByteCount(part) == 150 &&
              MmGetSystemAddressForMdlSafe(part, NormalPagePriority) == block + 66,
          "IoBuildPartialMdl with length zero: the remaining range; it shares the mapping");
    IoFreeMdl(part);
    IoFreeMdl(mdl);

    mdl = IoAllocateMdl(block, PAGE_SIZE, FALSE, FALSE, NULL);
    lock(mdl, KernelMode, IoWriteAccess);
    CHECK(import_MmProtectMdlSystemAddress(mdl, PAGE_READONLY) == STATUS_NOT_MAPPED_VIEW,
          "MmProtectMdlSystemAddress: STATUS_NOT_MAPPED_VIEW");
    PUCHAR system = import_MmMapLockedPages(mdl, KernelMode);
    block[5] = 0x51;
    CHECK(system && system != block && system[5] == 0x51, "MmMapLockedPages");
    CHECK(import_MmProtectMdlSystemAddress(mdl, 0x12345) == STATUS_INVALID_PAGE_PROTECTION,
          "STATUS_INVALID_PAGE_PROTECTION");
    CHECK(import_MmProtectMdlSystemAddress(mdl, PAGE_READONLY) == STATUS_SUCCESS && system[5] == 0x51 &&
              import_MmProtectMdlSystemAddress(mdl, PAGE_READWRITE) == STATUS_SUCCESS,
          "it changes the protection");
    system[6] = 0x52;
    CHECK(block[6] == 0x52, "and back");
    MmUnmapLockedPages(system, mdl);
    CHECK(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && (mdl->MdlFlags & MDL_PAGES_LOCKED),
          "MmUnmapLockedPages releases the mapping only");
    PUCHAR user = NULL;
    __try {
        user = import_MmMapLockedPages(mdl, UserMode);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(user && (ULONG_PTR)user < *import_MmUserProbeAddress && user[6] == 0x52,
          "a mapping in the user half of the current process");
    if (user) MmUnmapLockedPages(user, mdl);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    ExFreePoolWithTag(block, TAG);
}

static NTSTATUS write_to(volatile UCHAR* at) {
    __try {
        *at = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

// nf-wdm-ioallocatemdl, nf-wdm-mmmaplockedpagesspecifycache.
static void more(void) {
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!block || !irp) return;
    PMDL a = IoAllocateMdl(block, 100, FALSE, FALSE, irp),
         b = IoAllocateMdl(block + 100, 100, TRUE, FALSE, irp),
         c = IoAllocateMdl(block + 200, 100, TRUE, FALSE, irp);
    CHECK(irp->MdlAddress == a && a->Next == b && b->Next == c && !c->Next,
          "IoAllocateMdl: the first of a request, and secondary buffers at the end of the chain");
    PMDL d = IoAllocateMdl(block + 300, 50, FALSE, FALSE, irp);
    CHECK(irp->MdlAddress == d, "without SecondaryBuffer it updates MdlAddress");
    irp->MdlAddress = NULL;
    IoFreeIrp(irp);
    IoFreeMdl(a);
    IoFreeMdl(b);
    IoFreeMdl(c);
    IoFreeMdl(d);
    CHECK(!IoAllocateMdl(block, 0xfffff001, FALSE, FALSE, NULL), "NULL beyond 4 gigabytes - PAGE_SIZE");

    PMDL mdl = IoAllocateMdl(block, PAGE_SIZE, FALSE, FALSE, NULL);
    lock(mdl, KernelMode, IoWriteAccess);
    PUCHAR user = NULL, fixed = NULL;
    __try {
        fixed = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE,
                                             NormalPagePriority | 0x80000000);
        user = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(user && write_to(user) == STATUS_SUCCESS && block[0] == 1,
          "a mapping for user mode can be written");
    CHECK(fixed && fixed != user && write_to(fixed) == STATUS_ACCESS_VIOLATION && fixed[0] == 1,
          "with MdlMappingNoWrite it can only be read");
    if (user) MmUnmapLockedPages(user, mdl);
    if (fixed) MmUnmapLockedPages(fixed, mdl);
    PVOID taken = user_pages(PAGE_SIZE, PAGE_READWRITE);
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, taken, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status != STATUS_SUCCESS, "in user mode a failure is an exception: an address that is taken");
    free_user(taken);
    MmUnlockPages(mdl);

    // A partial MDL has its own mapping if the source has none.
    lock(mdl, KernelMode, IoWriteAccess);
    PMDL part = IoAllocateMdl(block + 64, 64, FALSE, FALSE, NULL);
    IoBuildPartialMdl(mdl, part, block + 64, 64);
    PUCHAR at = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
    block[64] = 0x99;
    CHECK(at && at[0] == 0x99 && !(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA),
          "a partial MDL is mapped without its source");
    IoFreeMdl(part);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    ExFreePoolWithTag(block, TAG);
}

static void pages(void) {
    PHYSICAL_ADDRESS low = {.QuadPart = 0}, high = {.QuadPart = -1}, none = {.QuadPart = 0};
    PMDL mdl = MmAllocatePagesForMdl(low, high, none, 3 * PAGE_SIZE);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 3 * PAGE_SIZE, "MmAllocatePagesForMdl");
    if (mdl) {
        PUCHAR at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
        BOOLEAN zero = at != NULL;
        for (ULONG i = 0; at && i < 3 * PAGE_SIZE; ++i)
            zero &= at[i] == 0;
        CHECK(zero, "the pages are filled with zeros");
        if (at) MmUnmapLockedPages(at, mdl);
        MmFreePagesFromMdl(mdl);
        ExFreePool(mdl);
    }
    low.QuadPart = 1ll << 50, high.QuadPart = (1ll << 50) + 0xfffff;
    CHECK(!MmAllocatePagesForMdl(low, high, none, PAGE_SIZE), "NULL: no physical pages in the address range");
    KIRQL old;
    low.QuadPart = 0, high.QuadPart = -1;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    mdl = MmAllocatePagesForMdl(low, high, none, PAGE_SIZE);
    if (mdl) {
        MmFreePagesFromMdl(mdl);
        ExFreePool(mdl);
    }
    KeLowerIrql(old);
    CHECK(mdl != NULL, "also at DISPATCH_LEVEL");
}

static void free_pages(PMDL mdl) {
    if (!mdl) return;
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}

// nf-wdm-mmallocatepagesformdlex: its flags.
static void chunks(void) {
    enum { chunks_wanted = 0x20, fully = 0x4, fast_large = 0x40, hot_remove = 0x100, node_only = 0x2 };
    PHYSICAL_ADDRESS low = {.QuadPart = 0}, high = {.QuadPart = -1}, none = {.QuadPart = 0};
    PHYSICAL_ADDRESS skip = {.QuadPart = 16 * PAGE_SIZE}, odd = {.QuadPart = 3 * PAGE_SIZE};
    PMDL single = MmAllocatePagesForMdlEx(low, high, none, PAGE_SIZE, MmCached, 0);
    PMDL mdl = MmAllocatePagesForMdlEx(low, high, skip, 64 * PAGE_SIZE, MmCached, chunks_wanted);
    BOOLEAN right = mdl != NULL;
    for (ULONG i = 0; mdl && i < MmGetMdlByteCount(mdl) / PAGE_SIZE; ++i) {
        PFN_NUMBER first = MmGetMdlPfnArray(mdl)[i & ~15];
        right &= first % 16 == 0 && MmGetMdlPfnArray(mdl)[i] == first + i % 16;
    }
    CHECK(right, "contiguous chunks are SkipBytes long and aligned on a SkipBytes boundary");
    free_pages(mdl);
    free_pages(single);
    CHECK(!MmAllocatePagesForMdlEx(low, high, skip, 24 * PAGE_SIZE, MmCached, chunks_wanted),
          "TotalBytes must be a multiple of SkipBytes");
    CHECK(!MmAllocatePagesForMdlEx(low, high, odd, 6 * PAGE_SIZE, MmCached, chunks_wanted),
          "which must be a power of two");
    mdl = MmAllocatePagesForMdlEx(low, high, none, 24 * PAGE_SIZE, MmCached, chunks_wanted);
    right = mdl && MmGetMdlByteCount(mdl) == 24 * PAGE_SIZE;
    for (ULONG i = 0; right && i < 24; ++i)
        right = MmGetMdlPfnArray(mdl)[i] == MmGetMdlPfnArray(mdl)[0] + i;
    CHECK(right, "SkipBytes of zero: a single, contiguous block");
    free_pages(mdl);
    CHECK(!MmAllocatePagesForMdlEx(low, high, none, PAGE_SIZE, MmCached, fast_large),
          "MM_ALLOCATE_FAST_LARGE_PAGES must be used with MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS");
    CHECK(!MmAllocatePagesForMdlEx(low, high, none, PAGE_SIZE, MmCached, hot_remove | fully),
          "MM_ALLOCATE_AND_HOT_REMOVE cannot be specified together with MM_ALLOCATE_FULLY_REQUIRED");
    mdl = import_MmAllocateNodePagesForMdlEx(low, high, none, 2 * PAGE_SIZE, MmCached, 0, node_only);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 2 * PAGE_SIZE, "MmAllocateNodePagesForMdlEx: there is node 0");
    free_pages(mdl);
    CHECK(!import_MmAllocateNodePagesForMdlEx(low, high, none, PAGE_SIZE, MmCached, 1, 0), "and no other");
}

// A partial MDL of a buffer whose MDL is larger than MDL.Size can say.
static void large_part(void) {
    PHYSICAL_ADDRESS low = {.QuadPart = 0}, high = {.QuadPart = -1}, none = {.QuadPart = 0};
    PMDL whole = MmAllocatePagesForMdl(low, high, none, 9000 * PAGE_SIZE);
    if (!whole || MmGetMdlByteCount(whole) != 9000 * PAGE_SIZE) {
        CHECK(FALSE, "36 MB of pages");
        free_pages(whole);
        return;
    }
    PMDL part = IoAllocateMdl(MmGetMdlVirtualAddress(whole), 9000 * PAGE_SIZE, FALSE, FALSE, NULL);
    for (ULONG pages = 8900; part && pages; pages = pages > 100 ? 100 : 0) {
        IoBuildPartialMdl(whole, part, (PUCHAR)MmGetMdlVirtualAddress(whole) + PAGE_SIZE, pages * PAGE_SIZE);
        CHECK(MmGetMdlByteCount(part) == pages * PAGE_SIZE &&
                  MmGetMdlPfnArray(part)[pages - 1] == MmGetMdlPfnArray(whole)[pages],
              "IoBuildPartialMdl: a target that is large enough");
        MmPrepareMdlForReuse(part);
    }
    if (part) {
        IoBuildPartialMdl(whole, part, MmGetMdlVirtualAddress(whole), 0);
        CHECK(MmGetMdlByteCount(part) == 9000 * PAGE_SIZE, "it is still, after it has described less");
        IoFreeMdl(part);
    }
    free_pages(whole);
}

static void advancing(void) {
    PUCHAR user = user_pages(4 * PAGE_SIZE, PAGE_READWRITE);
    if (!user) return;
    PMDL mdl = IoAllocateMdl(user + 0x800, 3 * PAGE_SIZE, FALSE, FALSE, NULL);
    lock(mdl, UserMode, IoWriteAccess);
    PUCHAR system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    PFN_NUMBER second = MmGetMdlPfnArray(mdl)[1];
    user[0x800 + 0x900] = 0x77;
    CHECK(import_MmAdvanceMdl(mdl, 3 * PAGE_SIZE + 1) == STATUS_INVALID_PARAMETER_2 &&
              MmGetMdlByteCount(mdl) == 3 * PAGE_SIZE,
          "MmAdvanceMdl past the end: STATUS_INVALID_PARAMETER_2");
    CHECK(import_MmAdvanceMdl(mdl, 0x900) == STATUS_SUCCESS &&
              MmGetMdlVirtualAddress(mdl) == user + 0x800 + 0x900 &&
              MmGetMdlByteCount(mdl) == 3 * PAGE_SIZE - 0x900 && MmGetMdlPfnArray(mdl)[0] == second,
          "it advances the beginning, and the length is shrunk accordingly");
    PUCHAR moved = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    CHECK(moved && moved == system + 0x900 && *moved == 0x77, "the system address is adjusted");
    CHECK(import_MmAdvanceMdl(mdl, MmGetMdlByteCount(mdl)) == STATUS_SUCCESS && !MmGetMdlByteCount(mdl),
          "to the very end");
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    free_user(user);
}

static void headers(void) {
    ULONG room[64];
    PMDL mdl = (PMDL)room;
    CHECK(import_MmSizeOfMdl((PVOID)0x1ff0, 0x20) == sizeof(MDL) + 2 * sizeof(PFN_NUMBER) &&
              import_MmSizeOfMdl((PVOID)0x1000, 0x1000) == sizeof(MDL) + sizeof(PFN_NUMBER),
          "MmSizeOfMdl: an MDL and a page frame for each page that is touched");
    CHECK(import_MmCreateMdl(mdl, (PVOID)0x1ff0, 0x20) == mdl && mdl->ByteCount == 0x20 &&
              mdl->ByteOffset == 0xff0 && mdl->StartVa == (PVOID)0x1000 && !mdl->Next,
          "MmCreateMdl in the caller's memory");
    mdl = import_MmCreateMdl(NULL, (PVOID)0x1000, 16);
    CHECK(mdl && mdl->ByteCount == 16, "or in memory of its own");
    if (mdl) ExFreePool(mdl);
}

static NTSTATUS probe(PVOID at, SIZE_T size, ULONG alignment, BOOLEAN write) {
    __try {
        if (write)
            ProbeForWrite(at, size, alignment);
        else
            ProbeForRead(at, size, alignment);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static void probing(void) {
    PUCHAR user = user_pages(PAGE_SIZE, PAGE_READWRITE), fixed = user_pages(PAGE_SIZE, PAGE_READONLY);
    CHECK(probe(user + 4, 32, 4, FALSE) == STATUS_SUCCESS && probe(user + 4, 32, 4, TRUE) == STATUS_SUCCESS,
          "ProbeForRead, ProbeForWrite: user memory");
    CHECK(probe(user + 2, 32, 4, FALSE) == STATUS_DATATYPE_MISALIGNMENT &&
              probe(user + 2, 32, 4, TRUE) == STATUS_DATATYPE_MISALIGNMENT,
          "not aligned: STATUS_DATATYPE_MISALIGNMENT");
    CHECK(probe(this_driver, 8, 1, FALSE) == STATUS_ACCESS_VIOLATION &&
              probe(this_driver, 8, 1, TRUE) == STATUS_ACCESS_VIOLATION,
          "a kernel address: STATUS_ACCESS_VIOLATION");
    CHECK(probe(user, (SIZE_T)1 << 62, 1, FALSE) == STATUS_ACCESS_VIOLATION &&
              probe(user, ~(SIZE_T)0, 1, FALSE) == STATUS_ACCESS_VIOLATION,
          "a range that leaves the user half, or wraps: STATUS_ACCESS_VIOLATION");
    CHECK(probe(this_driver, 0, 1, FALSE) == STATUS_SUCCESS &&
              probe(this_driver, 0, 1, TRUE) == STATUS_SUCCESS,
          "a length of zero: no check");
    CHECK(probe(fixed, 8, 1, TRUE) == STATUS_ACCESS_VIOLATION && probe(fixed, 8, 1, FALSE) == STATUS_SUCCESS,
          "ProbeForWrite wants memory that can be written");
    free_user(user);
    free_user(fixed);
}

static void addresses(void) {
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);
    UNICODE_STRING name;
    CHECK(import_MmIsAddressValid(block) && !import_MmIsAddressValid(NULL) &&
              !import_MmIsAddressValid((PVOID)0x10),
          "MmIsAddressValid");
    CHECK(import_MmGetVirtualForPhysical(MmGetPhysicalAddress(block + 3)) != NULL &&
              *(PUCHAR)import_MmGetVirtualForPhysical(MmGetPhysicalAddress(block + 3)) == block[3],
          "MmGetVirtualForPhysical leads to the same memory");
    ExFreePoolWithTag(block, TAG);
    CHECK(*import_MmUserProbeAddress <= (ULONG_PTR)*import_MmSystemRangeStart &&
              (ULONG_PTR)*import_MmHighestUserAddress < *import_MmUserProbeAddress,
          "MmHighestUserAddress < MmUserProbeAddress <= MmSystemRangeStart");
    CHECK((ULONG_PTR)this_driver >= (ULONG_PTR)*import_MmSystemRangeStart, "drivers are above");
    RtlInitUnicodeString(&name, L"KeSetEvent");
    CHECK(MmGetSystemRoutineAddress(&name) != NULL, "MmGetSystemRoutineAddress: an export of the kernel");
    RtlInitUnicodeString(&name, L"MmIsAddressValid");
    CHECK(MmGetSystemRoutineAddress(&name) == (PVOID)import_MmIsAddressValid,
          "it is the address that imports have");
    RtlInitUnicodeString(&name, L"KeNoSuchRoutine");
    CHECK(MmGetSystemRoutineAddress(&name) == NULL, "NULL if the name cannot be resolved");
}

static NTSTATUS lock_selected(PMDL mdl, PFILE_SEGMENT_ELEMENT list, KPROCESSOR_MODE mode) {
    __try {
        import_MmProbeAndLockSelectedPages(mdl, list, mode, IoWriteAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

// nf-wdm-mmprobeandlockselectedpages
static void selected(void) {
    PUCHAR user = user_pages(4 * PAGE_SIZE, PAGE_READWRITE), fixed = user_pages(PAGE_SIZE, PAGE_READONLY);
    FILE_SEGMENT_ELEMENT list[3] = {{0}};
    PMDL mdl = IoAllocateMdl(user + 2 * PAGE_SIZE, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    list[0].Buffer = user + 2 * PAGE_SIZE;
    list[1].Buffer = user;
    user[2 * PAGE_SIZE] = 2, user[0] = 5;
    CHECK(lock_selected(mdl, list, UserMode) == STATUS_SUCCESS && (mdl->MdlFlags & MDL_PAGES_LOCKED),
          "MmProbeAndLockSelectedPages locks");
    PUCHAR seen = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    CHECK(seen && seen[0] == 2 && seen[PAGE_SIZE] == 5, "the MDL is updated to describe the selected pages");
    if (seen) seen[PAGE_SIZE + 1] = 9;
    CHECK(user[1] == 9 && user[PAGE_SIZE + 1] == 0, "and no others");
    MmUnlockPages(mdl);
    list[1].Buffer = fixed;
    CHECK(lock_selected(mdl, list, UserMode) == STATUS_ACCESS_VIOLATION &&
              !(mdl->MdlFlags & MDL_PAGES_LOCKED),
          "pages that do not support the operation: STATUS_ACCESS_VIOLATION, and nothing is locked");
    list[1].Buffer = (PVOID)mdl;
    CHECK(lock_selected(mdl, list, UserMode) == STATUS_ACCESS_VIOLATION, "UserMode: no system address");
    IoFreeMdl(mdl);
    free_user(user);
    free_user(fixed);
}

// "a user address that is valid in the context of the process in which the driver is running": System, too.
static VOID NTAPI map_in_system(PVOID context) {
    PMDL mdl = context;
    volatile UCHAR *user = NULL, *block = MmGetMdlVirtualAddress(mdl);
    __try {
        user = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(user != NULL, "a system thread maps pages for user mode in the System process");
    block[0] = 0x61;
    CHECK(user && write_to((PUCHAR)user) == STATUS_SUCCESS && block[0] == 1, "and uses them there");
    if (user) MmUnmapLockedPages((PVOID)user, mdl);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void in_system(void) {
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);
    PMDL mdl = block ? IoAllocateMdl(block, PAGE_SIZE, FALSE, FALSE, NULL) : NULL;
    HANDLE thread;
    if (!mdl) return;
    MmBuildMdlForNonPagedPool(mdl);
    NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, map_in_system, mdl);
    CHECK(status == STATUS_SUCCESS, "PsCreateSystemThread without a process");
    if (status == STATUS_SUCCESS) {
        ZwWaitForSingleObject(thread, FALSE, NULL);
        ZwClose(thread);
    }
    IoFreeMdl(mdl);
    ExFreePoolWithTag(block, TAG);
}

static void checks(void) {
    in_system();
    locking();
    selected();
    mapping();
    more();
    pages();
    chunks();
    large_part();
    advancing();
    headers();
    probing();
    addresses();
}
