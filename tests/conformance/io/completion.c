// How requests go down and come back: nf-wdm-iosetcompletionroutine, nc-wdm-io_completion_routine,
// nf-wdm-iofcalldriver, nf-wdm-iocompleterequest, nf-wdm-iomarkirppending,
// nf-wdm-ioskipcurrentirpstacklocation, nf-wdm-iocopycurrentirpstacklocationtonext.
#define TOPIC L"IoCompletion"
#define OWN_DISPATCH
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoSetCompletionRoutineEx, PDEVICE_OBJECT, PIRP, PIO_COMPLETION_ROUTINE, PVOID, BOOLEAN,
       BOOLEAN, BOOLEAN);
IMPORT(void, IoCompleteRequest, PIRP, CHAR);

typedef enum { SKIPS, COPIES, COPIES_AND_WATCHES } MANNER;
typedef struct {
    PDEVICE_OBJECT below;
    MANNER manner;
    ULONG calls; // of its completion routine
    BOOLEAN own_device, pended, cleared;
} FILTER;

static NTSTATUS answer;      // of the lowest driver
static BOOLEAN pend, cancel; // before it answers
static ULONG_PTR lowest_location;
static ULONG lowest_length;
static PDEVICE_OBJECT lowest_device;
static char order[8];
static ULONG order_length;

static BOOLEAN all_zero(const void* p, SIZE_T n) {
    const UCHAR* at = p;
    for (SIZE_T i = 0; i < n; ++i)
        if (at[i]) return FALSE;
    return TRUE;
}

static NTSTATUS NTAPI came_back(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    FILTER* filter = context;
    ++filter->calls;
    filter->own_device = device->DeviceExtension == filter;
    filter->pended = irp->PendingReturned;
    filter->cleared = all_zero(IoGetNextIrpStackLocation(irp), sizeof(IO_STACK_LOCATION));
    order[order_length++] = filter->below == this_driver->DeviceObject ? '?' : 'f';
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    return STATUS_SUCCESS;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    FILTER* filter = device->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (!filter || stack->MajorFunction != IRP_MJ_WRITE)
        return complete(irp,
                        stack->MajorFunction == IRP_MJ_CREATE || stack->MajorFunction == IRP_MJ_CLEANUP ||
                                stack->MajorFunction == IRP_MJ_CLOSE
                            ? STATUS_SUCCESS
                            : STATUS_INVALID_DEVICE_REQUEST,
                        0);
    if (!filter->below) {
        lowest_location = (ULONG_PTR)stack, lowest_length = stack->Parameters.Write.Length,
        lowest_device = stack->DeviceObject;
        if (cancel) irp->Cancel = TRUE;
        if (pend) IoMarkIrpPending(irp);
        irp->IoStatus.Status = answer;
        irp->IoStatus.Information = 5;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
        return pend ? STATUS_PENDING : answer;
    }
    if (filter->manner == SKIPS) {
        IoSkipCurrentIrpStackLocation(irp);
    } else {
        IoCopyCurrentIrpStackLocationToNext(irp);
        if (filter->manner == COPIES_AND_WATCHES)
            IoSetCompletionRoutine(irp, came_back, filter, TRUE, TRUE, TRUE);
    }
    return IoCallDriver(filter->below, irp);
}

static PDEVICE_OBJECT make(PDEVICE_OBJECT below, MANNER manner) {
    PDEVICE_OBJECT device = NULL;
    if (!NT_SUCCESS(
            IoCreateDevice(this_driver, sizeof(FILTER), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device)))
        return NULL;
    FILTER* filter = device->DeviceExtension;
    filter->below = below ? IoAttachDeviceToDeviceStack(device, below) : NULL;
    filter->manner = manner;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

static ULONG ended;
static PDEVICE_OBJECT ended_device;
static BOOLEAN ended_pended;
static NTSTATUS NTAPI end(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(context);
    ++ended, ended_device = device, ended_pended = irp->PendingReturned;
    order[order_length++] = 'o';
    return STATUS_MORE_PROCESSING_REQUIRED;
}

// Sends a write of 77 bytes; whether the sender's completion routine was called is told by `ended`.
static NTSTATUS send(PDEVICE_OBJECT to, PIRP irp) {
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_WRITE;
    next->Parameters.Write.Length = 77;
    IoSetCompletionRoutine(irp, end, NULL, TRUE, TRUE, TRUE);
    ended = order_length = 0;
    return IoCallDriver(to, irp);
}

static void checks(void) {
    PDEVICE_OBJECT low = make(NULL, SKIPS), filter = make(low, COPIES_AND_WATCHES);
    if (!low || !filter) return;
    FILTER* f = filter->DeviceExtension;
    PIRP irp = IoAllocateIrp(filter->StackSize, FALSE);
    if (!irp) return;
    PIO_STACK_LOCATION top = IoGetNextIrpStackLocation(irp);

    answer = STATUS_SUCCESS;
    CHECK(
        send(filter, irp) == STATUS_SUCCESS && lowest_length == 77 && lowest_location == (ULONG_PTR)(top - 1),
        "IoCopyCurrentIrpStackLocationToNext gives the next driver the same parameters in its own location");
    CHECK(lowest_device == low, "IoCallDriver sets DeviceObject of the location");
    CHECK(f->calls == 1 && f->own_device && ended == 1,
          "each IoCompletion routine is called, with its driver's device object");
    CHECK(order[0] == 'f' && order[1] == 'o', "from the next-highest driver to the highest");
    CHECK(ended_device == NULL, "the DeviceObject is null for a sender without a stack location of its own");
    CHECK(f->cleared, "lower-level drivers' stack locations are filled with zeros");
    CHECK(irp->IoStatus.Information == 5, "the status block is the lowest driver's");
    CHECK(!f->pended && !ended_pended, "nobody has marked the request pending");

    IoReuseIrp(irp, STATUS_SUCCESS);
    pend = TRUE;
    CHECK(send(filter, irp) == STATUS_PENDING && f->pended && ended_pended,
          "IoMarkIrpPending: PendingReturned in the IoCompletion routines, which pass it on");
    f->manner = COPIES;
    IoReuseIrp(irp, STATUS_SUCCESS);
    CHECK(send(filter, irp) == STATUS_PENDING && f->calls == 2 && ended_pended,
          "without one in between it is passed on as well");
    pend = FALSE;
    f->manner = SKIPS;
    IoReuseIrp(irp, STATUS_SUCCESS);
    CHECK(send(filter, irp) == STATUS_SUCCESS && lowest_location == (ULONG_PTR)top && lowest_device == low &&
              ended == 1,
          "IoSkipCurrentIrpStackLocation: the next driver receives the same location");

    // Which completions call the routine. Location 1 is the filter's: it watches what the lowest driver says.
    static const struct {
        BOOLEAN success, error, cancel;
        NTSTATUS answer;
        BOOLEAN cancelled, called;
        const char* what;
    } cases[] = {
        {TRUE, FALSE, FALSE, STATUS_SUCCESS, FALSE, TRUE, "InvokeOnSuccess: a success"},
        {TRUE, FALSE, FALSE, STATUS_REPARSE, FALSE, TRUE,
         "InvokeOnSuccess: another success status, by NT_SUCCESS"},
        {TRUE, FALSE, FALSE, STATUS_UNSUCCESSFUL, FALSE, FALSE, "InvokeOnSuccess: not an error"},
        {TRUE, FALSE, FALSE, STATUS_BUFFER_OVERFLOW, FALSE, FALSE, "InvokeOnSuccess: not a warning"},
        {FALSE, TRUE, FALSE, STATUS_UNSUCCESSFUL, FALSE, TRUE, "InvokeOnError: an error"},
        {FALSE, TRUE, FALSE, STATUS_BUFFER_OVERFLOW, FALSE, TRUE,
         "InvokeOnError: a warning is a nonsuccess status"},
        {FALSE, TRUE, FALSE, STATUS_SUCCESS, FALSE, FALSE, "InvokeOnError: not a success"},
        {FALSE, FALSE, TRUE, STATUS_CANCELLED, TRUE, TRUE, "InvokeOnCancel: the request was cancelled"},
        {FALSE, FALSE, TRUE, STATUS_SUCCESS, FALSE, FALSE, "InvokeOnCancel: it was not"},
        {FALSE, FALSE, FALSE, STATUS_SUCCESS, FALSE, FALSE, "none of them: never"},
    };
    for (ULONG i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        IoReuseIrp(irp, STATUS_SUCCESS);
        irp->Cancel = FALSE;
        answer = cases[i].answer, cancel = cases[i].cancelled;
        f->calls = 0;
        // The sender plays the filter: its own location, then the lowest driver's.
        IoSetNextIrpStackLocation(irp);
        IoGetCurrentIrpStackLocation(irp)->DeviceObject = filter;
        IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
        IoGetCurrentIrpStackLocation(irp)->CompletionRoutine = end;
        IoGetCurrentIrpStackLocation(irp)->Control =
            SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, came_back, f, cases[i].success, cases[i].error, cases[i].cancel);
        order_length = 0;
        NTSTATUS status = IoCallDriver(low, irp);
        CHECK(status == cases[i].answer && (f->calls == 1) == cases[i].called, cases[i].what);
    }
    cancel = FALSE;
    answer = STATUS_SUCCESS;
    irp->Cancel = FALSE;
    IoReuseIrp(irp, STATUS_SUCCESS);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = filter;
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
    IoGetCurrentIrpStackLocation(irp)->CompletionRoutine = end;
    IoGetCurrentIrpStackLocation(irp)->Control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR;
    IoCopyCurrentIrpStackLocationToNext(irp);
    f->calls = order_length = ended = 0;
    CHECK(import_IoSetCompletionRoutineEx(filter, irp, came_back, f, TRUE, TRUE, TRUE) == STATUS_SUCCESS &&
              IoCallDriver(low, irp) == STATUS_SUCCESS && f->calls == 1 && f->own_device && ended == 1,
          "IoSetCompletionRoutineEx");

    // A routine that keeps the request: a higher-level driver completes it again.
    IoReuseIrp(irp, STATUS_SUCCESS);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = filter;
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
    PIO_STACK_LOCATION own = IoGetCurrentIrpStackLocation(irp);
    own->CompletionRoutine = came_back, own->Context = f, own->Control = SL_INVOKE_ON_SUCCESS;
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, end, NULL, TRUE, TRUE, TRUE);
    f->calls = ended = order_length = 0;
    IoCallDriver(low, irp);
    CHECK(ended == 1 && f->calls == 0 && IoGetCurrentIrpStackLocation(irp) == own,
          "STATUS_MORE_PROCESSING_REQUIRED: the lower driver's IoCompleteRequest returns at once; the "
          "request is its owner's again");
    own->CompletionRoutine = end;
    import_IoCompleteRequest(irp, IO_NO_INCREMENT);
    CHECK(ended == 2, "which completes it later, by IoCompleteRequest");
    IoFreeIrp(irp);
    IoDetachDevice(low);
    IoDeleteDevice(filter);
    IoDeleteDevice(low);
}
