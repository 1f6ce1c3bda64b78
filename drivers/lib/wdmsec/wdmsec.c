// wdmsec: what drivers link for IoCreateDeviceSecure. On Windows this is a static library too, above
// functions that the kernel exports. nf-wdmsec-wdmlibiocreatedevicesecure,
// nf-wdmsec-wdmlibiovalidatedeviceiocontrolaccess, kernel pages "SDDL for Device Objects", "Setting Device
// Object Properties in the Registry".
#include <ntifs.h>

#include "sddl.h"

#define CONSTANT(name, text)                                                                                 \
    const UNICODE_STRING name = {sizeof(text) - sizeof(WCHAR), sizeof(text), (PWSTR)text}
CONSTANT(SDDL_DEVOBJ_KERNEL_ONLY, L"D:P");
CONSTANT(SDDL_DEVOBJ_SYS_ALL, L"D:P(A;;GA;;;SY)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_ALL, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_RX, L"D:P(A;;GA;;;SY)(A;;GRGX;;;BA)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R, L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R,
         L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R,
         L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)(A;;GR;;;RC)");
CONSTANT(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX,
         L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)");

enum { tag = 'cesW' };

// What may be overridden for a class of devices.
struct properties {
    DEVICE_TYPE type;
    ULONG characteristics;
    BOOLEAN exclusive;
    PSECURITY_DESCRIPTOR security; // in pool; null: the driver's own counts
};

// The descriptor of an SDDL string, in pool. "SDDL strings for device objects are of the form "D:P" followed
// by one or more expressions of the form "(A;;Access;;;SID)"."
static NTSTATUS parse(PCUNICODE_STRING text, PSECURITY_DESCRIPTOR* security) {
    ULONG size = 0;
    USHORT count = text->Length / sizeof(WCHAR);
    *security = NULL;
    if (count < 3 || text->Buffer[0] != L'D' || text->Buffer[1] != L':' || text->Buffer[2] != L'P')
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status = WdmlibSddlToDescriptor(text->Buffer, count, NULL, &size);
    if (status != STATUS_BUFFER_TOO_SMALL) return status;
    *security = ExAllocatePoolWithTag(PagedPool, size, tag);
    if (!*security) return STATUS_INSUFFICIENT_RESOURCES;
    status = WdmlibSddlToDescriptor(text->Buffer, count, *security, &size);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(*security, tag);
        *security = NULL;
    }
    return status;
}

// A value of the key; the caller frees it.
static PKEY_VALUE_PARTIAL_INFORMATION value_of(HANDLE key, PCWSTR name) {
    UNICODE_STRING text;
    ULONG size = 0;
    RtlInitUnicodeString(&text, name);
    NTSTATUS status = ZwQueryValueKey(key, &text, KeyValuePartialInformation, NULL, 0, &size);
    if (status != STATUS_BUFFER_TOO_SMALL && status != STATUS_BUFFER_OVERFLOW) return NULL;
    PKEY_VALUE_PARTIAL_INFORMATION value = ExAllocatePoolWithTag(PagedPool, size, tag);
    if (value && !NT_SUCCESS(ZwQueryValueKey(key, &text, KeyValuePartialInformation, value, size, &size))) {
        ExFreePoolWithTag(value, tag);
        value = NULL;
    }
    return value;
}

static BOOLEAN number_of(HANDLE key, PCWSTR name, ULONG* number) {
    PKEY_VALUE_PARTIAL_INFORMATION value = value_of(key, name);
    if (!value) return FALSE;
    BOOLEAN good = value->Type == REG_DWORD && value->DataLength == sizeof(ULONG);
    if (good) RtlCopyMemory(number, value->Data, sizeof(ULONG));
    ExFreePoolWithTag(value, tag);
    return good;
}

// HKLM\SYSTEM\CurrentControlSet\Control\Class\{guid}\Properties: "a section of the registry containing
// possible overrides".
static void override(const GUID* class_guid, struct properties* properties) {
    static const WCHAR root[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\";
    static const WCHAR last[] = L"\\Properties";
    WCHAR path[128];
    UNICODE_STRING guid, name = {0, sizeof path, path};
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    ULONG number;
    if (!NT_SUCCESS(RtlStringFromGUID(class_guid, &guid))) return;
    RtlAppendUnicodeToString(&name, root);
    RtlAppendUnicodeStringToString(&name, &guid);
    RtlAppendUnicodeToString(&name, last);
    RtlFreeUnicodeString(&guid);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return;
    if (number_of(key, L"DeviceType", &number)) properties->type = number;
    if (number_of(key, L"DeviceCharacteristics", &number)) properties->characteristics |= number;
    if (number_of(key, L"Exclusive", &number)) properties->exclusive = number != 0;
    PKEY_VALUE_PARTIAL_INFORMATION value = value_of(key, L"Security");
    if (value) {
        BOOLEAN good =
            value->Type == REG_BINARY &&
            RtlValidRelativeSecurityDescriptor(value->Data, value->DataLength, DACL_SECURITY_INFORMATION);
        if (good) properties->security = ExAllocatePoolWithTag(PagedPool, value->DataLength, tag);
        if (properties->security) RtlCopyMemory(properties->security, value->Data, value->DataLength);
        ExFreePoolWithTag(value, tag);
    }
    ZwClose(key);
}

static NTSTATUS protect(PDEVICE_OBJECT device, PSECURITY_DESCRIPTOR security) {
    HANDLE handle;
    NTSTATUS status =
        ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle);
    if (!NT_SUCCESS(status)) return status;
    status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, security);
    ZwClose(handle);
    return status;
}

NTSTATUS NTAPI WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT driver, ULONG extension, PUNICODE_STRING name,
                                          DEVICE_TYPE type, ULONG characteristics, BOOLEAN exclusive,
                                          PCUNICODE_STRING sddl, LPCGUID class_guid, PDEVICE_OBJECT* device) {
    struct properties properties = {type, characteristics, exclusive, NULL};
    PSECURITY_DESCRIPTOR security;
    *device = NULL;
    // "If a name is not supplied, the FILE_AUTOGENERATED_DEVICE_NAME flag must be present".
    if (!(name && name->Length) && !(characteristics & FILE_AUTOGENERATED_DEVICE_NAME))
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status = parse(sddl, &security);
    if (!NT_SUCCESS(status)) return status;
    if (class_guid) override(class_guid, &properties);
    status = IoCreateDevice(driver, extension, name, properties.type, properties.characteristics,
                            properties.exclusive, device);
    if (NT_SUCCESS(status)) {
        status = protect(*device, properties.security ? properties.security : security);
        if (!NT_SUCCESS(status)) {
            IoDeleteDevice(*device);
            *device = NULL;
        }
    }
    if (properties.security) ExFreePoolWithTag(properties.security, tag);
    ExFreePoolWithTag(security, tag);
    return status;
}

NTSTATUS NTAPI WdmlibIoValidateDeviceIoControlAccess(PIRP irp, ULONG required) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (required & ~(ULONG)(FILE_READ_ACCESS | FILE_WRITE_ACCESS)) return STATUS_INVALID_PARAMETER;
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL && stack->MajorFunction != IRP_MJ_FILE_SYSTEM_CONTROL)
        return STATUS_INVALID_PARAMETER;
    if (irp->RequestorMode == KernelMode) return STATUS_SUCCESS;
    // The I/O manager says in the stack location what the handle was opened for.
    if ((required & FILE_READ_ACCESS) && !(stack->Flags & 0x01)) return STATUS_ACCESS_DENIED;
    if ((required & FILE_WRITE_ACCESS) && !(stack->Flags & 0x04)) return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}
