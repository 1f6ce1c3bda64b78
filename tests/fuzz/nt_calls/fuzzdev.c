// FuzzDev: devices that do with a request whatever the request says, within the rules for drivers. The fuzz
// target nt_calls talks to them: what goes wrong below a system call then is the kernel's fault.
//
//   \Device\Fuzz0  buffered    \Device\Fuzz1  direct    \Device\Fuzz2  neither    \Device\Fuzz3  buffered,
//   exclusive
//
// As service FuzzFilter the same image is a filter above the first three instead.
//
// A request's selector is the function of its control code, or the low part of its byte offset, or the first
// character of the name that it opens (else 0):
//   bits 0-2   what to do with it (ACTION)        bits 3-5   with which status it ends
//   bits 6-7   Information: 0, 1, half or all     bits 8-9   what the filter does (PASS)
#include <ntddk.h>

#define TAG 'zzuF'
#define DEVICES 4

typedef enum {
    complete_now,
    complete_marked_pending,
    wait_for_timer,   // its DPC ends one request after the other
    wait_for_worker,  // a work item ends it
    wait_for_ever,    // until it is cancelled, its handle closed, or somebody's `end_waiting`
    end_waiting,      // ends a request that waits as well
    touch_the_buffer, // as far as it goes, then complete
    wait_and_run,     // with a deferred procedure that comes at once
} ACTION;

typedef enum { skip_location, copy_location, forward_and_wait, answer_above } PASS;

typedef struct {
    PDEVICE_OBJECT lower; // of a filter; else null
    IO_CSQ queue;
    KSPIN_LOCK lock;
    LIST_ENTRY waiting;
    KTIMER timer;
    KDPC timer_dpc, dpc;
} DEVICE;

static const NTSTATUS statuses[8] = {
    STATUS_SUCCESS,           STATUS_SUCCESS,   STATUS_BUFFER_OVERFLOW,  STATUS_END_OF_FILE,
    STATUS_INVALID_PARAMETER, STATUS_CANCELLED, STATUS_DEVICE_NOT_READY, STATUS_OBJECT_NAME_EXISTS};
static PDEVICE_OBJECT devices[DEVICES];

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD fuzz_unload;
static DRIVER_DISPATCH fuzz_dispatch;
static IO_COMPLETION_ROUTINE passed_on;

static ULONG selector_of(PIRP irp) {
    PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
    switch (at->MajorFunction) {
    case IRP_MJ_READ:
        return at->Parameters.Read.ByteOffset.LowPart;
    case IRP_MJ_WRITE:
        return at->Parameters.Write.ByteOffset.LowPart;
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return at->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xfff;
    case IRP_MJ_CREATE:
        return at->FileObject->FileName.Length > 2 ? at->FileObject->FileName.Buffer[1] & 0xfb : 0;
    default:
        return 0;
    }
}

static ULONG room_of(PIRP irp) {
    PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
    switch (at->MajorFunction) {
    case IRP_MJ_READ:
        return at->Parameters.Read.Length;
    case IRP_MJ_WRITE:
        return at->Parameters.Write.Length;
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return at->Parameters.DeviceIoControl.OutputBufferLength;
    case IRP_MJ_QUERY_INFORMATION:
        return at->Parameters.QueryFile.Length;
    default:
        return 0;
    }
}

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// At DISPATCH_LEVEL too, where a file's name is not there: the selector was read before.
static NTSTATUS answer(PIRP irp, ULONG selector) {
    ULONG room = room_of(irp);
    NTSTATUS status = statuses[selector >> 3 & 7];
    ULONG information[] = {0, room ? 1 : 0, room / 2, room};
    BOOLEAN opens = IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_CREATE;
    if (opens && NT_SUCCESS(status)) status = STATUS_SUCCESS;
    return complete(irp, status, NT_ERROR(status) ? 0 : opens ? FILE_OPENED : information[selector >> 6 & 3]);
}

// ---- requests that wait

static VOID keep_selector(PIRP irp, ULONG selector) {
    irp->Tail.Overlay.DriverContext[1] = (PVOID)(ULONG_PTR)selector;
}
static ULONG selector_kept(PIRP irp) { return (ULONG)(ULONG_PTR)irp->Tail.Overlay.DriverContext[1]; }

static DEVICE* of_queue(PIO_CSQ csq) { return CONTAINING_RECORD(csq, DEVICE, queue); }

static VOID NTAPI insert(PIO_CSQ csq, PIRP irp) {
    InsertTailList(&of_queue(csq)->waiting, &irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI removed(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI peek(PIO_CSQ csq, PIRP irp, PVOID file) {
    LIST_ENTRY* head = &of_queue(csq)->waiting;
    for (LIST_ENTRY* e = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink; e != head; e = e->Flink) {
        PIRP next = CONTAINING_RECORD(e, IRP, Tail.Overlay.ListEntry);
        if (!file || IoGetCurrentIrpStackLocation(next)->FileObject == file) return next;
    }
    return NULL;
}

static VOID NTAPI acquire(PIO_CSQ csq, PKIRQL irql) { KeAcquireSpinLock(&of_queue(csq)->lock, irql); }
static VOID NTAPI release(PIO_CSQ csq, KIRQL irql) { KeReleaseSpinLock(&of_queue(csq)->lock, irql); }

static VOID NTAPI cancelled(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    complete(irp, STATUS_CANCELLED, 0);
}

static VOID arm(DEVICE* d) {
    LARGE_INTEGER due = {.QuadPart = -20000};
    KeSetTimer(&d->timer, due, &d->timer_dpc);
}

static VOID NTAPI end_one(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    DEVICE* d = context;
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    PIRP irp = IoCsqRemoveNextIrp(&d->queue, NULL);
    if (!irp) return;
    answer(irp, selector_kept(irp));
    if (dpc == &d->timer_dpc) arm(d);
}

static VOID NTAPI work(PDEVICE_OBJECT device, PVOID context) {
    PIRP irp = context;
    UNREFERENCED_PARAMETER(device);
    IoFreeWorkItem(irp->Tail.Overlay.DriverContext[0]);
    answer(irp, selector_kept(irp));
}

// ---- dispatch

static VOID touch(PIRP irp) {
    PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
    ULONG room = room_of(irp);
    BOOLEAN neither = at->MajorFunction == IRP_MJ_DEVICE_CONTROL &&
                      METHOD_FROM_CTL_CODE(at->Parameters.DeviceIoControl.IoControlCode) == METHOD_NEITHER;
    if (!room) return;
    if (irp->MdlAddress) {
        PVOID to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
        if (to && at->MajorFunction != IRP_MJ_WRITE)
            RtlFillMemory(to, MmGetMdlByteCount(irp->MdlAddress), 'f');
    } else if (neither || (at->DeviceObject->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO)) == 0) {
        if (at->MajorFunction == IRP_MJ_WRITE || !irp->UserBuffer) return;
        __try {
            if (irp->RequestorMode != KernelMode) ProbeForWrite(irp->UserBuffer, room, 1);
            RtlFillMemory(irp->UserBuffer, room, 'f');
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
    } else if (irp->AssociatedIrp.SystemBuffer) {
        RtlFillMemory(irp->AssociatedIrp.SystemBuffer, room, 'f');
    }
}

static NTSTATUS wait(DEVICE* d, PIRP irp, ACTION action) {
    IoCsqInsertIrp(&d->queue, irp, NULL);
    if (action == wait_for_timer) arm(d);
    if (action == wait_and_run) KeInsertQueueDpc(&d->dpc, NULL, NULL);
    return STATUS_PENDING;
}

static NTSTATUS act(PDEVICE_OBJECT device, PIRP irp) {
    DEVICE* d = device->DeviceExtension;
    ULONG selector = selector_of(irp);
    ACTION action = selector & 7;
    keep_selector(irp, selector);
    switch (action) {
    case wait_for_timer:
    case wait_for_ever:
    case wait_and_run:
        return wait(d, irp, action);
    case wait_for_worker: {
        PIO_WORKITEM item = IoAllocateWorkItem(device);
        if (!item) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        irp->Tail.Overlay.DriverContext[0] = item;
        IoMarkIrpPending(irp);
        IoQueueWorkItem(item, work, DelayedWorkQueue, irp);
        return STATUS_PENDING;
    }
    case complete_marked_pending:
        IoMarkIrpPending(irp);
        answer(irp, selector);
        return STATUS_PENDING;
    case end_waiting:
        end_one(NULL, d, NULL, NULL);
        return answer(irp, selector);
    case touch_the_buffer:
        touch(irp);
        return answer(irp, selector);
    default:
        return answer(irp, selector);
    }
}

static NTSTATUS NTAPI passed_on(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(context);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS pass(DEVICE* d, PIRP irp) {
    ULONG selector = selector_of(irp);
    // A thread that waits in a driver for a request that never ends cannot be ended either.
    BOOLEAN may_wait = (selector & 7) != wait_for_ever && (selector & 7) != wait_and_run;
    PASS how = selector >> 8 & 3;
    switch (how == forward_and_wait && !may_wait ? copy_location : how) {
    case copy_location:
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, passed_on, NULL, TRUE, TRUE, TRUE);
        return IoCallDriver(d->lower, irp);
    case forward_and_wait: {
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoForwardIrpSynchronously(d->lower, irp);
        NTSTATUS status = irp->IoStatus.Status;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
        return status;
    }
    case answer_above:
        return answer(irp, selector);
    default:
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(d->lower, irp);
    }
}

static NTSTATUS NTAPI fuzz_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    DEVICE* d = device->DeviceExtension;
    PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
    BOOLEAN ends = at->MajorFunction == IRP_MJ_CLEANUP || at->MajorFunction == IRP_MJ_CLOSE;
    if (d->lower && ends) {
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(d->lower, irp);
    }
    if (d->lower) return pass(d, irp);
    if (!ends) return act(device, irp);
    PIRP waiting;
    while (at->MajorFunction == IRP_MJ_CLEANUP && (waiting = IoCsqRemoveNextIrp(&d->queue, at->FileObject)))
        complete(waiting, STATUS_CANCELLED, 0);
    return complete(irp, STATUS_SUCCESS, 0);
}

// ---- life

static NTSTATUS make(PDRIVER_OBJECT driver, PUNICODE_STRING name, ULONG flags, BOOLEAN exclusive,
                     PDEVICE_OBJECT* device) {
    NTSTATUS status = IoCreateDevice(driver, sizeof(DEVICE), name, FILE_DEVICE_UNKNOWN, 0, exclusive, device);
    if (!NT_SUCCESS(status)) return status;
    DEVICE* d = (*device)->DeviceExtension;
    (*device)->Flags |= flags;
    KeInitializeSpinLock(&d->lock);
    InitializeListHead(&d->waiting);
    IoCsqInitialize(&d->queue, insert, removed, peek, acquire, release, cancelled);
    KeInitializeTimer(&d->timer);
    KeInitializeDpc(&d->timer_dpc, end_one, d);
    KeInitializeDpc(&d->dpc, end_one, d);
    return STATUS_SUCCESS;
}

static NTSTATUS attach(PDRIVER_OBJECT driver, PUNICODE_STRING name, PDEVICE_OBJECT* filter) {
    PDEVICE_OBJECT target;
    PFILE_OBJECT file;
    NTSTATUS status = IoGetDeviceObjectPointer(name, FILE_READ_ATTRIBUTES, &file, &target);
    if (!NT_SUCCESS(status)) return status;
    status = make(driver, NULL, target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO), FALSE, filter);
    if (NT_SUCCESS(status)) {
        DEVICE* d = (*filter)->DeviceExtension;
        status = IoAttachDeviceToDeviceStackSafe(*filter, target, &d->lower);
        (*filter)->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    ObDereferenceObject(file);
    return status;
}

static VOID NTAPI fuzz_unload(PDRIVER_OBJECT driver) {
    UNREFERENCED_PARAMETER(driver);
    KeFlushQueuedDpcs(); // one that still runs sets its timer
    for (int i = 0; i < DEVICES; i++)
        if (devices[i]) KeCancelTimer(&((DEVICE*)devices[i]->DeviceExtension)->timer);
    KeFlushQueuedDpcs(); // one whose timer had expired before
    for (int i = 0; i < DEVICES; i++) {
        if (!devices[i]) continue;
        DEVICE* d = devices[i]->DeviceExtension;
        if (d->lower) IoDetachDevice(d->lower);
        IoDeleteDevice(devices[i]);
    }
}

static BOOLEAN is_filter(PUNICODE_STRING path) {
    UNICODE_STRING filter = RTL_CONSTANT_STRING(L"FuzzFilter"), end = *path;
    if (end.Length < filter.Length) return FALSE;
    end.Buffer += (end.Length - filter.Length) / sizeof(WCHAR);
    end.Length = filter.Length;
    return RtlEqualUnicodeString(&end, &filter, TRUE);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    static const ULONG flags[DEVICES] = {DO_BUFFERED_IO, DO_DIRECT_IO, 0, DO_BUFFERED_IO};
    static PCWSTR names[DEVICES] = {L"\\Device\\Fuzz0", L"\\Device\\Fuzz1", L"\\Device\\Fuzz2",
                                    L"\\Device\\Fuzz3"};
    BOOLEAN filter = is_filter(path);
    NTSTATUS status = STATUS_SUCCESS;
    driver->DriverUnload = fuzz_unload;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        if (i != IRP_MJ_PNP && i != IRP_MJ_POWER && i != IRP_MJ_SYSTEM_CONTROL)
            driver->MajorFunction[i] = fuzz_dispatch;
    for (int i = 0; i < (filter ? 3 : DEVICES) && NT_SUCCESS(status); i++) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, names[i]);
        status =
            filter ? attach(driver, &name, &devices[i]) : make(driver, &name, flags[i], i == 3, &devices[i]);
    }
    if (!NT_SUCCESS(status)) fuzz_unload(driver);
    return status;
}
