// Pool quota of processes: nf-wdm-exallocatepoolwithquotatag, nf-wdm-exallocatepool2, kernel page pool_flags,
// nf-wdm-ioallocateirp, nf-ntifs-pschargepoolquota, nf-ntifs-psreturnpoolquota,
// nf-ntifs-fsrtlallocatepoolwithquotatag, Win32 pages of PROCESS_MEMORY_COUNTERS and QUOTA_LIMITS.
#define TOPIC L"ExQuota"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PVOID, ExAllocatePoolWithQuotaTag, ULONG, SIZE_T, ULONG);
IMPORT(PVOID, ExAllocatePoolWithQuota, ULONG, SIZE_T);
IMPORT(PVOID, FsRtlAllocatePoolWithQuotaTag, ULONG, SIZE_T, ULONG);
IMPORT(PVOID, ExAllocatePool2, ULONGLONG, SIZE_T, ULONG);
IMPORT(PIRP, IoAllocateIrpEx, PDEVICE_OBJECT, CCHAR, BOOLEAN);
IMPORT(void, PsChargePoolQuota, PEPROCESS, ULONG, ULONG_PTR);
IMPORT(void, PsReturnPoolQuota, PEPROCESS, ULONG, ULONG_PTR);
IMPORT(NTSTATUS, PsChargeProcessPoolQuota, PEPROCESS, ULONG, ULONG_PTR);
IMPORT(NTSTATUS, PsChargeProcessNonPagedPoolQuota, PEPROCESS, SIZE_T);
IMPORT(NTSTATUS, PsChargeProcessPagedPoolQuota, PEPROCESS, SIZE_T);
IMPORT(void, PsReturnProcessNonPagedPoolQuota, PEPROCESS, SIZE_T);
IMPORT(void, PsReturnProcessPagedPoolQuota, PEPROCESS, SIZE_T);
IMPORT(NTSTATUS, ZwQueryInformationProcess, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwSetInformationProcess, HANDLE, ULONG, PVOID, ULONG);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);

#define TAG 'touQ'
#define QUOTA_LIMITS_CLASS 1
#define VM_COUNTERS_CLASS 3
#define FAIL_INSTEAD_OF_RAISE 8 // POOL_QUOTA_FAIL_INSTEAD_OF_RAISE
#define USE_QUOTA 0x1           // POOL_FLAG_…
#define NON_PAGED 0x40
#define PAGED 0x100
#define RAISE_ON_FAILURE 0x20

typedef struct {
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, PeakPaged, Paged, PeakNonPaged, NonPaged, Pagefile,
        PeakPagefile;
} COUNTERS;
typedef struct {
    SIZE_T Paged, NonPaged, MinimumWorkingSet, MaximumWorkingSet, Pagefile;
    LARGE_INTEGER Time;
} LIMITS;

static COUNTERS counters(void) {
    COUNTERS c;
    RtlZeroMemory(&c, sizeof c);
    import_ZwQueryInformationProcess(NtCurrentProcess(), VM_COUNTERS_CLASS, &c, sizeof c, NULL);
    return c;
}
static LIMITS limits(void) {
    LIMITS l;
    RtlZeroMemory(&l, sizeof l);
    import_ZwQueryInformationProcess(NtCurrentProcess(), QUOTA_LIMITS_CLASS, &l, sizeof l, NULL);
    return l;
}
static NTSTATUS set_limits(SIZE_T paged, SIZE_T nonpaged) {
    LIMITS l;
    RtlZeroMemory(&l, sizeof l);
    l.Paged = paged, l.NonPaged = nonpaged;
    return import_ZwSetInformationProcess(NtCurrentProcess(), QUOTA_LIMITS_CLASS, &l, sizeof l);
}

static void* allocated;
static NTSTATUS raised_by(PVOID (*allocate)(void)) {
    allocated = NULL;
    __try {
        allocated = allocate();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
#define LARGE 0x10000
static PVOID with_quota_tag(void) { return import_ExAllocatePoolWithQuotaTag(PagedPool, LARGE, TAG); }
static PVOID with_quota(void) { return import_ExAllocatePoolWithQuota(PagedPool, LARGE); }
static PVOID quietly(void) {
    return import_ExAllocatePoolWithQuotaTag(PagedPool | FAIL_INSTEAD_OF_RAISE, LARGE, TAG);
}
static PVOID fs_rtl(void) { return import_FsRtlAllocatePoolWithQuotaTag(PagedPool, LARGE, TAG); }
static PVOID pool2(void) { return import_ExAllocatePool2(USE_QUOTA | PAGED, LARGE, TAG); }
static PVOID pool2_raise(void) {
    return import_ExAllocatePool2(USE_QUOTA | PAGED | RAISE_ON_FAILURE, LARGE, TAG);
}
static PVOID charge_directly(void) {
    import_PsChargePoolQuota(PsGetCurrentProcess(), PagedPool, LARGE);
    return NULL;
}
static PVOID return_too_much(void) {
    import_PsReturnPoolQuota(PsGetCurrentProcess(), PagedPool, (SIZE_T)1 << 40);
    return NULL;
}

static PVOID block_of_client;
static VOID NTAPI system_thread(PVOID context) {
    // The System process is not charged: its limits are not asked, nothing is counted.
    COUNTERS before = counters();
    PVOID block = import_ExAllocatePoolWithQuotaTag(PagedPool, 5000, TAG);
    COUNTERS after = counters();
    *(BOOLEAN*)context = block && after.Paged == before.Paged;
    if (block) ExFreePool(block);
    if (block_of_client) ExFreePool(block_of_client);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void charges(void) {
    COUNTERS before = counters(), after;
    PVOID block = import_ExAllocatePoolWithQuotaTag(PagedPool, 1000, TAG);
    after = counters();
    CHECK(block && after.Paged >= before.Paged + 1000 && after.PeakPaged >= after.Paged &&
              after.NonPaged == before.NonPaged,
          "ExAllocatePoolWithQuotaTag charges the quota against the current process");
    SIZE_T peak = after.PeakPaged;
    ExFreePoolWithTag(block, TAG);
    after = counters();
    CHECK(after.Paged == before.Paged && after.PeakPaged == peak, "freeing returns it; the peak stays");
    block = import_ExAllocatePoolWithQuotaTag(NonPagedPool, 3 * 4096, TAG);
    after = counters();
    CHECK(after.NonPaged >= before.NonPaged + 3 * 4096 && after.Paged == before.Paged, "nonpaged pool");
    ExFreePool(block);
    block = import_ExAllocatePoolWithQuota(PagedPool, 64);
    CHECK(counters().Paged >= before.Paged + 64, "ExAllocatePoolWithQuota");
    ExFreePool(block);
    block = import_FsRtlAllocatePoolWithQuotaTag(PagedPool, 64, TAG);
    CHECK(counters().Paged >= before.Paged + 64, "FsRtlAllocatePoolWithQuotaTag");
    ExFreePool(block);
    block = import_ExAllocatePool2(USE_QUOTA | NON_PAGED, 100, TAG);
    CHECK(counters().NonPaged >= before.NonPaged + 100 && *(char*)block == 0,
          "ExAllocatePool2 with POOL_FLAG_USE_QUOTA");
    ExFreePoolWithTag(block, TAG);
    block = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);
    after = counters();
    CHECK(after.NonPaged == before.NonPaged && after.Paged == before.Paged,
          "all of it is back; others charge nothing");
    ExFreePool(block);

    PIRP irp = IoAllocateIrp(3, TRUE);
    CHECK(irp && counters().NonPaged >= before.NonPaged + sizeof(IRP), "IoAllocateIrp with ChargeQuota");
    IoReuseIrp(irp, STATUS_SUCCESS);
    CHECK(counters().NonPaged > before.NonPaged, "an IRP that is used again stays charged");
    IoFreeIrp(irp);
    CHECK(counters().NonPaged == before.NonPaged, "until IoFreeIrp");
    irp = import_IoAllocateIrpEx(this_driver->DeviceObject, 60, TRUE);
    CHECK(irp && counters().NonPaged >= before.NonPaged + sizeof(IRP), "IoAllocateIrpEx with ChargeQuota");
    IoFreeIrp(irp);
    irp = IoAllocateIrp(3, FALSE);
    CHECK(counters().NonPaged == before.NonPaged, "without");
    IoFreeIrp(irp);

    static UCHAR buffer[40 * 4096];
    for (ULONG size = 100; size <= sizeof buffer; size += sizeof buffer - 100) {
        PMDL mdl = IoAllocateMdl(buffer, size, FALSE, TRUE, NULL);
        CHECK(mdl && counters().NonPaged >= before.NonPaged + sizeof(MDL), "IoAllocateMdl with ChargeQuota");
        IoFreeMdl(mdl);
        CHECK(counters().NonPaged == before.NonPaged, "until IoFreeMdl");
    }

    PEPROCESS self = PsGetCurrentProcess();
    import_PsChargePoolQuota(self, PagedPool, 12345);
    CHECK(counters().Paged == before.Paged + 12345, "PsChargePoolQuota");
    import_PsReturnPoolQuota(self, PagedPool, 12345);
    CHECK(counters().Paged == before.Paged, "PsReturnPoolQuota");
    CHECK(import_PsChargeProcessPoolQuota(self, NonPagedPool, 77) == STATUS_SUCCESS &&
              import_PsChargeProcessNonPagedPoolQuota(self, 700) == STATUS_SUCCESS &&
              import_PsChargeProcessPagedPoolQuota(self, 70) == STATUS_SUCCESS,
          "PsChargeProcess…PoolQuota");
    after = counters();
    CHECK(after.NonPaged == before.NonPaged + 777 && after.Paged == before.Paged + 70, "are counted");
    import_PsReturnProcessNonPagedPoolQuota(self, 777);
    import_PsReturnProcessPagedPoolQuota(self, 70);
    after = counters();
    CHECK(after.NonPaged == before.NonPaged && after.Paged == before.Paged, "PsReturnProcess…PoolQuota");
    CHECK(raised_by(return_too_much) == STATUS_QUOTA_EXCEEDED,
          "PsReturnPoolQuota of more than is charged raises STATUS_QUOTA_EXCEEDED");

    HANDLE event = NULL;
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    import_ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    CHECK(counters().NonPaged >= before.NonPaged + sizeof(KEVENT), "an object is charged to its process");
    ZwClose(event);
    CHECK(counters().NonPaged == before.NonPaged, "until it ends");

    // Somebody else frees what this process was charged for.
    HANDLE thread;
    PVOID object;
    BOOLEAN good = FALSE;
    block_of_client = import_ExAllocatePoolWithQuotaTag(PagedPool, 3000, TAG);
    if (NT_SUCCESS(
            PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, system_thread, &good))) {
        ObReferenceObjectByHandle(thread, SYNCHRONIZE, TYPE_OF(PsThreadType), KernelMode, &object, NULL);
        KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(object);
        ZwClose(thread);
    }
    CHECK(good, "the System process is not charged");
    CHECK(counters().Paged == before.Paged, "a block goes back to the process that was charged for it");
}

static void limited(void) {
    LIMITS first = limits();
    CHECK(first.Paged > (SIZE_T)1 << 40 && first.NonPaged > (SIZE_T)1 << 40, "there is no limit to speak of");
    CHECK(first.MinimumWorkingSet == 50 * 4096 && first.MaximumWorkingSet == 345 * 4096,
          "the default working set: 50 to 345 pages");
    COUNTERS now = counters();
    CHECK(set_limits(now.Paged + 4096, 0) == STATUS_SUCCESS && limits().Paged == now.Paged + 4096 &&
              limits().NonPaged == first.NonPaged,
          "ProcessQuotaLimits");
    CHECK(raised_by(with_quota_tag) == STATUS_QUOTA_EXCEEDED && !allocated,
          "ExAllocatePoolWithQuotaTag raises an exception: STATUS_QUOTA_EXCEEDED");
    CHECK(raised_by(with_quota) == STATUS_QUOTA_EXCEEDED, "so does ExAllocatePoolWithQuota");
    CHECK(raised_by(fs_rtl) == STATUS_QUOTA_EXCEEDED, "and FsRtlAllocatePoolWithQuotaTag");
    CHECK(raised_by(quietly) == STATUS_SUCCESS && !allocated, "NULL with POOL_QUOTA_FAIL_INSTEAD_OF_RAISE");
    CHECK(raised_by(pool2) == STATUS_SUCCESS && !allocated, "ExAllocatePool2 returns NULL");
    CHECK(raised_by(pool2_raise) == STATUS_QUOTA_EXCEEDED, "or raises with POOL_FLAG_RAISE_ON_FAILURE");
    CHECK(raised_by(charge_directly) == STATUS_QUOTA_EXCEEDED,
          "PsChargePoolQuota raises STATUS_QUOTA_EXCEEDED");
    CHECK(import_PsChargeProcessPagedPoolQuota(PsGetCurrentProcess(), LARGE) == STATUS_QUOTA_EXCEEDED,
          "PsChargeProcessPagedPoolQuota returns it");
    CHECK(counters().Paged == now.Paged, "quota is not charged then");
    PVOID block = ExAllocatePoolWithTag(PagedPool, LARGE, TAG);
    CHECK(block != NULL, "pool without quota has no limit");
    ExFreePool(block);
    block = import_ExAllocatePoolWithQuotaTag(PagedPool | FAIL_INSTEAD_OF_RAISE, 1000, TAG);
    CHECK(block != NULL, "what the limit allows is there");
    ExFreePool(block);
    CHECK(set_limits(first.Paged, now.NonPaged + 16) == STATUS_SUCCESS, "a limit of nonpaged pool");
    CHECK(IoAllocateIrp(2, TRUE) == NULL, "IoAllocateIrp returns NULL");
    PIRP irp = IoAllocateIrp(2, FALSE);
    CHECK(irp != NULL, "but an IRP that is not charged");
    IoFreeIrp(irp);
    HANDLE event = NULL;
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(import_ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE) ==
              STATUS_QUOTA_EXCEEDED,
          "an object: STATUS_QUOTA_EXCEEDED");
    CHECK(counters().NonPaged == now.NonPaged, "and it is gone");
    CHECK(set_limits(first.Paged, first.NonPaged) == STATUS_SUCCESS, "the limits as they were");
    LIMITS bad = first;
    CHECK(import_ZwSetInformationProcess(NtCurrentProcess(), QUOTA_LIMITS_CLASS, &bad, 8) ==
                  STATUS_INFO_LENGTH_MISMATCH &&
              import_ZwQueryInformationProcess(NtCurrentProcess(), QUOTA_LIMITS_CLASS, &bad, 8, NULL) ==
                  STATUS_INFO_LENGTH_MISMATCH,
          "STATUS_INFO_LENGTH_MISMATCH");
    bad.MinimumWorkingSet = bad.MaximumWorkingSet + 4096;
    CHECK(import_ZwSetInformationProcess(NtCurrentProcess(), QUOTA_LIMITS_CLASS, &bad, sizeof bad) ==
              STATUS_INVALID_PARAMETER,
          "a minimum above the maximum");
}

static void checks(void) {
    charges();
    limited();
}
