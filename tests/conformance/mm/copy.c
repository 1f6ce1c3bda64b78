// nf-ntddk-mmcopymemory; nf-wdm-mmquerysystemsize, nf-wdm-mmisdriververifying and kin.
#define TOPIC L"MmCopy"
#include "../common/driver.h"

#include "../common/import.h"

#define PHYSICAL 1
#define VIRTUAL 2
IMPORT(NTSTATUS, MmCopyMemory, PVOID, ULONG_PTR, SIZE_T, ULONG, PSIZE_T);
IMPORT(ULONG, MmQuerySystemSize, void);
IMPORT(BOOLEAN, MmIsThisAnNtAsSystem, void);
IMPORT(ULONG, MmIsDriverVerifying, PDRIVER_OBJECT);
IMPORT(ULONG, MmIsDriverVerifyingByAddress, PVOID);
IMPORT(ULONG, MmIsDriverSuspectForVerifier, PDRIVER_OBJECT);
IMPORT(PHYSICAL_ADDRESS, MmGetPhysicalAddress, PVOID);
IMPORT(PVOID, PsGetProcessPeb, PVOID);

static UCHAR source[3 * PAGE_SIZE], target[3 * PAGE_SIZE];

static BOOLEAN same(const UCHAR* a, const UCHAR* b, SIZE_T n) { return RtlCompareMemory(a, b, n) == n; }

static void copies(void) {
    SIZE_T done = 0;
    for (ULONG i = 0; i < sizeof source; ++i)
        source[i] = (UCHAR)(i * 7 + i / 251);
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)source + 5, sizeof source - 5, VIRTUAL, &done) ==
                  STATUS_SUCCESS &&
              done == sizeof source - 5 && same(target, source + 5, done),
          "MM_COPY_MEMORY_VIRTUAL: the whole range");
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)import_MmGetPhysicalAddress(source).QuadPart, 100, PHYSICAL,
                              &done) == STATUS_SUCCESS &&
              done == 100 && same(target, source, 100),
          "MM_COPY_MEMORY_PHYSICAL");
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)source, 0, VIRTUAL, &done) == STATUS_SUCCESS && done == 0,
          "nothing to copy");
    PUCHAR peb = import_PsGetProcessPeb(PsGetCurrentProcess());
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)peb, 64, VIRTUAL, &done) == STATUS_SUCCESS && done == 64 &&
              same(target, peb, 64),
          "a buffer in the user address space of the current process");
    PUCHAR paged = ExAllocatePoolWithTag(PagedPool, 200, 'tseT');
    RtlFillMemory(paged, 200, 0x5a);
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)paged, 200, VIRTUAL, &done) == STATUS_SUCCESS &&
              target[199] == 0x5a,
          "pageable memory");
    ExFreePoolWithTag(paged, 'tseT');
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    NTSTATUS status = import_MmCopyMemory(target, (ULONG_PTR)source, 8, VIRTUAL, &done);
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS && done == 8, "at APC_LEVEL");
}

static void errors(void) {
    SIZE_T done = 77;
    CHECK(import_MmCopyMemory(target, (ULONG_PTR)source, 8, 0, &done) == STATUS_INVALID_PARAMETER_4 &&
              done == 0 &&
              import_MmCopyMemory(target, (ULONG_PTR)source, 8, 3, &done) == STATUS_INVALID_PARAMETER_4 &&
              import_MmCopyMemory(target, (ULONG_PTR)source, 8, 4, &done) == STATUS_INVALID_PARAMETER_4,
          "the caller must set one or the other flag, but not both");
    done = 77;
    CHECK(!NT_SUCCESS(import_MmCopyMemory(target, 0xffff900000000000, 8, VIRTUAL, &done)) && done == 0,
          "an invalid system address: an error, no crash");
    done = 77;
    CHECK(!NT_SUCCESS(import_MmCopyMemory(target, 0x10, 8, VIRTUAL, &done)) && done == 0,
          "an invalid user address");
    // "inspect the output value … to determine how many bytes were actually copied"
    PHYSICAL_ADDRESS where = {.QuadPart = 0xfee00000};
    done = 77;
    CHECK(!NT_SUCCESS(import_MmCopyMemory(target, (ULONG_PTR)where.QuadPart, 8, PHYSICAL, &done)) &&
              done == 0,
          "physical addresses of I/O space: an error");
    PVOID registers = MmMapIoSpace(where, PAGE_SIZE, MmNonCached);
    CHECK(registers && !NT_SUCCESS(import_MmCopyMemory(target, (ULONG_PTR)registers, 8, VIRTUAL, &done)) &&
              done == 0,
          "and so are virtual addresses of it");
    if (registers) MmUnmapIoSpace(registers, PAGE_SIZE);
    PMDL mdl = IoAllocateMdl(source, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    PUCHAR reserved = MmAllocateMappingAddress(8 * PAGE_SIZE, 'tseT');
    PUCHAR mapped = reserved ? MmMapLockedPagesWithReservedMapping(reserved, 'tseT', mdl, MmCached) : NULL;
    if (mapped) {
        PUCHAR end =
            (PUCHAR)(((ULONG_PTR)mapped + 2 * PAGE_SIZE + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1));
        CHECK(import_MmCopyMemory(target, (ULONG_PTR)end - 10, 20, VIRTUAL, &done) != STATUS_SUCCESS &&
                  done == 10,
              "NumberOfBytesTransferred: what lies before the missing page");
        MmUnmapReservedMapping(reserved, 'tseT', mdl);
    }
    if (reserved) MmFreeMappingAddress(reserved, 'tseT');
    IoFreeMdl(mdl);
}

static void checks(void) {
    copies();
    errors();
    CHECK(import_MmQuerySystemSize() <= 2, "MmSmallSystem, MmMediumSystem or MmLargeSystem");
    CHECK(!import_MmIsThisAnNtAsSystem(), "a workstation");
    CHECK(import_MmIsDriverVerifying(this_driver) == import_MmIsDriverSuspectForVerifier(this_driver) &&
              import_MmIsDriverVerifying(this_driver) == import_MmIsDriverVerifyingByAddress((PVOID)checks) &&
              !import_MmIsDriverVerifyingByAddress((PVOID)0x1000),
          "MmIsDriverVerifying, by address, and MmIsDriverSuspectForVerifier agree");
}
