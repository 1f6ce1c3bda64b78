// CsqDev: requests that stay pending, in a cancel-safe queue. What it promises is in csqdev.h.
//
// A request that a driver keeps can be cancelled at any time, also at the very moment it is taken out to be
// completed, and must be completed exactly once. IoCsq… settles that: the driver brings the queue (here a
// list) and its lock (here a spin lock), and never sees a cancel routine. The rules around it:
// * IoCsqInsertIrp marks the request pending, so the dispatch routine must return STATUS_PENDING, and may not
//   touch the IRP any more: another thread may have completed it.
// * Whoever takes an IRP from the queue owns it and completes it, with no lock held.
// * IRP_MJ_CLEANUP completes what was queued through the file object: its handles are gone.
// The queue's routines run at DISPATCH_LEVEL, so the driver's code is not pageable and the IRPs' buffers are
// system buffers (DO_BUFFERED_IO), which can be filled from any thread.
#include <ntddk.h>

#include "csqdev.h"

typedef struct {
    IO_CSQ queue;
    LIST_ENTRY reads; // IRP.Tail.Overlay.ListEntry
    KSPIN_LOCK lock;
} CSQDEV_EXTENSION;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD csqdev_unload;
static DRIVER_DISPATCH csqdev_open_close;
static DRIVER_DISPATCH csqdev_cleanup;
static DRIVER_DISPATCH csqdev_read;
static DRIVER_DISPATCH csqdev_write;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information, CCHAR boost) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, boost);
    return status;
}

static CSQDEV_EXTENSION* extension_of(PIO_CSQ queue) {
    return CONTAINING_RECORD(queue, CSQDEV_EXTENSION, queue);
}

static VOID NTAPI insert_read(PIO_CSQ queue, PIRP irp) {
    InsertTailList(&extension_of(queue)->reads, &irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI remove_read(PIO_CSQ queue, PIRP irp) {
    UNREFERENCED_PARAMETER(queue);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

// The next read after `irp` (null: the first), of one file object if `file` names it.
static PIRP NTAPI next_read(PIO_CSQ queue, PIRP irp, PVOID file) {
    LIST_ENTRY* head = &extension_of(queue)->reads;
    LIST_ENTRY* entry = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink;
    for (; entry != head; entry = entry->Flink) {
        PIRP found = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (!file || IoGetCurrentIrpStackLocation(found)->FileObject == file) return found;
    }
    return NULL;
}

static VOID NTAPI acquire_queue(PIO_CSQ queue, PKIRQL irql) {
    KeAcquireSpinLock(&extension_of(queue)->lock, irql);
}

static VOID NTAPI release_queue(PIO_CSQ queue, KIRQL irql) {
    KeReleaseSpinLock(&extension_of(queue)->lock, irql);
}

static VOID NTAPI complete_cancelled(PIO_CSQ queue, PIRP irp) {
    UNREFERENCED_PARAMETER(queue);
    complete(irp, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI csqdev_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI csqdev_cleanup(PDEVICE_OBJECT device, PIRP irp) {
    CSQDEV_EXTENSION* csqdev = device->DeviceExtension;
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    PIRP read;
    while ((read = IoCsqRemoveNextIrp(&csqdev->queue, file)) != NULL)
        complete(read, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI csqdev_read(PDEVICE_OBJECT device, PIRP irp) {
    CSQDEV_EXTENSION* csqdev = device->DeviceExtension;
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length == 0)
        return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
    IoCsqInsertIrp(&csqdev->queue, irp, NULL);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI csqdev_write(PDEVICE_OBJECT device, PIRP irp) {
    CSQDEV_EXTENSION* csqdev = device->DeviceExtension;
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length;
    if (length == 0) return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
    PIRP read = IoCsqRemoveNextIrp(&csqdev->queue, NULL);
    if (!read) return complete(irp, STATUS_DEVICE_NOT_READY, 0, IO_NO_INCREMENT);
    ULONG room = IoGetCurrentIrpStackLocation(read)->Parameters.Read.Length;
    ULONG taken = length < room ? length : room;
    RtlCopyMemory(read->AssociatedIrp.SystemBuffer, irp->AssociatedIrp.SystemBuffer, taken);
    complete(read, STATUS_SUCCESS, taken, IO_NAMED_PIPE_INCREMENT);
    return complete(irp, STATUS_SUCCESS, taken, IO_NO_INCREMENT);
}

static VOID NTAPI csqdev_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\CsqDev");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\CsqDev");
    RtlInitUnicodeString(&link, L"\\??\\CsqDev");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, sizeof(CSQDEV_EXTENSION), &name, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    CSQDEV_EXTENSION* csqdev = device->DeviceExtension;
    InitializeListHead(&csqdev->reads);
    KeInitializeSpinLock(&csqdev->lock);
    status = IoCsqInitialize(&csqdev->queue, insert_read, remove_read, next_read, acquire_queue,
                             release_queue, complete_cancelled);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = csqdev_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = csqdev_cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = csqdev_open_close;
    driver->MajorFunction[IRP_MJ_READ] = csqdev_read;
    driver->MajorFunction[IRP_MJ_WRITE] = csqdev_write;
    driver->DriverUnload = csqdev_unload;
    return STATUS_SUCCESS;
}
