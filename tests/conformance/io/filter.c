// What file systems and their filters ask of the I/O manager: nf-ntddk-iocancelfileopen,
// nf-ntifs-ioreplacefileobjectname, nf-ntifs-ioacquirevpbspinlock, nf-ntifs-ioreleasevpbspinlock.
#define TOPIC L"IoFilter"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"

NTKERNELAPI VOID NTAPI IoCancelFileOpen(PDEVICE_OBJECT device, PFILE_OBJECT file);

// Three devices of a stack; the middle one is the filter that fails an open after the lowest has done it.
static PDEVICE_OBJECT lowest, filter, top;
static ULONG seen[3][IRP_MJ_MAXIMUM_FUNCTION + 1];
static BOOLEAN pends, from_worker;
static NTSTATUS replaced, replaced_longer;
static ULONG file_flags;
static WCHAR seen_name[64];

static NTSTATUS NTAPI continue_pending(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(context);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS fail_open(PIRP irp) {
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    IoForwardIrpSynchronously(lowest, irp);
    IoCancelFileOpen(lowest, file);
    file_flags = file->Flags;
    return complete(irp, STATUS_ACCESS_DENIED, 0);
}

static KSTART_ROUTINE worker;
static VOID NTAPI worker(PVOID context) {
    fail_open(context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS filter_create(PIRP irp, PFILE_OBJECT file) {
    if (file->FileName.Length && file->FileName.Buffer[1] == L'r') {
        static WCHAR shorter[] = L"\\n", longer[] = L"\\a name that is much longer than the one before it";
        replaced = IoReplaceFileObjectName(file, shorter, sizeof shorter - sizeof(WCHAR));
        BOOLEAN good = file->FileName.Length == 4 && file->FileName.Buffer[1] == L'n';
        replaced_longer = IoReplaceFileObjectName(file, longer, sizeof longer - sizeof(WCHAR));
        if (!good) replaced = STATUS_UNSUCCESSFUL;
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(lowest, irp);
    }
    if (!from_worker) return fail_open(irp);
    HANDLE thread;
    IoMarkIrpPending(irp);
    if (NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, worker, irp)))
        ZwClose(thread);
    return STATUS_PENDING;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const UCHAR major = stack->MajorFunction;
    seen[device == top ? 2 : device == filter ? 1 : 0][major]++;
    if (device == filter && major == IRP_MJ_CREATE) return filter_create(irp, stack->FileObject);
    if (device == top || device == filter) {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, continue_pending, NULL, TRUE, TRUE, TRUE);
        return IoCallDriver(device == top ? filter : lowest, irp);
    }
    if (major == IRP_MJ_CREATE && stack->FileObject->FileName.Length < sizeof seen_name)
        RtlCopyMemory(seen_name, stack->FileObject->FileName.Buffer, stack->FileObject->FileName.Length);
    if (pends && major != IRP_MJ_CLOSE) {
        IoMarkIrpPending(irp);
        complete(irp, STATUS_SUCCESS, 0);
        return STATUS_PENDING;
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS open(PCWSTR path) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    HANDLE file;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    RtlZeroMemory(seen, sizeof seen);
    NTSTATUS status =
        ZwOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &oa, &iosb, 0, FILE_SYNCHRONOUS_IO_NONALERT);
    if (NT_SUCCESS(status)) ZwClose(file);
    return status;
}

static BOOLEAN cancelled(void) {
    return open(L"\\Device\\ConformIoFilter\\cancel") == STATUS_ACCESS_DENIED &&
           seen[0][IRP_MJ_CREATE] == 1 && seen[0][IRP_MJ_CLEANUP] == 1 && seen[0][IRP_MJ_CLOSE] == 1;
}

static PDEVICE_OBJECT layer(void) {
    PDEVICE_OBJECT device = NULL;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

static void cancelling(void) {
    lowest = this_driver->DeviceObject;
    filter = layer(), top = layer();
    IoAttachDeviceToDeviceStack(filter, lowest);
    IoAttachDeviceToDeviceStack(top, filter);
    CHECK(cancelled(),
          "IoCancelFileOpen: to those below the caller the file appears to have been opened and closed");
    CHECK(seen[2][IRP_MJ_CREATE] == 1 && !seen[2][IRP_MJ_CLEANUP] && !seen[2][IRP_MJ_CLOSE],
          "to filters above the caller the create request appears to have failed");
    CHECK(file_flags & FO_FILE_OPEN_CANCELLED, "IoCancelFileOpen sets the FO_FILE_OPEN_CANCELLED flag");
    pends = TRUE;
    CHECK(cancelled(), "drivers below may pend what they get");
    from_worker = TRUE;
    CHECK(cancelled() && seen[2][IRP_MJ_CREATE] == 1, "from another thread, while the opener waits");
    from_worker = pends = FALSE;
    CHECK(open(L"\\Device\\ConformIoFilter\\rename") == STATUS_SUCCESS && replaced == STATUS_SUCCESS,
          "IoReplaceFileObjectName replaces the name of a file object");
    CHECK(replaced_longer == STATUS_SUCCESS && RtlEqualMemory(seen_name, L"\\a name that is", 28),
          "by a longer one, which the drivers below see");
    IoDetachDevice(filter);
    IoDetachDevice(lowest);
    IoDeleteDevice(top);
    IoDeleteDevice(filter);
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(running_irp)->FileObject;
    CHECK(IoReplaceFileObjectName(file, L"\\x", 4) == STATUS_INVALID_PARAMETER,
          "IoReplaceFileObjectName: STATUS_INVALID_PARAMETER: the file object has no name to replace");
}

static void checks(void) {
    KIRQL irql = 77, old;
    cancelling();
    IoAcquireVpbSpinLock(&irql);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && irql == PASSIVE_LEVEL,
          "IoAcquireVpbSpinLock: the caller executes at DISPATCH_LEVEL, its IRQL is saved");
    IoReleaseVpbSpinLock(irql);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "IoReleaseVpbSpinLock restores the caller's original IRQL");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    IoAcquireVpbSpinLock(&irql);
    IoReleaseVpbSpinLock(irql);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && irql == DISPATCH_LEVEL, "also that of DISPATCH_LEVEL");
    KeLowerIrql(old);
}
