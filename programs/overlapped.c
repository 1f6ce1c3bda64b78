// Many overlapped reads on one handle, each with an event of its own.
//     drvlab run --driver csqdev.sys -- overlapped.exe
//
// ReadFile on a handle opened with FILE_FLAG_OVERLAPPED returns at once: FALSE and ERROR_IO_PENDING while the
// request is under way. Buffer and OVERLAPPED belong to the system until it has ended; its event tells when,
// and GetOverlappedResult how. An OVERLAPPED and its event serve one request at a time.
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define READS 6

int main(void) {
    HANDLE device = CreateFileA("\\\\.\\CsqDev", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "overlapped: \\\\.\\CsqDev: error %lu\n", GetLastError());
        return 1;
    }
    OVERLAPPED request[READS] = {{0}};
    HANDLE event[READS];
    char buffer[READS][32] = {{0}};
    for (int i = 0; i < READS; ++i) {
        request[i].hEvent = event[i] = CreateEventA(NULL, TRUE, FALSE, NULL);
        BOOL ok = ReadFile(device, buffer[i], sizeof buffer[i] - 1, NULL, &request[i]);
        printf("read %d: %s\n", i,
               ok                                   ? "completed"
               : GetLastError() == ERROR_IO_PENDING ? "pending"
                                                    : "failed");
    }

    // The fourth one is not wanted any more. It ends like any other request, only with an error.
    BOOL ok = CancelIoEx(device, &request[3]);
    printf("CancelIoEx of read 3: error %lu\n", ok ? 0 : GetLastError());

    // Writes serve the oldest read. They are overlapped, too, and this driver completes them at once.
    const char* words[] = {"one", "two", "three", "four", "five"};
    for (int i = 0; i < 5; ++i) {
        OVERLAPPED write = {0};
        DWORD done = 0;
        ok = WriteFile(device, words[i], (DWORD)strlen(words[i]), &done, &write);
        printf("write \"%s\": error %lu, %lu bytes\n", words[i], ok ? 0 : GetLastError(), done);
    }

    DWORD first = WaitForMultipleObjects(READS, event, TRUE, 1000);
    printf("WaitForMultipleObjects, all: %s\n", first == WAIT_OBJECT_0 ? "all have ended" : "timeout");
    for (int i = 0; i < READS; ++i) {
        DWORD done = 0;
        ok = GetOverlappedResult(device, &request[i], &done, FALSE);
        if (ok)
            printf("read %d: %lu bytes, \"%s\"\n", i, done, buffer[i]);
        else
            printf("read %d: error %lu%s\n", i, GetLastError(),
                   GetLastError() == ERROR_OPERATION_ABORTED ? " (ERROR_OPERATION_ABORTED)" : "");
        CloseHandle(event[i]);
    }
    ok = CancelIoEx(device, NULL);
    printf("CancelIoEx of all that is left: error %lu\n", ok ? 0 : GetLastError());
    CloseHandle(device);
    return 0;
}
