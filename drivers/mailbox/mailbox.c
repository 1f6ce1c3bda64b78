// Mailbox: a device that programs talk through. What it promises is in mailbox.h.
//
// What a handle stands for. The name behind the device's (\\.\Mailbox\bob: FileObject->FileName is \bob) is
// the driver's own. IRP_MJ_CREATE finds or makes the mailbox and leaves it in FileObject->FsContext, where
// every later request through that handle finds it; IRP_MJ_CLOSE gives it back. In between comes
// IRP_MJ_CLEANUP, when the last handle is gone, though requests may still hold the file object: it ends them.
//
// Who locks what. Dispatch routines for programs run at PASSIVE_LEVEL, so a fast mutex makes "is a message
// there? no: wait" one step, for reads against writes. Cancelling comes from anywhere at any time; that is
// the cancel-safe queue's business, with a spin lock of its own. No request is completed under either lock:
// completion calls other drivers.
#include <ntddk.h>

#include "mailbox.h"

#define TAG 'xobM'

typedef struct {
    LIST_ENTRY link;
    ULONG length;
    UCHAR text[1];
} MESSAGE;

typedef struct {
    LIST_ENTRY link;     // in boxes
    LIST_ENTRY messages; // the oldest first
    ULONG count, opens;
    USHORT length;  // of the name, in bytes
    WCHAR name[32]; // in upper case
} BOX;

// Which reads next_read looks for: those of a box, or of a file object.
typedef struct {
    BOX* box;
    PFILE_OBJECT file;
} WANTED;

static FAST_MUTEX lock; // boxes, and what is in them
static LIST_ENTRY boxes;
static IO_CSQ queue;
static KSPIN_LOCK reads_lock;
static LIST_ENTRY reads; // of all boxes, the oldest first

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD mailbox_unload;
static DRIVER_DISPATCH mailbox_create;
static DRIVER_DISPATCH mailbox_cleanup;
static DRIVER_DISPATCH mailbox_close;
static DRIVER_DISPATCH mailbox_read;
static DRIVER_DISPATCH mailbox_write;
static DRIVER_DISPATCH mailbox_control;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information, CCHAR boost) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, boost);
    return status;
}

static PFILE_OBJECT file_of(PIRP irp) { return IoGetCurrentIrpStackLocation(irp)->FileObject; }
static ULONG room_of(PIRP read) { return IoGetCurrentIrpStackLocation(read)->Parameters.Read.Length; }

static VOID NTAPI insert_read(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    InsertTailList(&reads, &irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI remove_read(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI next_read(PIO_CSQ csq, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(csq);
    const WANTED* wanted = context;
    LIST_ENTRY* entry = irp ? irp->Tail.Overlay.ListEntry.Flink : reads.Flink;
    for (; entry != &reads; entry = entry->Flink) {
        PIRP found = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        PFILE_OBJECT file = file_of(found);
        if (wanted->file ? file == wanted->file : file->FsContext == wanted->box) return found;
    }
    return NULL;
}

static VOID NTAPI acquire_reads(PIO_CSQ csq, PKIRQL irql) {
    UNREFERENCED_PARAMETER(csq);
    KeAcquireSpinLock(&reads_lock, irql);
}

static VOID NTAPI release_reads(PIO_CSQ csq, KIRQL irql) {
    UNREFERENCED_PARAMETER(csq);
    KeReleaseSpinLock(&reads_lock, irql);
}

static VOID NTAPI complete_cancelled(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    complete(irp, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
}

// The box of that name in upper case, made if there is none; with `lock` held, so at APC_LEVEL, where names
// cannot be compared by RtlEqualUnicodeString any more.
static BOX* open_box(PUNICODE_STRING name) {
    for (LIST_ENTRY* e = boxes.Flink; e != &boxes; e = e->Flink) {
        BOX* box = CONTAINING_RECORD(e, BOX, link);
        if (box->length == name->Length &&
            RtlCompareMemory(box->name, name->Buffer, name->Length) == name->Length)
            return box;
    }
    BOX* box = ExAllocatePoolWithTag(PagedPool, sizeof(BOX), TAG);
    if (!box) return NULL;
    InitializeListHead(&box->messages);
    box->count = box->opens = 0;
    box->length = name->Length;
    RtlCopyMemory(box->name, name->Buffer, name->Length);
    InsertTailList(&boxes, &box->link);
    return box;
}

static NTSTATUS NTAPI mailbox_create(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PFILE_OBJECT file = file_of(irp);
    UNICODE_STRING name = file->FileName;
    if (name.Length == 0) return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT); // the device itself
    if (name.Length < 2 * sizeof(WCHAR) || name.Length > 33 * sizeof(WCHAR) || name.Buffer[0] != L'\\')
        return complete(irp, STATUS_OBJECT_NAME_INVALID, 0, IO_NO_INCREMENT);
    name.Buffer += 1;
    name.Length -= sizeof(WCHAR);
    WCHAR text[32];
    UNICODE_STRING upper = {0, sizeof text, text};
    RtlUpcaseUnicodeString(&upper, &name, FALSE);
    ExAcquireFastMutex(&lock);
    BOX* box = open_box(&upper);
    if (box) ++box->opens;
    ExReleaseFastMutex(&lock);
    file->FsContext = box;
    return complete(irp, box ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI mailbox_cleanup(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    WANTED wanted = {NULL, file_of(irp)};
    PIRP read;
    while ((read = IoCsqRemoveNextIrp(&queue, &wanted)) != NULL)
        complete(read, STATUS_CANCELLED, 0, IO_NO_INCREMENT);
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI mailbox_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    BOX* box = file_of(irp)->FsContext;
    if (!box) return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
    ExAcquireFastMutex(&lock);
    if (--box->opens == 0) {
        while (!IsListEmpty(&box->messages))
            ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&box->messages), MESSAGE, link), TAG);
        RemoveEntryList(&box->link);
        ExFreePoolWithTag(box, TAG);
    }
    ExReleaseFastMutex(&lock);
    return complete(irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI mailbox_read(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    BOX* box = file_of(irp)->FsContext;
    MESSAGE* message = NULL;
    NTSTATUS status = STATUS_PENDING;
    if (!box) return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0, IO_NO_INCREMENT);
    ExAcquireFastMutex(&lock);
    if (IsListEmpty(&box->messages)) {
        IoCsqInsertIrp(&queue, irp, NULL); // marks it pending: from here on it is not ours
    } else {
        message = CONTAINING_RECORD(box->messages.Flink, MESSAGE, link);
        status = message->length <= room_of(irp) ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
        if (status == STATUS_SUCCESS) {
            RemoveEntryList(&message->link);
            --box->count;
        }
    }
    ExReleaseFastMutex(&lock);
    if (status == STATUS_PENDING) return status;
    if (status != STATUS_SUCCESS) return complete(irp, status, 0, IO_NO_INCREMENT);
    ULONG length = message->length;
    RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, message->text, length);
    ExFreePoolWithTag(message, TAG);
    return complete(irp, STATUS_SUCCESS, length, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI mailbox_write(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    BOX* box = file_of(irp)->FsContext;
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length;
    if (!box) return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0, IO_NO_INCREMENT);
    if (length > MAILBOX_MESSAGE_SIZE) return complete(irp, STATUS_INVALID_BUFFER_SIZE, 0, IO_NO_INCREMENT);
    MESSAGE* message = ExAllocatePoolWithTag(PagedPool, sizeof(MESSAGE) + length, TAG);
    if (!message) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0, IO_NO_INCREMENT);
    message->length = length;
    RtlCopyMemory(message->text, irp->AssociatedIrp.SystemBuffer, length);
    // Reads that wait for it but have no room for it are told so; the message goes to the first that has.
    LIST_ENTRY too_small;
    InitializeListHead(&too_small);
    NTSTATUS status = STATUS_SUCCESS;
    WANTED wanted = {box, NULL};
    PIRP read;
    ExAcquireFastMutex(&lock);
    while ((read = IoCsqRemoveNextIrp(&queue, &wanted)) != NULL && room_of(read) < length)
        InsertTailList(&too_small, &read->Tail.Overlay.ListEntry);
    if (!read && box->count == MAILBOX_MESSAGES) {
        status = STATUS_DEVICE_BUSY;
    } else if (!read) {
        InsertTailList(&box->messages, &message->link);
        ++box->count;
        message = NULL;
    }
    ExReleaseFastMutex(&lock);
    while (!IsListEmpty(&too_small)) {
        LIST_ENTRY* entry = RemoveHeadList(&too_small);
        complete(CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry), STATUS_BUFFER_TOO_SMALL, 0,
                 IO_NO_INCREMENT);
    }
    if (read) {
        RtlCopyMemory(read->AssociatedIrp.SystemBuffer, message->text, length);
        complete(read, STATUS_SUCCESS, length, IO_MAILSLOT_INCREMENT);
    }
    if (message) ExFreePoolWithTag(message, TAG);
    return complete(irp, status, status == STATUS_SUCCESS ? length : 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI mailbox_control(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    BOX* box = stack->FileObject->FsContext;
    if (!box || stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_MAILBOX_COUNT)
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0, IO_NO_INCREMENT);
    if (stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG))
        return complete(irp, STATUS_BUFFER_TOO_SMALL, 0, IO_NO_INCREMENT);
    ExAcquireFastMutex(&lock);
    *(ULONG*)irp->AssociatedIrp.SystemBuffer = box->count;
    ExReleaseFastMutex(&lock);
    return complete(irp, STATUS_SUCCESS, sizeof(ULONG), IO_NO_INCREMENT);
}

static VOID NTAPI mailbox_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\Mailbox");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\Mailbox");
    RtlInitUnicodeString(&link, L"\\??\\Mailbox");
    ExInitializeFastMutex(&lock);
    InitializeListHead(&boxes);
    InitializeListHead(&reads);
    KeInitializeSpinLock(&reads_lock);
    NTSTATUS status = IoCsqInitialize(&queue, insert_read, remove_read, next_read, acquire_reads,
                                      release_reads, complete_cancelled);
    if (!NT_SUCCESS(status)) return status;
    PDEVICE_OBJECT device;
    status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = mailbox_create;
    driver->MajorFunction[IRP_MJ_CLEANUP] = mailbox_cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = mailbox_close;
    driver->MajorFunction[IRP_MJ_READ] = mailbox_read;
    driver->MajorFunction[IRP_MJ_WRITE] = mailbox_write;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = mailbox_control;
    driver->DriverUnload = mailbox_unload;
    return STATUS_SUCCESS;
}
