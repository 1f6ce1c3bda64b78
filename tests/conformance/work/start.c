// Device queues, StartIo with its cancel rules, controller objects: what their pages promise.
#define TOPIC L"Start"
#define OWN_DISPATCH
#include "../common/driver.h"

#define REQUESTS 5

static PDEVICE_OBJECT target;
static PIRP requests[REQUESTS];
static PIRP started[16];
static ULONG start_count, nesting, deepest;
static KIRQL start_irql;
static BOOLEAN current_is_set, finish_inside, had_cancel_routine;
static PIRP completed[16];
static ULONG completed_count;
static ULONG cancel_calls;
static KIRQL cancel_irql;
static ULONG key;
static BOOLEAN use_key, use_cancel;

static KIRQL to_dispatch(void) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    return old;
}

// What a Cancel routine of a driver with StartIo does, as "Cancel Routines in Drivers with StartIo Routines"
// says.
static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp) {
    ++cancel_calls;
    cancel_irql = KeGetCurrentIrql();
    BOOLEAN queued = irp != device->CurrentIrp &&
                     KeRemoveEntryDeviceQueue(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    if (queued) complete(irp, STATUS_CANCELLED, 0);
}

static void finish(PIRP irp, NTSTATUS status) {
    KIRQL old = to_dispatch();
    IoStartNextPacket(target, use_cancel);
    KeLowerIrql(old);
    complete(irp, status, 0);
}

static VOID NTAPI start_io(PDEVICE_OBJECT device, PIRP irp) {
    if (++nesting > deepest) deepest = nesting;
    started[start_count++ % 16] = irp;
    start_irql = KeGetCurrentIrql();
    current_is_set = device->CurrentIrp == irp;
    had_cancel_routine = irp->CancelRoutine != NULL;
    if (use_cancel) {
        KIRQL old;
        IoAcquireCancelSpinLock(&old);
        IoSetCancelRoutine(irp, NULL);
        IoReleaseCancelSpinLock(old);
    }
    if (finish_inside) finish(irp, STATUS_SUCCESS);
    --nesting;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction != IRP_MJ_READ) return complete(irp, STATUS_SUCCESS, 0);
    IoMarkIrpPending(irp);
    IoStartPacket(device, irp, use_key ? &key : NULL, use_cancel ? cancel : NULL);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI done(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(context);
    completed[completed_count++ % 16] = irp;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void prepare(PIRP irp) {
    IoReuseIrp(irp, STATUS_SUCCESS);
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_READ;
    IoSetCompletionRoutine(irp, done, NULL, TRUE, TRUE, TRUE);
}
static NTSTATUS send(ULONG i) {
    prepare(requests[i]);
    return IoCallDriver(target, requests[i]);
}
static void reset(void) {
    start_count = completed_count = cancel_calls = deepest = 0;
    use_key = use_cancel = finish_inside = FALSE;
}

static void device_queue(void) {
    KDEVICE_QUEUE queue;
    KDEVICE_QUEUE_ENTRY e[5];
    RtlZeroMemory(e, sizeof e);
    KIRQL old = to_dispatch();
    KeInitializeDeviceQueue(&queue);
    CHECK(!queue.Busy, "KeInitializeDeviceQueue makes a queue that is not busy");
    CHECK(!KeInsertDeviceQueue(&queue, &e[0]) && queue.Busy && !e[0].Inserted,
          "inserting into a queue that is not busy returns FALSE and makes it busy");
    CHECK(KeInsertDeviceQueue(&queue, &e[1]) && e[1].Inserted, "the next entry is inserted");
    CHECK(KeInsertDeviceQueue(&queue, &e[2]), "and the one after it");
    CHECK(KeRemoveDeviceQueue(&queue) == &e[1] && !e[1].Inserted, "KeRemoveDeviceQueue takes the head");
    CHECK(KeRemoveEntryDeviceQueue(&queue, &e[2]), "KeRemoveEntryDeviceQueue takes an entry that is queued");
    CHECK(!KeRemoveEntryDeviceQueue(&queue, &e[2]), "and returns FALSE when it is not");
    CHECK(queue.Busy, "the queue is still busy then");
    CHECK(KeRemoveDeviceQueue(&queue) == NULL && !queue.Busy,
          "removing from a busy queue without entries returns NULL and makes it not busy");

    KeInsertByKeyDeviceQueue(&queue, &e[0], 1);
    KeInsertByKeyDeviceQueue(&queue, &e[1], 20);
    KeInsertByKeyDeviceQueue(&queue, &e[2], 10);
    KeInsertByKeyDeviceQueue(&queue, &e[3], 20);
    KeInsertByKeyDeviceQueue(&queue, &e[4], 30);
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 20) == &e[1],
          "KeRemoveByKeyDeviceQueue takes the first with a key not below, the first of equal ones");
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 25) == &e[4], "or the next above");
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 25) == &e[2], "and the first of all when there is none");
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 0) == &e[3], "entries are sorted by key");
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 0) == NULL && !queue.Busy, "then the queue is not busy");
    KeLowerIrql(old);
}

static void start_packets(void) {
    reset();
    CHECK(send(0) == STATUS_PENDING && start_count == 1 && started[0] == requests[0],
          "IoStartPacket calls StartIo when the device is idle");
    CHECK(start_irql == DISPATCH_LEVEL, "StartIo runs at DISPATCH_LEVEL");
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "IoStartPacket restores the IRQL");
    CHECK(current_is_set, "CurrentIrp is the IRP that StartIo has");
    send(1);
    send(2);
    CHECK(start_count == 1, "IRPs wait while the device is busy");
    finish(requests[0], STATUS_SUCCESS);
    CHECK(start_count == 2 && started[1] == requests[1], "IoStartNextPacket starts the next in order");
    finish(requests[1], STATUS_SUCCESS);
    finish(requests[2], STATUS_SUCCESS);
    CHECK(start_count == 3 && target->CurrentIrp == NULL && !target->DeviceQueue.Busy,
          "without a next one the device is idle again");
    CHECK(completed_count == 3, "every IRP was completed");

    reset();
    send(0);
    use_key = TRUE;
    static const ULONG keys[] = {0, 30, 10, 20};
    for (ULONG i = 1; i < 4; ++i) {
        key = keys[i];
        send(i);
    }
    KIRQL old = to_dispatch();
    IoStartNextPacketByKey(target, FALSE, 15);
    CHECK(start_count == 2 && started[1] == requests[3], "IoStartNextPacketByKey takes the next key");
    IoStartNextPacketByKey(target, FALSE, 25);
    CHECK(started[2] == requests[1], "and goes on from there");
    IoStartNextPacketByKey(target, FALSE, 35);
    CHECK(started[3] == requests[2], "above the last key it takes the first");
    IoStartNextPacket(target, FALSE);
    KeLowerIrql(old);
    for (ULONG i = 0; i < 4; ++i)
        complete(requests[i], STATUS_SUCCESS, 0);
}

static void cancellation(void) {
    reset();
    use_cancel = TRUE;
    send(0);
    send(1);
    send(2);
    CHECK(had_cancel_routine, "IoStartPacket sets the Cancel routine");
    CHECK(IoCancelIrp(requests[1]) && cancel_calls == 1, "a queued IRP can be cancelled");
    CHECK(cancel_irql == DISPATCH_LEVEL && KeGetCurrentIrql() == PASSIVE_LEVEL,
          "the Cancel routine runs with the cancel spin lock held, to CancelIrql");
    CHECK(completed_count == 1 && completed[0] == requests[1] &&
              requests[1]->IoStatus.Status == STATUS_CANCELLED,
          "and takes it out of the device queue");
    CHECK(!IoCancelIrp(requests[0]), "one that StartIo has taken over is not cancelable");
    finish(requests[0], STATUS_SUCCESS);
    CHECK(start_count == 2 && started[1] == requests[2], "the others go on");
    finish(requests[2], STATUS_SUCCESS);

    reset();
    use_cancel = TRUE;
    send(0);
    prepare(requests[1]);
    IoCancelIrp(requests[1]);
    IoCallDriver(target, requests[1]);
    CHECK(cancel_calls == 1 && completed_count == 1 && completed[0] == requests[1],
          "an IRP that was cancelled before it was queued has its Cancel routine called");
    finish(requests[0], STATUS_SUCCESS);
    CHECK(!target->DeviceQueue.Busy, "and leaves nothing in the queue");

    reset();
    use_cancel = TRUE;
    IoSetStartIoAttributes(target, FALSE, TRUE);
    send(0);
    send(1);
    finish(requests[0], STATUS_SUCCESS);
    CHECK(start_count == 2 && !had_cancel_routine,
          "with NonCancelable an IRP has no Cancel routine once it was dequeued");
    finish(requests[1], STATUS_SUCCESS);
    IoSetStartIoAttributes(target, FALSE, FALSE);
}

static void recursion(void) {
    for (int deferred = 0; deferred < 2; ++deferred) {
        reset();
        IoSetStartIoAttributes(target, (BOOLEAN)deferred, FALSE);
        send(0);
        for (ULONG i = 1; i < REQUESTS; ++i)
            send(i);
        finish_inside = TRUE;
        finish(requests[0], STATUS_SUCCESS);
        CHECK(start_count == REQUESTS && completed_count == REQUESTS, "StartIo may start the next packet");
        if (deferred)
            CHECK(deepest == 1, "with DeferredStartIo it is called again when it has returned");
        else
            CHECK(deepest == REQUESTS - 1, "by default it is called from inside itself");
    }
    reset();
    finish_inside = TRUE;
    send(0);
    CHECK(start_count == 1 && completed_count == 1 && !target->DeviceQueue.Busy,
          "a deferred start with nothing in the queue leaves the device idle");
    IoSetStartIoAttributes(target, FALSE, FALSE);
}

static ULONG control_calls;
static PDEVICE_OBJECT controlled[8];
static PVOID control_context, control_registers;
static PIRP control_irp;
static IO_ALLOCATION_ACTION control_answer;
static IO_ALLOCATION_ACTION NTAPI control(PDEVICE_OBJECT device, PIRP irp, PVOID registers, PVOID context) {
    controlled[control_calls++ % 8] = device;
    control_irp = irp;
    control_registers = registers;
    control_context = context;
    return control_answer;
}

static void controllers(void) {
    PDEVICE_OBJECT other;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &other);
    PCONTROLLER_OBJECT controller = IoCreateController(100);
    CHECK(controller && controller->ControllerExtension, "IoCreateController gives an extension");
    ULONG sum = 0;
    for (int i = 0; i < 100; ++i)
        sum += ((PUCHAR)controller->ControllerExtension)[i];
    CHECK(sum == 0, "that is zeroed");
    KIRQL old = to_dispatch();
    target->CurrentIrp = requests[0];
    control_answer = KeepObject;
    IoAllocateController(controller, target, control, &sum);
    CHECK(control_calls == 1 && controlled[0] == target && control_context == &sum,
          "IoAllocateController calls ControllerControl when the controller is free");
    CHECK(control_irp == requests[0], "with the device's CurrentIrp");
    IoAllocateController(controller, other, control, NULL);
    CHECK(control_calls == 1, "with KeepObject the next device waits");
    IoFreeController(controller);
    CHECK(control_calls == 2 && controlled[1] == other, "until IoFreeController");
    control_answer = DeallocateObject;
    IoAllocateController(controller, target, control, NULL);
    IoFreeController(controller);
    CHECK(control_calls == 3, "with DeallocateObject the controller is free at once");
    IoAllocateController(controller, other, control, NULL);
    CHECK(control_calls == 4, "and can be allocated again");
    target->CurrentIrp = NULL;
    KeLowerIrql(old);
    IoDeleteController(controller);
    IoDeleteDevice(other);
}

static void checks(void) {
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &target);
    target->Flags &= ~DO_DEVICE_INITIALIZING;
    this_driver->DriverStartIo = start_io;
    for (int i = 0; i < REQUESTS; ++i)
        requests[i] = IoAllocateIrp(target->StackSize, FALSE);
    device_queue();
    start_packets();
    cancellation();
    recursion();
    controllers();
    for (int i = 0; i < REQUESTS; ++i)
        IoFreeIrp(requests[i]);
    IoDeleteDevice(target);
}
