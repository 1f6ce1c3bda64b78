// Last errors as the documentation of each function gives them, and functions of kernel32 without a device.
#include <windows.h>

#include "../common/program.h"

static DWORD WINAPI add_one(void* p) {
    InterlockedIncrement(p);
    return 42;
}
static DWORD WINAPI exits(void* p) {
    (void)p;
    ExitThread(7);
}
static LONG WINAPI swallow(EXCEPTION_POINTERS* e) {
    return e->ExceptionRecord->ExceptionCode == 0xE1234567 ? EXCEPTION_CONTINUE_EXECUTION
                                                           : EXCEPTION_CONTINUE_SEARCH;
}

static void handles(void) {
    DWORD n;
    CHECK(!CloseHandle((HANDLE)0x7770) && GetLastError() == ERROR_INVALID_HANDLE,
          "CloseHandle of nothing: ERROR_INVALID_HANDLE");
    CHECK(!ReadFile((HANDLE)0x7770, &n, 4, &n, NULL) && GetLastError() == ERROR_INVALID_HANDLE,
          "ReadFile: ERROR_INVALID_HANDLE");
    CHECK(CreateFileA("NUL", GENERIC_READ, 0, NULL, 77, 0, NULL) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "CreateFile with a bad disposition: ERROR_INVALID_PARAMETER");
    CHECK(CreateFileA("NUL", GENERIC_READ, 0, NULL, TRUNCATE_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "TRUNCATE_EXISTING without GENERIC_WRITE: ERROR_INVALID_PARAMETER");
    CHECK(CreateFileA("NUL", FILE_WRITE_DATA, 0, NULL, TRUNCATE_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "FILE_WRITE_DATA is not the GENERIC_WRITE bit");
    CHECK(CreateFileA("NUL", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_OPEN_REPARSE_POINT, NULL) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "FILE_FLAG_OPEN_REPARSE_POINT cannot be used with CREATE_ALWAYS");
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(!ReadFile(event, &n, 4, &n, NULL) && GetLastError() == ERROR_INVALID_HANDLE,
          "ReadFile of an event: ERROR_INVALID_HANDLE");
    CHECK(!ReleaseSemaphore(event, 1, NULL) && GetLastError() == ERROR_INVALID_HANDLE,
          "ReleaseSemaphore of an event");
    CloseHandle(event);
    CHECK(GetStdHandle(99) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_HANDLE,
          "GetStdHandle(99)");
    HANDLE null = CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(GetFileType(null) == FILE_TYPE_CHAR, "NUL is a character device");
    DWORD mode;
    CHECK(!GetConsoleMode(null, &mode) && GetLastError() == ERROR_INVALID_HANDLE,
          "NUL is no console: ERROR_INVALID_HANDLE");
    CHECK(SetFilePointer(null, -1, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER &&
              GetLastError() == ERROR_NEGATIVE_SEEK,
          "a file pointer below 0: ERROR_NEGATIVE_SEEK");
    CloseHandle(null);
}

static void objects(void) {
    HANDLE a = CreateEventA(NULL, TRUE, FALSE, "ConformanceEvent");
    CHECK(a && GetLastError() == ERROR_SUCCESS, "a named event is made");
    HANDLE b = CreateEventA(NULL, TRUE, FALSE, "ConformanceEvent");
    CHECK(b && GetLastError() == ERROR_ALREADY_EXISTS, "and opened the second time: ERROR_ALREADY_EXISTS");
    SetEvent(a);
    CHECK(WaitForSingleObject(b, 0) == WAIT_OBJECT_0, "it is the same event");
    HANDLE c = OpenEventA(EVENT_ALL_ACCESS, FALSE, "NoSuchEvent");
    CHECK(!c && GetLastError() == ERROR_FILE_NOT_FOUND, "OpenEvent of no event: ERROR_FILE_NOT_FOUND");
    CHECK(!CreateMutexA(NULL, FALSE, "ConformanceEvent") && GetLastError() == ERROR_INVALID_HANDLE,
          "a mutex with an event's name: ERROR_INVALID_HANDLE");
    CloseHandle(a);
    CloseHandle(b);
    HANDLE s = CreateSemaphoreA(NULL, 1, 1, NULL);
    CHECK(!ReleaseSemaphore(s, 1, NULL) && GetLastError() == ERROR_TOO_MANY_POSTS,
          "over the limit: ERROR_TOO_MANY_POSTS");
    CHECK(WaitForSingleObject(s, 0) == WAIT_OBJECT_0 && WaitForSingleObject(s, 10) == WAIT_TIMEOUT,
          "a semaphore of one");
    CloseHandle(s);
    HANDLE m = CreateMutexA(NULL, FALSE, NULL);
    CHECK(!ReleaseMutex(m) && GetLastError() == ERROR_NOT_OWNER, "a mutex that is not ours: ERROR_NOT_OWNER");
    CloseHandle(m);
}

static void threads(void) {
    volatile LONG count = 0;
    DWORD id, code = 0;
    HANDLE t = CreateThread(NULL, 0, add_one, (void*)&count, 0, &id);
    CHECK(t && WaitForSingleObject(t, 5000) == WAIT_OBJECT_0 && count == 1, "a thread runs and ends");
    CHECK(GetExitCodeThread(t, &code) && code == 42, "its exit code is its result");
    CloseHandle(t);
    t = CreateThread(NULL, 0, exits, NULL, CREATE_SUSPENDED, NULL);
    CHECK(WaitForSingleObject(t, 10) == WAIT_TIMEOUT, "a suspended thread does not run");
    CHECK(ResumeThread(t) == 1, "ResumeThread returns the previous count");
    CHECK(WaitForSingleObject(t, 5000) == WAIT_OBJECT_0 && GetExitCodeThread(t, &code) && code == 7,
          "ExitThread gives the code");
    CloseHandle(t);
    CRITICAL_SECTION section;
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    CHECK(TryEnterCriticalSection(&section), "a critical section is recursive");
    LeaveCriticalSection(&section);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    DWORD slot = TlsAlloc();
    CHECK(slot != TLS_OUT_OF_INDEXES && TlsGetValue(slot) == NULL && TlsSetValue(slot, &slot) &&
              TlsGetValue(slot) == &slot,
          "TLS");
    TlsFree(slot);
    ULONGLONG before = GetTickCount64();
    Sleep(50);
    CHECK(GetTickCount64() - before >= 46, "Sleep lets time pass");
}

static void memory(void) {
    MEMORY_BASIC_INFORMATION info;
    DWORD old;
    char* p = VirtualAlloc(NULL, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(p && ((ULONG_PTR)p & 0xffff) == 0, "VirtualAlloc gives 64 KiB granularity");
    CHECK(p[0x2fff] == 0, "and zeroes");
    CHECK(VirtualProtect(p + 0x1000, 0x1000, PAGE_READONLY, &old) && old == PAGE_READWRITE,
          "VirtualProtect gives the old protection");
    CHECK(VirtualQuery(p + 0x1234, &info, sizeof info) == sizeof info && info.BaseAddress == p + 0x1000 &&
              info.RegionSize == 0x1000 && info.Protect == PAGE_READONLY && info.AllocationBase == p &&
              info.State == MEM_COMMIT && info.Type == MEM_PRIVATE,
          "VirtualQuery describes the region");
    CHECK(!VirtualFree(p, 0x1000, MEM_RELEASE) && GetLastError() == ERROR_INVALID_PARAMETER,
          "MEM_RELEASE with a size");
    CHECK(VirtualFree(p, 0, MEM_RELEASE), "VirtualFree");
    CHECK(VirtualQuery(p, &info, sizeof info) && info.State == MEM_FREE, "the address is free again");
    CHECK(!VirtualAlloc((void*)0x10, 1, MEM_COMMIT, PAGE_READWRITE) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "an address below 64 KiB");
    MEMORYSTATUSEX memory_status = {.dwLength = sizeof memory_status};
    CHECK(GlobalMemoryStatusEx(&memory_status) && memory_status.ullAvailPhys &&
              memory_status.ullTotalPhys >= memory_status.ullAvailPhys && memory_status.dwMemoryLoad <= 100,
          "GlobalMemoryStatusEx");
    HANDLE heap = HeapCreate(0, 0, 0);
    char* h = HeapAlloc(heap, HEAP_ZERO_MEMORY, 100);
    CHECK(h && HeapSize(heap, 0, h) == 100 && h[99] == 0, "HeapAlloc, HeapSize");
    h[0] = 'x';
    h = HeapReAlloc(heap, 0, h, 5000);
    CHECK(h && h[0] == 'x' && HeapFree(heap, 0, h) && HeapDestroy(heap), "HeapReAlloc keeps the contents");
    HGLOBAL g = GlobalAlloc(GMEM_MOVEABLE, 20);
    char* locked = GlobalLock(g);
    CHECK(locked && GlobalSize(g) >= 20 && !GlobalUnlock(g) && GetLastError() == NO_ERROR && !GlobalFree(g),
          "movable memory");
}

static void text(void) {
    char buffer[300];
    WCHAR wide[32];
    DWORD n = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, 2, 0, buffer,
                             sizeof buffer, NULL);
    CHECK(n && strcmp(buffer, "The system cannot find the file specified.\r\n") == 0,
          "FormatMessage of a system error");
    n = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                       2401 /* ERROR_OPEN_FILES */, 0, buffer, sizeof buffer, NULL);
    CHECK(n && strcmp(buffer, "This network connection has files open or requests pending.\r\n") == 0,
          "FormatMessage of one of the later pages");
    CHECK(!FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 999999, 0, buffer, sizeof buffer, NULL) &&
              GetLastError() == ERROR_MR_MID_NOT_FOUND,
          "of none: ERROR_MR_MID_NOT_FOUND");
    CHECK(CreateFileA("CON", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "CON for reading and writing: ERROR_FILE_NOT_FOUND");
    DWORD_PTR inserts[] = {(DWORD_PTR) "seven", 7};
    n = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "%1 is %2!d!", 0, 0,
                       buffer, sizeof buffer, (va_list*)inserts);
    CHECK(n == 10 && strcmp(buffer, "seven is 7") == 0, "FormatMessage with inserts");
    CHECK(MultiByteToWideChar(CP_UTF8, 0, "\xc3\xa4\xe2\x82\xac", -1, wide, 32) == 3 && wide[0] == 0xe4 &&
              wide[1] == 0x20ac,
          "UTF-8 to UTF-16");
    CHECK(WideCharToMultiByte(CP_ACP, 0, L"\x20ac", -1, buffer, 10, NULL, NULL) == 2 &&
              (BYTE)buffer[0] == 0x80,
          "the euro in 1252");
    CHECK(!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xff", 1, wide, 32) &&
              GetLastError() == ERROR_NO_UNICODE_TRANSLATION,
          "ERROR_NO_UNICODE_TRANSLATION");
    CHECK(!MultiByteToWideChar(CP_ACP, 0, "abc", -1, wide, 2) && GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "ERROR_INSUFFICIENT_BUFFER");
    CHECK(SetEnvironmentVariableA("CONFORM", "yes") && GetEnvironmentVariableA("conform", buffer, 10) == 3 &&
              !strcmp(buffer, "yes"),
          "environment variables have names without case");
    CHECK(GetEnvironmentVariableA("CONFORM", buffer, 2) == 4, "too small a buffer: the size needed");
    CHECK(!GetEnvironmentVariableA("NO_SUCH_VARIABLE", buffer, 10) &&
              GetLastError() == ERROR_ENVVAR_NOT_FOUND,
          "ERROR_ENVVAR_NOT_FOUND");
    CHECK(ExpandEnvironmentStringsA("<%CONFORM%>", buffer, 20) == 6 && !strcmp(buffer, "<yes>"),
          "ExpandEnvironmentStrings");
    CHECK(CompareStringA(LOCALE_INVARIANT, NORM_IGNORECASE, "Filter", -1, "FILTER", -1) == CSTR_EQUAL,
          "CompareString without case");
    CHECK(lstrcmpA("a", "B") < 0, "words sort by letter, then by case");
}

static void modules(void) {
    char name[MAX_PATH];
    HMODULE kernel = GetModuleHandleA("kernel32");
    CHECK(kernel && GetModuleHandleA("KERNEL32.DLL") == kernel,
          "GetModuleHandle, with or without extension and case");
    CHECK(GetProcAddress(kernel, "CloseHandle") != NULL, "GetProcAddress");
    CHECK(GetProcAddress(kernel, "HeapAlloc") == GetProcAddress(GetModuleHandleA("ntdll"), "RtlAllocateHeap"),
          "of a forwarder");
    CHECK(!GetProcAddress(kernel, "NoSuchFunction") && GetLastError() == ERROR_PROC_NOT_FOUND,
          "ERROR_PROC_NOT_FOUND");
    CHECK(!GetModuleHandleA("nosuch.dll") && GetLastError() == ERROR_MOD_NOT_FOUND, "ERROR_MOD_NOT_FOUND");
    CHECK(!LoadLibraryA("nosuch.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
          "LoadLibrary: ERROR_MOD_NOT_FOUND");
    DWORD n = GetModuleFileNameA(NULL, name, sizeof name);
    CHECK(n > 4 && n == strlen(name), "GetModuleFileName");
    CHECK(GetModuleFileNameA(NULL, name, 4) == 4 && GetLastError() == ERROR_INSUFFICIENT_BUFFER &&
              name[3] == 0,
          "truncates and says ERROR_INSUFFICIENT_BUFFER");
    AddVectoredExceptionHandler(1, swallow);
    RaiseException(0xE1234567, 0, 0, NULL);
    CHECK(1, "a vectored handler continues after RaiseException");
    FILETIME ft;
    SYSTEMTIME st = {2026, 11, 5, 20, 19, 30, 15, 250}, back;
    CHECK(SystemTimeToFileTime(&st, &ft) && FileTimeToSystemTime(&ft, &back) &&
              !memcmp(&st, &back, sizeof st),
          "system time and back");
    CHECK(GetDateFormatA(LOCALE_INVARIANT, 0, &st, "dddd, d. MMM yyyy 'at'", name, sizeof name) == 24 &&
              !strcmp(name, "Friday, 20. Nov 2026 at"),
          "GetDateFormat by a picture");
    CHECK(GetTimeFormatA(LOCALE_INVARIANT, 0, &st, NULL, name, sizeof name) && !strcmp(name, "7:30:15 PM"),
          "GetTimeFormat");
    CHECK(GetTimeFormatA(LOCALE_INVARIANT, TIME_NOSECONDS | TIME_FORCE24HOURFORMAT | TIME_NOTIMEMARKER, &st,
                         NULL, name, sizeof name) &&
              !strcmp(name, "19:30"),
          "GetTimeFormat without seconds, 24 hours");
    st.wMonth = 13;
    CHECK(!SystemTimeToFileTime(&st, &ft) && GetLastError() == ERROR_INVALID_PARAMETER,
          "a bad date: ERROR_INVALID_PARAMETER");
}

int main(void) {
    handles();
    objects();
    threads();
    memory();
    text();
    modules();
    return finish();
}
