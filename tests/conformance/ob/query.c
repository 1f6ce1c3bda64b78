// What a program learns of objects and handles: ntifs page nf-ntifs-ntqueryobject, win32 pages
// devnotes/ntquerydirectoryobject, nf-handleapi-sethandleinformation, nf-handleapi-closehandle,
// nf-handleapi-compareobjecthandles, nf-handleapi-duplicatehandle, nf-synchapi-signalobjectandwait,
// nf-synchapi-waitformultipleobjects, nf-memoryapi-createfilemappingw; kernel page
// nf-ntifs-zwduplicateobject.
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

NTSYSAPI NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSYSAPI NTSTATUS NTAPI NtCompareObjects(HANDLE, HANDLE);
NTSYSAPI NTSTATUS NTAPI NtMakePermanentObject(HANDLE);
NTSYSAPI NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);
NTSYSAPI NTSTATUS NTAPI NtSetInformationObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG);
NTSYSAPI NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSYSAPI NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PUNICODE_STRING);
NTSYSAPI NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);
NTSYSAPI NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSYSAPI NTSTATUS NTAPI NtSetSecurityObject(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
NTSYSAPI NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, PHANDLE);
NTSYSAPI NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE, BOOLEAN, PTOKEN_PRIVILEGES, ULONG, PTOKEN_PRIVILEGES,
                                                PULONG);

#define OK ((NTSTATUS)0)
#define INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define OVERFLOWED ((NTSTATUS)0x80000005)
#define MORE_ENTRIES ((NTSTATUS)0x105)
#define NO_MORE_ENTRIES ((NTSTATUS)0x8000001A)
#define NOT_SAME_OBJECT ((NTSTATUS)0xC00001AC)
#define INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#ifndef OBJ_OPENLINK
#define OBJ_OPENLINK 0x100
#endif
#define NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define NOT_CLOSABLE ((NTSTATUS)0xC0000235)
#define ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define PRIVILEGE_NOT_HELD ((NTSTATUS)0xC0000061)
#define TYPE_MISMATCH ((NTSTATUS)0xC0000024)

typedef struct {
    ULONG attributes, access, handles, pointers, reserved[10];
} BASIC;
typedef struct {
    UNICODE_STRING name;
    ULONG objects, handles, more[20];
} TYPE;

static OBJECT_ATTRIBUTES named(UNICODE_STRING* string, const WCHAR* name, ULONG attributes, HANDLE root) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(string, name);
    InitializeObjectAttributes(&oa, string, attributes, root, NULL);
    return oa;
}
static int is(const UNICODE_STRING* s, const WCHAR* text) {
    return s->Length == wcslen(text) * 2 && memcmp(s->Buffer, text, s->Length) == 0 &&
           s->MaximumLength == s->Length + 2 && s->Buffer[s->Length / 2] == 0;
}

static void classes(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    BASIC basic;
    union {
        UNICODE_STRING string;
        TYPE type;
        UCHAR bytes[512];
    } answer;
    ULONG needed = 0;
    CHECK(sizeof(BASIC) == 56 && NtQueryObject(event, 0, &basic, 56, &needed) == OK && needed == 56 &&
              basic.handles == 1 && basic.access == EVENT_ALL_ACCESS,
          "ObjectBasicInformation: 56 bytes");
    CHECK(NtQueryObject(event, 0, &basic, 55, &needed) == INFO_LENGTH_MISMATCH && needed == 56,
          "STATUS_INFO_LENGTH_MISMATCH with the length that is needed");
    CHECK(NtQueryObject(event, 1, &answer, 16, &needed) == OK && needed == 16 && !answer.string.Length &&
              !answer.string.Buffer,
          "ObjectNameInformation of an object without a name: an empty string");
    CHECK(NtQueryObject(event, 1, &answer, 15, &needed) == INFO_LENGTH_MISMATCH && needed == 16,
          "less than a UNICODE_STRING: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(NtQueryObject(event, 2, &answer, sizeof answer, &needed) == OK && is(&answer.string, L"Event") &&
              needed == 0x68 + sizeof L"Event" && answer.type.objects >= 1,
          "ObjectTypeInformation: 0x68 bytes and the name");
    CHECK(NtQueryObject(event, 2, &answer, 0x68, &needed) == INFO_LENGTH_MISMATCH &&
              needed == 0x68 + sizeof L"Event",
          "STATUS_INFO_LENGTH_MISMATCH: no room for the name");
    CHECK(NtQueryObject(event, 4, &answer, 2, &needed) == OK && needed == 2 && !answer.bytes[0] &&
              !answer.bytes[1],
          "ObjectHandleFlagInformation: two bytes");
    CHECK(NtQueryObject(event, 4, &answer, 1, &needed) == INFO_LENGTH_MISMATCH, "and not one");
    CHECK(NtQueryObject(event, 5, &answer, sizeof answer, &needed) == INVALID_INFO_CLASS &&
              NtSetInformationObject(event, 0, &answer, 56) == INVALID_INFO_CLASS,
          "STATUS_INVALID_INFO_CLASS");
    CHECK(NtSetInformationObject(event, 4, &answer, 1) == INFO_LENGTH_MISMATCH,
          "NtSetInformationObject: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(NtQueryObject((HANDLE)0x7ff8, 0, &basic, 56, NULL) == INVALID_HANDLE &&
              NtQueryObject(NULL, 2, &answer, sizeof answer, NULL) == INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    CloseHandle(event);

    UCHAR* all = malloc(65536);
    ULONG found = 0, good = 1;
    CHECK(NtQueryObject(NULL, 3, all, 4, &needed) == INFO_LENGTH_MISMATCH && needed > 1000,
          "ObjectTypesInformation: STATUS_INFO_LENGTH_MISMATCH with the length that is needed");
    CHECK(NtQueryObject(NULL, 3, all, needed, &needed) == OK, "no handle is needed");
    ULONG count = *(ULONG*)all;
    UCHAR* at = all + 8;
    for (ULONG i = 0; i < count; ++i) {
        TYPE* type = (TYPE*)at;
        good &= (UCHAR*)type->name.Buffer == at + 0x68;
        found += is(&type->name, L"File") + is(&type->name, L"Process") + is(&type->name, L"SymbolicLink");
        at += (0x68 + type->name.MaximumLength + 7) & ~7;
    }
    CHECK(good && found == 3 && at == all + needed, "every type, its name behind it, at multiples of eight");
    free(all);
}

static void names(void) {
    static const WCHAR expected[] = L"\\BaseNamedObjects\\ConformQuery";
    union {
        UNICODE_STRING string;
        UCHAR bytes[512];
    } answer;
    ULONG needed = 0, size;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, L"Global\\ConformQuery");
    size = 16 + sizeof expected;
    CHECK(NtQueryObject(event, 1, &answer, size, &needed) == OK && needed == size &&
              is(&answer.string, expected),
          "ObjectNameInformation: the whole path, null-terminated");
    CHECK(NtQueryObject(event, 1, &answer, size - 1, &needed) == OVERFLOWED && needed == size,
          "STATUS_BUFFER_OVERFLOW with the length that is needed");
    CloseHandle(event);
}

static void flags(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), copy = NULL;
    DWORD flags = 7;
    CHECK(GetHandleInformation(event, &flags) && flags == 0, "GetHandleInformation");
    CHECK(SetHandleInformation(event, HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE,
                               HANDLE_FLAG_PROTECT_FROM_CLOSE) &&
              GetHandleInformation(event, &flags) && flags == HANDLE_FLAG_PROTECT_FROM_CLOSE,
          "SetHandleInformation: HANDLE_FLAG_PROTECT_FROM_CLOSE");
    CHECK(NtClose(event) == NOT_CLOSABLE && !CloseHandle(event), "the handle cannot be closed");
    CHECK(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0, TRUE,
                          DUPLICATE_SAME_ACCESS) &&
              GetHandleInformation(copy, &flags) && flags == HANDLE_FLAG_INHERIT,
          "DuplicateHandle: bInheritHandle is what the copy has");
    BOOL(WINAPI * compare)(HANDLE, HANDLE) =
        (void*)GetProcAddress(LoadLibraryW(L"kernelbase.dll"), "CompareObjectHandles");
    CHECK(compare && compare(event, copy) && NtCompareObjects(event, copy) == OK,
          "CompareObjectHandles: two handles of one object");
    HANDLE other = CreateEventW(NULL, TRUE, FALSE, NULL);
    CHECK(!compare(event, other) && NtCompareObjects(event, other) == NOT_SAME_OBJECT, "of two objects");
    CHECK(NtCompareObjects(event, (HANDLE)0x7ff8) == INVALID_HANDLE, "STATUS_INVALID_HANDLE");
    CHECK(NtCompareObjects(GetCurrentProcess(), GetCurrentProcess()) == OK &&
              NtCompareObjects(GetCurrentProcess(), GetCurrentThread()) == NOT_SAME_OBJECT,
          "pseudo handles stand for their objects");
    SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0);
    CHECK(CloseHandle(event) && !CloseHandle(event) && GetLastError() == ERROR_INVALID_HANDLE,
          "closed twice: ERROR_INVALID_HANDLE");
    CHECK(!DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0, FALSE, 0) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "DuplicateHandle: ERROR_INVALID_HANDLE");
    CHECK(NtClose((HANDLE)(ULONG_PTR)0xffffffff80000004) == INVALID_HANDLE,
          "a kernel handle is not valid in user mode");
    CloseHandle(other);
}

static HANDLE limited(HANDLE event, DWORD access) {
    HANDLE copy = NULL;
    DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, access, FALSE, 0);
    return copy;
}
static NTSTATUS open_event(const WCHAR* name) {
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa = named(&string, name, 0, NULL);
    HANDLE handle;
    NTSTATUS status = NtOpenEvent(&handle, SYNCHRONIZE, &oa);
    if (status == OK) NtClose(handle);
    return status;
}

// SeCreatePermanentPrivilege: an administrator does not hold it, LocalSystem has it enabled.
static void permanence_refused(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, L"Global\\ConformPermanent");
    BASIC basic;
    CHECK(NtMakePermanentObject(event) == PRIVILEGE_NOT_HELD &&
              NtQueryObject(event, 0, &basic, 56, NULL) == OK && !(basic.attributes & 0x10),
          "NtMakePermanentObject without SeCreatePermanentPrivilege: STATUS_PRIVILEGE_NOT_HELD");
    CloseHandle(event);
}

static void permanence(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, L"Global\\ConformPermanent");
    HANDLE poor = limited(event, SYNCHRONIZE);
    BASIC basic;
    CHECK(NtMakePermanentObject(event) == OK && NtQueryObject(event, 0, &basic, 56, NULL) == OK &&
              (basic.attributes & 0x10 /* OBJ_PERMANENT */),
          "NtMakePermanentObject");
    CloseHandle(event);
    CHECK(NtMakeTemporaryObject(poor) == ACCESS_DENIED, "NtMakeTemporaryObject wants DELETE access");
    CloseHandle(poor);
    CHECK(open_event(L"\\BaseNamedObjects\\ConformPermanent") == OK,
          "a permanent object outlives its handles");
    event = CreateEventW(NULL, TRUE, FALSE, L"Global\\ConformPermanent");
    CHECK(GetLastError() == ERROR_ALREADY_EXISTS && NtMakeTemporaryObject(event) == OK,
          "NtMakeTemporaryObject");
    CloseHandle(event);
    CHECK(open_event(L"\\BaseNamedObjects\\ConformPermanent") == NAME_NOT_FOUND,
          "it goes with the last handle");
    CHECK(NtMakePermanentObject((HANDLE)0x7ff8) == INVALID_HANDLE, "STATUS_INVALID_HANDLE");
}

typedef struct {
    UNICODE_STRING name, type;
} ENTRY;

static void directories(void) {
    UNICODE_STRING string, target;
    HANDLE directory = NULL, link[3];
    ULONG context = 0, returned = 0, seen = 0;
    union {
        ENTRY entries[16];
        UCHAR bytes[2048];
    } list;
    static const WCHAR* const names[] = {L"One", L"Two", L"Three"};
    OBJECT_ATTRIBUTES oa = named(&string, L"\\BaseNamedObjects\\ConformList", 0, NULL);
    CHECK(NtCreateDirectoryObject(&directory, 0xf000f, &oa) == OK, "NtCreateDirectoryObject");
    RtlInitUnicodeString(&target, L"\\Device\\Null");
    for (int i = 0; i < 3; ++i) {
        oa = named(&string, names[i], 0, directory);
        NtCreateSymbolicLinkObject(&link[i], 0xf0001, &oa, &target);
    }
    CHECK(NtQueryDirectoryObject(directory, &list, sizeof list, FALSE, TRUE, &context, &returned) == OK &&
              context == 3,
          "NtQueryDirectoryObject: all entries");
    for (int i = 0; i < 3; ++i)
        for (int k = 0; k < 3; ++k)
            if (is(&list.entries[i].name, names[k]) && is(&list.entries[i].type, L"SymbolicLink"))
                seen |= 1u << k;
    CHECK(seen == 7 && !list.entries[3].name.Buffer && !list.entries[3].type.Buffer,
          "name and type of each, an empty structure in the end");
    ULONG whole = returned;
    CHECK(NtQueryDirectoryObject(directory, &list, whole, FALSE, TRUE, &context, &returned) == OK &&
              returned == whole,
          "ReturnLength is what is needed");
    CHECK(NtQueryDirectoryObject(directory, &list, whole - 1, FALSE, TRUE, &context, &returned) ==
                  MORE_ENTRIES &&
              context == 2,
          "STATUS_MORE_ENTRIES: not all fit");
    CHECK(NtQueryDirectoryObject(directory, &list, sizeof list, FALSE, FALSE, &context, &returned) == OK &&
              context == 3 && !list.entries[1].name.Buffer,
          "the next call goes on with the rest");
    CHECK(NtQueryDirectoryObject(directory, &list, sizeof list, FALSE, FALSE, &context, &returned) ==
              NO_MORE_ENTRIES,
          "STATUS_NO_MORE_ENTRIES");
    ULONG count = 0;
    for (context = 0;
         NtQueryDirectoryObject(directory, &list, sizeof list, TRUE, count == 0, &context, &returned) == OK;
         ++count)
        ;
    CHECK(count == 3, "ReturnSingleEntry: one entry a call");
    CHECK(NtQueryDirectoryObject(directory, &list, 24, TRUE, TRUE, &context, &returned) == BUFFER_TOO_SMALL &&
              returned > 24,
          "STATUS_BUFFER_TOO_SMALL");
    HANDLE poor = limited(directory, 0x2);
    CHECK(NtQueryDirectoryObject(poor, &list, sizeof list, TRUE, TRUE, &context, NULL) == ACCESS_DENIED,
          "without DIRECTORY_QUERY: STATUS_ACCESS_DENIED");
    CHECK(NtQueryDirectoryObject(link[0], &list, sizeof list, TRUE, TRUE, &context, NULL) == TYPE_MISMATCH,
          "not a directory: STATUS_OBJECT_TYPE_MISMATCH");
    WCHAR room[32];
    string.Buffer = room, string.Length = 0, string.MaximumLength = 4;
    CHECK(NtQuerySymbolicLinkObject(link[0], &string, &returned) == BUFFER_TOO_SMALL && returned >= 24,
          "NtQuerySymbolicLinkObject: STATUS_BUFFER_TOO_SMALL with the length that is needed");
    string.MaximumLength = sizeof room;
    CHECK(NtQuerySymbolicLinkObject(link[0], &string, NULL) == OK && string.Length == 24, "the target");
    for (int i = 0; i < 3; ++i)
        NtClose(link[i]);
    NtClose(poor);
    NtClose(directory);
}

// "The array can contain handles of objects of different types. It may not contain multiple copies of the
// same handle", when all are waited for.
static void waits(void) {
    HANDLE event = CreateEventW(NULL, TRUE, TRUE, NULL), other = CreateEventW(NULL, TRUE, TRUE, NULL);
    HANDLE first[] = {event, event, other}, last[] = {other, event, event}, apart[] = {event, other, event};
    CHECK(WaitForMultipleObjects(3, first, TRUE, 0) == WAIT_FAILED &&
              GetLastError() == ERROR_INVALID_PARAMETER &&
              WaitForMultipleObjects(3, last, TRUE, 0) == WAIT_FAILED &&
              WaitForMultipleObjects(3, apart, TRUE, 0) == WAIT_FAILED,
          "waiting for all of an array with one object twice: ERROR_INVALID_PARAMETER");
    CHECK(WaitForMultipleObjects(3, first, FALSE, 0) == WAIT_OBJECT_0, "for any it may be there twice");
    CloseHandle(event), CloseHandle(other);
}

// A failure leaves the first object as it is, and the thread where it was.
static void signals(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), other = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE semaphore = CreateSemaphoreW(NULL, 0, 1, NULL), mutex = CreateMutexW(NULL, FALSE, NULL),
           poor = NULL;
    poor = limited(event, SYNCHRONIZE);
    CHECK(SignalObjectAndWait(poor, other, 0, FALSE) == WAIT_FAILED &&
              GetLastError() == ERROR_ACCESS_DENIED && WaitForSingleObject(event, 0) == WAIT_TIMEOUT,
          "SignalObjectAndWait: an event takes EVENT_MODIFY_STATE");
    CloseHandle(poor);
    poor = limited(semaphore, SYNCHRONIZE);
    CHECK(SignalObjectAndWait(poor, other, 0, FALSE) == WAIT_FAILED &&
              GetLastError() == ERROR_ACCESS_DENIED && WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT,
          "a semaphore SEMAPHORE_MODIFY_STATE");
    CloseHandle(poor);
    poor = limited(mutex, SYNCHRONIZE);
    CHECK(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0 &&
              SignalObjectAndWait(poor, other, 0, FALSE) == WAIT_TIMEOUT && !ReleaseMutex(mutex),
          "a mutex nothing but to be owned");
    CHECK(SignalObjectAndWait(event, (HANDLE)0x7ff8, 0, FALSE) == WAIT_FAILED &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "nothing to wait for: ERROR_INVALID_HANDLE");
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "and nothing has been signaled");
    CHECK(SignalObjectAndWait(semaphore, other, 0, FALSE) == WAIT_TIMEOUT &&
              SignalObjectAndWait(semaphore, other, 0, FALSE) == WAIT_FAILED &&
              GetLastError() == ERROR_TOO_MANY_POSTS,
          "a semaphore beyond its count: ERROR_TOO_MANY_POSTS");
    CHECK(SignalObjectAndWait(mutex, other, 0, FALSE) == WAIT_FAILED && GetLastError() == ERROR_NOT_OWNER,
          "a mutex that the caller does not own: ERROR_NOT_OWNER");
    CloseHandle(poor), CloseHandle(event), CloseHandle(other), CloseHandle(semaphore), CloseHandle(mutex);
}

// "The source handle is closed. This occurs regardless of any error status returned."
static void into_ended_process(void) {
    WCHAR self[MAX_PATH], line[MAX_PATH + 8] = L"\"";
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    GetModuleFileNameW(NULL, self, MAX_PATH);
    wcscat(wcscat(line, self), L"\" e");
    if (!CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child)) {
        CHECK(0, "CreateProcess");
        return;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), copy;
    DWORD flags;
    CHECK(!DuplicateHandle(GetCurrentProcess(), event, child.hProcess, &copy, 0, FALSE,
                           DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "DuplicateHandle into a process that has ended: ERROR_ACCESS_DENIED");
    CHECK(!GetHandleInformation(event, &flags),
          "with DUPLICATE_CLOSE_SOURCE the source is closed all the same");
    CloseHandle(child.hThread), CloseHandle(child.hProcess);
}

// "No other processes can open handles to this object": inheriting makes none either.
static void exclusive(void) {
    WCHAR self[MAX_PATH], line[MAX_PATH + 32];
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    OBJECT_ATTRIBUTES oa;
    HANDLE mine, shared = CreateEventW(NULL, TRUE, FALSE, NULL);
    DWORD code = 99;
    InitializeObjectAttributes(&oa, NULL, OBJ_EXCLUSIVE, NULL, NULL);
    NtCreateEvent(&mine, 0x1f0003, &oa, 0, FALSE);
    SetHandleInformation(mine, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    SetHandleInformation(shared, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(line, MAX_PATH + 32, L"\"%ls\" i %u %u", self, (unsigned)(ULONG_PTR)mine,
             (unsigned)(ULONG_PTR)shared);
    if (CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
        WaitForSingleObject(child.hProcess, INFINITE);
        GetExitCodeProcess(child.hProcess, &code);
        CloseHandle(child.hThread), CloseHandle(child.hProcess);
    }
    CHECK(code == 2, "a child does not inherit the handle of an exclusive object");
    CloseHandle(mine), CloseHandle(shared);
}

static void attributes(void) {
    OBJECT_ATTRIBUTES oa;
    HANDLE handle = NULL;
    BASIC basic;
    UNICODE_STRING name, target;
    InitializeObjectAttributes(&oa, NULL, OBJ_EXCLUSIVE, NULL, NULL);
    CHECK(NtCreateIoCompletion(&handle, 0x1f0003, &oa, 0) == OK &&
              NtQueryObject(handle, 0, &basic, 56, NULL) == OK && basic.attributes == OBJ_EXCLUSIVE,
          "OBJ_EXCLUSIVE for an I/O completion port");
    NtClose(handle);
    RtlInitUnicodeString(&target, L"\\Device\\Null");
    CHECK(NtCreateSymbolicLinkObject(&handle, 0xf0001, &oa, &target) == OK &&
              NtQueryObject(handle, 0, &basic, 56, NULL) == OK && basic.attributes == OBJ_EXCLUSIVE,
          "and for a symbolic link");
    NtClose(handle);
    oa = named(&name, L"\\Sessions\\1\\BaseNamedObjects\\ConformPort", OBJ_OPENLINK, NULL);
    CHECK(NtCreateEvent(&handle, 0x1f0003, &oa, 0, FALSE) == INVALID_PARAMETER,
          "an attribute among the InvalidAttributes of the type: STATUS_INVALID_PARAMETER");
    SetLastError(0);
    CHECK(!OpenEventW(SYNCHRONIZE, FALSE, NULL) && GetLastError() == ERROR_INVALID_PARAMETER &&
              !OpenFileMappingW(4, FALSE, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
          "nothing without a name can be opened: ERROR_INVALID_PARAMETER");
    CHECK(!CreateSemaphoreExW(NULL, 0, 1, NULL, 1, SYNCHRONIZE) && GetLastError() == ERROR_INVALID_PARAMETER,
          "CreateSemaphoreEx: dwFlags is reserved and must be 0");
    HANDLE file = CreateFileW(L"NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(!CreateFileMappingW((HANDLE)0x7ff8, NULL, PAGE_READONLY, 0, 4096, NULL) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "CreateFileMapping: ERROR_INVALID_HANDLE");
    CHECK(!CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 4096, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "the file's access must fit the protection: ERROR_ACCESS_DENIED");
    CloseHandle(file);
}

// Without SeChangeNotifyPrivilege each directory on the way must let the caller pass, also one that a handle
// stands for: DIRECTORY_TRAVERSE.
static void traversal(void) {
    struct {
        UCHAR revision, zero;
        USHORT control;
        ULONG owner, group, sacl, dacl;
        ACL list;
    } nobody = {1, 0, SE_SELF_RELATIVE | SE_DACL_PRESENT, 0, 0, 0, 20, {ACL_REVISION, 0, 8, 0, 0}};
    UNICODE_STRING name;
    HANDLE directory, event, second = NULL, token;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\Sessions\\1\\BaseNamedObjects\\ConformClosed", 0, NULL);
    oa.SecurityDescriptor = &nobody;
    NtCreateDirectoryObject(&directory, 0xf000f, &oa);
    oa = named(&name, L"Inside", 0, directory);
    oa.SecurityDescriptor = NULL;
    // The list lets nobody make anything: a list for a while.
    NtSetSecurityObject(directory, DACL_SECURITY_INFORMATION,
                        &(SECURITY_DESCRIPTOR){1, 0, SE_DACL_PRESENT, 0, 0, 0, 0});
    CHECK(NtCreateEvent(&event, 0x1f0003, &oa, 0, FALSE) == OK, "an event below a directory's handle");
    NtSetSecurityObject(directory, DACL_SECURITY_INFORMATION, &nobody);
    CHECK(NtOpenEvent(&second, SYNCHRONIZE, &oa) == OK && NtClose(second) == OK,
          "with SeChangeNotifyPrivilege nobody asks about traversal");
    TOKEN_PRIVILEGES none = {1, {{{23, 0}, 0}}};
    NtOpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    NtAdjustPrivilegesToken(token, FALSE, &none, 0, NULL, NULL);
    CHECK(NtOpenEvent(&second, SYNCHRONIZE, &oa) == ACCESS_DENIED, "without it: STATUS_ACCESS_DENIED");
    none.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    NtAdjustPrivilegesToken(token, FALSE, &none, 0, NULL, NULL);
    NtClose(token), NtClose(event), NtClose(directory);
}

static void half_way(void) {
    UNICODE_STRING name;
    HANDLE handle;
    OBJECT_ATTRIBUTES oa =
        named(&name, L"\\Sessions\\1\\BaseNamedObjects\\ConformHalf", 0x10 /* OBJ_PERMANENT */, NULL);
    CHECK(NtCreateEvent((PHANDLE)8, 0x1f0003, &oa, 0, FALSE) == (NTSTATUS)0xC0000005,
          "nowhere to put a handle");
    oa.Attributes = 0;
    CHECK(NtOpenEvent(&handle, SYNCHRONIZE, &oa) == NAME_NOT_FOUND, "and no object is made");
}

int main(int argc, char** argv) {
    if (argc > 1 && argv[1][0] == 'e') return 0;
    if (argc > 3 && argv[1][0] == 'i') // which of two handles are events here
        return (SetEvent((HANDLE)(ULONG_PTR)atoi(argv[2])) ? 1 : 0) |
               (SetEvent((HANDLE)(ULONG_PTR)atoi(argv[3])) ? 2 : 0);
    if (argc > 1 && argv[1][0] == 's') {
        permanence();
        return finish();
    }
    classes();
    names();
    flags();
    permanence_refused();
    directories();
    waits();
    signals();
    into_ended_process();
    exclusive();
    attributes();
    traversal();
    half_way();
    return finish();
}
