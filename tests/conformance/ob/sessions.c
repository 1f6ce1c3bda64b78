// Names of kernel objects and of DOS devices as programs give them: win32 pages
// termserv/kernel-object-namespaces, fileio/defining-an-ms-dos-device-name, DefineDosDevice, QueryDosDevice.
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

NTSYSAPI NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSYSAPI NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

static int has_path(HANDLE handle, const WCHAR* path) {
    union {
        UNICODE_STRING string;
        UCHAR bytes[512];
    } answer;
    return NtQueryObject(handle, 1, &answer, sizeof answer, NULL) == 0 &&
           answer.string.Length == wcslen(path) * 2 &&
           memcmp(answer.string.Buffer, path, answer.string.Length) == 0;
}

static void objects(void) {
    HANDLE plain = CreateEventW(NULL, TRUE, FALSE, L"ConformName");
    CHECK(has_path(plain, L"\\Sessions\\1\\BaseNamedObjects\\ConformName"),
          "the system uses the client session namespace by default");
    HANDLE same = CreateEventW(NULL, TRUE, FALSE, L"Local\\ConformName");
    CHECK(same && GetLastError() == ERROR_ALREADY_EXISTS, "Local\\ is the session namespace");
    HANDLE global = CreateEventW(NULL, TRUE, FALSE, L"Global\\ConformName");
    CHECK(global && GetLastError() == 0 && has_path(global, L"\\BaseNamedObjects\\ConformName"),
          "Global\\ is the global namespace");
    HANDLE other = OpenEventW(SYNCHRONIZE, FALSE, L"Session\\1\\ConformName");
    CHECK(other && has_path(other, L"\\Sessions\\1\\BaseNamedObjects\\ConformName"),
          "Session\\ and a number");
    CHECK(!OpenEventW(SYNCHRONIZE, FALSE, L"global\\ConformName") && GetLastError() == ERROR_PATH_NOT_FOUND,
          "the keywords are case sensitive");
    CHECK(!CreateEventW(NULL, TRUE, FALSE, L"No\\Such") && GetLastError() == ERROR_PATH_NOT_FOUND,
          "a backslash in a name: ERROR_PATH_NOT_FOUND");
    CHECK(!OpenEventW(SYNCHRONIZE, FALSE, L"conformname") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "object names are case sensitive");
    HANDLE mutex = CreateMutexW(NULL, FALSE, L"ConformName");
    CHECK(!mutex && GetLastError() == ERROR_INVALID_HANDLE,
          "the name of an object of another type: ERROR_INVALID_HANDLE");
    HANDLE mapping =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, L"ConformMapping");
    CHECK(has_path(mapping, L"\\Sessions\\1\\BaseNamedObjects\\ConformMapping"), "file mappings, too");
    CloseHandle(mapping), CloseHandle(plain), CloseHandle(same), CloseHandle(global), CloseHandle(other);
}

// Whether the link is where others see it, too.
static int is_global(const WCHAR* name) {
    WCHAR path[64] = L"\\GLOBAL??\\";
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES oa;
    HANDLE link;
    wcscat(path, name);
    RtlInitUnicodeString(&string, path);
    InitializeObjectAttributes(&oa, &string, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenSymbolicLinkObject(&link, 1, &oa) != 0) return 0;
    CloseHandle(link);
    return 1;
}
static int maps_to(const WCHAR* name, const WCHAR* strings, DWORD characters) {
    WCHAR text[256];
    DWORD n = QueryDosDeviceW(name, text, 256);
    return n == characters && memcmp(text, strings, n * 2) == 0;
}
#define MAPS(name, strings) maps_to(name, strings, sizeof(strings) / 2)
static int listed(const WCHAR* name) {
    static WCHAR text[8192];
    DWORD n = QueryDosDeviceW(NULL, text, 8192);
    int found = 0;
    for (WCHAR* p = text; n && *p; p += wcslen(p) + 1)
        found += wcscmp(p, name) == 0;
    return found;
}

static void devices(void) {
    CHECK(DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"ConformDev", L"\\Device\\Null") &&
              MAPS(L"ConformDev", L"\\Device\\Null\0"),
          "DefineDosDevice; QueryDosDevice ends the list with a second null");
    CHECK(!is_global(L"ConformDev") && is_global(L"NUL"), "it is defined in the local namespace");
    CHECK(listed(L"ConformDev") == 1 && listed(L"NUL") == 1,
          "QueryDosDevice of all names: a concatenation of the global and local namespaces");
    HANDLE file = CreateFileW(L"\\\\.\\ConformDev", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE, "the name opens the device");
    CloseHandle(file);
    CHECK(DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"ConformDev", L"\\Device\\Second") &&
              MAPS(L"ConformDev", L"\\Device\\Second\0\\Device\\Null\0"),
          "the new mapping comes first, undeleted prior mappings after it");
    CHECK(DefineDosDeviceW(DDD_RAW_TARGET_PATH | DDD_REMOVE_DEFINITION, L"ConformDev", L"\\Device\\Nu") &&
              MAPS(L"ConformDev", L"\\Device\\Second\0"),
          "DDD_REMOVE_DEFINITION removes the first mapping of which lpTargetPath is a prefix");
    CHECK(!DefineDosDeviceW(DDD_RAW_TARGET_PATH | DDD_REMOVE_DEFINITION | DDD_EXACT_MATCH_ON_REMOVE,
                            L"ConformDev", L"\\Device\\Sec") &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "DDD_EXACT_MATCH_ON_REMOVE wants the whole of it");
    DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"ConformDev", L"\\Device\\Third");
    CHECK(DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"ConformDev", NULL) &&
              MAPS(L"ConformDev", L"\\Device\\Second\0"),
          "without a target the most recent one is popped");
    WCHAR text[64];
    CHECK(DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"ConformDev", NULL) &&
              !QueryDosDeviceW(L"ConformDev", text, 64) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "when nothing is left to pop, the device name is removed");
    CHECK(!DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"NUL", NULL) && is_global(L"NUL"),
          "a global name is not removed from a local context");
    CHECK(DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"NUL", L"\\Device\\Mine") &&
              MAPS(L"NUL", L"\\Device\\Mine\0") && listed(L"NUL") == 1,
          "the local name hides the global one, and is listed once");
    CHECK(DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"NUL", NULL) && MAPS(L"NUL", L"\\Device\\Null\0"),
          "until it goes");
    CHECK(DefineDosDeviceW(0, L"ConformDrive:", L"C:\\Windows") &&
              MAPS(L"ConformDrive:", L"\\??\\C:\\Windows\0"),
          "without DDD_RAW_TARGET_PATH the path is converted");
    DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"ConformDrive:", NULL);
    CHECK(!DefineDosDeviceW(0x80, L"X:", L"C:\\") && GetLastError() == ERROR_INVALID_PARAMETER,
          "unknown flags: ERROR_INVALID_PARAMETER");
}

int main(void) {
    objects();
    devices();
    return finish();
}
