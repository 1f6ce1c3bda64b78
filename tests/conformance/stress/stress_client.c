// Threads that do everything to the Stress device at once: stress_client ROUNDS [THREADS]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "stress.h"

#define MOST_THREADS 32
static LONG rounds;
static LONG done, cancelled, failed;
static HANDLE file, bound, port, semaphore, event;

typedef struct {
    OVERLAPPED o;
    HANDLE told; // by the port's thread
    char buffer[64];
} READ;

static void wrong(const char* what) {
    printf("%s: error %lu\n", what, GetLastError());
    InterlockedIncrement(&failed);
}
static void ended(BOOL ok, DWORD bytes, const READ* r) {
    if (ok && bytes == sizeof r->buffer && r->buffer[63] == 's')
        InterlockedIncrement(&done);
    else if (!ok && GetLastError() == ERROR_OPERATION_ABORTED)
        InterlockedIncrement(&cancelled);
    else
        wrong("a read");
}
static HANDLE open_device(DWORD flags) {
    return CreateFileA("\\\\.\\Stress", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, flags, NULL);
}
static BOOL start(HANDLE h, READ* r) {
    return ReadFile(h, r->buffer, sizeof r->buffer, NULL, &r->o) || GetLastError() == ERROR_IO_PENDING;
}

static void by_event(DWORD patience) {
    READ r = {.o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD n = 0;
    if (!start(file, &r)) wrong("ReadFile");
    if (WaitForSingleObject(r.o.hEvent, patience) == WAIT_TIMEOUT) CancelIoEx(file, &r.o);
    const BOOL ok = GetOverlappedResult(file, &r.o, &n, TRUE);
    ended(ok, n, &r);
    CloseHandle(r.o.hEvent);
}
static VOID CALLBACK routine(DWORD error, DWORD bytes, OVERLAPPED* o) {
    READ* r = (READ*)o;
    SetLastError(error);
    ended(error == 0, bytes, r);
    r->told = (HANDLE)1;
}
static void by_routine(DWORD patience) {
    READ r = {.o = {0}};
    if (!ReadFileEx(file, r.buffer, sizeof r.buffer, &r.o, routine)) return wrong("ReadFileEx");
    SleepEx(patience, TRUE);
    if (!r.told) CancelIoEx(file, &r.o);
    while (!r.told)
        SleepEx(INFINITE, TRUE);
}
static void by_port(void) {
    READ r = {.told = CreateEventA(NULL, FALSE, FALSE, NULL)};
    if (!start(bound, &r))
        wrong("ReadFile");
    else
        WaitForSingleObject(r.told, INFINITE);
    CloseHandle(r.told);
}
static DWORD WINAPI takes(void* parameter) {
    DWORD n;
    ULONG_PTR key;
    OVERLAPPED* o;
    for (;;) {
        BOOL ok = GetQueuedCompletionStatus(port, &n, &key, &o, INFINITE);
        if (!o) return 0;
        ended(ok, n, (READ*)o);
        SetEvent(((READ*)o)->told);
    }
    (void)parameter;
}
static void synchronously(DWORD number) {
    HANDLE h = open_device(0);
    DWORD n = 0, answer = 0;
    if (!DeviceIoControl(h, IOCTL_STRESS_WAIT, &number, sizeof number, &answer, sizeof answer, &n, NULL) ||
        answer != number)
        wrong("DeviceIoControl");
    CloseHandle(h);
}
static void by_timer(DWORD number) {
    HANDLE timer = CreateWaitableTimerA(NULL, number & 1, NULL), both[2] = {timer, semaphore};
    LARGE_INTEGER due;
    due.QuadPart = -10000 * (LONGLONG)(1 + number % 4);
    SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE);
    if (WaitForMultipleObjects(2, both, number & 2, 20) == WAIT_FAILED) wrong("WaitForMultipleObjects");
    ReleaseSemaphore(semaphore, 1, NULL);
    CloseHandle(timer);
}
static void hand_over(DWORD patience) {
    SetEvent(event);
    WaitForSingleObject(event, patience);
    SwitchToThread();
}
static DWORD WINAPI reads_and_ends(void* parameter) {
    return !ReadFile(file, ((READ*)parameter)->buffer, 64, NULL, &((READ*)parameter)->o) &&
           GetLastError() != ERROR_IO_PENDING;
}
static void left_by_a_thread(void) { // its end cancels the read, if it has not ended by then
    READ r = {.o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD n = 0;
    HANDLE thread = CreateThread(NULL, 0, reads_and_ends, &r, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    const BOOL ok = GetOverlappedResult(file, &r.o, &n, TRUE);
    ended(ok, n, &r);
    CloseHandle(r.o.hEvent);
}

static DWORD WINAPI works(void* parameter) {
    DWORD dice = (DWORD)(ULONG_PTR)parameter * 2654435761u + 1;
    for (LONG i = 0; i < rounds; ++i) {
        dice = dice * 1103515245u + 12345;
        const DWORD number = dice >> 8;
        switch ((dice >> 24) % 8) {
        case 0:
        case 1:
            by_event(1 + number % 30);
            break;
        case 2:
            by_routine(1 + number % 30);
            break;
        case 3:
            by_port();
            break;
        case 4:
            synchronously(number);
            break;
        case 5:
            by_timer(number);
            break;
        case 6:
            hand_over(number % 3);
            break;
        default:
            if (number % 8)
                hand_over(1);
            else
                left_by_a_thread();
        }
    }
    return 0;
}

int main(int argc, char** argv) {
    HANDLE threads[MOST_THREADS], takers[2];
    int count = argc > 2 ? atoi(argv[2]) : 16;
    rounds = argc > 1 ? atoi(argv[1]) : 100;
    if (count < 1 || count > MOST_THREADS) return 2;
    file = open_device(FILE_FLAG_OVERLAPPED);
    bound = open_device(FILE_FLAG_OVERLAPPED);
    if (file == INVALID_HANDLE_VALUE || bound == INVALID_HANDLE_VALUE) return wrong("CreateFile"), 1;
    port = CreateIoCompletionPort(bound, NULL, 1, 0);
    semaphore = CreateSemaphoreA(NULL, 2, 1000000, NULL);
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (int i = 0; i < 2; ++i)
        takers[i] = CreateThread(NULL, 0, takes, NULL, 0, NULL);
    for (int i = 0; i < count; ++i)
        threads[i] = CreateThread(NULL, 0, works, (void*)(ULONG_PTR)(i + 1), 0, NULL);
    WaitForMultipleObjects((DWORD)count, threads, TRUE, INFINITE);
    for (int i = 0; i < 2; ++i)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(2, takers, TRUE, INFINITE);
    STRESS_COUNTS counts = {0};
    DWORD n = 0;
    HANDLE h = open_device(0);
    if (!DeviceIoControl(h, IOCTL_STRESS_COUNTS, NULL, 0, &counts, sizeof counts, &n, NULL))
        wrong("the counts");
    if (counts.pended != counts.completed + counts.cancelled || counts.blocks || done != counts.completed ||
        cancelled != counts.cancelled)
        printf("%ld reads were pended, %ld completed (%ld told), %ld cancelled (%ld told), %ld blocks are "
               "left\n",
               counts.pended, counts.completed, done, counts.cancelled, cancelled, counts.blocks),
            ++failed;
    printf("%d threads, %ld rounds: %s\n", count, rounds,
           failed ? "something is wrong" : "every read has ended once");
    if (rounds)
        printf("%s\n", done && cancelled ? "some completed, some were cancelled" : "not both ends were seen");
    CloseHandle(h);
    return failed != 0;
}
