// Object names that are not right, for every service that opens by name: the status tables of
// nf-ntifs-zwopendirectoryobject, nf-ntifs-zwcreateevent, nf-wdm-zwopenevent, nf-ntifs-zwdeletefile,
// nf-wdm-zwopenkeyex; and devices that are going.
#define TOPIC L"ZwNames"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwOpenDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwOpenSymbolicLinkObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwOpenSection, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwDeleteFile, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwQueryFullAttributesFile, POBJECT_ATTRIBUTES, PFILE_NETWORK_OPEN_INFORMATION);
IMPORT(NTSTATUS, IoAttachDeviceToDeviceStackSafe, PDEVICE_OBJECT, PDEVICE_OBJECT, PDEVICE_OBJECT*);

typedef NTSTATUS (*OPENER)(POBJECT_ATTRIBUTES);
static HANDLE handle;
static NTSTATUS a_directory(POBJECT_ATTRIBUTES oa) {
    return import_ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, oa);
}
static NTSTATUS a_link(POBJECT_ATTRIBUTES oa) {
    return import_ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, oa);
}
static NTSTATUS an_event(POBJECT_ATTRIBUTES oa) { return import_ZwOpenEvent(&handle, EVENT_ALL_ACCESS, oa); }
static NTSTATUS a_new_event(POBJECT_ATTRIBUTES oa) {
    return import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, oa, NotificationEvent, FALSE);
}
static NTSTATUS a_section(POBJECT_ATTRIBUTES oa) {
    return import_ZwOpenSection(&handle, SECTION_MAP_READ, oa);
}
static NTSTATUS a_file(POBJECT_ATTRIBUTES oa) { return import_ZwDeleteFile(oa); }

static const struct {
    OPENER open;
    BOOLEAN creates;
    const char* names[5];
} openers[] = {
    {a_directory,
     FALSE,
     {"ZwOpenDirectoryObject: STATUS_OBJECT_NAME_INVALID, an empty string behind a separator",
      "STATUS_OBJECT_NAME_NOT_FOUND", "STATUS_OBJECT_PATH_NOT_FOUND",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator", "STATUS_OBJECT_PATH_SYNTAX_BAD, an empty name"}},
    {a_link,
     FALSE,
     {"ZwOpenSymbolicLinkObject: STATUS_OBJECT_NAME_INVALID", "STATUS_OBJECT_NAME_NOT_FOUND",
      "STATUS_OBJECT_PATH_NOT_FOUND", "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, an empty name"}},
    {an_event,
     FALSE,
     {"ZwOpenEvent: STATUS_OBJECT_NAME_INVALID", "STATUS_OBJECT_NAME_NOT_FOUND",
      "STATUS_OBJECT_PATH_NOT_FOUND", "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, an empty name"}},
    {a_new_event,
     TRUE,
     {"ZwCreateEvent: STATUS_OBJECT_NAME_INVALID", "a new name", "STATUS_OBJECT_PATH_NOT_FOUND",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator", "an empty name is none"}},
    {a_section,
     FALSE,
     {"ZwOpenSection: STATUS_OBJECT_NAME_INVALID", "STATUS_OBJECT_NAME_NOT_FOUND",
      "STATUS_OBJECT_PATH_NOT_FOUND", "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, an empty name"}},
    {a_file,
     FALSE,
     {"ZwDeleteFile: STATUS_OBJECT_NAME_INVALID", "STATUS_OBJECT_NAME_NOT_FOUND",
      "STATUS_OBJECT_PATH_NOT_FOUND", "STATUS_OBJECT_PATH_SYNTAX_BAD, no separator",
      "STATUS_OBJECT_PATH_SYNTAX_BAD, an empty name"}},
};

static NTSTATUS with(OPENER open, PCWSTR text) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    handle = NULL;
    NTSTATUS status = open(&oa);
    if (NT_SUCCESS(status) && handle) ZwClose(handle);
    return status;
}

static void names(void) {
    for (ULONG i = 0; i < sizeof openers / sizeof openers[0]; ++i) {
        OPENER open = openers[i].open;
        BOOLEAN creates = openers[i].creates;
        CHECK(with(open, L"\\BaseNamedObjects\\\\ConformNames") == STATUS_OBJECT_NAME_INVALID,
              openers[i].names[0]);
        CHECK(with(open, L"\\BaseNamedObjects\\ConformNames") ==
                  (creates ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND),
              openers[i].names[1]);
        CHECK(with(open, L"\\ConformNoSuchDirectory\\x") == STATUS_OBJECT_PATH_NOT_FOUND,
              openers[i].names[2]);
        CHECK(with(open, L"ConformNames") == STATUS_OBJECT_PATH_SYNTAX_BAD, openers[i].names[3]);
        CHECK(with(open, L"") == (creates ? STATUS_SUCCESS : STATUS_OBJECT_PATH_SYNTAX_BAD),
              openers[i].names[4]);
    }
    OBJECT_ATTRIBUTES odd;
    InitializeObjectAttributes(&odd, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    odd.Length = 7;
    CHECK(import_ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, &odd) == STATUS_INVALID_PARAMETER &&
              import_ZwOpenEvent(&handle, EVENT_ALL_ACCESS, &odd) == STATUS_INVALID_PARAMETER &&
              import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &odd, NotificationEvent, FALSE) ==
                  STATUS_INVALID_PARAMETER &&
              import_ZwDeleteFile(&odd) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: attributes of a wrong length");
    CHECK(import_ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, NULL) == STATUS_INVALID_PARAMETER &&
              import_ZwOpenEvent(&handle, EVENT_ALL_ACCESS, NULL) == STATUS_INVALID_PARAMETER &&
              import_ZwDeleteFile(NULL) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no attributes");
    InitializeObjectAttributes(&odd, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &odd, (EVENT_TYPE)5, FALSE) ==
              STATUS_INVALID_PARAMETER_4,
          "ZwCreateEvent: STATUS_INVALID_PARAMETER_4, the event type");
}

// nf-ntddk-ioattachdevicetodevicestacksafe, nf-wdm-ioattachdevicetodevicestack.
static void going(void) {
    PDEVICE_OBJECT target = NULL, filter = NULL, below = NULL;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &target);
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &filter);
    if (!target || !filter) return;
    ObReferenceObject(target);
    IoDeleteDevice(target);
    CHECK(import_IoAttachDeviceToDeviceStackSafe(filter, target, &below) == STATUS_NO_SUCH_DEVICE && !below,
          "IoAttachDeviceToDeviceStackSafe to a device that is being deleted: STATUS_NO_SUCH_DEVICE");
    CHECK(IoAttachDeviceToDeviceStack(filter, target) == NULL, "IoAttachDeviceToDeviceStack: NULL");
    ObDereferenceObject(target);
    IoDeleteDevice(filter);
}

// nf-ntifs-zwqueryfullattributesfile.
static NTSTATUS attributes_of(PCWSTR path) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    FILE_NETWORK_OPEN_INFORMATION found;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return import_ZwQueryFullAttributesFile(&attributes, &found);
}
static void attributes(void) {
    CHECK(attributes_of(L"\\Device\\NoSuchDevice") == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwQueryFullAttributesFile: STATUS_OBJECT_NAME_NOT_FOUND, nothing has the name");
    CHECK(attributes_of(L"\\NoSuchDirectory\\file") == STATUS_OBJECT_PATH_NOT_FOUND,
          "STATUS_OBJECT_PATH_NOT_FOUND, a directory of the path is not there");
}

static void checks(void) {
    names();
    going();
    attributes();
}
