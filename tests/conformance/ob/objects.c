// References, handles and names of objects: nf-wdm-obreferenceobjectbypointer,
// nf-wdm-obreferenceobjectbyhandle, nf-ntifs-obopenobjectbypointer, nf-ntifs-obquerynamestring,
// nf-wdm-obclosehandle, nf-ntifs-obiskernelhandle, nf-wdm-zwmaketemporaryobject, nf-ntifs-ntqueryobject,
// nf-wdm-zwcreatedirectoryobject, nf-wdm-zwopensymboliclinkobject, nf-wdm-zwquerysymboliclinkobject.
#define TOPIC L"ObObjects"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(LONG_PTR, ObfReferenceObject, PVOID);
IMPORT(LONG_PTR, ObDereferenceObject, PVOID);
IMPORT(void, ObDereferenceObjectDeferDelete, PVOID);
IMPORT(NTSTATUS, ObReferenceObjectByPointer, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE);
IMPORT(NTSTATUS, ObOpenObjectByPointer, PVOID, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
       PHANDLE);
IMPORT(NTSTATUS, ObOpenObjectByName, POBJECT_ATTRIBUTES, POBJECT_TYPE, KPROCESSOR_MODE, PVOID, ACCESS_MASK,
       PVOID, PHANDLE);
IMPORT(NTSTATUS, ObQueryNameString, PVOID, POBJECT_NAME_INFORMATION, ULONG, PULONG);
IMPORT(NTSTATUS, ObCloseHandle, HANDLE, KPROCESSOR_MODE);
IMPORT(void, ObMakeTemporaryObject, PVOID);
IMPORT(POBJECT_TYPE, ObGetObjectType, PVOID);
IMPORT(BOOLEAN, ObIsKernelHandle, HANDLE);
IMPORT(NTSTATUS, ObGetObjectSecurity, PVOID, PVOID*, PBOOLEAN);
IMPORT(void, ObReleaseObjectSecurity, PVOID, BOOLEAN);
IMPORT(NTSTATUS, ZwCreateDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwOpenDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwQueryDirectoryObject, HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
IMPORT(NTSTATUS, ZwCreateSymbolicLinkObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PUNICODE_STRING);
IMPORT(NTSTATUS, ZwOpenSymbolicLinkObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwQuerySymbolicLinkObject, HANDLE, PUNICODE_STRING, PULONG);
IMPORT(NTSTATUS, ZwMakeTemporaryObject, HANDLE);
IMPORT(NTSTATUS, ZwDuplicateObject, HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
IMPORT(NTSTATUS, ZwQueryObject, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwSetInformationObject, HANDLE, ULONG, PVOID, ULONG);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

static OBJECT_ATTRIBUTES named(PUNICODE_STRING name, PCWSTR text, ULONG attributes, HANDLE root) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(&oa, text ? name : NULL, attributes | OBJ_KERNEL_HANDLE, root, NULL);
    return oa;
}
static BOOLEAN is(const UNICODE_STRING* s, PCWSTR text) {
    UNICODE_STRING t;
    RtlInitUnicodeString(&t, text);
    return RtlEqualUnicodeString(s, &t, FALSE);
}
static NTSTATUS open_event(PCWSTR text) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, text, 0, NULL);
    HANDLE handle;
    NTSTATUS status = import_ZwOpenEvent(&handle, EVENT_ALL_ACCESS, &oa);
    if (NT_SUCCESS(status)) ZwClose(handle);
    return status;
}

#define EVENT L"\\BaseNamedObjects\\ConformObjectsEvent"

static void references(void) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, EVENT, 0, NULL);
    HANDLE handle = NULL, second = NULL, user = NULL;
    PVOID event = NULL, object = NULL;
    if (!NT_SUCCESS(import_ZwCreateEvent(&handle, EVENT_MODIFY_STATE, &oa, NotificationEvent, FALSE))) {
        CHECK(FALSE, "an event");
        return;
    }
    POBJECT_TYPE type = TYPE_OF(ExEventObjectType);
    CHECK(ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, type, KernelMode, &event, NULL) ==
              STATUS_SUCCESS,
          "ObReferenceObjectByHandle");
    CHECK(ObReferenceObjectByHandle(handle, 0, TYPE_OF(IoFileObjectType), KernelMode, &object, NULL) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(ObReferenceObjectByHandle((HANDLE)0x7ffc, 0, NULL, KernelMode, &object, NULL) ==
                  STATUS_INVALID_HANDLE &&
              ObReferenceObjectByHandle(handle, 0, NULL, UserMode, &object, NULL) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE: no such handle, or a kernel handle from user mode");
    LONG_PTR count = import_ObfReferenceObject(event);
    CHECK(import_ObfReferenceObject(event) == count + 1, "ObfReferenceObject increments the count");
    CHECK(import_ObDereferenceObject(event) == count && ObfDereferenceObject(event) == count - 1,
          "ObDereferenceObject decrements it");
    CHECK(import_ObReferenceObjectByPointer(event, 0, type, UserMode) == STATUS_SUCCESS &&
              ObfDereferenceObject(event) == count - 1,
          "ObReferenceObjectByPointer");
    CHECK(import_ObReferenceObjectByPointer(event, 0, TYPE_OF(IoFileObjectType), UserMode) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "another type in user mode: STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(import_ObReferenceObjectByPointer(event, 0, NULL, KernelMode) == STATUS_SUCCESS,
          "no type in kernel mode");
    CHECK(import_ObReferenceObjectByPointer(event, 0, TYPE_OF(IoFileObjectType), KernelMode) ==
              STATUS_SUCCESS,
          "the type is validated if the call is performed in user mode");
    ObDereferenceObject(event);
    import_ObDereferenceObjectDeferDelete(event);
    CHECK(import_ObGetObjectType(event) == type, "ObGetObjectType");
    CHECK(ZwClose(handle) == STATUS_SUCCESS && open_event(EVENT) == STATUS_OBJECT_NAME_NOT_FOUND,
          "with the last handle the name goes");
    CHECK(KeReadStateEvent(event) == 0, "the object stays while it is referenced");

    CHECK(import_ObOpenObjectByPointer(event, OBJ_KERNEL_HANDLE, NULL, EVENT_ALL_ACCESS, type, KernelMode,
                                       &second) == STATUS_SUCCESS &&
              import_ObIsKernelHandle(second),
          "ObOpenObjectByPointer with OBJ_KERNEL_HANDLE");
    CHECK(import_ObOpenObjectByPointer(event, 0, NULL, EVENT_ALL_ACCESS, type, KernelMode, &user) ==
                  STATUS_SUCCESS &&
              !import_ObIsKernelHandle(user),
          "without it: a handle of the current process");
    CHECK(ObReferenceObjectByHandle(user, 0, type, UserMode, &object, NULL) == STATUS_SUCCESS &&
              object == event,
          "which user mode can use");
    ObDereferenceObject(object);
    CHECK(import_ObOpenObjectByPointer(event, OBJ_KERNEL_HANDLE, NULL, 0, TYPE_OF(PsThreadType), KernelMode,
                                       &handle) == STATUS_OBJECT_TYPE_MISMATCH,
          "ObOpenObjectByPointer: STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(import_ObOpenObjectByPointer(event, 0x40000000, NULL, 0, type, KernelMode, &handle) ==
              STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: an invalid attribute");
    HANDLE limited = NULL;
    import_ObOpenObjectByPointer(event, 0, NULL, EVENT_QUERY_STATE, type, KernelMode, &limited);
    CHECK(ObReferenceObjectByHandle(limited, EVENT_MODIFY_STATE, type, UserMode, &object, NULL) ==
              STATUS_ACCESS_DENIED,
          "ObReferenceObjectByHandle: STATUS_ACCESS_DENIED, compared to the granted access in user mode");
    import_ObCloseHandle(limited, UserMode);
    CHECK(import_ObCloseHandle(user, UserMode) == STATUS_SUCCESS &&
              import_ObCloseHandle(user, UserMode) == STATUS_INVALID_HANDLE,
          "ObCloseHandle: then STATUS_INVALID_HANDLE");
    CHECK(import_ObCloseHandle(second, UserMode) == STATUS_INVALID_HANDLE &&
              import_ObCloseHandle(second, KernelMode) == STATUS_SUCCESS,
          "a kernel handle is closed with KernelMode");
    PVOID descriptor = &name;
    BOOLEAN allocated = TRUE;
    CHECK(import_ObGetObjectSecurity(this_driver->DeviceObject, &descriptor, &allocated) == STATUS_SUCCESS,
          "ObGetObjectSecurity");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    ObDereferenceObject(event);
}

static void names(void) {
    struct {
        OBJECT_NAME_INFORMATION info;
        WCHAR room[64];
    } answer;
    ULONG needed = 0;
    UNICODE_STRING name;
    HANDLE handle = NULL;
    PVOID event = NULL;
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    CHECK(import_ObQueryNameString(device, NULL, 0, &needed) == STATUS_INFO_LENGTH_MISMATCH,
          "ObQueryNameString with length zero: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(needed == sizeof(OBJECT_NAME_INFORMATION) + sizeof L"\\Device\\ConformObObjects",
          "and the size that is needed, with the terminator");
    CHECK(import_ObQueryNameString(device, &answer.info, needed - 1, &needed) == STATUS_INFO_LENGTH_MISMATCH,
          "one byte less: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ObQueryNameString(device, &answer.info, needed, &needed) == STATUS_SUCCESS &&
              is(&answer.info.Name, L"\\Device\\ConformObObjects") &&
              answer.info.Name.MaximumLength == answer.info.Name.Length + 2 &&
              answer.info.Name.Buffer[answer.info.Name.Length / 2] == 0,
          "the whole path, null-terminated");
    OBJECT_ATTRIBUTES oa = named(&name, NULL, 0, NULL);
    if (!NT_SUCCESS(import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE))) return;
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &event, NULL);
    CHECK(import_ObQueryNameString(event, &answer.info, sizeof answer, &needed) == STATUS_SUCCESS &&
              !answer.info.Name.Buffer && !answer.info.Name.Length && !answer.info.Name.MaximumLength,
          "an object without a name: null and zeros");
    ObDereferenceObject(event);
    ZwClose(handle);
}

static void permanence(void) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, EVENT, OBJ_PERMANENT, NULL);
    HANDLE handle = NULL, again = NULL;
    if (!NT_SUCCESS(import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE))) {
        CHECK(FALSE, "a permanent event");
        return;
    }
    oa = named(&name, EVENT, 0, NULL);
    CHECK(import_ZwCreateEvent(&again, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE) ==
              STATUS_OBJECT_NAME_COLLISION,
          "ZwCreateEvent: STATUS_OBJECT_NAME_COLLISION");
    oa = named(&name, EVENT, OBJ_OPENIF, NULL);
    CHECK(import_ZwCreateEvent(&again, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE) ==
              STATUS_OBJECT_NAME_EXISTS,
          "with OBJ_OPENIF it is opened: STATUS_OBJECT_NAME_EXISTS");
    ZwClose(again);
    ZwClose(handle);
    CHECK(open_event(EVENT) == STATUS_SUCCESS, "a permanent object outlives its handles");
    oa = named(&name, EVENT, 0, NULL);
    CHECK(import_ObOpenObjectByName(&oa, TYPE_OF(ExEventObjectType), KernelMode, NULL, DELETE, NULL,
                                    &handle) == STATUS_SUCCESS,
          "ObOpenObjectByName");
    CHECK(import_ObOpenObjectByName(&oa, TYPE_OF(IoFileObjectType), KernelMode, NULL, DELETE, NULL, &again) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "not as another type");
    CHECK(import_ZwMakeTemporaryObject(handle) == STATUS_SUCCESS && open_event(EVENT) == STATUS_SUCCESS,
          "ZwMakeTemporaryObject: it stays while a handle is open");
    ZwClose(handle);
    CHECK(open_event(EVENT) == STATUS_OBJECT_NAME_NOT_FOUND, "and goes with the last");

    PVOID event = NULL;
    oa = named(&name, EVENT, OBJ_PERMANENT, NULL);
    import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &event, NULL);
    import_ObMakeTemporaryObject(event);
    ZwClose(handle);
    CHECK(open_event(EVENT) == STATUS_OBJECT_NAME_NOT_FOUND, "ObMakeTemporaryObject does it by pointer");
    ObDereferenceObject(event);
    CHECK(import_ZwMakeTemporaryObject((HANDLE)0x7ffc) == STATUS_INVALID_HANDLE,
          "ZwMakeTemporaryObject: STATUS_INVALID_HANDLE");
}

typedef struct {
    UNICODE_STRING name, type;
} ENTRY;

static void directories(void) {
    UNICODE_STRING name, target, to;
    HANDLE directory = NULL, second = NULL, link = NULL;
    WCHAR room[64];
    ULONG context = 0, returned = 0, needed = 0;
    union {
        ENTRY entries[8];
        UCHAR bytes[1024];
    } list;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\ConformDirectory", 0, NULL);
    CHECK(import_ZwCreateDirectoryObject(&directory, DIRECTORY_ALL_ACCESS, &oa) == STATUS_SUCCESS,
          "ZwCreateDirectoryObject");
    CHECK(import_ZwCreateDirectoryObject(&second, DIRECTORY_ALL_ACCESS, &oa) == STATUS_OBJECT_NAME_COLLISION,
          "once");
    CHECK(import_ZwOpenDirectoryObject(&second, DIRECTORY_QUERY, &oa) == STATUS_SUCCESS,
          "ZwOpenDirectoryObject");
    CHECK(import_ZwQueryDirectoryObject(second, &list, sizeof list, FALSE, TRUE, &context, &returned) ==
              STATUS_NO_MORE_ENTRIES,
          "an empty directory: STATUS_NO_MORE_ENTRIES");
    ZwClose(second);
    oa = named(&name, L"\\ConformNoSuchDirectory", 0, NULL);
    CHECK(import_ZwOpenDirectoryObject(&second, DIRECTORY_QUERY, &oa) == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwOpenDirectoryObject: STATUS_OBJECT_NAME_NOT_FOUND");
    oa = named(&name, L"\\??\\NUL", OBJ_CASE_INSENSITIVE, NULL);
    CHECK(import_ZwOpenDirectoryObject(&second, DIRECTORY_QUERY, &oa) != STATUS_SUCCESS,
          "a name that is no directory");

    RtlInitUnicodeString(&target, L"\\Device\\ConformObObjects");
    oa = named(&name, L"Link", 0, directory);
    CHECK(import_ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, &oa, &target) == STATUS_SUCCESS,
          "a link in it, by RootDirectory");
    CHECK(import_ZwQueryDirectoryObject(directory, &list, sizeof list, TRUE, TRUE, &context, &returned) ==
                  STATUS_SUCCESS &&
              is(&list.entries[0].name, L"Link") && is(&list.entries[0].type, L"SymbolicLink") &&
              context == 1,
          "ZwQueryDirectoryObject lists name and type");
    CHECK(import_ZwQueryDirectoryObject(directory, &list, sizeof list, TRUE, FALSE, &context, &returned) ==
              STATUS_NO_MORE_ENTRIES,
          "and goes on at Context");
    CHECK(import_ZwQueryDirectoryObject(directory, &list, 20, TRUE, TRUE, &context, &returned) ==
                  STATUS_BUFFER_TOO_SMALL &&
              returned > 20,
          "STATUS_BUFFER_TOO_SMALL with the size that is needed");
    ZwClose(link);
    oa = named(&name, L"\\ConformDirectory\\Link", 0, NULL);
    CHECK(import_ZwOpenSymbolicLinkObject(&link, SYMBOLIC_LINK_QUERY, &oa) == STATUS_OBJECT_NAME_NOT_FOUND,
          "a temporary link goes with its handle");

    oa = named(&name, L"\\??\\ConformObObjects", OBJ_CASE_INSENSITIVE, NULL);
    CHECK(import_ZwOpenSymbolicLinkObject(&link, GENERIC_READ, &oa) == STATUS_SUCCESS,
          "ZwOpenSymbolicLinkObject");
    to.Buffer = room, to.Length = 0, to.MaximumLength = sizeof room;
    CHECK(import_ZwQuerySymbolicLinkObject(link, &to, &needed) == STATUS_SUCCESS &&
              is(&to, L"\\Device\\ConformObObjects"),
          "ZwQuerySymbolicLinkObject gives the target");
    to.MaximumLength = 10;
    CHECK(import_ZwQuerySymbolicLinkObject(link, &to, &needed) == STATUS_BUFFER_TOO_SMALL && needed >= 48,
          "STATUS_BUFFER_TOO_SMALL with the length that is needed");
    PVOID object = NULL;
    ObReferenceObjectByHandle(link, 0, NULL, KernelMode, &object, NULL);
    if (object) {
        CHECK(import_ObReferenceObjectByPointer(object, 0, import_ObGetObjectType(object), KernelMode) ==
                  STATUS_OBJECT_TYPE_MISMATCH,
              "ObReferenceObjectByPointer does not take the symbolic link type, whatever the mode");
        ObDereferenceObject(object);
    }
    ZwClose(link);
    ZwClose(directory);
}

typedef struct {
    BOOLEAN inherit, protect;
} FLAGS;

static void handles(void) {
    UNICODE_STRING name;
    HANDLE handle = NULL, copy = NULL;
    ULONG needed = 0;
    PUBLIC_OBJECT_BASIC_INFORMATION basic;
    struct {
        UNICODE_STRING name;
        UCHAR rest[256];
    } answer;
    FLAGS flags = {TRUE, TRUE};
    OBJECT_ATTRIBUTES oa = named(&name, EVENT, 0, NULL);
    if (!NT_SUCCESS(import_ZwCreateEvent(&handle, EVENT_QUERY_STATE | EVENT_MODIFY_STATE, &oa,
                                         NotificationEvent, FALSE)))
        return;
    CHECK(import_ZwQueryObject(handle, 0, &basic, sizeof basic, &needed) == STATUS_SUCCESS &&
              basic.GrantedAccess == (EVENT_QUERY_STATE | EVENT_MODIFY_STATE) && basic.HandleCount == 1,
          "ZwQueryObject, ObjectBasicInformation");
    CHECK(import_ZwQueryObject(handle, 0, &basic, 8, &needed) == STATUS_INFO_LENGTH_MISMATCH &&
              needed >= sizeof basic,
          "STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ZwQueryObject(handle, 2, &answer, sizeof answer, &needed) == STATUS_SUCCESS &&
              is(&answer.name, L"Event"),
          "ObjectTypeInformation");
    CHECK(import_ZwQueryObject((HANDLE)0x7ffc, 0, &basic, sizeof basic, &needed) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    CHECK(import_ZwQueryObject(handle, 99, &basic, sizeof basic, &needed) == STATUS_INVALID_INFO_CLASS,
          "an unknown class");

    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, EVENT_QUERY_STATE,
                                   OBJ_KERNEL_HANDLE, 0) == STATUS_SUCCESS &&
              import_ObIsKernelHandle(copy),
          "ZwDuplicateObject");
    import_ZwQueryObject(copy, 0, &basic, sizeof basic, NULL);
    CHECK(basic.GrantedAccess == EVENT_QUERY_STATE && basic.HandleCount == 2,
          "with the access that was asked for");
    ZwClose(copy);
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0,
                                   OBJ_KERNEL_HANDLE,
                                   DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE) == STATUS_SUCCESS &&
              import_ZwQueryObject(handle, 0, &basic, sizeof basic, NULL) == STATUS_INVALID_HANDLE,
          "DUPLICATE_CLOSE_SOURCE closes the source");
    import_ZwQueryObject(copy, 0, &basic, sizeof basic, NULL);
    CHECK(basic.GrantedAccess == (EVENT_QUERY_STATE | EVENT_MODIFY_STATE), "DUPLICATE_SAME_ACCESS");
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), (HANDLE)0x7ffc, NtCurrentProcess(), &handle, 0,
                                   OBJ_KERNEL_HANDLE, DUPLICATE_SAME_ACCESS) == STATUS_INVALID_HANDLE,
          "ZwDuplicateObject: STATUS_INVALID_HANDLE");

    CHECK(import_ZwSetInformationObject(copy, 4, &flags, sizeof flags) == STATUS_SUCCESS,
          "ZwSetInformationObject: a handle that is protected from close");
    flags.inherit = flags.protect = FALSE;
    CHECK(import_ZwSetInformationObject(copy, 4, &flags, sizeof flags) == STATUS_SUCCESS &&
              import_ObCloseHandle(copy, KernelMode) == STATUS_SUCCESS,
          "until the protection is taken off");
    CHECK(import_ZwSetInformationObject(copy, 4, &flags, sizeof flags) == STATUS_INVALID_HANDLE,
          "ZwSetInformationObject: STATUS_INVALID_HANDLE");
}

static void checks(void) {
    references();
    names();
    permanence();
    directories();
    handles();
}
