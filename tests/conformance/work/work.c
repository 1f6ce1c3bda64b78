// Work items, callback objects, shutdown registration: what their pages promise.
#define TOPIC L"Work"
#include "../common/driver.h"

NTKERNELAPI BOOLEAN NTAPI PsIsSystemThread(PETHREAD thread); // ntifs.h
NTKERNELAPI VOID NTAPI ObMakeTemporaryObject(PVOID object);  // ntifs.h

static KEVENT done;
static volatile LONG runs;
static PVOID seen_object, seen_context, seen_item;
static KIRQL seen_irql;
static PETHREAD seen_thread;
static BOOLEAN seen_system;

static void note(PVOID object, PVOID context, PVOID item) {
    seen_object = object;
    seen_context = context;
    seen_item = item;
    seen_irql = KeGetCurrentIrql();
    seen_thread = PsGetCurrentThread();
    seen_system = PsGetCurrentProcess() == PsInitialSystemProcess;
    InterlockedIncrement(&runs);
    KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}

static VOID NTAPI io_routine(PDEVICE_OBJECT device, PVOID context) { note(device, context, NULL); }
static VOID NTAPI io_routine_ex(PVOID object, PVOID context, PIO_WORKITEM item) {
    note(object, context, item);
}
static VOID NTAPI ex_routine(PVOID context) { note(NULL, context, NULL); }

static BOOLEAN wait(PKEVENT event) {
    LARGE_INTEGER limit;
    limit.QuadPart = -10 * 1000 * 1000 * 10LL; // 10 s
    return KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &limit) == STATUS_SUCCESS;
}

static void io_items(PDEVICE_OBJECT device) {
    PIO_WORKITEM item = IoAllocateWorkItem(device);
    CHECK(item != NULL, "IoAllocateWorkItem gives a work item");
    IoQueueWorkItem(item, io_routine, DelayedWorkQueue, &done);
    CHECK(wait(&done), "a queued work item is run by a system worker thread");
    CHECK(seen_object == device && seen_context == &done,
          "its routine gets the device object and the context");
    CHECK(seen_irql == PASSIVE_LEVEL, "it runs at PASSIVE_LEVEL");
    CHECK(seen_system && seen_thread != PsGetCurrentThread(), "and in the context of the System process");
    CHECK(PsIsSystemThread(seen_thread), "by a system thread");

    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    LONG before = runs;
    IoQueueWorkItemEx(item, io_routine_ex, DelayedWorkQueue, &done);
    CHECK(runs == before, "at DISPATCH_LEVEL the routine does not run before the IRQL is lowered");
    KeLowerIrql(old);
    CHECK(wait(&done) && runs == before + 1, "IoQueueWorkItemEx queues at DISPATCH_LEVEL");
    CHECK(seen_object == device && seen_context == &done && seen_item == item,
          "an extended routine gets the object, the context and the work item");
    IoFreeWorkItem(item);

    item = IoAllocateWorkItem((PDEVICE_OBJECT)this_driver);
    IoQueueWorkItemEx(item, io_routine_ex, DelayedWorkQueue, NULL);
    CHECK(wait(&done) && seen_object == this_driver, "a work item may belong to a driver object");
    IoFreeWorkItem(item);

    ULONG size = IoSizeofWorkItem();
    PIO_WORKITEM own = ExAllocatePoolWithTag(NonPagedPool, size, 'krow');
    CHECK(size > sizeof(WORK_QUEUE_ITEM) && own, "IoSizeofWorkItem gives the size of a work item");
    IoInitializeWorkItem(device, own);
    IoQueueWorkItem(own, io_routine, DelayedWorkQueue, own);
    CHECK(wait(&done) && seen_context == own, "IoInitializeWorkItem prepares one in the driver's memory");
    IoUninitializeWorkItem(own);
    ExFreePoolWithTag(own, 'krow');
}

// A routine that frees its own item, and one that queues it again.
static VOID NTAPI freeing(PVOID object, PVOID context, PIO_WORKITEM item) {
    IoFreeWorkItem(item);
    note(object, context, NULL);
}
static volatile LONG rounds;
static VOID NTAPI again(PVOID object, PVOID context, PIO_WORKITEM item) {
    if (InterlockedIncrement(&rounds) < 3)
        IoQueueWorkItemEx(item, again, DelayedWorkQueue, context);
    else
        note(object, context, item);
}

static void inside_routine(PDEVICE_OBJECT device) {
    IoQueueWorkItemEx(IoAllocateWorkItem(device), freeing, DelayedWorkQueue, NULL);
    CHECK(wait(&done), "IoFreeWorkItem can be called from within the routine");
    PIO_WORKITEM item = IoAllocateWorkItem(device);
    IoQueueWorkItemEx(item, again, DelayedWorkQueue, NULL);
    CHECK(wait(&done) && rounds == 3, "the item may be queued again as soon as its routine has started");
    IoFreeWorkItem(item);
}

static volatile LONG order_count;
static ULONG_PTR order[8];
static VOID NTAPI in_order(PVOID context) {
    LONG n = InterlockedIncrement(&order_count);
    if (n <= 8) order[n - 1] = (ULONG_PTR)context;
    if (n == 5) KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}

static void ex_items(void) {
    static WORK_QUEUE_ITEM kept;
    ExInitializeWorkItem(&kept, ex_routine, &kept);
    ExQueueWorkItem(&kept, DelayedWorkQueue);
    CHECK(wait(&done) && seen_context == &kept && seen_irql == PASSIVE_LEVEL && seen_system,
          "ExQueueWorkItem: the routine runs in a system context at PASSIVE_LEVEL with its context");
    ExQueueWorkItem(&kept, CriticalWorkQueue);
    CHECK(wait(&done), "there is a critical queue");
    ExQueueWorkItem(&kept, (WORK_QUEUE_TYPE)(32 + 9));
    CHECK(wait(&done), "CustomPriorityWorkQueue + priority queues at a priority of the caller's choice");

    // All queued before any can run: at DISPATCH_LEVEL on one processor.
    static WORK_QUEUE_ITEM items[5];
    static const int types[5] = {DelayedWorkQueue, 32 + 3, CriticalWorkQueue, DelayedWorkQueue,
                                 HyperCriticalWorkQueue};
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (ULONG_PTR i = 0; i < 5; ++i) {
        ExInitializeWorkItem(&items[i], in_order, (PVOID)i);
        ExQueueWorkItem(&items[i], (WORK_QUEUE_TYPE)types[i]);
    }
    KeLowerIrql(old);
    CHECK(wait(&done), "every one of several queued items runs");
    ULONG places[5];
    for (ULONG i = 0; i < 5; ++i)
        places[order[i] % 5] = i;
    if (KeQueryActiveProcessorCount(NULL) == 1) {
        CHECK(places[4] < places[2] && places[2] < places[0],
              "hypercritical items run before critical ones, those before delayed ones");
        CHECK(places[0] < places[3] && places[3] < places[1],
              "delayed ones in the order of queueing and before lower priorities");
    }
}

// One item waits for what another does.
static KEVENT opened;
static VOID NTAPI waits(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    if (wait(&opened)) KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}
static VOID NTAPI opens(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeSetEvent(&opened, IO_NO_INCREMENT, FALSE);
}

static void dependent_items(void) {
    static WORK_QUEUE_ITEM waiting[4], opening;
    KeInitializeEvent(&opened, NotificationEvent, FALSE);
    for (int i = 0; i < 4; ++i) {
        ExInitializeWorkItem(&waiting[i], waits, NULL);
        ExQueueWorkItem(&waiting[i], DelayedWorkQueue);
    }
    ExInitializeWorkItem(&opening, opens, NULL);
    ExQueueWorkItem(&opening, DelayedWorkQueue);
    CHECK(wait(&done), "items that block do not keep others from running");
}

static ULONG_PTR called[8];
static ULONG calls;
static KIRQL called_at;
static PVOID argument_1, argument_2;
static VOID NTAPI callback(PVOID context, PVOID first, PVOID second) {
    called[calls++ % 8] = (ULONG_PTR)context;
    argument_1 = first;
    argument_2 = second;
    called_at = KeGetCurrentIrql();
}

static void callbacks(void) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    PCALLBACK_OBJECT object = NULL, again = NULL, single = NULL;
    RtlInitUnicodeString(&name, L"\\Callback\\ConformWork");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(!NT_SUCCESS(ExCreateCallback(&object, &attributes, FALSE, FALSE)),
          "ExCreateCallback without Create fails when the object is not there");
    CHECK(ExCreateCallback(&object, &attributes, TRUE, TRUE) == STATUS_SUCCESS, "with Create it makes it");
    CHECK(ExCreateCallback(&again, &attributes, TRUE, FALSE) == STATUS_SUCCESS && again == object,
          "and opens it when it is there");
    PVOID first = ExRegisterCallback(object, callback, (PVOID)1);
    PVOID second = ExRegisterCallback(object, callback, (PVOID)2);
    CHECK(first && second, "AllowMultipleCallbacks is ignored when an object is opened");
    ExNotifyCallback(object, &calls, &called);
    CHECK(calls == 2 && called[0] == 1 && called[1] == 2, "routines are called in order of registration");
    CHECK(argument_1 == &calls && argument_2 == &called, "with the arguments of the notification");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ExNotifyCallback(object, NULL, NULL);
    KeLowerIrql(old);
    CHECK(calls == 4 && called_at == DISPATCH_LEVEL, "at the IRQL of the caller");
    ExUnregisterCallback(first);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 5 && called[4] == 2, "a routine that was unregistered is not called");
    ExUnregisterCallback(second);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 5, "without routines nothing happens");
    ObDereferenceObject(object);
    ObDereferenceObject(object);
    CHECK(!NT_SUCCESS(ExCreateCallback(&again, &attributes, FALSE, FALSE)),
          "the object goes with its last reference");

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL, NULL);
    ExCreateCallback(&object, &attributes, TRUE, TRUE);
    ObDereferenceObject(object);
    CHECK(ExCreateCallback(&again, &attributes, FALSE, FALSE) == STATUS_SUCCESS && again == object,
          "OBJ_PERMANENT keeps it");
    ObMakeTemporaryObject(object);
    ObDereferenceObject(object);
    CHECK(!NT_SUCCESS(ExCreateCallback(&again, &attributes, FALSE, FALSE)), "until it is made temporary");

    RtlInitUnicodeString(&name, L"\\Callback\\ConformSingle");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    ExCreateCallback(&single, &attributes, TRUE, FALSE);
    first = ExRegisterCallback(single, callback, NULL);
    CHECK(first && !ExRegisterCallback(single, callback, NULL),
          "an object for one routine refuses the second");
    ExUnregisterCallback(first);
    first = ExRegisterCallback(single, callback, NULL);
    CHECK(first != NULL, "and takes another when the first is gone");
    ExUnregisterCallback(first);
    ObDereferenceObject(single);

    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    CHECK(ExCreateCallback(&object, &attributes, TRUE, TRUE) == STATUS_UNSUCCESSFUL,
          "unnamed callback objects are refused with STATUS_UNSUCCESSFUL");
    static const PCWSTR system_names[] = {L"\\Callback\\SetSystemTime", L"\\Callback\\PowerState",
                                          L"\\Callback\\ProcessorAdd"};
    for (int i = 0; i < 3; ++i) {
        RtlInitUnicodeString(&name, system_names[i]);
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        CHECK(ExCreateCallback(&object, &attributes, FALSE, TRUE) == STATUS_SUCCESS,
              "the system has SetSystemTime, PowerState and ProcessorAdd");
        first = ExRegisterCallback(object, callback, NULL);
        second = ExRegisterCallback(object, callback, NULL);
        CHECK(first && second, "for any number of routines");
        ExUnregisterCallback(first);
        ExUnregisterCallback(second);
        ObDereferenceObject(object);
    }
}

static void shutdown_registration(PDEVICE_OBJECT device) {
    CHECK(IoRegisterShutdownNotification(device) == STATUS_SUCCESS,
          "IoRegisterShutdownNotification succeeds");
    CHECK(IoRegisterLastChanceShutdownNotification(device) == STATUS_SUCCESS,
          "IoRegisterLastChanceShutdownNotification succeeds");
    IoUnregisterShutdownNotification(device);
    CHECK(!(device->Flags & DO_SHUTDOWN_REGISTERED), "unregistering cancels both");
}

static void checks(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    KeInitializeEvent(&done, SynchronizationEvent, FALSE);
    io_items(device);
    inside_routine(device);
    ex_items();
    dependent_items();
    callbacks();
    shutdown_registration(device);
}
