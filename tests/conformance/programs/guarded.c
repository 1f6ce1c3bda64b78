// Who may open processes and threads: lpProcessAttributes and lpThreadAttributes of
// nf-processthreadsapi-createprocessw, -createthread; -openprocess, -openthread and SeDebugPrivilege; what a
// child gets of its parent (-updateprocthreadattribute). Started with an argument it is the child.
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <sddl.h>

#include "../common/program.h"

typedef struct {
    USHORT Length, MaximumLength;
    PWSTR Buffer;
} STRING_W;

static char self[MAX_PATH];

static SECURITY_ATTRIBUTES guard(const char* sddl) {
    SECURITY_ATTRIBUTES a = {sizeof a, NULL, FALSE};
    ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1, &a.lpSecurityDescriptor,
                                                         NULL);
    return a;
}

static BOOL start(SECURITY_ATTRIBUTES* of_process, SECURITY_ATTRIBUTES* of_thread, HANDLE parent,
                  PROCESS_INFORMATION* p) {
    STARTUPINFOEXA startup = {.StartupInfo.cb = sizeof startup};
    char line[] = "conform_guarded child", room[200];
    SIZE_T size = sizeof room;
    startup.lpAttributeList = (LPPROC_THREAD_ATTRIBUTE_LIST)room;
    InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size);
    if (parent)
        UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parent,
                                  sizeof parent, NULL, NULL);
    memset(p, 0, sizeof *p);
    SetLastError(0);
    return CreateProcessA(self, line, of_process, of_thread, FALSE,
                          CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo,
                          p);
}
static void end(PROCESS_INFORMATION* p) {
    TerminateProcess(p->hProcess, 1);
    WaitForSingleObject(p->hProcess, INFINITE);
    CloseHandle(p->hThread);
    CloseHandle(p->hProcess);
}

static DWORD opens_process(DWORD id, DWORD access) {
    HANDLE h = OpenProcess(access, FALSE, id);
    return h ? (CloseHandle(h), 0) : GetLastError();
}
static DWORD opens_thread(DWORD id, DWORD access) {
    HANDLE h = OpenThread(access, FALSE, id);
    return h ? (CloseHandle(h), 0) : GetLastError();
}

static BOOL enable(HANDLE token, const char* name, DWORD attributes) {
    TOKEN_PRIVILEGES t = {1, {{{0, 0}, attributes}}};
    return LookupPrivilegeValueA(NULL, name, &t.Privileges[0].Luid) &&
           AdjustTokenPrivileges(token, FALSE, &t, 0, NULL, NULL) && GetLastError() == ERROR_SUCCESS;
}
static BOOL has(HANDLE token, const char* name) {
    char room[2000];
    TOKEN_PRIVILEGES* t = (TOKEN_PRIVILEGES*)room;
    DWORD n;
    LUID luid;
    if (!GetTokenInformation(token, TokenPrivileges, room, sizeof room, &n)) return FALSE;
    LookupPrivilegeValueA(NULL, name, &luid);
    for (DWORD i = 0; i < t->PrivilegeCount; ++i)
        if (t->Privileges[i].Luid.LowPart == luid.LowPart) return TRUE;
    return FALSE;
}

static DWORD WINAPI nothing(void* context) { return context != NULL; }

static BOOL text_of(HANDLE object, SECURITY_INFORMATION what, char** text) {
    static char room[1000];
    DWORD n;
    return GetKernelObjectSecurity(object, what, room, sizeof room, &n) &&
           ConvertSecurityDescriptorToStringSecurityDescriptorA(room, SDDL_REVISION_1, what, text, NULL);
}

static void processes(void) {
    SECURITY_ATTRIBUTES only_limited = guard("D:(A;;0x1000;;;WD)"), only_query = guard("D:(A;;0x800;;;WD)");
    PROCESS_INFORMATION p;
    char* text;
    CHECK(start(&only_limited, &only_query, NULL, &p), "CreateProcess with two descriptors");
    CHECK(text_of(p.hProcess, DACL_SECURITY_INFORMATION, &text) && !strcmp(text, "D:(A;;0x1000;;;WD)"),
          "lpProcessAttributes: the process has this descriptor");
    CHECK(text_of(p.hThread, DACL_SECURITY_INFORMATION, &text) && !strcmp(text, "D:(A;;0x800;;;WD)"),
          "lpThreadAttributes: and its thread that");
    CHECK(text_of(p.hProcess, LABEL_SECURITY_INFORMATION, &text) && strstr(text, "(ML;;NWNR;;;"),
          "the label is still that of the token");
    CHECK(opens_process(p.dwProcessId, PROCESS_QUERY_LIMITED_INFORMATION) == 0,
          "OpenProcess: what it grants");
    CHECK(opens_process(p.dwProcessId, PROCESS_TERMINATE) == ERROR_ACCESS_DENIED,
          "OpenProcess: ERROR_ACCESS_DENIED");
    CHECK(opens_process(p.dwProcessId, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_VM_READ) ==
              ERROR_ACCESS_DENIED,
          "for any right that is not granted");
    CHECK(opens_process(p.dwProcessId, READ_CONTROL | WRITE_DAC) == 0, "the owner may read and change it");
    CHECK(opens_thread(p.dwThreadId, THREAD_QUERY_LIMITED_INFORMATION) == 0, "OpenThread: what it grants");
    CHECK(opens_thread(p.dwThreadId, THREAD_SUSPEND_RESUME) == ERROR_ACCESS_DENIED,
          "OpenThread: ERROR_ACCESS_DENIED");
    CHECK(SuspendThread(p.hThread) == 1 && ResumeThread(p.hThread) == 2,
          "CreateProcess's own handles have all access");
    HANDLE token;
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token);
    if (enable(token, SE_DEBUG_NAME, SE_PRIVILEGE_ENABLED)) {
        CHECK(opens_process(p.dwProcessId, PROCESS_ALL_ACCESS) == 0 &&
                  opens_process(p.dwProcessId, MAXIMUM_ALLOWED) == 0,
              "with SeDebugPrivilege enabled OpenProcess grants what is asked for");
        CHECK(opens_thread(p.dwThreadId, THREAD_ALL_ACCESS) == 0, "and so does OpenThread");
        CHECK(opens_process(p.dwProcessId, PROCESS_ALL_ACCESS | ACCESS_SYSTEM_SECURITY) ==
                  ERROR_PRIVILEGE_NOT_HELD,
              "but ACCESS_SYSTEM_SECURITY needs SeSecurityPrivilege");
        enable(token, SE_DEBUG_NAME, 0);
        CHECK(opens_process(p.dwProcessId, PROCESS_ALL_ACCESS) == ERROR_ACCESS_DENIED, "disabled: no more");
    } else {
        CHECK(!has(token, SE_DEBUG_NAME), "only administrators may debug");
    }
    CloseHandle(token);
    end(&p);

    CHECK(start(NULL, NULL, NULL, &p), "CreateProcess without descriptors");
    CHECK(opens_process(p.dwProcessId, PROCESS_ALL_ACCESS) == 0 &&
              opens_thread(p.dwThreadId, THREAD_ALL_ACCESS) == 0,
          "the default descriptor lets the creator do anything");
    end(&p);

    SECURITY_ATTRIBUTES owned = guard("O:SYD:(A;;GA;;;WD)"),
                        audited = guard("D:(A;;GA;;;WD)S:(AU;SA;GA;;;WD)");
    CHECK(!start(&owned, NULL, NULL, &p) && GetLastError() == ERROR_INVALID_OWNER,
          "an owner that the caller may not name: ERROR_INVALID_OWNER");
    CHECK(!start(NULL, &audited, NULL, &p) && GetLastError() == ERROR_PRIVILEGE_NOT_HELD,
          "a SACL without SeSecurityPrivilege: ERROR_PRIVILEGE_NOT_HELD");
}

static void threads(void) {
    SECURITY_ATTRIBUTES only_query = guard("D:(A;;0x800;;;WD)"), owned = guard("O:SYD:(A;;GA;;;WD)");
    only_query.bInheritHandle = TRUE;
    DWORD id, flags = 0;
    HANDLE thread = CreateThread(&only_query, 0, nothing, NULL, CREATE_SUSPENDED, &id);
    CHECK(opens_thread(id, THREAD_QUERY_LIMITED_INFORMATION) == 0 &&
              opens_thread(id, THREAD_TERMINATE) == ERROR_ACCESS_DENIED,
          "CreateThread: lpThreadAttributes is the thread's descriptor");
    CHECK(GetHandleInformation(thread, &flags) && flags == HANDLE_FLAG_INHERIT, "bInheritHandle");
    CHECK(ResumeThread(thread) == 1 && WaitForSingleObject(thread, INFINITE) == 0,
          "the handle of CreateThread has all access");
    CloseHandle(thread);
    thread = CreateThread(NULL, 0, nothing, NULL, CREATE_SUSPENDED, &id);
    CHECK(opens_thread(id, THREAD_ALL_ACCESS) == 0, "the default descriptor");
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    SetLastError(0);
    CHECK(!CreateThread(&owned, 0, nothing, NULL, 0, &id) && GetLastError() == ERROR_INVALID_OWNER,
          "ERROR_INVALID_OWNER");
    thread = CreateRemoteThread(GetCurrentProcess(), &only_query, 0, nothing, NULL, CREATE_SUSPENDED, &id);
    CHECK(opens_thread(id, THREAD_TERMINATE) == ERROR_ACCESS_DENIED, "CreateRemoteThread");
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

// "Attributes inherited from the specified process include handles, the device map, processor affinity,
// priority, quotas, the process token, and job object."
static void parents(void) {
    PROCESS_INFORMATION parent, child;
    HANDLE own, of_parent, of_child;
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own);
    start(NULL, NULL, NULL, &parent);
    OpenProcessToken(parent.hProcess, TOKEN_ALL_ACCESS, &of_parent);
    enable(of_parent, SE_SHUTDOWN_NAME, SE_PRIVILEGE_REMOVED);
    CHECK(has(own, SE_SHUTDOWN_NAME) && !has(of_parent, SE_SHUTDOWN_NAME), "a parent with another token");
    CHECK(start(NULL, NULL, parent.hProcess, &child), "PROC_THREAD_ATTRIBUTE_PARENT_PROCESS");
    OpenProcessToken(child.hProcess, TOKEN_QUERY, &of_child);
    CHECK(!has(of_child, SE_SHUTDOWN_NAME), "the child has the parent's token");
    CloseHandle(own);
    CloseHandle(of_parent);
    CloseHandle(of_child);
    end(&child);
    end(&parent);
}

struct parameters { // RTL_USER_PROCESS_PARAMETERS
    ULONG maximum, length, flags, debug;
    HANDLE console;
    ULONG console_flags;
    HANDLE input, output, error;
    STRING_W directory;
    HANDLE directory_handle;
    STRING_W dll_path, image, line;
    PWSTR environment;
    ULONG numbers[9];
    STRING_W title, desktop, shell, runtime;
    char rest[0x400 - 0xf0];
};
LONG NTAPI NtCreateUserProcess(PHANDLE, PHANDLE, ACCESS_MASK, ACCESS_MASK, PVOID, PVOID, ULONG, ULONG, PVOID,
                               PVOID, PVOID);
LONG NTAPI NtOpenProcess(PHANDLE, ACCESS_MASK, PVOID, PVOID);

static LONG make(ULONG flags, USHORT of_directory, USHORT of_line) {
    static WCHAR characters[0x8000], program[] = L"\\??\\C:\\Program Files\\Drvlab\\conform_guarded.exe";
    struct parameters p = {.maximum = 0x448, .length = 0x448, .flags = 1};
    struct {
        SIZE_T size;
        ULONG state;
        ULONG_PTR rest[9];
    } info = {sizeof info, 0, {0}};
    struct {
        SIZE_T total, number, size;
        PVOID value;
        SIZE_T* returned;
    } list = {sizeof list, 0x20005, sizeof program - 2, program, NULL};
    union {
        struct parameters p;
        char all[0x448];
    } room = {p};
    for (int i = 0; i < 0x8000; ++i)
        characters[i] = L'x';
    room.p.directory = (STRING_W){of_directory, of_directory, characters};
    room.p.line = (STRING_W){of_line, of_line, characters};
    HANDLE process, thread;
    LONG status = NtCreateUserProcess(&process, &thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, NULL, NULL,
                                      flags, 1, &room, &info, &list);
    if (status >= 0) {
        TerminateProcess(process, 0);
        CloseHandle(thread);
        CloseHandle(process);
    }
    return status;
}

static void hostile(void) {
    const LONG invalid_parameter = (LONG)0xc000000d, not_supported = (LONG)0xc00000bb;
    CHECK(make(0, 6, 0xfffc) == 0, "NtCreateUserProcess with the longest command line");
    CHECK(make(0, 6, 7) == invalid_parameter, "half a character: STATUS_INVALID_PARAMETER");
    CHECK(make(0, 6, 0xfffe) == invalid_parameter, "no room for a terminator: STATUS_INVALID_PARAMETER");
    CHECK(make(0, 0x1000, 6) == invalid_parameter, "a directory beyond MAX_PATH: STATUS_INVALID_PARAMETER");
    CHECK(make(0x200, 6, 6) == not_supported && make(0x80000000, 6, 6) == not_supported,
          "flags that are not there are refused");
}

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1) return 0;
    GetModuleFileNameA(NULL, self, sizeof self);
    processes();
    threads();
    parents();
    hostile();
    return finish();
}
