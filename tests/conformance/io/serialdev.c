// \\.\COM9: a serial port without a line. It keeps what it is told, as ntddser's pages say, and pends a wait
// until the mask changes.
#include <ntddk.h>

#include <ntddser.h>

static struct {
    SERIAL_BAUD_RATE baud;
    SERIAL_LINE_CONTROL line;
    SERIAL_CHARS chars;
    SERIAL_HANDFLOW flow;
    SERIAL_TIMEOUTS timeouts;
    ULONG mask, purged;
    SERIAL_QUEUE_SIZE queue;
    UCHAR immediate;
    ULONG lines; // DTR 1, RTS 2, break 4, XOFF 8, reset 0x10
} port;
static PIRP waiting;
static KSPIN_LOCK lock;

static NTSTATUS done(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS give(PIRP irp, const void* from, ULONG length) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    if (s->Parameters.DeviceIoControl.OutputBufferLength < length)
        return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
    RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, from, length);
    return done(irp, STATUS_SUCCESS, length);
}
static NTSTATUS take(PIRP irp, void* to, ULONG length) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    if (s->Parameters.DeviceIoControl.InputBufferLength < length)
        return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
    RtlCopyMemory(to, irp->AssociatedIrp.SystemBuffer, length);
    return done(irp, STATUS_SUCCESS, 0);
}
static NTSTATUS line(PIRP irp, ULONG set, ULONG clear) {
    port.lines = (port.lines & ~clear) | set;
    return done(irp, STATUS_SUCCESS, 0);
}

static PIRP take_waiting(void) {
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    PIRP irp = waiting;
    waiting = NULL;
    if (irp && !IoSetCancelRoutine(irp, NULL)) irp = NULL; // its cancel routine completes it
    KeReleaseSpinLock(&lock, irql);
    return irp;
}
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    KIRQL irql;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KeAcquireSpinLock(&lock, &irql);
    if (waiting == irp) waiting = NULL;
    KeReleaseSpinLock(&lock, irql);
    done(irp, STATUS_CANCELLED, 0);
}
static NTSTATUS wait(PIRP irp) {
    KIRQL irql;
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG))
        return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
    KeAcquireSpinLock(&lock, &irql);
    if (waiting || !port.mask) {
        KeReleaseSpinLock(&lock, irql);
        return done(irp, STATUS_INVALID_PARAMETER, 0);
    }
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, cancel);
    BOOLEAN cancelled = irp->Cancel && IoSetCancelRoutine(irp, NULL);
    if (!cancelled) waiting = irp;
    KeReleaseSpinLock(&lock, irql);
    if (cancelled) done(irp, STATUS_CANCELLED, 0);
    return STATUS_PENDING;
}
// "The driver completes the pending wait-on-mask request with a status of STATUS_SUCCESS and the output wait
// mask is set to zero."
static NTSTATUS set_mask(PIRP irp) {
    NTSTATUS status = take(irp, &port.mask, sizeof port.mask);
    PIRP other = take_waiting();
    if (other) {
        *(PULONG)other->AssociatedIrp.SystemBuffer = 0;
        done(other, STATUS_SUCCESS, sizeof(ULONG));
    }
    return status;
}

static NTSTATUS NTAPI control(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    SERIAL_STATUS status = {SERIAL_ERROR_BREAK | SERIAL_ERROR_PARITY,
                            SERIAL_TX_WAITING_FOR_CTS | SERIAL_TX_WAITING_XOFF_SENT,
                            11,
                            22,
                            TRUE,
                            TRUE};
    SERIAL_COMMPROP properties = {.PacketLength = sizeof properties, .PacketVersion = 2};
    ULONG modem = SERIAL_CTS_STATE | SERIAL_DSR_STATE;
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    SERIAL_LINE_CONTROL* wanted = irp->AssociatedIrp.SystemBuffer;
    switch (s->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_SERIAL_SET_BAUD_RATE:
        return take(irp, &port.baud, sizeof port.baud);
    case IOCTL_SERIAL_GET_BAUD_RATE:
        return give(irp, &port.baud, sizeof port.baud);
    case IOCTL_SERIAL_SET_LINE_CONTROL:
        if (s->Parameters.DeviceIoControl.InputBufferLength >= sizeof *wanted &&
            (wanted->WordLength < 5 || wanted->WordLength > 8))
            return done(irp, STATUS_INVALID_PARAMETER, 0);
        return take(irp, &port.line, sizeof port.line);
    case IOCTL_SERIAL_GET_LINE_CONTROL:
        return give(irp, &port.line, sizeof port.line);
    case IOCTL_SERIAL_SET_CHARS:
        return take(irp, &port.chars, sizeof port.chars);
    case IOCTL_SERIAL_GET_CHARS:
        return give(irp, &port.chars, sizeof port.chars);
    case IOCTL_SERIAL_SET_HANDFLOW:
        return take(irp, &port.flow, sizeof port.flow);
    case IOCTL_SERIAL_GET_HANDFLOW:
        return give(irp, &port.flow, sizeof port.flow);
    case IOCTL_SERIAL_SET_TIMEOUTS:
        return take(irp, &port.timeouts, sizeof port.timeouts);
    case IOCTL_SERIAL_GET_TIMEOUTS:
        return give(irp, &port.timeouts, sizeof port.timeouts);
    case IOCTL_SERIAL_SET_WAIT_MASK:
        return set_mask(irp);
    case IOCTL_SERIAL_GET_WAIT_MASK:
        return give(irp, &port.mask, sizeof port.mask);
    case IOCTL_SERIAL_WAIT_ON_MASK:
        return wait(irp);
    case IOCTL_SERIAL_PURGE:
        return take(irp, &port.purged, sizeof port.purged);
    case IOCTL_SERIAL_SET_QUEUE_SIZE:
        return take(irp, &port.queue, sizeof port.queue);
    case IOCTL_SERIAL_IMMEDIATE_CHAR:
        return take(irp, &port.immediate, sizeof port.immediate);
    case IOCTL_SERIAL_GET_COMMSTATUS:
        return give(irp, &status, sizeof status);
    case IOCTL_SERIAL_GET_MODEMSTATUS:
        return give(irp, &modem, sizeof modem);
    case IOCTL_SERIAL_GET_PROPERTIES:
        properties.CurrentTxQueue = port.queue.OutSize;
        properties.CurrentRxQueue = port.queue.InSize;
        properties.ProvSpec1 = port.purged, properties.ProvSpec2 = port.lines | port.immediate << 8;
        return give(irp, &properties, sizeof properties);
    case IOCTL_SERIAL_SET_DTR:
        return line(irp, 1, 0);
    case IOCTL_SERIAL_CLR_DTR:
        return line(irp, 0, 1);
    case IOCTL_SERIAL_SET_RTS:
        return line(irp, 2, 0);
    case IOCTL_SERIAL_CLR_RTS:
        return line(irp, 0, 2);
    case IOCTL_SERIAL_SET_BREAK_ON:
        return line(irp, 4, 0);
    case IOCTL_SERIAL_SET_BREAK_OFF:
        return line(irp, 0, 4);
    case IOCTL_SERIAL_SET_XOFF:
        return line(irp, 8, 0);
    case IOCTL_SERIAL_SET_XON:
        return line(irp, 0, 8);
    }
    return done(irp, STATUS_INVALID_PARAMETER, 0);
}

static NTSTATUS NTAPI succeed(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return done(irp, STATUS_SUCCESS, 0);
}
static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\COM9");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(path);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Serial9"),
                   link = RTL_CONSTANT_STRING(L"\\DosDevices\\COM9");
    PDEVICE_OBJECT device;
    KeInitializeSpinLock(&lock);
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_SERIAL_PORT, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLOSE] =
        driver->MajorFunction[IRP_MJ_CLEANUP] = succeed;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    driver->DriverUnload = unload;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) IoDeleteDevice(device);
    return status;
}
