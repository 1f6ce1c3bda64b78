// What an IRP and its thread carry besides the request: nf-wdm-iogetiopriorityhint,
// nf-wdm-iosetiopriorityhint, nf-ntddk-iogetpagingiopriority, nf-ntddk-iosetactivityidirp and kin,
// nf-ntddk-iosetmasterirpstatus, nf-wdm-iois32bitprocess, nf-ntddk-iogettransactionparameterblock,
// nf-wdm-ioallocateirpex; hard errors (nf-ntddk-iosetharderrororverifydevice, nf-ntddk-ioraiseharderror,
// nf-ntddk-ioraiseinformationalharderror, nf-ntddk-iosetthreadharderrormode, nf-ntifs-iosetdevicetoverify)
// and the error log (nf-wdm-ioallocateerrorlogentry, nf-ntifs-iowriteerrorlogentry,
// nf-wdm-iofreeerrorlogentry).
#define TOPIC L"IoHints"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

typedef struct {
    ULONG Size, ThreadPriority, PagePriority, IoPriority;
} PRIORITIES;

IMPORT(int, IoGetIoPriorityHint, PIRP);
IMPORT(NTSTATUS, IoSetIoPriorityHint, PIRP, int);
IMPORT(int, IoGetPagingIoPriority, PIRP);
IMPORT(NTSTATUS, IoRetrievePriorityInfo, PIRP, PFILE_OBJECT, PETHREAD, PRIORITIES*);
IMPORT(NTSTATUS, IoApplyPriorityInfoThread, PRIORITIES*, PRIORITIES*, PETHREAD);
IMPORT(NTSTATUS, IoGetActivityIdIrp, PIRP, GUID*);
IMPORT(NTSTATUS, IoSetActivityIdIrp, PIRP, const GUID*);
IMPORT(NTSTATUS, IoPropagateActivityIdToThread, PIRP, GUID*, const GUID**);
IMPORT(const GUID*, IoSetActivityIdThread, const GUID*);
IMPORT(const GUID*, IoGetActivityIdThread, void);
IMPORT(void, IoClearActivityIdThread, const GUID*);
IMPORT(void, IoSetMasterIrpStatus, PIRP, NTSTATUS);
IMPORT(BOOLEAN, IoIs32bitProcess, PIRP);
IMPORT(PVOID, IoGetTransactionParameterBlock, PFILE_OBJECT);
IMPORT(PIRP, IoAllocateIrpEx, PDEVICE_OBJECT, CHAR, BOOLEAN);
IMPORT(void, IoSetHardErrorOrVerifyDevice, PIRP, PDEVICE_OBJECT);
IMPORT(PDEVICE_OBJECT, IoGetDeviceToVerify, PETHREAD);
IMPORT(void, IoSetDeviceToVerify, PETHREAD, PDEVICE_OBJECT);
IMPORT(void, IoRaiseHardError, PIRP, PVPB, PDEVICE_OBJECT);
IMPORT(BOOLEAN, IoRaiseInformationalHardError, NTSTATUS, PUNICODE_STRING, PETHREAD);
IMPORT(BOOLEAN, IoSetThreadHardErrorMode, BOOLEAN);
IMPORT(PIO_ERROR_LOG_PACKET, IoAllocateErrorLogEntry, PVOID, UCHAR);
IMPORT(void, IoWriteErrorLogEntry, PIO_ERROR_LOG_PACKET);
IMPORT(void, IoFreeErrorLogEntry, PIO_ERROR_LOG_PACKET);

enum { HINT_VERY_LOW, HINT_LOW, HINT_NORMAL, HINT_HIGH, HINT_CRITICAL, HINT_TYPES };

static BOOLEAN same(const GUID* a, const GUID* b) { return RtlCompareMemory(a, b, sizeof *a) == sizeof *a; }

static void priorities(void) {
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!irp) return;
    CHECK(import_IoGetIoPriorityHint(irp) == HINT_NORMAL,
          "IoGetIoPriorityHint: IoPriorityNormal is the default of an IRP");
    for (int hint = HINT_VERY_LOW; hint < HINT_TYPES; ++hint)
        CHECK(NT_SUCCESS(import_IoSetIoPriorityHint(irp, hint)) && import_IoGetIoPriorityHint(irp) == hint,
              "IoSetIoPriorityHint sets the hint, IoGetIoPriorityHint gets it");
    CHECK(!NT_SUCCESS(import_IoSetIoPriorityHint(irp, HINT_TYPES)) &&
              import_IoGetIoPriorityHint(irp) == HINT_CRITICAL,
          "a hint must be less than MaxIoPriorityTypes");
    CHECK(import_IoGetPagingIoPriority(irp) == 0,
          "IoGetPagingIoPriority: IoPagingPriorityInvalid for no paging I/O");
    irp->Flags |= IRP_PAGING_IO;
    CHECK(import_IoGetPagingIoPriority(irp) == 1, "IoPagingPriorityNormal for paging I/O");
    irp->Flags &= ~IRP_PAGING_IO;

    PRIORITIES info = {sizeof info, 0xffff, 0, HINT_NORMAL}, before;
    import_IoSetIoPriorityHint(irp, HINT_LOW);
    CHECK(import_IoRetrievePriorityInfo(irp, NULL, PsGetCurrentThread(), &info) == STATUS_SUCCESS &&
              info.IoPriority == HINT_LOW &&
              info.ThreadPriority == (ULONG)KeQueryPriorityThread(KeGetCurrentThread()),
          "IoRetrievePriorityInfo: the IRP's hint and the thread's priority");
    CHECK(import_IoRetrievePriorityInfo(NULL, NULL, NULL, &info) == STATUS_SUCCESS &&
              info.IoPriority == HINT_NORMAL && info.ThreadPriority == 0xffff,
          "without IRP, file and thread: normal, and the priority of a thread is to stay");
    import_IoRetrievePriorityInfo(NULL, NULL, PsGetCurrentThread(), &info);
    ULONG own = info.ThreadPriority;
    info.ThreadPriority = 12;
    CHECK(import_IoApplyPriorityInfoThread(&info, &before, PsGetCurrentThread()) == STATUS_SUCCESS &&
              KeQueryPriorityThread(KeGetCurrentThread()) == 12 && before.ThreadPriority == own,
          "IoApplyPriorityInfoThread sets the thread's and gives what it was");
    CHECK(import_IoApplyPriorityInfoThread(&before, &before, PsGetCurrentThread()) == STATUS_SUCCESS &&
              KeQueryPriorityThread(KeGetCurrentThread()) == (KPRIORITY)own && before.ThreadPriority == 12,
          "input and output may be the same structure");
    info.IoPriority = HINT_TYPES;
    CHECK(import_IoApplyPriorityInfoThread(&info, NULL, PsGetCurrentThread()) == STATUS_INVALID_PARAMETER_1,
          "STATUS_INVALID_PARAMETER_1: a value is invalid");
    IoFreeIrp(irp);
}

static void activities(void) {
    static const GUID one = {1, 2, 3, {4}}, two = {5, 6, 7, {8}};
    GUID got = {0}, propagated = {0};
    const GUID* original = &two;
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!irp) return;
    CHECK(import_IoGetActivityIdIrp(irp, &got) == STATUS_NOT_FOUND,
          "IoGetActivityIdIrp: STATUS_NOT_FOUND, no activity ID is associated with the request");
    CHECK(import_IoPropagateActivityIdToThread(irp, &propagated, &original) == STATUS_NOT_FOUND,
          "IoPropagateActivityIdToThread: STATUS_NOT_FOUND");
    CHECK(
        import_IoSetActivityIdIrp(irp, NULL) == STATUS_NOT_SUPPORTED,
        "IoSetActivityIdIrp: STATUS_NOT_SUPPORTED, no GUID and no activity ID of the thread that issued it");
    CHECK(import_IoSetActivityIdIrp(irp, &one) == STATUS_SUCCESS &&
              import_IoGetActivityIdIrp(irp, &got) == STATUS_SUCCESS && same(&got, &one),
          "IoSetActivityIdIrp associates an activity ID with an IRP");
    CHECK(import_IoSetActivityIdIrp(irp, &two) == STATUS_SUCCESS &&
              import_IoGetActivityIdIrp(irp, &got) == STATUS_SUCCESS && same(&got, &two),
          "and another one");
    CHECK(import_IoGetActivityIdThread() == NULL, "IoGetActivityIdThread: none");
    CHECK(import_IoSetActivityIdThread(&one) == NULL && import_IoGetActivityIdThread() == &one,
          "IoSetActivityIdThread returns what was previously set");
    CHECK(import_IoPropagateActivityIdToThread(irp, &propagated, &original) == STATUS_SUCCESS &&
              original == &one && same(&propagated, &two) && import_IoGetActivityIdThread() == &propagated,
          "IoPropagateActivityIdToThread gives the thread the request's and tells the one before");
    import_IoClearActivityIdThread(original);
    CHECK(import_IoGetActivityIdThread() == &one, "IoClearActivityIdThread goes back to it");
    CHECK(import_IoSetActivityIdIrp(irp, NULL) == STATUS_NOT_SUPPORTED,
          "the thread's counts for requests that it issued only");
    import_IoClearActivityIdThread(NULL);
    IoFreeIrp(irp);
}

static void statuses(void) {
    static const struct {
        NTSTATUS master, status, result;
        const char* what;
    } cases[] = {
        {STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, "IoSetMasterIrpStatus: successes stay"},
        {STATUS_SUCCESS, STATUS_UNSUCCESSFUL, STATUS_UNSUCCESSFUL, "an error replaces STATUS_SUCCESS"},
        {STATUS_UNSUCCESSFUL, STATUS_SUCCESS, STATUS_UNSUCCESSFUL, "success does not replace an error"},
        {STATUS_UNSUCCESSFUL, STATUS_VERIFY_REQUIRED, STATUS_VERIFY_REQUIRED,
         "STATUS_VERIFY_REQUIRED always replaces the status"},
        {STATUS_SUCCESS, STATUS_VERIFY_REQUIRED, STATUS_VERIFY_REQUIRED,
         "STATUS_VERIFY_REQUIRED replaces success"},
        {STATUS_SUCCESS, (NTSTATUS)0x40000035, STATUS_SUCCESS, "STATUS_FT_READ_FROM_COPY never does"},
    };
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!irp) return;
    for (ULONG i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        irp->IoStatus.Status = cases[i].master;
        import_IoSetMasterIrpStatus(irp, cases[i].status);
        CHECK(irp->IoStatus.Status == cases[i].result, cases[i].what);
    }
    IoFreeIrp(irp);
    CHECK(!import_IoIs32bitProcess(running_irp) && !import_IoIs32bitProcess(NULL),
          "IoIs32bitProcess: FALSE, the originator is a 64-bit process");
    CHECK(import_IoGetTransactionParameterBlock(IoGetCurrentIrpStackLocation(running_irp)->FileObject) ==
              NULL,
          "IoGetTransactionParameterBlock: NULL if the file operation is not transacted");
    irp = import_IoAllocateIrpEx(this_driver->DeviceObject, 3, TRUE);
    CHECK(irp && irp->StackCount == 3 && irp->CurrentLocation == 4 && irp->Tail.Overlay.Thread == NULL,
          "IoAllocateIrpEx allocates the locations and associates the IRP with no thread");
    CHECK(irp && irp->AllocationFlags & 1, "ChargeQuota: the IRP says that it was charged");
    if (irp) IoFreeIrp(irp);
}

static ULONG ended;
static NTSTATUS NTAPI end(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
    UNREFERENCED_PARAMETER(context);
    ++ended;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void hard_errors(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    PETHREAD thread = PsGetCurrentThread();
    UNICODE_STRING text = RTL_CONSTANT_STRING(L"the disk");
    CHECK(import_IoGetDeviceToVerify(thread) == NULL, "IoGetDeviceToVerify can be NULL");
    import_IoSetDeviceToVerify(thread, device);
    CHECK(import_IoGetDeviceToVerify(thread) == device, "IoSetDeviceToVerify sets the device of a thread");
    import_IoSetDeviceToVerify(thread, NULL);
    import_IoSetHardErrorOrVerifyDevice(running_irp, device);
    CHECK(import_IoGetDeviceToVerify(running_irp->Tail.Overlay.Thread) == device,
          "IoSetHardErrorOrVerifyDevice sets that of the IRP's thread");
    import_IoSetDeviceToVerify(thread, NULL);

    CHECK(import_IoRaiseInformationalHardError(STATUS_UNSUCCESSFUL, &text, NULL),
          "IoRaiseInformationalHardError: TRUE, the dialog box is queued");
    CHECK(import_IoSetThreadHardErrorMode(FALSE), "IoSetThreadHardErrorMode: hard errors were enabled");
    CHECK(!import_IoRaiseInformationalHardError(STATUS_UNSUCCESSFUL, NULL, thread),
          "FALSE: they are disabled for the thread");
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (irp) {
        IoSetNextIrpStackLocation(irp);
        IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
        IoGetCurrentIrpStackLocation(irp)->CompletionRoutine = end;
        IoGetCurrentIrpStackLocation(irp)->Control = SL_INVOKE_ON_ERROR;
        irp->IoStatus.Status = STATUS_DEVICE_NOT_READY;
        irp->IoStatus.Information = 5;
        import_IoRaiseHardError(irp, NULL, device);
        CHECK(ended == 1 && irp->IoStatus.Information == 0,
              "IoRaiseHardError with hard errors disabled completes the IRP without transferring data");
        IoFreeIrp(irp);
    }
    CHECK(!import_IoSetThreadHardErrorMode(TRUE), "they were disabled");
    CHECK(import_IoSetThreadHardErrorMode(TRUE), "and are enabled");
}

static void error_log(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    const UCHAR size = sizeof(IO_ERROR_LOG_PACKET) + 4 * sizeof(WCHAR);
    CHECK(import_IoAllocateErrorLogEntry(device, ERROR_LOG_MAXIMUM_SIZE + 1) == NULL,
          "IoAllocateErrorLogEntry: EntrySize cannot exceed ERROR_LOG_MAXIMUM_SIZE");
    PIO_ERROR_LOG_PACKET entry = import_IoAllocateErrorLogEntry(device, size);
    CHECK(entry != NULL, "IoAllocateErrorLogEntry for a device object");
    if (entry) {
        RtlZeroMemory(entry, size);
        entry->ErrorCode = (NTSTATUS)0xC004000BL; // IO_ERR_CONTROLLER_ERROR
        entry->UniqueErrorValue = 7;
        entry->FinalStatus = STATUS_DEVICE_NOT_READY;
        entry->DumpDataSize = sizeof(ULONG);
        entry->DumpData[0] = 0xabcd;
        entry->NumberOfStrings = 1;
        entry->StringOffset = sizeof(IO_ERROR_LOG_PACKET);
        RtlCopyMemory((PUCHAR)entry + entry->StringOffset, L"abc", 4 * sizeof(WCHAR));
        import_IoWriteErrorLogEntry(entry);
    }
    entry = import_IoAllocateErrorLogEntry(this_driver, sizeof(IO_ERROR_LOG_PACKET));
    CHECK(entry != NULL, "IoAllocateErrorLogEntry for a driver object");
    if (entry) import_IoFreeErrorLogEntry(entry);
}

static void checks(void) {
    priorities();
    activities();
    statuses();
    hard_errors();
    error_log();
}
