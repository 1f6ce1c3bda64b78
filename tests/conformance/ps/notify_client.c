// What a driver hears of processes, threads and images (notify.c): this program makes them and compares.
#include <windows.h>
#include <winioctl.h>

#include "../common/program.h"
#include "notify.h"

static HANDLE device;
static struct event events[MOST_EVENTS];
static unsigned count;

static void control(DWORD code, void* out, DWORD size, DWORD* done) {
    if (!DeviceIoControl(device, code, NULL, 0, out, size, done, NULL)) CHECK(0, "DeviceIoControl");
}
static void get_events(void) {
    DWORD bytes;
    control(IOCTL_NOTIFY_EVENTS, events, sizeof events, &bytes);
    count = bytes / sizeof events[0];
}

// The first event of a kind about a process after another event; its place, or count.
static unsigned find(unsigned kind, DWORD process, unsigned from) {
    while (from < count && (events[from].kind != kind || events[from].process != process))
        ++from;
    return from;
}
static unsigned find_image(DWORD process, const char* end) {
    for (unsigned i = 0; i < count; ++i) {
        size_t n = strlen(events[i].name), m = strlen(end);
        if (events[i].kind == image && events[i].process == process && n >= m &&
            !_stricmp(events[i].name + n - m, end))
            return i;
    }
    return count;
}
static int is_passive(unsigned i) { return i < count && events[i].irql == 0 && events[i].apcs_disabled; }
static int is_here(unsigned i) {
    return events[i].current_process == GetCurrentProcessId() &&
           events[i].current_thread == GetCurrentThreadId();
}

static char self[MAX_PATH];
static BOOL start(PROCESS_INFORMATION* p) {
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[] = "notify_client as a child";
    return CreateProcessA(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, p);
}

static void a_process(void) {
    PROCESS_INFORMATION p;
    DWORD done;
    control(IOCTL_NOTIFY_START, NULL, 0, &done);
    if (!start(&p)) return CHECK(0, "CreateProcess");
    WaitForSingleObject(p.hProcess, INFINITE);
    get_events();
    unsigned made = find(process_made, p.dwProcessId, 0), made_ex = find(process_made_ex, p.dwProcessId, 0),
             gone = find(process_gone, p.dwProcessId, made),
             gone_ex = find(process_gone_ex, p.dwProcessId, made),
             thread = find(thread_made, p.dwProcessId, 0), ended = find(thread_gone, p.dwProcessId, thread);
    CHECK(made < count && events[made].parent == GetCurrentProcessId(), "Create TRUE, with the parent's id");
    CHECK(is_passive(made) && is_here(made),
          "in the creating thread, at PASSIVE_LEVEL, with normal kernel APCs disabled");
    CHECK(made_ex < count && events[made_ex].object_matches &&
              events[made_ex].parent == GetCurrentProcessId(),
          "the Ex routine gets the process, its id and ParentProcessId");
    CHECK(is_passive(made_ex) && is_here(made_ex), "in the creating thread");
    CHECK(events[made_ex].creator_process == GetCurrentProcessId() &&
              events[made_ex].creator_thread == GetCurrentThreadId(),
          "CreatingThreadId");
    CHECK(events[made_ex].size == 0x48, "Size is sizeof(PS_CREATE_NOTIFY_INFO)");
    CHECK((events[made_ex].flags & 1) &&
              strstr(events[made_ex].name, "\\Program Files\\Drvlab\\conform_notify_client.exe"),
          "FileOpenNameAvailable: ImageFileName is the name that the file was opened by");
    CHECK(!strcmp(events[made_ex].line, "notify_client as a child"), "CommandLine");
    CHECK(events[made_ex].exit_status == 0x103, "the process has no exit status yet: STATUS_PENDING");
    CHECK(thread < count && events[thread].thread == p.dwThreadId && thread < ended,
          "its first thread is made, and ends");
    CHECK(made < thread && made_ex < thread, "process routines hear of it first, then those for threads");
    CHECK(gone < count && gone_ex < count && events[gone].parent == GetCurrentProcessId(),
          "Create FALSE; CreateInfo NULL");
    CHECK(is_passive(gone) && is_passive(gone_ex) && events[gone].current_process == p.dwProcessId &&
              events[gone].current_thread == p.dwThreadId,
          "in the last thread to exit from the process");
    CHECK(events[gone_ex].exit_status == 7, "which has its exit status then");

    unsigned program = find_image(p.dwProcessId, "conform_notify_client.exe"),
             ntdll = find_image(p.dwProcessId, "ntdll.dll"),
             kernel32 = find_image(p.dwProcessId, "kernel32.dll");
    CHECK(program < ntdll && ntdll < kernel32 && kernel32 < count,
          "images: the program, ntdll.dll, kernel32.dll");
    CHECK(is_passive(program) && events[program].current_process == p.dwProcessId,
          "the load-image routine runs in the context of the new process");
    CHECK(made < program && events[program].base == (ULONG_PTR)GetModuleHandleA(NULL) &&
              events[program].length,
          "ImageBase and ImageSize");
    CHECK((events[program].flags & 0xff) == 3 && !(events[program].flags & 0x100),
          "IMAGE_ADDRESSING_MODE_32BIT, not SystemModeImage");
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
}

static void a_refusal(void) {
    PROCESS_INFORMATION p;
    DWORD done;
    control(IOCTL_NOTIFY_START, NULL, 0, &done);
    control(IOCTL_NOTIFY_REFUSE, NULL, 0, &done);
    SetLastError(0);
    CHECK(!start(&p) && GetLastError() == ERROR_ACCESS_DENIED,
          "CreationStatus set to an error: the process is not created, and that is the error");
    CHECK(start(&p), "the next one is");
    WaitForSingleObject(p.hProcess, INFINITE);
    get_events();
    unsigned made = 0;
    while (made < count && events[made].kind != process_made_ex)
        ++made;
    CHECK(made < count && events[made].process != p.dwProcessId &&
              find(thread_made, events[made].process, 0) == count &&
              find(thread_gone, events[made].process, 0) == count,
          "of the thread that it has not begun nothing is heard, nor of its end");
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
}

// The first thread never runs.
static void an_end(DWORD flags) {
    PROCESS_INFORMATION p;
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[] = "notify_client as a child";
    DWORD done, code = 0;
    control(IOCTL_NOTIFY_END, NULL, 0, &done);
    CHECK(CreateProcessA(self, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &p),
          "a process that the routine ends is created");
    WaitForSingleObject(p.hProcess, INFINITE);
    CHECK(GetExitCodeProcess(p.hProcess, &code) && code == 0x77, "and has the routine's exit status");
    CHECK(WaitForSingleObject(p.hThread, INFINITE) == WAIT_OBJECT_0, "its thread has ended");
    CHECK(ResumeThread(p.hThread) != 1, "and waits for no ResumeThread");
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
}

// The same address in two processes, seen from a driver.
static volatile unsigned long long here = 0x1111;
static unsigned long long peek_at(DWORD process, const void* address, int how) {
    struct peek what = {process, (ULONG_PTR)address, how};
    unsigned long long value = 0;
    DWORD done;
    return DeviceIoControl(device, IOCTL_NOTIFY_PEEK, &what, sizeof what, &value, sizeof value, &done, NULL)
               ? value
               : 0;
}
static void two_memories(void) {
    PROCESS_INFORMATION p;
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[] = "notify_client as a child";
    unsigned long long there = 0x2222;
    if (!CreateProcessA(self, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &p))
        return CHECK(0, "CreateProcess");
    CHECK(WriteProcessMemory(p.hProcess, (PVOID)&here, &there, sizeof there, NULL), "WriteProcessMemory");
    CHECK(peek_at(p.dwProcessId, (PVOID)&here, 0) == 0x2222 && here == 0x1111,
          "KeStackAttachProcess: the address means the other process's memory");
    CHECK(peek_at(p.dwProcessId, (PVOID)&here, 1) == 0x2222, "MmCopyVirtualMemory reads it too");
    CHECK(peek_at(GetCurrentProcessId(), (PVOID)&here, 0) == 0x1111,
          "attached to the process it is in already");
    TerminateProcess(p.hProcess, 1);
    WaitForSingleObject(p.hProcess, INFINITE);
    CloseHandle(p.hThread);
    CloseHandle(p.hProcess);
}

static void a_library(void) {
    DWORD done;
    control(IOCTL_NOTIFY_START, NULL, 0, &done);
    HMODULE library = LoadLibraryA("advapi32.dll");
    get_events();
    unsigned i = find_image(GetCurrentProcessId(), "advapi32.dll");
    CHECK(is_passive(i) && is_here(i) && events[i].base == (ULONG_PTR)library,
          "a DLL: in the thread that loads it, with its address");
    FreeLibrary(library);
}

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1) return 7;
    GetModuleFileNameA(NULL, self, sizeof self);
    device =
        CreateFileA("\\\\.\\ConformPsNotify", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(device != INVALID_HANDLE_VALUE, "open");
    a_process();
    a_refusal();
    an_end(0);
    an_end(CREATE_SUSPENDED);
    a_library();
    two_memories();
    CloseHandle(device);
    return finish();
}
