// Programs that start programs: nf-processthreadsapi-createprocessw, -createprocessa, -exitprocess,
// -terminateprocess, -getexitcodeprocess, -openprocess, -updateprocthreadattribute; "Process Creation Flags",
// "Inheritance" (of handles, environment, current directory). Started with arguments it is the child.
#define _WIN32_WINNT 0x0A00
#define PSAPI_VERSION 2 // kernel32 has them
#include "../common/program.h"
#include <process.h>
#include <stdlib.h>
#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

LONG NTAPI NtAllocateVirtualMemory(HANDLE, PVOID*, ULONG_PTR, PSIZE_T, ULONG, ULONG);
LONG NTAPI NtFreeVirtualMemory(HANDLE, PVOID*, PSIZE_T, ULONG);
LONG NTAPI NtProtectVirtualMemory(HANDLE, PVOID*, PSIZE_T, ULONG, PULONG);
LONG NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID*, ULONG_PTR, SIZE_T, PLARGE_INTEGER, PSIZE_T, ULONG,
                              ULONG, ULONG);
LONG NTAPI NtCreateThreadEx(PHANDLE, ACCESS_MASK, PVOID, HANDLE, PVOID, PVOID, ULONG, SIZE_T, SIZE_T, SIZE_T,
                            PVOID);

BOOL WINAPI IsProcessCritical(HANDLE, PBOOL);
HRESULT WINAPI WerSetFlags(DWORD);
HRESULT WINAPI WerGetFlags(HANDLE, PDWORD);

static char self[MAX_PATH];
static void ends(void);

static DWORD run_until_end(PROCESS_INFORMATION* p) {
    DWORD code = 0;
    WaitForSingleObject(p->hProcess, INFINITE);
    GetExitCodeProcess(p->hProcess, &code);
    CloseHandle(p->hThread);
    CloseHandle(p->hProcess);
    return code;
}

static BOOL start(const char* arguments, BOOL inherit, DWORD flags, void* environment, const char* directory,
                  STARTUPINFOA* given, PROCESS_INFORMATION* p) {
    char line[600];
    STARTUPINFOA plain = {.cb = sizeof plain};
    sprintf(line, "conform_children %s", arguments);
    memset(p, 0xcc, sizeof *p);
    SetLastError(0);
    return CreateProcessA(self, line, NULL, NULL, inherit, flags, environment, directory,
                          given ? given : &plain, p);
}

static DWORD run(const char* arguments, BOOL inherit, DWORD flags) {
    PROCESS_INFORMATION p;
    return start(arguments, inherit, flags, NULL, NULL, NULL, &p) ? run_until_end(&p) : ~0u;
}

// What the child does.
static int child(int argc, char** argv) {
    const char* what = argv[1];
    const ULONG_PTR number = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    if (!strcmp(what, "exit")) ExitProcess((UINT)number);
    if (!strcmp(what, "return")) return (int)number;
    if (!strcmp(what, "line")) return strcmp(GetCommandLineA(), "conform_children line \"a b\" c") ? 1 : argc;
    if (!strcmp(what, "environment")) {
        char value[40] = "";
        DWORD n = GetEnvironmentVariableA("CHILD", value, sizeof value);
        return n == 5 && !strcmp(value, "value") && getenv("SystemRoot") == NULL ? 5 : 6;
    }
    if (!strcmp(what, "inherited")) {
        char value[40] = "";
        GetEnvironmentVariableA("CHILD", value, sizeof value);
        return !strcmp(value, "of the parent") ? 5 : 6;
    }
    if (!strcmp(what, "directory")) {
        char directory[MAX_PATH];
        GetCurrentDirectoryA(sizeof directory, directory);
        return strcmp(directory, argv[2]) ? 6 : 5;
    }
    if (!strcmp(what, "set")) return SetEvent((HANDLE)number) ? 5 : (int)GetLastError();
    if (!strcmp(what, "startup")) {
        STARTUPINFOA s;
        GetStartupInfoA(&s);
        return s.dwFlags == (STARTF_USESHOWWINDOW | STARTF_USEPOSITION) && s.wShowWindow == 3 &&
                       s.dwX == 10 && s.dwY == 20 && !strcmp(s.lpTitle, "a title")
                   ? 5
                   : 6;
    }
    if (!strcmp(what, "standard")) {
        STARTUPINFOA s;
        GetStartupInfoA(&s);
        return s.dwFlags == STARTF_USESTDHANDLES && s.hStdOutput == (HANDLE)number &&
                       GetStdHandle(STD_OUTPUT_HANDLE) == (HANDLE)number && printf("to NUL\n") == 7
                   ? 5
                   : 6;
    }
    if (!strcmp(what, "print")) return printf("the child prints\n") == 17 ? 5 : 6;
    if (!strcmp(what, "detached"))
        return GetStdHandle(STD_OUTPUT_HANDLE) == NULL && GetStdHandle(STD_INPUT_HANDLE) == NULL ? 5 : 6;
    if (!strcmp(what, "console")) return GetStdHandle(STD_OUTPUT_HANDLE) ? 5 : 6;
    if (!strcmp(what, "error-mode")) return (int)GetErrorMode();
    if (!strcmp(what, "priority")) return (int)GetPriorityClass(GetCurrentProcess());
    if (!strcmp(what, "for-ever")) Sleep(INFINITE);
    if (!strcmp(what, "fault")) *(volatile int*)number = 1;
    if (!strcmp(what, "orphan")) {
        PROCESS_INFORMATION p;
        return start(argv[2], TRUE, 0, NULL, NULL, NULL, &p) ? (int)p.dwProcessId : 1;
    }
    if (!strcmp(what, "late")) {
        Sleep(100);
        return SetEvent((HANDLE)strtoull(argv[2], NULL, 0)) ? 5 : 6;
    }
    return 99;
}

static HANDLE event(BOOL inherit) {
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, inherit};
    return CreateEventA(&security, TRUE, FALSE, NULL);
}

#define TERMINATING ((LONG)0xc000010a)

// What its handle still opens has no memory any more.
static void memory_of_ended(HANDLE process) {
    PVOID base = NULL;
    SIZE_T size = 0x1000;
    ULONG old = 0;
    HANDLE thread = NULL,
           section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    CHECK(NtAllocateVirtualMemory(process, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE) == TERMINATING,
          "NtAllocateVirtualMemory in an ended process: STATUS_PROCESS_IS_TERMINATING");
    base = GetModuleHandleA(NULL), size = 0x1000;
    CHECK(NtProtectVirtualMemory(process, &base, &size, PAGE_READONLY, &old) == TERMINATING,
          "NtProtectVirtualMemory");
    size = 0;
    CHECK(NtFreeVirtualMemory(process, &base, &size, MEM_RELEASE) == TERMINATING, "NtFreeVirtualMemory");
    base = NULL;
    CHECK(NtMapViewOfSection(section, process, &base, 0, 0, NULL, &size, 2, 0, PAGE_READWRITE) == TERMINATING,
          "NtMapViewOfSection");
    CHECK(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, (PVOID)ends, NULL, 0, 0, 0, 0, NULL) ==
              TERMINATING,
          "NtCreateThreadEx");
    CHECK(!VirtualAllocEx(process, NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "VirtualAllocEx: ERROR_ACCESS_DENIED");
    CloseHandle(section);
}

static void ends(void) {
    PROCESS_INFORMATION p;
    DWORD code = 0;
    CHECK(run("exit 42", FALSE, 0) == 42, "the code of ExitProcess is the process's exit code");
    CHECK(run("return 7", FALSE, 0) == 7, "what main returns is the exit code");
    CHECK(run("line \"a b\" c", FALSE, 0) == 4, "the child sees the command line as it was given");
    CHECK(start("for-ever", FALSE, 0, NULL, NULL, NULL, &p), "CreateProcess");
    CHECK(GetExitCodeProcess(p.hProcess, &code) && code == STILL_ACTIVE,
          "GetExitCodeProcess: STILL_ACTIVE while it runs");
    CHECK(WaitForSingleObject(p.hProcess, 0) == WAIT_TIMEOUT,
          "a process object is not signaled while it runs");
    CHECK(TerminateProcess(p.hProcess, 77) && WaitForSingleObject(p.hProcess, INFINITE) == WAIT_OBJECT_0 &&
              GetExitCodeProcess(p.hProcess, &code) && code == 77,
          "TerminateProcess: the exit code, and the object becomes signaled");
    CHECK(!TerminateProcess(p.hProcess, 78) && GetLastError() == ERROR_ACCESS_DENIED,
          "TerminateProcess after the end: ERROR_ACCESS_DENIED");
    CHECK(WaitForSingleObject(p.hThread, 0) == WAIT_OBJECT_0 && GetExitCodeThread(p.hThread, &code) &&
              code == 77,
          "its thread is signaled and has the same code");
    memory_of_ended(p.hProcess);
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
    CHECK(run("fault", FALSE, 0) == 0xc0000005, "an unhandled exception: its code is the exit code");
    CHECK(start("for-ever", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &p) &&
              WaitForSingleObject(p.hProcess, 50) == WAIT_TIMEOUT && ResumeThread(p.hThread) == 1,
          "CREATE_SUSPENDED: the first thread has the suspend count 1");
    TerminateProcess(p.hProcess, 1);
    run_until_end(&p);
    CHECK(start("exit 9", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &p) && TerminateProcess(p.hProcess, 8) &&
              run_until_end(&p) == 8,
          "a suspended process can be terminated");
}

static void identities(void) {
    PROCESS_INFORMATION p;
    HANDLE other;
    DWORD code;
    start("for-ever", FALSE, 0, NULL, NULL, NULL, &p);
    CHECK(GetProcessId(p.hProcess) == p.dwProcessId && GetThreadId(p.hThread) == p.dwThreadId &&
              GetProcessIdOfThread(p.hThread) == p.dwProcessId && p.dwProcessId != GetCurrentProcessId(),
          "PROCESS_INFORMATION: ids and handles belong together");
    other = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, p.dwProcessId);
    CHECK(other && GetExitCodeProcess(other, &code) && code == STILL_ACTIVE, "OpenProcess");
    CHECK(!TerminateProcess(other, 1) && GetLastError() == ERROR_ACCESS_DENIED,
          "without PROCESS_TERMINATE: ERROR_ACCESS_DENIED");
    CloseHandle(other);
    CHECK(!OpenProcess(PROCESS_ALL_ACCESS, FALSE, p.dwProcessId + 4000) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "OpenProcess, an id that is none: ERROR_INVALID_PARAMETER");
    CHECK(!OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
          "OpenProcess, the idle process: ERROR_INVALID_PARAMETER");
    TerminateProcess(p.hProcess, 0);
    run_until_end(&p);
    CHECK(!OpenProcess(PROCESS_ALL_ACCESS, FALSE, p.dwProcessId) && GetLastError() == ERROR_INVALID_PARAMETER,
          "OpenProcess after the end, without handles left: ERROR_INVALID_PARAMETER");
}

static void memory(void) {
    PROCESS_INFORMATION p;
    MEMORY_BASIC_INFORMATION info;
    DWORD old;
    SIZE_T n = 0;
    char buffer[16] = "";
    start("for-ever", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &p);
    char* there = VirtualAllocEx(p.hProcess, NULL, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(there != NULL, "VirtualAllocEx");
    CHECK(WriteProcessMemory(p.hProcess, there + 0xffc, "the other", 10, &n) && n == 10,
          "WriteProcessMemory");
    CHECK(ReadProcessMemory(p.hProcess, there + 0xffc, buffer, 10, &n) && n == 10 &&
              !strcmp(buffer, "the other"),
          "ReadProcessMemory");
    CHECK(VirtualQueryEx(p.hProcess, there, &info, sizeof info) == sizeof info && info.State == MEM_COMMIT &&
              info.RegionSize == 0x2000,
          "VirtualQueryEx");
    CHECK(VirtualProtectEx(p.hProcess, there, 0x1000, PAGE_READONLY, &old) && old == PAGE_READWRITE,
          "VirtualProtectEx");
    CHECK(!ReadProcessMemory(p.hProcess, there + 0x1ffc, buffer, 10, &n) &&
              GetLastError() == ERROR_PARTIAL_COPY,
          "ReadProcessMemory past the end: ERROR_PARTIAL_COPY");
    CHECK(VirtualFreeEx(p.hProcess, there, 0, MEM_RELEASE), "VirtualFreeEx");
    HANDLE thread = CreateRemoteThread(p.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)(PVOID)ExitProcess,
                                       (PVOID)21, 0, NULL);
    CHECK(thread && run_until_end(&p) == 21, "CreateRemoteThread runs in the other process");
    CloseHandle(thread);
}

// nf-tlhelp32-createtoolhelp32snapshot, -process32first, -thread32first; nf-psapi-enumprocesses.
static void snapshots(void) {
    PROCESS_INFORMATION p;
    PROCESSENTRY32 e = {.dwSize = sizeof e};
    THREADENTRY32 t = {.dwSize = sizeof t};
    DWORD ids[64], bytes = 0, count = 0, handles = 0, size = MAX_PATH;
    int self_there = 0, child_there = 0, thread_there = 0, id_there = 0, system_there = 0;
    char path[MAX_PATH];
    start("for-ever", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &p);
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS | TH32CS_SNAPTHREAD, 0);
    CHECK(snapshot != INVALID_HANDLE_VALUE, "CreateToolhelp32Snapshot");
    for (BOOL more = Process32First(snapshot, &e); more; more = Process32Next(snapshot, &e)) {
        self_there |=
            e.th32ProcessID == GetCurrentProcessId() && !strcmp(e.szExeFile, "conform_children.exe");
        child_there |= e.th32ProcessID == p.dwProcessId && e.th32ParentProcessID == GetCurrentProcessId() &&
                       e.cntThreads == 1 && e.pcPriClassBase == 8;
        system_there |= e.th32ProcessID == 4 && !strcmp(e.szExeFile, "System");
    }
    CHECK(GetLastError() == ERROR_NO_MORE_FILES, "at the end: ERROR_NO_MORE_FILES");
    CHECK(self_there && child_there && system_there,
          "this process, the System process, a child with its parent");
    for (BOOL more = Thread32First(snapshot, &t); more; more = Thread32Next(snapshot, &t))
        thread_there |= t.th32ThreadID == p.dwThreadId && t.th32OwnerProcessID == p.dwProcessId;
    CHECK(thread_there, "Thread32First, Thread32Next");
    PROCESSENTRY32 wrong = {.dwSize = 4};
    CHECK(!Process32First(snapshot, &wrong), "Process32First fails if dwSize is not initialized");
    CHECK(CloseHandle(snapshot), "CloseHandle destroys the snapshot");
    CHECK(EnumProcesses(ids, sizeof ids, &bytes) && bytes >= 4 * sizeof ids[0], "EnumProcesses");
    for (count = 0; count < bytes / sizeof ids[0]; ++count)
        id_there |= ids[count] == p.dwProcessId;
    CHECK(id_there, "with the child's id");
    CHECK(EnumProcesses(ids, 4, &bytes) && bytes == 4, "lpcbNeeded never exceeds the size of the buffer");
    CHECK(GetProcessHandleCount(p.hProcess, &handles) && handles >= 1, "GetProcessHandleCount of the child");
    CHECK(QueryFullProcessImageNameA(p.hProcess, 0, path, &size) && !strcmp(path, self),
          "QueryFullProcessImageName of the child");
    CHECK(GetProcessImageFileNameA(p.hProcess, path, sizeof path) && !strncmp(path, "\\Device\\", 8),
          "GetProcessImageFileName: the device form");
    TerminateProcess(p.hProcess, 0);
    run_until_end(&p);
}

static void suspension(void) {
    typedef LONG NTAPI service(HANDLE);
    service* suspend = (service*)(PVOID)GetProcAddress(GetModuleHandleA("ntdll"), "NtSuspendProcess");
    service* resume = (service*)(PVOID)GetProcAddress(GetModuleHandleA("ntdll"), "NtResumeProcess");
    HANDLE done = event(TRUE);
    PROCESS_INFORMATION p;
    char text[40];
    sprintf(text, "late %#llx", (unsigned long long)(ULONG_PTR)done);
    start(text, TRUE, 0, NULL, NULL, NULL, &p);
    CHECK(suspend(p.hProcess) == 0 && WaitForSingleObject(done, 500) == WAIT_TIMEOUT,
          "NtSuspendProcess: the process stands still");
    CHECK(resume(p.hProcess) == 0 && WaitForSingleObject(done, 500) == WAIT_OBJECT_0 &&
              run_until_end(&p) == 5,
          "NtResumeProcess: it goes on");
    CloseHandle(done);
}

static void handles(void) {
    char text[40];
    PROCESS_INFORMATION p;
    HANDLE inheritable = event(TRUE), plain = event(FALSE), there = NULL;
    sprintf(text, "set %#llx", (unsigned long long)(ULONG_PTR)inheritable);
    CHECK(run(text, TRUE, 0) == 5 && WaitForSingleObject(inheritable, 0) == WAIT_OBJECT_0,
          "bInheritHandles: an inheritable handle has the same value in the child");
    CHECK(run(text, FALSE, 0) == ERROR_INVALID_HANDLE, "without bInheritHandles it is not inherited");
    sprintf(text, "set %#llx", (unsigned long long)(ULONG_PTR)plain);
    CHECK(run(text, TRUE, 0) == ERROR_INVALID_HANDLE, "a handle that is not inheritable is not inherited");
    SetHandleInformation(plain, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    CHECK(run(text, TRUE, 0) == 5, "SetHandleInformation makes it so");
    ResetEvent(plain);

    start("for-ever", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &p);
    CHECK(DuplicateHandle(GetCurrentProcess(), plain, p.hProcess, &there, 0, FALSE, DUPLICATE_SAME_ACCESS) &&
              there,
          "DuplicateHandle into another process");
    HANDLE back = NULL;
    CHECK(DuplicateHandle(p.hProcess, there, GetCurrentProcess(), &back, 0, FALSE,
                          DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE) &&
              SetEvent(back) && WaitForSingleObject(plain, 0) == WAIT_OBJECT_0,
          "and back: it is the same object");
    CHECK(!DuplicateHandle(p.hProcess, there, GetCurrentProcess(), &back, 0, FALSE, DUPLICATE_SAME_ACCESS) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "DUPLICATE_CLOSE_SOURCE has closed the source");
    CloseHandle(back);
    TerminateProcess(p.hProcess, 0);
    run_until_end(&p);

    SECURITY_ATTRIBUTES security = {sizeof security, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[] = "conform_children exit 0";
    DWORD flags = 0, other = 1;
    CHECK(CreateProcessA(self, line, &security, NULL, FALSE, 0, NULL, NULL, &startup, &p) &&
              GetHandleInformation(p.hProcess, &flags) && flags == HANDLE_FLAG_INHERIT &&
              GetHandleInformation(p.hThread, &other) && other == 0,
          "lpProcessAttributes and lpThreadAttributes say whether the new handles are inheritable");
    run_until_end(&p);
    HANDLE thread = CreateThread(&security, 0, (LPTHREAD_START_ROUTINE)(PVOID)ExitThread, NULL, 0, NULL);
    CHECK(GetHandleInformation(thread, &flags) && flags == HANDLE_FLAG_INHERIT, "and those of CreateThread");
    CloseHandle(thread);
    CloseHandle(plain);
    CloseHandle(inheritable);
}

static void attribute_lists(void) {
    HANDLE first = event(TRUE), second = event(TRUE), plain = event(FALSE);
    PROCESS_INFORMATION p;
    STARTUPINFOEXA startup = {.StartupInfo.cb = sizeof startup};
    SIZE_T size = 0;
    char text[60], line[80];
    CHECK(!InitializeProcThreadAttributeList(NULL, 2, 0, &size) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && size > 0,
          "InitializeProcThreadAttributeList tells the size: ERROR_INSUFFICIENT_BUFFER");
    LPPROC_THREAD_ATTRIBUTE_LIST list = startup.lpAttributeList = malloc(size);
    CHECK(!InitializeProcThreadAttributeList(list, 2, 1, &size) && GetLastError() == ERROR_INVALID_PARAMETER,
          "dwFlags must be zero");
    CHECK(InitializeProcThreadAttributeList(list, 2, 0, &size), "InitializeProcThreadAttributeList");
    CHECK(!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &first, 3, NULL, NULL) &&
              GetLastError() == ERROR_BAD_LENGTH,
          "UpdateProcThreadAttribute, a wrong size: ERROR_BAD_LENGTH");
    CHECK(!UpdateProcThreadAttribute(list, 0, 0x20fff, &first, 8, NULL, NULL) &&
              GetLastError() == ERROR_NOT_SUPPORTED,
          "UpdateProcThreadAttribute, no such attribute: ERROR_NOT_SUPPORTED");
    CHECK(UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &first, sizeof first, NULL,
                                    NULL),
          "UpdateProcThreadAttribute");
    sprintf(text, "set %#llx", (unsigned long long)(ULONG_PTR)first);
    CHECK(start(text, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &p) &&
              run_until_end(&p) == 5,
          "PROC_THREAD_ATTRIBUTE_HANDLE_LIST: the handle is inherited");
    sprintf(text, "set %#llx", (unsigned long long)(ULONG_PTR)second);
    CHECK(start(text, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &p) &&
              run_until_end(&p) == ERROR_INVALID_HANDLE,
          "others are not");
    CHECK(!start(text, FALSE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &p) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "with a handle list bInheritHandles must be TRUE");
    DeleteProcThreadAttributeList(list);
    InitializeProcThreadAttributeList(list, 2, 0, &size);
    UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &plain, sizeof plain, NULL, NULL);
    CHECK(!start(text, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &p) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "the handles of the list must be inheritable");
    DeleteProcThreadAttributeList(list);

    PROCESS_INFORMATION parent;
    HANDLE in_parent;
    start("for-ever", FALSE, CREATE_SUSPENDED, NULL, NULL, NULL, &parent);
    DuplicateHandle(GetCurrentProcess(), plain, parent.hProcess, &in_parent, 0, TRUE, DUPLICATE_SAME_ACCESS);
    InitializeProcThreadAttributeList(list, 2, 0, &size);
    UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parent.hProcess, sizeof(HANDLE),
                              NULL, NULL);
    sprintf(line, "set %#llx", (unsigned long long)(ULONG_PTR)in_parent);
    CHECK(start(line, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &p) &&
              run_until_end(&p) == 5 && WaitForSingleObject(plain, 0) == WAIT_OBJECT_0,
          "PROC_THREAD_ATTRIBUTE_PARENT_PROCESS: the handles are that process's");
    DeleteProcThreadAttributeList(list);
    free(list);
    TerminateProcess(parent.hProcess, 0);
    run_until_end(&parent);
    CHECK(!start(line, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                 (STARTUPINFOA[]){{.cb = sizeof(STARTUPINFOA)}}, &p) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "EXTENDED_STARTUPINFO_PRESENT with the cb of STARTUPINFO: ERROR_INVALID_PARAMETER");
    CloseHandle(first);
    CloseHandle(second);
    CloseHandle(plain);
}

// nf-processthreadsapi-processidtosessionid, -getprocessversion …, nf-jobapi-isprocessinjob,
// nf-wow64apiset-iswow64process2, nf-winbase-winexec.
static void facts(void) {
    PROCESS_INFORMATION p;
    DWORD session = 99, level = 0, flags = 9;
    BOOL in_job = 9, critical = 9;
    USHORT machine = 9, native = 9, groups[2] = {9, 9}, count = 0;
    char line[MAX_PATH + 20];
    start("for-ever", FALSE, 0, NULL, NULL, NULL, &p);
    CHECK(ProcessIdToSessionId(p.dwProcessId, &session) && session == 1 &&
              ProcessIdToSessionId(4, &session) && session == 0,
          "ProcessIdToSessionId");
    CHECK(!ProcessIdToSessionId(p.dwProcessId + 4000, &session) && GetLastError() == ERROR_INVALID_PARAMETER,
          "no process");
    CHECK(IsProcessInJob(p.hProcess, NULL, &in_job) && !in_job, "IsProcessInJob: in none");
    CHECK(IsProcessCritical(p.hProcess, &critical) && !critical, "IsProcessCritical");
    CHECK(IsWow64Process2(p.hProcess, &machine, &native) && machine == IMAGE_FILE_MACHINE_UNKNOWN &&
              native == IMAGE_FILE_MACHINE_AMD64,
          "IsWow64Process2");
    CHECK(!GetProcessGroupAffinity(p.hProcess, &count, NULL) && GetLastError() == ERROR_INSUFFICIENT_BUFFER &&
              count == 1 && GetProcessGroupAffinity(p.hProcess, &count, groups) && groups[0] == 0 &&
              groups[1] == 9,
          "GetProcessGroupAffinity");
    IMAGE_DOS_HEADER* dos = (PVOID)GetModuleHandleA(NULL);
    IMAGE_NT_HEADERS* nt = (PVOID)((char*)dos + dos->e_lfanew);
    const DWORD version =
        MAKELONG(nt->OptionalHeader.MinorSubsystemVersion, nt->OptionalHeader.MajorSubsystemVersion);
    CHECK(GetProcessVersion(0) == version && GetProcessVersion(p.dwProcessId) == version,
          "GetProcessVersion");
    CHECK(GetProcessShutdownParameters(&level, &flags) && level == 0x280 && flags == 0 &&
              SetProcessShutdownParameters(0x300, SHUTDOWN_NORETRY) &&
              GetProcessShutdownParameters(&level, &flags) && level == 0x300 && flags == SHUTDOWN_NORETRY,
          "SetProcessShutdownParameters, GetProcessShutdownParameters");
    CHECK(WerGetFlags(GetCurrentProcess(), &flags) == S_OK && flags == 0 && WerSetFlags(4) == S_OK &&
              WerGetFlags(GetCurrentProcess(), &flags) == S_OK && flags == 4,
          "WerSetFlags, WerGetFlags");
    TerminateProcess(p.hProcess, 0);
    run_until_end(&p);
    HANDLE done = event(TRUE);
    SetHandleInformation(done, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    sprintf(line, "\"%s\" exit 0", self);
    CHECK(WinExec(line, SW_HIDE) > 31, "WinExec");
    CHECK(WinExec("nowhere.exe", SW_HIDE) == ERROR_FILE_NOT_FOUND, "WinExec: ERROR_FILE_NOT_FOUND");
    CloseHandle(done);
}

static void modules(void) {
    MODULEENTRY32 e = {.dwSize = sizeof e};
    int program = 0, kernel32 = 0;
    char there[40] = "";
    SIZE_T n = 0;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, 0);
    CHECK(snapshot != INVALID_HANDLE_VALUE, "CreateToolhelp32Snapshot, TH32CS_SNAPMODULE");
    for (BOOL more = Module32First(snapshot, &e); more; more = Module32Next(snapshot, &e)) {
        program |= e.hModule == GetModuleHandleA(NULL) && !strcmp(e.szExePath, self) &&
                   !strcmp(e.szModule, "conform_children.exe") && e.th32ProcessID == GetCurrentProcessId();
        kernel32 |= e.hModule == GetModuleHandleA("kernel32") && e.modBaseAddr == (BYTE*)e.hModule &&
                    !_stricmp(e.szModule, "kernel32.dll") && e.modBaseSize > 0x1000;
    }
    CHECK(program && kernel32 && GetLastError() == ERROR_NO_MORE_FILES, "Module32First, Module32Next");
    CloseHandle(snapshot);
    MODULEENTRY32W wide = {.dwSize = sizeof wide};
    PROCESS_INFORMATION p;
    start("for-ever", FALSE, 0, NULL, NULL, NULL, &p);
    Sleep(50);
    snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE | TH32CS_SNAPPROCESS, p.dwProcessId);
    CHECK(Module32FirstW(snapshot, &wide) && !wcscmp(wide.szModule, L"conform_children.exe") &&
              wide.th32ProcessID == p.dwProcessId && Module32NextW(snapshot, &wide),
          "of another process: the program is the first");
    CloseHandle(snapshot);
    CHECK(Toolhelp32ReadProcessMemory(p.dwProcessId, wide.modBaseAddr, there, 2, &n) && n == 2 &&
              !strcmp(there, "MZ"),
          "Toolhelp32ReadProcessMemory");
    TerminateProcess(p.hProcess, 0);
    run_until_end(&p);
    CHECK(CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, 4) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "of the System process: ERROR_ACCESS_DENIED");

    HMODULE all[40], same[40];
    DWORD bytes = 0, again = 1;
    CHECK(EnumProcessModules(GetCurrentProcess(), all, sizeof all, &bytes) &&
              EnumProcessModulesEx(GetCurrentProcess(), same, sizeof same, &again, LIST_MODULES_ALL) &&
              bytes == again && !memcmp(all, same, bytes),
          "EnumProcessModulesEx, LIST_MODULES_ALL");
    CHECK(EnumProcessModulesEx(GetCurrentProcess(), same, sizeof same, &again, LIST_MODULES_32BIT) && !again,
          "no 32-bit modules");
    CHECK(!EnumProcessModulesEx(GetCurrentProcess(), same, sizeof same, &again, 9) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "EnumProcessModulesEx: ERROR_INVALID_PARAMETER");
    PVOID bases[40];
    DWORD needed = 0;
    char name[MAX_PATH] = "";
    CHECK(EnumDeviceDrivers(bases, sizeof bases, &needed) && needed >= 3 * sizeof bases[0] &&
              GetDeviceDriverBaseNameA(bases[0], name, sizeof name) == 12 && !strcmp(name, "ntoskrnl.exe"),
          "EnumDeviceDrivers, GetDeviceDriverBaseName: the kernel is the first");
    CHECK(GetDeviceDriverFileNameA(bases[0], name, sizeof name) > 12 && strstr(name, "\\ntoskrnl.exe"),
          "GetDeviceDriverFileName");
    CHECK(EnumDeviceDrivers(bases, 8, &needed) && needed >= 3 * sizeof bases[0], "lpcbNeeded is of all");
    CHECK(!GetDeviceDriverBaseNameA((PVOID)1, name, sizeof name) && GetLastError() == ERROR_INVALID_HANDLE,
          "no driver: ERROR_INVALID_HANDLE");
}

static void narrow_names(void) {
    HANDLE mutex = CreateMutexExA(NULL, "narrow mutex", CREATE_MUTEX_INITIAL_OWNER, MUTEX_ALL_ACCESS);
    HANDLE again = OpenMutexA(SYNCHRONIZE | MUTEX_MODIFY_STATE, FALSE, "narrow mutex");
    CHECK(mutex && again && ReleaseMutex(again) && !ReleaseMutex(mutex), "CreateMutexExA, OpenMutexA");
    CHECK(!OpenMutexA(SYNCHRONIZE, FALSE, "no mutex") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "OpenMutexA: ERROR_FILE_NOT_FOUND");
    CloseHandle(mutex);
    CloseHandle(again);
    LONG before = 0;
    HANDLE semaphore = CreateSemaphoreExA(NULL, 1, 5, "narrow semaphore", 0, SEMAPHORE_ALL_ACCESS);
    again = OpenSemaphoreA(SEMAPHORE_MODIFY_STATE, FALSE, "narrow semaphore");
    CHECK(semaphore && again && ReleaseSemaphore(again, 2, &before) && before == 1,
          "CreateSemaphoreExA, OpenSemaphoreA");
    CloseHandle(semaphore);
    CloseHandle(again);
}

// "Error Mode", "Inheritance", "Process Creation Flags"; SetErrorMode, GetErrorMode, SetThreadErrorMode.
static void error_modes(void) {
    DWORD old = 99;
    CHECK(GetErrorMode() == 0, "GetErrorMode: 0, the system default");
    CHECK(SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX) == 0 &&
              GetErrorMode() == (SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX),
          "SetErrorMode returns the mode before");
    CHECK(run("error-mode", FALSE, 0) == (SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX),
          "a child inherits the error mode");
    CHECK(run("error-mode", FALSE, CREATE_DEFAULT_ERROR_MODE) == 0,
          "CREATE_DEFAULT_ERROR_MODE: the child has the default error mode");
    SetErrorMode(SEM_NOALIGNMENTFAULTEXCEPT);
    CHECK(SetErrorMode(SEM_NOGPFAULTERRORBOX) == SEM_NOALIGNMENTFAULTEXCEPT &&
              SetErrorMode(0) == (SEM_NOALIGNMENTFAULTEXCEPT | SEM_NOGPFAULTERRORBOX) &&
              GetErrorMode() == SEM_NOALIGNMENTFAULTEXCEPT,
          "attempts to clear SEM_NOALIGNMENTFAULTEXCEPT are ignored");
    CHECK(GetThreadErrorMode() == 0 && SetThreadErrorMode(SEM_NOGPFAULTERRORBOX, &old) && old == 0 &&
              SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &old) &&
              old == SEM_NOGPFAULTERRORBOX &&
              GetThreadErrorMode() == (SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX),
          "SetThreadErrorMode, GetThreadErrorMode");
    CHECK(!SetThreadErrorMode(SEM_NOALIGNMENTFAULTEXCEPT, NULL) &&
              GetLastError() == ERROR_INVALID_PARAMETER && SetThreadErrorMode(0, NULL),
          "a thread has three of the modes");
}

static void consoles(void) {
    CHECK(run("console", FALSE, CREATE_NO_WINDOW) == 6, "CREATE_NO_WINDOW");
    CHECK(run("console", FALSE, CREATE_NEW_CONSOLE) == 5 &&
              run("console", FALSE, CREATE_NEW_CONSOLE | CREATE_NO_WINDOW) == 5,
          "CREATE_NO_WINDOW is ignored if it is used with CREATE_NEW_CONSOLE");
    CHECK(run("console", FALSE, DETACHED_PROCESS | CREATE_NO_WINDOW) == 6, "or with DETACHED_PROCESS");
}

static void surroundings(void) {
    PROCESS_INFORMATION p;
    char block[] = "Another=1\0CHILD=value\0";
    WCHAR wide[] = L"CHILD=value\0";
    CHECK(start("environment", FALSE, 0, block, NULL, NULL, &p) && run_until_end(&p) == 5,
          "lpEnvironment is the child's environment and nothing else");
    CHECK(start("environment", FALSE, CREATE_UNICODE_ENVIRONMENT, wide, NULL, NULL, &p) &&
              run_until_end(&p) == 5,
          "CREATE_UNICODE_ENVIRONMENT");
    SetEnvironmentVariableA("CHILD", "of the parent");
    CHECK(run("inherited", FALSE, 0) == 5, "NULL: the environment of the calling process");
    CHECK(start("directory C:\\Windows", FALSE, 0, NULL, "C:\\Windows", NULL, &p) && run_until_end(&p) == 5,
          "lpCurrentDirectory");
    SetCurrentDirectoryA("C:\\Windows\\System32");
    CHECK(run("directory C:\\Windows\\System32", FALSE, 0) == 5, "NULL: the current directory of the caller");
    SetCurrentDirectoryA("C:\\");
    CHECK(!start("exit 0", FALSE, 0, NULL, "C:\\Nowhere", NULL, &p) && GetLastError() == ERROR_DIRECTORY,
          "no such directory: ERROR_DIRECTORY");
    STARTUPINFOA startup = {.cb = sizeof startup,
                            .lpTitle = "a title",
                            .dwX = 10,
                            .dwY = 20,
                            .dwFlags = STARTF_USESHOWWINDOW | STARTF_USEPOSITION,
                            .wShowWindow = 3};
    CHECK(start("startup", FALSE, 0, NULL, NULL, &startup, &p) && run_until_end(&p) == 5,
          "GetStartupInfo gives what STARTUPINFO said");
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, TRUE};
    HANDLE out = CreateFileA("NUL", GENERIC_WRITE, 0, &security, OPEN_EXISTING, 0, NULL);
    char text[40];
    STARTUPINFOA standard = {.cb = sizeof standard, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = out};
    sprintf(text, "standard %#llx", (unsigned long long)(ULONG_PTR)out);
    CHECK(start(text, TRUE, 0, NULL, NULL, &standard, &p) && run_until_end(&p) == 5,
          "STARTF_USESTDHANDLES: the child's standard handles");
    CloseHandle(out);
    CHECK(run("print", FALSE, 0) == 5, "a child has the console of its parent, also without inheritance");
    CHECK(run("print", TRUE, 0) == 5, "and with it");
    CHECK(run("detached", FALSE, DETACHED_PROCESS) == 5,
          "DETACHED_PROCESS: no console and no standard handles");
}

static void priorities(void) {
    CHECK(run("priority", FALSE, 0) == NORMAL_PRIORITY_CLASS,
          "the priority class defaults to NORMAL_PRIORITY_CLASS");
    CHECK(run("priority", FALSE, HIGH_PRIORITY_CLASS) == HIGH_PRIORITY_CLASS, "HIGH_PRIORITY_CLASS");
    SetPriorityClass(GetCurrentProcess(), HIGH_PRIORITY_CLASS);
    CHECK(run("priority", FALSE, 0) == NORMAL_PRIORITY_CLASS, "a high class is not inherited");
    SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS);
    CHECK(run("priority", FALSE, 0) == BELOW_NORMAL_PRIORITY_CLASS, "BELOW_NORMAL_PRIORITY_CLASS is");
    SetPriorityClass(GetCurrentProcess(), NORMAL_PRIORITY_CLASS);
}

static BOOL named(const char* application, const char* line, DWORD* code) {
    PROCESS_INFORMATION p;
    STARTUPINFOA startup = {.cb = sizeof startup};
    char copy[400];
    if (line) strcpy(copy, line);
    SetLastError(0);
    if (!CreateProcessA(application, line ? copy : NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &p))
        return FALSE;
    *code = run_until_end(&p);
    return TRUE;
}

static void names(void) {
    DWORD code = 0;
    char line[400];
    CHECK(named(NULL, "conform_children exit 3", &code) && code == 3,
          "the first word of the command line, .exe appended, from the directory of the application");
    CHECK(named(NULL, "\"conform_children.exe\" exit 4", &code) && code == 4,
          "in quotes, with its extension");
    sprintf(line, "\"%s\" exit 5", self);
    CHECK(named(NULL, line, &code) && code == 5, "a full path in quotes");
    sprintf(line, "%s exit 6", self); // which the child's C runtime takes apart at its spaces
    CHECK(named(NULL, line, &code) && code == 99,
          "a path with spaces that are not quoted: the first that exists");
    SetCurrentDirectoryA("C:\\Program Files\\Drvlab");
    CHECK(named("conform_children.exe", "x exit 7", &code) && code == 7,
          "lpApplicationName may be relative to the current directory");
    SetCurrentDirectoryA("C:\\");
    CHECK(!named("conform_children.exe", "x exit 7", &code) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "lpApplicationName is not searched for: ERROR_FILE_NOT_FOUND");
    CHECK(!named("C:\\Program Files\\Drvlab\\conform_children", NULL, &code) &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "no extension is appended to lpApplicationName");
    CHECK(!named(NULL, "no_such_program with arguments", &code) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "nothing of that name: ERROR_FILE_NOT_FOUND");
    CHECK(!named("C:\\Nowhere\\x.exe", NULL, &code) && GetLastError() == ERROR_PATH_NOT_FOUND,
          "no such directory: ERROR_PATH_NOT_FOUND");
    CHECK(!named("C:\\Windows\\System32\\kernel32.dll", NULL, &code) &&
              GetLastError() == ERROR_BAD_EXE_FORMAT,
          "a DLL: ERROR_BAD_EXE_FORMAT");
    CHECK(!named(NULL, NULL, &code) && GetLastError() == ERROR_INVALID_PARAMETER,
          "neither application nor command line: ERROR_INVALID_PARAMETER");
    char* longest = malloc(33000);
    memset(longest, 'a', 32999);
    longest[32999] = 0;
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION p;
    CHECK(!CreateProcessA(self, longest, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &p) &&
              GetLastError() == ERROR_FILENAME_EXCED_RANGE,
          "a command line of more than 32,767 characters: ERROR_FILENAME_EXCED_RANGE");
    free(longest);
    CHECK(!start("exit 0", FALSE, CREATE_NEW_CONSOLE | DETACHED_PROCESS, NULL, NULL, NULL, &p) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "CREATE_NEW_CONSOLE with DETACHED_PROCESS: ERROR_INVALID_PARAMETER");
}

static void runtime(void) {
    CHECK(_spawnl(_P_WAIT, self, "conform_children", "exit", "13", NULL) == 13,
          "_spawnl(_P_WAIT) gives the exit code");
    intptr_t process = _spawnlp(_P_NOWAIT, "conform_children.exe", "conform_children", "exit", "14", NULL);
    int status = 0;
    CHECK(process != -1 && _cwait(&status, process, 0) == process && status == 14,
          "_spawnlp(_P_NOWAIT) and _cwait");
    CHECK(system("dir") == -1, "system: there is no command interpreter");
}

static void orphans(void) {
    HANDLE done = event(TRUE), child;
    char text[60];
    sprintf(text, "orphan \"late %#llx\"", (unsigned long long)(ULONG_PTR)done);
    const DWORD id = run(text, TRUE, 0);
    CHECK((child = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_INFORMATION, FALSE, id)) != NULL,
          "a child goes on when its parent has ended");
    CHECK(WaitForSingleObject(done, INFINITE) == WAIT_OBJECT_0 &&
              WaitForSingleObject(child, INFINITE) == WAIT_OBJECT_0,
          "until its own end");
    CloseHandle(child);
    CloseHandle(done);
}

int main(int argc, char** argv) {
    GetModuleFileNameA(NULL, self, sizeof self);
    if (argc > 1) return child(argc, argv);
    ends();
    identities();
    memory();
    snapshots();
    suspension();
    handles();
    attribute_lists();
    facts();
    modules();
    narrow_names();
    error_modes();
    consoles();
    surroundings();
    priorities();
    names();
    runtime();
    orphans();
    return finish();
}
