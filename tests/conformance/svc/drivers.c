// Drivers from inside a driver: wdm pages nf-wdm-zwloaddriver, nf-wdm-zwunloaddriver; ntddk page
// nf-ntddk-iogetconfigurationinformation; and what drivers that declare IoCreateDriver and IoDeleteDriver
// expect of them.
#define TOPIC L"SvcDrivers"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoCreateDriver, PUNICODE_STRING, PDRIVER_INITIALIZE);
IMPORT(void, IoDeleteDriver, PDRIVER_OBJECT);
IMPORT(NTSTATUS, IoQueryFullDriverPath, PDRIVER_OBJECT, PUNICODE_STRING);
IMPORT(NTSTATUS, ZwLoadDriver, PUNICODE_STRING);
IMPORT(NTSTATUS, ZwUnloadDriver, PUNICODE_STRING);
IMPORT(PCONFIGURATION_INFORMATION, IoGetConfigurationInformation, void);

#define SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"

static UNICODE_STRING text(PCWSTR s) {
    UNICODE_STRING u;
    RtlInitUnicodeString(&u, s);
    return u;
}

static NTSTATUS pointer_to(PCWSTR device_name) {
    UNICODE_STRING name = text(device_name);
    PFILE_OBJECT file = NULL;
    PDEVICE_OBJECT device = NULL;
    NTSTATUS status = IoGetDeviceObjectPointer(&name, FILE_READ_ATTRIBUTES, &file, &device);
    if (NT_SUCCESS(status)) ObDereferenceObject(file);
    return status;
}

static void loading(void) {
    ULONG type = 1, fail = (ULONG)STATUS_UNSUCCESSFUL;
    UNICODE_STRING service = text(SERVICES L"SvcInner"), missing = text(SERVICES L"SvcMissing");
    CHECK(import_ZwLoadDriver(&missing) == STATUS_OBJECT_NAME_NOT_FOUND, "ZwLoadDriver: no such service");
    RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, L"SvcInner");
    RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, L"SvcInner\\Parameters");
    RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"SvcInner", L"Type", REG_DWORD, &type, sizeof type);
    static const WCHAR path[] = L"\\SystemRoot\\System32\\drivers\\loadee.sys";
    RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"SvcInner", L"ImagePath", REG_EXPAND_SZ, (PVOID)path,
                          sizeof path);
    RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"SvcInner\\Parameters", L"Fail", REG_DWORD, &fail,
                          sizeof fail);
    CHECK(import_ZwLoadDriver(&service) == STATUS_UNSUCCESSFUL, "ZwLoadDriver gives DriverEntry's status");
    RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"SvcInner\\Parameters", L"Fail");
    CHECK(import_ZwLoadDriver(&service) == STATUS_SUCCESS, "ZwLoadDriver from a program's thread");
    CHECK(pointer_to(L"\\Device\\Loadee-SvcInner") == STATUS_SUCCESS,
          "its device is there and open to others");
    CHECK(import_ZwLoadDriver(&service) == STATUS_IMAGE_ALREADY_LOADED, "twice");
    PFILE_OBJECT file;
    PDEVICE_OBJECT device;
    UNICODE_STRING name = text(L"\\Device\\Loadee-SvcInner");
    NTSTATUS status = IoGetDeviceObjectPointer(&name, FILE_READ_ATTRIBUTES, &file, &device);
    CHECK(status == STATUS_SUCCESS, "a file of its");
    CHECK(import_ZwUnloadDriver(&service) == STATUS_SUCCESS &&
              pointer_to(L"\\Device\\Loadee-SvcInner") != STATUS_SUCCESS,
          "the unload waits for the file");
    CHECK(import_ZwUnloadDriver(&service) == STATUS_DELETE_PENDING, "once");
    if (NT_SUCCESS(status)) ObDereferenceObject(file);
    CHECK(import_ZwUnloadDriver(&service) == STATUS_OBJECT_NAME_NOT_FOUND,
          "failure to dereference the file prevents the driver from being unloaded; now it is");

    // A filter above its device holds it, too: "no other drivers remain attached".
    CHECK(import_ZwLoadDriver(&service) == STATUS_SUCCESS, "ZwLoadDriver again");
    PDEVICE_OBJECT filter = NULL;
    status = IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &filter);
    if (NT_SUCCESS(status)) status = IoGetDeviceObjectPointer(&name, FILE_READ_ATTRIBUTES, &file, &device);
    if (!NT_SUCCESS(status)) {
        CHECK(FALSE, "a filter");
        return;
    }
    PDEVICE_OBJECT below = IoAttachDeviceToDeviceStack(filter, device);
    ObDereferenceObject(file);
    CHECK(below == device && import_ZwUnloadDriver(&service) == STATUS_SUCCESS,
          "a driver that is attached to");
    IoDetachDevice(below);
    IoDeleteDevice(filter);
    CHECK(import_ZwUnloadDriver(&service) == STATUS_OBJECT_NAME_NOT_FOUND, "IoDetachDevice lets it go");
}

static PDRIVER_OBJECT made;
static NTSTATUS answer;
static PUNICODE_STRING seen_path = (PVOID)1;

static NTSTATUS NTAPI made_entry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    made = driver;
    seen_path = path;
    PDEVICE_OBJECT device;
    UNICODE_STRING name = text(L"\\Device\\SvcMade");
    if (NT_SUCCESS(answer)) IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return answer;
}

static void making(void) {
    UNICODE_STRING name = text(L"\\Driver\\SvcMade"), bad = text(L"SvcMade"), taken = text(L"\\Driver\\Null");
    CHECK(import_IoCreateDriver(&name, made_entry) == STATUS_SUCCESS && made,
          "IoCreateDriver calls the routine");
    CHECK(seen_path == NULL && made->DriverInit == made_entry && !made->DriverSection &&
              RtlEqualUnicodeString(&made->DriverName, &name, TRUE),
          "the driver object that it makes");
    CHECK(import_IoQueryFullDriverPath(made, &bad) == STATUS_NOT_FOUND,
          "IoQueryFullDriverPath: STATUS_NOT_FOUND, the driver object has no section associated with it");
    CHECK(pointer_to(L"\\Device\\SvcMade") == STATUS_INVALID_DEVICE_REQUEST,
          "its devices can be opened; an unset dispatch entry fails with STATUS_INVALID_DEVICE_REQUEST");
    CHECK(import_IoCreateDriver(&name, made_entry) == STATUS_OBJECT_NAME_COLLISION &&
              import_IoCreateDriver(&taken, made_entry) == STATUS_OBJECT_NAME_COLLISION,
          "a name that is taken");
    CHECK(!NT_SUCCESS(import_IoCreateDriver(&bad, made_entry)), "a name that is no path");
    IoDeleteDevice(made->DeviceObject);
    import_IoDeleteDriver(made);
    answer = STATUS_NO_SUCH_DEVICE;
    CHECK(import_IoCreateDriver(&name, made_entry) == STATUS_NO_SUCH_DEVICE,
          "IoDeleteDriver frees the name; the routine's failure is the result");
    answer = STATUS_SUCCESS;
    CHECK(import_IoCreateDriver(NULL, made_entry) == STATUS_SUCCESS && made->DriverName.Length,
          "a made-up name");
    IoDeleteDevice(made->DeviceObject);
    import_IoDeleteDriver(made);
}

static void counts(void) {
    PCONFIGURATION_INFORMATION info = import_IoGetConfigurationInformation();
    CHECK(info && info == import_IoGetConfigurationInformation() && info->Version == sizeof *info,
          "IoGetConfigurationInformation: the global structure");
    ULONG before = info->SerialCount++;
    CHECK(import_IoGetConfigurationInformation()->SerialCount == before + 1,
          "any driver increments the count");
    --info->SerialCount;
}

static void checks(void) {
    loading();
    making();
    counts();
}
