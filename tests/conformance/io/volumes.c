// Volumes without a file system of their own: devices of several types that answer queries about a volume,
// and remember what they were asked. \\.\VolDisk, \\.\VolRemovable, \\.\VolCd, \\.\VolRam, \\.\VolNet,
// \\.\VolOdd;
// \\.\VolRefuses does not open. \\.\Volumes tells what was seen.
#include <ntifs.h>

#include "volumes.h"

static const struct {
    PCWSTR name, link;
    DEVICE_TYPE type;
    ULONG characteristics;
} kinds[] = {{L"\\Device\\Volumes", L"\\??\\Volumes", FILE_DEVICE_UNKNOWN, 0},
             {L"\\Device\\VolDisk", L"\\??\\VolDisk", FILE_DEVICE_DISK, 0},
             {L"\\Device\\VolRemovable", L"\\??\\VolRemovable", FILE_DEVICE_DISK, FILE_REMOVABLE_MEDIA},
             {L"\\Device\\VolCd", L"\\??\\VolCd", FILE_DEVICE_CD_ROM, FILE_REMOVABLE_MEDIA},
             {L"\\Device\\VolRam", L"\\??\\VolRam", FILE_DEVICE_VIRTUAL_DISK, 0},
             {L"\\Device\\VolNet", L"\\??\\VolNet", FILE_DEVICE_NETWORK_FILE_SYSTEM, FILE_REMOTE_DEVICE},
             {L"\\Device\\VolOdd", L"\\??\\VolOdd", FILE_DEVICE_UNKNOWN, 0},
             {L"\\Device\\VolRefuses", L"\\??\\VolRefuses", FILE_DEVICE_DISK, 0}};
enum { volumes = 0, refuses = 7, count = 8 };
static PDEVICE_OBJECT devices[count];
static struct seen seen;

static NTSTATUS done(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS query(PIRP irp, PIO_STACK_LOCATION s) {
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    ULONG class = (ULONG)s->Parameters.QueryVolume.FsInformationClass;
    if (seen.queries < 8) seen.classes[seen.queries++] = class;
    switch (class) {
    case FileFsVolumeInformation: {
        PFILE_FS_VOLUME_INFORMATION volume = buffer;
        volume->VolumeSerialNumber = 0x1234abcd;
        volume->VolumeLabelLength = 8;
        RtlCopyMemory(volume->VolumeLabel, L"DISK", 8);
        return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel) + 8);
    }
    case FileFsAttributeInformation: {
        PFILE_FS_ATTRIBUTE_INFORMATION attribute = buffer;
        attribute->FileSystemAttributes = FILE_CASE_PRESERVED_NAMES;
        attribute->MaximumComponentNameLength = 255;
        attribute->FileSystemNameLength = 6;
        RtlCopyMemory(attribute->FileSystemName, L"LAB", 6);
        return done(irp, STATUS_SUCCESS, FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName) + 6);
    }
    case FileFsSizeInformation: {
        PFILE_FS_SIZE_INFORMATION size = buffer;
        size->TotalAllocationUnits.QuadPart = 0x200000000;
        size->AvailableAllocationUnits.QuadPart = 1000;
        size->SectorsPerAllocationUnit = 8;
        size->BytesPerSector = 512;
        return done(irp, STATUS_SUCCESS, sizeof *size);
    }
    case FileFsFullSizeInformation: {
        PFILE_FS_FULL_SIZE_INFORMATION size = buffer;
        size->TotalAllocationUnits.QuadPart = 0x200000000;
        size->CallerAvailableAllocationUnits.QuadPart = 900;
        size->ActualAvailableAllocationUnits.QuadPart = 1000;
        size->SectorsPerAllocationUnit = 8;
        size->BytesPerSector = 512;
        return done(irp, STATUS_SUCCESS, sizeof *size);
    }
    default:
        return done(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    switch (s->MajorFunction) {
    case IRP_MJ_CREATE:
        if (device == devices[refuses]) return done(irp, STATUS_DEVICE_NOT_READY, 0);
        if (device != devices[volumes]) {
            RtlZeroMemory(&seen, sizeof seen);
            seen.options = s->Parameters.Create.Options & 0xffffff;
            seen.access = s->Parameters.Create.SecurityContext->DesiredAccess;
            seen.share = s->Parameters.Create.ShareAccess;
            seen.name_length = s->FileObject->FileName.Length;
        }
        return done(irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return done(irp, STATUS_SUCCESS, 0);
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        return query(irp, s);
    case IRP_MJ_DEVICE_CONTROL:
        if (s->Parameters.DeviceIoControl.IoControlCode != IOCTL_VOLUMES_SEEN ||
            s->Parameters.DeviceIoControl.OutputBufferLength < sizeof seen)
            break;
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &seen, sizeof seen);
        return done(irp, STATUS_SUCCESS, sizeof seen);
    }
    return done(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    for (int i = 0; i < count; ++i) {
        RtlInitUnicodeString(&link, kinds[i].link);
        IoDeleteSymbolicLink(&link);
    }
    while (driver->DeviceObject)
        IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(path);
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    driver->DriverUnload = unload;
    for (int i = 0; i < count; ++i) {
        UNICODE_STRING name, link;
        RtlInitUnicodeString(&name, kinds[i].name);
        RtlInitUnicodeString(&link, kinds[i].link);
        NTSTATUS status =
            IoCreateDevice(driver, 0, &name, kinds[i].type, kinds[i].characteristics, FALSE, &devices[i]);
        if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
        if (!NT_SUCCESS(status)) {
            unload(driver);
            return status;
        }
    }
    return STATUS_SUCCESS;
}
