// The end of a process with requests outstanding, above CsqDev (drivers/csqdev/csqdev.h):
// nf-processthreadsapi- terminateprocess, -exitprocess ("all outstanding I/O is cancelled", "open handles are
// closed"), "Terminating a Process". Started with arguments it is the child.
#include <process.h>
#include <stdlib.h>
#include <windows.h>

#include "../common/program.h"

static char self[MAX_PATH];

static HANDLE open_device(DWORD flags) {
    return CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, flags, NULL);
}

static DWORD WINAPI reader(PVOID device) {
    char buffer[16];
    DWORD done;
    return ReadFile(device, buffer, sizeof buffer, &done, NULL);
}

static volatile LONG loads;
static DWORD WINAPI loader(PVOID unused) {
    (void)unused;
    for (;;) {
        FreeLibrary(LoadLibraryA("conform_late.dll"));
        if (++loads < 0) return 0;
    }
}
static CRITICAL_SECTION held;
static DWORD WINAPI holder(PVOID ready) {
    EnterCriticalSection(&held);
    SetEvent(ready);
    Sleep(INFINITE);
    return 0;
}
// Runs when the other threads are gone.
static void WINAPI at_end(void* value) {
    (void)value;
    EnterCriticalSection(&held);
}

static char* current_teb(void) {
    char* self_pointer;
    __asm__("mov %%gs:0x30, %0" : "=r"(self_pointer));
    return self_pointer;
}
// PEB.LoaderLock or PEB.FastPebLock.
static CRITICAL_SECTION* lock_of_peb(int offset) {
    char* peb = *(char**)(current_teb() + 0x60);
    return *(CRITICAL_SECTION**)(peb + offset);
}
// A heap of its own that everybody locks; its lock is what HeapLock makes this thread the owner of.
static CRITICAL_SECTION* lock_of_heap(void) {
    const HANDLE id = (HANDLE)(ULONG_PTR)GetCurrentThreadId();
    HANDLE heap = HeapCreate(0, 0, 0);
    HeapLock(heap);
    CRITICAL_SECTION* lock = heap;
    while (lock->OwningThread != id || lock->RecursionCount != 1 || lock->LockCount != 0)
        lock = (CRITICAL_SECTION*)((char*)lock + 8);
    HeapUnlock(heap);
    return lock;
}
static CRITICAL_SECTION* lock_called(const char* name) {
    return !strcmp(name, "loader") ? lock_of_peb(0x110)
           : !strcmp(name, "peb")  ? lock_of_peb(0x38)
                                   : lock_of_heap();
}
// Begins to enter a critical section, or has all but left it: counted, and without an owner.
static DWORD WINAPI stays_halfway(void* lock) {
    InterlockedIncrement(&((CRITICAL_SECTION*)lock)->LockCount);
    Sleep(INFINITE);
    return 0;
}
static DWORD WINAPI stays_inside(void* lock) {
    EnterCriticalSection(lock);
    Sleep(INFINITE);
    return 0;
}
static void end_thread_at(const char* name, LPTHREAD_START_ROUTINE where) {
    HANDLE thread = CreateThread(NULL, 0, where, lock_called(name), 0, NULL);
    Sleep(5);
    TerminateThread(thread, 1);
    WaitForSingleObject(thread, INFINITE);
    ExitProcess(17); // not exit(), which wants the loader
}
// A live one that does not leave.
static void suspend_thread_in(const char* name) {
    HANDLE thread = CreateThread(NULL, 0, stays_inside, lock_called(name), 0, NULL);
    Sleep(5);
    SuspendThread(thread);
    ExitProcess(17);
}

static DWORD WINAPI tells_teb(void* to) {
    *(char**)to = current_teb();
    Sleep(5);
    return 5;
}
// Threads that live at one time; their TEBs.
static int threads_begin(int count, char** tebs) {
    HANDLE threads[20];
    int good = 1;
    for (int i = 0; i < count; i++)
        threads[i] = CreateThread(NULL, 0, tells_teb, &tebs[i], 0, NULL);
    for (int i = 0; i < count; i++) {
        DWORD code = 0;
        WaitForSingleObject(threads[i], 1000);
        good &= threads[i] && GetExitCodeThread(threads[i], &code) && code == 5;
        CloseHandle(threads[i]);
    }
    return good;
}
// What lay in an ended thread's TEB is the program's to write to, or to give back.
static int write_to_ended_tebs(int give_back) {
    char* tebs[20];
    int good = threads_begin(3, tebs);
    for (int i = 0; i < 3; i++)
        if (give_back)
            VirtualFree(tebs[i], 0x2000, MEM_DECOMMIT);
        else
            *(ULONGLONG*)tebs[i] = 0x123456789000 + i;
    good &= threads_begin(20, tebs);
    return good ? 17 : 1;
}

// Children that need no device. -1: another kind.
static int plain_child(const char* what, HANDLE ready) {
    if (!strcmp(what, "loading")) {
        for (int i = 0; i < 3; ++i)
            CreateThread(NULL, 0, loader, NULL, 0, NULL);
        SetEvent(ready);
        while ((DWORD)loads < 1 + GetCurrentProcessId() / 4 % 8)
            Sleep(1);
        return 14;
    }
    if (!strcmp(what, "nothing")) return 16;
    if (!strncmp(what, "half_", 5)) end_thread_at(what + 5, stays_halfway);
    if (!strncmp(what, "in_", 3)) end_thread_at(what + 3, stays_inside);
    if (!strncmp(what, "suspended_", 10)) suspend_thread_in(what + 10);
    if (!strcmp(what, "written_tebs")) return write_to_ended_tebs(0);
    if (!strcmp(what, "freed_tebs")) return write_to_ended_tebs(1);
    if (!strcmp(what, "orphan")) {
        InitializeCriticalSection(&held);
        CreateThread(NULL, 0, holder, ready, 0, NULL);
        FlsSetValue(FlsAlloc(at_end), ready);
        WaitForSingleObject(ready, INFINITE);
        ExitProcess(15);
    }
    return -1;
}

static int child(const char* what, HANDLE ready) {
    static char buffer[16];
    static OVERLAPPED overlapped[4];
    DWORD done;
    if (!strcmp(what, "synchronous")) {
        CreateThread(NULL, 0, reader, open_device(0), 0, NULL);
        Sleep(50); // it is in its read by then
        SetEvent(ready);
        Sleep(INFINITE);
    }
    HANDLE device = open_device(FILE_FLAG_OVERLAPPED);
    if (!strcmp(what, "port")) CreateIoCompletionPort(device, NULL, 1, 0);
    for (int i = 0; i < 4; ++i)
        ReadFile(device, buffer, sizeof buffer, &done, &overlapped[i]);
    SetEvent(ready);
    if (!strcmp(what, "exit")) ExitProcess(11);
    if (!strcmp(what, "handle")) Sleep(50);
    if (!strcmp(what, "handle")) return 12;
    Sleep(INFINITE);
    return 99;
}

// A child in the given state; ends it if `code` is not 0, and waits for its end.
static DWORD end_of(const char* what, UINT code) {
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, TRUE};
    HANDLE ready = CreateEventA(&security, TRUE, FALSE, NULL);
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION p;
    char line[80];
    DWORD result = ~0u;
    sprintf(line, "ends %s %#llx", what, (unsigned long long)(ULONG_PTR)ready);
    if (!CreateProcessA(self, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &p)) return ~0u;
    if (code) WaitForSingleObject(ready, INFINITE);
    if (code) TerminateProcess(p.hProcess, code);
    if (WaitForSingleObject(p.hProcess, 10000) == WAIT_OBJECT_0) GetExitCodeProcess(p.hProcess, &result);
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
    CloseHandle(ready);
    return result;
}

// A child whose first threads are another process's doing; "new threads can be created, but they do not begin
// execution until DLL initialization is done for the process".
static DWORD end_with_remote_threads(int round) {
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION p;
    char line[] = "ends nothing 0";
    DWORD result = ~0u;
    if (!CreateProcessA(self, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &p))
        return ~0u;
    for (int i = 0; i < 3; ++i)
        CloseHandle(
            CreateRemoteThread(p.hProcess, NULL, 0, (PVOID)Sleep, (PVOID)(LONG_PTR)(i * round % 4), 0, NULL));
    ResumeThread(p.hThread);
    if (WaitForSingleObject(p.hProcess, 10000) == WAIT_OBJECT_0) GetExitCodeProcess(p.hProcess, &result);
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
    return result;
}

// Nobody reads any more: a write finds no request.
static int nobody_reads(void) {
    HANDLE device = open_device(0);
    DWORD done;
    BOOL ok = WriteFile(device, "x", 1, &done, NULL);
    DWORD error = GetLastError();
    CloseHandle(device);
    return !ok && error == ERROR_NOT_READY;
}

int main(int argc, char** argv) {
    if (argc > 2) {
        HANDLE ready = (HANDLE)(ULONG_PTR)strtoull(argv[2], NULL, 0);
        const int code = plain_child(argv[1], ready);
        return code < 0 ? child(argv[1], ready) : code;
    }
    GetModuleFileNameA(NULL, self, sizeof self);
    CHECK(end_of("synchronous", 21) == 21, "TerminateProcess: a thread in a synchronous read ends");
    CHECK(nobody_reads(), "its request is cancelled");
    CHECK(end_of("overlapped", 22) == 22, "with overlapped reads outstanding");
    CHECK(nobody_reads(), "they are cancelled");
    CHECK(end_of("port", 23) == 23, "with reads of a file that has a completion port");
    CHECK(nobody_reads(), "they are cancelled when the file's last handle is closed");
    CHECK(end_of("exit", 0) == 11, "ExitProcess with reads outstanding");
    CHECK(nobody_reads(), "cancels them");
    CHECK(end_of("handle", 0) == 12, "and so does a return from main");
    CHECK(nobody_reads(), "as above");
    int good = 1;
    for (int i = 0; i < 8; ++i)
        good &= end_of("loading", 0) == 14;
    CHECK(good, "ExitProcess waits for threads that are in their DLL initialization or detach routines");
    good = 1;
    for (int i = 0; i < 12; ++i)
        good &= end_with_remote_threads(i) == 16;
    CHECK(good, "CreateRemoteThread into a process that has not begun");
    CHECK(end_of("orphan", 0) == 0xc000004b,
          "a critical section of a thread that was ended, entered while the process ends: its end");
    CHECK(end_of("half_heap", 0) == 17,
          "ExitProcess ends the process though a thread was ended between two steps of entering a heap");
    CHECK(end_of("half_loader", 0) == 17 && end_of("half_peb", 0) == 17, "or the loader, or the PEB's lock");
    CHECK(end_of("in_heap", 0) == 17 && end_of("in_loader", 0) == 17 && end_of("in_peb", 0) == 17,
          "or inside one of them");
    CHECK(end_of("suspended_heap", 0) == 17 && end_of("suspended_peb", 0) == 17,
          "and though one is suspended inside a heap, or with the PEB's lock");
    CHECK(end_of("written_tebs", 0) == 17, "threads begin after a program has written to TEBs of ended ones");
    CHECK(end_of("freed_tebs", 0) == 17, "and after it has decommitted some");
    return finish();
}
