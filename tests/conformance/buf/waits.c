// Waiting for requests, sharing, unbuffered transfers: nf-ntifs-ntcreatefile (FILE_SYNCHRONOUS_IO_ALERT,
// FILE_NO_INTERMEDIATE_BUFFERING, ShareAccess), nf-wdm-iocheckshareaccess and kin through real opens,
// "Synchronous and Asynchronous I/O", ReadFile, DeviceIoControl, CancelSynchronousIo, CloseHandle.
#include "user.h"

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
                          PULONG);
NTSTATUS NTAPI NtSetInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);

static DWORD n;
static UCHAR bytes[64];

static HANDLE open_nt(PCWSTR path, ULONG access, ULONG create_options) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    HANDLE file = NULL;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NtOpenFile(&file, access | SYNCHRONIZE, &oa, &iosb, 7, create_options);
    return file;
}

static HANDLE file;
static volatile LONG apcs, finished;
static volatile LONG last_status;
static void NTAPI apc(ULONG_PTR context) {
    (void)context;
    InterlockedIncrement(&apcs);
}
static DWORD WINAPI reader(PVOID to) {
    IO_STATUS_BLOCK iosb = {{0}, 0};
    last_status = NtReadFile(file, NULL, NULL, NULL, &iosb, to, 16, NULL, NULL);
    InterlockedIncrement(&finished);
    return 0;
}
static HANDLE start(void) {
    static UCHAR to[4][16];
    static int i;
    HANDLE thread = CreateThread(NULL, 0, reader, to[i++ & 3], 0, NULL);
    Sleep(50);
    return thread;
}

static void alerts(void) {
    plan(0, 16, 16, 1);
    file = open_nt(L"\\??\\BufB", GENERIC_READ, 0x10); // FILE_SYNCHRONOUS_IO_ALERT
    HANDLE thread = start();
    QueueUserAPC(apc, thread, 0);
    WaitForSingleObject(thread, INFINITE);
    CHECK(apcs == 1 && last_status == STATUS_CANCELLED,
          "FILE_SYNCHRONOUS_IO_ALERT: an APC ends the wait, the request is cancelled");
    CHECK(!finish_kept(), "the driver has it no more");
    CloseHandle(thread);

    apcs = finished = 0;
    HANDLE first = start(), second = start();
    unsigned count = seen().count;
    QueueUserAPC(apc, second, 0);
    WaitForSingleObject(second, INFINITE);
    CHECK(apcs == 1 && finished == 1 && last_status == STATUS_USER_APC && seen().count == count,
          "one that waits for the file's lock gives up with STATUS_USER_APC, unseen by the driver");
    finish_kept();
    WaitForSingleObject(first, INFINITE);
    CHECK(last_status == 0, "and the one that has it goes on");
    CloseHandle(first);
    CloseHandle(second);
    CloseHandle(file);

    apcs = finished = 0;
    file = open("\\\\.\\BufB", GENERIC_READ, 0);
    first = start();
    QueueUserAPC(apc, first, 0);
    Sleep(50);
    CHECK(!apcs && !finished, "FILE_SYNCHRONOUS_IO_NONALERT: an APC does not end the wait");
    CHECK(CancelSynchronousIo(first), "CancelSynchronousIo does");
    WaitForSingleObject(first, INFINITE);
    CHECK(last_status == STATUS_CANCELLED, "STATUS_CANCELLED");
    CHECK(!CancelSynchronousIo(GetCurrentThread()) && GetLastError() == ERROR_NOT_FOUND,
          "with nothing to cancel: ERROR_NOT_FOUND");
    CloseHandle(first);
    CloseHandle(file);
}

// A thread that is terminated takes its request with it and leaves the file to others.
static void terminated(void) {
    finished = 0;
    plan(0, 16, 16, 1);
    file = open("\\\\.\\BufB", GENERIC_READ, 0);
    HANDLE first = start(), second = start(), third = start();
    CHECK(TerminateThread(second, 1) && WaitForSingleObject(second, 1000) == WAIT_OBJECT_0,
          "a thread that waits for the file's lock is terminated");
    CHECK(TerminateThread(first, 1) && WaitForSingleObject(first, 1000) == WAIT_OBJECT_0,
          "so is one whose request is under way");
    Sleep(50);
    CHECK(finished == 0 && finish_kept(), "its request is cancelled, and the next one gets the file");
    CHECK(WaitForSingleObject(third, 1000) == WAIT_OBJECT_0 && last_status == 0, "and its answer");
    CloseHandle(first);
    CloseHandle(second);
    CloseHandle(third);
    history();
    CloseHandle(file);
    CHECK(!strcmp(history(), "c0x0"), "nothing holds the file");
    plan(0, 0, 0, 0);
}

static DWORD WINAPI closer(PVOID context) {
    (void)context;
    CloseHandle(file);
    InterlockedIncrement(&finished);
    return 0;
}
// Closing takes the file's lock.
static void closing(void) {
    history();
    finished = 0;
    plan(0, 16, 16, 1);
    file = open("\\\\.\\BufB", GENERIC_READ, 0);
    HANDLE first = start(), second = CreateThread(NULL, 0, closer, NULL, 0, NULL);
    Sleep(50);
    CHECK(finished == 0 && !strcmp(history(), "o0"),
          "the last handle is closed while a read waits: cleanup waits for the file's lock");
    finish_kept();
    WaitForSingleObject(first, INFINITE);
    WaitForSingleObject(second, INFINITE);
    CHECK(last_status == 0 && !strcmp(history(), "c0x0"), "the read is answered first");
    CloseHandle(first);
    CloseHandle(second);
    plan(0, 0, 0, 0);
}

static void overlapped(void) {
    HANDLE sync = open("\\\\.\\BufB", BOTH, 0), async = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED);
    OVERLAPPED o = {0};
    o.hEvent = CreateEventA(NULL, TRUE, TRUE, NULL);
    o.Offset = 0x70, o.OffsetHigh = 2;
    plan(0, 5, 5, 0);
    CHECK(ReadFile(sync, bytes, 16, &n, &o) && n == 5 && seen().offset == 0x200000070,
          "a synchronous file with an OVERLAPPED: its offset");
    CHECK(o.InternalHigh == 5 && WaitForSingleObject(o.hEvent, 0) == WAIT_OBJECT_0,
          "its fields are set, and its event");
    LARGE_INTEGER at = {.QuadPart = 0};
    CHECK(SetFilePointerEx(sync, at, &at, FILE_CURRENT) && at.QuadPart == 0x200000075,
          "the position follows");
    CHECK(SetFilePointer(sync, 0, NULL, FILE_CURRENT) == INVALID_SET_FILE_POINTER &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "SetFilePointer cannot tell of a position beyond 4 GB without its second half");
    at.QuadPart = 0xfffffff0;
    SetFilePointerEx(sync, at, NULL, FILE_BEGIN);
    CHECK(SetFilePointer(sync, 0x20, NULL, FILE_CURRENT) == INVALID_SET_FILE_POINTER &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "nor go to one");
    at.QuadPart = 0;
    CHECK(SetFilePointerEx(sync, at, &at, FILE_CURRENT) && at.QuadPart == 0xfffffff0,
          "the pointer stays where it was");
    SetLastError(1);
    CHECK(SetFilePointer(sync, 0xf, NULL, FILE_CURRENT) == 0xffffffff && GetLastError() == NO_ERROR,
          "the position 0xFFFFFFFF is no error");
    plan(STATUS_END_OF_FILE, 0, 0, 0);
    n = 77;
    CHECK(ReadFile(sync, bytes, 16, &n, NULL) && n == 0, "end of file: TRUE and no bytes");
    CHECK(!ReadFile(sync, bytes, 16, &n, &o) && GetLastError() == ERROR_HANDLE_EOF,
          "with an OVERLAPPED: ERROR_HANDLE_EOF");
    CHECK(!ReadFile(async, bytes, 16, NULL, &o) && GetLastError() == ERROR_HANDLE_EOF,
          "the same for an asynchronous file");
    o.Offset = o.OffsetHigh = 0xffffffff;
    plan(0, 5, 5, 0);
    CHECK(WriteFile(async, bytes, 5, NULL, &o) && seen().offset == ~0ull,
          "WriteFile with 0xFFFFFFFF for both offsets writes to the end");
    o.Offset = o.OffsetHigh = 0;

    plan(0, 5, 5, 1);
    SetEvent(o.hEvent);
    CHECK(!DeviceIoControl(async, IOCTL_TRY_BUFFERED, NULL, 0, bytes, 16, NULL, &o) &&
              GetLastError() == ERROR_IO_PENDING && WaitForSingleObject(o.hEvent, 0) == WAIT_TIMEOUT,
          "DeviceIoControl resets the event of its OVERLAPPED");
    CHECK(o.Internal == (ULONG_PTR)STATUS_PENDING, "Internal is STATUS_PENDING");
    finish_kept();
    CHECK(GetOverlappedResult(async, &o, &n, TRUE) && n == 5, "GetOverlappedResult");
    HANDLE event = o.hEvent;
    o.hEvent = NULL;
    CHECK(!DeviceIoControl(async, IOCTL_TRY_BUFFERED, NULL, 0, bytes, 16, NULL, &o) &&
              WaitForSingleObject(async, 0) == WAIT_TIMEOUT,
          "without an event the file is not signaled while the request is under way");
    finish_kept();
    CHECK(WaitForSingleObject(async, 0) == WAIT_OBJECT_0 && GetOverlappedResult(async, &o, &n, TRUE),
          "and is when it has ended");
    plan(STATUS_BUFFER_OVERFLOW, 7, 7, 0);
    n = 99;
    CHECK(!DeviceIoControl(async, IOCTL_TRY_BUFFERED, NULL, 0, bytes, 16, &n, &o) &&
              GetLastError() == ERROR_MORE_DATA && o.InternalHigh == 7 && n == 7,
          "a warning at once: ERROR_MORE_DATA, and the count is in the OVERLAPPED and in lpBytesReturned");
    n = 99;
    CHECK(!ReadFile(async, bytes, 16, &n, &o) && GetLastError() == ERROR_MORE_DATA && n == 7,
          "the same for ReadFile");
    plan(0, 0, 0, 0);
    CloseHandle(event);
    CloseHandle(sync);
    CloseHandle(async);
}

static HANDLE share(DWORD access, DWORD sharing) {
    return CreateFileA("\\\\.\\BufS", access, sharing, NULL, OPEN_EXISTING, 0, NULL);
}
static BOOL refused(DWORD access, DWORD sharing) {
    HANDLE got = share(access, sharing);
    if (got == INVALID_HANDLE_VALUE) return GetLastError() == ERROR_SHARING_VIOLATION;
    CloseHandle(got);
    return FALSE;
}
static BOOL let(DWORD access, DWORD sharing) {
    HANDLE got = share(access, sharing);
    if (got == INVALID_HANDLE_VALUE) return FALSE;
    CloseHandle(got);
    return TRUE;
}
static void sharing(void) {
    HANDLE one = share(GENERIC_READ, FILE_SHARE_READ), twin;
    CHECK(one != INVALID_HANDLE_VALUE, "a file open for reading, shared for reading");
    CHECK(let(GENERIC_READ, FILE_SHARE_READ), "another reader that lets others read");
    CHECK(refused(GENERIC_WRITE, 7), "no writer: ERROR_SHARING_VIOLATION");
    CHECK(refused(GENERIC_READ, 0) && refused(GENERIC_READ, FILE_SHARE_WRITE | FILE_SHARE_DELETE),
          "nobody who does not let others read");
    CHECK(refused(DELETE, 7), "no deleter");
    CHECK(let(0, 0) && let(FILE_READ_ATTRIBUTES | READ_CONTROL, 0),
          "who neither reads, writes nor deletes is not looked at");
    DuplicateHandle(GetCurrentProcess(), one, GetCurrentProcess(), &twin, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(one);
    CHECK(refused(GENERIC_WRITE, 7), "while a duplicate is open: the same");
    CloseHandle(twin);
    CHECK(let(GENERIC_WRITE, 0), "afterwards a writer");
    one = share(BOTH | DELETE, 0);
    CHECK(refused(GENERIC_READ, 7) && refused(GENERIC_WRITE, 7) && refused(DELETE, 7) && let(0, 0),
          "not shared at all");
    CloseHandle(one);
    one = share(DELETE, FILE_SHARE_DELETE);
    CHECK(let(DELETE, FILE_SHARE_DELETE) && refused(DELETE, FILE_SHARE_READ) && refused(GENERIC_READ, 7),
          "FILE_SHARE_DELETE");
    CloseHandle(one);
    one = share(GENERIC_EXECUTE, FILE_SHARE_READ);
    CHECK(refused(GENERIC_READ, FILE_SHARE_WRITE) && let(GENERIC_READ, FILE_SHARE_READ),
          "executing counts as reading");
    CloseHandle(one);
}

// BufD has sectors of 512 bytes and wants buffers at multiples of 8.
static void unbuffered(void) {
    HANDLE raw = open("\\\\.\\BufD", BOTH, FILE_FLAG_NO_BUFFERING), usual = open("\\\\.\\BufD", BOTH, 0);
    UCHAR* x = pages(2, PAGE_READWRITE);
    IO_STATUS_BLOCK iosb;
    LARGE_INTEGER at = {.QuadPart = 512};
    plan(0, 512, 0, 0);
    CHECK(ReadFile(raw, x, 512, &n, NULL) && WriteFile(raw, x, 1024, &n, NULL), "whole sectors");
    CHECK(!ReadFile(raw, x, 100, &n, NULL) && GetLastError() == ERROR_INVALID_PARAMETER &&
              !WriteFile(raw, x, 513, &n, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
          "FILE_NO_INTERMEDIATE_BUFFERING: the length must be a multiple of the sector size");
    CHECK(NtReadFile(raw, NULL, NULL, NULL, &iosb, x, 512, &at, NULL) == 0, "an offset of a sector");
    at.QuadPart = 100;
    CHECK(NtReadFile(raw, NULL, NULL, NULL, &iosb, x, 512, &at, NULL) == STATUS_INVALID_PARAMETER,
          "any other one");
    CHECK(NtSetInformationFile(raw, &iosb, &at, sizeof at, 14) == STATUS_INVALID_PARAMETER,
          "FilePositionInformation must be a multiple of the sector size");
    CHECK(!ReadFile(raw, x + 4, 512, &n, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
          "buffers must be aligned as the device requires");
    CHECK(ReadFile(raw, x, 0, &n, NULL), "nothing is a multiple");
    CHECK(ReadFile(usual, x + 4, 100, &n, NULL) &&
              NtSetInformationFile(usual, &iosb, &at, sizeof at, 14) == 0,
          "a file that may be buffered has none of these");
    plan(0, 0, 0, 0);
    VirtualFree(x, 0, MEM_RELEASE);
    CloseHandle(raw);
    CloseHandle(usual);
}

int main(void) {
    teller = open("\\\\.\\BufB", BOTH, 0);
    CHECK(teller != INVALID_HANDLE_VALUE, "open");
    alerts();
    terminated();
    closing();
    overlapped();
    sharing();
    unbuffered();
    CloseHandle(teller);
    return finish();
}
