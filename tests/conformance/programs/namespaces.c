// Private namespaces: win32 page sync/object-namespaces, nf-winbase-createprivatenamespacew,
// nf-namespaceapi-addsidtoboundarydescriptor, nf-namespaceapi-closeprivatenamespace.
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

NTSYSAPI NTSTATUS NTAPI NtCreatePrivateNamespace(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PVOID);
NTSYSAPI NTSTATUS NTAPI NtOpenPrivateNamespace(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PVOID);
NTSYSAPI NTSTATUS NTAPI NtDeletePrivateNamespace(HANDLE);

#define DESTROY 1

static SID everyone = {SID_REVISION, 1, {SECURITY_WORLD_SID_AUTHORITY}, {SECURITY_WORLD_RID}};
static SID dialup = {SID_REVISION, 1, {SECURITY_NT_AUTHORITY}, {SECURITY_DIALUP_RID}};

static HANDLE boundary_of(const WCHAR* name, PSID sid) {
    HANDLE boundary = CreateBoundaryDescriptorW(name, 0);
    if (sid && boundary) AddSIDToBoundaryDescriptor(&boundary, sid);
    return boundary;
}
static int run_child(const WCHAR* what) {
    WCHAR self[MAX_PATH], line[MAX_PATH + 32] = L"\"";
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    DWORD code = 99;
    GetModuleFileNameW(NULL, self, MAX_PATH);
    wcscat(wcscat(wcscat(line, self), L"\" "), what);
    if (!CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child)) return 99;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    CloseHandle(child.hThread), CloseHandle(child.hProcess);
    return (int)code;
}
// What the other process says: 1 no namespace, 2 no object, 0 both are there.
static int child(void) {
    HANDLE space = OpenPrivateNamespaceW(boundary_of(L"ConformBoundary", &everyone), L"ConformSpace");
    if (!space) return GetLastError() == ERROR_FILE_NOT_FOUND ? 1 : 98;
    HANDLE event = OpenEventW(SYNCHRONIZE, FALSE, L"ConformSpace\\Event");
    return event && WaitForSingleObject(event, 0) == WAIT_OBJECT_0 ? 0 : 2;
}

// The services: what they say to what no function of Win32 makes.
static void services(void) {
    struct {
        ULONG version, items, size, flags, type, length;
        WCHAR name[4];
    } b = {1, 1, sizeof b, 0, 1, 16, L"Abc"}, bad;
    UNICODE_STRING prefix;
    OBJECT_ATTRIBUTES oa;
    HANDLE space = NULL, second = NULL;
    RtlInitUnicodeString(&prefix, L"ConformService");
    InitializeObjectAttributes(&oa, &prefix, 0, NULL, NULL);
    CHECK(NtCreatePrivateNamespace(&space, MAXIMUM_ALLOWED, &oa, &b) == 0, "NtCreatePrivateNamespace");
    CHECK(NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, &b) == 0 && NtClose(second) == 0,
          "NtOpenPrivateNamespace");
    CHECK(NtCreatePrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, &b) == (NTSTATUS)0xC0000035,
          "STATUS_OBJECT_NAME_COLLISION");
    HANDLE open_to_all = boundary_of(L"Abc", &everyone), third = NULL;
    CHECK(NtCreatePrivateNamespace(&third, MAXIMUM_ALLOWED, &oa, open_to_all) == 0 &&
              NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, boundary_of(L"Abc\\sid:S-1-1-0", NULL)) ==
                  (NTSTATUS)0xC0000034,
          "a boundary's name is no SID of it, however it is written");
    NtClose(third), DeleteBoundaryDescriptor(open_to_all);
    int refused = 0;
    for (int i = 0; i < 6; ++i) {
        bad = b;
        (&bad.version)[i] = i == 1 ? 9 : i == 3 ? 6 : 0;
        refused += NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, &bad) < 0;
        (&bad.version)[i] = 0xfffffff8;
        refused += NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, &bad) < 0;
    }
    CHECK(refused == 12, "a boundary descriptor that is none");
    CHECK(NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, (PVOID)8) == (NTSTATUS)0xC0000005 &&
              NtOpenPrivateNamespace((PHANDLE)8, MAXIMUM_ALLOWED, &oa, &b) == (NTSTATUS)0xC0000005,
          "STATUS_ACCESS_VIOLATION");
    CHECK(NtDeletePrivateNamespace(space) == 0 && NtDeletePrivateNamespace(space) < 0 &&
              NtOpenPrivateNamespace(&second, MAXIMUM_ALLOWED, &oa, &b) == (NTSTATUS)0xC0000034,
          "NtDeletePrivateNamespace");
    NtClose(space);
}

int main(int argc, char** argv) {
    if (argc > 1 && argv[1][0] == 'c') return child();
    HANDLE boundary = boundary_of(L"ConformBoundary", &everyone),
           other = boundary_of(L"ConformBoundary", &dialup);
    CHECK(boundary && other, "CreateBoundaryDescriptor, AddSIDToBoundaryDescriptor");
    CHECK(!CreateBoundaryDescriptorW(NULL, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
          "without a name: ERROR_INVALID_PARAMETER");
    UCHAR bad[12] = {0};
    CHECK(!AddSIDToBoundaryDescriptor(&other, bad) && GetLastError() == ERROR_INVALID_SID,
          "no SID: ERROR_INVALID_SID");
    CHECK(!OpenPrivateNamespaceW(boundary, L"ConformSpace") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "OpenPrivateNamespace before there is one");
    CHECK(!CreatePrivateNamespaceW(NULL, other, L"ConformSpace") && GetLastError() == ERROR_ACCESS_DENIED,
          "CreatePrivateNamespace: the caller must be within the boundary");
    HANDLE space = CreatePrivateNamespaceW(NULL, boundary, L"ConformSpace");
    CHECK(space, "CreatePrivateNamespace");
    HANDLE event = CreateEventW(NULL, TRUE, TRUE, L"ConformSpace\\Event");
    CHECK(event && GetLastError() == ERROR_SUCCESS, "an object in the namespace is prefix\\name");
    CHECK(!OpenEventW(SYNCHRONIZE, FALSE, L"Event") && GetLastError() == ERROR_FILE_NOT_FOUND &&
              !OpenEventW(SYNCHRONIZE, FALSE, L"Local\\Event"),
          "and not found outside of it");
    HANDLE again = CreateEventW(NULL, TRUE, TRUE, L"ConformSpace\\Event");
    CHECK(again && GetLastError() == ERROR_ALREADY_EXISTS, "the same name there: ERROR_ALREADY_EXISTS");
    HANDLE mapping =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, L"ConformSpace\\Map");
    CHECK(mapping, "file mappings, too");
    CloseHandle(mapping), CloseHandle(again);
    CHECK(run_child(L"c") == 0, "another process opens namespace and object");
    CHECK(!CreatePrivateNamespaceW(NULL, boundary, L"ConformSpace") && GetLastError() == ERROR_ALREADY_EXISTS,
          "a namespace that exists: ERROR_ALREADY_EXISTS");
    HANDLE wider = boundary_of(L"ConformBoundary", NULL);
    HANDLE second = CreatePrivateNamespaceW(NULL, wider, L"ConformOther");
    CHECK(second && !OpenEventW(SYNCHRONIZE, FALSE, L"ConformOther\\Event"),
          "one with another boundary is another");
    CHECK(ClosePrivateNamespace(second, 0) && !ClosePrivateNamespace(second, 0) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "ClosePrivateNamespace");
    CHECK(ClosePrivateNamespace(space, 0) && run_child(L"c") == 1,
          "after the handle is closed OpenPrivateNamespace fails");
    CHECK(!OpenEventW(SYNCHRONIZE, FALSE, L"ConformSpace\\Event") && GetLastError() == ERROR_PATH_NOT_FOUND,
          "the prefix means nothing any more");
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && ResetEvent(event) && SetEvent(event),
          "operations on its objects succeed");
    space = CreatePrivateNamespaceW(NULL, boundary, L"ConformSpace");
    CHECK(space && !OpenEventW(SYNCHRONIZE, FALSE, L"ConformSpace\\Event"), "a new one is empty");
    CHECK(ClosePrivateNamespace(space, DESTROY), "PRIVATE_NAMESPACE_FLAG_DESTROY");
    DeleteBoundaryDescriptor(boundary), DeleteBoundaryDescriptor(other), DeleteBoundaryDescriptor(wider);
    CloseHandle(event);
    services();
    return finish();
}
