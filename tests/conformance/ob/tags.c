// References with tags, and what handles are marked with: nf-wdm-obreferenceobjectwithtag,
// nf-wdm-obdereferenceobjectwithtag, nf-wdm-obdereferenceobjectdeferdeletewithtag,
// nf-wdm-obreferenceobjectbyhandlewithtag, nf-wdm-obreferenceobjectbypointerwithtag,
// nf-wdm-obreferenceobjectsafe, nf-ntifs-obopenobjectbypointer, ns-ntdef-_object_attributes (OBJ_EXCLUSIVE).
#define TOPIC L"ObTags"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(LONG_PTR, ObfReferenceObjectWithTag, PVOID, ULONG);
IMPORT(LONG_PTR, ObfDereferenceObjectWithTag, PVOID, ULONG);
IMPORT(void, ObDereferenceObjectDeferDeleteWithTag, PVOID, ULONG);
IMPORT(NTSTATUS, ObReferenceObjectByPointerWithTag, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, ULONG);
IMPORT(NTSTATUS, ObReferenceObjectByHandleWithTag, HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, ULONG,
       PVOID*, PVOID);
IMPORT(NTSTATUS, ObOpenObjectByPointerWithTag, PVOID, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE,
       KPROCESSOR_MODE, ULONG, PHANDLE);
IMPORT(NTSTATUS, ObOpenObjectByPointer, PVOID, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
       PHANDLE);
IMPORT(BOOLEAN, ObReferenceObjectSafe, PVOID);
IMPORT(BOOLEAN, ObReferenceObjectSafeWithTag, PVOID, ULONG);
IMPORT(NTSTATUS, ObSetHandleAttributes, HANDLE, PVOID, KPROCESSOR_MODE);
IMPORT(BOOLEAN, ObFindHandleForObject, PEPROCESS, PVOID, POBJECT_TYPE, PVOID, PHANDLE);
IMPORT(BOOLEAN, ExEnumHandleTable, PVOID, PVOID, PVOID, PHANDLE);
IMPORT(NTSTATUS, ObCloseHandle, HANDLE, KPROCESSOR_MODE);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwDuplicateObject, HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
IMPORT(NTSTATUS, ZwQueryObject, HANDLE, ULONG, PVOID, ULONG, PULONG);

#define TAG 0x38796b4c // 'Lky8'

static NTSTATUS new_event(PHANDLE handle, PCWSTR name, ULONG attributes) {
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&string, name);
    InitializeObjectAttributes(&oa, name ? &string : NULL, attributes, NULL, NULL);
    return import_ZwCreateEvent(handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
}
static NTSTATUS open_event(PHANDLE handle, PCWSTR name, ULONG attributes) {
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(&string, name);
    InitializeObjectAttributes(&oa, &string, attributes, NULL, NULL);
    return import_ZwOpenEvent(handle, EVENT_ALL_ACCESS, &oa);
}

static void tags(void) {
    HANDLE handle = NULL, second = NULL;
    PVOID event = NULL, object = NULL;
    POBJECT_TYPE type = TYPE_OF(ExEventObjectType), other = TYPE_OF(IoFileObjectType);
    if (!NT_SUCCESS(new_event(&handle, NULL, OBJ_KERNEL_HANDLE))) return;
    CHECK(import_ObReferenceObjectByHandleWithTag(handle, EVENT_MODIFY_STATE, type, KernelMode, TAG, &event,
                                                  NULL) == STATUS_SUCCESS &&
              event,
          "ObReferenceObjectByHandleWithTag");
    CHECK(import_ObReferenceObjectByHandleWithTag(handle, 0, other, KernelMode, TAG, &object, NULL) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "ObReferenceObjectByHandleWithTag: STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(import_ObReferenceObjectByHandleWithTag((HANDLE)0x7ffc, 0, NULL, KernelMode, TAG, &object, NULL) ==
              STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    LONG_PTR count = import_ObfReferenceObjectWithTag(event, TAG);
    CHECK(import_ObfReferenceObjectWithTag(event, TAG) == count + 1, "ObReferenceObjectWithTag");
    CHECK(import_ObfDereferenceObjectWithTag(event, TAG) == count, "ObDereferenceObjectWithTag");
    CHECK(import_ObReferenceObjectByPointerWithTag(event, 0, type, KernelMode, TAG) == STATUS_SUCCESS,
          "ObReferenceObjectByPointerWithTag");
    CHECK(import_ObReferenceObjectByPointerWithTag(event, 0, other, UserMode, TAG) ==
                  STATUS_OBJECT_TYPE_MISMATCH &&
              import_ObReferenceObjectByPointerWithTag(event, 0, NULL, UserMode, TAG) ==
                  STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH: the wrong type, or none in user mode");
    CHECK(import_ObReferenceObjectSafe(event) && import_ObReferenceObjectSafeWithTag(event, TAG),
          "ObReferenceObjectSafe: TRUE for an object that is not being deleted");
    CHECK(ObfDereferenceObject(event) == count + 2 &&
              import_ObfDereferenceObjectWithTag(event, TAG) == count + 1,
          "each took one reference");
    import_ObDereferenceObjectDeferDeleteWithTag(event, TAG);
    CHECK(import_ObfDereferenceObjectWithTag(event, TAG) == count - 1,
          "ObDereferenceObjectDeferDeleteWithTag gave one back");
    CHECK(import_ObOpenObjectByPointerWithTag(event, OBJ_KERNEL_HANDLE, NULL, EVENT_QUERY_STATE, type,
                                              KernelMode, TAG, &second) == STATUS_SUCCESS &&
              ZwClose(second) == STATUS_SUCCESS,
          "ObOpenObjectByPointerWithTag");
    CHECK(import_ObOpenObjectByPointerWithTag(event, OBJ_KERNEL_HANDLE, NULL, 0, other, KernelMode, TAG,
                                              &second) == STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(import_ObOpenObjectByPointerWithTag(event, 0x40000000, NULL, 0, type, KernelMode, TAG, &second) ==
              STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: an invalid attribute");
    ObDereferenceObject(event);
    ZwClose(handle);
}

typedef struct {
    BOOLEAN inherit, protect;
} FLAGS;

static void marks(void) {
    HANDLE handle = NULL, copy = NULL, found = NULL;
    PVOID event = NULL;
    FLAGS flags = {FALSE, TRUE}, seen = {0};
    if (!NT_SUCCESS(new_event(&handle, NULL, OBJ_INHERIT))) return;
    CHECK(import_ZwQueryObject(handle, 4, &seen, sizeof seen, NULL) == STATUS_SUCCESS && seen.inherit &&
              !seen.protect,
          "OBJ_INHERIT marks the handle");
    CHECK(import_ObSetHandleAttributes(handle, &flags, KernelMode) == STATUS_SUCCESS &&
              import_ZwQueryObject(handle, 4, &seen, sizeof seen, NULL) == STATUS_SUCCESS && !seen.inherit &&
              seen.protect,
          "ObSetHandleAttributes sets inherit and protect-from-close");
    CHECK(import_ObSetHandleAttributes((HANDLE)0x7ffc, &flags, KernelMode) == STATUS_INVALID_HANDLE,
          "ObSetHandleAttributes: STATUS_INVALID_HANDLE");
    CHECK(import_ObCloseHandle(handle, UserMode) == STATUS_HANDLE_NOT_CLOSABLE,
          "a protected handle: STATUS_HANDLE_NOT_CLOSABLE");
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0, 0,
                                   DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES) == STATUS_SUCCESS &&
              import_ZwQueryObject(copy, 4, &seen, sizeof seen, NULL) == STATUS_SUCCESS && seen.protect,
          "DUPLICATE_SAME_ATTRIBUTES copies the attributes of the source");
    flags.protect = FALSE;
    import_ObSetHandleAttributes(copy, &flags, KernelMode);
    import_ObSetHandleAttributes(handle, &flags, KernelMode);
    ZwClose(copy);
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0,
                                   1 /* OBJ_PROTECT_CLOSE */, DUPLICATE_SAME_ACCESS) == STATUS_SUCCESS &&
              import_ObCloseHandle(copy, UserMode) == STATUS_HANDLE_NOT_CLOSABLE,
          "NtClose of a duplicate made with OBJ_PROTECT_CLOSE: STATUS_HANDLE_NOT_CLOSABLE");
    import_ObSetHandleAttributes(copy, &flags, KernelMode);
    ZwClose(copy);
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NULL, NULL, 0, 0, 0) == STATUS_INVALID_HANDLE,
          "ZwDuplicateObject without a target process wants DUPLICATE_CLOSE_SOURCE");
    CHECK(import_ZwDuplicateObject((HANDLE)0x7ffc, handle, NtCurrentProcess(), &copy, 0, 0,
                                   DUPLICATE_SAME_ACCESS) == STATUS_INVALID_HANDLE &&
              import_ZwDuplicateObject(handle, handle, NtCurrentProcess(), &copy, 0, 0,
                                       DUPLICATE_SAME_ACCESS) == STATUS_OBJECT_TYPE_MISMATCH,
          "a source process that is no handle, or no process");
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &event, NULL);
    CHECK(import_ObFindHandleForObject(PsGetCurrentProcess(), event, NULL, NULL, &found) && found == handle,
          "ObFindHandleForObject finds the handle");
    CHECK(
        !import_ObFindHandleForObject(PsGetCurrentProcess(), event, TYPE_OF(IoFileObjectType), NULL, &found),
        "not as another type");
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), handle, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE) ==
                  STATUS_SUCCESS &&
              import_ZwQueryObject(handle, 4, &seen, sizeof seen, NULL) == STATUS_INVALID_HANDLE,
          "no target process and DUPLICATE_CLOSE_SOURCE: the source is closed");
    ObDereferenceObject(event);
}

#define NAME L"\\BaseNamedObjects\\ConformExclusive"

static void exclusive(void) {
    HANDLE first = NULL, second = NULL, third = NULL;
    PVOID event = NULL;
    POBJECT_TYPE type = TYPE_OF(ExEventObjectType);
    CHECK(new_event(&first, NAME, OBJ_EXCLUSIVE) == STATUS_SUCCESS, "an object made with OBJ_EXCLUSIVE");
    CHECK(open_event(&second, NAME, 0) == STATUS_SUCCESS, "its process can open more handles");
    CHECK(open_event(&third, NAME, OBJ_KERNEL_HANDLE) == STATUS_ACCESS_DENIED,
          "no other process can: a kernel handle is one of the System process");
    ObReferenceObjectByHandle(first, 0, NULL, KernelMode, &event, NULL);
    ZwClose(second);
    ZwClose(first);
    CHECK(import_ObOpenObjectByPointer(event, OBJ_KERNEL_HANDLE | OBJ_EXCLUSIVE, NULL, 0, type, KernelMode,
                                       &third) == STATUS_SUCCESS,
          "when it has no handles any more, the next process can");
    CHECK(import_ObOpenObjectByPointer(event, 0, NULL, 0, type, KernelMode, &first) == STATUS_ACCESS_DENIED,
          "and has it for itself");
    ZwClose(third);
    ObDereferenceObject(event);
    CHECK(new_event(&first, NAME, OBJ_KERNEL_HANDLE) == STATUS_SUCCESS, "an object made without");
    ObReferenceObjectByHandle(first, 0, NULL, KernelMode, &event, NULL);
    CHECK(!NT_SUCCESS(import_ObOpenObjectByPointer(event, OBJ_KERNEL_HANDLE | OBJ_EXCLUSIVE, NULL, 0, type,
                                                   KernelMode, &second)),
          "exclusive access is granted only if the object was created with OBJ_EXCLUSIVE");
    ObDereferenceObject(event);
    ZwClose(first);
}

// ExEnumHandleTable, as drivers use it: from EPROCESS.ObjectTable, the routine unlocks the entry.
typedef struct {
    volatile LONG64 low;
    ULONG access, spare;
} TABLE_ENTRY;
static PVOID looked_for;
static ULONG seen_access, entries;
static BOOLEAN NTAPI look(PVOID table, TABLE_ENTRY* entry, HANDLE handle, PVOID context) {
    PVOID body = (PVOID)(((entry->low >> 16) & ~(LONG64)15) + 0x30);
    BOOLEAN found = body == looked_for && context == &entries && handle;
    entries++;
    if (found) seen_access = entry->access, entry->access = EVENT_QUERY_STATE;
    InterlockedExchangeAdd64(&entry->low, 1);
    return found && table;
}
static void enumeration(void) {
    HANDLE handle = NULL, found = NULL;
    PUBLIC_OBJECT_BASIC_INFORMATION basic = {0};
    if (!NT_SUCCESS(new_event(&handle, NULL, 0))) return;
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &looked_for, NULL);
    PVOID table = *(PVOID*)((PUCHAR)PsGetCurrentProcess() + 0x570);
    CHECK(import_ExEnumHandleTable(table, look, &entries, &found) && found == handle &&
              seen_access == EVENT_ALL_ACCESS && entries >= 1,
          "ExEnumHandleTable shows the entry and stops when the routine returns TRUE");
    import_ZwQueryObject(handle, 0, &basic, sizeof basic, NULL);
    CHECK(basic.GrantedAccess == EVENT_QUERY_STATE, "the granted access can be changed in it");
    ObDereferenceObject(looked_for);
    looked_for = NULL;
    CHECK(!import_ExEnumHandleTable(table, look, &entries, &found), "and goes through all otherwise");
    ZwClose(handle);
}

static void checks(void) {
    enumeration();
    tags();
    marks();
    exclusive();
}
