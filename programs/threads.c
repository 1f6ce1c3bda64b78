// Many threads: producers and consumers of a bounded queue, held together by a mutex and two semaphores; an
// event that starts them all; a thread of higher priority that counts what it sees. Exit status: 0 if nothing
// was lost.
//     drvlab run --cpus 4 -- threads.exe [THREADS] [ITEMS-PER-PRODUCER]
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define ROOM 4
#define MOST 32

static HANDLE start, mutex, full, empty;
static int queue[ROOM], first, count, most;
static volatile LONG taken, sum, ran_on;
static LONG items;

static void note_processor(void) { InterlockedOr(&ran_on, 1 << (GetCurrentProcessorNumber() & 31)); }

static DWORD WINAPI produce(void* argument) {
    int number = (int)(INT_PTR)argument;
    WaitForSingleObject(start, INFINITE);
    for (LONG i = 0; i < items; ++i) {
        WaitForSingleObject(empty, INFINITE);
        WaitForSingleObject(mutex, INFINITE);
        queue[(first + count++) % ROOM] = number * 1000 + i;
        if (count > most) most = count;
        ReleaseMutex(mutex);
        ReleaseSemaphore(full, 1, NULL);
        note_processor();
    }
    return 0;
}

static DWORD WINAPI consume(void* argument) {
    WaitForSingleObject(start, INFINITE);
    for (LONG i = 0; i < items; ++i) {
        WaitForSingleObject(full, INFINITE);
        WaitForSingleObject(mutex, INFINITE);
        int item = queue[first];
        first = (first + 1) % ROOM;
        --count;
        ReleaseMutex(mutex);
        ReleaseSemaphore(empty, 1, NULL);
        InterlockedIncrement(&taken);
        InterlockedExchangeAdd(&sum, item);
        note_processor();
    }
    return (DWORD)(ULONG_PTR)argument;
}

static DWORD WINAPI watch(void* stop) {
    int looks = 0;
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
    while (WaitForSingleObject(stop, 10) == WAIT_TIMEOUT)
        ++looks;
    return (DWORD)looks;
}

int main(int argc, char** argv) {
    int pairs = argc > 1 ? atoi(argv[1]) / 2 : 4;
    items = argc > 2 ? atoi(argv[2]) : 100;
    if (pairs < 1 || pairs > MOST / 2 || items < 1 || items > 1000) {
        printf("usage: threads [2 to %d threads] [1 to 1000 items]\n", MOST);
        return 2;
    }
    HANDLE threads[MOST], stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    LONG wanted = 0;
    start = CreateEventW(NULL, TRUE, FALSE, NULL);
    mutex = CreateMutexW(NULL, FALSE, NULL);
    full = CreateSemaphoreW(NULL, 0, ROOM, NULL);
    empty = CreateSemaphoreW(NULL, ROOM, ROOM, NULL);
    for (int i = 0; i < pairs; ++i) {
        threads[2 * i] = CreateThread(NULL, 0, produce, (void*)(INT_PTR)i, 0, NULL);
        threads[2 * i + 1] = CreateThread(NULL, 0, consume, (void*)(INT_PTR)i, 0, NULL);
        for (LONG k = 0; k < items; ++k)
            wanted += i * 1000 + k;
    }
    HANDLE watcher = CreateThread(NULL, 0, watch, stop, 0, NULL);
    SetEvent(start);
    WaitForMultipleObjects((DWORD)(2 * pairs), threads, TRUE, INFINITE);
    SetEvent(stop);
    WaitForSingleObject(watcher, INFINITE);
    int right = taken == pairs * items && sum == wanted && most <= ROOM && count == 0;
    printf("%d producers and %d consumers, %ld items each: %ld taken, %s\n", pairs, pairs, items, taken,
           right ? "none lost" : "SOMETHING IS WRONG");
    int processors = 0;
    for (LONG mask = ran_on; mask; mask &= mask - 1)
        ++processors;
    printf("they ran on %d processor%s\n", processors, processors == 1 ? "" : "s");
    return !right;
}
