// The namespace: kernel pages local-and-global-ms-dos-device-names, object-directories,
// standard-event-objects, object-names; win32 page termserv/kernel-object-namespaces;
// ns-ntdef-_object_attributes (OBJ_OPENLINK, OBJ_DONT_REPARSE, OBJ_CASE_INSENSITIVE). RUN comes from a
// program, so its thread is in a local context.
#define TOPIC L"ObNamespace"
#include <ntifs.h>
static void at_entry(void);
#define OWN_ENTRY
static void own_entry(void) { at_entry(); }
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwOpenDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwOpenSymbolicLinkObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwQuerySymbolicLinkObject, HANDLE, PUNICODE_STRING, PULONG);
IMPORT(NTSTATUS, ZwCreateSymbolicLinkObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PUNICODE_STRING);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(PACCESS_TOKEN, PsReferencePrimaryToken, PEPROCESS);
IMPORT(void, PsDereferencePrimaryToken, PACCESS_TOKEN);
IMPORT(NTSTATUS, PsImpersonateClient, PETHREAD, PACCESS_TOKEN, BOOLEAN, BOOLEAN,
       SECURITY_IMPERSONATION_LEVEL);
IMPORT(void, PsRevertToSelf, void);
IMPORT(NTSTATUS, ObReferenceObjectByName, PUNICODE_STRING, ULONG, PACCESS_STATE, ACCESS_MASK, POBJECT_TYPE,
       KPROCESSOR_MODE, PVOID, PVOID*);
IMPORT_DATA(PEPROCESS, PsInitialSystemProcess);
IMPORT(NTSTATUS, ObQueryNameString, PVOID, POBJECT_NAME_INFORMATION, ULONG, PULONG);

static OBJECT_ATTRIBUTES named(PUNICODE_STRING string, PCWSTR name, ULONG attributes) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(string, name);
    InitializeObjectAttributes(&oa, string, attributes | OBJ_KERNEL_HANDLE, NULL, NULL);
    return oa;
}
static NTSTATUS directory(PCWSTR name) {
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa = named(&string, name, OBJ_CASE_INSENSITIVE);
    HANDLE handle;
    NTSTATUS status = import_ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, &oa);
    if (NT_SUCCESS(status)) ZwClose(handle);
    return status;
}
static BOOLEAN leads_to(PCWSTR link, PCWSTR expected) {
    UNICODE_STRING string, target, wanted;
    WCHAR room[128];
    OBJECT_ATTRIBUTES oa = named(&string, link, OBJ_CASE_INSENSITIVE);
    HANDLE handle;
    if (!NT_SUCCESS(import_ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &oa))) return FALSE;
    target.Buffer = room, target.Length = 0, target.MaximumLength = sizeof room;
    NTSTATUS status = import_ZwQuerySymbolicLinkObject(handle, &target, NULL);
    ZwClose(handle);
    RtlInitUnicodeString(&wanted, expected);
    return NT_SUCCESS(status) && RtlEqualUnicodeString(&target, &wanted, TRUE);
}
static NTSTATUS event(PCWSTR name, ULONG attributes) {
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa = named(&string, name, attributes);
    HANDLE handle;
    NTSTATUS status = import_ZwOpenEvent(&handle, SYNCHRONIZE, &oa);
    if (NT_SUCCESS(status)) ZwClose(handle);
    return status;
}
static NTSTATUS link(PCWSTR name, PCWSTR target) {
    UNICODE_STRING n, t;
    RtlInitUnicodeString(&n, name);
    RtlInitUnicodeString(&t, target);
    return IoCreateSymbolicLink(&n, &t);
}
static NTSTATUS no_link(PCWSTR name) {
    UNICODE_STRING n;
    RtlInitUnicodeString(&n, name);
    return IoDeleteSymbolicLink(&n);
}

// DriverEntry runs in a system thread: the global context.
static NTSTATUS entry_link;
static void at_entry(void) {
    entry_link = link(L"\\DosDevices\\ConformGlobal", L"\\Device\\ConformObNamespace");
}

static void standard(void) {
    static const PCWSTR directories[] = {L"\\",
                                         L"\\ArcName",
                                         L"\\BaseNamedObjects",
                                         L"\\Callback",
                                         L"\\Device",
                                         L"\\Driver",
                                         L"\\FileSystem",
                                         L"\\GLOBAL??",
                                         L"\\KernelObjects",
                                         L"\\KnownDlls",
                                         L"\\NLS",
                                         L"\\ObjectTypes",
                                         L"\\RPC Control",
                                         L"\\Security",
                                         L"\\Sessions",
                                         L"\\Sessions\\0\\DosDevices",
                                         L"\\Sessions\\BNOLINKS",
                                         L"\\Sessions\\1",
                                         L"\\Sessions\\1\\BaseNamedObjects",
                                         L"\\Sessions\\1\\DosDevices",
                                         L"\\Sessions\\1\\Windows\\WindowStations",
                                         L"\\Sessions\\1\\AppContainerNamedObjects",
                                         L"\\Windows\\WindowStations",
                                         L"\\??",
                                         L"\\DosDevices"};
    ULONG missing = 0;
    for (ULONG i = 0; i < sizeof directories / sizeof directories[0]; ++i)
        if (directory(directories[i]) != STATUS_SUCCESS) missing++;
    CHECK(missing == 0, "the directories of a Windows system");
    CHECK(leads_to(L"\\DosDevices", L"\\??") && leads_to(L"\\GLOBAL??\\NUL", L"\\Device\\Null") &&
              leads_to(L"\\??\\GLOBALROOT", L""),
          "its links");
    CHECK(leads_to(L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects") &&
              leads_to(L"\\BaseNamedObjects\\Local", L"\\BaseNamedObjects") &&
              leads_to(L"\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS") &&
              leads_to(L"\\Sessions\\BNOLINKS\\0", L"\\BaseNamedObjects"),
          "session 0 uses the global namespace");
    CHECK(leads_to(L"\\Sessions\\1\\BaseNamedObjects\\Global", L"\\BaseNamedObjects") &&
              leads_to(L"\\Sessions\\1\\BaseNamedObjects\\Local", L"\\Sessions\\1\\BaseNamedObjects") &&
              leads_to(L"\\Sessions\\BNOLINKS\\1", L"\\Sessions\\1\\BaseNamedObjects"),
          "session 1 has a namespace of its own");
    static const PCWSTR events[] = {
        L"\\KernelObjects\\HighMemoryCondition",       L"\\KernelObjects\\LowMemoryCondition",
        L"\\KernelObjects\\HighPagedPoolCondition",    L"\\KernelObjects\\LowPagedPoolCondition",
        L"\\KernelObjects\\HighNonPagedPoolCondition", L"\\KernelObjects\\LowNonPagedPoolCondition",
        L"\\KernelObjects\\LowCommitCondition",        L"\\KernelObjects\\HighCommitCondition",
        L"\\KernelObjects\\MaximumCommitCondition"};
    ULONG found = 0, set = 0;
    for (ULONG i = 0; i < 9; ++i) {
        UNICODE_STRING name;
        HANDLE handle;
        RtlInitUnicodeString(&name, events[i]);
        PKEVENT e = event(events[i], 0) == STATUS_SUCCESS ? IoCreateNotificationEvent(&name, &handle) : NULL;
        if (!e) continue;
        found++;
        if (KeReadStateEvent(e)) set |= 1u << i;
        ZwClose(handle);
    }
    CHECK(found == 9, "the standard events");
    CHECK(set == (1u << 0 | 1u << 2 | 1u << 4 | 1u << 6),
          "nothing is short: high memory and low commit are set");
}

static NTSTATUS seen_by_system;
static PCWSTR asked;
static ULONG asked_attributes = OBJ_CASE_INSENSITIVE;
static PACCESS_TOKEN impersonated; // by the system thread; null: nobody's
static VOID NTAPI system_thread(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    UNICODE_STRING string;
    if (impersonated)
        import_PsImpersonateClient(PsGetCurrentThread(), impersonated, FALSE, FALSE, SecurityImpersonation);
    OBJECT_ATTRIBUTES oa = named(&string, asked, asked_attributes);
    HANDLE handle;
    seen_by_system = import_ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &oa);
    if (NT_SUCCESS(seen_by_system)) ZwClose(handle);
    if (impersonated) import_PsRevertToSelf();
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static NTSTATUS from_system(PCWSTR name) {
    HANDLE handle;
    PVOID thread = NULL;
    asked = name;
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, system_thread, NULL)))
        return STATUS_UNSUCCESSFUL;
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &thread, NULL);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
    ZwClose(handle);
    return seen_by_system;
}

static void dos_devices(void) {
    CHECK(entry_link == STATUS_SUCCESS &&
              leads_to(L"\\GLOBAL??\\ConformGlobal", L"\\Device\\ConformObNamespace"),
          "a link made in DriverEntry is in the global directory");
    CHECK(leads_to(L"\\??\\ConformGlobal", L"\\Device\\ConformObNamespace"),
          "a thread in a local context finds it there");
    CHECK(link(L"\\??\\ConformLocal", L"\\Device\\ConformObNamespace") == STATUS_SUCCESS &&
              leads_to(L"\\DosDevices\\ConformLocal", L"\\Device\\ConformObNamespace") &&
              !leads_to(L"\\GLOBAL??\\ConformLocal", L"\\Device\\ConformObNamespace"),
          "a link made in a local context is in the local directory only");
    CHECK(from_system(L"\\??\\ConformLocal") == STATUS_OBJECT_NAME_NOT_FOUND &&
              from_system(L"\\??\\ConformGlobal") == STATUS_SUCCESS,
          "system threads run in the global context");
    impersonated = import_PsReferencePrimaryToken(PsGetCurrentProcess());
    CHECK(from_system(L"\\??\\ConformLocal") == STATUS_SUCCESS,
          "one that impersonates runs in the local context of the client's logon session");
    asked_attributes |= 0x800; // OBJ_IGNORE_IMPERSONATED_DEVICEMAP
    CHECK(from_system(L"\\??\\ConformLocal") == STATUS_OBJECT_NAME_NOT_FOUND,
          "OBJ_IGNORE_IMPERSONATED_DEVICEMAP: the device map is that of the process");
    asked_attributes = OBJ_CASE_INSENSITIVE;
    import_PsDereferencePrimaryToken(impersonated);
    impersonated = NULL;
    PACCESS_TOKEN system = import_PsReferencePrimaryToken(*import_PsInitialSystemProcess);
    import_PsImpersonateClient(PsGetCurrentThread(), system, FALSE, FALSE, SecurityImpersonation);
    CHECK(!leads_to(L"\\??\\ConformLocal", L"\\Device\\ConformObNamespace") &&
              leads_to(L"\\??\\ConformGlobal", L"\\Device\\ConformObNamespace"),
          "a thread that runs as LocalSystem does not run in a local context");
    import_PsRevertToSelf();
    CHECK(leads_to(L"\\??\\ConformLocal", L"\\Device\\ConformObNamespace"), "until it reverts");
    import_PsDereferencePrimaryToken(system);
    CHECK(link(L"\\??\\ConformGlobal", L"\\Device\\Null") == STATUS_SUCCESS &&
              leads_to(L"\\??\\ConformGlobal", L"\\Device\\Null") &&
              leads_to(L"\\GLOBAL??\\ConformGlobal", L"\\Device\\ConformObNamespace"),
          "the local name shadows the global name");
    CHECK(link(L"\\??\\ConformGlobal", L"\\Device\\Null") == STATUS_OBJECT_NAME_COLLISION,
          "twice in one directory: STATUS_OBJECT_NAME_COLLISION");
    CHECK(no_link(L"\\??\\ConformGlobal") == STATUS_SUCCESS &&
              leads_to(L"\\??\\ConformGlobal", L"\\Device\\ConformObNamespace"),
          "without it the global name is seen again");
    no_link(L"\\??\\ConformLocal");
    CHECK(link(L"\\DosDevices\\Global\\ConformByGlobal", L"\\Device\\Null") == STATUS_SUCCESS &&
              leads_to(L"\\GLOBAL??\\ConformByGlobal", L"\\Device\\Null") &&
              from_system(L"\\??\\ConformByGlobal") == STATUS_SUCCESS,
          "\\DosDevices\\Global leads to the global directory");
    no_link(L"\\DosDevices\\Global\\ConformByGlobal");
    no_link(L"\\GLOBAL??\\ConformGlobal");
}

static void links(void) {
    HANDLE handle;
    UNICODE_STRING name;
    link(L"\\BaseNamedObjects\\ConformA", L"\\BaseNamedObjects\\ConformB");
    link(L"\\BaseNamedObjects\\ConformB", L"\\KernelObjects");
    CHECK(event(L"\\BaseNamedObjects\\ConformA\\LowMemoryCondition", 0) == STATUS_SUCCESS,
          "a link to a link");
    CHECK(event(L"\\BaseNamedObjects\\ConformA\\LowMemoryCondition", OBJ_DONT_REPARSE) ==
              (NTSTATUS)0xC000050B /* STATUS_REPARSE_POINT_ENCOUNTERED */,
          "OBJ_DONT_REPARSE: no link is followed");
    CHECK(event(L"\\BaseNamedObjects\\CONFORMa\\lowmemorycondition", 0) == STATUS_OBJECT_PATH_NOT_FOUND &&
              event(L"\\BaseNamedObjects\\CONFORMa\\lowmemorycondition", OBJ_CASE_INSENSITIVE) ==
                  STATUS_SUCCESS,
          "the case of names matters without OBJ_CASE_INSENSITIVE");
    no_link(L"\\BaseNamedObjects\\ConformB");
    CHECK(event(L"\\BaseNamedObjects\\ConformA\\LowMemoryCondition", 0) == STATUS_OBJECT_PATH_NOT_FOUND,
          "a link that leads to nothing");
    link(L"\\BaseNamedObjects\\ConformB", L"\\BaseNamedObjects\\ConformA");
    CHECK(!NT_SUCCESS(event(L"\\BaseNamedObjects\\ConformA\\x", 0)) &&
              !NT_SUCCESS(event(L"\\BaseNamedObjects\\ConformA", 0)),
          "links that lead in a circle are refused");
    CHECK(leads_to(L"\\BaseNamedObjects\\ConformA", L"\\BaseNamedObjects\\ConformB"),
          "but can be opened themselves");
    no_link(L"\\BaseNamedObjects\\ConformA");
    no_link(L"\\BaseNamedObjects\\ConformB");

    OBJECT_ATTRIBUTES oa = named(&name, L"\\BaseNamedObjects\\ConformSessions", 0);
    if (!NT_SUCCESS(import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE))) return;
    CHECK(event(L"\\Sessions\\1\\BaseNamedObjects\\ConformSessions", 0) == STATUS_OBJECT_NAME_NOT_FOUND &&
              event(L"\\Sessions\\1\\BaseNamedObjects\\Global\\ConformSessions", 0) == STATUS_SUCCESS &&
              event(L"\\Sessions\\BNOLINKS\\0\\ConformSessions", 0) == STATUS_SUCCESS,
          "a driver's \\BaseNamedObjects\\X is Global\\X of a program in session 1");
    ZwClose(handle);
}

// Its parameters as drivers that declare it know them.
static NTSTATUS by_name(PCWSTR name, ACCESS_MASK access, KPROCESSOR_MODE mode, POBJECT_TYPE type) {
    UNICODE_STRING string;
    PVOID object = NULL;
    RtlInitUnicodeString(&string, name);
    NTSTATUS status = import_ObReferenceObjectByName(&string, OBJ_CASE_INSENSITIVE, NULL, access, type, mode,
                                                     NULL, &object);
    if (NT_SUCCESS(status)) ObDereferenceObject(object);
    return NT_SUCCESS(status) || !object ? status : STATUS_UNSUCCESSFUL;
}
static void references(void) {
    static const PCWSTR high = L"\\KernelObjects\\HighMemoryCondition";
    POBJECT_TYPE type = TYPE_OF(ExEventObjectType);
    CHECK(by_name(high, EVENT_ALL_ACCESS, KernelMode, type) == STATUS_SUCCESS,
          "ObReferenceObjectByName: kernel mode is not checked");
    CHECK(by_name(high, SYNCHRONIZE, UserMode, type) == STATUS_SUCCESS &&
              by_name(high, EVENT_ALL_ACCESS, UserMode, type) == STATUS_ACCESS_DENIED,
          "user mode gets what the descriptor grants");
    CHECK(by_name(high, SYNCHRONIZE, KernelMode, TYPE_OF(IoFileObjectType)) == STATUS_OBJECT_TYPE_MISMATCH &&
              by_name(L"\\KernelObjects\\Nothing", 0, KernelMode, type) == STATUS_OBJECT_NAME_NOT_FOUND,
          "STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_NAME_NOT_FOUND");
}

static void checks(void) {
    references();
    standard();
    dos_devices();
    links();
}
