// Asynchronous and cancelled I/O from a driver's side, on CsqDev (drivers/csqdev/csqdev.h): the pages
// ZwReadFile, IoCancelIrp, IoSetCompletionRoutineEx, IoBuildAsynchronousFsdRequest, KeSetEvent.
#define TOPIC L"Aio"
#include "../common/driver.h"

// Declared in ntifs.h.
NTSYSAPI NTSTATUS NTAPI ZwCancelIoFile(HANDLE file, PIO_STATUS_BLOCK iosb);
NTSYSAPI NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout);
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE event, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                      EVENT_TYPE type, BOOLEAN state);
NTSYSAPI PEPROCESS NTAPI IoGetRequestorProcess(PIRP irp);

static HANDLE file;
static PFILE_OBJECT object;
static PDEVICE_OBJECT device;
static char buffer[32];
static IO_STATUS_BLOCK iosb;

static BOOLEAN open(void) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK ignored;
    RtlInitUnicodeString(&name, L"\\Device\\CsqDev");
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwCreateFile(&file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &ignored,
                                 NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0)))
        return FALSE;
    return NT_SUCCESS(IoGetDeviceObjectPointer(&name, FILE_READ_DATA, &object, &device));
}

static NTSTATUS put(const char* text, ULONG length) {
    IO_STATUS_BLOCK block = {{0}, 0};
    LARGE_INTEGER zero = {{0, 0}};
    return ZwWriteFile(file, NULL, NULL, NULL, &block, (PVOID)text, length, &zero, NULL);
}

static BOOLEAN is_set(HANDLE event) {
    LARGE_INTEGER now = {{0, 0}};
    return ZwWaitForSingleObject(event, FALSE, &now) == STATUS_SUCCESS;
}

static void events(void) {
    HANDLE event;
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER zero = {{0, 0}};
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, TRUE);
    CHECK(ZwReadFile(file, event, NULL, NULL, &iosb, buffer, sizeof buffer, &zero, NULL) == STATUS_PENDING,
          "ZwReadFile on a file for asynchronous I/O: STATUS_PENDING");
    CHECK(!is_set(event), "the event is reset");
    CHECK(put("abc", 3) == STATUS_SUCCESS && is_set(event) && iosb.Status == STATUS_SUCCESS &&
              iosb.Information == 3,
          "it is set and the status block written when the request has ended");
    ZwReadFile(file, event, NULL, NULL, &iosb, buffer, sizeof buffer, &zero, NULL);
    IO_STATUS_BLOCK cancel;
    CHECK(ZwCancelIoFile(file, &cancel) == STATUS_SUCCESS && is_set(event) && iosb.Status == STATUS_CANCELLED,
          "ZwCancelIoFile returns when the request has ended with STATUS_CANCELLED");
    ZwClose(event);
}

static ULONG apcs;
static PVOID apc_context, apc_block;
static KIRQL apc_irql;
static VOID NTAPI apc(PVOID context, PIO_STATUS_BLOCK block, ULONG reserved) {
    UNREFERENCED_PARAMETER(reserved);
    ++apcs;
    apc_context = context;
    apc_block = block;
    apc_irql = KeGetCurrentIrql();
}

static void apc_routines(void) {
    LARGE_INTEGER zero = {{0, 0}};
    CHECK(ZwReadFile(file, NULL, apc, &apcs, &iosb, buffer, sizeof buffer, &zero, NULL) == STATUS_PENDING &&
              !apcs,
          "ZwReadFile with an ApcRoutine");
    KeEnterCriticalRegion();
    put("xyz", 3);
    CHECK(!apcs, "in a critical region the routine is not called");
    KeLeaveCriticalRegion();
    CHECK(apcs == 1 && apc_context == &apcs && apc_block == &iosb && apc_irql == PASSIVE_LEVEL,
          "else it is, at PASSIVE_LEVEL, with its context and the status block");
    CHECK(iosb.Status == STATUS_SUCCESS && iosb.Information == 3, "which is written by then");
}

static ULONG completions;
static NTSTATUS seen_status;
static NTSTATUS NTAPI completed(PDEVICE_OBJECT ignored, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(ignored);
    ++completions;
    seen_status = irp->IoStatus.Status;
    KeSetEvent(context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP read_irp(void) {
    LARGE_INTEGER zero = {{0, 0}};
    PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_READ, device, buffer, sizeof buffer, &zero, NULL);
    if (irp) IoGetNextIrpStackLocation(irp)->FileObject = object;
    return irp;
}
static void release(PIRP irp) {
    ExFreePool(irp->AssociatedIrp.SystemBuffer);
    IoFreeIrp(irp);
}

static void own_requests(void) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PIRP irp = read_irp();
    CHECK(IoSetCompletionRoutineEx(this_driver->DeviceObject, irp, completed, &done, TRUE, TRUE, TRUE) ==
              STATUS_SUCCESS,
          "IoSetCompletionRoutineEx");
    CHECK(IoCallDriver(device, irp) == STATUS_PENDING && !completions,
          "a driver's own request stays pending");
    CHECK(IoGetRequestorProcess(irp) == PsGetCurrentProcess(), "IoGetRequestorProcess: who asked");
    CHECK(irp->CancelRoutine != NULL && IoCancelIrp(irp), "IoCancelIrp: TRUE if there is a cancel routine");
    CHECK(irp->Cancel && completions == 1 && seen_status == STATUS_CANCELLED,
          "the request is completed with STATUS_CANCELLED; the completion routine runs once");
    CHECK(irp->PendingReturned, "PendingReturned tells the routine that it was pending");
    CHECK(!IoCancelIrp(irp), "IoCancelIrp: FALSE if there is none");
    release(irp);
    irp = read_irp();
    KeClearEvent(&done);
    IoSetCompletionRoutine(irp, completed, &done, TRUE, TRUE, TRUE);
    IoCallDriver(device, irp);
    put("later", 5);
    LARGE_INTEGER soon;
    soon.QuadPart = -10000;
    CHECK(KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, &soon) == STATUS_SUCCESS &&
              seen_status == STATUS_SUCCESS && irp->IoStatus.Information == 5,
          "or by its driver, as soon as it can");
    release(irp);
    // Cancelled before it is sent: it does not get into the queue.
    irp = read_irp();
    IoSetCompletionRoutine(irp, completed, &done, TRUE, TRUE, TRUE);
    CHECK(!IoCancelIrp(irp) && irp->Cancel, "IoCancelIrp sets the cancel bit in either case");
    CHECK(IoCallDriver(device, irp) == STATUS_PENDING && seen_status == STATUS_CANCELLED,
          "who gets a cancelled request completes it with STATUS_CANCELLED");
    release(irp);
}

static void checks(void) {
    CHECK(open(), "CsqDev opens");
    events();
    apc_routines();
    own_requests();
    ObDereferenceObject(object);
    ZwClose(file);
}
