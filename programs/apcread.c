// Reads that call back: ReadFileEx and alertable waits.
//     drvlab run --driver csqdev.sys -- apcread.exe
//
// The completion routine of ReadFileEx is an asynchronous procedure call to the thread that asked. It runs
// there and nowhere else, and only while the thread waits alertably (SleepEx, WaitForSingleObjectEx …): until
// then it is queued. The wait ends with WAIT_IO_COMPLETION when it has run.
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define READS 3

static int calls;
static DWORD main_thread;
static char buffers[READS][32];

// hEvent is ours to use with ReadFileEx: here the number of the read.
static VOID CALLBACK read_ended(DWORD error, DWORD bytes, OVERLAPPED* overlapped) {
    int number = (int)(INT_PTR)overlapped->hEvent;
    ++calls;
    printf("  routine of read %d: error %lu, %lu bytes, \"%.*s\", %s thread\n", number, error, bytes,
           (int)bytes, buffers[number], GetCurrentThreadId() == main_thread ? "the same" : "another");
}

static void write_text(HANDLE device, const char* text) {
    OVERLAPPED write = {0};
    DWORD done = 0;
    BOOL ok = WriteFile(device, text, (DWORD)strlen(text), &done, &write);
    printf("write \"%s\": error %lu\n", text, ok ? 0 : GetLastError());
}

static const char* name_of(DWORD result) {
    return result == WAIT_IO_COMPLETION ? "WAIT_IO_COMPLETION" : result == 0 ? "0: the time is over" : "?";
}

int main(void) {
    HANDLE device = CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "apcread: \\\\.\\CsqDev: error %lu\n", GetLastError());
        return 1;
    }
    main_thread = GetCurrentThreadId();
    OVERLAPPED request[READS] = {{0}};
    for (int i = 0; i < READS; ++i) {
        request[i].hEvent = (HANDLE)(INT_PTR)i;
        BOOL ok = ReadFileEx(device, buffers[i], sizeof buffers[i], &request[i], read_ended);
        printf("ReadFileEx %d: error %lu\n", i, ok ? 0 : GetLastError());
    }
    printf("SleepEx, nothing has ended: %s\n", name_of(SleepEx(10, TRUE)));
    write_text(device, "first");
    write_text(device, "second");
    Sleep(10);
    printf("Sleep is not alertable: %d calls so far\n", calls);
    printf("SleepEx: %s\n", name_of(SleepEx(1000, TRUE)));
    printf("%d calls so far\n", calls);
    CancelIo(device);
    printf("SleepEx after CancelIo: %s\n", name_of(SleepEx(1000, TRUE)));
    printf("SleepEx, nothing is left: %s\n", name_of(SleepEx(10, TRUE)));
    CloseHandle(device);
    return calls == READS ? 0 : 1;
}
