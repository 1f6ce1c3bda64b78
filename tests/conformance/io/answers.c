// A function driver that answers every major function from one table, at \\.\Answers, \\.\pipe and
// \\.\mailslot: what a scenario needs at the bottom of a stack.
#include <ntifs.h>

#include "majors.h"

typedef NTSTATUS ANSWER(PDEVICE_OBJECT, PIRP, PIO_STACK_LOCATION);

static NTSTATUS done(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS succeed(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    (void)device, (void)s;
    return done(irp, STATUS_SUCCESS, 0);
}

static FILE_SEEN seen;

static ULONG keep(PUCHAR to, const void* from, ULONG length) {
    RtlZeroMemory(to, 32);
    RtlCopyMemory(to, from, length < 32 ? length : 32);
    return length;
}

static NTSTATUS create(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    seen.options = s->Parameters.Create.Options;
    seen.name_length = keep(seen.name, s->FileObject->FileName.Buffer, s->FileObject->FileName.Length);
    // A name that begins with "missing" is of no file.
    PUNICODE_STRING name = &s->FileObject->FileName;
    if (name->Length >= 16 && RtlCompareMemory(name->Buffer, L"\\missing", 16) == 16)
        return done(irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
    if (s->MajorFunction == IRP_MJ_CREATE) return done(irp, STATUS_SUCCESS, FILE_OPENED);
    return done(irp, STATUS_SUCCESS, FILE_CREATED);
}

static NTSTATUS transfer(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    ULONG length = s->Parameters.Read.Length;
    if (s->MajorFunction == IRP_MJ_READ && length)
        RtlFillMemory(irp->AssociatedIrp.SystemBuffer, length, 'r');
    return done(irp, STATUS_SUCCESS, length);
}

static NTSTATUS query_file(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    ULONG *words = buffer, class = s->Parameters.QueryFile.FileInformationClass;
    switch (class) {
    case FileBasicInformation:
        ((PFILE_BASIC_INFORMATION)buffer)->FileAttributes = FILE_ATTRIBUTE_ARCHIVE;
        return done(irp, STATUS_SUCCESS, sizeof(FILE_BASIC_INFORMATION));
    case FileStandardInformation:
        ((PFILE_STANDARD_INFORMATION)buffer)->EndOfFile.QuadPart = 12345;
        return done(irp, STATUS_SUCCESS, sizeof(FILE_STANDARD_INFORMATION));
    case FileStreamInformation: {
        PFILE_STREAM_INFORMATION stream = buffer;
        if (s->Parameters.QueryFile.Length < 96) return done(irp, STATUS_BUFFER_OVERFLOW, 0);
        stream->NextEntryOffset = 40, stream->StreamNameLength = 14, stream->StreamSize.QuadPart = 5;
        RtlCopyMemory(stream->StreamName, L"::$DATA", 14);
        stream = (PVOID)((PUCHAR)buffer + 40);
        stream->NextEntryOffset = 0, stream->StreamNameLength = 22, stream->StreamSize.QuadPart = 6;
        RtlCopyMemory(stream->StreamName, L":more:$DATA", 22);
        return done(irp, STATUS_SUCCESS, 40 + FIELD_OFFSET(FILE_STREAM_INFORMATION, StreamName) + 22);
    }
    case FileEaInformation:
        words[0] = 4 + 4 + 2 + 2;
        return done(irp, STATUS_SUCCESS, 4);
    case FileMailslotQueryInformation:
        words[0] = 100, words[1] = 1000, words[2] = 7, words[3] = 2;
        *(LONGLONG*)(words + 4) = -50000;
        return done(irp, STATUS_SUCCESS, 24);
    case FilePipeInformation:
        words[0] = 1, words[1] = 1;
        return done(irp, STATUS_SUCCESS, 8);
    case FilePipeLocalInformation:
        words[0] = 1, words[1] = 2, words[2] = 3, words[3] = 4, words[4] = 512, words[6] = 1024, words[9] = 1;
        return done(irp, STATUS_SUCCESS, 40);
    }
    return done(irp, STATUS_INVALID_PARAMETER, 0);
}

static NTSTATUS query_volume(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    if (s->Parameters.QueryVolume.FsInformationClass == FileFsVolumeInformation) {
        PFILE_FS_VOLUME_INFORMATION volume = buffer;
        volume->VolumeSerialNumber = 0x12345678;
        volume->VolumeLabelLength = 14;
        RtlCopyMemory(volume->VolumeLabel, L"ANSWERS", 14);
        return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel) + 14);
    }
    if (s->Parameters.QueryVolume.FsInformationClass == FileFsAttributeInformation) {
        PFILE_FS_ATTRIBUTE_INFORMATION attribute = buffer;
        attribute->FileSystemAttributes = 3;
        attribute->MaximumComponentNameLength = 255;
        attribute->FileSystemNameLength = 8;
        RtlCopyMemory(attribute->FileSystemName, L"ANFS", 8);
        return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName) + 8);
    }
    return done(irp, STATUS_INVALID_PARAMETER, 0);
}

static WCHAR renamed[200];
static ULONG renamed_bytes;

static NTSTATUS set_file(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    PFILE_RENAME_INFORMATION rename = irp->AssociatedIrp.SystemBuffer;
    ULONG class = s->Parameters.SetFile.FileInformationClass;
    seen.information_class = class;
    seen.length = keep(seen.data, rename, s->Parameters.SetFile.Length);
    if (class == FileRenameInformation || class == FileRenameInformationEx) {
        renamed_bytes = rename->FileNameLength < sizeof renamed ? rename->FileNameLength : sizeof renamed;
        RtlCopyMemory(renamed, rename->FileName, renamed_bytes);
    }
    return done(irp, STATUS_SUCCESS, 0);
}

// Two files in every directory; a notification tells at once of one.
static NTSTATUS directory(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    static const PCWSTR names[] = {L"one.txt", L"two.txt"};
    PUCHAR to = irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR* at = (ULONG_PTR*)&s->FileObject->FsContext;
    if (s->MinorFunction != IRP_MN_QUERY_DIRECTORY) {
        PFILE_NOTIFY_INFORMATION tell = (PVOID)to;
        if (s->Parameters.NotifyDirectory.Length < 32) return done(irp, STATUS_NOTIFY_ENUM_DIR, 0);
        tell->NextEntryOffset = 0, tell->Action = 1, tell->FileNameLength = 14;
        RtlCopyMemory(tell->FileName, names[0], 14);
        return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + 14);
    }
    if (s->Flags & SL_RESTART_SCAN) *at = 0;
    if (*at >= 2) return done(irp, STATUS_NO_MORE_FILES, 0);
    if (s->Parameters.QueryDirectory.FileInformationClass != FileBothDirectoryInformation)
        return done(irp, STATUS_INVALID_INFO_CLASS, 0);
    PFILE_BOTH_DIR_INFORMATION entry = (PVOID)to;
    RtlZeroMemory(entry, sizeof *entry);
    entry->FileNameLength = 14, entry->EndOfFile.QuadPart = 100 + (LONGLONG)*at;
    RtlCopyMemory(entry->FileName, names[(*at)++], 14);
    return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName) + 14);
}

static NTSTATUS query_ea(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    PFILE_FULL_EA_INFORMATION ea = irp->AssociatedIrp.SystemBuffer;
    if (s->Parameters.QueryEa.Length < 16) return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
    RtlZeroMemory(ea, 16);
    ea->EaNameLength = 2, ea->EaValueLength = 2;
    RtlCopyMemory(ea->EaName, "EA\0xy", 5);
    return done(irp, STATUS_SUCCESS, 13);
}

static struct {
    BOOLEAN held;
    LONGLONG offset, length;
} range;

static NTSTATUS lock(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    LONGLONG offset = s->Parameters.LockControl.ByteOffset.QuadPart;
    LONGLONG length = s->Parameters.LockControl.Length->QuadPart;
    if (s->MinorFunction == IRP_MN_LOCK) {
        if (range.held) return done(irp, STATUS_LOCK_NOT_GRANTED, 0);
        range.held = TRUE, range.offset = offset, range.length = length;
        return done(irp, STATUS_SUCCESS, 0);
    }
    if (!range.held || range.offset != offset || range.length != length)
        return done(irp, STATUS_RANGE_NOT_LOCKED, 0);
    range.held = FALSE;
    return done(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS file_system_control(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    UNREFERENCED_PARAMETER(device);
    ULONG* words = irp->AssociatedIrp.SystemBuffer;
    switch (s->Parameters.FileSystemControl.FsControlCode) {
    case 0x110008: // FSCTL_PIPE_LISTEN
        return done(irp, STATUS_PIPE_CONNECTED, 0);
    case 0x11400c: // FSCTL_PIPE_PEEK
        words[0] = 3, words[1] = 4, words[2] = 1, words[3] = 4;
        if (s->Parameters.FileSystemControl.OutputBufferLength < 20)
            return done(irp, STATUS_BUFFER_OVERFLOW, 16);
        RtlCopyMemory(words + 4, "peek", 4);
        return done(irp, STATUS_SUCCESS, 20);
    case 0x11c017: // FSCTL_PIPE_TRANSCEIVE, METHOD_NEITHER
        if (s->Parameters.FileSystemControl.OutputBufferLength < 4) {
            RtlCopyMemory(irp->UserBuffer, "told", s->Parameters.FileSystemControl.OutputBufferLength);
            return done(irp, STATUS_BUFFER_OVERFLOW, s->Parameters.FileSystemControl.OutputBufferLength);
        }
        RtlCopyMemory(irp->UserBuffer, "told", 4);
        return done(irp, STATUS_SUCCESS, 4);
    case 0x110018: // FSCTL_PIPE_WAIT
        return done(irp, STATUS_IO_TIMEOUT, 0);
    }
    return done(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI sent(PDEVICE_OBJECT device, PIRP irp, PVOID event) {
    (void)device, (void)irp;
    KeSetEvent(event, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

// Requests that nobody makes for a driver: PnP, power, system control, internal control.
static NTSTATUS send(PDEVICE_OBJECT device, PIRP irp) {
    SEND what = *(SEND*)irp->AssociatedIrp.SystemBuffer;
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);
    PIRP made = IoAllocateIrp(top->StackSize, FALSE);
    KEVENT event;
    if (!made) {
        ObDereferenceObject(top);
        return done(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    made->IoStatus.Status = what.preset;
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(made);
    next->MajorFunction = what.major, next->MinorFunction = what.minor;
    RtlCopyMemory(&next->Parameters, what.words, sizeof what.words);
    IoSetCompletionRoutine(made, sent, &event, TRUE, TRUE, TRUE);
    NTSTATUS status = what.major == IRP_MJ_POWER ? PoCallDriver(top, made) : IoCallDriver(top, made);
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    SENT* answer = irp->AssociatedIrp.SystemBuffer;
    answer->status = made->IoStatus.Status;
    answer->information = (unsigned)made->IoStatus.Information;
    IoFreeIrp(made);
    ObDereferenceObject(top);
    return done(irp, STATUS_SUCCESS, sizeof *answer);
}

static NTSTATUS control(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    switch (s->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_ANSWERS_SEND:
        return send(device, irp);
    case IOCTL_ANSWERS_FILE_SEEN:
        if (s->Parameters.DeviceIoControl.OutputBufferLength < sizeof seen)
            return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
        *(FILE_SEEN*)irp->AssociatedIrp.SystemBuffer = seen;
        return done(irp, STATUS_SUCCESS, sizeof seen);
    case IOCTL_ANSWERS_RENAMED:
        if (s->Parameters.DeviceIoControl.OutputBufferLength < renamed_bytes)
            return done(irp, STATUS_BUFFER_TOO_SMALL, 0);
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, renamed, renamed_bytes);
        return done(irp, STATUS_SUCCESS, renamed_bytes);
    case IOCTL_ANSWERS_IN:
    case IOCTL_ANSWERS_OUT:
    case IOCTL_ANSWERS_NEITHER:
        return done(irp, STATUS_SUCCESS, 0);
    }
    return done(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS power(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    if (s->MinorFunction == IRP_MN_SET_POWER && s->Parameters.Power.Type == DevicePowerState)
        PoSetPowerState(device, DevicePowerState, s->Parameters.Power.State);
    PoStartNextPowerIrp(irp);
    return done(irp, STATUS_SUCCESS, 0);
}

// "Drivers that do not handle a PnP or system control request leave its status": irp-mj-pnp,
// irp-mj-system-control.
static NTSTATUS leave(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION s) {
    (void)device, (void)s;
    NTSTATUS status = irp->IoStatus.Status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static ANSWER* const answers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = create,
    [IRP_MJ_CREATE_NAMED_PIPE] = create,
    [IRP_MJ_CREATE_MAILSLOT] = create,
    [IRP_MJ_CLOSE] = succeed,
    [IRP_MJ_CLEANUP] = succeed,
    [IRP_MJ_READ] = transfer,
    [IRP_MJ_WRITE] = transfer,
    [IRP_MJ_QUERY_INFORMATION] = query_file,
    [IRP_MJ_SET_INFORMATION] = set_file,
    [IRP_MJ_QUERY_EA] = query_ea,
    [IRP_MJ_SET_EA] = succeed,
    [IRP_MJ_FLUSH_BUFFERS] = succeed,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = query_volume,
    [IRP_MJ_SET_VOLUME_INFORMATION] = succeed,
    [IRP_MJ_DIRECTORY_CONTROL] = directory,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = file_system_control,
    [IRP_MJ_DEVICE_CONTROL] = control,
    [IRP_MJ_INTERNAL_DEVICE_CONTROL] = succeed,
    [IRP_MJ_SHUTDOWN] = succeed,
    [IRP_MJ_LOCK_CONTROL] = lock,
    [IRP_MJ_QUERY_SECURITY] = succeed,
    [IRP_MJ_SET_SECURITY] = succeed,
    [IRP_MJ_POWER] = power,
    [IRP_MJ_SYSTEM_CONTROL] = leave,
    [IRP_MJ_DEVICE_CHANGE] = succeed,
    [IRP_MJ_QUERY_QUOTA] = succeed,
    [IRP_MJ_SET_QUOTA] = succeed,
    [IRP_MJ_PNP] = leave,
};

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    return answers[s->MajorFunction](device, irp, s);
}

// \??\PIPE and \??\MAILSLOT are the session manager's.
static const struct {
    PCWSTR device, link;
    DEVICE_TYPE type;
} devices[] = {{L"\\Device\\Answers", L"\\??\\Answers", FILE_DEVICE_UNKNOWN},
               {L"\\Device\\NamedPipe", NULL, FILE_DEVICE_NAMED_PIPE},
               {L"\\Device\\Mailslot", NULL, FILE_DEVICE_MAILSLOT}};

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, devices[0].link);
    IoDeleteSymbolicLink(&link);
    while (driver->DeviceObject)
        IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(path);
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    driver->DriverUnload = unload;
    for (int i = 0; i < 3; ++i) {
        UNICODE_STRING name, link;
        PDEVICE_OBJECT device;
        RtlInitUnicodeString(&name, devices[i].device);
        RtlInitUnicodeString(&link, devices[i].link);
        NTSTATUS status = IoCreateDevice(driver, 0, &name, devices[i].type, 0, FALSE, &device);
        if (NT_SUCCESS(status) && devices[i].link) status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status)) {
            unload(driver);
            return status;
        }
        device->Flags |= DO_BUFFERED_IO;
    }
    return STATUS_SUCCESS;
}
