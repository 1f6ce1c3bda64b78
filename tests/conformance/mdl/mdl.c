// MDLs, as the pages of IoAllocateMdl, MmBuildMdlForNonPagedPool, MmProbeAndLockPages and
// MmGetSystemAddressForMdlSafe document them; and that user addresses mean nothing outside their process.
#define TOPIC L"Mdl"
#define OWN_DISPATCH
#include "../common/driver.h"

#include "mdl.h"

static void checks(void) {
    UCHAR* block = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, 'ldmT');
    if (!block) return;
    PMDL mdl = IoAllocateMdl(block + 0x123, PAGE_SIZE * 2, FALSE, FALSE, NULL);
    CHECK(mdl != NULL, "IoAllocateMdl gives an MDL");
    if (!mdl) return;
    CHECK(MmGetMdlByteCount(mdl) == PAGE_SIZE * 2, "it has the length");
    CHECK(MmGetMdlByteOffset(mdl) == 0x123, "and the offset into the first page");
    CHECK(MmGetMdlVirtualAddress(mdl) == block + 0x123, "and the address");
    MmBuildMdlForNonPagedPool(mdl);
    CHECK((mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL) != 0, "MmBuildMdlForNonPagedPool marks it");
    UCHAR* system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    CHECK(system != NULL, "it has a system address");
    if (system) {
        system[0] = 0x11;
        system[PAGE_SIZE] = 0x22;
        CHECK(block[0x123] == 0x11 && block[0x123 + PAGE_SIZE] == 0x22, "which is the same memory");
    }
    PPFN_NUMBER pages = MmGetMdlPfnArray(mdl);
    PHYSICAL_ADDRESS at = MmGetPhysicalAddress(block + 0x123);
    CHECK((ULONGLONG)at.QuadPart >> PAGE_SHIFT == pages[0], "its first page frame is that of the address");
    CHECK((at.QuadPart & (PAGE_SIZE - 1)) == 0x123, "a physical address keeps the offset into its page");
    PMDL partial = IoAllocateMdl(block + 0x123, PAGE_SIZE, FALSE, FALSE, NULL);
    if (partial) {
        IoBuildPartialMdl(mdl, partial, block + 0x200, 64);
        CHECK(MmGetMdlByteCount(partial) == 64 && MmGetMdlVirtualAddress(partial) == block + 0x200,
              "a partial MDL describes its part");
        UCHAR* part = MmGetSystemAddressForMdlSafe(partial, NormalPagePriority);
        if (part) part[0] = 0x33;
        CHECK(part && block[0x200] == 0x33, "and leads to the same memory");
        IoFreeMdl(partial);
    }
    IoFreeMdl(mdl);

    // Through the caller's address space: probed and locked, then written at its system address.
    ExFreePoolWithTag(block, 'ldmT');
}

typedef struct {
    PIRP irp;
    const volatile UCHAR* raw;
} JOB;

static VOID NTAPI write_later(PVOID context) {
    JOB* job = context;
    PIRP irp = job->irp;
    LARGE_INTEGER moment = {.QuadPart = -50000};
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
    UCHAR* to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    if (to) RtlFillMemory(to, length, 0x5a);
    complete(irp, to ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, to ? length : 0);
    ExFreePoolWithTag(job, 'bojT');
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI touch_from_system(PVOID context) {
    JOB* job = context;
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        (void)*job->raw;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    complete(job->irp, status, 0);
    ExFreePoolWithTag(job, 'bojT');
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS hand_over(PIRP irp, PKSTART_ROUTINE routine, PVOID raw) {
    HANDLE thread;
    JOB* job = ExAllocatePoolWithTag(NonPagedPool, sizeof *job, 'bojT');
    if (!job) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    job->irp = irp;
    job->raw = raw;
    IoMarkIrpPending(irp);
    NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, job);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(job, 'bojT');
        complete(irp, status, 0);
    } else {
        ZwClose(thread);
    }
    return STATUS_PENDING;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) return complete(irp, STATUS_SUCCESS, 0);
    PVOID raw = stack->Parameters.DeviceIoControl.Type3InputBuffer;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_MDL_WRITE_LATER:
        return hand_over(irp, write_later, NULL);
    case IOCTL_MDL_TOUCH_FROM_SYSTEM:
        return hand_over(irp, touch_from_system, raw);
    case IOCTL_MDL_TOUCH_HERE: {
        NTSTATUS status = STATUS_SUCCESS;
        __try {
            ProbeForRead(raw, stack->Parameters.DeviceIoControl.InputBufferLength, 1);
            (void)*(volatile UCHAR*)raw;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            status = GetExceptionCode();
        }
        return complete(irp, status, 0);
    }
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}
