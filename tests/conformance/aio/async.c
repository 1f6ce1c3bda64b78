// Asynchronous and cancelled I/O from a program's side, on CsqDev (drivers/csqdev/csqdev.h): the pages
// CancelIo, CancelIoEx, CancelSynchronousIo, GetOverlappedResult(Ex), ReadFile, OVERLAPPED, "Synchronous and
// asynchronous I/O".
#include <windows.h>

#include "../common/program.h"

static HANDLE open(DWORD flags) {
    return CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, flags, NULL);
}

typedef struct {
    OVERLAPPED o;
    char buffer[32];
} READ;

static BOOL start(HANDLE file, READ* read) {
    if (!read->o.hEvent) read->o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    return !ReadFile(file, read->buffer, sizeof read->buffer, NULL, &read->o) &&
           GetLastError() == ERROR_IO_PENDING;
}

static DWORD put(HANDLE file, const char* text) {
    OVERLAPPED o = {0};
    DWORD done = 0;
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    BOOL ok = WriteFile(file, text, (DWORD)strlen(text), &done, &o);
    DWORD error = ok ? 0 : GetLastError();
    CloseHandle(o.hEvent);
    return error;
}

static BOOL ended_with(HANDLE file, READ* read, DWORD error, const char* text) {
    DWORD done = 0;
    BOOL ok = GetOverlappedResult(file, &read->o, &done, TRUE);
    if (error) return !ok && GetLastError() == error;
    return ok && done == strlen(text) && memcmp(read->buffer, text, done) == 0;
}

// ---- many requests on one handle

static void outstanding(void) {
    HANDLE file = open(FILE_FLAG_OVERLAPPED);
    READ r[8] = {{.buffer = {0}}};
    int pending = 0;
    for (int i = 0; i < 8; ++i) {
        r[i].o.hEvent = CreateEventA(NULL, TRUE, TRUE, NULL);
        pending += start(file, &r[i]) && WaitForSingleObject(r[i].o.hEvent, 0) == WAIT_TIMEOUT;
    }
    CHECK(pending == 8, "many reads are outstanding on one handle; starting one resets its event");
    DWORD done;
    BOOL flag = FALSE;
    CHECK(GetThreadIOPendingFlag(GetCurrentThread(), &flag) && flag, "GetThreadIOPendingFlag");
    CHECK(!HasOverlappedIoCompleted(&r[0].o), "HasOverlappedIoCompleted: not while a request is pending");
    CHECK(!GetOverlappedResult(file, &r[0].o, &done, FALSE) && GetLastError() == ERROR_IO_INCOMPLETE,
          "GetOverlappedResult without waiting: ERROR_IO_INCOMPLETE");
    CHECK(!GetOverlappedResultEx(file, &r[0].o, &done, 0, FALSE) && GetLastError() == ERROR_IO_INCOMPLETE,
          "GetOverlappedResultEx, 0 milliseconds: ERROR_IO_INCOMPLETE");
    CHECK(!GetOverlappedResultEx(file, &r[0].o, &done, 5, FALSE) && GetLastError() == WAIT_TIMEOUT,
          "GetOverlappedResultEx, time over: WAIT_TIMEOUT");
    CHECK(put(file, "alpha") == 0 && put(file, "beta") == 0, "writes complete the oldest reads");
    CHECK(WaitForSingleObject(r[0].o.hEvent, 0) == WAIT_OBJECT_0 &&
              WaitForSingleObject(r[1].o.hEvent, 0) == WAIT_OBJECT_0 &&
              WaitForSingleObject(r[2].o.hEvent, 0) == WAIT_TIMEOUT,
          "whose events are set, and no others");
    CHECK(HasOverlappedIoCompleted(&r[0].o) && ended_with(file, &r[0], 0, "alpha") &&
              ended_with(file, &r[1], 0, "beta"),
          "and whose results are there");
    CHECK(CancelIoEx(file, &r[5].o), "CancelIoEx: one of them");
    CHECK(ended_with(file, &r[5], ERROR_OPERATION_ABORTED, NULL), "it ends with ERROR_OPERATION_ABORTED");
    CHECK(!CancelIoEx(file, &r[5].o) && GetLastError() == ERROR_NOT_FOUND,
          "CancelIoEx of one that has ended: ERROR_NOT_FOUND");
    CHECK(put(file, "gamma") == 0 && ended_with(file, &r[2], 0, "gamma"), "the others go on");
    CHECK(CancelIoEx(file, NULL), "CancelIoEx: all that are left");
    int aborted = 0;
    for (int i = 3; i < 8; ++i)
        aborted += ended_with(file, &r[i], ERROR_OPERATION_ABORTED, NULL);
    CHECK(aborted == 5, "all end with ERROR_OPERATION_ABORTED");
    CHECK(!CancelIoEx(file, NULL) && GetLastError() == ERROR_NOT_FOUND, "nothing is left: ERROR_NOT_FOUND");
    CHECK(CancelIo(file), "CancelIo succeeds, whether there is something to cancel or not");
    CHECK(!CancelIo((HANDLE)0x9990) && GetLastError() == ERROR_INVALID_HANDLE,
          "CancelIo: ERROR_INVALID_HANDLE");
    CHECK(!CancelIoEx((HANDLE)0x9990, NULL) && GetLastError() == ERROR_INVALID_HANDLE,
          "CancelIoEx: ERROR_INVALID_HANDLE");
    CHECK(put(file, "x") == ERROR_NOT_READY, "a request that fails at once returns its error");
    // Without an event the file's own is set.
    READ plain = {.buffer = {0}};
    BOOL ok = ReadFile(file, plain.buffer, sizeof plain.buffer, NULL, &plain.o);
    CHECK(!ok && GetLastError() == ERROR_IO_PENDING && WaitForSingleObject(file, 0) == WAIT_TIMEOUT,
          "a pending request without an event: the file is not signaled");
    put(file, "delta");
    CHECK(WaitForSingleObject(file, 1000) == WAIT_OBJECT_0 && ended_with(file, &plain, 0, "delta"),
          "it is when the request has ended");
    CloseHandle(file);
}

// ---- threads

static HANDLE shared;
static READ of_thread;
static HANDLE go;

static DWORD WINAPI starts_and_ends(void* parameter) {
    (void)parameter;
    return start(shared, &of_thread) ? 1 : 0;
}
static DWORD WINAPI starts_and_waits(void* parameter) {
    (void)parameter;
    BOOL pending = start(shared, &of_thread);
    WaitForSingleObject(go, INFINITE);
    return pending;
}

static void threads(void) {
    shared = open(FILE_FLAG_OVERLAPPED);
    DWORD code = 0;
    HANDLE thread = CreateThread(NULL, 0, starts_and_ends, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    CHECK(code == 1 && ended_with(shared, &of_thread, ERROR_OPERATION_ABORTED, NULL),
          "the end of a thread cancels the requests it has made");

    memset(&of_thread, 0, sizeof of_thread);
    go = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, starts_and_waits, NULL, 0, NULL);
    while (!of_thread.o.hEvent || HasOverlappedIoCompleted(&of_thread.o))
        Sleep(1);
    READ own = {.buffer = {0}};
    start(shared, &own);
    CHECK(CancelIo(shared) && ended_with(shared, &own, ERROR_OPERATION_ABORTED, NULL) &&
              !HasOverlappedIoCompleted(&of_thread.o),
          "CancelIo cancels the calling thread's requests only");
    CHECK(CancelIoEx(shared, &of_thread.o) && ended_with(shared, &of_thread, ERROR_OPERATION_ABORTED, NULL),
          "CancelIoEx also those of other threads");
    SetEvent(go);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(shared);
}

// ---- closing

static void closing(void) {
    HANDLE file = open(FILE_FLAG_OVERLAPPED), same, other = open(FILE_FLAG_OVERLAPPED);
    READ r = {.buffer = {0}}, kept = {.buffer = {0}};
    start(file, &r);
    start(other, &kept);
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &same, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(file);
    CHECK(WaitForSingleObject(r.o.hEvent, 5) == WAIT_TIMEOUT, "closing one of two handles ends nothing");
    CloseHandle(same);
    CHECK(WaitForSingleObject(r.o.hEvent, 1000) == WAIT_OBJECT_0 && r.o.Internal == 0xC0000120,
          "closing the last one makes the driver complete what was pending: STATUS_CANCELLED");
    CHECK(!HasOverlappedIoCompleted(&kept.o), "requests through another open stay");
    CloseHandle(other);
}

// ---- synchronous requests

static HANDLE synchronous;
static DWORD sync_error, sync_done;

static DWORD WINAPI reads_synchronously(void* parameter) {
    char buffer[16];
    (void)parameter;
    BOOL ok = ReadFile(synchronous, buffer, sizeof buffer, &sync_done, NULL);
    sync_error = ok ? 0 : GetLastError();
    return 0;
}

static void synchronous_requests(void) {
    HANDLE writer = open(FILE_FLAG_OVERLAPPED);
    synchronous = open(0);
    HANDLE thread = CreateThread(NULL, 0, reads_synchronously, NULL, 0, NULL);
    Sleep(10);
    CHECK(WaitForSingleObject(thread, 0) == WAIT_TIMEOUT, "a synchronous read waits");
    CHECK(CancelSynchronousIo(thread), "CancelSynchronousIo");
    CHECK(WaitForSingleObject(thread, 1000) == WAIT_OBJECT_0 && sync_error == ERROR_OPERATION_ABORTED,
          "the read returns ERROR_OPERATION_ABORTED");
    CloseHandle(thread);
    CHECK(!CancelSynchronousIo(GetCurrentThread()) && GetLastError() == ERROR_NOT_FOUND,
          "nothing to cancel: ERROR_NOT_FOUND");
    CHECK(!CancelSynchronousIo((HANDLE)0x9990) && GetLastError() == ERROR_INVALID_HANDLE,
          "no such thread: ERROR_INVALID_HANDLE");
    DWORD id;
    thread = CreateThread(NULL, 0, reads_synchronously, NULL, 0, &id);
    HANDLE weak = OpenThread(THREAD_QUERY_INFORMATION, FALSE, id);
    CHECK(!CancelSynchronousIo(weak) && GetLastError() == ERROR_ACCESS_DENIED,
          "the handle needs THREAD_TERMINATE: ERROR_ACCESS_DENIED");
    CloseHandle(weak);
    Sleep(10);
    // Two at a time: the second waits for the file, then for its own request.
    HANDLE second = CreateThread(NULL, 0, reads_synchronously, NULL, 0, NULL);
    Sleep(10);
    CHECK(put(writer, "1234567") == 0, "a write ends it");
    CHECK(WaitForSingleObject(thread, 1000) == WAIT_OBJECT_0 && sync_error == 0 && sync_done == 7,
          "and it returns its count");
    CHECK(WaitForSingleObject(second, 5) == WAIT_TIMEOUT,
          "requests on a synchronous handle go one after another: the second waits now");
    CHECK(put(writer, "abc") == 0 && WaitForSingleObject(second, 1000) == WAIT_OBJECT_0 && sync_done == 3,
          "until it gets its own");
    CHECK(SetFilePointer(synchronous, 0, NULL, FILE_CURRENT) == 10,
          "the system keeps the position of a synchronous handle: it moves by the bytes read");
    CloseHandle(thread);
    CloseHandle(second);
    thread = CreateThread(NULL, 0, reads_synchronously, NULL, 0, NULL);
    Sleep(10);
    CHECK(CancelIoEx(synchronous, NULL) && WaitForSingleObject(thread, 1000) == WAIT_OBJECT_0 &&
              sync_error == ERROR_OPERATION_ABORTED,
          "CancelIoEx cancels synchronous requests, too");
    CloseHandle(thread);
    thread = CreateThread(NULL, 0, reads_synchronously, NULL, 0, NULL);
    Sleep(10);
    TerminateThread(thread, 77);
    DWORD code = 0;
    CHECK(WaitForSingleObject(thread, 1000) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) &&
              code == 77,
          "a thread that waits for its request can be ended: the request is cancelled");
    CHECK(put(writer, "z") == ERROR_NOT_READY, "and is gone");
    CloseHandle(thread);
    CloseHandle(synchronous);
    CloseHandle(writer);
}

int main(void) {
    outstanding();
    threads();
    closing();
    synchronous_requests();
    return finish();
}
