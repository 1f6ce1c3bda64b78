// A completion port and a few threads that work for it.
//     drvlab run --driver csqdev.sys -- ioport.exe
//
// A file that is bound to a port tells of each request that ends by a packet in the port: bytes, the file's
// key, the request's OVERLAPPED. Any thread may take it; the port wakes the thread that came last and lets no
// more run at once than it was made for. PostQueuedCompletionStatus puts in packets of the program's own,
// here to tell the workers to end.
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define WORKERS 3
#define READS 9
#define KEY_DEVICE 1
#define KEY_STOP 2

typedef struct {
    OVERLAPPED overlapped; // first, so that its address is the request's
    int number;
    char buffer[32];
} REQUEST;

static HANDLE port;
static REQUEST requests[READS];
static LONG ended, by_worker[WORKERS];

static DWORD WINAPI worker(void* parameter) {
    int self = (int)(INT_PTR)parameter;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED* overlapped;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
        if (!overlapped && key == KEY_STOP) return 0;
        if (!overlapped) return GetLastError(); // the call itself failed
        REQUEST* request = CONTAINING_RECORD(overlapped, REQUEST, overlapped);
        request->buffer[ok ? bytes : 0] = 0;
        InterlockedIncrement(&by_worker[self]);
        InterlockedIncrement(&ended);
    }
}

int main(void) {
    HANDLE device = CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "ioport: \\\\.\\CsqDev: error %lu\n", GetLastError());
        return 1;
    }
    port = CreateIoCompletionPort(device, NULL, KEY_DEVICE, 2);
    printf("port: %s\n", port ? "bound to the device" : "failed");
    HANDLE threads[WORKERS];
    for (INT_PTR i = 0; i < WORKERS; ++i)
        threads[i] = CreateThread(NULL, 0, worker, (void*)i, 0, NULL);
    for (int i = 0; i < READS; ++i) {
        requests[i].number = i;
        if (!ReadFile(device, requests[i].buffer, sizeof requests[i].buffer - 1, NULL,
                      &requests[i].overlapped) &&
            GetLastError() != ERROR_IO_PENDING)
            printf("read %d: error %lu\n", i, GetLastError());
    }

    // Our writes end at once and need no packet: the low bit of the event handle says so.
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < READS - 1; ++i) {
        char text[16];
        sprintf(text, "message %d", i);
        OVERLAPPED write = {0};
        write.hEvent = (HANDLE)((ULONG_PTR)event | 1);
        WriteFile(device, text, (DWORD)strlen(text), NULL, &write);
    }
    // The last read is cancelled; that is a packet, too.
    CancelIoEx(device, &requests[READS - 1].overlapped);

    while (InterlockedCompareExchange(&ended, 0, 0) < READS)
        Sleep(1);
    for (int i = 0; i < WORKERS; ++i)
        PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL);
    WaitForMultipleObjects(WORKERS, threads, TRUE, INFINITE);

    LONG sum = 0;
    for (int i = 0; i < READS; ++i) {
        DWORD bytes;
        if (GetOverlappedResult(device, &requests[i].overlapped, &bytes, FALSE))
            printf("read %d: \"%s\"\n", i, requests[i].buffer);
        else
            printf("read %d: error %lu\n", i, GetLastError());
    }
    for (int i = 0; i < WORKERS; ++i)
        sum += by_worker[i];
    printf("%ld packets were taken by %d threads\n", sum, WORKERS);
    CloseHandle(event);
    CloseHandle(device);
    CloseHandle(port);
    return sum == READS ? 0 : 1;
}
