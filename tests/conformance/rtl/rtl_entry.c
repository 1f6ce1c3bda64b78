// Registry access without handles, the printf family and the C run-time functions, in DriverEntry for `drvlab
// load`: a line of debug output per check; success only if all pass.
#include <ntddk.h>

#include <stdarg.h>

NTSYSAPI int __cdecl _snprintf(char*, size_t, const char*, ...);
NTSYSAPI int __cdecl _snwprintf(WCHAR*, size_t, const WCHAR*, ...);
NTSYSAPI int __cdecl sprintf(char*, const char*, ...);
NTSYSAPI int __cdecl _vsnprintf(char*, size_t, const char*, va_list);
NTSYSAPI int __cdecl _stricmp(const char*, const char*);
NTSYSAPI int __cdecl _wcsnicmp(const WCHAR*, const WCHAR*, size_t);
char* __cdecl strstr(const char*, const char*);
char* __cdecl strrchr(const char*, int);
WCHAR* __cdecl wcschr(const WCHAR*, WCHAR);
void* __cdecl memmove(void*, const void*, size_t);
int __cdecl memcmp(const void*, const void*, size_t);

static ULONG failures;
#define CHECK(condition, what)                                                                               \
    do {                                                                                                     \
        BOOLEAN pass = (condition) ? TRUE : FALSE;                                                           \
        DbgPrint("%s %s\n", pass ? "PASS" : "FAIL", what);                                                   \
        if (!pass) failures++, DbgPrint("     line %d\n", __LINE__);                                         \
    } while (0)

static BOOLEAN same(const char* a, const char* b) {
    while (*a && *a == *b)
        ++a, ++b;
    return *a == *b;
}

static int print(char* to, size_t n, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = _vsnprintf(to, n, format, arguments);
    va_end(arguments);
    return result;
}

static void formats(void) {
    char text[64];
    WCHAR wide[16];
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\X");
    CHECK(sprintf(text, "%d %u %08x %s %S %c", -5, 7u, 0xBEEF, "abc", L"wide", '!') == 24 &&
              same(text, "-5 7 0000beef abc wide !"),
          "sprintf");
    CHECK(_snprintf(text, sizeof text, "%wZ|%I64d|%p", &name, -1LL, (PVOID)0x1234) == 29 &&
              same(text, "\\Device\\X|-1|0000000000001234"),
          "%wZ, %I64d, %p");
    text[4] = '#';
    CHECK(_snprintf(text, 4, "%s", "abcd") == 4 && text[4] == '#',
          "a text as long as the buffer has no terminator");
    CHECK(_snprintf(text, 4, "%s", "abcde") == -1, "a longer one gives -1");
    CHECK(print(text, sizeof text, "%s-%d-%lld", "v", 1, 2LL) == 5 && same(text, "v-1-2"),
          "_vsnprintf takes a va_list");
    CHECK(_snwprintf(wide, 16, L"%s%hs%d", L"a", "b", 3) == 3 && wide[2] == L'3' && !wide[3], "_snwprintf");
}

static void c_library(void) {
    char a[40] = "0123456789abcdefghijklmnopqrstuvwxyz";
    memmove(a + 3, a, 30);
    CHECK(memcmp(a, "0120123456789abcdefghijklmnopqrstxyz", 33) == 0, "memmove upward over itself");
    memmove(a, a + 3, 30);
    CHECK(memcmp(a, "0123456789abcdefghijklmnopqrst", 30) == 0, "memmove downward");
    CHECK(_stricmp("Hello", "hELLO") == 0 && _stricmp("a", "b") < 0 && _stricmp("[", "a") < 0, "_stricmp");
    CHECK(_wcsnicmp(L"\\DEVICE\\x", L"\\device\\y", 8) == 0 && _wcsnicmp(L"a", L"B", 1) < 0, "_wcsnicmp");
    CHECK(strstr(a, "def") == a + 13 && !strstr(a, "dex") && strrchr("a/b/c", '/')[1] == 'c',
          "strstr, strrchr");
    CHECK(wcschr(L"a\\b", L'\\')[1] == L'b' && !wcschr(L"ab", L'c'), "wcschr");
    CHECK(RtlCompareMemory("abcdefghijkl", "abcdefghijxl", 12) == 10, "RtlCompareMemory");
}

static ULONG calls, strings;
static NTSTATUS NTAPI routine(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context,
                              PVOID entry_context) {
    calls++;
    if (context != &calls || entry_context != &strings) return STATUS_INVALID_PARAMETER;
    if (name[0] == L'M' && type == REG_SZ && length == 4) strings += ((PWSTR)data)[0];
    return STATUS_SUCCESS;
}

static void registry(PUNICODE_STRING path) {
    WCHAR buffer[200];
    ULONG number = 0x11223344;
    RtlCopyMemory(buffer, path->Buffer, path->Length);
    buffer[path->Length / 2] = 0;
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, buffer) == STATUS_SUCCESS,
          "RtlCheckRegistryKey finds the service's key");
    CHECK(!NT_SUCCESS(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"NoSuchService")), "and no other");
    CHECK(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, buffer, L"Number", REG_DWORD, &number, 4) ==
              STATUS_SUCCESS,
          "RtlWriteRegistryValue");
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, buffer, L"Text", REG_SZ, L"hello", 12);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, buffer, L"Many", REG_MULTI_SZ, L"a\0b\0", 10);

    ULONG read = 0, fallback = 9, missing = 0;
    UNICODE_STRING text = {0, 0, NULL};
    RTL_QUERY_REGISTRY_TABLE table[5];
    RtlZeroMemory(table, sizeof table);
    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | 0x100, table[0].Name = L"Number",
    table[0].EntryContext = &read;
    table[0].DefaultType = REG_DWORD << 24;
    table[1].Flags = RTL_QUERY_REGISTRY_DIRECT, table[1].Name = L"Text", table[1].EntryContext = &text;
    table[2].Flags = RTL_QUERY_REGISTRY_DIRECT, table[2].Name = L"Missing", table[2].EntryContext = &missing;
    table[2].DefaultType = REG_DWORD, table[2].DefaultData = &fallback, table[2].DefaultLength = 4;
    table[3].QueryRoutine = routine, table[3].Name = L"Many", table[3].EntryContext = &strings;
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, buffer, table, &calls, NULL) == STATUS_SUCCESS,
          "RtlQueryRegistryValues");
    CHECK(read == number && missing == 9, "a number with its type checked, and a default");
    CHECK(text.Length == 10 && text.MaximumLength == 12 && text.Buffer[4] == L'o',
          "a string into a new buffer");
    RtlFreeUnicodeString(&text);
    CHECK(calls == 2 && strings == L'a' + L'b', "REG_MULTI_SZ string by string");
    table[0].DefaultType = REG_SZ << 24;
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, buffer, table, &calls, NULL) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "RTL_QUERY_REGISTRY_TYPECHECK");
    RtlZeroMemory(table, sizeof table);
    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED;
    table[0].Name = L"Missing", table[0].EntryContext = &missing;
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, buffer, table, NULL, NULL) ==
              STATUS_OBJECT_NAME_NOT_FOUND,
          "RTL_QUERY_REGISTRY_REQUIRED");
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, buffer, L"Number") == STATUS_SUCCESS &&
              RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, buffer, L"Number") ==
                  STATUS_OBJECT_NAME_NOT_FOUND,
          "RtlDeleteRegistryValue");
}

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD unload;
static VOID NTAPI unload(PDRIVER_OBJECT driver) { UNREFERENCED_PARAMETER(driver); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    driver->DriverUnload = unload;
    formats();
    c_library();
    registry(registry_path);
    DbgPrint("%s: %u failures\n", failures ? "FAIL" : "PASS", failures);
    return failures ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}
