// Extra create parameters: nf-ntifs-fsrtlallocateextracreateparameter, …list, …fromlookasidelist,
// nf-ntifs-fsrtlinsertextracreateparameter, nf-ntifs-fsrtlfindextracreateparameter,
// nf-ntifs-fsrtlremoveextracreateparameter, nf-ntifs-fsrtlgetnextextracreateparameter,
// nf-ntifs-fsrtlgetecplistfromirp, nf-ntifs-fsrtlsetecplistintoirp, nf-ntifs-fsrtlacknowledgeecp and kin,
// ns-ntddk-_io_driver_create_context, nc-ntifs-pfsrtl_extra_create_parameter_cleanup_callback.
#define TOPIC L"IoEcp"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

NTSYSAPI VOID NTAPI FsRtlPrepareToReuseEcp(PVOID context);

static const GUID first_type = {1, 2, 3, {4}}, second_type = {2, 2, 3, {4}}, third_type = {3, 2, 3, {4}};
static ULONG cleanups;
static PVOID cleaned;
static GUID cleaned_type;

static VOID NTAPI cleanup(PVOID context, LPCGUID type) {
    ++cleanups;
    cleaned = context;
    cleaned_type = *type;
}

static PVOID new_ecp(const GUID* type, ULONG size, ULONG flags) {
    PVOID context = NULL;
    NTSTATUS status = FsRtlAllocateExtraCreateParameter(type, size, flags, cleanup, 'pcET', &context);
    return NT_SUCCESS(status) ? context : NULL;
}

// What the driver below sees of a create, and what it adds to it.
static BOOLEAN adds, attaches, wrong_major, pends, fails;
static ULONG creates;
static NTSTATUS got, set, set_again, got_not_create, set_not_create;
static PECP_LIST seen_list;
static PVOID seen_context;
static PIRP seen_irp;

static void look(PIRP irp) {
    seen_list = (PECP_LIST)1;
    seen_context = NULL;
    got = FsRtlGetEcpListFromIrp(irp, &seen_list);
    if (seen_list && NT_SUCCESS(FsRtlFindExtraCreateParameter(seen_list, &first_type, &seen_context, NULL)))
        FsRtlAcknowledgeEcp(seen_context);
    if (adds && seen_list) FsRtlInsertExtraCreateParameter(seen_list, new_ecp(&third_type, 8, 0));
    if (!attaches) return;
    PECP_LIST list;
    FsRtlAllocateExtraCreateParameterList(0, &list);
    FsRtlInsertExtraCreateParameter(list, new_ecp(&second_type, 8, 0));
    set = FsRtlSetEcpListIntoIrp(irp, list);
    PECP_LIST now = NULL;
    FsRtlGetEcpListFromIrp(irp, &now);
    if (now != list) set = STATUS_UNSUCCESSFUL;
    PECP_LIST other;
    FsRtlAllocateExtraCreateParameterList(0, &other);
    set_again = FsRtlSetEcpListIntoIrp(irp, other);
    FsRtlFreeExtraCreateParameterList(other);
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    UNREFERENCED_PARAMETER(device);
    if (major == IRP_MJ_CREATE) {
        ++creates;
        seen_irp = irp;
        look(irp);
        if (fails) return complete(irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
        if (pends) {
            IoMarkIrpPending(irp);
            complete(irp, STATUS_SUCCESS, FILE_OPENED);
            return STATUS_PENDING;
        }
        return complete(irp, STATUS_SUCCESS, FILE_OPENED);
    }
    if (wrong_major) {
        PECP_LIST list = NULL;
        got_not_create = FsRtlGetEcpListFromIrp(irp, &list);
        FsRtlAllocateExtraCreateParameterList(0, &list);
        set_not_create = FsRtlSetEcpListIntoIrp(irp, list);
        FsRtlFreeExtraCreateParameterList(list);
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS open(PECP_LIST list) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\ConformIoEcp\\below");
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    IO_DRIVER_CREATE_CONTEXT context;
    HANDLE file;
    IoInitializeDriverCreateContext(&context);
    context.ExtraCreateParameter = list;
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status =
        IoCreateFileEx(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, FILE_SHARE_READ, FILE_OPEN,
                       FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, CreateFileTypeNone, NULL, 0, &context);
    if (NT_SUCCESS(status)) ZwClose(file);
    return status;
}

static ULONG count_of(PECP_LIST list) {
    ULONG count = 0;
    PVOID at = NULL;
    while (NT_SUCCESS(FsRtlGetNextExtraCreateParameter(list, at, NULL, &at, NULL)))
        ++count;
    return count;
}

static void check_lists(void) {
    PECP_LIST list = NULL;
    PVOID found = (PVOID)1, first, second, same;
    ULONG size = 77;
    GUID type;
    CHECK(FsRtlAllocateExtraCreateParameterList(0, &list) == STATUS_SUCCESS && list != NULL,
          "FsRtlAllocateExtraCreateParameterList: a pointer to the initialized list structure is returned");
    CHECK(
        FsRtlGetNextExtraCreateParameter(list, NULL, NULL, &found, &size) == STATUS_NOT_FOUND && !found &&
            size == 0,
        "FsRtlGetNextExtraCreateParameter: the list is empty: STATUS_NOT_FOUND, NextEcpContext NULL, size 0");
    CHECK(FsRtlGetNextExtraCreateParameter(NULL, NULL, NULL, &found, &size) == STATUS_INVALID_PARAMETER,
          "FsRtlGetNextExtraCreateParameter: STATUS_INVALID_PARAMETER: EcpList is NULL");
    first = new_ecp(&first_type, 40, 0);
    second = new_ecp(&second_type, 1, FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL);
    same = new_ecp(&first_type, 40, FSRTL_ALLOCATE_ECP_FLAG_CHARGE_QUOTA);
    CHECK(first && second && same,
          "FsRtlAllocateExtraCreateParameter: STATUS_SUCCESS: a pointer is returned");
    RtlFillMemory(first, 40, 0x5a);
    found = (PVOID)1, size = 77;
    CHECK(FsRtlFindExtraCreateParameter(list, &first_type, &found, &size) == STATUS_NOT_FOUND && !found &&
              size == 0,
          "FsRtlFindExtraCreateParameter: not found: EcpContext is NULL, EcpContextSize zero");
    CHECK(FsRtlInsertExtraCreateParameter(list, first) == STATUS_SUCCESS &&
              FsRtlInsertExtraCreateParameter(list, second) == STATUS_SUCCESS,
          "FsRtlInsertExtraCreateParameter: STATUS_SUCCESS");
    CHECK(FsRtlInsertExtraCreateParameter(list, same) == STATUS_INVALID_PARAMETER,
          "FsRtlInsertExtraCreateParameter: two are identical if they contain equal GUID values");
    CHECK(FsRtlFindExtraCreateParameter(list, &first_type, &found, &size) == STATUS_SUCCESS &&
              found == first && size == 40,
          "FsRtlFindExtraCreateParameter: receives a pointer to the found context and its size");
    CHECK(FsRtlFindExtraCreateParameter(list, &second_type, NULL, NULL) == STATUS_SUCCESS &&
              FsRtlFindExtraCreateParameter(list, &third_type, NULL, NULL) == STATUS_NOT_FOUND,
          "FsRtlFindExtraCreateParameter: without EcpContext the return value tells whether it is there");
    CHECK(FsRtlGetNextExtraCreateParameter(list, NULL, &type, &found, &size) == STATUS_SUCCESS &&
              RtlEqualMemory(&type, found == first ? &first_type : &second_type, sizeof type) &&
              size == (found == first ? 40 : 1),
          "FsRtlGetNextExtraCreateParameter: without CurrentEcpContext the first one, its type and size");
    PVOID other = found == first ? second : first;
    CHECK(FsRtlGetNextExtraCreateParameter(list, found, NULL, &found, NULL) == STATUS_SUCCESS &&
              found == other,
          "FsRtlGetNextExtraCreateParameter: the one after CurrentEcpContext");
    CHECK(FsRtlGetNextExtraCreateParameter(list, found, NULL, &found, NULL) == STATUS_NOT_FOUND && !found,
          "FsRtlGetNextExtraCreateParameter processes the list in a non-circular manner");
    CHECK(FsRtlRemoveExtraCreateParameter(list, &third_type, &found, NULL) == STATUS_NOT_FOUND && !found,
          "FsRtlRemoveExtraCreateParameter: STATUS_NOT_FOUND, EcpContext is NULL");
    cleanups = 0;
    CHECK(FsRtlRemoveExtraCreateParameter(list, &first_type, &found, &size) == STATUS_SUCCESS &&
              found == first && size == 40 && cleanups == 0 && ((PUCHAR)first)[39] == 0x5a,
          "FsRtlRemoveExtraCreateParameter detaches the context and does not free its memory");
    FsRtlFreeExtraCreateParameter(first);
    CHECK(cleanups == 1 && cleaned == first && RtlEqualMemory(&cleaned_type, &first_type, sizeof type),
          "FsRtlFreeExtraCreateParameter: the cleanup callback gets the context and its type");
    FsRtlInsertExtraCreateParameter(list, same);
    FsRtlFreeExtraCreateParameterList(list);
    CHECK(
        cleanups == 3,
        "FsRtlFreeExtraCreateParameterList frees the list including any list elements, with their callbacks");
    CHECK(FsRtlAllocateExtraCreateParameterList(FSRTL_ALLOCATE_ECPLIST_FLAG_CHARGE_QUOTA, &list) ==
              STATUS_SUCCESS,
          "FsRtlAllocateExtraCreateParameterList: FSRTL_ALLOCATE_ECPLIST_FLAG_CHARGE_QUOTA");
    FsRtlFreeExtraCreateParameterList(list);
    first = NULL;
    CHECK(FsRtlAllocateExtraCreateParameter(&first_type, 0x40000000, 0, NULL, 'pcET', &first) ==
                  STATUS_INSUFFICIENT_RESOURCES &&
              !first,
          "FsRtlAllocateExtraCreateParameter: STATUS_INSUFFICIENT_RESOURCES, EcpContext is NULL");
}

static void check_states(void) {
    PVOID ecp = new_ecp(&first_type, 8, 0);
    CHECK(!FsRtlIsEcpAcknowledged(ecp), "FsRtlIsEcpAcknowledged: FALSE otherwise");
    FsRtlAcknowledgeEcp(ecp);
    CHECK(FsRtlIsEcpAcknowledged(ecp), "FsRtlIsEcpAcknowledged: TRUE if the ECP was marked as acknowledged");
    FsRtlPrepareToReuseEcp(ecp);
    CHECK(!FsRtlIsEcpAcknowledged(ecp), "FsRtlPrepareToReuseEcp clears the acknowledged state");
    CHECK(!FsRtlIsEcpFromUserMode(ecp), "FsRtlIsEcpFromUserMode: FALSE: it originated in kernel mode");
    FsRtlFreeExtraCreateParameter(ecp);
}

static void check_lookaside(ULONG flags, const char* what) {
    static NPAGED_LOOKASIDE_LIST lookaside;
    PVOID ecp = NULL, large = NULL, again = NULL;
    BOOLEAN good = TRUE;
    cleanups = 0;
    FsRtlInitExtraCreateParameterLookasideList(&lookaside, flags, 64, 'pcET');
    good &= FsRtlAllocateExtraCreateParameterFromLookasideList(&first_type, 64, 0, cleanup, &lookaside,
                                                               &ecp) == STATUS_SUCCESS;
    good &= FsRtlAllocateExtraCreateParameterFromLookasideList(&first_type, 4000,
                                                               FSRTL_ALLOCATE_ECP_FLAG_CHARGE_QUOTA, cleanup,
                                                               &lookaside, &large) == STATUS_SUCCESS;
    RtlFillMemory(ecp, 64, 1);
    RtlFillMemory(large, 4000, 2);
    FsRtlFreeExtraCreateParameter(ecp);
    FsRtlFreeExtraCreateParameter(large);
    good &= cleanups == 2;
    good &= FsRtlAllocateExtraCreateParameterFromLookasideList(&second_type, 10, 0, NULL, &lookaside,
                                                               &again) == STATUS_SUCCESS;
    good &= again == ecp; // recycled
    PECP_LIST list;
    FsRtlAllocateExtraCreateParameterList(0, &list);
    ULONG size = 0;
    good &= FsRtlInsertExtraCreateParameter(list, again) == STATUS_SUCCESS &&
            FsRtlFindExtraCreateParameter(list, &second_type, &ecp, &size) == STATUS_SUCCESS &&
            ecp == again && size == 10;
    FsRtlFreeExtraCreateParameterList(list);
    FsRtlDeleteExtraCreateParameterLookasideList(&lookaside, flags);
    CHECK(good, what);
}

static void check_creates(void) {
    PECP_LIST list;
    PVOID first = new_ecp(&first_type, 8, 0);
    CHECK(open(NULL) == STATUS_SUCCESS && got == STATUS_SUCCESS && seen_list == NULL,
          "FsRtlGetEcpListFromIrp: STATUS_SUCCESS for an IRP_MJ_CREATE; nobody has attached a list");
    FsRtlAllocateExtraCreateParameterList(0, &list);
    FsRtlInsertExtraCreateParameter(list, first);
    cleanups = 0;
    CHECK(open(list) == STATUS_SUCCESS && got == STATUS_SUCCESS && seen_list == list && seen_context == first,
          "IO_DRIVER_CREATE_CONTEXT: each ECP in the list functions as an additional create parameter");
    CHECK(FsRtlIsEcpAcknowledged(first), "FsRtlAcknowledgeEcp tells the caller that it was processed");
    CHECK(cleanups == 0 && count_of(list) == 1, "IoCreateFileEx: upon return the ECP list is unchanged");
    FsRtlPrepareToReuseEcp(first);
    pends = TRUE;
    CHECK(open(list) == STATUS_SUCCESS && seen_context == first && FsRtlIsEcpAcknowledged(first),
          "the list can be passed to additional IoCreateFileEx calls");
    pends = FALSE;
    adds = TRUE;
    CHECK(open(list) == STATUS_SUCCESS && cleanups == 1 && count_of(list) == 1 &&
              RtlEqualMemory(&cleaned_type, &third_type, sizeof(GUID)),
          "an ECP that a driver adds while processing IRP_MJ_CREATE is automatically cleaned up");
    fails = TRUE;
    CHECK(open(list) == STATUS_OBJECT_NAME_NOT_FOUND && cleanups == 2 && count_of(list) == 1,
          "also when the create fails");
    adds = FALSE;
    attaches = TRUE;
    cleanups = 0;
    CHECK(open(NULL) == STATUS_OBJECT_NAME_NOT_FOUND && set == STATUS_SUCCESS && cleanups == 1,
          "FsRtlSetEcpListIntoIrp: STATUS_SUCCESS, and the I/O manager cleans the list up when the create "
          "operation completes");
    CHECK(set_again == STATUS_INVALID_PARAMETER_3,
          "FsRtlSetEcpListIntoIrp: STATUS_INVALID_PARAMETER_3: an ECP list has already been attached");
    fails = FALSE;
    pends = TRUE;
    cleanups = 0;
    CHECK(open(NULL) == STATUS_SUCCESS && set == STATUS_SUCCESS && cleanups == 1,
          "a list that is attached to a pending create");
    pends = FALSE;
    attaches = FALSE;
    wrong_major = TRUE;
    open(NULL);
    wrong_major = FALSE;
    CHECK(got_not_create == STATUS_INVALID_PARAMETER,
          "FsRtlGetEcpListFromIrp: STATUS_INVALID_PARAMETER: no IRP_MJ_CREATE");
    CHECK(set_not_create == STATUS_INVALID_PARAMETER_2,
          "FsRtlSetEcpListIntoIrp: STATUS_INVALID_PARAMETER_2: no IRP_MJ_CREATE");
    FsRtlFreeExtraCreateParameterList(list);
}

static NTSTATUS NTAPI keep(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
    UNREFERENCED_PARAMETER(context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

// A create that a driver makes itself; the list stays its own.
static void check_own_irp(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    PECP_LIST list, now = NULL;
    PVOID first = new_ecp(&first_type, 8, 0);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_CREATE;
    IoSetCompletionRoutine(irp, keep, NULL, TRUE, TRUE, TRUE);
    FsRtlAllocateExtraCreateParameterList(0, &list);
    FsRtlInsertExtraCreateParameter(list, first);
    CHECK(FsRtlSetEcpListIntoIrp(irp, list) == STATUS_SUCCESS &&
              FsRtlGetEcpListFromIrp(irp, &now) == STATUS_SUCCESS && now == list,
          "FsRtlSetEcpListIntoIrp attaches a list to an IRP_MJ_CREATE that a driver has made");
    cleanups = 0;
    IoCallDriver(device, irp);
    CHECK(seen_irp == irp && seen_list == list && seen_context == first && cleanups == 0,
          "and the driver below finds it there");
    IoFreeIrp(irp);
    FsRtlFreeExtraCreateParameterList(list);
}

static void checks(void) {
    check_lists();
    check_states();
    check_lookaside(
        0, "FsRtlInitExtraCreateParameterLookasideList: a list of paged contexts; larger ones come from "
           "pool, freed ones are recycled");
    check_lookaside(FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL,
                    "FsRtlInitExtraCreateParameterLookasideList: a list of nonpaged contexts");
    check_creates();
    check_own_irp();
}
