// SlowDev: the life of a read that has to wait for hardware, with nothing else in the way
// (docs/life-of-a-read.md). The dispatch routine queues the request (IoStartPacket), StartIo tells the device
// what is wanted, the interrupt service routine takes the device's word that it has it, and the DPC fetches
// the bytes and completes the request.
//
// The registers belong to the interrupt's spin lock: they are touched in the service routine and in routines
// that KeSynchronizeExecution calls. A request that has come to StartIo cannot be cancelled any more; the
// device will not be long.
#include <ntddk.h>

#include "slowdev.h"

// The headers hide it from 64-bit drivers, which get their interrupts from Plug and Play.
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

#define PORT ((PUCHAR)0x300)
#define IRQ 10
enum { DATA, COMMAND, STATUS }; // offsets
#define STATUS_READY 1
#define ABSENT 0xff

typedef struct {
    PKINTERRUPT interrupt;
} SLOWDEV;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD slowdev_unload;
static DRIVER_DISPATCH slowdev_open_close, slowdev_read;
static DRIVER_STARTIO slowdev_start_io;
static DRIVER_CANCEL slowdev_cancel;
static KSERVICE_ROUTINE slowdev_isr;
static IO_DPC_ROUTINE slowdev_dpc;
static KSYNCHRONIZE_ROUTINE ask_device;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information, CCHAR boost) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, boost);
    return status;
}

static ULONG wanted(PIRP irp) {
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    return length < SLOWDEV_MOST ? length : SLOWDEV_MOST;
}

static NTSTATUS NTAPI slowdev_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI slowdev_read(PDEVICE_OBJECT device, PIRP irp) {
    if (wanted(irp) == 0) return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
    IoMarkIrpPending(irp);
    IoStartPacket(device, irp, NULL, slowdev_cancel);
    return STATUS_PENDING;
}

// At the interrupt's IRQL, with its spin lock.
static BOOLEAN NTAPI ask_device(PVOID context) {
    WRITE_PORT_UCHAR(PORT + COMMAND, (UCHAR)wanted(context));
    return TRUE;
}

static VOID NTAPI slowdev_start_io(PDEVICE_OBJECT device, PIRP irp) {
    SLOWDEV* s = device->DeviceExtension;
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    BOOLEAN cancelled = irp->Cancel; // after it left the queue, before it came here
    IoSetCancelRoutine(irp, NULL);
    IoReleaseCancelSpinLock(irql);
    if (!cancelled) {
        KeSynchronizeExecution(s->interrupt, ask_device, irp);
        return;
    }
    IoStartNextPacket(device, TRUE);
    complete(irp, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
}

static BOOLEAN NTAPI slowdev_isr(PKINTERRUPT interrupt, PVOID context) {
    PDEVICE_OBJECT device = context;
    UNREFERENCED_PARAMETER(interrupt);
    if (!(READ_PORT_UCHAR(PORT + STATUS) & STATUS_READY)) return FALSE; // not ours; reading acknowledges
    IoRequestDpc(device, device->CurrentIrp, NULL);
    return TRUE;
}

// The device keeps its answer until it is asked again, so the bytes need not be fetched in the service
// routine.
static VOID NTAPI slowdev_dpc(PKDPC dpc, PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    ULONG count = wanted(irp);
    READ_PORT_BUFFER_UCHAR(PORT + DATA, irp->AssociatedIrp.SystemBuffer, count);
    IoStartNextPacket(device, TRUE); // the next one first: the device need not wait for our caller
    complete(irp, STATUS_SUCCESS, count, IO_SERIAL_INCREMENT);
}

// Called with the cancel spin lock held. What has reached StartIo has no cancel routine any more.
static VOID NTAPI slowdev_cancel(PDEVICE_OBJECT device, PIRP irp) {
    BOOLEAN queued = irp != device->CurrentIrp &&
                     KeRemoveEntryDeviceQueue(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    if (queued) complete(irp, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
}

static VOID NTAPI slowdev_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(SLOWDEV_LINK);
    SLOWDEV* s = driver->DeviceObject->DeviceExtension;
    IoDeleteSymbolicLink(&link);
    IoDisconnectInterrupt(s->interrupt);
    KeFlushQueuedDpcs();
    IoDeleteDevice(driver->DeviceObject);
}

static NTSTATUS connect(PDEVICE_OBJECT device) {
    SLOWDEV* s = device->DeviceExtension;
    KIRQL irql;
    KAFFINITY processors;
    ULONG vector = HalGetInterruptVector(Isa, 0, IRQ, IRQ, &irql, &processors);
    return IoConnectInterrupt(&s->interrupt, slowdev_isr, device, NULL, vector, irql, irql, Latched, FALSE,
                              processors, FALSE);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(SLOWDEV_DEVICE), link = RTL_CONSTANT_STRING(SLOWDEV_LINK);
    PDEVICE_OBJECT device;
    UNREFERENCED_PARAMETER(registry_path);
    if (READ_PORT_UCHAR(PORT + STATUS) == ABSENT) return STATUS_NO_SUCH_DEVICE;
    NTSTATUS status = IoCreateDevice(driver, sizeof(SLOWDEV), &name, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = slowdev_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = slowdev_open_close;
    driver->MajorFunction[IRP_MJ_READ] = slowdev_read;
    driver->DriverStartIo = slowdev_start_io;
    driver->DriverUnload = slowdev_unload;
    IoInitializeDpcRequest(device, slowdev_dpc);
    status = connect(device);
    if (NT_SUCCESS(status)) {
        status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status)) IoDisconnectInterrupt(((SLOWDEV*)device->DeviceExtension)->interrupt);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
