// What each service puts into the stack location, seen by the driver: nf-ntifs-ntquerydirectoryfileex,
// nf-ntifs-zwqueryeafile, nf-ntifs-zwseteafile, nf-ntifs-zwqueryquotainformationfile,
// nf-ntifs-zwsetquotainformationfile, nf-ntifs-zwlockfile, nf-ntifs-zwunlockfile,
// nf-ntifs-zwsetvolumeinformationfile, nf-ntifs-zwflushbuffersfileex, ns-ntifs-_file_rename_information,
// nf-ntddk-iocreatefilespecifydeviceobjecthint, and the FLT_PARAMETERS pages of the major functions.
#define TOPIC L"ZwMajors"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

#pragma clang diagnostic ignored "-Wunused-parameter" // of the fast I/O routines

IMPORT(NTSTATUS, ZwQueryDirectoryFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
       FILE_INFORMATION_CLASS, BOOLEAN, PUNICODE_STRING, BOOLEAN);
IMPORT(NTSTATUS, ZwQueryDirectoryFileEx, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
       FILE_INFORMATION_CLASS, ULONG, PUNICODE_STRING);
IMPORT(NTSTATUS, ZwQueryEaFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG,
       BOOLEAN);
IMPORT(NTSTATUS, ZwSetEaFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);
IMPORT(NTSTATUS, ZwQueryQuotaInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG,
       PSID, BOOLEAN);
IMPORT(NTSTATUS, ZwSetQuotaInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);
IMPORT(NTSTATUS, ZwSetVolumeInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FS_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwQueryVolumeInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FS_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwFlushBuffersFileEx, HANDLE, ULONG, PVOID, ULONG, PIO_STATUS_BLOCK);
IMPORT(NTSTATUS, ZwLockFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER,
       ULONG, BOOLEAN, BOOLEAN);
IMPORT(NTSTATUS, ZwUnlockFile, HANDLE, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER, ULONG);
IMPORT(NTSTATUS, ZwQueryInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwSetInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwReadFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
       PULONG);
IMPORT(NTSTATUS, ZwWriteFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
       PULONG);
IMPORT(NTSTATUS, ZwQueryFullAttributesFile, POBJECT_ATTRIBUTES, PVOID);

// LINK_SHARE_ACCESS
typedef struct {
    ULONG OpenCount, Deleters, SharedDelete;
} LINK;
IMPORT(NTSTATUS, IoCheckLinkShareAccess, ACCESS_MASK, ULONG, PFILE_OBJECT, PSHARE_ACCESS, LINK*, ULONG);
IMPORT(VOID, IoSetLinkShareAccess, ACCESS_MASK, ULONG, PFILE_OBJECT, PSHARE_ACCESS, LINK*, ULONG);
IMPORT(VOID, IoRemoveLinkShareAccess, PFILE_OBJECT, PSHARE_ACCESS, LINK*);
IMPORT(VOID, IoRemoveLinkShareAccessEx, PFILE_OBJECT, PSHARE_ACCESS, LINK*, ULONG);
IMPORT(VOID, IoUpdateLinkShareAccess, PFILE_OBJECT, PSHARE_ACCESS, LINK*);
IMPORT(VOID, IoUpdateLinkShareAccessEx, PFILE_OBJECT, PSHARE_ACCESS, LINK*, ULONG);

// The last request but creates, cleanups and closes, and the last create.
static IO_STACK_LOCATION seen, created;
static ULONG requests, cleanups, closes, opened_targets;
static PVOID seen_system_buffer, seen_user_buffer, seen_mdl;
static UCHAR seen_copy[128]; // what a pointer in the location led to
static ULONG seen_flags;
static PFILE_OBJECT target_file;

static void copy(const void* from, ULONG size) {
    RtlCopyMemory(seen_copy, from, size < sizeof seen_copy ? size : sizeof seen_copy);
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    switch (stack->MajorFunction) {
    case IRP_MJ_CREATE:
        created = *stack;
        if (stack->Flags & SL_OPEN_TARGET_DIRECTORY) ++opened_targets, target_file = stack->FileObject;
        return complete(irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
        ++cleanups;
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        ++closes;
        return complete(irp, STATUS_SUCCESS, 0);
    }
    ++requests;
    seen = *stack;
    seen_flags = irp->Flags;
    seen_system_buffer = irp->AssociatedIrp.SystemBuffer;
    seen_user_buffer = irp->UserBuffer;
    seen_mdl = irp->MdlAddress;
    switch (stack->MajorFunction) {
    case IRP_MJ_DIRECTORY_CONTROL:
        if (stack->Parameters.QueryDirectory.FileName)
            copy(stack->Parameters.QueryDirectory.FileName->Buffer,
                 stack->Parameters.QueryDirectory.FileName->Length);
        return complete(irp, STATUS_NO_MORE_FILES, 0);
    case IRP_MJ_QUERY_EA:
        if (stack->Parameters.QueryEa.EaList)
            copy(stack->Parameters.QueryEa.EaList, stack->Parameters.QueryEa.EaListLength);
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_QUERY_QUOTA:
        if (stack->Parameters.QueryQuota.SidList)
            copy(stack->Parameters.QueryQuota.SidList, stack->Parameters.QueryQuota.SidListLength);
        if (stack->Parameters.QueryQuota.StartSid) copy(stack->Parameters.QueryQuota.StartSid, 12);
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_LOCK_CONTROL:
        if (stack->Parameters.LockControl.Length)
            copy(stack->Parameters.LockControl.Length, sizeof(LARGE_INTEGER));
        return complete(
            irp, stack->MinorFunction == IRP_MN_LOCK ? STATUS_LOCK_NOT_GRANTED : STATUS_RANGE_NOT_LOCKED, 0);
    case IRP_MJ_SET_EA:
    case IRP_MJ_SET_QUOTA:
        if (seen_user_buffer) copy(seen_user_buffer, stack->Parameters.SetEa.Length);
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_SET_VOLUME_INFORMATION:
    case IRP_MJ_SET_INFORMATION:
        copy(seen_system_buffer, 32);
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_QUERY_INFORMATION:
        return complete(irp, STATUS_SUCCESS, 4);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return complete(irp, STATUS_SUCCESS, stack->Parameters.Read.Length);
    case IRP_MJ_FLUSH_BUFFERS:
        return complete(irp, STATUS_SUCCESS, 0);
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

#define SELF L"\\Device\\ConformZwMajors"

static UNICODE_STRING name;
static OBJECT_ATTRIBUTES oa;
static IO_STATUS_BLOCK iosb;

static HANDLE open(PCWSTR path, ACCESS_MASK access, ULONG options) {
    HANDLE file = NULL;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status = ZwCreateFile(&file, access | SYNCHRONIZE, &oa, &iosb, NULL, FILE_ATTRIBUTE_NORMAL,
                                   FILE_SHARE_READ, FILE_OPEN, options, NULL, 0);
    return NT_SUCCESS(status) ? file : NULL;
}

static void directories(HANDLE file) {
    UCHAR buffer[512];
    UNICODE_STRING pattern;
    RtlInitUnicodeString(&pattern, L"*.txt");
    CHECK(import_ZwQueryDirectoryFile(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer,
                                      FileBothDirectoryInformation, TRUE, &pattern,
                                      TRUE) == STATUS_NO_MORE_FILES,
          "ZwQueryDirectoryFile: the driver's status comes back");
    CHECK(seen.MajorFunction == IRP_MJ_DIRECTORY_CONTROL && seen.MinorFunction == IRP_MN_QUERY_DIRECTORY &&
              seen.Parameters.QueryDirectory.Length == sizeof buffer &&
              seen.Parameters.QueryDirectory.FileInformationClass == FileBothDirectoryInformation &&
              seen.Flags == (SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY),
          "IRP_MN_QUERY_DIRECTORY: Length, FileInformationClass, SL_RESTART_SCAN, SL_RETURN_SINGLE_ENTRY");
    CHECK(seen.Parameters.QueryDirectory.FileName && seen.Parameters.QueryDirectory.FileName != &pattern &&
              RtlCompareMemory(seen_copy, L"*.txt", 10) == 10,
          "FileName is a copy of the search expression");
    CHECK(seen_user_buffer == buffer && !seen_system_buffer && !seen_mdl,
          "without DO_BUFFERED_IO and DO_DIRECT_IO the buffer is in UserBuffer");
    CHECK(import_ZwQueryDirectoryFile(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer,
                                      FileNamesInformation, FALSE, NULL, FALSE) == STATUS_NO_MORE_FILES &&
              !seen.Parameters.QueryDirectory.FileName && !seen.Flags,
          "neither name nor flags: FileName is null");
    ULONG before = requests;
    CHECK(import_ZwQueryDirectoryFile(file, NULL, NULL, NULL, &iosb, buffer, 8, FileBothDirectoryInformation,
                                      FALSE, NULL, FALSE) == STATUS_INFO_LENGTH_MISMATCH &&
              requests == before,
          "the I/O system ensures that the buffer holds the fixed portion: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ZwQueryDirectoryFile(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer,
                                      FileBasicInformation, FALSE, NULL,
                                      FALSE) == STATUS_INVALID_INFO_CLASS &&
              requests == before,
          "a class that no directory query has: STATUS_INVALID_INFO_CLASS");
    CHECK(import_ZwQueryDirectoryFileEx(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer,
                                        FileDirectoryInformation, 0x10 | 0x8,
                                        &pattern) == STATUS_NO_MORE_FILES &&
              seen.Flags == 0x18,
          "ZwQueryDirectoryFileEx: SL_RETURN_ON_DISK_ENTRIES_ONLY and SL_NO_CURSOR_UPDATE_QUERY reach the "
          "driver");
    CHECK(import_ZwQueryDirectoryFileEx(file, NULL, NULL, NULL, &iosb, buffer, sizeof buffer,
                                        FileDirectoryInformation, SL_INDEX_SPECIFIED,
                                        NULL) == STATUS_INVALID_PARAMETER,
          "SL_INDEX_SPECIFIED is for IRPs of one's own only");
}

static union {
    FILE_FULL_EA_INFORMATION full;
    UCHAR bytes[32];
} ea = {.full = {0, 0, 3, 2, "A"}};

static void attributes(HANDLE file) {
    UCHAR buffer[64];
    // FILE_GET_EA_INFORMATION: NextEntryOffset, EaNameLength, EaName.
    static UCHAR names[] = {8, 0, 0, 0, 1, 'A', 0, 0, 0, 0, 0, 0, 2, 'B', 'C', 0};
    ULONG index = 7;
    CHECK(import_ZwQueryEaFile(file, &iosb, buffer, sizeof buffer, TRUE, NULL, 0, &index, TRUE) ==
                  STATUS_SUCCESS &&
              seen.MajorFunction == IRP_MJ_QUERY_EA && seen.Parameters.QueryEa.Length == sizeof buffer &&
              seen.Parameters.QueryEa.EaIndex == 7 && !seen.Parameters.QueryEa.EaList &&
              seen.Flags == (SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY | SL_INDEX_SPECIFIED),
          "ZwQueryEaFile: Length, EaIndex and all three flags");
    CHECK(import_ZwQueryEaFile(file, &iosb, buffer, sizeof buffer, FALSE, names, sizeof names, NULL, FALSE) ==
                  STATUS_SUCCESS &&
              seen.Parameters.QueryEa.EaListLength == sizeof names &&
              seen.Parameters.QueryEa.EaList != names &&
              RtlCompareMemory(seen_copy, names, sizeof names) == sizeof names && !seen.Flags,
          "EaList is a copy of the list");
    names[15] = 'x';
    iosb.Information = 0;
    ULONG before = requests;
    CHECK(import_ZwQueryEaFile(file, &iosb, buffer, sizeof buffer, FALSE, names, sizeof names, NULL, FALSE) ==
                  STATUS_EA_LIST_INCONSISTENT &&
              requests == before,
          "ZwQueryEaFile: STATUS_EA_LIST_INCONSISTENT");
    names[15] = 0;
    RtlCopyMemory(ea.full.EaName, "ABC\0xy", 6);
    CHECK(import_ZwSetEaFile(file, &iosb, &ea, 14) == STATUS_SUCCESS && seen.MajorFunction == IRP_MJ_SET_EA &&
              seen.Parameters.SetEa.Length == 14 && RtlCompareMemory(seen_copy, &ea, 14) == 14,
          "ZwSetEaFile: Length and the buffer");
    before = requests;
    CHECK(import_ZwSetEaFile(file, &iosb, &ea, 13) == STATUS_EA_LIST_INCONSISTENT && requests == before,
          "ZwSetEaFile: STATUS_EA_LIST_INCONSISTENT");
}

// S-1-1-0
static const UCHAR everyone[12] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

static void quotas(HANDLE file) {
    UCHAR buffer[128];
    UCHAR list[20] = {0, 0, 0, 0, 12, 0, 0, 0}; // FILE_GET_QUOTA_INFORMATION
    RtlCopyMemory(list + 8, everyone, 12);
    CHECK(
        import_ZwQueryQuotaInformationFile(file, &iosb, buffer, sizeof buffer, TRUE, list, sizeof list,
                                           (PSID)everyone, TRUE) == STATUS_SUCCESS &&
            seen.MajorFunction == IRP_MJ_QUERY_QUOTA && seen.Parameters.QueryQuota.Length == sizeof buffer &&
            seen.Parameters.QueryQuota.SidListLength == sizeof list && !seen.Parameters.QueryQuota.StartSid &&
            RtlCompareMemory(seen_copy, list, sizeof list) == sizeof list &&
            seen.Flags == (SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY),
        "ZwQueryQuotaInformationFile: Length, SidList; StartSid is ignored when there is a list");
    CHECK(import_ZwQueryQuotaInformationFile(file, &iosb, buffer, sizeof buffer, FALSE, NULL, 0,
                                             (PSID)everyone, FALSE) == STATUS_SUCCESS &&
              RtlCompareMemory(seen_copy, everyone, 12) == 12 && seen.Flags == SL_INDEX_SPECIFIED,
          "StartSid with SL_INDEX_SPECIFIED");
    UCHAR bad[12] = {9};
    CHECK(import_ZwQueryQuotaInformationFile(file, &iosb, buffer, sizeof buffer, FALSE, NULL, 0, (PSID)bad,
                                             FALSE) == STATUS_INVALID_SID,
          "STATUS_INVALID_SID");
    list[4] = 16;
    CHECK(import_ZwQueryQuotaInformationFile(file, &iosb, buffer, sizeof buffer, FALSE, list, sizeof list,
                                             NULL, FALSE) == STATUS_QUOTA_LIST_INCONSISTENT,
          "STATUS_QUOTA_LIST_INCONSISTENT: SidLength does not match the SID");
    union {
        FILE_QUOTA_INFORMATION head;
        UCHAR bytes[64];
    } quota;
    ULONG offset = 99;
    RtlZeroMemory(&quota, sizeof quota);
    quota.head.SidLength = 12;
    RtlCopyMemory(&quota.head.Sid, everyone, 12);
    ULONG size = FIELD_OFFSET(FILE_QUOTA_INFORMATION, Sid) + 12;
    CHECK(import_ZwSetQuotaInformationFile(file, &iosb, &quota, size) == STATUS_SUCCESS &&
              seen.MajorFunction == IRP_MJ_SET_QUOTA && seen.Parameters.SetQuota.Length == size &&
              RtlCompareMemory(seen_copy, &quota, size) == size,
          "ZwSetQuotaInformationFile: Length and the buffer");
    CHECK(IoCheckQuotaBufferValidity(&quota.head, size, &offset) == STATUS_SUCCESS,
          "IoCheckQuotaBufferValidity");
    CHECK(IoCheckQuotaBufferValidity(&quota.head, size - 1, &offset) == STATUS_QUOTA_LIST_INCONSISTENT &&
              offset == 0,
          "the entire entry must fall within the buffer");
    CHECK(IoCheckQuotaBufferValidity((PVOID)(quota.bytes + 2), size, &offset) == STATUS_DATATYPE_MISALIGNMENT,
          "STATUS_DATATYPE_MISALIGNMENT if the buffer is not ULONG-aligned");
    quota.head.NextEntryOffset = 54;
    CHECK(IoCheckQuotaBufferValidity(&quota.head, sizeof quota, &offset) == STATUS_QUOTA_LIST_INCONSISTENT,
          "NextEntryOffset must fall on a ULONG boundary");
    quota.head.NextEntryOffset = 0;
    *(PUCHAR)&quota.head.Sid = 7;
    CHECK(IoCheckQuotaBufferValidity(&quota.head, size, &offset) == STATUS_QUOTA_LIST_INCONSISTENT,
          "the value of Sid must be a SID");
    CHECK(IoCheckQuotaBufferValidity(&quota.head, (ULONG)-4, &offset) == STATUS_QUOTA_LIST_INCONSISTENT,
          "the length must not be negative");
}

static void locks(HANDLE file) {
    LARGE_INTEGER offset = {.QuadPart = 0x1122334455}, length = {.QuadPart = 0x6677};
    CHECK(import_ZwLockFile(file, NULL, NULL, NULL, &iosb, &offset, &length, 42, TRUE, TRUE) ==
              STATUS_LOCK_NOT_GRANTED,
          "ZwLockFile: STATUS_LOCK_NOT_GRANTED");
    CHECK(seen.MajorFunction == IRP_MJ_LOCK_CONTROL && seen.MinorFunction == IRP_MN_LOCK &&
              seen.Parameters.LockControl.ByteOffset.QuadPart == 0x1122334455 &&
              seen.Parameters.LockControl.Key == 42 && seen.Parameters.LockControl.Length != &length &&
              *(LONGLONG*)seen_copy == 0x6677 && seen.Flags == (SL_FAIL_IMMEDIATELY | SL_EXCLUSIVE_LOCK),
          "IRP_MN_LOCK: Length (a copy), Key, ByteOffset, SL_FAIL_IMMEDIATELY, SL_EXCLUSIVE_LOCK");
    CHECK(seen.FileObject->LockOperation, "the file object says that a lock operation has been done");
    CHECK(import_ZwLockFile(file, NULL, NULL, NULL, &iosb, &offset, &length, 0, FALSE, FALSE) ==
                  STATUS_LOCK_NOT_GRANTED &&
              !seen.Flags,
          "a shared lock that may wait has no flags");
    CHECK(import_ZwUnlockFile(file, &iosb, &offset, &length, 43) == STATUS_RANGE_NOT_LOCKED &&
              seen.MinorFunction == IRP_MN_UNLOCK_SINGLE && seen.Parameters.LockControl.Key == 43 &&
              *(LONGLONG*)seen_copy == 0x6677,
          "ZwUnlockFile: IRP_MN_UNLOCK_SINGLE, STATUS_RANGE_NOT_LOCKED");
}

static void volumes(HANDLE file) {
    union {
        struct {
            ULONG length;
            WCHAR text[14];
        } label;
        UCHAR bytes[128];
    } info = {.label = {4, L"AB"}};
    CHECK(import_ZwSetVolumeInformationFile(file, &iosb, &info, 8, FileFsLabelInformation) ==
                  STATUS_SUCCESS &&
              seen.MajorFunction == IRP_MJ_SET_VOLUME_INFORMATION && seen.Parameters.SetVolume.Length == 8 &&
              seen.Parameters.SetVolume.FsInformationClass == FileFsLabelInformation && seen_copy[4] == 'A',
          "ZwSetVolumeInformationFile: Length, FsInformationClass, the system buffer");
    ULONG before = requests;
    CHECK(import_ZwSetVolumeInformationFile(file, &iosb, &info, 2, FileFsLabelInformation) ==
                  STATUS_INFO_LENGTH_MISMATCH &&
              import_ZwSetVolumeInformationFile(file, &iosb, &info, 64, FileFsSizeInformation) ==
                  STATUS_INVALID_INFO_CLASS &&
              requests == before,
          "its length and class: STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_INFO_CLASS");
    CHECK(import_ZwQueryVolumeInformationFile(file, &iosb, &info, 28, FileFsSectorSizeInformation) ==
                  STATUS_SUCCESS &&
              seen.Parameters.QueryVolume.Length == 28 &&
              seen.Parameters.QueryVolume.FsInformationClass == FileFsSectorSizeInformation &&
              iosb.Information == 4,
          "FileFsSectorSizeInformation goes to the driver");
    CHECK(IoCheckQuerySetVolumeInformation(FileFsSizeInformation, 24, FALSE) == STATUS_SUCCESS &&
              IoCheckQuerySetVolumeInformation(FileFsSizeInformation, 23, FALSE) ==
                  STATUS_INFO_LENGTH_MISMATCH &&
              IoCheckQuerySetVolumeInformation(FileFsSizeInformation, 24, TRUE) == STATUS_INVALID_INFO_CLASS,
          "IoCheckQuerySetVolumeInformation");
    ULONG length = 0;
    CHECK(IoQueryVolumeInformation(seen.FileObject, FileFsVolumeInformation, 64, &info, &length) ==
                  STATUS_SUCCESS &&
              length == 4 && seen.Parameters.QueryVolume.FsInformationClass == FileFsVolumeInformation,
          "IoQueryVolumeInformation by file object");
    UCHAR minor[4] = {0, IRP_MN_FLUSH_AND_PURGE + 1, IRP_MN_FLUSH_AND_PURGE + 2, IRP_MN_FLUSH_AND_PURGE + 3};
    static const ULONG flags[4] = {0, 1, 2, 4};
    BOOLEAN right = TRUE;
    for (int i = 0; i < 4; ++i)
        right &= import_ZwFlushBuffersFileEx(file, flags[i], NULL, 0, &iosb) == STATUS_SUCCESS &&
                 seen.MajorFunction == IRP_MJ_FLUSH_BUFFERS && seen.MinorFunction == minor[i];
    CHECK(right, "ZwFlushBuffersFileEx: a minor function for each flag");
    CHECK(import_ZwFlushBuffersFileEx(file, 3, NULL, 0, &iosb) == STATUS_INVALID_PARAMETER,
          "flags can be 0 or one of the values");
}

typedef struct {
    FILE_RENAME_INFORMATION head;
    WCHAR more[40];
} RENAME;

static NTSTATUS rename_to(HANDLE file, PCWSTR to, HANDLE root, ULONG flags, ULONG info_class) {
    static RENAME info;
    RtlInitUnicodeString(&name, to);
    RtlZeroMemory(&info, sizeof info);
    *(PULONG)&info.head = flags;
    info.head.RootDirectory = root;
    info.head.FileNameLength = name.Length;
    RtlCopyMemory(info.head.FileName, to, name.Length);
    return import_ZwSetInformationFile(file, &iosb, &info, sizeof info, (FILE_INFORMATION_CLASS)info_class);
}

static void renaming(HANDLE file) {
    opened_targets = 0;
    CHECK(rename_to(file, L"new", NULL, TRUE, FileRenameInformation) == STATUS_SUCCESS &&
              seen.MajorFunction == IRP_MJ_SET_INFORMATION && !seen.Parameters.SetFile.FileObject &&
              seen.Parameters.SetFile.ReplaceIfExists && !opened_targets,
          "a simple name: ReplaceIfExists, no target directory");
    ULONG closed = closes;
    CHECK(rename_to(file, SELF L"\\directory\\new", NULL, FALSE, FileRenameInformation) == STATUS_SUCCESS &&
              opened_targets == 1 && seen.Parameters.SetFile.FileObject == target_file &&
              !seen.Parameters.SetFile.ReplaceIfExists,
          "a fully qualified name: its directory is opened with SL_OPEN_TARGET_DIRECTORY, and is "
          "SetFile.FileObject");
    CHECK(closes == closed + 1 && created.Parameters.Create.SecurityContext &&
              (created.Parameters.Create.Options & 0xffffff) == FILE_OPEN_FOR_BACKUP_INTENT,
          "the target directory is closed after the rename");
    HANDLE root = open(SELF L"\\root", FILE_READ_ATTRIBUTES | FILE_TRAVERSE, 0);
    CHECK(rename_to(file, L"new", root, 1, 65) == STATUS_SUCCESS && opened_targets == 2 &&
              created.FileObject->RelatedFileObject && seen.Parameters.SetFile.ReplaceIfExists,
          "RootDirectory: a relative open; FileRenameInformationEx has FILE_RENAME_REPLACE_IF_EXISTS");
    CHECK(rename_to(file, L"new", root, 0, FileLinkInformation) == STATUS_SUCCESS && opened_targets == 3,
          "FileLinkInformation does the same");
    if (root) ZwClose(root);
    CHECK(rename_to(file, L"\\Device\\Null\\new", NULL, FALSE, FileRenameInformation) ==
              STATUS_NOT_SAME_DEVICE,
          "a file can only be renamed within its volume: STATUS_NOT_SAME_DEVICE");
    CHECK(rename_to(file, L"new", NULL, TRUE, 56) == STATUS_SUCCESS &&
              seen.Parameters.SetFile.FileInformationClass == FileRenameInformation,
          "FileRenameInformationBypassAccessCheck is only recognized by the I/O manager");
}

static void information(HANDLE file) {
    union {
        FILE_END_OF_FILE_INFORMATION end;
        FILE_DISPOSITION_INFORMATION disposition;
        struct {
            ULONG hint;
            ULONG pad;
        } priority;
        UCHAR bytes[256];
    } info;
    ULONG length = 0;
    PFILE_OBJECT object;
    RtlZeroMemory(&info, sizeof info);
    info.end.EndOfFile.QuadPart = 5;
    CHECK(import_ZwSetInformationFile(file, &iosb, &info, sizeof info.end, FileEndOfFileInformation) ==
                  STATUS_SUCCESS &&
              !seen.Parameters.SetFile.AdvanceOnly && seen.Parameters.SetFile.Length == 8,
          "FileEndOfFileInformation: AdvanceOnly is FALSE, which is for the cache manager");
    info.disposition.DeleteFile = TRUE;
    CHECK(import_ZwSetInformationFile(file, &iosb, &info, 1, FileDispositionInformation) == STATUS_SUCCESS &&
              seen.Parameters.SetFile.FileInformationClass == FileDispositionInformation &&
              seen_copy[0] == TRUE,
          "FileDispositionInformation");
    object = seen.FileObject;
    ULONG before = requests;
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, 4, FileIoPriorityHintInformation) ==
                  STATUS_SUCCESS &&
              info.priority.hint == IoPriorityNormal && requests == before,
          "FileIoPriorityHintInformation: the default is IoPriorityNormal, and the driver is not asked");
    info.priority.hint = IoPriorityVeryLow;
    CHECK(import_ZwSetInformationFile(file, &iosb, &info, 4, FileIoPriorityHintInformation) ==
                  STATUS_SUCCESS &&
              import_ZwQueryInformationFile(file, &iosb, &info, 4, FileIoPriorityHintInformation) ==
                  STATUS_SUCCESS &&
              info.priority.hint == IoPriorityVeryLow,
          "it can be set");
    info.priority.hint = 77;
    CHECK(import_ZwSetInformationFile(file, &iosb, &info, 4, FileIoPriorityHintInformation) ==
              STATUS_INVALID_PARAMETER,
          "a hint is an IO_PRIORITY_HINT");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, 24, (FILE_INFORMATION_CLASS)59) ==
                  STATUS_SUCCESS &&
              seen.Parameters.QueryFile.FileInformationClass == 59 &&
              seen.Parameters.QueryFile.Length == 24 && (seen_flags >> 17 & 7) == IoPriorityVeryLow + 1,
          "FileIdInformation goes to the driver, with the file's priority in the IRP");
    CHECK(IoQueryFileInformation(object, FileStandardInformation, 24, &info, &length) == STATUS_SUCCESS &&
              length == 4 && seen.Parameters.QueryFile.FileInformationClass == FileStandardInformation,
          "IoQueryFileInformation by file object");
    CHECK(IoSetInformation(object, FileEndOfFileInformation, 8, &info) == STATUS_SUCCESS &&
              seen.MajorFunction == IRP_MJ_SET_INFORMATION,
          "IoSetInformation by file object");
    CHECK(IoCheckQuerySetFileInformation(FileBasicInformation, 40, FALSE) == STATUS_SUCCESS &&
              IoCheckQuerySetFileInformation(FileBasicInformation, 39, TRUE) == STATUS_INFO_LENGTH_MISMATCH &&
              IoCheckQuerySetFileInformation(FileStreamInformation, 64, TRUE) == STATUS_INVALID_INFO_CLASS,
          "IoCheckQuerySetFileInformation");
    ACCESS_MASK desired = GENERIC_READ;
    CHECK(IoCheckDesiredAccess(&desired, FILE_GENERIC_READ) == STATUS_SUCCESS &&
              IoCheckDesiredAccess(&desired, FILE_READ_DATA) == STATUS_ACCESS_DENIED,
          "IoCheckDesiredAccess");
}

// Fast I/O: what the table answers, and how often each routine was asked.
static struct {
    BOOLEAN handle;
    NTSTATUS status;
    ULONG reads, writes, locks, unlocks, basics, standards, networks, opens;
    LONGLONG offset;
    ULONG key;
} fast;

static NTSTATUS fast_answer(PIO_STATUS_BLOCK block, ULONG_PTR information) {
    block->Status = fast.status;
    block->Information = information;
    return fast.handle;
}
static BOOLEAN NTAPI fast_read(PFILE_OBJECT file, PLARGE_INTEGER at, ULONG length, BOOLEAN wait, ULONG key,
                               PVOID to, PIO_STATUS_BLOCK block, PDEVICE_OBJECT device) {
    ++fast.reads, fast.offset = at->QuadPart, fast.key = key;
    if (fast.handle && wait) *(PUCHAR)to = 0x5a;
    return (BOOLEAN)fast_answer(block, length);
}
static BOOLEAN NTAPI fast_write(PFILE_OBJECT file, PLARGE_INTEGER at, ULONG length, BOOLEAN wait, ULONG key,
                                PVOID from, PIO_STATUS_BLOCK block, PDEVICE_OBJECT device) {
    ++fast.writes, fast.offset = at->QuadPart, fast.key = key;
    return (BOOLEAN)fast_answer(block, length);
}
static BOOLEAN NTAPI fast_basic(PFILE_OBJECT file, BOOLEAN wait, PFILE_BASIC_INFORMATION to,
                                PIO_STATUS_BLOCK block, PDEVICE_OBJECT device) {
    ++fast.basics, RtlZeroMemory(to, sizeof *to), to->FileAttributes = 0x80;
    return (BOOLEAN)fast_answer(block, sizeof *to);
}
static BOOLEAN NTAPI fast_standard(PFILE_OBJECT file, BOOLEAN wait, PFILE_STANDARD_INFORMATION to,
                                   PIO_STATUS_BLOCK block, PDEVICE_OBJECT device) {
    ++fast.standards, RtlZeroMemory(to, sizeof *to), to->EndOfFile.QuadPart = 77;
    return (BOOLEAN)fast_answer(block, sizeof *to);
}
static BOOLEAN NTAPI fast_network(PFILE_OBJECT file, BOOLEAN wait, PFILE_NETWORK_OPEN_INFORMATION to,
                                  PIO_STATUS_BLOCK block, PDEVICE_OBJECT device) {
    ++fast.networks, RtlZeroMemory(to, sizeof *to), to->EndOfFile.QuadPart = 78;
    return (BOOLEAN)fast_answer(block, sizeof *to);
}
static BOOLEAN NTAPI fast_lock(PFILE_OBJECT file, PLARGE_INTEGER at, PLARGE_INTEGER length, PEPROCESS process,
                               ULONG key, BOOLEAN fail, BOOLEAN exclusive, PIO_STATUS_BLOCK block,
                               PDEVICE_OBJECT device) {
    ++fast.locks, fast.offset = process == PsGetCurrentProcess() ? at->QuadPart : -1, fast.key = key;
    return (BOOLEAN)fast_answer(block, 0);
}
static BOOLEAN NTAPI fast_unlock(PFILE_OBJECT file, PLARGE_INTEGER at, PLARGE_INTEGER length,
                                 PEPROCESS process, ULONG key, PIO_STATUS_BLOCK block,
                                 PDEVICE_OBJECT device) {
    ++fast.unlocks, fast.offset = at->QuadPart, fast.key = key;
    return (BOOLEAN)fast_answer(block, 0);
}
static BOOLEAN NTAPI fast_open(PIRP irp, PFILE_NETWORK_OPEN_INFORMATION to, PDEVICE_OBJECT device) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ++fast.opens, RtlZeroMemory(to, sizeof *to), to->EndOfFile.QuadPart = 79;
    irp->IoStatus.Status = fast.status;
    return fast.handle && stack->MajorFunction == IRP_MJ_CREATE && stack->FileObject->DeviceObject == device;
}

static FAST_IO_DISPATCH fast_table = {.SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH),
                                      .FastIoRead = fast_read,
                                      .FastIoWrite = fast_write,
                                      .FastIoQueryBasicInfo = fast_basic,
                                      .FastIoQueryStandardInfo = fast_standard,
                                      .FastIoQueryNetworkOpenInfo = (PVOID)fast_network,
                                      .FastIoLock = fast_lock,
                                      .FastIoUnlockSingle = fast_unlock,
                                      .FastIoQueryOpen = fast_open};

static void fast_io(HANDLE file, PFILE_OBJECT object) {
    UCHAR byte = 0;
    LARGE_INTEGER at = {.QuadPart = 500}, length = {.QuadPart = 1};
    ULONG key = 9, before = requests;
    FILE_STANDARD_INFORMATION standard;
    FILE_BASIC_INFORMATION basic;
    FILE_NETWORK_OPEN_INFORMATION network;
    this_driver->FastIoDispatch = &fast_table;
    fast.handle = TRUE, fast.status = STATUS_SUCCESS;
    import_ZwReadFile(file, NULL, NULL, NULL, &iosb, &byte, 1, &at, &key);
    CHECK(!fast.reads && requests == before + 1,
          "FastIoRead is not tried for a file without PrivateCacheMap");
    object->PrivateCacheMap = &fast;
    before = requests;
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, &byte, 1, &at, &key) == STATUS_SUCCESS &&
              fast.reads == 1 && requests == before && byte == 0x5a && iosb.Information == 1 &&
              fast.offset == 500 && fast.key == 9,
          "with it FastIoRead gives the answer");
    CHECK(import_ZwWriteFile(file, NULL, NULL, NULL, &iosb, &byte, 1, &at, &key) == STATUS_SUCCESS &&
              fast.writes == 1 && requests == before,
          "and FastIoWrite");
    fast.handle = FALSE;
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, &byte, 1, &at, &key) == STATUS_SUCCESS &&
              fast.reads == 2 && requests == before + 1 && seen.MajorFunction == IRP_MJ_READ &&
              seen.Parameters.Read.Key == 9,
          "when it refuses an IRP goes out");
    object->PrivateCacheMap = NULL;
    fast.handle = TRUE;
    before = requests;
    CHECK(import_ZwQueryInformationFile(file, &iosb, &standard, sizeof standard, FileStandardInformation) ==
                  STATUS_SUCCESS &&
              standard.EndOfFile.QuadPart == 77 && iosb.Information == sizeof standard && fast.standards == 1,
          "FastIoQueryStandardInfo");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &basic, sizeof basic, FileBasicInformation) ==
                  STATUS_SUCCESS &&
              basic.FileAttributes == 0x80 && fast.basics == 1,
          "FastIoQueryBasicInfo");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &network, sizeof network, FileNetworkOpenInformation) ==
                  STATUS_SUCCESS &&
              network.EndOfFile.QuadPart == 78 && fast.networks == 1,
          "FastIoQueryNetworkOpenInfo");
    CHECK(import_ZwLockFile(file, NULL, NULL, NULL, &iosb, &at, &length, 3, TRUE, TRUE) == STATUS_SUCCESS &&
              fast.locks == 1 && fast.offset == 500 && fast.key == 3,
          "FastIoLock");
    CHECK(import_ZwUnlockFile(file, &iosb, &at, &length, 4) == STATUS_SUCCESS && fast.unlocks == 1 &&
              fast.key == 4,
          "FastIoUnlockSingle");
    CHECK(requests == before, "none of these made an IRP");
    ULONG opened = cleanups;
    RtlInitUnicodeString(&name, SELF L"\\anything");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(import_ZwQueryFullAttributesFile(&oa, &network) == STATUS_SUCCESS &&
              network.EndOfFile.QuadPart == 79 && fast.opens == 1 && cleanups == opened,
          "FastIoQueryOpen answers without an open");
    fast.status = STATUS_OBJECT_NAME_NOT_FOUND;
    CHECK(import_ZwQueryFullAttributesFile(&oa, &network) == STATUS_OBJECT_NAME_NOT_FOUND,
          "or says that there is none");
    fast.handle = FALSE, fast.status = STATUS_SUCCESS;
    import_ZwQueryFullAttributesFile(&oa, &network);
    CHECK(fast.opens == 3 && cleanups == opened + 1, "when it refuses the file is opened");
    this_driver->FastIoDispatch = NULL;
}

static void creating(void) {
    HANDLE file = NULL;
    PDEVICE_OBJECT device = this_driver->DeviceObject, other = NULL;
    RtlInitUnicodeString(&name, SELF L"\\hint");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(IoCreateFileSpecifyDeviceObjectHint(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, 0,
                                              FILE_OPEN, 0, NULL, 0, CreateFileTypeNone, NULL, 0,
                                              device) == STATUS_SUCCESS &&
              created.DeviceObject == device,
          "IoCreateFileSpecifyDeviceObjectHint: a device of the stack");
    if (file) ZwClose(file);
    if (NT_SUCCESS(IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &other))) {
        CHECK(IoCreateFileSpecifyDeviceObjectHint(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, 0,
                                                  FILE_OPEN, 0, NULL, 0, CreateFileTypeNone, NULL, 0,
                                                  other) == STATUS_INVALID_DEVICE_OBJECT_PARAMETER,
              "STATUS_INVALID_DEVICE_OBJECT_PARAMETER: it is not attached to the stack");
        IoDeleteDevice(other);
    }
    IO_DRIVER_CREATE_CONTEXT context;
    IoInitializeDriverCreateContext(&context);
    context.DeviceObjectHint = device;
    CHECK(IoCreateFileEx(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, FILE_SHARE_READ,
                         FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, CreateFileTypeNone, NULL, 0x800,
                         &context) == STATUS_SUCCESS &&
              created.Parameters.Create.Options == (FILE_OPEN_IF << 24 | FILE_SYNCHRONOUS_IO_NONALERT),
          "IoCreateFileEx: disposition and options");
    SHARE_ACCESS state;
    FILE_OBJECT first = {0};
    IoSetShareAccess(FILE_READ_DATA, 0, &first, &state);
    CHECK(IoCheckShareAccess(FILE_READ_DATA, 0, created.FileObject, &state, TRUE) == STATUS_SUCCESS &&
              state.OpenCount == 1,
          "IO_IGNORE_SHARE_ACCESS_CHECK: IoCheckShareAccess does not check the file");
    ZwClose(file);
    file = NULL;
    CHECK(IoCreateFile(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0,
                       NULL, 0, CreateFileTypeNone, NULL, 0) == STATUS_ACCESS_VIOLATION,
          "IoCreateFile in a user's thread probes its parameters, which are kernel addresses here");
    CHECK(IoCreateFile(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0,
                       NULL, 0, CreateFileTypeNone, NULL, 0x100 | 0xc) == STATUS_SUCCESS &&
              (created.Flags & 0xc) == 0xc,
          "IO_NO_PARAMETER_CHECKING overrides that; SL_OPEN_TARGET_DIRECTORY and SL_STOP_ON_SYMLINK come "
          "from the options");
    if (file) {
        CHECK(IoCheckShareAccess(FILE_READ_DATA, 0, created.FileObject, &state, FALSE) ==
                      STATUS_SHARING_VIOLATION &&
                  IoSetFileObjectIgnoreSharing(created.FileObject) == STATUS_SUCCESS &&
                  IoCheckShareAccess(FILE_READ_DATA, 0, created.FileObject, &state, FALSE) == STATUS_SUCCESS,
              "IoSetFileObjectIgnoreSharing");
        CHECK(IoSetFileOrigin(created.FileObject, TRUE) == STATUS_SUCCESS &&
                  (created.FileObject->Flags & FO_REMOTE_ORIGIN) &&
                  IoSetFileOrigin(created.FileObject, TRUE) == STATUS_INVALID_PARAMETER_MIX &&
                  IoSetFileOrigin(created.FileObject, FALSE) == STATUS_SUCCESS,
              "IoSetFileOrigin: STATUS_INVALID_PARAMETER_MIX when it is so already");
        ZwClose(file);
    }
}

static void streams(HANDLE file) {
    PFILE_OBJECT object = seen.FileObject, stream;
    ULONG cleaned = cleanups, closed = closes;
    HANDLE handle = NULL;
    UNREFERENCED_PARAMETER(file);
    stream = IoCreateStreamFileObject(object, NULL);
    CHECK(stream && (stream->Flags & FO_STREAM_FILE) && stream->DeviceObject == object->DeviceObject &&
              cleanups == cleaned + 1,
          "IoCreateStreamFileObject sends IRP_MJ_CLEANUP");
    ObDereferenceObject(stream);
    CHECK(closes == closed + 1, "and IRP_MJ_CLOSE comes with the last reference");
    stream = IoCreateStreamFileObjectLite(NULL, this_driver->DeviceObject);
    ObDereferenceObject(stream);
    CHECK(cleanups == cleaned + 1 && closes == closed + 2,
          "IoCreateStreamFileObjectLite sends no IRP_MJ_CLEANUP");
    stream = IoCreateStreamFileObjectEx(object, NULL, &handle);
    CHECK(handle && cleanups == cleaned + 1, "IoCreateStreamFileObjectEx gives a handle");
    ZwClose(handle);
    CHECK(cleanups == cleaned + 2 && closes == closed + 2, "closing it cleans up");
    ObDereferenceObject(stream);
    CHECK(closes == closed + 3, "and the last reference closes");
}

// nf-wdm-iocheckshareaccessex, nf-wdm-iosetshareaccessex, nf-wdm-iochecklinkshareaccess and kin
static void sharing(void) {
    FILE_OBJECT first = {0}, second = {0};
    SHARE_ACCESS state;
    LINK link = {0};
    BOOLEAN no = FALSE, yes = TRUE;
    IoSetShareAccessEx(FILE_READ_DATA, 0, &first, &state, &yes);
    CHECK(IoCheckShareAccessEx(FILE_READ_DATA, FILE_SHARE_READ, &second, &state, TRUE, &yes) ==
              STATUS_SHARING_VIOLATION,
          "IoSetShareAccessEx, IoCheckShareAccessEx: exclusive reading with write permission");
    IoSetShareAccessEx(FILE_READ_DATA, 0, &first, &state, &no);
    CHECK(first.SharedRead &&
              IoCheckShareAccessEx(FILE_READ_DATA, 0, &second, &state, TRUE, &no) == STATUS_SUCCESS &&
              state.OpenCount == 2,
          "without write permission it is downgraded to FILE_SHARE_READ");
    import_IoSetLinkShareAccess(DELETE, FILE_SHARE_DELETE, &first, &state, &link, 0);
    CHECK(link.OpenCount == 1 && link.Deleters == 1 && link.SharedDelete == 1 && state.OpenCount == 1,
          "IoSetLinkShareAccess counts in both");
    CHECK(import_IoCheckLinkShareAccess(DELETE, 0, &second, &state, &link, 0) == STATUS_SHARING_VIOLATION,
          "IoCheckLinkShareAccess: the first deletes, the second does not share that");
    CHECK(import_IoCheckLinkShareAccess(DELETE, 0, &second, &state, &link, 0x10) == STATUS_SUCCESS,
          "IO_CHECK_SHARE_ACCESS_DONT_CHECK_DELETE");
    link.Deleters = 0;
    CHECK(import_IoCheckLinkShareAccess(DELETE, 0, &second, &state, &link, 0) == STATUS_SUCCESS &&
              import_IoCheckLinkShareAccess(DELETE, 0, &second, &state, &link, 0x40) ==
                  STATUS_SHARING_VIOLATION,
          "deleting is looked up at the link, with IO_CHECK_SHARE_ACCESS_FORCE_USING_SCB in ShareAccess");
    link.Deleters = 1;
    second.DeleteAccess = FALSE;
    CHECK(import_IoCheckLinkShareAccess(DELETE, FILE_SHARE_DELETE, &second, &state, &link, 2) ==
                  STATUS_SUCCESS &&
              !second.DeleteAccess && state.OpenCount == 1,
          "IO_CHECK_SHARE_ACCESS_DONT_UPDATE_FILE_OBJECT");
    CHECK(import_IoCheckLinkShareAccess(DELETE, FILE_SHARE_DELETE, &second, &state, &link, 1) ==
                  STATUS_SUCCESS &&
              second.DeleteAccess && state.OpenCount == 2 && link.OpenCount == 2,
          "IO_CHECK_SHARE_ACCESS_UPDATE_SHARE_ACCESS");
    import_IoRemoveLinkShareAccess(&second, &state, &link);
    CHECK(state.OpenCount == 1 && link.OpenCount == 1, "IoRemoveLinkShareAccess");
    import_IoUpdateLinkShareAccess(&second, &state, &link);
    CHECK(state.OpenCount == 2 && link.OpenCount == 2, "IoUpdateLinkShareAccess");
    import_IoRemoveLinkShareAccessEx(&second, &state, &link, 0);
    import_IoUpdateLinkShareAccessEx(&second, &state, &link, 0);
    CHECK(state.OpenCount == 2 && link.OpenCount == 2 && link.SharedDelete == 2, "and their Ex forms");
}

static ULONG unlock_alls;
static BOOLEAN NTAPI fast_unlock_all(PFILE_OBJECT file, PEPROCESS process, PIO_STATUS_BLOCK block,
                                     PDEVICE_OBJECT device) {
    if (process == PsGetCurrentProcess()) ++unlock_alls;
    return (BOOLEAN)fast_answer(block, 0);
}

// A second handle, of the current process.
static HANDLE handle_here(PFILE_OBJECT object) {
    HANDLE handle = NULL;
    ObOpenObjectByPointer(object, 0, NULL, FILE_READ_DATA, TYPE_OF(IoFileObjectType), KernelMode, &handle);
    return handle;
}

// ns-wdm-_file_object (LockOperation), FAST_IO_DISPATCH; two handles in two processes: the system's and ours.
static void unlocking_all(void) {
    HANDLE file = open(SELF L"\\file", FILE_ALL_ACCESS, FILE_SYNCHRONOUS_IO_NONALERT), here, twin;
    PFILE_OBJECT object;
    LARGE_INTEGER zero = {.QuadPart = 0}, one = {.QuadPart = 1};
    if (!NT_SUCCESS(
            ObReferenceObjectByHandle(file, 0, TYPE_OF(IoFileObjectType), KernelMode, (PVOID*)&object, NULL)))
        return;
    here = handle_here(object);
    ULONG before = requests, cleaned = cleanups;
    ZwClose(here);
    CHECK(!object->LockOperation && requests == before,
          "a file that was never locked: no IRP_MN_UNLOCK_ALL when a process closes its last handle");
    here = handle_here(object), twin = handle_here(object);
    import_ZwLockFile(here, NULL, NULL, NULL, &iosb, &zero, &one, 0, TRUE, TRUE);
    before = requests;
    ZwClose(twin);
    CHECK(object->LockOperation && requests == before, "nor when it keeps another handle");
    ZwClose(here);
    CHECK(requests == before + 1 && seen.MajorFunction == IRP_MJ_LOCK_CONTROL &&
              seen.MinorFunction == IRP_MN_UNLOCK_ALL && seen.FileObject == object &&
              !seen.Parameters.LockControl.Length && cleanups == cleaned,
          "the last one: IRP_MN_UNLOCK_ALL, and no cleanup");
    fast_table.FastIoUnlockAll = fast_unlock_all;
    this_driver->FastIoDispatch = &fast_table;
    fast.handle = TRUE, fast.status = STATUS_SUCCESS;
    ZwClose(handle_here(object));
    CHECK(unlock_alls == 1 && requests == before + 1, "FastIoUnlockAll is asked first, with the process");
    fast.handle = FALSE;
    ZwClose(handle_here(object));
    CHECK(unlock_alls == 2 && requests == before + 2, "and when it refuses, the request is made");
    this_driver->FastIoDispatch = NULL;
    before = requests;
    ZwClose(file);
    CHECK(requests == before && cleanups == cleaned + 1, "the last handle of all: cleanup alone");
    ObDereferenceObject(object);
}

static void checks(void) {
    HANDLE file = open(SELF L"\\file", FILE_ALL_ACCESS, FILE_SYNCHRONOUS_IO_NONALERT);
    CHECK(file != NULL, "the driver's own device opens");
    if (!file) return;
    directories(file);
    attributes(file);
    quotas(file);
    locks(file);
    volumes(file);
    renaming(file);
    information(file);
    PFILE_OBJECT object = seen.FileObject;
    creating();
    fast_io(file, object);
    import_ZwFlushBuffersFileEx(file, 0, NULL, 0, &iosb);
    streams(file);
    ZwClose(file);
    sharing();
    unlocking_all();
}
