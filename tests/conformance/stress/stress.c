// Everything that a driver can keep at once, on every processor: reads wait in a cancel-safe queue, a
// periodic timer's DPC ends some itself and gives others to DPCs of other processors, to work items, and to a
// system thread; control requests wait in their callers' threads for semaphores, events, timers, mutexes,
// fast mutexes and resources. When it is unloaded, nothing may be left: it counts what it has.
#include <ntddk.h>

#include "stress.h"

#define TAG 0x73727453 // "Strs"
#define MOST_PROCESSORS 64

NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE, BOOLEAN, PLARGE_INTEGER);

typedef struct {
    IO_CSQ queue;
    KSPIN_LOCK lock; // of the queue and the rest of what DPCs share
    LIST_ENTRY waiting;
    KTIMER timer;
    KDPC timer_dpc, dpcs[MOST_PROCESSORS];
    ULONG processors, turn;
    KSEMAPHORE semaphore, items;
    KEVENT event, stop;
    KMUTEX mutex;
    FAST_MUTEX fast;
    ERESOURCE resource;
    PVOID thread;
    STRESS_COUNTS counts;
} STRESS;

static PDEVICE_OBJECT the_device;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// ---- reads

static STRESS* of_queue(PIO_CSQ csq) { return CONTAINING_RECORD(csq, STRESS, queue); }
static VOID NTAPI insert_read(PIO_CSQ csq, PIRP irp) {
    InsertTailList(&of_queue(csq)->waiting, &irp->Tail.Overlay.ListEntry);
}
static VOID NTAPI remove_read(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}
static PIRP NTAPI peek_read(PIO_CSQ csq, PIRP irp, PVOID file) {
    LIST_ENTRY* head = &of_queue(csq)->waiting;
    for (LIST_ENTRY* e = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink; e != head; e = e->Flink) {
        PIRP next = CONTAINING_RECORD(e, IRP, Tail.Overlay.ListEntry);
        if (!file || IoGetCurrentIrpStackLocation(next)->FileObject == file) return next;
    }
    return NULL;
}
static VOID NTAPI lock_queue(PIO_CSQ csq, PKIRQL irql) { KeAcquireSpinLock(&of_queue(csq)->lock, irql); }
static VOID NTAPI unlock_queue(PIO_CSQ csq, KIRQL irql) { KeReleaseSpinLock(&of_queue(csq)->lock, irql); }

// Each read owns a block of pool until it ends.
static void free_block(STRESS* s, PIRP irp) {
    ExFreePoolWithTag(irp->Tail.Overlay.DriverContext[0], TAG);
    InterlockedDecrement(&s->counts.blocks);
}
static VOID NTAPI read_cancelled(PIO_CSQ csq, PIRP irp) {
    STRESS* s = of_queue(csq);
    free_block(s, irp);
    InterlockedIncrement(&s->counts.cancelled);
    complete(irp, STATUS_CANCELLED, 0);
}
static BOOLEAN end_one_read(STRESS* s) {
    PIRP irp = IoCsqRemoveNextIrp(&s->queue, NULL);
    if (!irp) return FALSE;
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    RtlFillMemory(irp->AssociatedIrp.SystemBuffer, length, 's');
    free_block(s, irp);
    InterlockedIncrement(&s->counts.completed);
    complete(irp, STATUS_SUCCESS, length);
    return TRUE;
}

static VOID NTAPI work(PDEVICE_OBJECT device, PVOID context) {
    STRESS* s = device->DeviceExtension;
    end_one_read(s);
    IoFreeWorkItem(context);
    InterlockedDecrement(&s->counts.items);
}
static VOID NTAPI serve(PVOID context) {
    STRESS* s = context;
    PVOID objects[] = {&s->stop, &s->items};
    while (KeWaitForMultipleObjects(2, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL) ==
           STATUS_WAIT_1)
        end_one_read(s);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static VOID NTAPI elsewhere(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    (void)dpc, (void)a, (void)b;
    end_one_read(context);
}
static VOID NTAPI tick(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    STRESS* s = context;
    (void)dpc, (void)a, (void)b;
    end_one_read(s);
    KeReleaseSemaphore(&s->items, IO_NO_INCREMENT, 1, FALSE);
    if (KeReadStateSemaphore(&s->semaphore) < 100)
        KeReleaseSemaphore(&s->semaphore, IO_NO_INCREMENT, 2, FALSE);
    KeSetEvent(&s->event, EVENT_INCREMENT, FALSE);
    KeInsertQueueDpc(&s->dpcs[s->turn++ % s->processors], NULL, NULL);
    PIO_WORKITEM item = IoAllocateWorkItem(the_device);
    if (!item) return;
    InterlockedIncrement(&s->counts.items);
    IoQueueWorkItem(item, work, s->turn & 1 ? DelayedWorkQueue : CriticalWorkQueue, item);
}

static NTSTATUS NTAPI stress_read(PDEVICE_OBJECT device, PIRP irp) {
    STRESS* s = device->DeviceExtension;
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 16 + length, TAG);
    if (!block) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    irp->Tail.Overlay.DriverContext[0] = block;
    InterlockedIncrement(&s->counts.blocks);
    InterlockedIncrement(&s->counts.pended);
    IoCsqInsertIrp(&s->queue, irp, NULL);
    return STATUS_PENDING;
}

// ---- waits in the caller's thread

static void wait_somehow(STRESS* s, ULONG number) {
    LARGE_INTEGER timeout = {.QuadPart = -10000 * (LONGLONG)(1 + number % 5)};
    PVOID both[] = {&s->event, &s->semaphore};
    KTIMER timer;
    HANDLE handle;
    OBJECT_ATTRIBUTES attributes;
    switch (number % 7) {
    case 0:
        KeWaitForSingleObject(&s->semaphore, Executive, KernelMode, FALSE, &timeout);
        break;
    case 1:
        KeWaitForMultipleObjects(2, both, number & 8 ? WaitAny : WaitAll, Executive, KernelMode, FALSE,
                                 &timeout, NULL);
        break;
    case 2:
        KeInitializeTimer(&timer);
        KeSetTimer(&timer, timeout, NULL);
        KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL);
        break;
    case 3:
        KeWaitForSingleObject(&s->mutex, Executive, KernelMode, FALSE, NULL);
        KeDelayExecutionThread(KernelMode, FALSE, &timeout);
        KeReleaseMutex(&s->mutex, FALSE);
        break;
    case 4: {
        PVOID block = ExAllocatePoolWithTag(PagedPool, 32 + number % 3000, TAG);
        ExAcquireFastMutex(&s->fast);
        if (block) RtlZeroMemory(block, 32);
        ExReleaseFastMutex(&s->fast);
        if (block) ExFreePoolWithTag(block, TAG);
        break;
    }
    case 5:
        KeEnterCriticalRegion();
        if (number & 8)
            ExAcquireResourceExclusiveLite(&s->resource, TRUE);
        else
            ExAcquireResourceSharedLite(&s->resource, TRUE);
        KeDelayExecutionThread(KernelMode, FALSE, &timeout);
        ExReleaseResourceLite(&s->resource);
        KeLeaveCriticalRegion();
        break;
    default:
        InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
        if (!NT_SUCCESS(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE)))
            break;
        PVOID body;
        if (NT_SUCCESS(ObReferenceObjectByHandle(handle, EVENT_ALL_ACCESS, NULL, KernelMode, &body, NULL))) {
            ZwWaitForSingleObject(handle, FALSE, &timeout);
            ObDereferenceObject(body);
        }
        ZwClose(handle);
    }
}

static NTSTATUS NTAPI stress_control(PDEVICE_OBJECT device, PIRP irp) {
    STRESS* s = device->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_STRESS_WAIT:
        if (in < sizeof(ULONG) || out < sizeof(ULONG)) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        wait_somehow(s, *(ULONG*)irp->AssociatedIrp.SystemBuffer);
        return complete(irp, STATUS_SUCCESS, sizeof(ULONG));
    case IOCTL_STRESS_COUNTS:
        if (out < sizeof s->counts) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &s->counts, sizeof s->counts);
        return complete(irp, STATUS_SUCCESS, sizeof s->counts);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS NTAPI stress_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}
static NTSTATUS NTAPI stress_cleanup(PDEVICE_OBJECT device, PIRP irp) {
    STRESS* s = device->DeviceExtension;
    PIRP read;
    while ((read = IoCsqRemoveNextIrp(&s->queue, IoGetCurrentIrpStackLocation(irp)->FileObject)))
        read_cancelled(&s->queue, read);
    return complete(irp, STATUS_SUCCESS, 0);
}

// ---- coming and going

static VOID NTAPI stress_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Stress");
    STRESS* s = the_device->DeviceExtension;
    UNREFERENCED_PARAMETER(driver);
    IoDeleteSymbolicLink(&link);
    KeCancelTimer(&s->timer);
    KeFlushQueuedDpcs();
    KeSetEvent(&s->stop, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(s->thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(s->thread);
    // A work item holds a reference of the device until its routine has returned, but this is our code.
    LARGE_INTEGER moment = {.QuadPart = -10000};
    while (s->counts.items)
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    ExDeleteResourceLite(&s->resource);
    NT_ASSERT(!s->counts.blocks && s->counts.pended == s->counts.completed + s->counts.cancelled);
    IoDeleteDevice(the_device);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Stress"),
                   link = RTL_CONSTANT_STRING(L"\\??\\Stress");
    UNREFERENCED_PARAMETER(path);
    NTSTATUS status =
        IoCreateDevice(driver, sizeof(STRESS), &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &the_device);
    if (!NT_SUCCESS(status)) return status;
    STRESS* s = the_device->DeviceExtension;
    the_device->Flags |= DO_BUFFERED_IO;
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLOSE] = stress_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = stress_cleanup;
    driver->MajorFunction[IRP_MJ_READ] = stress_read;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = stress_control;
    driver->DriverUnload = stress_unload;
    InitializeListHead(&s->waiting);
    KeInitializeSpinLock(&s->lock);
    IoCsqInitialize(&s->queue, insert_read, remove_read, peek_read, lock_queue, unlock_queue, read_cancelled);
    KeInitializeSemaphore(&s->semaphore, 0, MAXLONG);
    KeInitializeSemaphore(&s->items, 0, MAXLONG);
    KeInitializeEvent(&s->event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&s->stop, NotificationEvent, FALSE);
    KeInitializeMutex(&s->mutex, 0);
    ExInitializeFastMutex(&s->fast);
    ExInitializeResourceLite(&s->resource);
    s->processors = KeQueryActiveProcessorCount(NULL);
    for (ULONG i = 0; i < s->processors; ++i) {
        KeInitializeDpc(&s->dpcs[i], elsewhere, s);
        KeSetTargetProcessorDpc(&s->dpcs[i], (CCHAR)i);
    }
    HANDLE thread;
    status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, serve, s);
    if (NT_SUCCESS(status)) {
        ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, NULL, KernelMode, &s->thread, NULL);
        ZwClose(thread);
        status = IoCreateSymbolicLink(&link, &name);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(the_device);
        return status;
    }
    KeInitializeTimer(&s->timer);
    KeInitializeDpc(&s->timer_dpc, tick, s);
    LARGE_INTEGER soon = {.QuadPart = -10000};
    KeSetTimerEx(&s->timer, soon, 1, &s->timer_dpc);
    the_device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
