// Answers requests as a program tells it and reports how they arrived.
#define TOPIC L"Io"
#define OWN_DISPATCH
#define DEVICE_FLAGS DO_BUFFERED_IO
#include "../common/driver.h"

#include "io.h"

static SAW saw;
static char history[512];
static ULONG history_length;
static ULONG_PTR opens;
static PIRP pending;
static KSPIN_LOCK pending_lock;

static void note(PFILE_OBJECT file, char what) {
    if (history_length + 2 > sizeof history) return;
    history[history_length++] = (char)('0' + (ULONG_PTR)file->FsContext);
    history[history_length++] = what;
}

static NTSTATUS answer(PIRP irp, PIO_STACK_LOCATION stack) {
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG method = stack->Parameters.DeviceIoControl.IoControlCode & 3;
    SAW now = {irp->AssociatedIrp.SystemBuffer != NULL,
               irp->MdlAddress != NULL,
               irp->UserBuffer != NULL,
               stack->Parameters.DeviceIoControl.Type3InputBuffer != NULL,
               in,
               out,
               irp->MdlAddress ? MmGetMdlByteCount(irp->MdlAddress) : 0,
               KeGetCurrentIrql(),
               irp->RequestorMode == UserMode,
               irp->Tail.Overlay.Thread == PsGetCurrentThread(),
               stack->FileObject != NULL,
               1,
               0};
    __asm__ volatile("stmxcsr %0" : "=m"(now.mxcsr));
    saw = now;
    PVOID input = method == METHOD_NEITHER ? stack->Parameters.DeviceIoControl.Type3InputBuffer
                                           : irp->AssociatedIrp.SystemBuffer;
    if (in < sizeof(ANSWER)) return complete(irp, STATUS_SUCCESS, 0);
    ANSWER a = *(ANSWER*)input;
    UCHAR* output = NULL;
    if (method == METHOD_BUFFERED) output = irp->AssociatedIrp.SystemBuffer;
    if (method == METHOD_OUT_DIRECT && irp->MdlAddress)
        output = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    if (method == METHOD_NEITHER) output = irp->UserBuffer;
    if (output && a.fill) RtlFillMemory(output, a.fill, 0x77);
    return complete(irp, a.status, a.information);
}

static VOID NTAPI cancelled(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KIRQL old;
    KeAcquireSpinLock(&pending_lock, &old);
    if (pending == irp) pending = NULL;
    KeReleaseSpinLock(&pending_lock, old);
    complete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS pend(PIRP irp) {
    KIRQL old;
    KeAcquireSpinLock(&pending_lock, &old);
    BOOLEAN busy = pending != NULL;
    if (!busy) {
        IoMarkIrpPending(irp);
        IoSetCancelRoutine(irp, cancelled);
        pending = irp;
    }
    KeReleaseSpinLock(&pending_lock, old);
    return busy ? complete(irp, STATUS_DEVICE_BUSY, 0) : STATUS_PENDING;
}

static NTSTATUS finish(PIRP irp) {
    KIRQL old;
    KeAcquireSpinLock(&pending_lock, &old);
    PIRP waiting = pending;
    if (waiting && !IoSetCancelRoutine(waiting, NULL)) waiting = NULL; // its cancel routine has it
    pending = NULL;
    KeReleaseSpinLock(&pending_lock, old);
    if (waiting) {
        ULONG out = IoGetCurrentIrpStackLocation(waiting)->Parameters.DeviceIoControl.OutputBufferLength;
        if (out) RtlFillMemory(waiting->AssociatedIrp.SystemBuffer, out, 0x66);
        complete(waiting, STATUS_SUCCESS, out);
    }
    return complete(irp, waiting ? STATUS_SUCCESS : STATUS_NOT_FOUND, 0);
}

static NTSTATUS give(PIRP irp, ULONG room, const void* from, ULONG size) {
    if (room < size) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, from, size);
    return complete(irp, STATUS_SUCCESS, size);
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack->MajorFunction) {
    case IRP_MJ_CREATE:
        stack->FileObject->FsContext = (PVOID)++opens;
        note(stack->FileObject, 'C');
        // The name behind the device's tells what to do: \fail, \pending-free success otherwise.
        if (stack->FileObject->FileName.Length == 10) return complete(irp, STATUS_DEVICE_BUSY, 0);
        return complete(irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
        note(stack->FileObject, 'c');
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        note(stack->FileObject, 'x');
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
        note(stack->FileObject, 'r');
        RtlFillMemory(irp->AssociatedIrp.SystemBuffer, stack->Parameters.Read.Length, 0x55);
        return complete(irp, STATUS_SUCCESS, stack->Parameters.Read.Length / 2);
    case IRP_MJ_WRITE:
        note(stack->FileObject, 'w');
        return complete(irp, STATUS_SUCCESS, stack->Parameters.Write.Length);
    case IRP_MJ_FLUSH_BUFFERS:
        note(stack->FileObject, 'f');
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_DEVICE_CONTROL:
        switch (stack->Parameters.DeviceIoControl.IoControlCode) {
        case IOCTL_IO_BUFFERED:
        case IOCTL_IO_IN_DIRECT:
        case IOCTL_IO_OUT_DIRECT:
        case IOCTL_IO_NEITHER:
            return answer(irp, stack);
        case IOCTL_IO_NEEDS_READ:
        case IOCTL_IO_NEEDS_WRITE:
            return complete(irp, STATUS_SUCCESS, 0);
        case IOCTL_IO_PEND:
            return pend(irp);
        case IOCTL_IO_FINISH:
            return finish(irp);
        case IOCTL_IO_SAW:
            return give(irp, out, &saw, sizeof saw);
        case IOCTL_IO_HISTORY:
            return give(irp, out, history, history_length);
        }
        break;
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

// Requests that the driver makes itself.
static NTSTATUS NTAPI keep(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
    KeSetEvent(context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void checks(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    KEVENT event;
    IO_STATUS_BLOCK iosb = {{0}, 99};
    UCHAR out[32] = {0};
    ANSWER a = {STATUS_SUCCESS, 8, 16};
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(IOCTL_IO_BUFFERED, device, &a, sizeof a, out, sizeof out, FALSE,
                                             &event, &iosb);
    CHECK(irp != NULL, "IoBuildDeviceIoControlRequest makes a request");
    if (!irp) return;
    CHECK(irp->RequestorMode == KernelMode && irp->StackCount == device->StackSize,
          "in kernel mode, for the device's stack");
    NTSTATUS status = IoCallDriver(device, irp);
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    CHECK(status == STATUS_SUCCESS && iosb.Status == STATUS_SUCCESS && iosb.Information == 8,
          "its status block is filled in");
    CHECK(out[7] == 0x77 && out[8] == 0, "as many bytes as Information says come back");
    CHECK(KeReadStateEvent(&event) != 0, "its event is set");

    irp = IoAllocateIrp(device->StackSize, FALSE);
    CHECK(irp != NULL && irp->CurrentLocation == irp->StackCount + 1,
          "IoAllocateIrp gives a request before its first location");
    if (!irp) return;
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    next->Parameters.DeviceIoControl.IoControlCode = 0x123;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    IoSetCompletionRoutine(irp, keep, &event, TRUE, TRUE, TRUE);
    status = IoCallDriver(device, irp);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    CHECK(status == STATUS_INVALID_DEVICE_REQUEST && irp->IoStatus.Status == status,
          "a completion routine that says STATUS_MORE_PROCESSING_REQUIRED keeps the request");
    IoReuseIrp(irp, STATUS_UNSUCCESSFUL);
    CHECK(irp->IoStatus.Status == STATUS_UNSUCCESSFUL && irp->CurrentLocation == irp->StackCount + 1,
          "IoReuseIrp makes it new");
    IoFreeIrp(irp);
}
