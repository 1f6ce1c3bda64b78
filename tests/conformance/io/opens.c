// What an open means to drivers: nf-ntddk-iocreatefilespecifydeviceobjecthint, nf-ntddk-iocreatefileex,
// nf-ntifs-ntopenfile, nf-ntifs-ioreplacefileobjectname, nf-ntddk-ioisfileobjectignoringsharing,
// nf-ntddk-ioisfileoriginremote, nf-ntifs-iocheckfunctionaccess, nf-ntifs-obquerynamestring,
// ns-ntifs-_file_fs_driver_path_information, nf-ntifs-ntqueryvolumeinformationfile,
// nf-ntddk-iogetlowerdeviceobject, nf-ntifs-iogetrequestorprocessid, nf-ntifs-ioisoperationsynchronous;
// kernel page "Controlling Device Namespace Access".
#define TOPIC L"IoOpens"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

NTSYSAPI NTSTATUS NTAPI IoReplaceFileObjectName(PFILE_OBJECT, PWSTR, USHORT);
NTSYSAPI BOOLEAN NTAPI IoIsFileOriginRemote(PFILE_OBJECT);
NTSYSAPI NTSTATUS NTAPI IoSetFileOrigin(PFILE_OBJECT, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI IoCheckFunctionAccess(ACCESS_MASK, UCHAR, UCHAR, ULONG, PVOID, PVOID);
NTSYSAPI BOOLEAN NTAPI IoIsOperationSynchronous(PIRP);

IMPORT(NTSTATUS, SeAppendPrivileges, PACCESS_STATE, PPRIVILEGE_SET);

#define DEVICE L"\\Device\\ConformIoOpens"
#define CASE_INSENSITIVE_FORCED 75

static PDEVICE_OBJECT lower, middle, top; // each passes down
static ULONG seen_top[IRP_MJ_MAXIMUM_FUNCTION + 1], seen_middle[IRP_MJ_MAXIMUM_FUNCTION + 1],
    seen_lower[IRP_MJ_MAXIMUM_FUNCTION + 1];
static NTSTATUS answer;
static ULONG_PTR answer_information;
static ULONG file_flags, volume_queries;
static BOOLEAN synchronous;
static NTSTATUS appended;
static BOOLEAN outgrown;

static void append(PIO_STACK_LOCATION stack) {
    static struct {
        ULONG count, control;
        LUID_AND_ATTRIBUTES privilege[4];
    } four = {4, 0, {{{8, 0}, 0}, {{9, 0}, 0}, {{17, 0}, 0}, {{18, 0}, 0}}};
    PACCESS_STATE state = stack->Parameters.Create.SecurityContext->AccessState;
    appended = import_SeAppendPrivileges(state, (PPRIVILEGE_SET)&four);
    outgrown = state->PrivilegesAllocated;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    UCHAR major = stack->MajorFunction;
    if (device == top) {
        ++seen_top[major];
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(middle, irp);
    }
    if (device == middle) {
        ++seen_middle[major];
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(lower, irp);
    }
    ++seen_lower[major];
    if (major == IRP_MJ_CREATE) {
        PUNICODE_STRING name = &stack->FileObject->FileName;
        static const UNICODE_STRING moved = RTL_CONSTANT_STRING(L"\\moved"),
                                    ever = RTL_CONSTANT_STRING(L"\\ever"),
                                    more = RTL_CONSTANT_STRING(L"\\more");
        file_flags = stack->FileObject->Flags;
        if (RtlEqualUnicodeString(name, &moved, FALSE)) {
            static const WCHAR target[] = DEVICE L"\\target";
            IoReplaceFileObjectName(stack->FileObject, (PWSTR)target, sizeof target - sizeof(WCHAR));
            return complete(irp, STATUS_REPARSE, IO_REPARSE);
        }
        if (RtlEqualUnicodeString(name, &ever, FALSE)) {
            static const WCHAR target[] = DEVICE L"\\ever";
            IoReplaceFileObjectName(stack->FileObject, (PWSTR)target, sizeof target - sizeof(WCHAR));
            return complete(irp, STATUS_REPARSE, IO_REPARSE);
        }
        if (RtlEqualUnicodeString(name, &more, FALSE)) append(stack);
        return complete(irp, answer, answer_information);
    }
    if (major == IRP_MJ_DEVICE_CONTROL) synchronous = IoIsOperationSynchronous(irp);
    if (major == IRP_MJ_QUERY_VOLUME_INFORMATION) ++volume_queries;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS open_under(HANDLE root, const WCHAR* text, ULONG options, HANDLE* file,
                           PIO_STATUS_BLOCK iosb) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, root, NULL);
    return ZwCreateFile(file, FILE_READ_DATA | SYNCHRONIZE, &oa, iosb, NULL, 0, FILE_SHARE_READ, FILE_OPEN,
                        options, NULL, 0);
}

static BOOLEAN is_named(HANDLE file, const WCHAR* text) {
    PFILE_OBJECT object;
    static UCHAR room[600];
    POBJECT_NAME_INFORMATION info = (POBJECT_NAME_INFORMATION)room;
    UNICODE_STRING wanted;
    ULONG needed = 0;
    if (!NT_SUCCESS(ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (PVOID*)&object, NULL)))
        return FALSE;
    NTSTATUS status = ObQueryNameString(object, info, sizeof room, &needed);
    ObDereferenceObject(object);
    RtlInitUnicodeString(&wanted, text);
    return NT_SUCCESS(status) && RtlEqualUnicodeString(&info->Name, &wanted, FALSE);
}

static void check_hint(void) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE L"\\below");
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    HANDLE file;
    PFILE_OBJECT object;
    UCHAR byte;
    LARGE_INTEGER zero = {0};
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    RtlZeroMemory(seen_top, sizeof seen_top);
    RtlZeroMemory(seen_middle, sizeof seen_middle);
    NTSTATUS status = IoCreateFileSpecifyDeviceObjectHint(&file, FILE_READ_DATA | SYNCHRONIZE, &oa, &iosb,
                                                          NULL, 0, 0, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT,
                                                          NULL, 0, CreateFileTypeNone, NULL, 0, middle);
    CHECK(NT_SUCCESS(status) && seen_middle[IRP_MJ_CREATE] == 1 && !seen_top[IRP_MJ_CREATE],
          "IoCreateFileSpecifyDeviceObjectHint: filters attached above do not receive the create request");
    if (!NT_SUCCESS(status)) return;
    ZwReadFile(file, NULL, NULL, NULL, &iosb, &byte, 1, &zero, NULL);
    CHECK(seen_middle[IRP_MJ_READ] == 1 && !seen_top[IRP_MJ_READ],
          "IoCreateFileSpecifyDeviceObjectHint: requests on the file begin at the hinted device");
    ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (PVOID*)&object, NULL);
    CHECK(IoGetRelatedDeviceObject(object) == middle,
          "IoGetRelatedDeviceObject: the hinted device of a file that was opened with one");
    ObDereferenceObject(object);
    ZwClose(file);
    CHECK(seen_middle[IRP_MJ_CLEANUP] == 1 && seen_middle[IRP_MJ_CLOSE] == 1 && !seen_top[IRP_MJ_CLEANUP] &&
              !seen_top[IRP_MJ_CLOSE],
          "IoCreateFileSpecifyDeviceObjectHint: the same is true for cleanup and close requests");
}

static void check_status_block(void) {
    IO_STATUS_BLOCK iosb = {{0x77}, 0x1234};
    HANDLE file;
    answer = STATUS_OBJECT_NAME_COLLISION, answer_information = FILE_EXISTS;
    NTSTATUS status = open_under(NULL, DEVICE L"\\x", 0, &file, &iosb);
    CHECK(status == STATUS_OBJECT_NAME_COLLISION && iosb.Status == status && iosb.Information == FILE_EXISTS,
          "NtOpenFile: if an error status is returned, the cause is in the IoStatusBlock (FILE_EXISTS)");
    answer = STATUS_OBJECT_NAME_NOT_FOUND, answer_information = FILE_DOES_NOT_EXIST;
    status = open_under(NULL, DEVICE L"\\x", 0, &file, &iosb);
    CHECK(status == STATUS_OBJECT_NAME_NOT_FOUND && iosb.Information == FILE_DOES_NOT_EXIST,
          "NtOpenFile: if an error status is returned, the cause is in the IoStatusBlock "
          "(FILE_DOES_NOT_EXIST)");
    answer = STATUS_SUCCESS, answer_information = FILE_OPENED;
}

static void check_reparse(void) {
    IO_STATUS_BLOCK iosb;
    HANDLE file, volume;
    CHECK(open_under(NULL, DEVICE L"\\moved", 0, &file, &iosb) == STATUS_SUCCESS &&
              is_named(file, DEVICE L"\\target"),
          "STATUS_REPARSE, IO_REPARSE: the name that the driver put into the file object is opened");
    ZwClose(file);
    CHECK(!NT_SUCCESS(open_under(NULL, DEVICE L"\\ever", 0, &file, &iosb)),
          "STATUS_REPARSE: a name that leads to itself is given up");
    open_under(NULL, DEVICE L"\\", 0, &volume, &iosb);
    CHECK(open_under(volume, L"moved", 0, &file, &iosb) == STATUS_SUCCESS &&
              is_named(file, DEVICE L"\\moved"),
          "a name relative to a directory is what the driver sees");
    ZwClose(file);
    ZwClose(volume);
}

// Each file is relative to the one before, and only the last is open.
static void check_long_row(void) {
    IO_STATUS_BLOCK iosb;
    HANDLE file, next;
    ULONG before = seen_lower[IRP_MJ_CLOSE];
    open_under(NULL, DEVICE L"\\a", 0, &file, &iosb);
    for (int i = 0; i < 3000; ++i) {
        if (!NT_SUCCESS(open_under(file, L"b", 0, &next, &iosb))) break;
        ZwClose(file);
        file = next;
    }
    ZwClose(file);
    LARGE_INTEGER t = {.QuadPart = -100000};
    for (int i = 0; i < 100 && seen_lower[IRP_MJ_CLOSE] - before < 3001; ++i)
        KeDelayExecutionThread(KernelMode, FALSE, &t);
    CHECK(seen_lower[IRP_MJ_CLOSE] - before == 3001, "files that keep each other end one after the other");
}

static void check_privileges(void) {
    IO_STATUS_BLOCK iosb;
    HANDLE file;
    appended = STATUS_UNSUCCESSFUL;
    if (NT_SUCCESS(open_under(NULL, DEVICE L"\\more", 0, &file, &iosb))) ZwClose(file);
    CHECK(appended == STATUS_SUCCESS && outgrown,
          "SeAppendPrivileges: an access state of the I/O manager takes more than three privileges, too");
}

static void check_names(void) {
    IO_STATUS_BLOCK iosb;
    HANDLE volume = NULL, directory = NULL, file = NULL, same = NULL;
    open_under(NULL, DEVICE, FILE_SYNCHRONOUS_IO_NONALERT, &volume, &iosb);
    open_under(NULL, DEVICE L"\\dir", 0, &directory, &iosb);
    open_under(volume, L"sub", 0, &file, &iosb);
    CHECK(is_named(file, DEVICE L"\\sub"),
          "ObQueryNameString: a file opened relative to its device has the whole path");
    ZwClose(file);
    open_under(directory, L"file", 0, &file, &iosb);
    CHECK(is_named(file, DEVICE L"\\dir\\file"),
          "ObQueryNameString: a file opened relative to a directory has the whole path");
    PFILE_OBJECT relative;
    ULONG needed = 0;
    static UCHAR room[200];
    ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (PVOID*)&relative, NULL);
    NTSTATUS first = ObQueryNameString(relative, NULL, 0, &needed);
    CHECK(first == STATUS_INFO_LENGTH_MISMATCH &&
              ObQueryNameString(relative, (POBJECT_NAME_INFORMATION)room, needed, &needed) == STATUS_SUCCESS,
          "ObQueryNameString: ReturnLength is what the second call needs");
    ObDereferenceObject(relative);
    open_under(file, L"", 0, &same, &iosb);
    CHECK(is_named(same, DEVICE L"\\dir\\file"),
          "ObQueryNameString: a file opened again by an empty name has the name of the first");
    ZwClose(same);
    open_under(file, L":stream", 0, &same, &iosb);
    CHECK(is_named(same, DEVICE L"\\dir\\file:stream"),
          "ObQueryNameString: a stream follows its file's name");
    ZwClose(same);

    PFILE_OBJECT object;
    ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (PVOID*)&object, NULL);
    CHECK(IoReplaceFileObjectName(object, L"\\a\\much\\longer\\name\\than\\it\\had\\before\\it", 82) ==
                  STATUS_SUCCESS &&
              object->FileName.Length == 82 &&
              is_named(file, DEVICE L"\\a\\much\\longer\\name\\than\\it\\had\\before\\it"),
          "IoReplaceFileObjectName: replaces the name");
    CHECK(IoReplaceFileObjectName(object, L"\\b", 4) == STATUS_SUCCESS && is_named(file, DEVICE L"\\b"),
          "IoReplaceFileObjectName: a shorter one as well");
    CHECK(!IoIsFileOriginRemote(object) && IoSetFileOrigin(object, TRUE) == STATUS_SUCCESS &&
              IoIsFileOriginRemote(object),
          "IoIsFileOriginRemote: checks the FO_REMOTE_ORIGIN flag on the file object");
    CHECK(!IoIsFileObjectIgnoringSharing(object) && IoSetFileObjectIgnoreSharing(object) == STATUS_SUCCESS &&
              IoIsFileObjectIgnoringSharing(object),
          "IoIsFileObjectIgnoringSharing: TRUE if file sharing access checks are ignored");
    ObDereferenceObject(object);
    ObReferenceObjectByHandle(volume, 0, NULL, KernelMode, (PVOID*)&object, NULL);
    CHECK(IoReplaceFileObjectName(object, L"\\b", 4) == STATUS_INVALID_PARAMETER,
          "IoReplaceFileObjectName: STATUS_INVALID_PARAMETER: the provided file object doesn't have a name "
          "to replace");
    ObDereferenceObject(object);
    ZwClose(file);

    // A file identifier whose first bytes are those of a backslash.
    WCHAR id[4] = {0x5c, 1, 2, 3};
    UNICODE_STRING blob = {8, 8, id};
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, &blob, OBJ_KERNEL_HANDLE, volume, NULL);
    NTSTATUS status =
        ZwOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &oa, &iosb, FILE_SHARE_READ, FILE_OPEN_BY_FILE_ID);
    CHECK(NT_SUCCESS(status), "NtCreateFile, FILE_OPEN_BY_FILE_ID: the name is a binary blob");
    if (NT_SUCCESS(status)) ZwClose(file);
    ZwClose(directory);
    ZwClose(volume);
}

static void check_driver_path(void) {
    struct {
        FILE_FS_DRIVER_PATH_INFORMATION head;
        WCHAR rest[40];
    } __attribute__((aligned(8))) info;
    static const WCHAR here[] = L"\\Driver\\conform_io_opens", elsewhere[] = L"\\Driver\\null";
    IO_STATUS_BLOCK iosb;
    HANDLE file;
    open_under(NULL, DEVICE L"\\x", FILE_SYNCHRONOUS_IO_NONALERT, &file, &iosb);
    volume_queries = 0;
    for (int i = 0; i < 2; ++i) {
        const WCHAR* name = i ? elsewhere : here;
        info.head.DriverInPath = (BOOLEAN)(2 + i);
        info.head.DriverNameLength = i ? sizeof elsewhere - 2 : sizeof here - 2;
        RtlCopyMemory(info.head.DriverName, name, info.head.DriverNameLength);
        NTSTATUS status =
            ZwQueryVolumeInformationFile(file, &iosb, &info, sizeof info, FileFsDriverPathInformation);
        CHECK(status == STATUS_SUCCESS && info.head.DriverInPath == !i && !volume_queries,
              i ? "FILE_FS_DRIVER_PATH_INFORMATION: FALSE otherwise"
                : "FILE_FS_DRIVER_PATH_INFORMATION: TRUE if the driver is in the I/O path; no IRP is sent");
    }
    info.head.DriverNameLength = sizeof info;
    CHECK(ZwQueryVolumeInformationFile(file, &iosb, &info, sizeof info, FileFsDriverPathInformation) ==
              STATUS_INVALID_PARAMETER,
          "FILE_FS_DRIVER_PATH_INFORMATION: a name longer than the buffer");
    ULONG sensitive = 0;
    CHECK(ZwQueryInformationFile(file, &iosb, &sensitive, 4,
                                 (FILE_INFORMATION_CLASS)CASE_INSENSITIVE_FORCED) == STATUS_ACCESS_DENIED,
          "FileCaseSensitiveInformationForceAccessCheck: forces access checks for the kernel-mode driver");
    CHECK(ZwFsControlFile(file, NULL, NULL, NULL, &iosb, 0x90000, NULL, 8, NULL, 8) == STATUS_SUCCESS,
          "ZwFsControlFile: a length is ignored if its buffer is NULL");
    ZwClose(file);
    // With nothing but attribute access the device itself is opened, not what is on it.
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE);
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwOpenFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &oa, &iosb, FILE_SHARE_READ,
               FILE_SYNCHRONOUS_IO_NONALERT);
    FILE_FS_DEVICE_INFORMATION device;
    FILE_FS_SIZE_INFORMATION size;
    CHECK(ZwQueryVolumeInformationFile(file, &iosb, &device, sizeof device, FileFsDeviceInformation) ==
              STATUS_SUCCESS,
          "ZwQueryVolumeInformationFile: FileFsDeviceInformation can be specified for a direct device open");
    CHECK(!NT_SUCCESS(ZwQueryVolumeInformationFile(file, &iosb, &size, sizeof size, FileFsSizeInformation)) &&
              !volume_queries,
          "ZwQueryVolumeInformationFile: only FileFsDeviceInformation can be specified for a direct device "
          "open");
    ZwClose(file);
}

static void check_access(void) {
    ULONG basic = FileBasicInformation, label = FileFsLabelInformation;
    CHECK(IoCheckFunctionAccess(FILE_READ_DATA, IRP_MJ_READ, 0, 0, NULL, NULL) == STATUS_SUCCESS &&
              IoCheckFunctionAccess(FILE_READ_DATA, IRP_MJ_WRITE, 0, 0, NULL, NULL) == STATUS_ACCESS_DENIED,
          "IoCheckFunctionAccess: STATUS_SUCCESS if the caller has access to the file; otherwise "
          "STATUS_ACCESS_DENIED");
    CHECK(IoCheckFunctionAccess(FILE_READ_DATA, IRP_MJ_QUERY_INFORMATION, 0, 0, &basic, NULL) ==
                  STATUS_ACCESS_DENIED &&
              IoCheckFunctionAccess(FILE_READ_ATTRIBUTES, IRP_MJ_QUERY_INFORMATION, 0, 0, &basic, NULL) ==
                  STATUS_SUCCESS,
          "IoCheckFunctionAccess: Arg1 is the information class");
    CHECK(IoCheckFunctionAccess(FILE_READ_DATA, IRP_MJ_SET_VOLUME_INFORMATION, 0, 0, NULL, &label) ==
                  STATUS_ACCESS_DENIED &&
              IoCheckFunctionAccess(FILE_WRITE_DATA, IRP_MJ_SET_VOLUME_INFORMATION, 0, 0, NULL, &label) ==
                  STATUS_SUCCESS,
          "IoCheckFunctionAccess: Arg2 is the class of volume information");
    CHECK(IoCheckFunctionAccess(FILE_READ_DATA, IRP_MJ_DEVICE_CONTROL, 0, 0x22c000, NULL, NULL) ==
                  STATUS_ACCESS_DENIED &&
              IoCheckFunctionAccess(FILE_READ_DATA | FILE_WRITE_DATA, IRP_MJ_DEVICE_CONTROL, 0, 0x22c000,
                                    NULL, NULL) == STATUS_SUCCESS,
          "IoCheckFunctionAccess: a control code names the access that it needs");
}

static void check_stack(void) {
    IO_STATUS_BLOCK iosb;
    HANDLE file;
    UCHAR byte;
    open_under(NULL, DEVICE L"\\x", 0, &file, &iosb);
    ZwDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, 0x222000, &byte, 1, NULL, 0);
    CHECK(synchronous, "IoIsOperationSynchronous: TRUE for METHOD_BUFFERED, even if the file object was "
                       "opened for asynchronous I/O");
    ZwDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, 0x222003, &byte, 1, NULL, 0);
    CHECK(!synchronous, "IoIsOperationSynchronous: FALSE for METHOD_NEITHER on a file for asynchronous I/O");
    ZwClose(file);
    CHECK(IoGetRequestorProcess(running_irp) == PsGetCurrentProcess() &&
              IoGetRequestorProcessId(running_irp) == (ULONG)(ULONG_PTR)PsGetCurrentProcessId(),
          "IoGetRequestorProcessId: the process of the thread that requested the operation");

    PDEVICE_OBJECT low, high;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &low);
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &high);
    IoAttachDeviceToDeviceStack(high, low);
    PDEVICE_OBJECT below = IoGetLowerDeviceObject(high);
    CHECK(below == low, "IoGetLowerDeviceObject: a pointer to the next-lower device object");
    if (below) ObDereferenceObject(below);
    IoDeleteDevice(low);
    CHECK(IoGetLowerDeviceObject(high) == NULL,
          "IoGetLowerDeviceObject: NULL if the next-lower driver's device is being deleted");
    IoDetachDevice(low);
    IoDeleteDevice(high);
}

static void check_secure_open(void) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE L"Closed"),
                   file_name = RTL_CONSTANT_STRING(DEVICE L"Closed\\name");
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    PDEVICE_OBJECT closed, filter;
    HANDLE file;
    IoCreateDevice(this_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &closed);
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &filter);
    closed->Flags &= ~DO_DEVICE_INITIALIZING;
    // Nobody may open it.
    ACL empty;
    SECURITY_DESCRIPTOR sd;
    RtlCreateAcl(&empty, sizeof empty, ACL_REVISION);
    RtlCreateSecurityDescriptor(&sd, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&sd, TRUE, &empty, FALSE);
    HANDLE device = NULL;
    ObOpenObjectByPointer(closed, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &device);
    ZwSetSecurityObject(device, DACL_SECURITY_INFORMATION, &sd);
    ZwClose(device);
    InitializeObjectAttributes(&oa, &file_name, OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    NTSTATUS status = ZwOpenFile(&file, FILE_READ_DATA, &oa, &iosb, 0, 0);
    CHECK(NT_SUCCESS(status),
          "FILE_DEVICE_SECURE_OPEN is not set: names below the device are the driver's matter");
    if (NT_SUCCESS(status)) ZwClose(file);
    IoAttachDeviceToDeviceStack(filter, closed);
    filter->Flags &= ~DO_DEVICE_INITIALIZING;
    CHECK(ZwOpenFile(&file, FILE_READ_DATA, &oa, &iosb, 0, 0) == STATUS_ACCESS_DENIED,
          "FILE_DEVICE_SECURE_OPEN is checked at the top of the stack");
    IoDetachDevice(closed);
    IoDeleteDevice(filter);
    IoDeleteDevice(closed);
}

static void checks(void) {
    answer = STATUS_SUCCESS, answer_information = FILE_OPENED;
    lower = this_driver->DeviceObject;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &middle);
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &top);
    IoAttachDeviceToDeviceStack(middle, lower);
    IoAttachDeviceToDeviceStack(top, middle);
    middle->Flags &= ~DO_DEVICE_INITIALIZING;
    top->Flags &= ~DO_DEVICE_INITIALIZING;
    check_hint();
    check_status_block();
    check_reparse();
    check_privileges();
    check_names();
    check_long_row();
    check_driver_path();
    check_access();
    check_stack();
    check_secure_open();
    IoDetachDevice(middle);
    IoDetachDevice(lower);
    IoDeleteDevice(top);
    IoDeleteDevice(middle);
}
