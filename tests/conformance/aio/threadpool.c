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

static DWORD ticks_of(ULONGLONG since) { return (DWORD)(GetTickCount64() - since); }
static FILETIME relative(LONG milliseconds) {
    LARGE_INTEGER t = {.QuadPart = (LONGLONG)milliseconds * -10000};
    return (FILETIME){t.LowPart, (DWORD)t.HighPart};
}

static VOID CALLBACK on_timer(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_TIMER timer) {
    (void)instance, (void)timer;
    if (InterlockedIncrement(&calls) == 3) SetEvent(context);
}

static PTP_TIMER contended;
static DWORD WINAPI set_contended(LPVOID due) {
    for (int i = 0; i < 5; ++i)
        SetThreadpoolTimer(contended, due, 0, 0);
    return 0;
}
static void set_by_many(void) {
    HANDLE threads[4];
    FILETIME due = relative(300);
    BOOL once = TRUE;
    for (int round = 0; round < 8; ++round) {
        calls = 0;
        contended = CreateThreadpoolTimer(on_timer, done, NULL);
        for (int i = 0; i < 4; ++i)
            threads[i] = CreateThread(NULL, 0, set_contended, &due, 0, NULL);
        WaitForMultipleObjects(4, threads, TRUE, INFINITE);
        Sleep(500);
        once &= calls == 1;
        CloseThreadpoolTimer(contended);
        for (int i = 0; i < 4; ++i)
            CloseHandle(threads[i]);
    }
    ResetEvent(done);
    CHECK(once, "set by four threads at once, it is set once");
}

static void timers(void) {
    calls = 0;
    PTP_TIMER timer = CreateThreadpoolTimer(on_timer, done, NULL);
    CHECK(timer && !IsThreadpoolTimerSet(timer), "CreateThreadpoolTimer: it is not set");
    FILETIME due = relative(200);
    ULONGLONG from = GetTickCount64();
    SetThreadpoolTimer(timer, &due, 100, 0);
    CHECK(IsThreadpoolTimerSet(timer), "SetThreadpoolTimer");
    CHECK(WaitForSingleObject(done, 5000) == WAIT_OBJECT_0 && ticks_of(from) >= 370,
          "due time, then the period");
    SetThreadpoolTimer(timer, NULL, 0, 0);
    WaitForThreadpoolTimerCallbacks(timer, TRUE);
    LONG seen = calls;
    Sleep(300);
    CHECK(calls == seen && !IsThreadpoolTimerSet(timer), "a null due time ends it");
    calls = 2;
    GetSystemTimeAsFileTime(&due);
    SetThreadpoolTimer(timer, &due, 0, 0);
    CHECK(WaitForSingleObject(done, 5000) == WAIT_OBJECT_0, "an absolute time that has passed: at once");
    for (int i = 0; i < 100 && IsThreadpoolTimerSet(timer); ++i)
        Sleep(10);
    CHECK(!IsThreadpoolTimerSet(timer), "without a period it is set once");
    CloseThreadpoolTimer(timer);
}

static volatile TP_WAIT_RESULT wait_result;
static VOID CALLBACK on_wait(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WAIT wait,
                             TP_WAIT_RESULT result) {
    (void)instance, (void)wait;
    wait_result = result;
    InterlockedIncrement(&calls);
    SetEvent(context);
}

static void objects(void) {
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    calls = 0;
    PTP_WAIT wait = CreateThreadpoolWait(on_wait, done, NULL);
    SetThreadpoolWait(wait, event, NULL);
    Sleep(50);
    CHECK(wait && calls == 0, "CreateThreadpoolWait, SetThreadpoolWait");
    SetEvent(event);
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 && wait_result == WAIT_OBJECT_0, "its callback");
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "the wait has reset the event");
    SetEvent(event);
    Sleep(50);
    CHECK(calls == 1 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "it must be set anew each time");
    FILETIME timeout = relative(100);
    SetThreadpoolWait(wait, event, &timeout);
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 && wait_result == WAIT_TIMEOUT, "its timeout");
    SetThreadpoolWait(wait, event, NULL);
    SetThreadpoolWait(wait, NULL, NULL);
    SetEvent(event);
    Sleep(50);
    CHECK(calls == 2 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "a null handle ends the wait");
    WaitForThreadpoolWaitCallbacks(wait, FALSE);
    CloseThreadpoolWait(wait);
    // More than one thread can wait for.
    static PTP_WAIT many[100];
    static HANDLE events[100];
    calls = 0;
    for (int i = 0; i < 100; ++i) {
        events[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        many[i] = CreateThreadpoolWait(on_wait, done, NULL);
        SetThreadpoolWait(many[i], events[i], NULL);
    }
    for (int i = 0; i < 100; ++i)
        SetEvent(events[i]);
    for (int i = 0; i < 200 && calls < 100; ++i)
        Sleep(10);
    CHECK(calls == 100, "a hundred waits");
    for (int i = 0; i < 100; ++i) {
        WaitForThreadpoolWaitCallbacks(many[i], FALSE);
        CloseThreadpoolWait(many[i]);
        CloseHandle(events[i]);
    }
    WaitForSingleObject(done, 0);
    CloseHandle(event);
}

static volatile BOOLEAN timed_out;
static VOID CALLBACK on_registered(PVOID context, BOOLEAN fired) {
    timed_out = fired;
    InterlockedIncrement(&calls);
    SetEvent(context);
}
static VOID CALLBACK on_registered_block(PVOID context, BOOLEAN fired) {
    (void)context, (void)fired;
    SetEvent(reached);
    WaitForSingleObject(gate, INFINITE);
    InterlockedIncrement(&calls);
}

static int cannot_register(HANDLE object) {
    HANDLE wait = NULL;
    if (WaitForSingleObject(object, 0) != WAIT_FAILED) return 0;
    const DWORD error = GetLastError();
    SetLastError(0);
    return !RegisterWaitForSingleObject(&wait, object, on_registered, done, INFINITE, 0) && !wait &&
           GetLastError() == error;
}

static void registered(void) {
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), wait = NULL;
    calls = 0;
    CHECK(RegisterWaitForSingleObject(&wait, event, on_registered, done, INFINITE, WT_EXECUTEDEFAULT) && wait,
          "RegisterWaitForSingleObject");
    for (int i = 1; i <= 3; ++i) {
        SetEvent(event);
        CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 && calls == i && !timed_out,
              "it goes on until it is unregistered");
    }
    CHECK(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "UnregisterWaitEx, INVALID_HANDLE_VALUE");
    SetEvent(event);
    Sleep(50);
    CHECK(calls == 3 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "and does not any more");
    RegisterWaitForSingleObject(&wait, event, on_registered, done, 100, WT_EXECUTEONLYONCE);
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 && timed_out, "TimerOrWaitFired: the interval");
    SetEvent(event);
    Sleep(200);
    CHECK(calls == 4 && ResetEvent(event), "WT_EXECUTEONLYONCE");
    for (int i = 0; i < 100 && !UnregisterWaitEx(wait, done); ++i)
        ;
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0, "UnregisterWaitEx, an event: it is set");
    RegisterWaitForSingleObject(&wait, event, on_registered_block, NULL, INFINITE, WT_EXECUTEONLYONCE);
    SetEvent(event);
    WaitForSingleObject(reached, INFINITE);
    CHECK(!UnregisterWait(wait) && GetLastError() == ERROR_IO_PENDING,
          "UnregisterWait while a callback runs: ERROR_IO_PENDING");
    SetEvent(gate);
    for (int i = 0; i < 100 && calls < 5; ++i)
        Sleep(10);
    CHECK(!RegisterWaitForSingleObject(&wait, (HANDLE)0x77770, on_registered, done, INFINITE, 0) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "no object: ERROR_INVALID_HANDLE");
    HANDLE no_wait, section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &no_wait, EVENT_MODIFY_STATE, FALSE, 0);
    CHECK(cannot_register(section) && cannot_register(no_wait),
          "a section, an event without SYNCHRONIZE: what WaitForSingleObject says");
    RegisterWaitForSingleObject(&wait, event, on_registered, done, INFINITE, WT_EXECUTEONLYONCE);
    SetEvent(event);
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0, "others are waited for");
    UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    CloseHandle(section);
    CloseHandle(no_wait);
    CloseHandle(event);
}

static void queues(void) {
    HANDLE queue = CreateTimerQueue(), timer = NULL;
    calls = 0;
    CHECK(queue && CreateTimerQueueTimer(&timer, queue, on_registered, done, 100, 0, WT_EXECUTEDEFAULT),
          "CreateTimerQueueTimer");
    CHECK(WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 && timed_out == TRUE, "TimerOrWaitFired is TRUE");
    Sleep(200);
    CHECK(calls == 1 && ChangeTimerQueueTimer(queue, timer, 10, 0), "a one-shot timer");
    Sleep(100);
    CHECK(calls == 1, "that has expired is not updated");
    CHECK(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "DeleteTimerQueueTimer");
    CHECK(!DeleteTimerQueueTimer(queue, timer, NULL), "only once");
    CreateTimerQueueTimer(&timer, queue, on_registered, done, 0, 50, 0);
    for (int i = 0; i < 100 && calls < 5; ++i)
        Sleep(50);
    CHECK(calls >= 5, "a period");
    CHECK(ChangeTimerQueueTimer(queue, timer, 100000, 0), "ChangeTimerQueueTimer");
    ResetEvent(done);
    CHECK(DeleteTimerQueueEx(queue, done) && WaitForSingleObject(done, 1000) == WAIT_OBJECT_0,
          "DeleteTimerQueueEx, an event");
    CHECK(CreateTimerQueueTimer(&timer, NULL, on_registered, done, 10, 0, 0) &&
              WaitForSingleObject(done, 1000) == WAIT_OBJECT_0 &&
              DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE),
          "the default queue");
}

int main(void) {
    writer = open(0);
    gate = CreateEventA(NULL, FALSE, FALSE, NULL);
    reached = CreateEventA(NULL, FALSE, FALSE, NULL);
    files();
    work();
    returning();
    timers();
    set_by_many();
    objects();
    registered();
    queues();
    return finish();
}
