// Makes the bench driver work: bench_client KIND COUNT [MORE]. Who starts it measures the time. Kinds:
// control, write, direct, open: requests from here; kcontrol, kwrite, kdirect, kopen, kread, kparport: the
// driver sends them (kparport: to that driver). MORE is FILTERS MODE: so many filters that do nothing are
// attached first, MODE 0 skip, 1 copy. switch, dpc, timer, spin, threads, waves, devices, wait: the driver's
// loops of these names in bench.h. turns, in one process, gives its turn to another one that runs turn, and
// waits for it. handles BASE COUNT: duplicates and closes a handle while BASE others are open.
// processes COUNT OTHERS: starts a process and waits for its end, beside OTHERS with 1,000 handles each.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "bench.h"

static int failed(const char* what) {
    fprintf(stderr, "bench_client: %s: error %lu\n", what, GetLastError());
    return 1;
}

static HANDLE open_device(const char* name) {
    return CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_EXISTING, 0, NULL);
}

static int attach(HANDLE device, unsigned filters, unsigned mode) {
    BENCH_ATTACH_FILTERS what = {filters, mode};
    DWORD done;
    return DeviceIoControl(device, IOCTL_BENCH_ATTACH, &what, sizeof what, NULL, 0, &done, NULL)
               ? 0
               : failed("ATTACH");
}

static int handles(unsigned base, unsigned count) {
    HANDLE self = GetCurrentProcess(), event = CreateEventA(NULL, FALSE, FALSE, NULL), other;
    for (; base; --base)
        if (!DuplicateHandle(self, event, self, &other, 0, FALSE, DUPLICATE_SAME_ACCESS))
            return failed("DuplicateHandle");
    for (; count; --count)
        if (!DuplicateHandle(self, event, self, &other, 0, FALSE, DUPLICATE_SAME_ACCESS) ||
            !CloseHandle(other))
            return failed("DuplicateHandle or CloseHandle");
    return 0;
}

static BOOL start_self(const char* arguments, PROCESS_INFORMATION* process) {
    STARTUPINFOA startup = {.cb = sizeof startup};
    char self[MAX_PATH], line[100];
    GetModuleFileNameA(NULL, self, sizeof self);
    sprintf(line, "bench_client %s", arguments);
    if (!CreateProcessA(self, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, process)) return FALSE;
    CloseHandle(process->hThread);
    return TRUE;
}

// What one of the others does: 1,000 handles, then it waits.
static int other_process(HANDLE go, HANDLE ready) {
    HANDLE self = GetCurrentProcess(), copy;
    for (int i = 0; i < 1000; ++i)
        if (!DuplicateHandle(self, go, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) return 1;
    ReleaseSemaphore(ready, 1, NULL);
    return WaitForSingleObject(go, INFINITE) == WAIT_OBJECT_0 ? 0 : 1;
}

static int processes(unsigned count, unsigned others) {
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE go = CreateEventA(&inheritable, TRUE, FALSE, NULL),
           ready = CreateSemaphoreA(&inheritable, 0, 100000, NULL);
    PROCESS_INFORMATION process;
    char arguments[80];
    sprintf(arguments, "other 0 %llu %llu", (unsigned long long)(ULONG_PTR)go,
            (unsigned long long)(ULONG_PTR)ready);
    for (unsigned i = 0; i < others; ++i) {
        if (!start_self(arguments, &process)) return failed("CreateProcess");
        CloseHandle(process.hProcess);
    }
    for (unsigned i = 0; i < others; ++i)
        WaitForSingleObject(ready, INFINITE);
    while (count--) {
        if (!start_self("nothing 0", &process)) return failed("CreateProcess");
        WaitForSingleObject(process.hProcess, INFINITE);
        CloseHandle(process.hProcess);
    }
    SetEvent(go);
    return 0;
}

static BOOL turn(HANDLE device, ULONG side) {
    DWORD done;
    return DeviceIoControl(device, IOCTL_BENCH_TURN, &side, sizeof side, NULL, 0, &done, NULL);
}

static int kind_number(const char* kind) {
    static const char* const kinds[BENCH_KINDS] = {
        "kcontrol", "kwrite", "kdirect", "kopen", "kread",   "kparport", "kbuild", "switch",  "dpc",
        "timer",    "spin",   "threads", "waves", "devices", "wait",     "names",  "anynames"};
    for (int i = 0; i < BENCH_KINDS; ++i)
        if (!strcmp(kind, kinds[i])) return i;
    return -1;
}

int main(int argc, char** argv) {
    static char page[4096], buffer[64];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_client KIND COUNT [FILTERS MODE]\n");
        return 2;
    }
    const char* kind = argv[1];
    unsigned count = (unsigned)atoi(argv[2]);
    if (!strcmp(kind, "handles")) return handles(count, argc > 3 ? (unsigned)atoi(argv[3]) : 0);
    if (!strcmp(kind, "nothing")) return 0;
    if (!strcmp(kind, "processes")) return processes(count, argc > 3 ? (unsigned)atoi(argv[3]) : 0);
    if (!strcmp(kind, "other") && argc > 4)
        return other_process((HANDLE)(ULONG_PTR)strtoull(argv[3], NULL, 0),
                             (HANDLE)(ULONG_PTR)strtoull(argv[4], NULL, 0));
    HANDLE device = open_device("\\\\.\\Bench");
    if (device == INVALID_HANDLE_VALUE) return failed("CreateFile");
    if (argc > 4 && attach(device, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]))) return 1;
    DWORD done;
    if (kind_number(kind) >= 0) {
        BENCH_LOOP what = {(unsigned)kind_number(kind), count, argc > 3 ? (unsigned)atoi(argv[3]) : 0};
        if (!DeviceIoControl(device, IOCTL_BENCH_LOOP, &what, sizeof what, NULL, 0, &done, NULL))
            return failed("LOOP");
        return 0;
    }
    BOOL ok = TRUE;
    if (!strcmp(kind, "control"))
        while (count-- && ok)
            ok = DeviceIoControl(device, IOCTL_BENCH_BUFFERED, buffer, 64, buffer, 64, &done, NULL);
    else if (!strcmp(kind, "write"))
        while (count-- && ok)
            ok = WriteFile(device, buffer, 64, &done, NULL);
    else if (!strcmp(kind, "direct"))
        while (count-- && ok)
            ok = DeviceIoControl(device, IOCTL_BENCH_OUT_DIRECT, NULL, 0, page, sizeof page, &done, NULL);
    else if (!strcmp(kind, "turns")) {
        while (count-- && ok)
            ok = turn(device, 0);
        ok = turn(device, BENCH_NO_MORE_TURNS) && ok;
    } else if (!strcmp(kind, "turn"))
        for (BOOL more = turn(device, BENCH_FIRST_TURN); more; more = turn(device, 1))
            ;
    else if (!strcmp(kind, "open"))
        while (count-- && ok) {
            HANDLE other = open_device("\\\\.\\Bench");
            ok = other != INVALID_HANDLE_VALUE && CloseHandle(other);
        }
    else
        return 2;
    return ok ? 0 : failed(kind);
}
