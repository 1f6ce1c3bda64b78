// Racy: three races between two threads, as they stand in many a driver. Each is rare on a real machine; here
// a schedule that shows it is found by trying seeds, and is then repeated at will (docs/finding-a-race.md).
#include <ntddk.h>

#include "racy.h"

#define RACY_TAG 'ycaR'

typedef struct {
    PIRP volatile held; // race 1

    struct session {
        IO_REMOVE_LOCK remove_lock;
        ULONG volatile* volatile buffer;
    } sessions[RACY_SESSIONS]; // race 2
    struct session* volatile session;
    ULONG started;

    struct question* volatile asked; // race 3
} RACY_EXTENSION;

struct question {
    PKEVENT volatile answered;
    LONG volatile done;
};

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD racy_unload;
static DRIVER_DISPATCH racy_open_close;
static DRIVER_DISPATCH racy_control;
static DRIVER_CANCEL racy_cancel;

static NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// 1. The cancel routine completes the IRP. So does finish(), which takes the cancel routine away but does not
// look whether it was still there: IoSetCancelRoutine gave NULL when the cancel routine has been taken, and
// is about to run; then the IRP is not finish()'s to complete. Both complete it:
// MULTIPLE_IRP_COMPLETE_REQUESTS.
static VOID NTAPI racy_cancel(PDEVICE_OBJECT device, PIRP irp) {
    RACY_EXTENSION* racy = device->DeviceExtension;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    InterlockedCompareExchangePointer((PVOID volatile*)&racy->held, NULL, irp);
    complete(irp, STATUS_CANCELLED);
}

static NTSTATUS hold(RACY_EXTENSION* racy, PIRP irp) {
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, racy_cancel);
    InterlockedExchangePointer((PVOID volatile*)&racy->held, irp);
    return STATUS_PENDING;
}

static NTSTATUS finish(RACY_EXTENSION* racy) {
    PIRP irp = InterlockedExchangePointer((PVOID volatile*)&racy->held, NULL);
    if (!irp) return STATUS_NOT_FOUND;
    IoSetCancelRoutine(irp, NULL); // its answer is not looked at
    complete(irp, STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

// 2. use() gives up the remove lock before it has done with what the lock protects. remove() may run in
// between.
static NTSTATUS use(RACY_EXTENSION* racy, PIRP irp) {
    struct session* session = racy->session;
    if (!session) return STATUS_DEVICE_NOT_READY;
    NTSTATUS status = IoAcquireRemoveLock(&session->remove_lock, irp);
    if (!NT_SUCCESS(status)) return status;
    IoReleaseRemoveLock(&session->remove_lock, irp); // too early
    *session->buffer = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS start(RACY_EXTENSION* racy) {
    if (racy->started == RACY_SESSIONS) return STATUS_INSUFFICIENT_RESOURCES;
    ULONG* buffer = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, RACY_TAG);
    if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
    struct session* session = &racy->sessions[racy->started++];
    IoInitializeRemoveLock(&session->remove_lock, RACY_TAG, 0, 0);
    session->buffer = buffer;
    InterlockedExchangePointer((PVOID volatile*)&racy->session, session);
    return STATUS_SUCCESS;
}

static NTSTATUS remove(RACY_EXTENSION* racy, PIRP irp) {
    struct session* session = racy->session;
    if (!session) return STATUS_DEVICE_NOT_READY;
    NTSTATUS status = IoAcquireRemoveLock(&session->remove_lock, irp);
    if (!NT_SUCCESS(status)) return status;
    IoReleaseRemoveLockAndWait(&session->remove_lock, irp);
    PVOID buffer = (PVOID)session->buffer;
    session->buffer = NULL;
    ExFreePoolWithTag(buffer, RACY_TAG);
    return STATUS_SUCCESS;
}

// 3. answer() says that it is done, and only then signals the event whose address stands in the question.
// ask() may have seen it done, without a wait, and freed the question: its first word is another pointer by
// then.
static NTSTATUS ask(RACY_EXTENSION* racy) {
    KEVENT answered;
    struct question* question = ExAllocatePoolWithTag(NonPagedPool, sizeof *question, RACY_TAG);
    if (!question) return STATUS_INSUFFICIENT_RESOURCES;
    KeInitializeEvent(&answered, NotificationEvent, FALSE);
    question->answered = &answered;
    question->done = 0;
    InterlockedExchangePointer((PVOID volatile*)&racy->asked, question);
    // A moment's patience saves the wait, most of the time.
    for (int i = 0; i < 200 && !question->done; i++)
        KeStallExecutionProcessor(1);
    if (!question->done) KeWaitForSingleObject(&answered, Executive, KernelMode, FALSE, NULL);
    question->answered = NULL;
    ExFreePoolWithTag(question, RACY_TAG);
    return STATUS_SUCCESS;
}

static NTSTATUS answer(RACY_EXTENSION* racy) {
    struct question* question = InterlockedExchangePointer((PVOID volatile*)&racy->asked, NULL);
    if (!question) return STATUS_NOT_FOUND;
    question->done = 1; // too early
    KeSetEvent(question->answered, IO_NO_INCREMENT, FALSE);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI racy_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI racy_control(PDEVICE_OBJECT device, PIRP irp) {
    RACY_EXTENSION* racy = device->DeviceExtension;
    switch (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode) {
    case RACY_HOLD:
        return hold(racy, irp);
    case RACY_FINISH:
        return complete(irp, finish(racy));
    case RACY_START:
        return complete(irp, start(racy));
    case RACY_USE:
        return complete(irp, use(racy, irp));
    case RACY_REMOVE:
        return complete(irp, remove(racy, irp));
    case RACY_ASK:
        return complete(irp, ask(racy));
    case RACY_ANSWER:
        return complete(irp, answer(racy));
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

static VOID NTAPI racy_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Racy");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Racy"),
                   link = RTL_CONSTANT_STRING(L"\\DosDevices\\Racy");
    PDEVICE_OBJECT device;
    NTSTATUS status =
        IoCreateDevice(driver, sizeof(RACY_EXTENSION), &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = racy_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = racy_open_close;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = racy_control;
    driver->DriverUnload = racy_unload;
    return STATUS_SUCCESS;
}
