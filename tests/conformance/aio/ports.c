// Completion ports on CsqDev: the pages CreateIoCompletionPort, GetQueuedCompletionStatus(Ex),
// PostQueuedCompletionStatus, SetFileCompletionNotificationModes, "I/O completion ports"; and the services
// below.
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

typedef struct {
    OVERLAPPED o;
    char buffer[32];
} READ;

static HANDLE open(DWORD flags) {
    return CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, flags, NULL);
}
static BOOL start(HANDLE file, READ* read) {
    return !ReadFile(file, read->buffer, sizeof read->buffer, NULL, &read->o) &&
           GetLastError() == ERROR_IO_PENDING;
}
static DWORD put(HANDLE file, const char* text, OVERLAPPED* o) {
    return WriteFile(file, text, (DWORD)strlen(text), NULL, o) ? 0 : GetLastError();
}
// The next packet: 0, or the error with *o as it is then.
static DWORD take(HANDLE port, DWORD wait, DWORD* bytes, ULONG_PTR* key, OVERLAPPED** o) {
    *bytes = 4711, *key = 4711, *o = (OVERLAPPED*)4711;
    return GetQueuedCompletionStatus(port, bytes, key, o, wait) ? 0 : GetLastError();
}

static VOID CALLBACK never_called(DWORD error, DWORD count, OVERLAPPED* o) {
    (void)error, (void)count, (void)o;
}

static DWORD bytes;
static ULONG_PTR key;
static OVERLAPPED* got;
static HANDLE port, writer;

static void making(void) {
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    CHECK(port != NULL, "CreateIoCompletionPort without a file");
    CHECK(!CreateIoCompletionPort(INVALID_HANDLE_VALUE, port, 0, 0) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "without a file an existing port must not be given");
    HANDLE file = open(0);
    CHECK(!CreateIoCompletionPort(file, port, 1, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
          "a file without FILE_FLAG_OVERLAPPED is refused");
    CloseHandle(file);
    file = open(FILE_FLAG_OVERLAPPED);
    CHECK(CreateIoCompletionPort(file, port, 1, 0) == port, "binding returns the port's handle");
    CHECK(!CreateIoCompletionPort(file, port, 2, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
          "a file has one port at most");
    READ r = {.buffer = {0}};
    CHECK(!ReadFileEx(file, r.buffer, 4, &r.o, never_called) && GetLastError() == ERROR_INVALID_PARAMETER,
          "ReadFileEx cannot be used on a bound file");
    CloseHandle(file);
    CHECK(take(port, 0, &bytes, &key, &got) == WAIT_TIMEOUT && !got,
          "an empty port: WAIT_TIMEOUT and no OVERLAPPED");
    CHECK(take((HANDLE)0x9990, 0, &bytes, &key, &got) == ERROR_INVALID_HANDLE && !got,
          "no port: ERROR_INVALID_HANDLE");
}

static void posting(void) {
    for (int i = 0; i < 5; ++i)
        PostQueuedCompletionStatus(port, 100 + i, 200 + i, (OVERLAPPED*)(INT_PTR)(300 + i));
    CHECK(take(port, 0, &bytes, &key, &got) == 0 && bytes == 100 && key == 200 && got == (OVERLAPPED*)300,
          "the three values of PostQueuedCompletionStatus come back");
    CHECK(take(port, INFINITE, &bytes, &key, &got) == 0 && bytes == 101, "first in, first out");
    OVERLAPPED_ENTRY entries[8];
    ULONG n = 0;
    CHECK(GetQueuedCompletionStatusEx(port, entries, 2, &n, 0, FALSE) && n == 2 &&
              entries[0].dwNumberOfBytesTransferred == 102 && entries[1].lpCompletionKey == 203 &&
              entries[1].lpOverlapped == (OVERLAPPED*)303,
          "GetQueuedCompletionStatusEx takes several, no more than asked for");
    CHECK(GetQueuedCompletionStatusEx(port, entries, 8, &n, INFINITE, FALSE) && n == 1 &&
              entries[0].lpCompletionKey == 204,
          "and no more than there are");
    static OVERLAPPED_ENTRY many[200];
    for (int i = 0; i < 100; ++i)
        PostQueuedCompletionStatus(port, i, 0, NULL);
    CHECK(GetQueuedCompletionStatusEx(port, many, 200, &n, INFINITE, FALSE) && n == 100 &&
              many[0].dwNumberOfBytesTransferred == 0 && many[99].dwNumberOfBytesTransferred == 99,
          "a hundred packets at once");
    for (int i = 0; i < 200; ++i)
        PostQueuedCompletionStatus(port, i, 0, NULL);
    CHECK(GetQueuedCompletionStatusEx(port, many, 130, &n, 0, TRUE) && n == 130 &&
              GetQueuedCompletionStatusEx(port, many, 200, &n, 0, FALSE) && n == 70 &&
              many[0].dwNumberOfBytesTransferred == 130,
          "what is beyond ulCount stays");
    CHECK(!GetQueuedCompletionStatusEx(port, entries, 8, &n, 5, FALSE) && GetLastError() == WAIT_TIMEOUT,
          "time over: WAIT_TIMEOUT");
}

static void completing(void) {
    HANDLE file = open(FILE_FLAG_OVERLAPPED);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    CreateIoCompletionPort(file, port, 77, 0);
    READ r = {.buffer = {0}};
    OVERLAPPED w = {0};
    CHECK(start(file, &r) && put(writer, "hello", &w) == 0, "a read on a bound file");
    CHECK(!HasOverlappedIoCompleted(&r.o), "the status block is not updated until the packet is removed");
    CHECK(memcmp(r.buffer, "hello", 5) == 0, "the data are there");
    CHECK(take(port, 0, &bytes, &key, &got) == 0 && bytes == 5 && key == 77 && got == &r.o,
          "its packet has the bytes, the file's key and its OVERLAPPED");
    CHECK(HasOverlappedIoCompleted(&r.o) && r.o.InternalHigh == 5, "and now the status block is written");

    memset(&r, 0, sizeof r);
    start(file, &r);
    CancelIoEx(file, &r.o);
    CHECK(take(port, 0, &bytes, &key, &got) == ERROR_OPERATION_ABORTED && got == &r.o && key == 77,
          "a pending request that fails has a packet: the call fails with its error, and tells which");

    OVERLAPPED o = {0};
    CHECK(put(file, "x", &o) == ERROR_NOT_READY && take(port, 0, &bytes, &key, &got) == WAIT_TIMEOUT,
          "one that fails at once has none");
    READ other = {.buffer = {0}};
    HANDLE reader = open(FILE_FLAG_OVERLAPPED);
    start(reader, &other);
    memset(&o, 0, sizeof o);
    CHECK(put(file, "xyz", &o) == 0 && take(port, 0, &bytes, &key, &got) == 0 && got == &o && bytes == 3,
          "one that succeeds at once has one");
    start(reader, &other);
    memset(&o, 0, sizeof o);
    o.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    CHECK(put(file, "xyz", &o) == 0 && take(port, 0, &bytes, &key, &got) == WAIT_TIMEOUT &&
              WaitForSingleObject(event, 0) == WAIT_OBJECT_0,
          "with the low bit of hEvent set there is no packet, but the event");
    memset(&r, 0, sizeof r);
    r.o.hEvent = event;
    CHECK(start(file, &r) && WaitForSingleObject(event, 0) == WAIT_TIMEOUT,
          "a bound request may have an event");
    put(writer, "both", &w);
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && take(port, 0, &bytes, &key, &got) == 0 &&
              got == &r.o,
          "it is set, and there is a packet");

    CHECK(SetFileCompletionNotificationModes(file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
          "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS");
    start(reader, &other);
    memset(&o, 0, sizeof o);
    CHECK(put(file, "xyz", &o) == 0 && take(port, 0, &bytes, &key, &got) == WAIT_TIMEOUT &&
              o.InternalHigh == 3,
          "success at once has no packet then");
    memset(&r, 0, sizeof r);
    start(file, &r);
    put(writer, "later", &w);
    CHECK(take(port, 0, &bytes, &key, &got) == 0 && got == &r.o, "success later has one");
    CHECK(SetFileCompletionNotificationModes(file, FILE_SKIP_SET_EVENT_ON_HANDLE),
          "FILE_SKIP_SET_EVENT_ON_HANDLE");
    memset(&r, 0, sizeof r);
    start(file, &r);
    put(writer, "quiet", &w);
    CHECK(WaitForSingleObject(file, 0) == WAIT_TIMEOUT, "the file is not signaled then");
    take(port, 0, &bytes, &key, &got);
    CHECK(!SetFileCompletionNotificationModes(file, 0x80) && GetLastError() == ERROR_INVALID_PARAMETER,
          "unknown modes: ERROR_INVALID_PARAMETER");
    CloseHandle(file);
    CloseHandle(reader);
    CloseHandle(event);
}

// ---- the thread that started a request may go

static HANDLE bound;
static READ left_behind;
static DWORD WINAPI starts_and_ends(void* parameter) {
    (void)parameter;
    return start(bound, &left_behind);
}

static void threads_go(void) {
    bound = open(FILE_FLAG_OVERLAPPED);
    CreateIoCompletionPort(bound, port, 5, 0);
    HANDLE thread = CreateThread(NULL, 0, starts_and_ends, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    OVERLAPPED w = {0};
    CHECK(take(port, 0, &bytes, &key, &got) == WAIT_TIMEOUT,
          "a request on a bound file is not cancelled when its thread ends");
    CHECK(put(writer, "orphan", &w) == 0 && take(port, 0, &bytes, &key, &got) == 0 && got == &left_behind.o &&
              memcmp(left_behind.buffer, "orphan", 6) == 0,
          "it completes as any other, with its data");
    memset(&left_behind, 0, sizeof left_behind);
    start(bound, &left_behind);
    CHECK(CancelIoEx(bound, NULL) && take(port, 0, &bytes, &key, &got) == ERROR_OPERATION_ABORTED,
          "CancelIoEx finds it");
    start(bound, &left_behind);
    CHECK(CancelIo(bound) && take(port, 0, &bytes, &key, &got) == ERROR_OPERATION_ABORTED,
          "CancelIo as well");
    start(bound, &left_behind);
    CloseHandle(bound);
    CHECK(take(port, 0, &bytes, &key, &got) == ERROR_OPERATION_ABORTED && got == &left_behind.o,
          "closing the file cancels what is pending; the packet still comes");
}

// ---- workers

static HANDLE busy;
static LONG running, most;
static DWORD WINAPI worker(void* parameter) {
    (void)parameter;
    DWORD n;
    ULONG_PTR k;
    OVERLAPPED* o;
    DWORD taken = 0;
    while (GetQueuedCompletionStatus(busy, &n, &k, &o, INFINITE) && k) {
        LONG now = InterlockedIncrement(&running);
        if (now > most) most = now;
        for (int i = 0; i < 3; ++i)
            SwitchToThread();
        InterlockedDecrement(&running);
        ++taken;
    }
    return taken;
}
static DWORD WINAPI waits_for_port(void* parameter) {
    DWORD n;
    ULONG_PTR k;
    OVERLAPPED* o = (OVERLAPPED*)1;
    BOOL ok = GetQueuedCompletionStatus((HANDLE)parameter, &n, &k, &o, INFINITE);
    return !ok && !o ? GetLastError() : 1;
}

static void workers(void) {
    busy = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    HANDLE thread[4];
    DWORD sum = 0, code = 0;
    for (int i = 0; i < 4; ++i)
        thread[i] = CreateThread(NULL, 0, worker, NULL, 0, NULL);
    for (int i = 0; i < 40; ++i)
        PostQueuedCompletionStatus(busy, 0, 1, NULL);
    for (int i = 0; i < 4; ++i)
        PostQueuedCompletionStatus(busy, 0, 0, NULL);
    WaitForMultipleObjects(4, thread, TRUE, INFINITE);
    for (int i = 0; i < 4; ++i) {
        GetExitCodeThread(thread[i], &code);
        sum += code;
        CloseHandle(thread[i]);
    }
    CHECK(sum == 40, "each packet goes to one thread");
    CHECK(most == 1, "no more threads run at once than the port allows");
    CloseHandle(busy);
    HANDLE closed = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE waiter = CreateThread(NULL, 0, waits_for_port, closed, 0, NULL);
    Sleep(5);
    CloseHandle(closed);
    WaitForSingleObject(waiter, INFINITE);
    GetExitCodeThread(waiter, &code);
    CHECK(code == ERROR_ABANDONED_WAIT_0, "closing the port ends the waits with ERROR_ABANDONED_WAIT_0");
    CloseHandle(waiter);
}

// ---- services

typedef struct {
    HANDLE port;
    PVOID key;
} COMPLETION;
NTSTATUS NTAPI NtCreateIoCompletion(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, ULONG);
NTSTATUS NTAPI NtOpenIoCompletion(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE, ULONG, void*, ULONG, ULONG*);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE, void*, void*, NTSTATUS, ULONG_PTR);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE, void**, void**, IO_STATUS_BLOCK*, LARGE_INTEGER*);
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE, void*, ULONG, ULONG*, LARGE_INTEGER*, BOOLEAN);
NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE, IO_STATUS_BLOCK*, IO_STATUS_BLOCK*);

static void services(void) {
    UNICODE_STRING name;
    WCHAR text[] = L"\\BaseNamedObjects\\ConformPort";
    name.Length = name.MaximumLength = sizeof text - sizeof *text;
    name.Buffer = text;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    HANDLE made, opened, weak;
    CHECK(NtCreateIoCompletion(&made, 0x1f0003, &attributes, 0) == 0, "NtCreateIoCompletion with a name");
    CHECK(NtOpenIoCompletion(&opened, 3, &attributes) == 0, "NtOpenIoCompletion");
    CHECK(NtOpenIoCompletion(&weak, 1, &attributes) == 0 &&
              NtSetIoCompletion(weak, NULL, NULL, 0, 0) == (NTSTATUS)0xC0000022,
          "putting needs IO_COMPLETION_MODIFY_STATE: STATUS_ACCESS_DENIED");
    CHECK(NtSetIoCompletion(made, (void*)1, (void*)2, (NTSTATUS)0xC0000001, 4) == 0, "NtSetIoCompletion");
    LONG depth = 0;
    ULONG size = 0;
    CHECK(NtQueryIoCompletion(opened, 0, &depth, sizeof depth, &size) == 0 && depth == 1 && size == 4,
          "NtQueryIoCompletion: the depth");
    CHECK(NtQueryIoCompletion(opened, 0, &depth, 2, &size) == (NTSTATUS)0xC0000004 &&
              NtQueryIoCompletion(opened, 9, &depth, 4, &size) == (NTSTATUS)0xC0000003,
          "STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_INFO_CLASS");
    CHECK(WaitForSingleObject(opened, 0) == WAIT_FAILED, "waiting needs SYNCHRONIZE");
    void *k, *c;
    IO_STATUS_BLOCK iosb;
    LARGE_INTEGER zero = {{0}};
    CHECK(NtRemoveIoCompletion(opened, &k, &c, &iosb, &zero) == 0 && k == (void*)1 && c == (void*)2 &&
              iosb.Status == (NTSTATUS)0xC0000001 && iosb.Information == 4,
          "NtRemoveIoCompletion: key, context and status block as they were put");
    CHECK(NtRemoveIoCompletion(opened, &k, &c, &iosb, &zero) == 0x102, "STATUS_TIMEOUT");
    OVERLAPPED_ENTRY entries[4];
    ULONG n = 9;
    CHECK(NtRemoveIoCompletionEx(opened, entries, 0, &n, &zero, FALSE) == (NTSTATUS)0xC000000D,
          "NtRemoveIoCompletionEx of none: STATUS_INVALID_PARAMETER");
    CHECK(NtRemoveIoCompletionEx(opened, entries, 4, &n, &zero, FALSE) == 0x102 && n == 0, "STATUS_TIMEOUT");

    HANDLE file = open(FILE_FLAG_OVERLAPPED);
    COMPLETION bind = {made, (void*)11};
    CHECK(NtSetInformationFile(file, &iosb, &bind, sizeof bind, 30) == 0 &&
              NtSetInformationFile(file, &iosb, &bind, sizeof bind, 30) == (NTSTATUS)0xC000000D,
          "FileCompletionInformation binds once");
    bind.key = (void*)12;
    CHECK(NtSetInformationFile(file, &iosb, &bind, sizeof bind, 61) == 0,
          "FileReplaceCompletionInformation binds again");
    READ r = {.buffer = {0}};
    OVERLAPPED w = {0};
    start(file, &r);
    put(writer, "k", &w);
    CHECK(take(made, 0, &bytes, &key, &got) == 0 && key == 12, "with the new key");
    bind.port = NULL;
    CHECK(NtSetInformationFile(file, &iosb, &bind, sizeof bind, 61) == 0, "and with no port it ends that");
    memset(&r, 0, sizeof r);
    start(file, &r);
    put(writer, "k", &w);
    CHECK(take(made, 0, &bytes, &key, &got) == WAIT_TIMEOUT && HasOverlappedIoCompleted(&r.o),
          "no packets come any more; the status block is written at once again");
    bind.port = file;
    CHECK(NtSetInformationFile(file, &iosb, &bind, sizeof bind, 61) == (NTSTATUS)0xC0000024,
          "a handle that is no port: STATUS_OBJECT_TYPE_MISMATCH");
    CloseHandle(file);
    CloseHandle(made);
    CloseHandle(opened);
    CloseHandle(weak);
}

// ---- cancelling what another thread waits for

static HANDLE slow;
static DWORD WINAPI reads_synchronously(void* parameter) {
    char buffer[8];
    DWORD n;
    (void)parameter;
    return ReadFile(slow, buffer, sizeof buffer, &n, NULL) ? 0 : GetLastError();
}

static void synchronous(void) {
    const NTSTATUS not_found = (NTSTATUS)0xC0000225;
    IO_STATUS_BLOCK iosb, other;
    DWORD id, code = 0;
    slow = open(0);
    HANDLE thread = CreateThread(NULL, 0, reads_synchronously, NULL, 0, &id);
    Sleep(5);
    HANDLE weak = OpenThread(SYNCHRONIZE, FALSE, id);
    CHECK(NtCancelSynchronousIoFile(weak, NULL, &iosb) == (NTSTATUS)0xC0000022,
          "NtCancelSynchronousIoFile needs THREAD_TERMINATE: STATUS_ACCESS_DENIED");
    CHECK(NtCancelSynchronousIoFile(thread, &other, &iosb) == not_found && iosb.Status == not_found,
          "no request with this status block: STATUS_NOT_FOUND, in the service's own status block as well");
    CHECK(NtCancelSynchronousIoFile(thread, NULL, NULL) == (NTSTATUS)0xC0000005,
          "no status block: STATUS_ACCESS_VIOLATION, and nothing is cancelled");
    CHECK(WaitForSingleObject(thread, 5) == WAIT_TIMEOUT, "so far the thread waits");
    CHECK(NtCancelSynchronousIoFile(thread, NULL, &iosb) == 0 && iosb.Status == 0,
          "NtCancelSynchronousIoFile of whatever the thread waits for");
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CHECK(code == ERROR_OPERATION_ABORTED, "its ReadFile fails with ERROR_OPERATION_ABORTED");
    CHECK(NtCancelSynchronousIoFile(GetCurrentThread(), NULL, &iosb) == not_found,
          "a thread that waits for no request: STATUS_NOT_FOUND");
    CHECK(NtCancelSynchronousIoFile(slow, NULL, &iosb) == (NTSTATUS)0xC0000024,
          "a handle that is no thread: STATUS_OBJECT_TYPE_MISMATCH");
    CloseHandle(weak);
    CloseHandle(thread);
    CloseHandle(slow);
}

int main(void) {
    writer = open(FILE_FLAG_OVERLAPPED);
    making();
    posting();
    completing();
    threads_go();
    workers();
    services();
    synchronous();
    CloseHandle(port);
    CloseHandle(writer);
    return finish();
}
