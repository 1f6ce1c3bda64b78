// Types and objects that a driver makes. None of this has pages ("reserved for system use"): the checks are
// what is publicly known of ObCreateObjectType, ObCreateObject and ObInsertObject and of a type's procedures,
// and, where objects of the kernel's own types behave so too, the pages of those (nf-wdm-zwclose,
// nf-wdm-zwcreatedirectoryobject, ns-ntdef-_object_attributes, nf-ntifs-ntquerysecurityobject).
#define TOPIC L"ObTypes"
#define OWN_ENTRY
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

enum { create_handle, open_handle, duplicate_handle, inherit_handle };
enum { set_security, query_security, delete_security, assign_security };

typedef struct {
    USHORT Length;
    UCHAR Flags, Flags2;
    ULONG Code, InvalidAttributes;
    GENERIC_MAPPING Mapping;
    ULONG ValidAccess, RetainAccess;
    ULONG PoolType;
    ULONG PagedCharge, NonPagedCharge;
    PVOID Dump, Open, Close, Delete, Parse, Security, QueryName, OkayToClose;
    ULONG WaitMask;
    USHORT WaitMaskOffset, WaitPointerOffset;
} TYPE_INITIALIZER;
#define CASE_INSENSITIVE 0x1
#define UNNAMED_ONLY 0x2
#define DEFAULT_OBJECT 0x4
#define SECURITY_REQUIRED 0x8
#define MAINTAIN_HANDLES 0x10
#define EXTENDED_PARSE 0x1 // of Flags2

IMPORT(NTSTATUS, ObCreateObjectType, PUNICODE_STRING, TYPE_INITIALIZER*, PVOID, POBJECT_TYPE*);
IMPORT(NTSTATUS, ObCreateObject, KPROCESSOR_MODE, POBJECT_TYPE, POBJECT_ATTRIBUTES, KPROCESSOR_MODE, PVOID,
       ULONG, ULONG, ULONG, PVOID*);
IMPORT(NTSTATUS, ObInsertObject, PVOID, PACCESS_STATE, ACCESS_MASK, ULONG, PVOID*, PHANDLE);
IMPORT(NTSTATUS, ObOpenObjectByName, POBJECT_ATTRIBUTES, POBJECT_TYPE, KPROCESSOR_MODE, PVOID, ACCESS_MASK,
       PVOID, PHANDLE);
IMPORT(NTSTATUS, ObReferenceObjectByName, PUNICODE_STRING, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE,
       KPROCESSOR_MODE, PVOID, PVOID*);
IMPORT(NTSTATUS, ObOpenObjectByPointer, PVOID, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
       PHANDLE);
IMPORT(NTSTATUS, ObQueryNameString, PVOID, POBJECT_NAME_INFORMATION, ULONG, PULONG);
IMPORT(POBJECT_TYPE, ObGetObjectType, PVOID);
IMPORT(NTSTATUS, ObGetObjectSecurity, PVOID, PVOID*, PBOOLEAN);
IMPORT(void, ObReleaseObjectSecurity, PVOID, BOOLEAN);
IMPORT(NTSTATUS, ObLogSecurityDescriptor, PVOID, PVOID*, ULONG);
IMPORT(void, ObReferenceSecurityDescriptor, PVOID, ULONG);
IMPORT(void, ObDereferenceSecurityDescriptor, PVOID, ULONG);
IMPORT(NTSTATUS, ObAssignSecurity, PACCESS_STATE, PVOID, PVOID, POBJECT_TYPE);
IMPORT(BOOLEAN, ObCheckObjectAccess, PVOID, PACCESS_STATE, BOOLEAN, KPROCESSOR_MODE, NTSTATUS*);
IMPORT(NTSTATUS, ObQueryObjectAuditingByHandle, HANDLE, PBOOLEAN);
IMPORT(NTSTATUS, SeCreateAccessState, PACCESS_STATE, PVOID, ACCESS_MASK, PGENERIC_MAPPING);
IMPORT(void, SeDeleteAccessState, PACCESS_STATE);
IMPORT(NTSTATUS, ZwDuplicateObject, HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
IMPORT(NTSTATUS, ZwQuerySecurityObject, HANDLE, SECURITY_INFORMATION, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwSetSecurityObject, HANDLE, SECURITY_INFORMATION, PVOID);
IMPORT(NTSTATUS, ZwQueryObject, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwWaitForSingleObject, HANDLE, BOOLEAN, PLARGE_INTEGER);

#define THING_READ 0x1
#define THING_WRITE 0x2
#define THING_ALL (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3)
static const GENERIC_MAPPING mapping = {STANDARD_RIGHTS_READ | THING_READ,
                                        STANDARD_RIGHTS_WRITE | THING_WRITE, STANDARD_RIGHTS_EXECUTE,
                                        THING_ALL};

typedef struct {
    KEVENT event;
    ULONG id;
} THING;

// What the procedures were told last.
static struct {
    ULONG calls, reason, mode, count;
    PVOID process, object;
    ACCESS_MASK granted, strip;
    NTSTATUS answer;
} opened;
static struct {
    ULONG calls;
    PVOID process, object;
    ULONG_PTR in_process, in_system;
} closed;
static struct {
    ULONG calls;
    PVOID object;
} deleted;
static struct {
    ULONG calls, mode, attributes, extended_length;
    PVOID object, type, context, qos, answer_object;
    ACCESS_MASK remaining_access, grant;
    WCHAR complete[64], remaining[32];
    NTSTATUS answer;
    PCWSTR reparse;
} parsed;
static ULONG raises; // which of the procedures below raise
enum {
    raise_open = 1,
    raise_close = 2,
    raise_parse = 4,
    raise_name = 8,
    raise_okay = 16,
    raise_security = 32
};
static void may_raise(ULONG which) {
    if (raises & which) ExRaiseStatus(STATUS_IN_PAGE_ERROR);
}
static struct {
    ULONG calls[4];
    ULONG information, pool, mode;
    PVOID object, kept, slot;
    GENERIC_MAPPING* mapping;
} secured;
static struct {
    ULONG calls, mode;
    PVOID object, process;
    HANDLE handle;
    BOOLEAN answer;
} closable;
static struct {
    ULONG calls;
    BOOLEAN named;
} name_query;

static NTSTATUS NTAPI on_open(ULONG reason, KPROCESSOR_MODE mode, PEPROCESS process, PVOID object,
                              PACCESS_MASK granted, ULONG count) {
    opened.calls++;
    opened.reason = reason, opened.mode = mode, opened.process = process, opened.object = object;
    opened.granted = *granted, opened.count = count;
    *granted &= ~opened.strip;
    may_raise(raise_open);
    return opened.answer;
}
static VOID NTAPI on_close(PEPROCESS process, PVOID object, ULONG_PTR in_process, ULONG_PTR in_system) {
    closed.calls++;
    closed.process = process, closed.object = object;
    closed.in_process = in_process, closed.in_system = in_system;
    may_raise(raise_close);
}
static VOID NTAPI on_delete(PVOID object) {
    deleted.calls++;
    deleted.object = object;
}
static void keep(WCHAR* to, ULONG room, const UNICODE_STRING* from) {
    ULONG n = 0;
    for (; n < from->Length / sizeof(WCHAR) && n + 1 < room; n++)
        to[n] = from->Buffer[n];
    to[n] = 0;
}
static NTSTATUS parse(PVOID object, PVOID type, PACCESS_STATE access, KPROCESSOR_MODE mode, ULONG attributes,
                      PUNICODE_STRING complete, PUNICODE_STRING remaining, PVOID context, PVOID qos,
                      PVOID* found) {
    parsed.calls++;
    parsed.object = object, parsed.type = type, parsed.mode = mode, parsed.attributes = attributes;
    parsed.context = context, parsed.qos = qos;
    parsed.remaining_access = access->RemainingDesiredAccess;
    keep(parsed.complete, 64, complete);
    keep(parsed.remaining, 32, remaining);
    may_raise(raise_parse);
    if (parsed.reparse) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, parsed.reparse);
        parsed.reparse = NULL;
        PVOID buffer = ExAllocatePoolWithTag(PagedPool, name.Length, 'emaN');
        if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(buffer, name.Buffer, name.Length);
        ExFreePool(complete->Buffer);
        complete->Buffer = buffer;
        complete->Length = complete->MaximumLength = name.Length;
        return STATUS_REPARSE;
    }
    if (parsed.grant) {
        access->PreviouslyGrantedAccess |= parsed.grant;
        access->RemainingDesiredAccess &= ~parsed.grant;
    }
    if (parsed.answer_object) ObfReferenceObject(parsed.answer_object);
    *found = parsed.answer_object;
    return parsed.answer;
}
static NTSTATUS NTAPI on_parse(PVOID object, PVOID type, PACCESS_STATE access, KPROCESSOR_MODE mode,
                               ULONG attributes, PUNICODE_STRING complete, PUNICODE_STRING remaining,
                               PVOID context, PVOID qos, PVOID* found) {
    return parse(object, type, access, mode, attributes, complete, remaining, context, qos, found);
}
static NTSTATUS NTAPI on_parse_ex(PVOID object, PVOID type, PACCESS_STATE access, KPROCESSOR_MODE mode,
                                  ULONG attributes, PUNICODE_STRING complete, PUNICODE_STRING remaining,
                                  PVOID context, PVOID qos, USHORT* extended, PVOID* found) {
    parsed.extended_length = *extended;
    return parse(object, type, access, mode, attributes, complete, remaining, context, qos, found);
}
// Keeps the descriptor in the header's slot, which is what a driver that does not mind does.
static NTSTATUS NTAPI on_security(PVOID object, ULONG operation, PULONG information, PVOID descriptor,
                                  PULONG length, PVOID* slot, ULONG pool, GENERIC_MAPPING* generic,
                                  KPROCESSOR_MODE mode) {
    secured.calls[operation & 3]++;
    secured.object = object, secured.pool = pool, secured.mode = (ULONG)mode, secured.mapping = generic;
    secured.slot = slot;
    may_raise(raise_security);
    switch (operation) {
    case assign_security:
        *slot = descriptor;
        return STATUS_SUCCESS;
    case delete_security:
        ExFreePool(*slot);
        *slot = NULL;
        return STATUS_SUCCESS;
    case query_security: {
        secured.information = *information;
        ULONG needed = RtlLengthSecurityDescriptor(*slot), room = *length;
        *length = needed;
        if (room < needed) return STATUS_BUFFER_TOO_SMALL;
        RtlCopyMemory(descriptor, *slot, needed);
        return STATUS_SUCCESS;
    }
    default:
        secured.information = *information;
        return STATUS_SUCCESS;
    }
}
static NTSTATUS NTAPI on_query_name(PVOID object, BOOLEAN named, POBJECT_NAME_INFORMATION to, ULONG length,
                                    PULONG needed, KPROCESSOR_MODE mode) {
    static const WCHAR text[] = L"Thing of mine";
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(mode);
    name_query.calls++;
    name_query.named = named;
    may_raise(raise_name);
    *needed = sizeof *to + sizeof text;
    if (length < *needed) return STATUS_INFO_LENGTH_MISMATCH;
    to->Name.Buffer = (PWSTR)(to + 1);
    to->Name.Length = sizeof text - sizeof(WCHAR);
    to->Name.MaximumLength = sizeof text;
    RtlCopyMemory(to->Name.Buffer, text, sizeof text);
    return STATUS_SUCCESS;
}
static BOOLEAN NTAPI on_okay_to_close(PEPROCESS process, PVOID object, HANDLE handle, KPROCESSOR_MODE mode) {
    closable.calls++;
    closable.process = process, closable.object = object, closable.handle = handle;
    closable.mode = (ULONG)mode;
    may_raise(raise_okay);
    return closable.answer;
}

static POBJECT_TYPE thing_type, extended_type, secure_type, waiting_type, plain_type, unnamed_type;

static TYPE_INITIALIZER initializer(void) {
    TYPE_INITIALIZER i;
    RtlZeroMemory(&i, sizeof i);
    i.Length = sizeof i;
    i.Mapping = mapping;
    i.ValidAccess = THING_ALL;
    i.InvalidAttributes = OBJ_EXCLUSIVE;
    i.PoolType = NonPagedPool;
    return i;
}
static NTSTATUS create_type(PCWSTR text, TYPE_INITIALIZER* i, POBJECT_TYPE* type) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    return import_ObCreateObjectType(&name, i, NULL, type);
}

// Types are for ever, so this driver is not unloaded.
static void own_entry(void) {
    this_driver->DriverUnload = NULL;
    opened.answer = parsed.answer = STATUS_SUCCESS;
    closable.answer = TRUE;
    TYPE_INITIALIZER i = initializer();
    i.Flags = MAINTAIN_HANDLES;
    i.Open = on_open, i.Close = on_close, i.Delete = on_delete, i.Parse = on_parse;
    i.QueryName = on_query_name, i.OkayToClose = on_okay_to_close;
    i.PagedCharge = 48, i.NonPagedCharge = 64;
    create_type(L"ConformThing", &i, &thing_type);
    i = initializer();
    i.Flags2 = EXTENDED_PARSE;
    i.Parse = on_parse_ex;
    create_type(L"ConformExtended", &i, &extended_type);
    i = initializer();
    i.Flags = SECURITY_REQUIRED;
    i.Security = on_security;
    i.PoolType = PagedPool;
    create_type(L"ConformSecure", &i, &secure_type);
    i = initializer();
    i.Flags = DEFAULT_OBJECT;
    create_type(L"ConformWaiting", &i, &waiting_type);
    i = initializer();
    i.Flags = CASE_INSENSITIVE;
    create_type(L"ConformPlain", &i, &plain_type);
    i = initializer();
    i.Flags = UNNAMED_ONLY;
    create_type(L"ConformUnnamed", &i, &unnamed_type);
}

static OBJECT_ATTRIBUTES named(PUNICODE_STRING name, PCWSTR text, ULONG attributes, HANDLE root) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(&oa, text ? name : NULL, attributes, root, NULL);
    return oa;
}
static NTSTATUS create(POBJECT_TYPE type, PCWSTR text, ULONG attributes, PVOID* object) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, text, attributes, NULL);
    *object = NULL;
    return import_ObCreateObject(KernelMode, type, &oa, KernelMode, NULL, sizeof(THING), 0, 0, object);
}
static NTSTATUS open(POBJECT_TYPE type, PCWSTR text, ULONG attributes, ACCESS_MASK access, PVOID context,
                     HANDLE* handle) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, text, attributes | OBJ_KERNEL_HANDLE, NULL);
    *handle = NULL;
    return import_ObOpenObjectByName(&oa, type, KernelMode, NULL, access, context, handle);
}
static BOOLEAN same(PCWSTR a, PCWSTR b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void types(void) {
    POBJECT_TYPE type;
    UNICODE_STRING name;
    TYPE_INITIALIZER i = initializer();
    CHECK(thing_type && extended_type && secure_type && waiting_type && plain_type && unnamed_type,
          "ObCreateObjectType");
    RtlInitUnicodeString(&name, L"\\ObjectTypes\\ConformThing");
    PVOID found = NULL;
    CHECK(import_ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0,
                                         import_ObGetObjectType(thing_type), KernelMode, NULL,
                                         &found) == STATUS_SUCCESS &&
              found == thing_type,
          "the type is an object in \\ObjectTypes");
    if (found) ObDereferenceObject(found);
    CHECK(create_type(L"ConformThing", &i, &type) == STATUS_OBJECT_NAME_COLLISION,
          "STATUS_OBJECT_NAME_COLLISION: there is a type of that name");
    CHECK(create_type(L"File", &i, &type) == STATUS_OBJECT_NAME_COLLISION, "or one of the kernel's");
    BOOLEAN collisions = TRUE;
    for (int n = 0; n < 300; n++) // more often than there is room for types
        if (create_type(L"CONFORMTHING", &i, &type) != STATUS_OBJECT_NAME_COLLISION) collisions = FALSE;
    CHECK(collisions, "in any case, and nothing is left behind");
    CHECK(create_type(L"A\\B", &i, &type) == STATUS_OBJECT_NAME_INVALID,
          "STATUS_OBJECT_NAME_INVALID: a backslash");
    CHECK(create_type(L"", &i, &type) == STATUS_INVALID_PARAMETER &&
              import_ObCreateObjectType(NULL, &i, NULL, &type) == STATUS_INVALID_PARAMETER &&
              create_type(L"X", NULL, &type) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no name, no initializer");
    i.Length = sizeof i - 8;
    CHECK(create_type(L"X", &i, &type) == STATUS_INVALID_PARAMETER, "an initializer of another size");
    i = initializer();
    i.InvalidAttributes = 0x10000;
    CHECK(create_type(L"X", &i, &type) == STATUS_INVALID_PARAMETER, "unknown attributes");
    i = initializer();
    i.Flags = MAINTAIN_HANDLES;
    CHECK(create_type(L"X", &i, &type) == STATUS_INVALID_PARAMETER,
          "handle counts, but neither an open nor a close procedure");
    i = initializer();
    i.Flags = DEFAULT_OBJECT;
    i.PoolType = PagedPool;
    CHECK(create_type(L"X", &i, &type) == STATUS_INVALID_PARAMETER, "a default object with paged bodies");
}

static void lives(void) {
    PVOID thing, object = NULL;
    HANDLE handle = NULL, second = NULL, third = NULL, kernel = NULL;
    ULONG opens = opened.calls, closes = closed.calls, deletes = deleted.calls;
    PEPROCESS self = PsGetCurrentProcess();
    CHECK(create(thing_type, NULL, 0, &thing) == STATUS_SUCCESS && thing && ((THING*)thing)->id == 0 &&
              import_ObGetObjectType(thing) == thing_type,
          "ObCreateObject: a zeroed body of the type");
    if (!thing) return;
    CHECK(import_ObInsertObject(thing, NULL, GENERIC_READ, 0, NULL, &handle) == STATUS_SUCCESS && handle,
          "ObInsertObject: a handle");
    CHECK(opened.calls == opens + 1 && opened.reason == create_handle && opened.object == thing &&
              opened.process == self && opened.count == 1 && opened.mode == KernelMode &&
              opened.granted == mapping.GenericRead,
          "OpenProcedure: a handle is created; generic rights are mapped; the process has one");
    CHECK(import_ObInsertObject(thing, NULL, 0, 0, NULL, NULL) == STATUS_INVALID_PARAMETER,
          "an object is inserted once");
    CHECK(ObReferenceObjectByHandle(handle, THING_READ, thing_type, UserMode, &object, NULL) ==
                  STATUS_SUCCESS &&
              object == thing,
          "ObReferenceObjectByHandle");
    CHECK(ObReferenceObjectByHandle(handle, THING_WRITE, thing_type, UserMode, &object, NULL) ==
              STATUS_ACCESS_DENIED,
          "rights that were not granted");
    opened.strip = THING_WRITE;
    CHECK(import_ObOpenObjectByPointer(thing, 0, NULL, THING_READ | THING_WRITE, thing_type, KernelMode,
                                       &second) == STATUS_SUCCESS &&
              opened.reason == open_handle && opened.count == 2 &&
              opened.granted == (THING_READ | THING_WRITE),
          "opened once more: the process has two");
    opened.strip = 0;
    CHECK(ObReferenceObjectByHandle(second, THING_WRITE, thing_type, UserMode, &object, NULL) ==
              STATUS_ACCESS_DENIED,
          "OpenProcedure may change what is granted");
    CHECK(import_ZwDuplicateObject(NtCurrentProcess(), second, NtCurrentProcess(), &third, 0, 0,
                                   DUPLICATE_SAME_ACCESS) == STATUS_SUCCESS &&
              opened.reason == duplicate_handle && opened.count == 3,
          "duplicated: three");
    CHECK(import_ObOpenObjectByPointer(thing, OBJ_KERNEL_HANDLE, NULL, THING_READ, thing_type, KernelMode,
                                       &kernel) == STATUS_SUCCESS &&
              opened.process == PsInitialSystemProcess && opened.count == 1,
          "a kernel handle is the System process's first");
    opened.answer = STATUS_UNSUCCESSFUL;
    HANDLE none = NULL;
    CHECK(import_ObOpenObjectByPointer(thing, 0, NULL, THING_READ, thing_type, KernelMode, &none) ==
                  STATUS_UNSUCCESSFUL &&
              opened.count == 4,
          "OpenProcedure may refuse");
    opened.answer = STATUS_SUCCESS;

    closable.answer = FALSE;
    ULONG asked = closable.calls;
    CHECK(ZwClose(third) == STATUS_HANDLE_NOT_CLOSABLE && closable.calls == asked + 1 &&
              closable.object == thing && closable.handle == third && closable.process == self &&
              closable.mode == KernelMode && closed.calls == closes,
          "OkayToCloseProcedure may refuse: STATUS_HANDLE_NOT_CLOSABLE");
    closable.answer = TRUE;
    CHECK(ZwClose(third) == STATUS_SUCCESS && closed.calls == closes + 1 && closed.object == thing &&
              closed.process == self && closed.in_process == 3 && closed.in_system == 4,
          "CloseProcedure: the handles of the process and of all, with the one that goes");
    CHECK(ZwClose(kernel) == STATUS_SUCCESS && closed.process == PsInitialSystemProcess &&
              closed.in_process == 1 && closed.in_system == 3,
          "the System process has one");
    CHECK(ZwClose(second) == STATUS_SUCCESS && closed.in_process == 2 && closed.in_system == 2, "two left");
    ObDereferenceObject(thing);
    CHECK(deleted.calls == deletes, "a handle keeps the object");
    struct {
        ULONG attributes, access, handles, pointers, paged, nonpaged, more[8];
    } basic;
    CHECK(import_ZwQueryObject(handle, 0, &basic, sizeof basic, NULL) == STATUS_SUCCESS &&
              basic.handles == 1 && basic.paged == 48 && basic.nonpaged == 64,
          "the charges of the type, as ObjectBasicInformation says");
    CHECK(ZwClose(handle) == STATUS_SUCCESS && closed.in_process == 1 && closed.in_system == 1,
          "the last handle");
    CHECK(deleted.calls == deletes + 1 && deleted.object == thing, "then DeleteProcedure");

    CHECK(create(thing_type, NULL, 0, &thing) == STATUS_SUCCESS, "an object that is not inserted");
    ObDereferenceObject(thing);
    CHECK(deleted.calls == deletes + 2, "ends with its reference");
    CHECK(create(thing_type, NULL, 0, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, 0, 0, NULL, NULL) == STATUS_SUCCESS,
          "inserted without a handle");
    CHECK(ObReferenceObjectByPointer(thing, 0, thing_type, KernelMode) == STATUS_SUCCESS,
          "the caller keeps its reference");
    ObDereferenceObject(thing);
    ObDereferenceObject(thing);
    CHECK(deleted.calls == deletes + 3, "and gives it back");
    CHECK(create(thing_type, NULL, 0, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, THING_READ, 1, &object, &handle) == STATUS_SUCCESS &&
              object == thing && ZwClose(handle) == STATUS_SUCCESS && deleted.calls == deletes + 3,
          "ObjectPointerBias: a reference more");
    ObDereferenceObject(thing);
    CHECK(deleted.calls == deletes + 4, "which is the caller's");
    CHECK(create(thing_type, NULL, OBJ_EXCLUSIVE, &thing) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: attributes that the type does not allow");
}

#define THING1 L"\\BaseNamedObjects\\ConformThing1"
#define PLAIN1 L"\\BaseNamedObjects\\ConformPlain1"

static void names(void) {
    PVOID thing, other, plain, got = NULL;
    HANDLE handle = NULL, second = NULL;
    UNICODE_STRING name;
    ULONG deletes = deleted.calls;
    CHECK(create(plain_type, PLAIN1, 0, &plain) == STATUS_SUCCESS &&
              import_ObInsertObject(plain, NULL, THING_ALL, 0, NULL, &handle) == STATUS_SUCCESS,
          "an object with a name");
    CHECK(open(plain_type, PLAIN1, 0, THING_READ, NULL, &second) == STATUS_SUCCESS, "ObOpenObjectByName");
    if (second) ZwClose(second);
    CHECK(open(plain_type, L"\\BaseNamedObjects\\CONFORMPLAIN1", 0, THING_READ, NULL, &second) ==
              STATUS_SUCCESS,
          "a type without case");
    if (second) ZwClose(second);
    CHECK(open(thing_type, PLAIN1, 0, THING_READ, NULL, &second) == STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(open(plain_type, PLAIN1 L"\\X", 0, THING_READ, NULL, &second) == STATUS_OBJECT_TYPE_MISMATCH,
          "nothing lies below an object without a parse procedure");
    CHECK(create(plain_type, PLAIN1, 0, &other) == STATUS_SUCCESS &&
              import_ObInsertObject(other, NULL, THING_ALL, 0, NULL, &second) == STATUS_OBJECT_NAME_COLLISION,
          "STATUS_OBJECT_NAME_COLLISION");
    CHECK(create(plain_type, PLAIN1, OBJ_OPENIF, &other) == STATUS_SUCCESS &&
              import_ObInsertObject(other, NULL, THING_READ, 1, &got, &second) == STATUS_OBJECT_NAME_EXISTS &&
              got == plain,
          "OBJ_OPENIF: STATUS_OBJECT_NAME_EXISTS, and the object that has the name");
    if (got) ObDereferenceObject(got);
    ZwClose(second);
    CHECK(create(thing_type, PLAIN1, OBJ_OPENIF, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, THING_READ, 0, NULL, &second) == STATUS_OBJECT_TYPE_MISMATCH,
          "which must be of the type");
    CHECK(deleted.calls == deletes + 1, "on failure the new object goes");
    CHECK(create(thing_type, L"\\NoSuchDirectory\\X", 0, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, THING_READ, 0, NULL, &second) ==
                  STATUS_OBJECT_PATH_NOT_FOUND,
          "STATUS_OBJECT_PATH_NOT_FOUND");
    CHECK(create(thing_type, L"X", 0, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, THING_READ, 0, NULL, &second) ==
                  STATUS_OBJECT_PATH_SYNTAX_BAD,
          "STATUS_OBJECT_PATH_SYNTAX_BAD");
    CHECK(ZwClose(handle) == STATUS_SUCCESS &&
              open(plain_type, PLAIN1, 0, THING_READ, NULL, &second) == STATUS_OBJECT_NAME_NOT_FOUND,
          "with the last handle the name goes");
    OBJECT_ATTRIBUTES oa = named(&name, NULL, 0, (HANDLE)4);
    CHECK(import_ObCreateObject(KernelMode, plain_type, &oa, KernelMode, NULL, 16, 0, 0, &plain) ==
              STATUS_OBJECT_NAME_INVALID,
          "STATUS_OBJECT_NAME_INVALID: a root and no name");
    CHECK(create(unnamed_type, L"\\BaseNamedObjects\\ConformUnnamed1", 0, &plain) ==
              STATUS_OBJECT_NAME_INVALID,
          "a name for a type of unnamed objects");

    CHECK(create(thing_type, THING1, 0, &thing) == STATUS_SUCCESS &&
              import_ObInsertObject(thing, NULL, THING_ALL, 1, NULL, &handle) == STATUS_SUCCESS,
          "a thing with a name");
    struct {
        OBJECT_NAME_INFORMATION info;
        WCHAR room[64];
    } answer;
    ULONG needed = 0;
    ULONG asked = name_query.calls;
    CHECK(import_ObQueryNameString(thing, &answer.info, sizeof answer, &needed) == STATUS_SUCCESS &&
              same(answer.info.Name.Buffer, L"Thing of mine") && name_query.calls > asked && name_query.named,
          "QueryNameProcedure");
    CHECK(import_ObQueryNameString(thing, &answer.info, sizeof answer.info, &needed) ==
                  STATUS_INFO_LENGTH_MISMATCH &&
              needed == sizeof answer.info + 14 * sizeof(WCHAR),
          "its length");
    SECURITY_DESCRIPTOR nobody;
    RtlCreateSecurityDescriptor(&nobody, SECURITY_DESCRIPTOR_REVISION);
    ACL empty = {ACL_REVISION, 0, sizeof empty, 0, 0};
    RtlSetDaclSecurityDescriptor(&nobody, TRUE, &empty, FALSE);
    import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &nobody);
    asked = name_query.calls;
    CHECK(import_ObOpenObjectByPointer(thing, OBJ_KERNEL_HANDLE, NULL, THING_READ, thing_type, UserMode,
                                       &second) == STATUS_ACCESS_DENIED &&
              name_query.calls == asked,
          "QueryNameProcedure is called for those who ask for the name, not for whom access is denied");
    ObDereferenceObject(thing);
    ZwClose(handle);
}

static void parsing(void) {
    PVOID thing, plain, extended;
    HANDLE directory = NULL, target = NULL, handle = NULL, root = NULL;
    UNICODE_STRING name;
    create(thing_type, THING1, 0, &thing);
    import_ObInsertObject(thing, NULL, THING_ALL, 0, NULL, &directory);
    create(plain_type, PLAIN1, 0, &plain);
    import_ObInsertObject(plain, NULL, THING_ALL, 0, NULL, &target);
    ULONG calls = parsed.calls;
    parsed.answer_object = plain;
    CHECK(open(plain_type, THING1 L"\\sub\\part", OBJ_CASE_INSENSITIVE, GENERIC_WRITE, &parsed, &handle) ==
              STATUS_SUCCESS,
          "ObOpenObjectByName through a parse procedure");
    CHECK(parsed.calls == calls + 1 && parsed.object == thing && parsed.type == plain_type &&
              parsed.mode == KernelMode && (parsed.attributes & OBJ_CASE_INSENSITIVE) &&
              parsed.context == &parsed && parsed.qos == NULL,
          "its object, the type wanted, mode, attributes, context");
    CHECK(same(parsed.complete, THING1 L"\\sub\\part") && same(parsed.remaining, L"\\sub\\part"),
          "the complete and the remaining name");
    CHECK(parsed.remaining_access == mapping.GenericWrite, "an access state with what is desired");
    PVOID found = NULL;
    CHECK(ObReferenceObjectByHandle(handle, THING_WRITE, plain_type, KernelMode, &found, NULL) ==
                  STATUS_SUCCESS &&
              found == plain,
          "the handle is to the object that it answers");
    if (found) ObDereferenceObject(found);
    if (handle) ZwClose(handle);
    CHECK(open(thing_type, THING1, 0, THING_READ, NULL, &handle) == STATUS_OBJECT_TYPE_MISMATCH &&
              parsed.remaining[0] == 0,
          "nothing remaining; an object of another type than wanted");
    parsed.answer_object = NULL;
    CHECK(open(plain_type, THING1 L"\\x", 0, THING_READ, NULL, &handle) == STATUS_OBJECT_NAME_NOT_FOUND,
          "success without an object");
    parsed.answer = STATUS_DEVICE_NOT_READY;
    CHECK(open(plain_type, THING1 L"\\x", 0, THING_READ, NULL, &handle) == STATUS_DEVICE_NOT_READY,
          "a status of its own");
    parsed.answer = STATUS_SUCCESS;
    parsed.reparse = PLAIN1;
    CHECK(open(plain_type, THING1 L"\\x", 0, THING_READ, NULL, &handle) == STATUS_SUCCESS,
          "STATUS_REPARSE: the lookup goes on with the complete name");
    if (handle) ZwClose(handle);
    parsed.reparse = PLAIN1;
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, THING1 L"\\x");
    found = NULL;
    CHECK(import_ObReferenceObjectByName(&text, 0, NULL, 0, plain_type, KernelMode, NULL, &found) ==
                  STATUS_SUCCESS &&
              found == plain,
          "also by ObReferenceObjectByName");
    if (found) ObDereferenceObject(found);
    parsed.reparse = THING1 L"\\again";
    parsed.answer_object = plain;
    CHECK(open(plain_type, THING1 L"\\x", 0, THING_READ, NULL, &handle) == STATUS_SUCCESS &&
              same(parsed.remaining, L"\\again"),
          "and may come to the procedure again");
    if (handle) ZwClose(handle);
    OBJECT_ATTRIBUTES oa = named(&name, L"rel\\name", OBJ_KERNEL_HANDLE, directory);
    CHECK(import_ObOpenObjectByName(&oa, plain_type, KernelMode, NULL, THING_READ, NULL, &handle) ==
                  STATUS_SUCCESS &&
              parsed.object == thing && same(parsed.remaining, L"rel\\name"),
          "a name relative to the object");
    if (handle) ZwClose(handle);
    // With a user-mode caller the rights are checked: those that the procedure grants are not.
    SECURITY_DESCRIPTOR nobody;
    RtlCreateSecurityDescriptor(&nobody, SECURITY_DESCRIPTOR_REVISION);
    ACL empty = {ACL_REVISION, 0, sizeof empty, 0, 0};
    RtlSetDaclSecurityDescriptor(&nobody, TRUE, &empty, FALSE);
    CHECK(import_ZwSetSecurityObject(target, DACL_SECURITY_INFORMATION, &nobody) == STATUS_SUCCESS,
          "an empty list");
    RtlInitUnicodeString(&name, THING1 L"\\x");
    InitializeObjectAttributes(&oa, &name, OBJ_FORCE_ACCESS_CHECK | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(import_ObOpenObjectByName(&oa, plain_type, KernelMode, NULL, THING_READ, NULL, &handle) ==
              STATUS_ACCESS_DENIED,
          "access is checked after the procedure: STATUS_ACCESS_DENIED");
    parsed.grant = THING_READ;
    CHECK(import_ObOpenObjectByName(&oa, plain_type, KernelMode, NULL, THING_READ, NULL, &handle) ==
              STATUS_SUCCESS,
          "not for what the procedure has granted in the access state");
    if (handle) ZwClose(handle);
    parsed.grant = 0;

    create(extended_type, L"\\BaseNamedObjects\\ConformExtended1", 0, &extended);
    import_ObInsertObject(extended, NULL, THING_ALL, 0, NULL, &root);
    CHECK(open(plain_type, L"\\BaseNamedObjects\\ConformExtended1\\y", 0, THING_READ, NULL, &handle) ==
                  STATUS_SUCCESS &&
              parsed.extended_length == 16 && same(parsed.remaining, L"\\y"),
          "ParseProcedureEx has parameters more");
    if (handle) ZwClose(handle);
    parsed.answer_object = NULL;
    CHECK(create(plain_type, THING1 L"\\new", 0, &plain) == STATUS_SUCCESS &&
              import_ObInsertObject(plain, NULL, THING_READ, 0, NULL, &handle) == STATUS_OBJECT_TYPE_MISMATCH,
          "nothing is inserted below such an object");
    ZwClose(root);
    ZwClose(target);
    ZwClose(directory);
}

static void security(void) {
    PVOID secure, descriptor = NULL;
    HANDLE handle = NULL;
    ULONG length = 0;
    static UCHAR buffer[512];
    BOOLEAN allocated = FALSE;
    create(secure_type, L"\\BaseNamedObjects\\ConformSecure1", 0, &secure);
    ULONG before[4];
    for (int n = 0; n < 4; n++)
        before[n] = secured.calls[n];
    CHECK(import_ObInsertObject(secure, NULL, THING_ALL | ACCESS_SYSTEM_SECURITY, 0, NULL, &handle) ==
                  STATUS_SUCCESS &&
              secured.calls[assign_security] == before[assign_security] + 1 && secured.object == secure &&
              secured.pool == PagedPool && secured.mode == KernelMode && secured.mapping &&
              secured.mapping->GenericAll == THING_ALL,
          "SecurityProcedure: AssignSecurityDescriptor");
    CHECK(import_ZwQuerySecurityObject(handle, DACL_SECURITY_INFORMATION, buffer, 8, &length) ==
                  STATUS_BUFFER_TOO_SMALL &&
              length > 20,
          "QuerySecurityDescriptor: STATUS_BUFFER_TOO_SMALL and the length");
    CHECK(import_ZwQuerySecurityObject(handle, DACL_SECURITY_INFORMATION, buffer, sizeof buffer, &length) ==
                  STATUS_SUCCESS &&
              secured.information == DACL_SECURITY_INFORMATION && RtlValidSecurityDescriptor(buffer),
          "QuerySecurityDescriptor");
    CHECK(import_ObGetObjectSecurity(secure, &descriptor, &allocated) == STATUS_SUCCESS && allocated &&
              RtlValidSecurityDescriptor(descriptor),
          "ObGetObjectSecurity: a copy of what it answers");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    CHECK(import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, buffer) == STATUS_SUCCESS &&
              secured.calls[set_security] == before[set_security] + 1 &&
              secured.information == DACL_SECURITY_INFORMATION,
          "SetSecurityDescriptor");
    PVOID logged = NULL, again = NULL;
    CHECK(import_ObLogSecurityDescriptor(buffer, &logged, 1) == STATUS_SUCCESS && logged &&
              RtlValidSecurityDescriptor(logged) &&
              import_ObLogSecurityDescriptor(buffer, &again, 2) == STATUS_SUCCESS && again == logged,
          "ObLogSecurityDescriptor: equal descriptors are one");
    import_ObReferenceSecurityDescriptor(logged, 1);
    import_ObDereferenceSecurityDescriptor(logged, 4);
    BOOLEAN generate = TRUE;
    CHECK(import_ObQueryObjectAuditingByHandle(handle, &generate) == STATUS_SUCCESS && !generate &&
              import_ObQueryObjectAuditingByHandle((HANDLE)0x7ffc, &generate) == STATUS_INVALID_HANDLE,
          "ObQueryObjectAuditingByHandle");

    static ACCESS_STATE state;
    static UCHAR auxiliary[0x200];
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    GENERIC_MAPPING generic = mapping;
    import_SeCreateAccessState(&state, auxiliary, GENERIC_READ, &generic);
    CHECK(import_ObCheckObjectAccess(secure, &state, FALSE, UserMode, &status) && status == STATUS_SUCCESS &&
              state.PreviouslyGrantedAccess == mapping.GenericRead && !state.RemainingDesiredAccess &&
              secured.mode == KernelMode,
          "ObCheckObjectAccess asks the type's procedure for the descriptor, moves what is granted");
    ULONG assigned = secured.calls[assign_security];
    PVOID plain;
    create(plain_type, NULL, 0, &plain);
    CHECK(import_ObAssignSecurity(&state, NULL, plain, plain_type) == STATUS_SUCCESS &&
              secured.calls[assign_security] == assigned &&
              import_ObGetObjectSecurity(plain, &descriptor, &allocated) == STATUS_SUCCESS && descriptor,
          "ObAssignSecurity");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    ObDereferenceObject(plain);
    import_SeDeleteAccessState(&state);
    ULONG gone = secured.calls[delete_security];
    ZwClose(handle);
    CHECK(secured.calls[delete_security] == gone + 1, "DeleteSecurityDescriptor when the object ends");
}

static void waits(void) {
    PVOID thing, file;
    HANDLE handle = NULL;
    LARGE_INTEGER now = {.QuadPart = 0};
    create(waiting_type, NULL, 0, &thing);
    import_ObInsertObject(thing, NULL, SYNCHRONIZE, 0, NULL, &handle);
    CHECK(import_ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_SUCCESS,
          "an object of a type with a default object is always signaled");
    ZwClose(handle);
    create(plain_type, NULL, 0, &thing);
    KeInitializeEvent(&((THING*)thing)->event, NotificationEvent, FALSE);
    import_ObInsertObject(thing, NULL, SYNCHRONIZE, 1, NULL, &handle);
    CHECK(import_ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_TIMEOUT,
          "others are dispatcher objects themselves");
    KeSetEvent(&((THING*)thing)->event, 0, FALSE);
    CHECK(import_ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_SUCCESS, "signaled");
    ZwClose(handle);
    ObDereferenceObject(thing);
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, NULL, 0, NULL, NULL);
    CHECK(import_ObCreateObject(KernelMode, TYPE_OF(IoFileObjectType), &oa, KernelMode, NULL,
                                sizeof(FILE_OBJECT), 0, 0, &file) == STATUS_SUCCESS,
          "a file object of a driver's own");
    ((PFILE_OBJECT)file)->Type = IO_TYPE_FILE;
    ((PFILE_OBJECT)file)->Size = sizeof(FILE_OBJECT);
    ObDereferenceObject(file);
}

static ULONG pointers_of(HANDLE handle) {
    struct {
        ULONG attributes, access, handles, pointers, reserved[10];
    } basic = {0};
    import_ZwQueryObject(handle, 0, &basic, sizeof basic, NULL);
    return basic.pointers;
}
#define RAISED(action)                                                                                       \
    raised = FALSE;                                                                                          \
    __try {                                                                                                  \
        action;                                                                                              \
    } __except (1 /* EXCEPTION_EXECUTE_HANDLER */) {                                                         \
        raised = GetExceptionCode() == STATUS_IN_PAGE_ERROR;                                                 \
    }                                                                                                        \
    raises = 0

// A procedure that raises to a handler of its caller leaves nothing behind.
static void raising(void) {
    BOOLEAN raised;
    PVOID thing;
    HANDLE handle = NULL, second = NULL;
    static UCHAR buffer[64];
    ULONG length = 0;
    create(thing_type, THING1, 0, &thing);
    import_ObInsertObject(thing, NULL, THING_ALL, 1, NULL, &handle);
    const ULONG before = pointers_of(handle);
    raises = raise_parse;
    RAISED(open(thing_type, THING1 L"\\x", 0, THING_READ, NULL, &second));
    CHECK(raised && pointers_of(handle) == before, "a parse procedure that raises: no reference is left");
    raises = raise_open;
    RAISED(import_ObOpenObjectByPointer(thing, OBJ_KERNEL_HANDLE, NULL, THING_READ, thing_type, KernelMode,
                                        &second));
    CHECK(raised && pointers_of(handle) == before, "an open procedure");
    CHECK(import_ObOpenObjectByPointer(thing, OBJ_KERNEL_HANDLE, NULL, THING_READ, thing_type, KernelMode,
                                       &second) == STATUS_SUCCESS &&
              opened.count == 1,
          "and no handle is counted");
    raises = raise_okay;
    RAISED(ZwClose(second));
    CHECK(raised && pointers_of(handle) == before + 1, "an okay-to-close procedure: the handle stays");
    raises = raise_close;
    RAISED(ZwClose(second));
    CHECK(raised && pointers_of(handle) == before, "a close procedure: the handle is closed");
    raises = raise_name;
    RAISED(import_ZwQueryObject(handle, 1, buffer, sizeof buffer, &length));
    CHECK(raised && pointers_of(handle) == before, "a query-name procedure");
    ULONG gone = deleted.calls;
    raises = raise_close;
    RAISED(ZwClose(handle));
    ObDereferenceObject(thing);
    CHECK(raised && deleted.calls == gone + 1 &&
              open(plain_type, THING1, 0, THING_READ, NULL, &second) == STATUS_OBJECT_NAME_NOT_FOUND,
          "with the last handle the object and its name go");
    create(secure_type, L"\\BaseNamedObjects\\ConformSecure2", 0, &thing);
    import_ObInsertObject(thing, NULL, THING_ALL, 0, NULL, &handle);
    const ULONG secure = pointers_of(handle);
    raises = raise_security;
    RAISED(import_ZwQuerySecurityObject(handle, DACL_SECURITY_INFORMATION, buffer, 8, &length));
    CHECK(raised && pointers_of(handle) == secure, "a security procedure");
    ZwClose(handle);
}

static void checks(void) {
    types();
    lives();
    names();
    parsing();
    security();
    waits();
    raising();
}
