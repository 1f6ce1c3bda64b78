// Names and handles of objects, as the pages of IoCreateDevice, IoCreateSymbolicLink,
// IoGetDeviceObjectPointer, ZwCreateFile, ObReferenceObjectByHandle and InitializeObjectAttributes document
// them.
#define TOPIC L"Ob"
#include "../common/driver.h"

static NTSTATUS open(const WCHAR* text, ULONG attributes, HANDLE* handle) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&oa, &name, attributes | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwOpenFile(handle, FILE_READ_DATA | SYNCHRONIZE, &oa, &iosb, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      FILE_SYNCHRONOUS_IO_NONALERT);
}

static void checks(void) {
    UNICODE_STRING taken, fresh, link, missing;
    PDEVICE_OBJECT device = NULL, found = NULL;
    PFILE_OBJECT file = NULL;
    HANDLE handle = NULL;
    RtlInitUnicodeString(&taken, L"\\Device\\ConformOb");
    RtlInitUnicodeString(&fresh, L"\\Device\\ConformObSecond");
    RtlInitUnicodeString(&link, L"\\??\\ConformObLink");
    RtlInitUnicodeString(&missing, L"\\Device\\NobodyMadeThis");

    NTSTATUS status = IoCreateDevice(this_driver, 0, &taken, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    CHECK(status == STATUS_OBJECT_NAME_COLLISION, "a second device of a name: STATUS_OBJECT_NAME_COLLISION");
    status = IoCreateDevice(this_driver, 16, &fresh, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    CHECK(status == STATUS_SUCCESS, "a device of a new name");
    if (NT_SUCCESS(status)) {
        CHECK(device->DriverObject == this_driver && this_driver->DeviceObject == device,
              "it heads its driver's list of devices");
        CHECK(device->DeviceExtension && *(ULONGLONG*)device->DeviceExtension == 0,
              "its extension is zeroed");
        CHECK(device->StackSize == 1 && device->AttachedDevice == NULL, "it stands alone in its stack");
        CHECK((device->Flags & DO_DEVICE_INITIALIZING) != 0, "it is initializing, since DriverEntry is over");
        device->Flags &= ~DO_DEVICE_INITIALIZING;

        CHECK(IoCreateSymbolicLink(&link, &fresh) == STATUS_SUCCESS, "a link to it");
        CHECK(IoCreateSymbolicLink(&link, &fresh) == STATUS_OBJECT_NAME_COLLISION,
              "a second link of a name: a collision");
        status = open(L"\\??\\ConformObLink", OBJ_CASE_INSENSITIVE, &handle);
        CHECK(status == STATUS_SUCCESS, "the link opens the device");
        if (NT_SUCCESS(status)) {
            PVOID object = NULL;
            status =
                ObReferenceObjectByHandle(handle, 0, TYPE_OF(IoFileObjectType), KernelMode, &object, NULL);
            CHECK(status == STATUS_SUCCESS && object && ((PFILE_OBJECT)object)->DeviceObject == device,
                  "its handle is that of a file object of the device");
            if (object) ObDereferenceObject(object);
            object = NULL;
            status =
                ObReferenceObjectByHandle(handle, 0, TYPE_OF(ExEventObjectType), KernelMode, &object, NULL);
            CHECK(status == STATUS_OBJECT_TYPE_MISMATCH,
                  "and not of another type: STATUS_OBJECT_TYPE_MISMATCH");
            CHECK(ZwClose(handle) == STATUS_SUCCESS, "ZwClose");
        }
        status = open(L"\\device\\CONFORMobSECOND", OBJ_CASE_INSENSITIVE, &handle);
        CHECK(status == STATUS_SUCCESS, "names differ only in case with OBJ_CASE_INSENSITIVE");
        if (NT_SUCCESS(status)) ZwClose(handle);
        CHECK(IoDeleteSymbolicLink(&link) == STATUS_SUCCESS, "the link goes");
        CHECK(open(L"\\??\\ConformObLink", OBJ_CASE_INSENSITIVE, &handle) == STATUS_OBJECT_NAME_NOT_FOUND,
              "and is gone");
        status = IoGetDeviceObjectPointer(&fresh, FILE_READ_ATTRIBUTES, &file, &found);
        CHECK(status == STATUS_SUCCESS && found == device && file && file->DeviceObject == device,
              "IoGetDeviceObjectPointer finds the device and a file of it");
        if (NT_SUCCESS(status)) ObDereferenceObject(file);
        IoDeleteDevice(device);
        CHECK(open(L"\\Device\\ConformObSecond", OBJ_CASE_INSENSITIVE, &handle) ==
                  STATUS_OBJECT_NAME_NOT_FOUND,
              "a deleted device has no name");
    }
    CHECK(IoGetDeviceObjectPointer(&missing, FILE_READ_ATTRIBUTES, &file, &found) ==
              STATUS_OBJECT_NAME_NOT_FOUND,
          "a name that is not there: STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(open(L"\\NoSuchDirectory\\Device", OBJ_CASE_INSENSITIVE, &handle) == STATUS_OBJECT_PATH_NOT_FOUND,
          "a directory that is not there: STATUS_OBJECT_PATH_NOT_FOUND");
    CHECK(open(L"Device\\ConformOb", OBJ_CASE_INSENSITIVE, &handle) == STATUS_OBJECT_PATH_SYNTAX_BAD,
          "a name that does not start at the root: STATUS_OBJECT_PATH_SYNTAX_BAD");

    // An unnamed device cannot be opened, but attached to.
    status = IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    CHECK(status == STATUS_SUCCESS, "a device without a name");
    if (NT_SUCCESS(status)) {
        PDEVICE_OBJECT below = device->NextDevice;
        PDEVICE_OBJECT lower = IoAttachDeviceToDeviceStack(device, below);
        CHECK(lower == below && below->AttachedDevice == device,
              "IoAttachDeviceToDeviceStack returns the device below");
        CHECK(device->StackSize == below->StackSize + 1, "and gives one more stack location");
        CHECK(IoGetAttachedDevice(below) == device, "the top of the stack is the new device");
        IoDetachDevice(lower);
        CHECK(below->AttachedDevice == NULL, "until it is detached");
        IoDeleteDevice(device);
    }
    HANDLE event_handle;
    UNICODE_STRING event_name;
    RtlInitUnicodeString(&event_name, L"\\BaseNamedObjects\\ConformEvent");
    PKEVENT event = IoCreateNotificationEvent(&event_name, &event_handle);
    CHECK(event && KeReadStateEvent(event) != 0, "IoCreateNotificationEvent makes a signaled event");
    if (event) {
        HANDLE second;
        PKEVENT same = IoCreateNotificationEvent(&event_name, &second);
        CHECK(same == event, "and opens it the second time");
        if (same) ZwClose(second);
        ZwClose(event_handle);
    }
}
