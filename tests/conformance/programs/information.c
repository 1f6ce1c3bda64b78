// What is asked and said of processes and threads: pages of NtQueryInformationProcess, SetThreadDescription,
// GetThreadDescription, GetThreadInformation, SetThreadInformation, GetProcessInformation,
// SetProcessInformation, IsProcessCritical, GetThreadIOPendingFlag; "Process Security and Access Rights",
// "Thread Security and Access Rights".
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#define NtSetInformationProcess NtSetInformationProcessOfWinternl
#include <winternl.h>
#undef NtSetInformationProcess

#include "../common/program.h"

LONG NTAPI NtSetInformationProcess(HANDLE, ULONG, PVOID, ULONG);
LONG NTAPI NtSetInformationThread(HANDLE, ULONG, PVOID, ULONG);
LONG NTAPI NtQuerySection(HANDLE, ULONG, PVOID, SIZE_T, PSIZE_T);
LONG NTAPI NtOpenSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
HRESULT WINAPI SetThreadDescription(HANDLE, PCWSTR);
HRESULT WINAPI GetThreadDescription(HANDLE, PWSTR*);
BOOL WINAPI IsProcessCritical(HANDLE, PBOOL);

#define FAILS(call, code) (SetLastError(0), !(call) && GetLastError() == (code))
#define SELF GetCurrentProcess()

struct image { // SECTION_IMAGE_INFORMATION
    PVOID entry;
    ULONG zero_bits;
    SIZE_T reserve, commit;
    ULONG subsystem;
    USHORT minor, major, os_major, os_minor, characteristics, dll_characteristics, machine;
    BOOLEAN code;
    UCHAR flags;
    ULONG loader_flags, file_size, checksum;
};

static LONG ask(ULONG cls, PVOID to, ULONG size, ULONG* needed) {
    return NtQueryInformationProcess(SELF, cls, to, size, needed);
}

static BOOL is_image(const struct image* i, HMODULE base) {
    IMAGE_NT_HEADERS64* nt = (PVOID)((char*)base + ((IMAGE_DOS_HEADER*)base)->e_lfanew);
    return i->subsystem == nt->OptionalHeader.Subsystem && i->machine == IMAGE_FILE_MACHINE_AMD64 &&
           i->characteristics == nt->FileHeader.Characteristics &&
           i->dll_characteristics == nt->OptionalHeader.DllCharacteristics &&
           i->reserve == nt->OptionalHeader.SizeOfStackReserve &&
           i->commit == nt->OptionalHeader.SizeOfStackCommit && i->checksum == nt->OptionalHeader.CheckSum &&
           i->major == nt->OptionalHeader.MajorSubsystemVersion &&
           i->os_major == nt->OptionalHeader.MajorOperatingSystemVersion && i->code && i->file_size > 0x1000;
}

static void processes(void) {
    ULONG number = 7, needed = 0;
    UCHAR byte = 7;
    struct image image;
    HMODULE own = GetModuleHandleA(NULL);
    IMAGE_NT_HEADERS64* nt = (PVOID)((char*)own + ((IMAGE_DOS_HEADER*)own)->e_lfanew);
    CHECK(ask(37, &image, sizeof image, &needed) == 0 && needed == 0x40 && is_image(&image, own) &&
              image.entry == (char*)own + nt->OptionalHeader.AddressOfEntryPoint,
          "ProcessImageInformation: what the image's headers say");
    CHECK(ask(75, &number, sizeof number, NULL) == 0 && number == 0,
          "ProcessSubsystemInformation: SubsystemInformationTypeWin32");
    CHECK(ask(61, &byte, sizeof byte, NULL) == 0 && byte == 0, "ProcessProtectionInformation: not protected");
    CHECK(ask(29, &number, sizeof number, NULL) == 0 && number == 0, "ProcessBreakOnTermination");
    CHECK(ask(29, &number, 8, &needed) == (LONG)0xc0000004 && needed == 4,
          "another length: STATUS_INFO_LENGTH_MISMATCH, and the size");
    CHECK(ask(0x7fff, &number, 4, NULL) == (LONG)0xc0000003, "no such class: STATUS_INVALID_INFO_CLASS");
    number = 0;
    CHECK(NtSetInformationProcess(SELF, 12, &number, 4) == 0 && ask(12, &number, 4, NULL) == 0 && number == 0,
          "ProcessDefaultHardErrorMode");
    number = 1;
    NtSetInformationProcess(SELF, 12, &number, 4);
    BOOL critical = TRUE;
    CHECK(IsProcessCritical(SELF, &critical) && !critical, "IsProcessCritical");
    CHECK(NtSetInformationProcess(SELF, 29, &number, 4) == (LONG)0xc0000061,
          "ProcessBreakOnTermination needs SeDebugPrivilege: STATUS_PRIVILEGE_NOT_HELD");
}

static void handles(void) {
    struct { // PROCESS_HANDLE_SNAPSHOT_INFORMATION
        ULONG_PTR count, reserved;
        struct {
            HANDLE value;
            ULONG_PTR handles, pointers;
            ULONG access, type, attributes, unused;
        } entry[200];
    } all;
    ULONG needed = 0;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), twice;
    DuplicateHandle(SELF, event, SELF, &twice, SYNCHRONIZE, TRUE, 0);
    CHECK(ask(51, &all, 16, &needed) == (LONG)0xc0000004 && needed > 16 && needed < sizeof all,
          "ProcessHandleInformation: STATUS_INFO_LENGTH_MISMATCH, and the size");
    CHECK(ask(51, &all, sizeof all, &needed) == 0 && needed == 16 + all.count * 40, "with room");
    int found = 0;
    DWORD count = 0;
    for (ULONG_PTR i = 0; i < all.count; ++i)
        found += (all.entry[i].value == event && all.entry[i].handles == 2 &&
                  all.entry[i].access == 0x1f0003 && !all.entry[i].attributes) ||
                 (all.entry[i].value == twice && all.entry[i].access == SYNCHRONIZE &&
                  all.entry[i].attributes == 2);
    CHECK(found == 2, "value, count of handles, access, attributes");
    CHECK(GetProcessHandleCount(SELF, &count) && count == all.count, "GetProcessHandleCount");
    HANDLE limited = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, GetCurrentProcessId());
    CHECK(NtQueryInformationProcess(limited, 51, &all, sizeof all, NULL) == (LONG)0xc0000022,
          "needs PROCESS_QUERY_INFORMATION");
    CloseHandle(limited);
    CloseHandle(event);
    CloseHandle(twice);
}

static void sections(void) {
    struct image image;
    struct {
        PVOID base;
        ULONG attributes;
        LARGE_INTEGER size;
    } basic;
    SIZE_T needed = 0;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES a;
    InitializeObjectAttributes(&a, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    HANDLE section;
    RtlInitUnicodeString(&name, L"\\KnownDlls\\kernel32.dll");
    CHECK(NtOpenSection(&section, SECTION_QUERY, &a) == 0, "NtOpenSection");
    CHECK(NtQuerySection(section, 1, &image, sizeof image, &needed) == 0 && needed == sizeof image &&
              is_image(&image, GetModuleHandleA("kernel32.dll")),
          "SectionImageInformation");
    CHECK(NtQuerySection(section, 0, &basic, sizeof basic, NULL) == 0 && (basic.attributes & SEC_IMAGE),
          "SectionBasicInformation");
    CHECK(NtQuerySection(section, 1, &image, 8, NULL) == (LONG)0xc0000004 &&
              NtQuerySection(section, 9, &image, sizeof image, NULL) == (LONG)0xc0000003,
          "STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_INFO_CLASS");
    CloseHandle(section);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    CHECK(NtQuerySection(section, 1, &image, sizeof image, NULL) == (LONG)0xc0000049,
          "of memory: STATUS_SECTION_NOT_IMAGE");
    CloseHandle(section);
}

static DWORD WINAPI nothing(void* context) { return context != NULL; }

static void names(void) {
    PWSTR name = NULL;
    HANDLE thread = CreateThread(NULL, 0, nothing, NULL, CREATE_SUSPENDED, NULL);
    CHECK(GetThreadDescription(thread, &name) == S_OK && name && !*name,
          "a thread has no description at first");
    LocalFree(name);
    CHECK(SUCCEEDED(SetThreadDescription(thread, L"worker \x2116 1")), "SetThreadDescription");
    CHECK(GetThreadDescription(thread, &name) == S_OK && !wcscmp(name, L"worker \x2116 1"),
          "GetThreadDescription");
    LocalFree(name);
    static WCHAR text[5001];
    for (int i = 0; i < 5000; ++i)
        text[i] = (WCHAR)(L'a' + i % 26);
    CHECK(SUCCEEDED(SetThreadDescription(thread, text)) && GetThreadDescription(thread, &name) == S_OK &&
              !wcscmp(name, text),
          "another, longer one");
    LocalFree(name);
    CHECK(SUCCEEDED(SetThreadDescription(thread, L"")) && GetThreadDescription(thread, &name) == S_OK &&
              !*name,
          "an empty one");
    LocalFree(name);
    HANDLE limited = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, GetThreadId(thread));
    CHECK(GetThreadDescription(limited, &name) == S_OK, "THREAD_QUERY_LIMITED_INFORMATION is enough");
    LocalFree(name);
    CHECK(SetThreadDescription(limited, L"x") == (HRESULT)0xd0000022, "to set it is not: HRESULT_FROM_NT");
    DWORD code = 0;
    FILETIME t;
    CHECK(GetExitCodeThread(limited, &code) && code == STILL_ACTIVE &&
              GetThreadTimes(limited, &t, &t, &t, &t) && GetThreadId(limited) == GetThreadId(thread) &&
              GetThreadPriority(limited) == 0,
          "nor for GetExitCodeThread, GetThreadTimes, GetThreadId, GetThreadPriority");
    CloseHandle(limited);
    limited = OpenThread(THREAD_SET_INFORMATION | THREAD_QUERY_INFORMATION, FALSE, GetThreadId(thread));
    CHECK(SUCCEEDED(SetThreadDescription(limited, L"x")) && GetExitCodeThread(limited, &code),
          "THREAD_SET_INFORMATION and THREAD_QUERY_INFORMATION have the limited rights with them");
    CloseHandle(limited);
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    CHECK(GetExitCodeProcess(process, &code) && code == STILL_ACTIVE, "and so has PROCESS_QUERY_INFORMATION");
    CloseHandle(process);
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

struct throttling {
    ULONG version, control, state;
};

static void settings(void) {
    ULONG priority = 0;
    CHECK(GetThreadInformation(GetCurrentThread(), 0, &priority, sizeof priority) && priority == 5,
          "ThreadMemoryPriority: MEMORY_PRIORITY_NORMAL");
    priority = 2;
    CHECK(SetThreadInformation(GetCurrentThread(), 0, &priority, sizeof priority) && (priority = 0, 1) &&
              GetThreadInformation(GetCurrentThread(), 0, &priority, sizeof priority) && priority == 2,
          "MEMORY_PRIORITY_LOW");
    priority = 9;
    CHECK(FAILS(SetThreadInformation(GetCurrentThread(), 0, &priority, sizeof priority),
                ERROR_INVALID_PARAMETER),
          "no priority: ERROR_INVALID_PARAMETER");
    CHECK(FAILS(SetThreadInformation(GetCurrentThread(), 0, &priority, 2), ERROR_BAD_LENGTH),
          "ERROR_BAD_LENGTH");
    CHECK(FAILS(GetThreadInformation(GetCurrentThread(), 99, &priority, 4), ERROR_INVALID_PARAMETER),
          "no such class");
    priority = 7;
    CHECK(GetThreadInformation(GetCurrentThread(), 2, &priority, sizeof priority) && !priority,
          "ThreadDynamicCodePolicy");
    struct throttling t = {1, 1, 1}, back = {0};
    CHECK(SetThreadInformation(GetCurrentThread(), 3, &t, sizeof t), "ThreadPowerThrottling");
    t.state = 2;
    CHECK(FAILS(SetThreadInformation(GetCurrentThread(), 3, &t, sizeof t), ERROR_INVALID_PARAMETER),
          "a state that is not taken control of");
    t = (struct throttling){1, 5, 4};
    CHECK(SetProcessInformation(SELF, 4, &t, sizeof t) &&
              GetProcessInformation(SELF, 4, &back, sizeof back) && back.control == 5 && back.state == 4,
          "ProcessPowerThrottling");
    priority = 3;
    CHECK(SetProcessInformation(SELF, 0, &priority, 4) && (priority = 0, 1) &&
              GetProcessInformation(SELF, 0, &priority, 4) && priority == 3,
          "ProcessMemoryPriority");
    CHECK(GetProcessInformation(SELF, 7, &priority, 4) && priority == 0xfffffffe,
          "ProcessProtectionLevelInfo: PROTECTION_LEVEL_NONE");
    BOOLEAN hidden = 7;
    CHECK(NtQueryInformationThread(GetCurrentThread(), 17, &hidden, 1, NULL) == 0 && !hidden &&
              NtSetInformationThread(GetCurrentThread(), 17, &priority, 4) == (LONG)0xc0000004 &&
              NtSetInformationThread(GetCurrentThread(), 17, NULL, 0) == 0 &&
              NtQueryInformationThread(GetCurrentThread(), 17, &hidden, 1, NULL) == 0 && hidden == 1,
          "ThreadHideFromDebugger");
    ULONG low = TlsAlloc(), high = low; // ThreadZeroTlsCell
    while (high < 64 && high != TLS_OUT_OF_INDEXES)
        high = TlsAlloc();
    TlsSetValue(low, SELF);
    TlsSetValue(high, SELF);
    CHECK(NtSetInformationThread(GetCurrentThread(), 10, &low, 8) == (LONG)0xc0000004 &&
              TlsGetValue(low) == SELF && NtSetInformationThread(GetCurrentThread(), 10, &low, 4) == 0 &&
              NtSetInformationThread(GetCurrentThread(), 10, &high, 4) == 0 && !TlsGetValue(low) &&
              !TlsGetValue(high) && (low = 64 + 1024) &&
              NtSetInformationThread(GetCurrentThread(), 10, &low, 4) == (LONG)0xc000000d,
          "ThreadZeroTlsCell");
    BOOL pending = TRUE;
    CHECK(GetThreadIOPendingFlag(GetCurrentThread(), &pending) && !pending, "GetThreadIOPendingFlag");
    priority = 1;
    CHECK(NtSetInformationThread(GetCurrentThread(), 18, &priority, 4) == (LONG)0xc0000061,
          "ThreadBreakOnTermination needs SeDebugPrivilege");
}

// Started with an argument: the end of what the system cannot go on without.
static int end_critical(const char* what) {
    HANDLE token;
    TOKEN_PRIVILEGES t = {1, {{{20, 0}, SE_PRIVILEGE_ENABLED}}};
    ULONG yes = 1;
    OpenProcessToken(SELF, TOKEN_ADJUST_PRIVILEGES, &token);
    AdjustTokenPrivileges(token, FALSE, &t, 0, NULL, NULL);
    LONG status = *what == 'p' ? NtSetInformationProcess(SELF, 29, &yes, 4)
                               : NtSetInformationThread(GetCurrentThread(), 18, &yes, 4);
    BOOL critical = FALSE;
    if (*what == 'p' && (!IsProcessCritical(SELF, &critical) || !critical)) return 2;
    return status ? 3 : 0;
}

int main(int argc, char** argv) {
    if (argc > 1) return end_critical(argv[1]);
    processes();
    handles();
    sections();
    names();
    settings();
    return finish();
}
