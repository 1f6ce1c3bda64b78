// Files by handle: nf-wdm-zwcreatefile, nf-ntddk-zwdeviceiocontrolfile, nf-wdm-zwreadfile,
// nf-wdm-zwwritefile, nf-ntifs-zwflushbuffersfile, nf-wdm-zwqueryinformationfile,
// nf-wdm-zwsetinformationfile, nf-ntifs-zwqueryvolumeinformationfile, nf-ntifs-zwdeletefile.
#define TOPIC L"ZwFile"
#define OWN_DISPATCH
#define DEVICE_FLAGS DO_BUFFERED_IO
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwReadFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
       PULONG);
IMPORT(NTSTATUS, ZwWriteFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
       PULONG);
IMPORT(NTSTATUS, ZwDeviceIoControlFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG,
       PVOID, ULONG);
IMPORT(NTSTATUS, ZwFsControlFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG, PVOID,
       ULONG);
IMPORT(NTSTATUS, ZwFlushBuffersFile, HANDLE, PIO_STATUS_BLOCK);
IMPORT(NTSTATUS, ZwQueryInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwSetInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwQueryVolumeInformationFile, HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FS_INFORMATION_CLASS);
IMPORT(NTSTATUS, ZwCancelIoFile, HANDLE, PIO_STATUS_BLOCK);
IMPORT(NTSTATUS, ZwCancelIoFileEx, HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK);
IMPORT(NTSTATUS, ZwDeleteFile, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwQueryAttributesFile, POBJECT_ATTRIBUTES, PVOID);

#define BAD ((HANDLE)0x7ffc)
#define CODE_FLIP CTL_CODE(FILE_DEVICE_UNKNOWN, 0x810, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x811, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_NEEDS_WRITE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x812, METHOD_BUFFERED, FILE_WRITE_ACCESS)

static ULONG flushes, deletes;
static LONGLONG last_offset;
static ULONG last_key;
static PIRP waiting;

static VOID NTAPI cancelled(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    waiting = NULL;
    complete(irp, STATUS_CANCELLED, 0);
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    PUCHAR buffer = irp->AssociatedIrp.SystemBuffer;
    switch (stack->MajorFunction) {
    case IRP_MJ_CREATE:
        deletes += (stack->Parameters.Create.Options & FILE_DELETE_ON_CLOSE) != 0;
        return complete(irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
        last_offset = stack->Parameters.Read.ByteOffset.QuadPart, last_key = stack->Parameters.Read.Key;
        if (last_offset >= 1000) return complete(irp, STATUS_END_OF_FILE, 0);
        RtlFillMemory(buffer, stack->Parameters.Read.Length, 0x61);
        // "the file system still updates CurrentByteOffset" (nf-fltkernel-fltreadfile)
        stack->FileObject->CurrentByteOffset.QuadPart = last_offset + stack->Parameters.Read.Length;
        return complete(irp, STATUS_SUCCESS, stack->Parameters.Read.Length);
    case IRP_MJ_WRITE:
        last_offset = stack->Parameters.Write.ByteOffset.QuadPart, last_key = stack->Parameters.Write.Key;
        return complete(irp, STATUS_SUCCESS, stack->Parameters.Write.Length);
    case IRP_MJ_FLUSH_BUFFERS:
        ++flushes;
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        switch (stack->Parameters.DeviceIoControl.IoControlCode) {
        case CODE_FLIP:
            for (ULONG i = 0; i < stack->Parameters.DeviceIoControl.InputBufferLength; ++i)
                buffer[i] ^= 0xff;
            return complete(irp, STATUS_SUCCESS, stack->Parameters.DeviceIoControl.OutputBufferLength);
        case CODE_PEND:
            IoMarkIrpPending(irp);
            waiting = irp;
            IoSetCancelRoutine(irp, cancelled);
            return STATUS_PENDING;
        case CODE_NEEDS_WRITE:
            return complete(irp, STATUS_SUCCESS, 0);
        }
        break;
    case IRP_MJ_QUERY_INFORMATION:
        if (stack->Parameters.QueryFile.FileInformationClass == FileStandardInformation) {
            ((PFILE_STANDARD_INFORMATION)buffer)->EndOfFile.QuadPart = 1000;
            return complete(irp, STATUS_SUCCESS, sizeof(FILE_STANDARD_INFORMATION));
        }
        break;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS open_as(HANDLE* handle, PCWSTR path, ACCESS_MASK access, ULONG share, ULONG disposition,
                        ULONG options, PIO_STATUS_BLOCK iosb) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(handle, access, &oa, iosb, NULL, FILE_ATTRIBUTE_NORMAL, share, disposition, options,
                        NULL, 0);
}

#define SELF L"\\Device\\ConformZwFile"

static void opening(void) {
    HANDLE file = NULL;
    IO_STATUS_BLOCK iosb = {{0}, 77};
    CHECK(open_as(&file, SELF, GENERIC_READ | SYNCHRONIZE, 0, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT,
                  &iosb) == STATUS_SUCCESS &&
              iosb.Information == FILE_OPENED,
          "ZwCreateFile: FILE_OPENED in the status block");
    if (file) ZwClose(file);
    CHECK(open_as(&file, L"\\Device\\NobodyMadeThis", GENERIC_READ, 0, FILE_OPEN, 0, &iosb) ==
              STATUS_OBJECT_NAME_NOT_FOUND,
          "STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(open_as(&file, L"\\NoSuchDirectory\\x", GENERIC_READ, 0, FILE_OPEN, 0, &iosb) ==
              STATUS_OBJECT_PATH_NOT_FOUND,
          "STATUS_OBJECT_PATH_NOT_FOUND");
    CHECK(open_as(&file, L"Device\\x", GENERIC_READ, 0, FILE_OPEN, 0, &iosb) == STATUS_OBJECT_PATH_SYNTAX_BAD,
          "STATUS_OBJECT_PATH_SYNTAX_BAD");
    CHECK(open_as(&file, SELF, GENERIC_READ, 0, 99, 0, &iosb) == STATUS_INVALID_PARAMETER &&
              open_as(&file, SELF, GENERIC_READ, 0x1000, FILE_OPEN, 0, &iosb) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: disposition, share access");
    CHECK(open_as(&file, SELF, GENERIC_READ, 0, FILE_OPEN,
                  FILE_SYNCHRONOUS_IO_NONALERT | FILE_SYNCHRONOUS_IO_ALERT,
                  &iosb) == STATUS_INVALID_PARAMETER,
          "both kinds of synchronous I/O");
    CHECK(open_as(&file, SELF, FILE_READ_DATA, 0, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, &iosb) ==
              STATUS_INVALID_PARAMETER,
          "FILE_SYNCHRONOUS_IO_XXX needs SYNCHRONIZE");
    CHECK(open_as(&file, SELF, FILE_READ_DATA | SYNCHRONIZE, 0, FILE_OPEN,
                  FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE, &iosb) == STATUS_INVALID_PARAMETER,
          "directory and no directory");
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&name, SELF L"\\part");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    deletes = 0;
    CHECK(import_ZwDeleteFile(&oa) == STATUS_SUCCESS && deletes == 1,
          "ZwDeleteFile opens for deletion and closes");
    UCHAR info[64];
    CHECK(!NT_SUCCESS(import_ZwQueryAttributesFile(&oa, info)),
          "ZwQueryAttributesFile: the driver has no attributes");
    RtlInitUnicodeString(&name, L"\\Device\\NobodyMadeThis");
    CHECK(import_ZwDeleteFile(&oa) == STATUS_OBJECT_NAME_NOT_FOUND &&
              import_ZwQueryAttributesFile(&oa, info) == STATUS_OBJECT_NAME_NOT_FOUND,
          "both: STATUS_OBJECT_NAME_NOT_FOUND");
}

static void transfers(void) {
    HANDLE file = NULL, event = NULL;
    IO_STATUS_BLOCK iosb;
    UCHAR data[32] = {0};
    LARGE_INTEGER offset = {.QuadPart = 100};
    ULONG key = 42;
    if (!NT_SUCCESS(open_as(&file, SELF, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, 0, FILE_OPEN,
                            FILE_SYNCHRONOUS_IO_NONALERT, &iosb)))
        return;
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, data, 10, &offset, &key) == STATUS_SUCCESS &&
              iosb.Information == 10 && data[9] == 0x61 && !data[10] && last_offset == 100 && last_key == 42,
          "ZwReadFile at an offset, with a key");
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, data, 5, NULL, NULL) == STATUS_SUCCESS &&
              last_offset == 110,
          "without one at the current position that the driver keeps");
    offset.HighPart = -1, offset.LowPart = FILE_USE_FILE_POINTER_POSITION;
    CHECK(import_ZwWriteFile(file, NULL, NULL, NULL, &iosb, data, 5, &offset, NULL) == STATUS_SUCCESS &&
              last_offset == 115 && iosb.Information == 5,
          "ZwWriteFile with FILE_USE_FILE_POINTER_POSITION");
    offset.LowPart = FILE_WRITE_TO_END_OF_FILE;
    CHECK(import_ZwWriteFile(file, NULL, NULL, NULL, &iosb, data, 5, &offset, NULL) == STATUS_SUCCESS &&
              (ULONG)last_offset == FILE_WRITE_TO_END_OF_FILE,
          "FILE_WRITE_TO_END_OF_FILE reaches the driver");
    offset.QuadPart = 2000;
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, data, 5, &offset, NULL) == STATUS_END_OF_FILE,
          "the driver's status comes back");
    CHECK(import_ZwReadFile(BAD, NULL, NULL, NULL, &iosb, data, 5, &offset, NULL) == STATUS_INVALID_HANDLE &&
              import_ZwWriteFile(BAD, NULL, NULL, NULL, &iosb, data, 5, &offset, NULL) ==
                  STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    CHECK(import_ZwFlushBuffersFile(file, &iosb) == STATUS_SUCCESS && flushes == 1 &&
              import_ZwFlushBuffersFile(BAD, &iosb) == STATUS_INVALID_HANDLE,
          "ZwFlushBuffersFile");
    UCHAR in[4] = {1, 2, 3, 4}, out[4] = {0};
    CHECK(import_ZwDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, CODE_FLIP, in, 4, out, 4) ==
                  STATUS_SUCCESS &&
              out[0] == 0xfe && out[3] == 0xfb && iosb.Information == 4,
          "ZwDeviceIoControlFile");
    CHECK(import_ZwFsControlFile(file, NULL, NULL, NULL, &iosb, CODE_FLIP, in, 4, out, 2) == STATUS_SUCCESS &&
              iosb.Information == 2,
          "ZwFsControlFile");
    CHECK(import_ZwDeviceIoControlFile(file, NULL, NULL, NULL, &iosb, 0x12340, NULL, 0, NULL, 0) ==
              STATUS_INVALID_DEVICE_REQUEST,
          "a code that the driver does not know");
    ZwClose(file);

    // Asynchronous: the event, and no current position.
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    if (!NT_SUCCESS(open_as(&file, SELF, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, 0, FILE_OPEN, 0, &iosb)))
        return;
    CHECK(import_ZwReadFile(file, NULL, NULL, NULL, &iosb, data, 5, NULL, NULL) == STATUS_INVALID_PARAMETER,
          "a file for asynchronous I/O has no current position: STATUS_INVALID_PARAMETER");
    iosb.Status = STATUS_PENDING;
    LARGE_INTEGER none = {.QuadPart = 0};
    CHECK(import_ZwDeviceIoControlFile(file, event, NULL, NULL, &iosb, CODE_PEND, NULL, 0, NULL, 0) ==
                  STATUS_PENDING &&
              waiting && ZwWaitForSingleObject(event, FALSE, &none) == STATUS_TIMEOUT,
          "a request that stays: STATUS_PENDING, the event is not signaled");
    IO_STATUS_BLOCK other, result;
    CHECK(import_ZwCancelIoFileEx(file, &other, &result) == STATUS_NOT_FOUND && waiting,
          "ZwCancelIoFileEx: no request of that status block");
    CHECK(import_ZwCancelIoFileEx(file, &iosb, &result) == STATUS_SUCCESS && !waiting &&
              iosb.Status == STATUS_CANCELLED && ZwWaitForSingleObject(event, FALSE, &none) == STATUS_SUCCESS,
          "it cancels the one; the event is signaled");
    import_ZwDeviceIoControlFile(file, event, NULL, NULL, &iosb, CODE_PEND, NULL, 0, NULL, 0);
    CHECK(waiting && import_ZwCancelIoFile(file, &result) == STATUS_SUCCESS && !waiting,
          "ZwCancelIoFile cancels the thread's requests");
    CHECK(import_ZwCancelIoFile(BAD, &result) == STATUS_INVALID_HANDLE,
          "ZwCancelIoFile: STATUS_INVALID_HANDLE");
    ZwClose(file);
    ZwClose(event);
}

static void information(void) {
    HANDLE file = NULL;
    IO_STATUS_BLOCK iosb;
    union {
        FILE_POSITION_INFORMATION position;
        FILE_STANDARD_INFORMATION standard;
        FILE_MODE_INFORMATION mode;
        FILE_ACCESS_INFORMATION access;
        FILE_ALIGNMENT_INFORMATION alignment;
        FILE_FS_DEVICE_INFORMATION device;
        UCHAR bytes[128];
    } info;
    if (!NT_SUCCESS(open_as(&file, SELF, FILE_READ_DATA | SYNCHRONIZE, 0, FILE_OPEN,
                            FILE_SYNCHRONOUS_IO_NONALERT, &iosb)))
        return;
    info.position.CurrentByteOffset.QuadPart = 321;
    CHECK(import_ZwSetInformationFile(file, &iosb, &info, sizeof info.position, FilePositionInformation) ==
              STATUS_SUCCESS,
          "ZwSetInformationFile, FilePositionInformation");
    info.position.CurrentByteOffset.QuadPart = 0;
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info.position, FilePositionInformation) ==
                  STATUS_SUCCESS &&
              info.position.CurrentByteOffset.QuadPart == 321 && iosb.Information == sizeof info.position,
          "ZwQueryInformationFile gives it back, and its size in the status block");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info.mode, FileModeInformation) ==
                  STATUS_SUCCESS &&
              info.mode.Mode == FILE_SYNCHRONOUS_IO_NONALERT,
          "FileModeInformation");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info.access, FileAccessInformation) ==
                  STATUS_SUCCESS &&
              info.access.AccessFlags == (FILE_READ_DATA | SYNCHRONIZE),
          "FileAccessInformation");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info.alignment,
                                        FileAlignmentInformation) == STATUS_SUCCESS &&
              info.alignment.AlignmentRequirement == this_driver->DeviceObject->AlignmentRequirement,
          "FileAlignmentInformation");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info.standard, FileStandardInformation) ==
                  STATUS_SUCCESS &&
              info.standard.EndOfFile.QuadPart == 1000,
          "FileStandardInformation comes from the driver");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, 4, FileStandardInformation) ==
              STATUS_INFO_LENGTH_MISMATCH,
          "STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ZwQueryInformationFile(file, &iosb, &info, sizeof info, (FILE_INFORMATION_CLASS)0x7777) ==
                  STATUS_INVALID_INFO_CLASS &&
              import_ZwSetInformationFile(file, &iosb, &info, sizeof info, (FILE_INFORMATION_CLASS)0x7777) ==
                  STATUS_INVALID_INFO_CLASS,
          "STATUS_INVALID_INFO_CLASS");
    CHECK(import_ZwQueryInformationFile(BAD, &iosb, &info, sizeof info.mode, FileModeInformation) ==
                  STATUS_INVALID_HANDLE &&
              import_ZwSetInformationFile(BAD, &iosb, &info, sizeof info.position, FilePositionInformation) ==
                  STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    CHECK(import_ZwQueryVolumeInformationFile(file, &iosb, &info, sizeof info.device,
                                              FileFsDeviceInformation) == STATUS_SUCCESS &&
              info.device.DeviceType == FILE_DEVICE_UNKNOWN &&
              info.device.Characteristics == this_driver->DeviceObject->Characteristics,
          "ZwQueryVolumeInformationFile, FileFsDeviceInformation");
    CHECK(import_ZwQueryVolumeInformationFile(file, &iosb, &info, sizeof info,
                                              (FS_INFORMATION_CLASS)0x7777) == STATUS_INVALID_INFO_CLASS &&
              import_ZwQueryVolumeInformationFile(BAD, &iosb, &info, sizeof info.device,
                                                  FileFsDeviceInformation) == STATUS_INVALID_HANDLE,
          "its class and handle");
    ZwClose(file);
}

static void checks(void) {
    opening();
    transfers();
    information();
}
