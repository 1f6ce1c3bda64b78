// Devices with SDDL: nf-wdmsec-wdmlibiocreatedevicesecure, nf-wdmsec-wdmlibiovalidatedeviceiocontrolaccess,
// kernel pages "SDDL for Device Objects" and "Setting Device Object Properties in the Registry".
#define TOPIC L"SeSecure"
#include <ntifs.h>

#include <wdmsec.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "security.h"

static const GUID class_guid = {0x0a1b2c3d, 0x1111, 0x2222, {1, 2, 3, 4, 5, 6, 7, 8}};

static PACL dacl_of(PDEVICE_OBJECT device) {
    PACL acl = NULL;
    BOOLEAN present = FALSE, defaulted;
    RtlGetDaclSecurityDescriptor(device->SecurityDescriptor, &present, &acl, &defaulted);
    return present ? acl : NULL;
}
static BOOLEAN is_ace(PACL acl, ULONG index, ACCESS_MASK mask, PSID sid) {
    PACCESS_ALLOWED_ACE ace = NULL;
    return acl && NT_SUCCESS(RtlGetAce(acl, index, (PVOID*)&ace)) && ace->Mask == mask &&
           RtlEqualSid((PSID)&ace->SidStart, sid);
}
static NTSTATUS open(PCWSTR text, ACCESS_MASK access, ULONG attributes) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    HANDLE handle;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE | attributes, NULL, NULL);
    NTSTATUS status = ZwOpenFile(&handle, access, &oa, &iosb, 7, 0);
    if (NT_SUCCESS(status)) ZwClose(handle);
    return status;
}
static NTSTATUS create(PCWSTR name, PCUNICODE_STRING sddl, ULONG characteristics, const GUID* guid,
                       PDEVICE_OBJECT* device) {
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    NTSTATUS status = IoCreateDeviceSecure(this_driver, 0, name ? &text : NULL, FILE_DEVICE_UNKNOWN,
                                           characteristics, FALSE, sddl, guid, device);
    if (NT_SUCCESS(status)) (*device)->Flags &= ~DO_DEVICE_INITIALIZING;
    return status;
}

static void strings(void) {
    PDEVICE_OBJECT device = NULL;
    UNICODE_STRING bad;
    CHECK(create(L"\\Device\\ConformSecure1", &SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R, FILE_DEVICE_SECURE_OPEN,
                 NULL, &device) == STATUS_SUCCESS,
          "IoCreateDeviceSecure");
    PACL acl = dacl_of(device);
    CHECK(acl && acl->AceCount == 3 && is_ace(acl, 0, FILE_ALL_ACCESS, SID_SYSTEM) &&
              is_ace(acl, 1, FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE, SID_ADMINS) &&
              is_ace(acl, 2, FILE_GENERIC_READ, SID_WORLD),
          "SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R: GA for SY, GRGWGX for BA, GR for WD");
    CHECK(((PISECURITY_DESCRIPTOR)device->SecurityDescriptor)->Control & SE_DACL_PROTECTED, "P: protected");
    CHECK(open(L"\\Device\\ConformSecure1", GENERIC_READ | GENERIC_WRITE, OBJ_FORCE_ACCESS_CHECK) ==
              STATUS_SUCCESS,
          "the administrator can access the device");
    CHECK(open(L"\\Device\\ConformSecure1", WRITE_DAC, OBJ_FORCE_ACCESS_CHECK) == STATUS_ACCESS_DENIED,
          "but cannot change the ACL");
    IoDeleteDevice(device);
    CHECK(create(L"\\Device\\ConformSecure2", &SDDL_DEVOBJ_KERNEL_ONLY, 0, NULL, &device) == STATUS_SUCCESS,
          "SDDL_DEVOBJ_KERNEL_ONLY: the empty ACL");
    CHECK(open(L"\\Device\\ConformSecure2", FILE_READ_DATA, OBJ_FORCE_ACCESS_CHECK) == STATUS_ACCESS_DENIED,
          "user-mode code cannot open the device");
    CHECK(open(L"\\Device\\ConformSecure2", FILE_READ_DATA, 0) == STATUS_SUCCESS, "kernel-mode code can");
    IoDeleteDevice(device);
    CHECK(create(L"\\Device\\ConformSecure3", &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, 0, NULL, &device) ==
                  STATUS_SUCCESS &&
              open(L"\\Device\\ConformSecure3", FILE_ALL_ACCESS, OBJ_FORCE_ACCESS_CHECK) == STATUS_SUCCESS,
          "SDDL_DEVOBJ_SYS_ALL_ADM_ALL");
    IoDeleteDevice(device);
    CHECK(create(L"\\Device\\ConformSecure4", &SDDL_DEVOBJ_SYS_ALL, 0, NULL, &device) == STATUS_SUCCESS &&
              open(L"\\Device\\ConformSecure4", FILE_READ_DATA, OBJ_FORCE_ACCESS_CHECK) ==
                  STATUS_ACCESS_DENIED,
          "SDDL_DEVOBJ_SYS_ALL: not for administrators");
    IoDeleteDevice(device);
    RtlInitUnicodeString(&bad, L"D:P(A;;0x12019f;;;S-1-5-32-544)(A;;GR;;;UD)");
    CHECK(create(L"\\Device\\ConformSecure5", &bad, 0, NULL, &device) == STATUS_SUCCESS &&
              is_ace(dacl_of(device), 0, 0x12019f, SID_ADMINS),
          "hexadecimal access, a SID in full");
    IoDeleteDevice(device);
    RtlInitUnicodeString(&bad, L"O:BA");
    CHECK(create(L"\\Device\\ConformSecure6", &bad, 0, NULL, &device) == STATUS_INVALID_PARAMETER && !device,
          "a string that does not begin with D:P");
    RtlInitUnicodeString(&bad, L"D:P(A;;GA;;;QQ)");
    CHECK(!NT_SUCCESS(create(L"\\Device\\ConformSecure6", &bad, 0, NULL, &device)), "an unknown SID");
    RtlInitUnicodeString(&bad, L"D:P(A;;QQ;;;SY)");
    CHECK(!NT_SUCCESS(create(L"\\Device\\ConformSecure6", &bad, 0, NULL, &device)), "unknown access");
    CHECK(create(NULL, &SDDL_DEVOBJ_SYS_ALL, 0, NULL, &device) == STATUS_INVALID_PARAMETER,
          "a name is needed, or FILE_AUTOGENERATED_DEVICE_NAME");
    CHECK(create(NULL, &SDDL_DEVOBJ_SYS_ALL, FILE_AUTOGENERATED_DEVICE_NAME, NULL, &device) == STATUS_SUCCESS,
          "FILE_AUTOGENERATED_DEVICE_NAME");
    IoDeleteDevice(device);
}

static HANDLE key(PCWSTR path) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    HANDLE handle = NULL;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    ZwCreateKey(&handle, KEY_ALL_ACCESS, &oa, 0, NULL, 0, NULL);
    return handle;
}
static void set(HANDLE handle, PCWSTR name, ULONG type, PVOID data, ULONG size) {
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    ZwSetValueKey(handle, &text, 0, type, data, size);
}

#define CLASS L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class"
#define OURS L"\\{0a1b2c3d-1111-2222-0102-030405060708}"

static void overrides(void) {
    struct sd d;
    ULONG room[128], size = sizeof room, number;
    PDEVICE_OBJECT device = NULL;
    ZwClose(key(CLASS)), ZwClose(key(CLASS OURS));
    HANDLE properties = key(CLASS OURS L"\\Properties");
    begin(&d, SID_SYSTEM);
    allow(&d, FILE_GENERIC_READ, SID_GUESTS);
    RtlAbsoluteToSelfRelativeSD(&d.sd, room, &size);
    set(properties, L"Security", REG_BINARY, room, size);
    number = FILE_DEVICE_NULL, set(properties, L"DeviceType", REG_DWORD, &number, sizeof number);
    number = FILE_DEVICE_SECURE_OPEN,
    set(properties, L"DeviceCharacteristics", REG_DWORD, &number, sizeof number);
    number = 1, set(properties, L"Exclusive", REG_DWORD, &number, sizeof number);
    ZwClose(properties);
    CHECK(create(L"\\Device\\ConformSecure7", &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, 0, &class_guid, &device) ==
              STATUS_SUCCESS,
          "a device of a class with properties");
    CHECK(dacl_of(device)->AceCount == 1 && is_ace(dacl_of(device), 0, FILE_GENERIC_READ, SID_GUESTS),
          "Security overrides the string");
    CHECK(device->DeviceType == FILE_DEVICE_NULL && (device->Characteristics & FILE_DEVICE_SECURE_OPEN) &&
              (device->Flags & DO_EXCLUSIVE),
          "DeviceType, DeviceCharacteristics, Exclusive");
    IoDeleteDevice(device);
}

static void checks(void) {
    make_sids();
    strings();
    overrides();
    CHECK(IoValidateDeviceIoControlAccess(running_irp, 8) == STATUS_INVALID_PARAMETER,
          "IoValidateDeviceIoControlAccess: STATUS_INVALID_PARAMETER");
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(running_irp);
    UCHAR flags = stack->Flags;
    stack->Flags = 0x01;
    CHECK(IoValidateDeviceIoControlAccess(running_irp, FILE_READ_ACCESS) == STATUS_SUCCESS &&
              IoValidateDeviceIoControlAccess(running_irp, FILE_WRITE_ACCESS) == STATUS_ACCESS_DENIED,
          "IoValidateDeviceIoControlAccess: the access that the sender's handle has");
    stack->Flags = flags;
}
