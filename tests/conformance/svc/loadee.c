// See loadee.h. wdm pages nc-wdm-driver_initialize, ns-wdm-_driver_object; ntddk page
// nf-ntddk-ioregisterdriverreinitialization.
#include <ntifs.h>

#include "loadee.h"

static ULONG facts;
static WCHAR device_text[80], link_text[80];
static UNICODE_STRING device_name = {0, sizeof device_text, device_text},
                      link_name = {0, sizeof link_text, link_text};
static BOOLEAN leaves;

static ULONG parameter(PUNICODE_STRING path, PCWSTR name) {
    UCHAR buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(ULONG)];
    KEY_VALUE_PARTIAL_INFORMATION* value = (PVOID)buffer;
    WCHAR text[200];
    UNICODE_STRING key_name = {0, sizeof text, text}, value_name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    ULONG size, number = 0;
    RtlAppendUnicodeStringToString(&key_name, path);
    RtlAppendUnicodeToString(&key_name, L"\\Parameters");
    InitializeObjectAttributes(&attributes, &key_name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return 0;
    RtlInitUnicodeString(&value_name, name);
    if (NT_SUCCESS(
            ZwQueryValueKey(key, &value_name, KeyValuePartialInformation, buffer, sizeof buffer, &size)) &&
        value->DataLength == sizeof(ULONG))
        number = *(ULONG*)value->Data;
    ZwClose(key);
    return number;
}

static BOOLEAN starts_with(PUNICODE_STRING text, PCWSTR prefix) {
    UNICODE_STRING p;
    RtlInitUnicodeString(&p, prefix);
    return RtlPrefixUnicodeString(&p, text, TRUE);
}

// The last part of a path.
static UNICODE_STRING last_part(PUNICODE_STRING path) {
    UNICODE_STRING part = *path;
    for (USHORT i = 0; i < path->Length / sizeof(WCHAR); ++i)
        if (path->Buffer[i] == L'\\')
            part.Buffer = path->Buffer + i + 1, part.Length = path->Length - (i + 1) * sizeof(WCHAR);
    return part;
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    NTSTATUS status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        status = STATUS_INVALID_DEVICE_REQUEST;
        if (stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_LOADEE_FACTS &&
            stack->Parameters.DeviceIoControl.OutputBufferLength >= sizeof(ULONG)) {
            *(ULONG*)irp->AssociatedIrp.SystemBuffer = facts;
            irp->IoStatus.Information = sizeof(ULONG);
            status = STATUS_SUCCESS;
        }
    }
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    if (link_name.Length) IoDeleteSymbolicLink(&link_name);
    if (driver->DeviceObject && !leaves) IoDeleteDevice(driver->DeviceObject);
}

static NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    (void)driver, (void)pdo;
    return STATUS_SUCCESS;
}

DRIVER_INITIALIZE DriverEntry;

static VOID NTAPI reinitialize(PDRIVER_OBJECT driver, PVOID context, ULONG count) {
    if (context == &facts && count == 1 && driver->DriverInit == DriverEntry) facts |= LOADEE_REINITIALIZED;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    if (PsGetCurrentProcess() == *(PEPROCESS*)PsInitialSystemProcess ||
        PsGetCurrentProcess() == (PEPROCESS)PsInitialSystemProcess)
        facts |= LOADEE_SYSTEM_PROCESS;
    if (IoIsSystemThread(PsGetCurrentThread())) facts |= LOADEE_SYSTEM_THREAD;
    if (KeGetCurrentIrql() == PASSIVE_LEVEL) facts |= LOADEE_PASSIVE;
    if (starts_with(path, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"))
        facts |= LOADEE_REGISTRY_PATH;
    BOOLEAN equal = driver->MajorFunction[0] != NULL;
    for (int i = 1; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        equal &= driver->MajorFunction[i] == driver->MajorFunction[0];
    if (equal) facts |= LOADEE_DISPATCH_TABLE;
    ULONG_PTR start = (ULONG_PTR)driver->DriverStart;
    if (driver->Type == 4 && driver->Size == sizeof *driver && driver->DriverSection &&
        !driver->DeviceObject && driver->DriverInit == DriverEntry && !driver->DriverUnload &&
        !driver->DriverStartIo && (ULONG_PTR)DriverEntry - start < driver->DriverSize &&
        *(USHORT*)start == 0x5a4d)
        facts |= LOADEE_DRIVER_FIELDS;
    if (driver->HardwareDatabase && starts_with(driver->HardwareDatabase, L"\\Registry\\Machine\\Hardware"))
        facts |= LOADEE_HARDWARE_DATABASE;
    UNICODE_STRING name = last_part(path), object = last_part(&driver->DriverName);
    if (starts_with(&driver->DriverName, L"\\Driver\\") ||
        starts_with(&driver->DriverName, L"\\FileSystem\\"))
        if (RtlEqualUnicodeString(&name, &driver->DriverExtension->ServiceKeyName, TRUE) && object.Length)
            facts |= LOADEE_DRIVER_NAME;

    LARGE_INTEGER delay;
    delay.QuadPart = parameter(path, L"Delay") * -10000LL;
    if (delay.QuadPart) KeDelayExecutionThread(KernelMode, FALSE, &delay);
    ULONG fail = parameter(path, L"Fail");
    if (fail) return (NTSTATUS)fail;
    leaves = parameter(path, L"Leaves") != 0;
    if (!parameter(path, L"Quiet")) {
        PDEVICE_OBJECT device;
        RtlAppendUnicodeToString(&device_name, L"\\Device\\Loadee-");
        RtlAppendUnicodeStringToString(&device_name, &name);
        RtlAppendUnicodeToString(&link_name, L"\\??\\Loadee-");
        RtlAppendUnicodeStringToString(&link_name, &name);
        NTSTATUS status = IoCreateDevice(driver, 0, &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
        if (!NT_SUCCESS(status)) return status;
        status = IoCreateSymbolicLink(&link_name, &device_name);
        if (!NT_SUCCESS(status)) {
            IoDeleteDevice(device);
            return status;
        }
    }
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    if (parameter(path, L"Pnp")) driver->DriverExtension->AddDevice = add_device;
    if (!parameter(path, L"Stays")) driver->DriverUnload = unload;
    IoRegisterDriverReinitialization(driver, reinitialize, &facts);
    return STATUS_SUCCESS;
}
