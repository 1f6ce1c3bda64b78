// The way of an IRP down and up a stack, by the pages of IoCallDriver, IoSetCompletionRoutine(Ex),
// IO_COMPLETION_ROUTINE, IoCompleteRequest, IoForwardIrpSynchronously, IoCopyCurrentIrpStackLocationToNext,
// IoSkipCurrentIrpStackLocation, IoMarkIrpPending, IoCancelIrp, IoMakeAssociatedIrp and "Implementing an
// IoCompletion Routine".
#define TOPIC L"IoPassage"
#define OWN_DISPATCH
#include "../common/driver.h"
#include "../common/import.h"

#undef CHECK
#define CHECK(condition, what)                                                                               \
    do {                                                                                                     \
        static BOOLEAN told;                                                                                 \
        BOOLEAN good = (condition) ? TRUE : FALSE;                                                           \
        if (!good || !told) report(good, what, __FILE__, __LINE__);                                          \
        told = TRUE;                                                                                         \
    } while (0)

#define CONTROL(n) CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb00 + (n), METHOD_NEITHER, FILE_ANY_ACCESS)

// What a device of ours does with a request.
typedef NTSTATUS BEHAVIOUR(PDEVICE_OBJECT, PIRP);
typedef struct {
    BEHAVIOUR* behaviour;
    PDEVICE_OBJECT lower;
    NTSTATUS status;
    BOOLEAN held_cancelled;
    CCHAR boost;
    PIRP held;
    KDPC dpc;
    KEVENT has_one;
    int calls;
    PIO_STACK_LOCATION got; // the location of the last request
    IO_STACK_LOCATION copy; // and what was in it
} EXTENSION;

static EXTENSION* of(PDEVICE_OBJECT device) { return device->DeviceExtension; }

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* e = of(device);
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    if (!e || s->MajorFunction == IRP_MJ_CREATE || s->MajorFunction == IRP_MJ_CLEANUP ||
        s->MajorFunction == IRP_MJ_CLOSE)
        return complete(irp, STATUS_SUCCESS, 0);
    e->got = s, e->copy = *s, ++e->calls;
    return e->behaviour(device, irp);
}

static PDEVICE_OBJECT make(BEHAVIOUR* behaviour, PDEVICE_OBJECT below) {
    PDEVICE_OBJECT device;
    if (!NT_SUCCESS(
            IoCreateDevice(this_driver, sizeof(EXTENSION), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device)))
        return NULL;
    EXTENSION* e = of(device);
    e->behaviour = behaviour;
    KeInitializeEvent(&e->has_one, SynchronizationEvent, FALSE);
    if (below) e->lower = IoAttachDeviceToDeviceStack(device, below);
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

static void unmake(PDEVICE_OBJECT device) {
    if (of(device)->lower) IoDetachDevice(of(device)->lower);
    IoDeleteDevice(device);
}

// Behaviours.
static NTSTATUS answer(PDEVICE_OBJECT device, PIRP irp) { return complete(irp, of(device)->status, 7); }

static VOID NTAPI hold_cancel(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* e = of(device);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "a cancel routine is called at DISPATCH_LEVEL");
    CHECK(irp->Cancel && !irp->CancelRoutine, "with Cancel set and the cancel routine taken away");
    IoReleaseCancelSpinLock(irp->CancelIrql);
    CHECK(KeGetCurrentIrql() == irp->CancelIrql, "CancelIrql is the IRQL to go back to");
    e->held = NULL, e->held_cancelled = TRUE;
    complete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS hold(PDEVICE_OBJECT device, PIRP irp) {
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, hold_cancel);
    of(device)->held = irp;
    KeSetEvent(&of(device)->has_one, 0, FALSE);
    return STATUS_PENDING;
}

static void release(PDEVICE_OBJECT device, NTSTATUS status) {
    PIRP irp = of(device)->held;
    of(device)->held = NULL;
    IoSetCancelRoutine(irp, NULL);
    irp->IoStatus.Status = status, irp->IoStatus.Information = 9;
    IoCompleteRequest(irp, of(device)->boost);
}

static NTSTATUS skip(PDEVICE_OBJECT device, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(of(device)->lower, irp);
}

static NTSTATUS forward(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION mine = IoGetCurrentIrpStackLocation(irp);
    CHECK(IoForwardIrpSynchronously(of(device)->lower, irp),
          "IoForwardIrpSynchronously gives TRUE when it has sent the IRP");
    CHECK(IoGetCurrentIrpStackLocation(irp) == mine, "afterwards the IRP is the caller's again");
    CHECK(of(of(device)->lower)->got == mine - 1, "the next location was the lower driver's");
    CHECK(of(of(device)->lower)->copy.Parameters.DeviceIoControl.IoControlCode ==
              mine->Parameters.DeviceIoControl.IoControlCode,
          "a copy of the current one");
    CHECK(irp->IoStatus.Status == of(of(device)->lower)->status, "the lower driver's status is in the IRP");
    NTSTATUS status = irp->IoStatus.Status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// A completion routine that writes down what it saw.
typedef struct {
    int calls;
    NTSTATUS give;
    PDEVICE_OBJECT device;
    NTSTATUS status;
    ULONG_PTR information;
    BOOLEAN pending, cancel, no_mark;
    PIO_STACK_LOCATION location;
    PKEVENT set;
    int order;
} SEEN;
static int turn;

static NTSTATUS NTAPI see(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    SEEN* s = context;
    ++s->calls, s->order = ++turn;
    s->device = device, s->status = irp->IoStatus.Status, s->information = irp->IoStatus.Information;
    s->pending = irp->PendingReturned, s->cancel = irp->Cancel;
    s->location = irp->Tail.Overlay.CurrentStackLocation;
    if (s->give != STATUS_MORE_PROCESSING_REQUIRED && irp->PendingReturned && !s->no_mark)
        IoMarkIrpPending(irp);
    if (s->set) KeSetEvent(s->set, 0, FALSE);
    return s->give;
}

typedef struct {
    SEEN seen;
    UCHAR success, error, cancel, ex;
    NTSTATUS ex_status;
} ROUTINE;
static ROUTINE middle; // what the middle device registers

static NTSTATUS copy_down(PDEVICE_OBJECT device, PIRP irp) {
    IoCopyCurrentIrpStackLocationToNext(irp);
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    CHECK(!next->CompletionRoutine && !next->Control,
          "IoCopyCurrentIrpStackLocationToNext leaves the completion routine out");
    if (middle.ex)
        middle.ex_status = IoSetCompletionRoutineEx(device, irp, see, &middle.seen, middle.success,
                                                    middle.error, middle.cancel);
    else
        IoSetCompletionRoutine(irp, see, &middle.seen, middle.success, middle.error, middle.cancel);
    return IoCallDriver(of(device)->lower, irp);
}

static PIRP control(PDEVICE_OBJECT device, PKEVENT event, PIO_STATUS_BLOCK iosb) {
    iosb->Status = 0x55;
    KeInitializeEvent(event, NotificationEvent, FALSE);
    return IoBuildDeviceIoControlRequest(CONTROL(1), device, NULL, 0, NULL, 0, FALSE, event, iosb);
}

static void check_conditions(void) {
    PDEVICE_OBJECT bottom = make(answer, NULL), mid = make(copy_down, bottom);
    CHECK(mid->StackSize == bottom->StackSize + 1, "attaching adds a location");
    static const NTSTATUS statuses[] = {STATUS_SUCCESS, 0x40000005, STATUS_BUFFER_OVERFLOW,
                                        STATUS_UNSUCCESSFUL, STATUS_CANCELLED};
    for (int ex = 0; ex < 2; ++ex)
        for (int c = 0; c < 8; ++c)
            for (int i = 0; i < 5; ++i)
                for (int cancelled = 0; cancelled < 2; ++cancelled) {
                    KEVENT event;
                    IO_STATUS_BLOCK iosb;
                    PIRP irp = control(mid, &event, &iosb);
                    PIO_STACK_LOCATION top = IoGetNextIrpStackLocation(irp);
                    SEEN own = {0};
                    RtlZeroMemory(&middle, sizeof middle);
                    middle.success = c & 1, middle.error = !!(c & 2), middle.cancel = !!(c & 4),
                    middle.ex = (UCHAR)ex;
                    of(bottom)->status = statuses[i];
                    IoSetCompletionRoutine(irp, see, &own, TRUE, TRUE, TRUE);
                    if (cancelled)
                        CHECK(!IoCancelIrp(irp) && irp->Cancel,
                              "IoCancelIrp without a cancel routine sets Cancel and gives FALSE");
                    NTSTATUS status = IoCallDriver(mid, irp);
                    BOOLEAN good = statuses[i] >= 0;
                    BOOLEAN expected =
                        (good && middle.success) || (!good && middle.error) || (cancelled && middle.cancel);
                    CHECK(middle.seen.calls == expected,
                          "a completion routine is called for the conditions that it is registered for");
                    if (ex) CHECK(middle.ex_status == STATUS_SUCCESS, "IoSetCompletionRoutineEx registers");
                    if (expected) {
                        CHECK(middle.seen.device == mid, "it gets the device object of its driver");
                        CHECK(middle.seen.status == statuses[i] && middle.seen.information == 7,
                              "and the IRP with the lower driver's status");
                        CHECK(middle.seen.location == top, "and its own location is the current one");
                        CHECK(!middle.seen.pending && middle.seen.cancel == cancelled,
                              "PendingReturned and Cancel are what they are");
                        CHECK(middle.seen.order < own.order,
                              "routines are called from the next-highest to the highest");
                    }
                    CHECK(own.calls == 1 && !own.device,
                          "a routine of one who has no location gets no device object");
                    CHECK(of(bottom)->got == top - 1 && of(mid)->got == top, "every driver has its location");
                    CHECK(of(mid)->copy.DeviceObject == mid && of(bottom)->copy.DeviceObject == bottom,
                          "IoCallDriver puts the device object into the location");
                    CHECK(status == statuses[i], "IoCallDriver gives the status of the dispatch routine");
                }
    unmake(mid), unmake(bottom);
}

// The pending bit goes up through routines that are called and mark, that are not called, and through no
// routine at all.
static void check_pending(void) {
    PDEVICE_OBJECT bottom = make(hold, NULL), mid = make(copy_down, bottom);
    for (int how = 0; how < 4; ++how)
        for (int error = 0; error < 2; ++error) {
            KEVENT event;
            IO_STATUS_BLOCK iosb;
            SEEN own = {0};
            of(mid)->behaviour = how == 2 ? skip : copy_down;
            RtlZeroMemory(&middle, sizeof middle);
            middle.success = middle.error = how == 0;
            middle.cancel = TRUE;
            middle.ex = how == 3;
            PIRP irp = control(mid, &event, &iosb);
            IoSetCompletionRoutine(irp, see, &own, TRUE, TRUE, TRUE);
            CHECK(IoCallDriver(mid, irp) == STATUS_PENDING, "a pended request is STATUS_PENDING");
            CHECK(!KeReadStateEvent(&event) && iosb.Status == 0x55, "nothing is said before it is completed");
            CHECK(of(bottom)->held == irp, "the driver has it");
            release(bottom, error ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS);
            CHECK(middle.seen.calls == (how == 0), "the routine in the middle is called or not");
            CHECK(own.pending, "PendingReturned goes up whether routines are called or not");
            LARGE_INTEGER second = {.QuadPart = -10000000};
            CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &second) == STATUS_SUCCESS,
                  "the event of a pended request is set, for errors too");
            CHECK(iosb.Status == (error ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS) && iosb.Information == 9,
                  "and its status block written");
        }
    unmake(mid), unmake(bottom);
}

// STATUS_MORE_PROCESSING_REQUIRED stops completion; a second IoCompleteRequest goes on above.
static PIRP stopped;
static VOID NTAPI finish_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    (void)dpc, (void)context, (void)a, (void)b;
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL, "a DPC runs at DISPATCH_LEVEL");
    IoCompleteRequest(stopped, IO_NO_INCREMENT);
}
static VOID NTAPI finish_item(PDEVICE_OBJECT device, PVOID context) {
    (void)device, (void)context;
    IoCompleteRequest(stopped, IO_NO_INCREMENT);
}
static VOID NTAPI finish_thread(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    IoCompleteRequest(stopped, IO_NO_INCREMENT);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static PETHREAD start(PKSTART_ROUTINE routine, PVOID context) {
    HANDLE handle;
    PETHREAD thread = NULL;
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, context)))
        return NULL;
    ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, TYPE_OF(PsThreadType), KernelMode, (PVOID*)&thread,
                              NULL);
    ZwClose(handle);
    return thread;
}

static void join(PETHREAD thread) {
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
}

// The middle device pends, keeps the IRP in its completion routine, and completes it from elsewhere.
static NTSTATUS keep(PDEVICE_OBJECT device, PIRP irp) {
    IoMarkIrpPending(irp);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, see, &middle.seen, TRUE, TRUE, TRUE);
    stopped = irp;
    IoCallDriver(of(device)->lower, irp);
    return STATUS_PENDING;
}

static void check_resumption(void) {
    PDEVICE_OBJECT bottom = make(answer, NULL), mid = make(keep, bottom);
    of(bottom)->status = STATUS_SUCCESS;
    for (int from = 0; from < 4; ++from) {
        KEVENT event;
        IO_STATUS_BLOCK iosb;
        SEEN own = {0};
        RtlZeroMemory(&middle, sizeof middle);
        middle.seen.give = STATUS_MORE_PROCESSING_REQUIRED;
        PIRP irp = control(mid, &event, &iosb);
        PIO_STACK_LOCATION top = IoGetNextIrpStackLocation(irp);
        IoSetCompletionRoutine(irp, see, &own, TRUE, TRUE, TRUE);
        CHECK(IoCallDriver(mid, irp) == STATUS_PENDING, "pended by the middle driver");
        CHECK(middle.seen.calls == 1 && !own.calls, "STATUS_MORE_PROCESSING_REQUIRED stops the calls");
        CHECK(irp->Tail.Overlay.CurrentStackLocation == top, "and the IRP is the driver's that said so");
        CHECK(!KeReadStateEvent(&event), "and the I/O manager does nothing");
        PIO_STACK_LOCATION below = top - 1;
        CHECK(!below->Parameters.DeviceIoControl.IoControlCode &&
                  !below->Parameters.DeviceIoControl.InputBufferLength && !below->MinorFunction &&
                  !below->Flags,
              "the lower driver's location is filled with zeros");
        PETHREAD thread = NULL;
        PIO_WORKITEM item = IoAllocateWorkItem(mid);
        KDPC dpc;
        KeInitializeDpc(&dpc, finish_dpc, NULL);
        switch (from) {
        case 0:
            IoCompleteRequest(irp, IO_NO_INCREMENT);
            break;
        case 1:
            KeInsertQueueDpc(&dpc, NULL, NULL);
            break;
        case 2:
            IoQueueWorkItem(item, finish_item, DelayedWorkQueue, NULL);
            break;
        case 3:
            thread = start(finish_thread, NULL);
            break;
        }
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
        CHECK(own.calls == 1 && middle.seen.calls == 1,
              "a second IoCompleteRequest goes on with the routine above, once");
        CHECK(own.pending && own.status == STATUS_SUCCESS, "with the bit and the status");
        CHECK(iosb.Status == STATUS_SUCCESS && iosb.Information == 7, "and the request ends");
        if (thread) join(thread);
        KeFlushQueuedDpcs();
        LARGE_INTEGER moment = {.QuadPart = -100000};
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
        IoFreeWorkItem(item);
    }
    unmake(mid), unmake(bottom);
}

// A completion routine that sends its IRP again, twice.
static int retries;
static NTSTATUS NTAPI retry(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(context);
    if (!NT_SUCCESS(irp->IoStatus.Status) && retries++ < 2) {
        irp->IoStatus.Status = STATUS_SUCCESS, irp->IoStatus.Information = 0;
        if (retries == 2) of(of(device)->lower)->status = STATUS_SUCCESS;
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, retry, NULL, TRUE, TRUE, TRUE);
        IoCallDriver(of(device)->lower, irp);
        return STATUS_MORE_PROCESSING_REQUIRED;
    }
    return STATUS_SUCCESS;
}
static NTSTATUS try_again(PDEVICE_OBJECT device, PIRP irp) {
    IoMarkIrpPending(irp);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, retry, NULL, TRUE, TRUE, TRUE);
    IoCallDriver(of(device)->lower, irp);
    return STATUS_PENDING;
}
static void check_retry(void) {
    PDEVICE_OBJECT bottom = make(answer, NULL), mid = make(try_again, bottom);
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    of(bottom)->status = STATUS_DEVICE_NOT_READY;
    retries = 0;
    PIRP irp = control(mid, &event, &iosb);
    CHECK(IoCallDriver(mid, irp) == STATUS_PENDING, "pended");
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    CHECK(of(bottom)->calls == 3 && iosb.Status == STATUS_SUCCESS && iosb.Information == 7,
          "an IRP can be sent again by a completion routine");
    unmake(mid), unmake(bottom);
}

static void check_forward(void) {
    PDEVICE_OBJECT bottom = make(answer, NULL), mid = make(forward, bottom);
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    for (int error = 0; error < 2; ++error) {
        of(bottom)->status = error ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
        SEEN own = {0};
        PIRP irp = control(mid, &event, &iosb);
        IoSetCompletionRoutine(irp, see, &own, TRUE, TRUE, TRUE);
        CHECK(IoCallDriver(mid, irp) == of(bottom)->status && own.calls == 1, "forwarded and completed");
    }
    unmake(mid);
    // No next location.
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    CHECK(!IoForwardIrpSynchronously(bottom, irp),
          "IoForwardIrpSynchronously gives FALSE without a next location");
    IoFreeIrp(irp);
    unmake(bottom);
}

static void check_skip(void) {
    PDEVICE_OBJECT bottom = make(answer, NULL), mid = make(skip, bottom);
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    of(bottom)->status = STATUS_SUCCESS;
    PIRP irp = control(mid, &event, &iosb);
    CHECK(IoCallDriver(mid, irp) == STATUS_SUCCESS, "skipped");
    CHECK(of(bottom)->got == of(mid)->got,
          "IoSkipCurrentIrpStackLocation gives the lower driver the same location");
    CHECK(of(bottom)->copy.DeviceObject == bottom &&
              of(bottom)->copy.Parameters.DeviceIoControl.IoControlCode == CONTROL(1),
          "with its own device object and the same parameters");
    unmake(mid), unmake(bottom);
}

// Cancellation of an IRP of a driver's own, at PASSIVE_LEVEL and DISPATCH_LEVEL.
static void check_cancel(void) {
    PDEVICE_OBJECT bottom = make(hold, NULL);
    for (int raised = 0; raised < 2; ++raised) {
        SEEN own = {.give = STATUS_MORE_PROCESSING_REQUIRED};
        PIRP irp = IoAllocateIrp(bottom->StackSize, FALSE);
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_INTERNAL_DEVICE_CONTROL;
        IoSetCompletionRoutine(irp, see, &own, TRUE, TRUE, TRUE);
        CHECK(IoCallDriver(bottom, irp) == STATUS_PENDING, "held");
        KIRQL old = PASSIVE_LEVEL;
        if (raised) KeRaiseIrql(DISPATCH_LEVEL, &old);
        CHECK(IoCancelIrp(irp), "IoCancelIrp gives TRUE when it has called a cancel routine");
        if (raised) KeLowerIrql(old);
        CHECK(own.calls == 1 && own.status == STATUS_CANCELLED && own.cancel, "which completed the IRP");
        CHECK(irp->Cancel, "the cancel bit stays set");
        CHECK(!IoCancelIrp(irp), "a second time there is nothing to call");
        IoFreeIrp(irp);
    }
    unmake(bottom);
}

// A thread that ends with requests outstanding: those queued to it are cancelled, others are not.
typedef struct {
    PDEVICE_OBJECT device;
    int kind;
    KEVENT event;
    IO_STATUS_BLOCK iosb;
    SEEN seen;
    PIRP irp;
    KPRIORITY before, after;
} ENDING;
static VOID NTAPI end_with_request(PVOID context) {
    ENDING* e = context;
    KeInitializeEvent(&e->event, NotificationEvent, FALSE);
    e->iosb.Status = 0x55;
    LARGE_INTEGER zero = {0};
    e->seen.give = e->kind == 2 ? STATUS_MORE_PROCESSING_REQUIRED : STATUS_SUCCESS;
    if (e->kind == 0)
        e->irp = IoBuildDeviceIoControlRequest(CONTROL(2), e->device, NULL, 0, NULL, 0, FALSE, &e->event,
                                               &e->iosb);
    else if (e->kind == 1)
        e->irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, e->device, NULL, 0, &zero, &e->event,
                                              &e->iosb);
    else
        e->irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, e->device, NULL, 0, &zero, &e->iosb);
    IoSetCompletionRoutine(e->irp, see, &e->seen, TRUE, TRUE, TRUE);
    IoCallDriver(e->device, e->irp);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static ENDING ending;
static void check_thread_end(void) {
    PDEVICE_OBJECT bottom = make(hold, NULL);
    for (int kind = 0; kind < 3; ++kind) {
        RtlZeroMemory(&ending, sizeof ending);
        ending.device = bottom, ending.kind = kind;
        of(bottom)->held_cancelled = FALSE;
        PETHREAD thread = start(end_with_request, &ending);
        join(thread);
        if (kind < 2) {
            CHECK(of(bottom)->held_cancelled && ending.seen.calls == 1 &&
                      ending.seen.status == STATUS_CANCELLED,
                  "when a thread ends, the I/O manager cancels the IRPs that are queued to it");
            CHECK(!of(bottom)->held, "and the thread ends when they are completed");
        } else {
            CHECK(!of(bottom)->held_cancelled && !ending.seen.calls && of(bottom)->held == ending.irp,
                  "an IRP of IoBuildAsynchronousFsdRequest is not cancelled with its thread");
            release(bottom, STATUS_SUCCESS);
            CHECK(ending.seen.calls == 1 && ending.seen.status == STATUS_SUCCESS, "it is completed as usual");
            IoFreeIrp(ending.irp);
        }
    }
    unmake(bottom);
}

// IoCompleteRequest boosts the thread that waits.
static VOID NTAPI wait_for_request(PVOID context) {
    ENDING* e = context;
    KeInitializeEvent(&e->event, NotificationEvent, FALSE);
    e->before = KeQueryPriorityThread(KeGetCurrentThread());
    PIRP irp =
        IoBuildDeviceIoControlRequest(CONTROL(2), e->device, NULL, 0, NULL, 0, FALSE, &e->event, &e->iosb);
    if (IoCallDriver(e->device, irp) == STATUS_PENDING)
        KeWaitForSingleObject(&e->event, Executive, KernelMode, FALSE, NULL);
    e->after = KeQueryPriorityThread(KeGetCurrentThread());
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static void check_boost(void) {
    PDEVICE_OBJECT bottom = make(hold, NULL);
    static const CCHAR boosts[] = {IO_NO_INCREMENT, IO_DISK_INCREMENT, IO_SERIAL_INCREMENT,
                                   IO_KEYBOARD_INCREMENT};
    for (int i = 0; i < 4; ++i) {
        RtlZeroMemory(&ending, sizeof ending);
        ending.device = bottom;
        of(bottom)->boost = boosts[i];
        PETHREAD thread = start(wait_for_request, &ending);
        KeWaitForSingleObject(&of(bottom)->has_one, Executive, KernelMode, FALSE, NULL);
        LARGE_INTEGER moment = {.QuadPart = -100000};
        KeDelayExecutionThread(KernelMode, FALSE, &moment); // it waits now
        release(bottom, STATUS_SUCCESS);
        join(thread);
        CHECK(ending.after == ending.before + boosts[i],
              "PriorityBoost is added to the priority of the thread that waits");
        CHECK(ending.iosb.Status == STATUS_SUCCESS && ending.iosb.Information == 9, "which gets its result");
    }
    unmake(bottom);
}

// Associated IRPs: the master is completed with the last of them.
static int parts, parts_own; // to send, and whether with a completion routine that keeps them
static SEEN part_seen;
static PIRP part_irps[4];
static NTSTATUS split(PDEVICE_OBJECT device, PIRP master) {
    IoMarkIrpPending(master);
    master->IoStatus.Status = STATUS_SUCCESS, master->IoStatus.Information = 42;
    master->AssociatedIrp.IrpCount = parts;
    for (int i = 0; i < parts; ++i) {
        PIRP part = part_irps[i] = IoMakeAssociatedIrp(master, of(device)->lower->StackSize);
        IoGetNextIrpStackLocation(part)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
        if (parts_own) IoSetCompletionRoutine(part, see, &part_seen, TRUE, TRUE, TRUE);
    }
    for (int i = 0; i < parts; ++i)
        IoCallDriver(of(device)->lower, part_irps[i]);
    return STATUS_PENDING;
}
static PIRP queue[4];
static int queued;
static NTSTATUS gather(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    IoMarkIrpPending(irp);
    queue[queued++] = irp;
    return STATUS_PENDING;
}
static void check_associated(void) {
    PDEVICE_OBJECT bottom = make(gather, NULL), mid = make(split, bottom);
    LARGE_INTEGER second = {.QuadPart = -10000000};
    for (int how = 0; how < 3; ++how) { // all good; the first fails; with routines that keep the parts
        KEVENT event;
        IO_STATUS_BLOCK iosb;
        RtlZeroMemory(&part_seen, sizeof part_seen);
        parts = 3, queued = 0, parts_own = how == 2;
        part_seen.give = STATUS_MORE_PROCESSING_REQUIRED;
        PIRP master = control(mid, &event, &iosb);
        CHECK(IoCallDriver(mid, master) == STATUS_PENDING && queued == 3, "three associated IRPs are sent");
        for (int i = 2; i >= 0; --i) {
            CHECK(!KeReadStateEvent(&event),
                  "the master is not completed before the last of its associated IRPs");
            complete(queue[i], how == 1 && i == 2 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS, 0);
        }
        if (how == 2) {
            CHECK(part_seen.calls == 3 && !KeReadStateEvent(&event),
                  "nor at all when their completion routines return STATUS_MORE_PROCESSING_REQUIRED");
            for (int i = 0; i < 3; ++i)
                IoFreeIrp(part_irps[i]);
            IoCompleteRequest(master, IO_NO_INCREMENT);
        }
        CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &second) == STATUS_SUCCESS,
              "then it is");
        CHECK(iosb.Status == STATUS_SUCCESS && iosb.Information == 42,
              "with the status that its driver has put into it");
    }
    unmake(mid), unmake(bottom);
}

// Paging I/O: status block and event at once, in the context of the one who completes, and the IRP is freed.
static VOID NTAPI release_thread(PVOID context) {
    release(context, STATUS_SUCCESS);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static void check_paging(void) {
    PDEVICE_OBJECT bottom = make(hold, NULL);
    KEVENT event;
    IO_STATUS_BLOCK iosb = {0};
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoAllocateIrp(bottom->StackSize, FALSE);
    irp->Flags = IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO | IRP_NOCACHE;
    irp->UserIosb = &iosb, irp->UserEvent = &event;
    irp->Tail.Overlay.Thread = PsGetCurrentThread();
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoGetNextIrpStackLocation(irp)->Parameters.Read.Length = 512;
    CHECK(IoCallDriver(bottom, irp) == STATUS_PENDING, "a paging read is sent");
    KIRQL old;
    PETHREAD thread = start(release_thread, bottom);
    KeRaiseIrql(APC_LEVEL, &old);
    LARGE_INTEGER second = {.QuadPart = -10000000};
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &second) == STATUS_SUCCESS,
          "paging I/O ends without an APC: at APC_LEVEL the event is set");
    KeLowerIrql(old);
    CHECK(iosb.Status == STATUS_SUCCESS && iosb.Information == 9, "and the status block is written");
    join(thread);
    unmake(bottom);
}

static void checks(void) {
    check_conditions();
    check_pending();
    check_resumption();
    check_retry();
    check_forward();
    check_skip();
    check_cancel();
    check_thread_end();
    check_boost();
    check_associated();
    check_paging();
}
