// Parport: a driver for a parallel port, as the textbooks build one. A write goes out byte by byte: StartIo
// sends the first, the interrupt of each acknowledgement sends the next (parport_isr), and when the last is
// gone the DPC completes the IRP and starts the next one. The modelled device at the other end of the cable
// gives each byte back; the interrupt routine takes it, and a read returns what has come.
//
// Who may touch what:
//   the device's registers, and the fields under "shared with the ISR"    with the interrupt's spin lock held
//     (the ISR, and routines that KeSynchronizeExecution calls)
//   CurrentIrp and the device queue                                       the I/O manager; cancelable, so
//     with the cancel spin lock
//   everything else                                                       written by DriverEntry only
//
// There is no IRP_MJ_CLEANUP: a write that the device does not acknowledge for two seconds ends by the timer,
// so no request outlives its caller for long.
#include <ntddk.h>

#include "parport.h"

// The headers hide it from 64-bit drivers, which get their interrupts from Plug and Play; HAL exports it all
// the same, and without Plug and Play it says where a line leads.
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

enum { DATA, STATUS, CONTROL }; // offsets from the port's base

#define STATUS_NOT_BUSY 0x80

#define CONTROL_STROBE 0x01
#define CONTROL_INITIALIZE 0x04 // 0 resets the device
#define CONTROL_INTERRUPT 0x10  // an interrupt for each acknowledgement
#define CONTROL_REVERSE 0x20    // the data register shows what the device drives
#define CONTROL_IDLE (CONTROL_INITIALIZE | CONTROL_INTERRUPT)

#define SECONDS_TO_WAIT 2

typedef struct {
    PUCHAR port;
    PKINTERRUPT interrupt;
    LONG opens;

    // Shared with the ISR.
    const UCHAR* next; // in the current IRP's buffer
    ULONG left;        // bytes that were not acknowledged yet
    ULONG sent;
    ULONG seconds; // since the last acknowledgement
    BOOLEAN sending;
    UCHAR back[PARPORT_BACK]; // a ring of bytes that came back
    ULONG back_first, back_count;
} PARPORT;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD parport_unload;
static DRIVER_DISPATCH parport_create, parport_close, parport_read, parport_write;
static DRIVER_STARTIO parport_start_io;
static DRIVER_CANCEL parport_cancel;
static KSERVICE_ROUTINE parport_isr;
static IO_DPC_ROUTINE parport_dpc;
static IO_TIMER_ROUTINE parport_timer;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information, CCHAR boost) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, boost);
    return status;
}

// --- With the interrupt's spin lock held -------------------------------------------------------------------

static void send_byte(PARPORT* p) {
    WRITE_PORT_UCHAR(p->port + DATA, *p->next);
    WRITE_PORT_UCHAR(p->port + CONTROL, CONTROL_IDLE | CONTROL_STROBE);
    WRITE_PORT_UCHAR(p->port + CONTROL, CONTROL_IDLE);
}

static void take_byte_back(PARPORT* p) {
    WRITE_PORT_UCHAR(p->port + CONTROL, CONTROL_IDLE | CONTROL_REVERSE);
    UCHAR byte = READ_PORT_UCHAR(p->port + DATA);
    WRITE_PORT_UCHAR(p->port + CONTROL, CONTROL_IDLE);
    if (p->back_count == PARPORT_BACK) { // nobody reads: the oldest is lost
        p->back_first = (p->back_first + 1) % PARPORT_BACK;
        --p->back_count;
    }
    p->back[(p->back_first + p->back_count++) % PARPORT_BACK] = byte;
}

static BOOLEAN NTAPI parport_isr(PKINTERRUPT interrupt, PVOID context) {
    PDEVICE_OBJECT device = context;
    PARPORT* p = device->DeviceExtension;
    UNREFERENCED_PARAMETER(interrupt);
    if (!p->sending || !(READ_PORT_UCHAR(p->port + STATUS) & STATUS_NOT_BUSY)) return FALSE;
    take_byte_back(p);
    ++p->next;
    ++p->sent;
    p->seconds = 0;
    if (--p->left)
        send_byte(p);
    else {
        p->sending = FALSE;
        IoRequestDpc(device, device->CurrentIrp, p);
    }
    return TRUE;
}

static BOOLEAN NTAPI begin_write(PVOID context) {
    PDEVICE_OBJECT device = context;
    PARPORT* p = device->DeviceExtension;
    p->next = device->CurrentIrp->AssociatedIrp.SystemBuffer;
    p->left = IoGetCurrentIrpStackLocation(device->CurrentIrp)->Parameters.Write.Length;
    p->sent = 0;
    p->seconds = 0;
    p->sending = TRUE;
    send_byte(p);
    return TRUE;
}

// TRUE: the write is given up; the ISR has nothing to do with it any more.
static BOOLEAN NTAPI give_up_if_late(PVOID context) {
    PARPORT* p = context;
    if (!p->sending || ++p->seconds <= SECONDS_TO_WAIT) return FALSE;
    p->sending = FALSE;
    WRITE_PORT_UCHAR(p->port + CONTROL, 0); // reset
    WRITE_PORT_UCHAR(p->port + CONTROL, CONTROL_IDLE);
    return TRUE;
}

typedef struct {
    PARPORT* p;
    UCHAR* to;
    ULONG room, copied;
} TAKE_BACK;

static BOOLEAN NTAPI take_back(PVOID context) {
    TAKE_BACK* t = context;
    for (; t->copied < t->room && t->p->back_count; --t->p->back_count) {
        t->to[t->copied++] = t->p->back[t->p->back_first];
        t->p->back_first = (t->p->back_first + 1) % PARPORT_BACK;
    }
    return TRUE;
}

static BOOLEAN NTAPI switch_device(PVOID context) {
    PARPORT* p = context;
    WRITE_PORT_UCHAR(p->port + CONTROL, p->opens ? CONTROL_IDLE : CONTROL_INITIALIZE);
    return TRUE;
}

// --- At DISPATCH_LEVEL
// --------------------------------------------------------------------------------------

// The current IRP is done: the next one first, so that the device does not wait for completion routines.
static void finish_write(PDEVICE_OBJECT device, PIRP irp, NTSTATUS status, ULONG sent) {
    IoStartNextPacket(device, TRUE);
    complete(irp, status, sent, IO_PARALLEL_INCREMENT);
}

static VOID NTAPI parport_start_io(PDEVICE_OBJECT device, PIRP irp) {
    PARPORT* p = device->DeviceExtension;
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    BOOLEAN cancelled = irp->Cancel; // after it left the queue, before it came here
    IoSetCancelRoutine(irp, NULL);
    IoReleaseCancelSpinLock(irql);
    if (cancelled)
        finish_write(device, irp, STATUS_CANCELLED, 0);
    else
        KeSynchronizeExecution(p->interrupt, begin_write, device);
}

static VOID NTAPI parport_dpc(PKDPC dpc, PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    PARPORT* p = context;
    UNREFERENCED_PARAMETER(dpc);
    finish_write(device, irp, STATUS_SUCCESS, p->sent);
}

// Once a second while the device is open.
static VOID NTAPI parport_timer(PDEVICE_OBJECT device, PVOID context) {
    PARPORT* p = context;
    if (KeSynchronizeExecution(p->interrupt, give_up_if_late, p))
        finish_write(device, device->CurrentIrp, STATUS_IO_TIMEOUT, p->sent);
}

// Called with the cancel spin lock held. The current IRP belongs to StartIo, which looks for itself.
static VOID NTAPI parport_cancel(PDEVICE_OBJECT device, PIRP irp) {
    BOOLEAN queued = irp != device->CurrentIrp &&
                     KeRemoveEntryDeviceQueue(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    if (queued) complete(irp, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
}

// --- Dispatch routines
// --------------------------------------------------------------------------------------

static NTSTATUS NTAPI parport_create(PDEVICE_OBJECT device, PIRP irp) {
    PARPORT* p = device->DeviceExtension;
    if (InterlockedIncrement(&p->opens) == 1) {
        KeSynchronizeExecution(p->interrupt, switch_device, p);
        IoStartTimer(device);
    }
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI parport_close(PDEVICE_OBJECT device, PIRP irp) {
    PARPORT* p = device->DeviceExtension;
    if (InterlockedDecrement(&p->opens) == 0) {
        IoStopTimer(device);
        KeSynchronizeExecution(p->interrupt, switch_device, p);
    }
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI parport_write(PDEVICE_OBJECT device, PIRP irp) {
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length == 0)
        return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
    IoMarkIrpPending(irp);
    IoStartPacket(device, irp, NULL, parport_cancel);
    return STATUS_PENDING;
}

// What has come back so far, and be it nothing.
static NTSTATUS NTAPI parport_read(PDEVICE_OBJECT device, PIRP irp) {
    PARPORT* p = device->DeviceExtension;
    TAKE_BACK t = {p, irp->AssociatedIrp.SystemBuffer,
                   IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length, 0};
    KeSynchronizeExecution(p->interrupt, take_back, &t);
    return complete(irp, STATUS_SUCCESS, t.copied, IO_NO_INCREMENT);
}

// --- Coming and going
// ---------------------------------------------------------------------------------------

static void read_parameters(PUNICODE_STRING path, ULONG* port, ULONG* irq) {
    static WCHAR key[256];
    RTL_QUERY_REGISTRY_TABLE table[3];
    ULONG default_port = *port, default_irq = *irq;
    if (path->Length > sizeof key - sizeof L"\\Parameters") return;
    RtlZeroMemory(key, sizeof key);
    RtlCopyMemory(key, path->Buffer, path->Length);
    RtlCopyMemory((PUCHAR)key + path->Length, L"\\Parameters", sizeof L"\\Parameters");
    RtlZeroMemory(table, sizeof table);
    table[0].Flags = table[1].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[0].Name = (PWSTR)L"Port";
    table[0].EntryContext = port;
    table[0].DefaultType = table[1].DefaultType = REG_DWORD;
    table[0].DefaultData = &default_port;
    table[0].DefaultLength = table[1].DefaultLength = sizeof(ULONG);
    table[1].Name = (PWSTR)L"Irq";
    table[1].EntryContext = irq;
    table[1].DefaultData = &default_irq;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, key, table, NULL, NULL);
}

static NTSTATUS connect(PDEVICE_OBJECT device, ULONG irq) {
    PARPORT* p = device->DeviceExtension;
    KIRQL irql;
    KAFFINITY processors;
    ULONG vector = HalGetInterruptVector(Isa, 0, irq, irq, &irql, &processors);
    return IoConnectInterrupt(&p->interrupt, parport_isr, device, NULL, vector, irql, irql, Latched, FALSE,
                              processors, FALSE);
}

static VOID NTAPI parport_unload(PDRIVER_OBJECT driver) {
    PDEVICE_OBJECT device = driver->DeviceObject;
    PARPORT* p = device->DeviceExtension;
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, PARPORT_LINK);
    IoDeleteSymbolicLink(&link);
    IoDisconnectInterrupt(p->interrupt);
    KeFlushQueuedDpcs(); // the last one may still be on its way out
    IoDeleteDevice(device);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    ULONG port = 0x378, irq = 7;
    read_parameters(registry_path, &port, &irq);
    if (READ_PORT_UCHAR((PUCHAR)(ULONG_PTR)port + STATUS) == 0xff) return STATUS_NO_SUCH_DEVICE;
    RtlInitUnicodeString(&name, PARPORT_DEVICE);
    RtlInitUnicodeString(&link, PARPORT_LINK);
    NTSTATUS status = IoCreateDevice(driver, sizeof(PARPORT), &name, FILE_DEVICE_PARALLEL_PORT,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    PARPORT* p = device->DeviceExtension;
    p->port = (PUCHAR)(ULONG_PTR)port;
    device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = parport_create;
    driver->MajorFunction[IRP_MJ_CLOSE] = parport_close;
    driver->MajorFunction[IRP_MJ_READ] = parport_read;
    driver->MajorFunction[IRP_MJ_WRITE] = parport_write;
    driver->DriverStartIo = parport_start_io;
    driver->DriverUnload = parport_unload;
    IoInitializeDpcRequest(device, parport_dpc);
    IoInitializeTimer(device, parport_timer, p);
    status = connect(device, irq);
    if (NT_SUCCESS(status)) {
        status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status)) IoDisconnectInterrupt(p->interrupt);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
