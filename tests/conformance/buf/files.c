// The life of a file object as its driver sees it: IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE,
// ns-wdm-_file_object (Flags), nf-ntifs-ntreadfile and nf-ntifs-ntwritefile (ByteOffset), SetFilePointer,
// LockFile, CreatePipe, DuplicateHandle.
#include "user.h"

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
                          PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
                           PULONG);

static DWORD n;
static UCHAR bytes[64];
static IO_STATUS_BLOCK iosb;

// FO_*
enum {
    IS_SYNCHRONOUS_IO = 2,
    IS_ALERTABLE_IO = 4,
    IS_NO_INTERMEDIATE_BUFFERING = 8,
    IS_WRITE_THROUGH = 0x10,
    IS_SEQUENTIAL_ONLY = 0x20,
    IS_HANDLE_CREATED = 0x40000,
    IS_RANDOM_ACCESS = 0x100000,
};

static unsigned flags_of(HANDLE file) {
    IO_STATUS_BLOCK block;
    LARGE_INTEGER zero = {.QuadPart = 0};
    NtReadFile(file, NULL, NULL, NULL, &block, bytes, 1, &zero, NULL);
    return seen().file_flags;
}

static void options(void) {
    static const struct {
        DWORD flags;
        unsigned set, clear;
        const char* what;
    } table[] = {
        {0, IS_SYNCHRONOUS_IO | IS_HANDLE_CREATED,
         IS_ALERTABLE_IO | IS_NO_INTERMEDIATE_BUFFERING | IS_WRITE_THROUGH | IS_SEQUENTIAL_ONLY |
             IS_RANDOM_ACCESS,
         "CreateFile: FO_SYNCHRONOUS_IO, FO_HANDLE_CREATED"},
        {FILE_FLAG_OVERLAPPED, IS_HANDLE_CREATED, IS_SYNCHRONOUS_IO | IS_ALERTABLE_IO,
         "FILE_FLAG_OVERLAPPED: not FO_SYNCHRONOUS_IO"},
        {FILE_FLAG_NO_BUFFERING, IS_NO_INTERMEDIATE_BUFFERING, 0,
         "FILE_FLAG_NO_BUFFERING: FO_NO_INTERMEDIATE_BUFFERING"},
        {FILE_FLAG_WRITE_THROUGH, IS_WRITE_THROUGH, 0, "FILE_FLAG_WRITE_THROUGH: FO_WRITE_THROUGH"},
        {FILE_FLAG_SEQUENTIAL_SCAN, IS_SEQUENTIAL_ONLY, IS_RANDOM_ACCESS,
         "FILE_FLAG_SEQUENTIAL_SCAN: FO_SEQUENTIAL_ONLY"},
        {FILE_FLAG_RANDOM_ACCESS, IS_RANDOM_ACCESS, IS_SEQUENTIAL_ONLY,
         "FILE_FLAG_RANDOM_ACCESS: FO_RANDOM_ACCESS"},
    };
    plan(0, 0, 0, 0);
    for (unsigned i = 0; i < sizeof table / sizeof *table; ++i) {
        HANDLE file = open("\\\\.\\BufB", BOTH, table[i].flags);
        unsigned flags = flags_of(file);
        CHECK((flags & table[i].set) == table[i].set && !(flags & table[i].clear), table[i].what);
        CloseHandle(file);
    }
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    HANDLE file;
    RtlInitUnicodeString(&name, L"\\??\\BufB");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtOpenFile(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 7, 0x10) == 0 &&
              (flags_of(file) & (IS_SYNCHRONOUS_IO | IS_ALERTABLE_IO)) ==
                  (IS_SYNCHRONOUS_IO | IS_ALERTABLE_IO),
          "FILE_SYNCHRONOUS_IO_ALERT: FO_ALERTABLE_IO as well");
    CloseHandle(file);
    CHECK(NtOpenFile(&file, GENERIC_READ, &oa, &iosb, 7, 0x20) == STATUS_INVALID_PARAMETER,
          "FILE_SYNCHRONOUS_IO_NONALERT needs SYNCHRONIZE");
    CHECK(NtOpenFile(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 7, 0x30) == STATUS_INVALID_PARAMETER,
          "and excludes FILE_SYNCHRONOUS_IO_ALERT");
    CHECK(NtOpenFile(&file, FILE_APPEND_DATA | SYNCHRONIZE, &oa, &iosb, 7, 0x28) == STATUS_INVALID_PARAMETER,
          "FILE_NO_INTERMEDIATE_BUFFERING is incompatible with FILE_APPEND_DATA");
    CHECK(NtOpenFile(&file, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 7, 0x1020) == STATUS_INVALID_PARAMETER,
          "FILE_DELETE_ON_CLOSE needs DELETE");
}

static unsigned long long read_at(HANDLE file, long long offset, BOOL given) {
    LARGE_INTEGER at = {.QuadPart = offset};
    NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, given ? &at : NULL, NULL);
    return seen().offset;
}

static void offsets(void) {
    HANDLE file = open("\\\\.\\BufB", BOTH, 0);
    LARGE_INTEGER at, zero = {.QuadPart = 0};
    ULONG key = 0x1234;
    plan(0, 6, 0, 0);
    CHECK(read_at(file, 0, FALSE) == 0 && read_at(file, 0, FALSE) == 6,
          "the position moves by the bytes that were read");
    CHECK(read_at(file, 0xfffffffffffffffe, TRUE) == 12, "FILE_USE_FILE_POINTER_POSITION is the position");
    CHECK(read_at(file, 1000, TRUE) == 1000 && read_at(file, 0, FALSE) == 1006,
          "an explicit offset sets the position");
    CHECK(SetFilePointer(file, 50, NULL, FILE_BEGIN) == 50 && read_at(file, 0, FALSE) == 50,
          "SetFilePointer, FILE_BEGIN");
    CHECK(SetFilePointer(file, 4, NULL, FILE_CURRENT) == 60, "FILE_CURRENT");
    at.QuadPart = 0x500000000;
    CHECK(SetFilePointerEx(file, at, &at, FILE_BEGIN) && read_at(file, 0, FALSE) == 0x500000000,
          "SetFilePointerEx beyond 4 GB");
    SetFilePointer(file, 50, NULL, FILE_BEGIN);
    CHECK(SetFilePointer(file, -51, NULL, FILE_CURRENT) == INVALID_SET_FILE_POINTER &&
              GetLastError() == ERROR_NEGATIVE_SEEK,
          "before the beginning: ERROR_NEGATIVE_SEEK");
    plan(STATUS_IO_DEVICE_ERROR, 6, 0, 0);
    read_at(file, 0, FALSE);
    CHECK(SetFilePointerEx(file, zero, &at, FILE_CURRENT) && at.QuadPart == 50,
          "a read that fails leaves the position");
    plan(0, 10, 0, 0);
    NtWriteFile(file, NULL, NULL, NULL, &iosb, bytes, 10, NULL, NULL);
    CHECK(seen().offset == 50 && SetFilePointer(file, 0, NULL, FILE_CURRENT) == 60, "writes move it too");
    at.QuadPart = -1;
    NtWriteFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &at, NULL);
    CHECK(seen().offset == ~0ull, "FILE_WRITE_TO_END_OF_FILE goes to the driver");
    at.QuadPart = -3;
    CHECK(NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &at, NULL) == STATUS_INVALID_PARAMETER,
          "other negative offsets: STATUS_INVALID_PARAMETER");
    NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &zero, &key);
    CHECK(seen().key == 0x1234 && (seen().location_flags & 1), "a key: SL_KEY_SPECIFIED");
    NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &zero, NULL);
    CHECK(seen().key == 0 && !(seen().location_flags & 1), "none: not");
    CloseHandle(file);

    file = open("\\\\.\\BufB", FILE_APPEND_DATA | SYNCHRONIZE, 0);
    at.QuadPart = 5;
    NtWriteFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &at, NULL);
    CHECK(seen().offset == ~0ull, "only FILE_APPEND_DATA: every write goes to the end");
    CloseHandle(file);
    file = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED);
    CHECK(NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, NULL, NULL) == STATUS_INVALID_PARAMETER,
          "an asynchronous file has no position: an offset must be given");
    at.QuadPart = -2;
    CHECK(NtReadFile(file, NULL, NULL, NULL, &iosb, bytes, 10, &at, NULL) == STATUS_INVALID_PARAMETER,
          "nor may FILE_USE_FILE_POINTER_POSITION");
    CloseHandle(file);
}

// "the I/O manager serializes": one request at a time on a synchronous file.
static HANDLE shared;
static volatile LONG answered;
static DWORD WINAPI reader(PVOID context) {
    DWORD got;
    UCHAR to[16];
    (void)context;
    ReadFile(shared, to, 16, &got, NULL);
    InterlockedIncrement(&answered);
    return got;
}
static void serial(void) {
    HANDLE threads[2];
    shared = open("\\\\.\\BufB", BOTH, 0);
    plan(0, 16, 16, 1);
    unsigned before = seen().count;
    for (int i = 0; i < 2; ++i)
        threads[i] = CreateThread(NULL, 0, reader, NULL, 0, NULL);
    Sleep(100);
    CHECK(seen().count == before + 1, "two threads read a synchronous file: the driver sees one");
    finish_kept();
    WaitForMultipleObjects(2, threads, FALSE, INFINITE);
    Sleep(100);
    CHECK(answered == 1 && seen().count == before + 2 && seen().offset == 16,
          "when it has been answered the other one comes, and begins where that one ended");
    finish_kept();
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    CHECK(answered == 2, "both are answered");
    CloseHandle(threads[0]);
    CloseHandle(threads[1]);
    CloseHandle(shared);
    plan(0, 0, 0, 0);
}

static void ends(void) {
    HANDLE file, same;
    history();
    file = open("\\\\.\\BufB", BOTH, 0);
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &same, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(file);
    CHECK(!strcmp(history(), "o0"), "closing one of two handles sends nothing");
    CloseHandle(same);
    CHECK(!strcmp(history(), "c0x0"), "the last one: IRP_MJ_CLEANUP, then IRP_MJ_CLOSE");

    file = open("\\\\.\\BufB", BOTH, 0);
    DeviceIoControl(file, IOCTL_BUF_HOLD, NULL, 0, NULL, 0, &n, NULL);
    CloseHandle(file);
    CHECK(!strcmp(history(), "o0c0"), "a driver holds the file object: only IRP_MJ_CLEANUP");
    DeviceIoControl(teller, IOCTL_BUF_DROP, NULL, 0, NULL, 0, &n, NULL);
    CHECK(!strcmp(history(), "x0"), "IRP_MJ_CLOSE when it lets go");

    OVERLAPPED o = {0};
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    file = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED);
    plan(0, 8, 8, 1);
    CHECK(!ReadFile(file, bytes, 8, NULL, &o) && GetLastError() == ERROR_IO_PENDING,
          "a request is outstanding");
    CloseHandle(file);
    CHECK(WaitForSingleObject(o.hEvent, 1000) == WAIT_OBJECT_0 && (LONG)o.Internal == STATUS_CANCELLED,
          "the driver ends it in IRP_MJ_CLEANUP: STATUS_CANCELLED");
    Sleep(1);
    CHECK(!strcmp(history(), "o0c0x0"), "and then the file is closed");
    plan(0, 0, 0, 0);
    CloseHandle(o.hEvent);
}

static HANDLE child(const char* role, HANDLE inherited, PROCESS_INFORMATION* info) {
    char command[MAX_PATH + 40], self[MAX_PATH];
    STARTUPINFOA start = {.cb = sizeof start};
    GetModuleFileNameA(NULL, self, sizeof self);
    sprintf(command, "\"%s\" %s %llx", self, role, (unsigned long long)(ULONG_PTR)inherited);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, info)) return NULL;
    CloseHandle(info->hThread);
    return info->hProcess;
}

// Where cleanup comes when the last handle is another process's, and what becomes of a process's locks.
static void processes(void) {
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    PROCESS_INFORMATION info;
    HANDLE file, process;
    static const struct {
        const char *role, *what;
    } table[] = {{"close", "a child closes the last handle: cleanup and close come in it"},
                 {"exit", "a child that ends closes the last handle: the same"},
                 {"terminate", "a child is terminated from outside: the same"}};
    char expected[16];
    for (int i = 0; i < 3; ++i) {
        history();
        file = CreateFileA("\\\\.\\BufB", BOTH, 3, &inherit, OPEN_EXISTING, 0, NULL);
        HANDLE go = CreateEventA(&inherit, FALSE, FALSE, "BufGo");
        process = child(table[i].role, file, &info);
        CHECK(process != NULL, "CreateProcess");
        CloseHandle(file);
        CHECK(!strcmp(history(), "o0"), "a child has inherited the handle: no cleanup");
        if (i == 2)
            TerminateProcess(process, 9);
        else
            SetEvent(go);
        WaitForSingleObject(process, INFINITE);
        sprintf(expected, "c%dx%d", i + 1, i + 1);
        CHECK(!strcmp(history(), expected), table[i].what);
        CloseHandle(process);
        CloseHandle(go);
    }

    file = CreateFileA("\\\\.\\BufB", BOTH, 3, &inherit, OPEN_EXISTING, 0, NULL);
    HANDLE go = CreateEventA(&inherit, FALSE, FALSE, "BufGo"), twin;
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &twin, 0, FALSE, DUPLICATE_SAME_ACCESS);
    process = child("lock", file, &info);
    history();
    SetEvent(go);
    WaitForSingleObject(process, INFINITE);
    CHECK(!strcmp(history(), "l4a4"), "a process with locks closes its last handle: IRP_MN_UNLOCK_ALL");
    CloseHandle(process);
    CHECK(SetFilePointer(file, 0, NULL, FILE_CURRENT) == 0x123,
          "the position belongs to the file object, not to the process");
    CloseHandle(twin);
    history();
    CHECK(!strcmp(history(), ""), "not while it has another one");
    CloseHandle(file);
    CHECK(!strcmp(history(), "c0x0"), "the last handle of all is cleaned up instead");
    CloseHandle(go);
}

static int in_child(const char* role, HANDLE file) {
    HANDLE go = OpenEventA(SYNCHRONIZE, FALSE, "BufGo");
    WaitForSingleObject(go, INFINITE);
    if (!strcmp(role, "close")) return CloseHandle(file) ? 0 : 1;
    if (!strcmp(role, "lock")) SetFilePointer(file, 0x123, NULL, FILE_BEGIN);
    if (!strcmp(role, "lock")) return LockFile(file, 0, 0, 1, 0) ? 0 : 1;
    return 0;
}

static void pipes(void) {
    HANDLE r, w;
    CHECK(!CreatePipe(&r, &w, NULL, 0) && GetLastError() == ERROR_PATH_NOT_FOUND,
          "CreatePipe, without a driver for named pipes: ERROR_PATH_NOT_FOUND");
    CHECK(!CallNamedPipeA("\\\\.\\pipe\\x", bytes, 1, bytes, 1, &n, NMPWAIT_NOWAIT) &&
              GetLastError() == ERROR_PATH_NOT_FOUND,
          "CallNamedPipe: the same");
    CHECK(!CallNamedPipeA("\\\\.\\BufB", bytes, 1, bytes, 1, &n, NMPWAIT_NOWAIT) &&
              GetLastError() == ERROR_INVALID_NAME,
          "the name must be that of a pipe");
    DWORD state;
    CHECK(!GetNamedPipeHandleStateA(teller, &state, NULL, NULL, NULL, NULL, 0),
          "GetNamedPipeHandleState of something else fails");
}

int main(int argc, char** argv) {
    if (argc == 3) {
        unsigned long long value = 0;
        for (const char* p = argv[2]; *p; ++p)
            value = value * 16 + (unsigned)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
        return in_child(argv[1], (HANDLE)(ULONG_PTR)value);
    }
    teller = open("\\\\.\\BufB", BOTH, 0);
    CHECK(teller != INVALID_HANDLE_VALUE, "open");
    history();
    options();
    offsets();
    serial();
    ends();
    processes();
    pipes();
    CloseHandle(teller);
    return finish();
}
