// Requests that a driver makes: nf-wdm-iobuildsynchronousfsdrequest, nf-wdm-iobuildasynchronousfsdrequest,
// nf-wdm-ioinitializeirp, nf-ntddk-iomakeassociatedirp, nf-wdm-ioforwardirpsynchronously, nf-wdm-iocancelirp,
// nf-ntifs-ioisoperationsynchronous … and what belongs to a thread: nf-ntifs-iogettoplevelirp,
// nf-wdm-iogetstacklimits …
#define TOPIC L"IoIrp"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoCallDriver, PDEVICE_OBJECT, PIRP);
IMPORT(PIRP, IoMakeAssociatedIrp, PIRP, CHAR);
IMPORT(BOOLEAN, IoIsOperationSynchronous, PIRP);
IMPORT(PEPROCESS, IoGetRequestorProcess, PIRP);
IMPORT(ULONG, IoGetRequestorProcessId, PIRP);
IMPORT(NTSTATUS, IoGetRequestorSessionId, PIRP, PULONG);
IMPORT(ULONG, PsGetProcessSessionId, PEPROCESS);
IMPORT(PIRP, IoGetTopLevelIrp, void);
IMPORT(void, IoSetTopLevelIrp, PIRP);
IMPORT(PEPROCESS, IoThreadToProcess, PETHREAD);
IMPORT(BOOLEAN, IoIsSystemThread, PETHREAD);
IMPORT(PVOID, IoGetInitialStack, void);
IMPORT(void, IoGetStackLimits, PULONG_PTR, PULONG_PTR);
IMPORT(ULONG_PTR, IoGetRemainingStackSize, void);
IMPORT(BOOLEAN, IoWithinStackLimits, ULONG_PTR, SIZE_T);
IMPORT(NTSTATUS, IoValidateDeviceIoControlAccess, PIRP, ULONG);
IMPORT(PEPROCESS, IoGetCurrentProcess, void);
IMPORT(void, IoAcquireCancelSpinLock, PKIRQL);
IMPORT(void, IoReleaseCancelSpinLock, KIRQL);

static struct {
    UCHAR major;
    BOOLEAN buffered, direct, raw, thread;
    ULONG length;
    LONGLONG offset;
} seen;
static BOOLEAN pend_next;
static PIRP pending;

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    seen.major = stack->MajorFunction;
    seen.buffered = irp->AssociatedIrp.SystemBuffer != NULL, seen.direct = irp->MdlAddress != NULL,
    seen.raw = irp->UserBuffer != NULL;
    seen.thread = irp->Tail.Overlay.Thread == PsGetCurrentThread();
    seen.length = stack->Parameters.Read.Length, seen.offset = stack->Parameters.Read.ByteOffset.QuadPart;
    if (pend_next) {
        pend_next = FALSE;
        IoMarkIrpPending(irp);
        pending = irp;
        return STATUS_PENDING;
    }
    switch (stack->MajorFunction) {
    case IRP_MJ_READ: {
        PVOID to = irp->AssociatedIrp.SystemBuffer ? irp->AssociatedIrp.SystemBuffer
                   : irp->MdlAddress ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority)
                                     : irp->UserBuffer;
        RtlFillMemory(to, seen.length, 0x42);
        return complete(irp, STATUS_SUCCESS, seen.length);
    }
    case IRP_MJ_WRITE:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_SHUTDOWN:
        return complete(irp, STATUS_SUCCESS, seen.length);
    case IRP_MJ_PNP:
        return complete(irp, STATUS_NOT_SUPPORTED, 7);
    case IRP_MJ_CREATE:
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return complete(irp, STATUS_SUCCESS, 0);
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static PDEVICE_OBJECT device;
static KEVENT event;
static IO_STATUS_BLOCK iosb;

static NTSTATUS send(PIRP irp) {
    NTSTATUS status = IoCallDriver(device, irp);
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return status;
}

static BOOLEAN reads(ULONG method) {
    static UCHAR buffer[64];
    LARGE_INTEGER offset = {.QuadPart = 0x123456789};
    device->Flags = (device->Flags & ~(DO_BUFFERED_IO | DO_DIRECT_IO)) | method;
    RtlZeroMemory(buffer, sizeof buffer);
    KeClearEvent(&event);
    iosb.Information = 0;
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, device, buffer, 40, &offset, &event, &iosb);
    return irp && send(irp) == STATUS_SUCCESS && iosb.Status == STATUS_SUCCESS && iosb.Information == 40 &&
           seen.major == IRP_MJ_READ && seen.length == 40 && seen.offset == 0x123456789 &&
           buffer[39] == 0x42 && buffer[40] == 0 && KeReadStateEvent(&event);
}

static void synchronous(void) {
    KIRQL old;
    device = this_driver->DeviceObject;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK(reads(DO_BUFFERED_IO) && seen.buffered && !seen.direct,
          "IoBuildSynchronousFsdRequest for buffered I/O: data, status, event");
    CHECK(reads(DO_DIRECT_IO) && seen.direct && !seen.buffered, "for direct I/O");
    CHECK(reads(0) && seen.raw && !seen.direct && !seen.buffered, "for neither");
    CHECK(seen.thread, "the request belongs to the current thread");
    KeClearEvent(&event);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, device, NULL, 0, NULL, &event, &iosb);
    CHECK(irp && send(irp) == STATUS_SUCCESS && seen.major == IRP_MJ_FLUSH_BUFFERS &&
              iosb.Status == STATUS_SUCCESS,
          "a flush without buffer");
    KeClearEvent(&event);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, device, NULL, 0, NULL, &event, &iosb);
    if (irp) irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    CHECK(irp && send(irp) == STATUS_NOT_SUPPORTED && seen.major == IRP_MJ_PNP,
          "IRP_MJ_PNP; IoCallDriver returns the driver's status");
    KeClearEvent(&event);
    KeRaiseIrql(APC_LEVEL, &old);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_SHUTDOWN, device, NULL, 0, NULL, &event, &iosb);
    KeLowerIrql(old);
    CHECK(irp && send(irp) == STATUS_SUCCESS && seen.major == IRP_MJ_SHUTDOWN,
          "it can be called at APC_LEVEL");
}

static NTSTATUS NTAPI keep(PDEVICE_OBJECT own, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(own);
    UNREFERENCED_PARAMETER(irp);
    ++*(PULONG)context;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void asynchronous(void) {
    UCHAR data[16] = {0};
    LARGE_INTEGER offset = {.QuadPart = 512};
    ULONG completions = 0;
    IO_STATUS_BLOCK block = {{0}, 0};
    device->Flags &= ~(DO_BUFFERED_IO | DO_DIRECT_IO);
    PIRP irp = IoBuildAsynchronousFsdRequest(IRP_MJ_WRITE, device, data, sizeof data, &offset, &block);
    if (!irp) return;
    CHECK(irp->Tail.Overlay.Thread == PsGetCurrentThread() && irp->RequestorMode == KernelMode,
          "IoBuildAsynchronousFsdRequest sets Tail.Overlay.Thread to the caller's thread");
    IoSetCompletionRoutine(irp, keep, &completions, TRUE, TRUE, TRUE);
    CHECK(IoCallDriver(device, irp) == STATUS_SUCCESS && completions == 1 && seen.offset == 512 &&
              seen.length == sizeof data,
          "it is sent, and comes back to the completion routine");
    CHECK(irp->IoStatus.Status == STATUS_SUCCESS && irp->IoStatus.Information == sizeof data,
          "which frees it by IoFreeIrp");
    IoFreeIrp(irp);
    device->Flags |= DO_DIRECT_IO;
    irp = IoBuildAsynchronousFsdRequest(IRP_MJ_READ, device, data, sizeof data, &offset, &block);
    if (!irp) return;
    CHECK(irp->MdlAddress && (irp->MdlAddress->MdlFlags & MDL_PAGES_LOCKED),
          "for direct I/O the buffer is locked by an MDL");
    IoSetCompletionRoutine(irp, keep, &completions, TRUE, TRUE, TRUE);
    IoCallDriver(device, irp);
    CHECK(completions == 2 && data[15] == 0x42, "through which the driver writes");
    MmUnlockPages(irp->MdlAddress);
    IoFreeMdl(irp->MdlAddress);
    IoFreeIrp(irp);
    device->Flags &= ~DO_DIRECT_IO;
    irp = IoBuildAsynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, device, NULL, 0, NULL, NULL);
    CHECK(irp && !irp->MdlAddress && !irp->UserBuffer, "a flush has no buffer");
    if (irp) IoFreeIrp(irp);
}

static PETHREAD thread_of_system;
static VOID NTAPI note_thread(PVOID context) {
    thread_of_system = PsGetCurrentThread();
    ObReferenceObject(thread_of_system);
    KeSetEvent(context, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static PETHREAD system_thread(void) {
    KEVENT ready;
    HANDLE thread;
    KeInitializeEvent(&ready, NotificationEvent, FALSE);
    if (!NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, note_thread, &ready)))
        return NULL;
    KeWaitForSingleObject(&ready, Executive, KernelMode, FALSE, NULL);
    ZwClose(thread);
    return thread_of_system;
}

static void own_memory(void) {
    USHORT size = IoSizeOfIrp(3);
    PIRP irp = ExAllocatePoolWithTag(NonPagedPool, size, 'pirI');
    ULONG completions = 0;
    if (!irp) return;
    RtlFillMemory(irp, size, 0xcc);
    IoInitializeIrp(irp, size, 3);
    CHECK(irp->Type == IO_TYPE_IRP && irp->Size == size && irp->StackCount == 3 &&
              irp->CurrentLocation == 4 && IsListEmpty(&irp->ThreadListEntry) && !irp->MdlAddress &&
              !irp->CancelRoutine,
          "IoInitializeIrp makes a request of raw memory");
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_SHUTDOWN;
    IoSetCompletionRoutine(irp, keep, &completions, TRUE, TRUE, TRUE);
    CHECK(import_IoCallDriver(device, irp) == STATUS_SUCCESS && completions == 1,
          "which can be sent; IoCallDriver is an export too");
    CHECK(import_IoGetRequestorProcess(irp) == NULL && import_IoGetRequestorProcessId(irp) == 0,
          "a request without a thread has no requestor: NULL and zero");
    ULONG session = 0;
    CHECK(import_IoGetRequestorSessionId(irp, &session) == STATUS_UNSUCCESSFUL && session == (ULONG)-1,
          "nor a session: STATUS_UNSUCCESSFUL and -1");
    ExFreePoolWithTag(irp, 'pirI');
    CHECK(import_IoGetRequestorSessionId(running_irp, &session) == STATUS_SUCCESS &&
              session == import_PsGetProcessSessionId(import_IoGetRequestorProcess(running_irp)),
          "IoGetRequestorSessionId: the session ID for the process that originally requested the operation");
    irp = IoAllocateIrp(1, FALSE);
    irp->Tail.Overlay.Thread = system_thread();
    CHECK(import_IoGetRequestorSessionId(irp, &session) == STATUS_SUCCESS && session == 0,
          "a thread of the system process is in session 0");
    ObDereferenceObject(thread_of_system);
    IoFreeIrp(irp);
}

static void associated(void) {
    PIRP master = IoAllocateIrp(2, FALSE);
    ULONG completions = 0, parts = 0;
    if (!master) return;
    IoSetCompletionRoutine(master, keep, &completions, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(master);
    IoGetCurrentIrpStackLocation(master)->DeviceObject = device;
    master->AssociatedIrp.IrpCount = 2;
    for (int i = 0; i < 2; ++i) {
        PIRP part = import_IoMakeAssociatedIrp(master, device->StackSize);
        if (!part) return;
        if (i == 0)
            CHECK((part->Flags & IRP_ASSOCIATED_IRP) && part->AssociatedIrp.MasterIrp == master,
                  "IoMakeAssociatedIrp");
        IoGetNextIrpStackLocation(part)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
        IoCallDriver(device, part);
        ++parts;
        if (i == 0)
            CHECK(completions == 0 && master->AssociatedIrp.IrpCount == 1, "the master waits for the rest");
    }
    CHECK(parts == 2 && completions == 1, "the master is completed with its last associated request");
    IoFreeIrp(master);
}

static void forwarding(void) {
    PIRP irp = IoAllocateIrp(2, FALSE);
    if (!irp) return;
    IoSetNextIrpStackLocation(irp);
    PIO_STACK_LOCATION own = IoGetCurrentIrpStackLocation(irp);
    own->MajorFunction = IRP_MJ_WRITE;
    own->Parameters.Write.Length = 77;
    CHECK(IoForwardIrpSynchronously(device, irp) && seen.major == IRP_MJ_WRITE && seen.length == 77 &&
              irp->IoStatus.Information == 77,
          "IoForwardIrpSynchronously copies the current stack location, sends and waits");
    CHECK(irp->CurrentLocation == 2, "and gives the request back to its caller");
    IoSetNextIrpStackLocation(irp);
    CHECK(!IoForwardIrpSynchronously(device, irp), "FALSE if no next stack location is available");
    IoFreeIrp(irp);
}

static ULONG cancels;
static KIRQL cancel_level;
static VOID NTAPI cancelled(PDEVICE_OBJECT own, PIRP irp) {
    UNREFERENCED_PARAMETER(own);
    ++cancels;
    cancel_level = KeGetCurrentIrql();
    import_IoReleaseCancelSpinLock(irp->CancelIrql);
    complete(irp, STATUS_CANCELLED, 0);
}

static void cancelling(void) {
    ULONG completions = 0;
    KIRQL old;
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    if (!irp) return;
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoSetCompletionRoutine(irp, keep, &completions, TRUE, TRUE, TRUE);
    pend_next = TRUE;
    CHECK(IoCallDriver(device, irp) == STATUS_PENDING && pending == irp, "a request that stays");
    CHECK(!IoCancelIrp(irp) && irp->Cancel && !completions,
          "IoCancelIrp without cancel routine: the cancel bit and FALSE");
    irp->Cancel = FALSE;
    import_IoAcquireCancelSpinLock(&old);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && old == PASSIVE_LEVEL,
          "IoAcquireCancelSpinLock raises to DISPATCH_LEVEL and tells the former IRQL");
    IoSetCancelRoutine(irp, cancelled);
    import_IoReleaseCancelSpinLock(old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "IoReleaseCancelSpinLock goes back");
    CHECK(IoCancelIrp(irp) && cancels == 1 && completions == 1,
          "with one: it is called, and the result is TRUE");
    CHECK(cancel_level == DISPATCH_LEVEL && irp->Cancel && irp->CancelRoutine == NULL &&
              irp->CancelIrql == PASSIVE_LEVEL,
          "it holds the cancel spin lock, and the request has no routine any more");
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && irp->IoStatus.Status == STATUS_CANCELLED,
          "and is completed with STATUS_CANCELLED");
    IoFreeIrp(irp);
}

static void kinds(void) {
    FILE_OBJECT file = {.Flags = FO_SYNCHRONOUS_IO};
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!irp) return;
    IoSetNextIrpStackLocation(irp);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    stack->FileObject = &file;
    irp->Tail.Overlay.OriginalFileObject = &file;
    CHECK(import_IoIsOperationSynchronous(irp),
          "IoIsOperationSynchronous: the file was opened for synchronous I/O");
    irp->Flags = IRP_PAGING_IO;
    CHECK(!import_IoIsOperationSynchronous(irp), "asynchronous paging I/O is asynchronous even then");
    irp->Flags = IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO;
    CHECK(import_IoIsOperationSynchronous(irp), "synchronous paging I/O is synchronous");
    irp->Flags = 0, file.Flags = 0;
    CHECK(!import_IoIsOperationSynchronous(irp), "a file for asynchronous I/O");
    irp->Flags = IRP_SYNCHRONOUS_API;
    CHECK(import_IoIsOperationSynchronous(irp), "an API that is synchronous on every file");
    irp->Flags = 0, stack->MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    stack->Parameters.DeviceIoControl.IoControlCode = METHOD_BUFFERED;
    for (UCHAR minor = IRP_MN_USER_FS_REQUEST; minor <= 4; minor += 4) { // IRP_MN_KERNEL_CALL
        stack->MinorFunction = minor;
        CHECK(import_IoIsOperationSynchronous(irp), "and an FSCTL request with METHOD_BUFFERED");
    }
    stack->MinorFunction = 1; // IRP_MN_MOUNT_VOLUME
    CHECK(!import_IoIsOperationSynchronous(irp), "not a request to mount, which has no code");
    IoFreeIrp(irp);
}

static BOOLEAN system_thread_is_system, system_process;
static VOID NTAPI in_system(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    system_thread_is_system = import_IoIsSystemThread(PsGetCurrentThread());
    system_process =
        import_IoThreadToProcess(PsGetCurrentThread()) == (PEPROCESS)TYPE_OF(PsInitialSystemProcess);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void threads(void) {
    ULONG_PTR low = 0, high = 0, here = (ULONG_PTR)&low;
    HANDLE handle;
    PVOID object;
    PIRP irp = (PIRP)0x1234;
    CHECK(import_IoGetTopLevelIrp() == NULL, "IoGetTopLevelIrp: NULL in the beginning");
    import_IoSetTopLevelIrp(irp);
    CHECK(import_IoGetTopLevelIrp() == irp, "IoSetTopLevelIrp stores any value");
    import_IoSetTopLevelIrp(NULL);
    CHECK(import_IoThreadToProcess(PsGetCurrentThread()) == import_IoGetCurrentProcess(),
          "IoThreadToProcess");
    CHECK(!import_IoIsSystemThread(PsGetCurrentThread()), "a program's thread is no system thread");
    import_IoGetStackLimits(&low, &high);
    CHECK(low < here && here < high && (low & 0xfff) == 0 && (high & 0xfff) == 0,
          "IoGetStackLimits surround the stack pointer");
    ULONG_PTR left = import_IoGetRemainingStackSize();
    CHECK(left > here - low - 1024 && left < here - low + 1024,
          "IoGetRemainingStackSize: what is left below");
    ULONG_PTR initial = (ULONG_PTR)import_IoGetInitialStack();
    CHECK(initial > here && initial <= high, "IoGetInitialStack: the base of the stack");
    CHECK(import_IoWithinStackLimits(here, 8) && import_IoWithinStackLimits(low, high - low) &&
              !import_IoWithinStackLimits(high - 8, 9) && !import_IoWithinStackLimits(low - 1, 8) &&
              !import_IoWithinStackLimits((ULONG_PTR)&seen, 1),
          "IoWithinStackLimits: TRUE if the stack contains the region completely");
    if (NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, in_system, NULL))) {
        ObReferenceObjectByHandle(handle, SYNCHRONIZE, TYPE_OF(PsThreadType), KernelMode, &object, NULL);
        KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(object);
        ZwClose(handle);
        CHECK(system_thread_is_system && system_process,
              "a system thread is one, and belongs to the System process");
    }
}

// nf-wdm-iovalidatedeviceiocontrolaccess, for the request that runs these checks.
static void access(PIRP irp) {
    CHECK(import_IoGetRequestorProcess(irp) == import_IoGetCurrentProcess(),
          "IoGetRequestorProcess of a program's request");
    CHECK(import_IoGetRequestorProcessId(irp) == HandleToULong(PsGetCurrentProcessId()),
          "IoGetRequestorProcessId");
    CHECK(import_IoValidateDeviceIoControlAccess(irp, FILE_READ_ACCESS) == STATUS_SUCCESS &&
              import_IoValidateDeviceIoControlAccess(irp, FILE_READ_ACCESS | FILE_WRITE_ACCESS) ==
                  STATUS_SUCCESS,
          "IoValidateDeviceIoControlAccess: the caller opened the device for reading and writing");
}

static void checks(void) {
    synchronous();
    asynchronous();
    own_memory();
    associated();
    forwarding();
    cancelling();
    kinds();
    threads();
    access(running_irp);
}
