// \\.\BufB, \\.\BufD and \\.\BufN: devices with DO_BUFFERED_IO, DO_DIRECT_IO and neither, which tell what a
// request looked like and answer as they are told. \\.\BufS keeps to the sharing of its opens.
#include <ntifs.h>

#include "buf.h"

static PLAN plan;
static SEEN seen;
static PIRP kept;
static KSPIN_LOCK lock;
static PFILE_OBJECT held;
static char text[1000];
static PDEVICE_OBJECT sharing_device;
static SHARE_ACCESS shares;
static ULONG text_length, processes;
static HANDLE process_ids[16];

static NTSTATUS done(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static void note(char what) {
    HANDLE id = PsGetCurrentProcessId();
    ULONG i = 0;
    while (i < processes && process_ids[i] != id)
        ++i;
    if (i == processes && processes < 16) process_ids[processes++] = id;
    if (text_length + 2 <= sizeof text) text[text_length++] = what, text[text_length++] = (char)('0' + i);
}

static BOOLEAN is_control(PIO_STACK_LOCATION s) { return s->MajorFunction == IRP_MJ_DEVICE_CONTROL; }

// Fills the output by whatever way there is to it, and completes.
static NTSTATUS finish(PIRP irp) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    PUCHAR to = NULL;
    if (is_control(s) ? (s->Parameters.DeviceIoControl.IoControlCode & 3) == METHOD_BUFFERED
                      : (s->DeviceObject->Flags & DO_BUFFERED_IO) != 0)
        to = irp->AssociatedIrp.SystemBuffer;
    else if (irp->MdlAddress)
        to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    else
        to = irp->UserBuffer;
    if (to && plan.fill) RtlFillMemory(to, plan.fill, 'f');
    return done(irp, (NTSTATUS)plan.status, plan.information);
}

static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    KIRQL irql;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KeAcquireSpinLock(&lock, &irql);
    if (kept == irp) kept = NULL;
    KeReleaseSpinLock(&lock, irql);
    done(irp, STATUS_CANCELLED, 0);
}

static PIRP take(void) {
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    PIRP irp = kept;
    kept = NULL;
    if (irp && !IoSetCancelRoutine(irp, NULL)) irp = NULL;
    KeReleaseSpinLock(&lock, irql);
    return irp;
}

static NTSTATUS answer(PIRP irp, PIO_STACK_LOCATION s) {
    ULONG count = seen.count + 1;
    PUCHAR in = NULL;
    RtlZeroMemory(&seen, sizeof seen);
    seen.count = count;
    seen.system_buffer = (ULONG_PTR)irp->AssociatedIrp.SystemBuffer;
    seen.user_buffer = (ULONG_PTR)irp->UserBuffer;
    seen.irp_flags = irp->Flags;
    seen.location_flags = s->Flags;
    if (irp->MdlAddress) {
        seen.mdl = 1;
        seen.mdl_flags = (USHORT)irp->MdlAddress->MdlFlags;
        seen.mdl_bytes = MmGetMdlByteCount(irp->MdlAddress);
        seen.mdl_address = (ULONG_PTR)MmGetMdlVirtualAddress(irp->MdlAddress);
    }
    if (is_control(s)) {
        seen.type3 = (ULONG_PTR)s->Parameters.DeviceIoControl.Type3InputBuffer;
        in = irp->AssociatedIrp.SystemBuffer;
        if (!s->Parameters.DeviceIoControl.InputBufferLength) in = NULL;
    } else {
        seen.offset = (ULONGLONG)s->Parameters.Read.ByteOffset.QuadPart;
        seen.length = s->Parameters.Read.Length;
        seen.key = s->Parameters.Read.Key;
        if (s->MajorFunction == IRP_MJ_WRITE) {
            in = irp->AssociatedIrp.SystemBuffer;
            if (irp->MdlAddress) {
                in = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
                for (ULONG i = 0; in && i * PAGE_SIZE < seen.mdl_bytes && i < sizeof seen.pages; ++i)
                    seen.pages[i] = in[i * PAGE_SIZE];
            }
        }
    }
    if (in) seen.first = *in;
    seen.file_flags = s->FileObject->Flags;
    if (!plan.keep) return finish(irp);
    KIRQL irql;
    IoMarkIrpPending(irp);
    KeAcquireSpinLock(&lock, &irql);
    IoSetCancelRoutine(irp, cancel);
    BOOLEAN cancelled = irp->Cancel && IoSetCancelRoutine(irp, NULL);
    if (!cancelled) kept = irp;
    KeReleaseSpinLock(&lock, irql);
    if (cancelled) done(irp, STATUS_CANCELLED, 0);
    return STATUS_PENDING;
}

static NTSTATUS control(PIRP irp, PIO_STACK_LOCATION s) {
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    ULONG in = s->Parameters.DeviceIoControl.InputBufferLength,
          out = s->Parameters.DeviceIoControl.OutputBufferLength, n;
    PIRP other;
    switch (s->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_BUF_PLAN:
        if (in < sizeof plan) return done(irp, STATUS_INVALID_PARAMETER, 0);
        plan = *(PLAN*)buffer;
        return done(irp, STATUS_SUCCESS, 0);
    case IOCTL_BUF_SEEN:
        if (out < sizeof seen) return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
        *(SEEN*)buffer = seen;
        return done(irp, STATUS_SUCCESS, sizeof seen);
    case IOCTL_BUF_FINISH:
        other = take();
        if (other) finish(other);
        return done(irp, other ? STATUS_SUCCESS : STATUS_NOT_FOUND, 0);
    case IOCTL_BUF_LOG:
        n = text_length < out ? text_length : out;
        RtlCopyMemory(buffer, text, n);
        text_length = 0;
        return done(irp, STATUS_SUCCESS, n);
    case IOCTL_BUF_HOLD:
        held = s->FileObject;
        ObReferenceObject(held);
        return done(irp, STATUS_SUCCESS, 0);
    case IOCTL_BUF_DROP:
        if (held) ObDereferenceObject(held);
        held = NULL;
        return done(irp, STATUS_SUCCESS, 0);
    case IOCTL_TRY_BUFFERED:
    case IOCTL_TRY_IN:
    case IOCTL_TRY_OUT:
    case IOCTL_TRY_NEITHER:
        return answer(irp, s);
    }
    return done(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

// irp-mj-create: who comes first sets the sharing, the others are checked against it.
static NTSTATUS share(PIRP irp, PIO_STACK_LOCATION s) {
    ACCESS_MASK desired = s->Parameters.Create.SecurityContext->DesiredAccess;
    NTSTATUS status = STATUS_SUCCESS;
    if (shares.OpenCount)
        status = IoCheckShareAccess(desired, s->Parameters.Create.ShareAccess, s->FileObject, &shares, TRUE);
    else
        IoSetShareAccess(desired, s->Parameters.Create.ShareAccess, s->FileObject, &shares);
    return done(irp, status, NT_SUCCESS(status) ? FILE_OPENED : 0);
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    PIRP other;
    if (device == sharing_device && s->MajorFunction == IRP_MJ_CREATE) return share(irp, s);
    if (device == sharing_device && s->MajorFunction == IRP_MJ_CLEANUP)
        IoRemoveShareAccess(s->FileObject, &shares);
    switch (s->MajorFunction) {
    case IRP_MJ_CREATE:
        note('o');
        return done(irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
        note('c');
        other = take();
        if (other) done(other, STATUS_CANCELLED, 0);
        return done(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        note('x');
        return done(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_LOCK_CONTROL:
        note(s->MinorFunction == IRP_MN_LOCK ? 'l' : s->MinorFunction == IRP_MN_UNLOCK_ALL ? 'a' : 'u');
        return done(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return answer(irp, s);
    case IRP_MJ_DEVICE_CONTROL:
        return control(irp, s);
    }
    return done(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static const struct {
    PCWSTR name, link;
    ULONG flags;
} devices[] = {{L"\\Device\\BufB", L"\\??\\BufB", DO_BUFFERED_IO},
               {L"\\Device\\BufD", L"\\??\\BufD", DO_DIRECT_IO},
               {L"\\Device\\BufN", L"\\??\\BufN", 0},
               {L"\\Device\\BufS", L"\\??\\BufS", DO_BUFFERED_IO}};

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    for (int i = 0; i < 4; ++i) {
        RtlInitUnicodeString(&link, devices[i].link);
        IoDeleteSymbolicLink(&link);
    }
    while (driver->DeviceObject)
        IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(path);
    KeInitializeSpinLock(&lock);
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    driver->DriverUnload = unload;
    for (int i = 0; i < 4; ++i) {
        UNICODE_STRING name, link;
        PDEVICE_OBJECT device;
        RtlInitUnicodeString(&name, devices[i].name);
        RtlInitUnicodeString(&link, devices[i].link);
        NTSTATUS status =
            IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
        if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status)) {
            unload(driver);
            return status;
        }
        device->Flags |= devices[i].flags;
        if (i == 1) device->SectorSize = 512, device->AlignmentRequirement = FILE_QUAD_ALIGNMENT;
        if (i == 3) sharing_device = device;
    }
    return STATUS_SUCCESS;
}
