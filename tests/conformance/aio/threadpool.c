// The thread pool: "Thread Pool API", CreateThreadpoolIo and its kin, CreateThreadpoolWork,
// TrySubmitThreadpoolCallback, …WhenCallbackReturns, QueueUserWorkItem. With reads that wait on CsqDev.
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include "../common/program.h"

static HANDLE gate, reached, writer;
static volatile LONG calls, finals;

typedef struct {
    OVERLAPPED o;
    char buffer[32];
} READ;
static struct {
    PVOID context, overlapped;
    ULONG result;
    ULONG_PTR bytes;
    PTP_IO io;
} told;

static HANDLE open(DWORD flags) {
    return CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, flags, NULL);
}
static BOOL start(HANDLE file, READ* read) {
    memset(read, 0, sizeof *read);
    return !ReadFile(file, read->buffer, sizeof read->buffer, NULL, &read->o) &&
           GetLastError() == ERROR_IO_PENDING;
}
static void put(const char* text) {
    DWORD n;
    WriteFile(writer, text, (DWORD)strlen(text), &n, NULL);
}

static VOID CALLBACK on_io(PTP_CALLBACK_INSTANCE instance, PVOID context, PVOID overlapped, ULONG result,
                           ULONG_PTR bytes, PTP_IO io) {
    (void)instance;
    told.context = context, told.overlapped = overlapped, told.result = result, told.bytes = bytes;
    told.io = io;
    InterlockedIncrement(&calls);
}

static void files(void) {
    READ r;
    calls = 0;
    HANDLE synchronous = open(0), file = open(FILE_FLAG_OVERLAPPED);
    CHECK(!CreateThreadpoolIo(synchronous, on_io, NULL, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
          "CreateThreadpoolIo of a file without FILE_FLAG_OVERLAPPED");
    CloseHandle(synchronous);
    PTP_IO io = CreateThreadpoolIo(file, on_io, (PVOID)&calls, NULL);
    CHECK(io != NULL, "CreateThreadpoolIo");
    CHECK(!CreateThreadpoolIo(file, on_io, NULL, NULL), "a file has one I/O completion object at most");
    StartThreadpoolIo(io);
    CHECK(start(file, &r), "a read that waits");
    put("hello");
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CHECK(calls == 1 && told.context == (PVOID)&calls && told.overlapped == &r.o && told.result == NO_ERROR &&
              told.bytes == 5 && told.io == io && !memcmp(r.buffer, "hello", 5),
          "WaitForThreadpoolIoCallbacks waits for the callback, which is told everything");
    StartThreadpoolIo(io);
    start(file, &r);
    CancelIoEx(file, &r.o);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CHECK(calls == 2 && told.result == ERROR_OPERATION_ABORTED, "a cancelled request has its callback too");
    StartThreadpoolIo(io);
    put("x");
    DWORD n;
    CHECK(!WriteFile(file, "x", 0x10000, &n, &r.o) && GetLastError() != ERROR_IO_PENDING,
          "a request that fails");
    CancelThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CHECK(calls == 2, "CancelThreadpoolIo: no callback is waited for");
    StartThreadpoolIo(io);
    start(file, &r);
    WaitForThreadpoolIoCallbacks(io, TRUE);
    CHECK(!HasOverlappedIoCompleted(&r.o), "fCancelPendingCallbacks: pending requests are not waited for");
    put("late");
    Sleep(50);
    CHECK(calls == 2 && HasOverlappedIoCompleted(&r.o) && r.o.InternalHigh == 4, "nor do they call back");
    StartThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, TRUE);
    CancelThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    StartThreadpoolIo(io);
    start(file, &r);
    put("more");
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CHECK(calls == 3 && told.bytes == 4, "cancelled twice is cancelled once");
    CloseHandle(file);
    CloseThreadpoolIo(io);
}

static VOID CALLBACK on_work(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work) {
    (void)instance, (void)work;
    InterlockedIncrement(context);
}
static VOID CALLBACK on_block(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work) {
    (void)work;
    if (context) DisassociateCurrentThreadFromCallback(instance);
    SetEvent(reached);
    WaitForSingleObject(gate, INFINITE);
    InterlockedIncrement(&calls);
}

static void work(void) {
    calls = 0;
    PTP_WORK w = CreateThreadpoolWork(on_work, (PVOID)&calls, NULL);
    CHECK(w != NULL, "CreateThreadpoolWork");
    for (int i = 0; i < 20; ++i)
        SubmitThreadpoolWork(w);
    WaitForThreadpoolWorkCallbacks(w, FALSE);
    CHECK(calls == 20, "one callback for each SubmitThreadpoolWork");
    CloseThreadpoolWork(w);

    calls = 0;
    w = CreateThreadpoolWork(on_block, NULL, NULL);
    SubmitThreadpoolWork(w);
    WaitForSingleObject(reached, INFINITE);
    CloseThreadpoolWork(w);
    SetEvent(gate);
    for (int i = 0; i < 100 && !calls; ++i)
        Sleep(10);
    CHECK(calls == 1, "CloseThreadpoolWork while a callback runs");

    calls = 0;
    w = CreateThreadpoolWork(on_block, (PVOID)1, NULL);
    SubmitThreadpoolWork(w);
    WaitForSingleObject(reached, INFINITE);
    WaitForThreadpoolWorkCallbacks(w, FALSE);
    CHECK(calls == 0, "DisassociateCurrentThreadFromCallback: the object does not wait for it");
    SetEvent(gate);
    for (int i = 0; i < 100 && !calls; ++i)
        Sleep(10);
    CloseThreadpoolWork(w);
}

static CRITICAL_SECTION section;
static HANDLE semaphore, mutex, done;

static VOID CALLBACK on_return(PTP_CALLBACK_INSTANCE instance, PVOID context) {
    EnterCriticalSection(&section);
    LeaveCriticalSectionWhenCallbackReturns(instance, &section);
    WaitForSingleObject(mutex, INFINITE);
    ReleaseMutexWhenCallbackReturns(instance, mutex);
    ReleaseSemaphoreWhenCallbackReturns(instance, semaphore, 3);
    SetEventWhenCallbackReturns(instance, done);
    FreeLibraryWhenCallbackReturns(instance, LoadLibraryA("advapi32.dll"));
    if (CallbackMayRunLong(instance)) InterlockedIncrement(context);
}
static VOID CALLBACK on_final(PTP_CALLBACK_INSTANCE instance, PVOID context) {
    (void)instance;
    if (context == (PVOID)&calls && WaitForSingleObject(done, 0) == WAIT_TIMEOUT)
        InterlockedIncrement(&finals);
}
static DWORD WINAPI item(LPVOID context) {
    SetEvent(context);
    return 0;
}

static void returning(void) {
    TP_CALLBACK_ENVIRON environment;
    InitializeCriticalSection(&section);
    semaphore = CreateSemaphoreA(NULL, 0, 10, NULL);
    mutex = CreateMutexA(NULL, FALSE, NULL);
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    InitializeThreadpoolEnvironment(&environment);
    environment.FinalizationCallback = on_final;
    environment.RaceDll = GetModuleHandleA(NULL);
    calls = 0;
    CHECK(TrySubmitThreadpoolCallback(on_return, (PVOID)&calls, &environment), "TrySubmitThreadpoolCallback");
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0, "SetEventWhenCallbackReturns");
    CHECK(calls == 1, "CallbackMayRunLong: another thread is available");
    CHECK(finals == 1, "the finalization callback comes before");
    CHECK(TryEnterCriticalSection(&section), "LeaveCriticalSectionWhenCallbackReturns");
    CHECK(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "ReleaseMutexWhenCallbackReturns");
    LONG count = 0;
    CHECK(WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0 && ReleaseSemaphore(semaphore, 1, &count) &&
              count == 2,
          "ReleaseSemaphoreWhenCallbackReturns");
    for (int i = 0; i < 100 && GetModuleHandleA("advapi32.dll"); ++i)
        Sleep(10);
    CHECK(!GetModuleHandleA("advapi32.dll"), "FreeLibraryWhenCallbackReturns");
    CHECK(QueueUserWorkItem(item, done, WT_EXECUTEDEFAULT) &&
              WaitForSingleObject(done, 1000) == WAIT_OBJECT_0,
          "QueueUserWorkItem");
}

int main(void) {
    writer = open(0);
    gate = CreateEventA(NULL, FALSE, FALSE, NULL);
    reached = CreateEventA(NULL, FALSE, FALSE, NULL);
    files();
    work();
    returning();
    return finish();
}
