// Work items misused, and requests at the machine's end, as the registry value "What" chooses when the driver
// starts or is unloaded.
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

static ULONG what;
static PDEVICE_OBJECT device;
static WORK_QUEUE_ITEM item;
static PIO_WORKITEM io_item;
static KEVENT finished;

enum {
    RETURN_RAISED = 1, // a routine returns at DISPATCH_LEVEL
    RETURN_CRITICAL,   // … with APCs disabled
    END_WORKER,        // … not at all: it ends its thread
    QUEUE_TWICE,
    FREE_QUEUED,    // IoFreeWorkItem
    RELEASE_QUEUED, // ExFreePool of the memory
    BAD_TYPE,
    USER_ROUTINE,
    BAD_OBJECT,
    CLEARED_WHILE_QUEUED,
    HOLD_UNLOAD, // an I/O work item still runs when the driver is unloaded
    OUTLIVE,     // an executive one does
    SHUTDOWN,    // registered, and there when the machine ends
};

static VOID NTAPI raised(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
}
static VOID NTAPI critical(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeEnterCriticalRegion();
}
static VOID NTAPI ends(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static VOID NTAPI nothing(PVOID context) { UNREFERENCED_PARAMETER(context); }
static VOID NTAPI io_nothing(PDEVICE_OBJECT d, PVOID context) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(context);
}
static void sleep(LONG milliseconds) {
    LARGE_INTEGER t;
    t.QuadPart = -10000LL * milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static VOID NTAPI long_one(PDEVICE_OBJECT d, PVOID context) {
    UNREFERENCED_PARAMETER(context);
    sleep(500);
    DbgPrint("work_fault: the work item ends, device type %x\n", d->DeviceType);
    IoFreeWorkItem(io_item);
}
static VOID NTAPI outlives(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    sleep(500);
    DbgPrint("work_fault: not reached\n");
}

static void misuse(void) {
    KIRQL old;
    switch (what) {
    case RETURN_RAISED:
        ExInitializeWorkItem(&item, raised, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        break;
    case RETURN_CRITICAL:
        ExInitializeWorkItem(&item, critical, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        break;
    case END_WORKER:
        ExInitializeWorkItem(&item, ends, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        break;
    case QUEUE_TWICE:
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        ExInitializeWorkItem(&item, nothing, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        break;
    case FREE_QUEUED:
        io_item = IoAllocateWorkItem(device);
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        IoQueueWorkItem(io_item, io_nothing, DelayedWorkQueue, NULL);
        IoFreeWorkItem(io_item);
        break;
    case RELEASE_QUEUED: {
        PWORK_QUEUE_ITEM memory = ExAllocatePoolWithTag(NonPagedPool, 256, 'krow');
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        ExInitializeWorkItem(memory + 1, nothing, NULL);
        ExQueueWorkItem(memory + 1, DelayedWorkQueue);
        ExFreePoolWithTag(memory, 'krow');
        break;
    }
    case BAD_TYPE:
        ExInitializeWorkItem(&item, nothing, NULL);
        ExQueueWorkItem(&item, (WORK_QUEUE_TYPE)20);
        break;
    case USER_ROUTINE:
        ExInitializeWorkItem(&item, (PWORKER_THREAD_ROUTINE)0x10000, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        break;
    case BAD_OBJECT:
        IoAllocateWorkItem((PDEVICE_OBJECT)&finished);
        break;
    case CLEARED_WHILE_QUEUED:
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        ExInitializeWorkItem(&item, nothing, NULL);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        RtlZeroMemory(&item.List, sizeof item.List);
        KeLowerIrql(old);
        break;
    case SHUTDOWN:
        IoRegisterLastChanceShutdownNotification(device);
        IoRegisterShutdownNotification(device);
        return;
    default:
        return;
    }
    sleep(100);
    DbgPrint("work_fault: survived\n");
}

static NTSTATUS NTAPI on_shutdown(PDEVICE_OBJECT d, PIRP irp) {
    static int count;
    DbgPrint("work_fault: IRP_MJ_SHUTDOWN %d, %s\n", ++count,
             d == device && KeGetCurrentIrql() <= APC_LEVEL ? "as documented" : "wrong");
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    if (what == HOLD_UNLOAD) {
        io_item = IoAllocateWorkItem(device);
        IoQueueWorkItem(io_item, long_one, DelayedWorkQueue, NULL);
    }
    if (what == OUTLIVE) {
        static PWORK_QUEUE_ITEM memory;
        memory = &item;
        ExInitializeWorkItem(memory, outlives, NULL);
        ExQueueWorkItem(memory, DelayedWorkQueue);
        sleep(10);
    }
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    RTL_QUERY_REGISTRY_TABLE table[2];
    WCHAR key[200];
    ULONG n = path->Length / sizeof(WCHAR);
    RtlZeroMemory(table, sizeof table);
    RtlZeroMemory(key, sizeof key);
    RtlCopyMemory(key, path->Buffer, n * sizeof(WCHAR));
    RtlCopyMemory(key + n, L"\\Parameters", sizeof L"\\Parameters");
    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[0].Name = (PWSTR)L"What";
    table[0].EntryContext = &what;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, key, table, NULL, NULL);
    NTSTATUS status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    driver->MajorFunction[IRP_MJ_SHUTDOWN] = on_shutdown;
    driver->DriverUnload = unload;
    misuse();
    return STATUS_SUCCESS;
}
