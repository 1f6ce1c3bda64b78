// TimerDev: a device whose reads are completed by a timer. What it promises is in timerdev.h.
//
// A read is marked pending and put into a cancel-safe queue; the timer's DPC takes the oldest one out and
// completes it at DISPATCH_LEVEL. The queue's lock is a spin lock, since dispatch routines and the DPC may
// run on two processors at once.
#include <ntddk.h>

#include "timerdev.h"

#define HOUR 3600000u

typedef struct {
    KTIMER timer;
    KDPC dpc;
    IO_CSQ queue;
    KSPIN_LOCK lock;    // of everything below
    LIST_ENTRY waiting; // reads, by IRP.Tail.Overlay.ListEntry
    ULONG number, missed;
} TIMER_EXTENSION;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD timerdev_unload;
static DRIVER_DISPATCH timerdev_open_close;
static DRIVER_DISPATCH timerdev_cleanup;
static DRIVER_DISPATCH timerdev_read;
static DRIVER_DISPATCH timerdev_control;
static KDEFERRED_ROUTINE timerdev_expired;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// The queue. Its routines are called with the lock held, except complete_cancelled.
static TIMER_EXTENSION* of_queue(PIO_CSQ csq) { return CONTAINING_RECORD(csq, TIMER_EXTENSION, queue); }

static VOID NTAPI insert_read(PIO_CSQ csq, PIRP irp) {
    InsertTailList(&of_queue(csq)->waiting, &irp->Tail.Overlay.ListEntry);
}
static VOID NTAPI remove_read(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}
// The next one after `irp`, or the first; of a file object, or of any.
static PIRP NTAPI peek_read(PIO_CSQ csq, PIRP irp, PVOID file) {
    LIST_ENTRY* head = &of_queue(csq)->waiting;
    LIST_ENTRY* entry = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink;
    for (; entry != head; entry = entry->Flink) {
        PIRP next = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (!file || IoGetCurrentIrpStackLocation(next)->FileObject == file) return next;
    }
    return NULL;
}
static VOID NTAPI lock_queue(PIO_CSQ csq, PKIRQL irql) { KeAcquireSpinLock(&of_queue(csq)->lock, irql); }
static VOID NTAPI unlock_queue(PIO_CSQ csq, KIRQL irql) { KeReleaseSpinLock(&of_queue(csq)->lock, irql); }
static VOID NTAPI complete_cancelled(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    complete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS NTAPI timerdev_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}

// The last handle of a file object is closed: nobody waits for its reads any more.
static NTSTATUS NTAPI timerdev_cleanup(PDEVICE_OBJECT device, PIRP irp) {
    TIMER_EXTENSION* t = device->DeviceExtension;
    PIRP read;
    while ((read = IoCsqRemoveNextIrp(&t->queue, IoGetCurrentIrpStackLocation(irp)->FileObject)))
        complete(read, STATUS_CANCELLED, 0);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI timerdev_read(PDEVICE_OBJECT device, PIRP irp) {
    TIMER_EXTENSION* t = device->DeviceExtension;
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length < sizeof(TIMERDEV_STAMP))
        return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    IoCsqInsertIrp(&t->queue, irp, NULL); // marks it pending
    return STATUS_PENDING;
}

// The timer has expired. On several processors the next expiration may come before this one is done.
static VOID NTAPI timerdev_expired(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    TIMER_EXTENSION* t = context;
    TIMERDEV_STAMP stamp = {0};
    LARGE_INTEGER now;
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    KeQuerySystemTime(&now);
    PIRP read = IoCsqRemoveNextIrp(&t->queue, NULL);
    KeAcquireSpinLockAtDpcLevel(&t->lock);
    stamp.number = ++t->number;
    stamp.missed = t->missed;
    if (!read) t->missed++;
    KeReleaseSpinLockFromDpcLevel(&t->lock);
    if (!read) return;
    stamp.processor = KeGetCurrentProcessorNumberEx(NULL);
    stamp.time = now.QuadPart;
    RtlCopyMemory(read->AssociatedIrp.SystemBuffer, &stamp, sizeof stamp);
    complete(read, STATUS_SUCCESS, sizeof stamp);
}

static void stop(TIMER_EXTENSION* t) {
    KeCancelTimer(&t->timer);
    KeFlushQueuedDpcs(); // a DPC may be on its way
}

static NTSTATUS NTAPI timerdev_control(PDEVICE_OBJECT device, PIRP irp) {
    TIMER_EXTENSION* t = device->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_TIMERDEV_START: {
        const TIMERDEV_START* start = irp->AssociatedIrp.SystemBuffer;
        LARGE_INTEGER due;
        if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof *start)
            return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        if (start->due > HOUR || start->period > HOUR) return complete(irp, STATUS_INVALID_PARAMETER, 0);
        stop(t);
        t->number = t->missed = 0;
        due.QuadPart = -10000LL * (LONGLONG)start->due;
        KeSetTimerEx(&t->timer, due, (LONG)start->period, &t->dpc);
        return complete(irp, STATUS_SUCCESS, 0);
    }
    case IOCTL_TIMERDEV_STOP:
        stop(t);
        return complete(irp, STATUS_SUCCESS, 0);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static VOID NTAPI timerdev_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    stop(driver->DeviceObject->DeviceExtension);
    RtlInitUnicodeString(&link, L"\\??\\TimerDev");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    RtlInitUnicodeString(&name, L"\\Device\\TimerDev");
    RtlInitUnicodeString(&link, L"\\??\\TimerDev");
    NTSTATUS status = IoCreateDevice(driver, sizeof(TIMER_EXTENSION), &name, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    TIMER_EXTENSION* t = device->DeviceExtension; // comes zeroed
    KeInitializeTimer(&t->timer);
    KeInitializeDpc(&t->dpc, timerdev_expired, t);
    KeInitializeSpinLock(&t->lock);
    InitializeListHead(&t->waiting);
    status = IoCsqInitialize(&t->queue, insert_read, remove_read, peek_read, lock_queue, unlock_queue,
                             complete_cancelled);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = timerdev_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = timerdev_cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = timerdev_open_close;
    driver->MajorFunction[IRP_MJ_READ] = timerdev_read;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = timerdev_control;
    driver->DriverUnload = timerdev_unload;
    return STATUS_SUCCESS;
}
