// Sends a text through the parallel port and reads what the device gives back, then queues three writes and
// cancels the second: parport_client [TEXT]
#include <stdio.h>
#include <string.h>
#include <windows.h>

static int failed(const char* call) {
    fprintf(stderr, "parport_client: %s: error %lu\n", call, GetLastError());
    return 1;
}

static int there_and_back(const char* text) {
    HANDLE port =
        CreateFileA("\\\\.\\Parport", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (port == INVALID_HANDLE_VALUE) return failed("CreateFile");
    DWORD length = (DWORD)strlen(text), written = 0, got = 0;
    char back[4096];
    if (!WriteFile(port, text, length, &written, NULL)) return failed("WriteFile");
    printf("%lu bytes sent\n", written);
    if (!ReadFile(port, back, sizeof back, &got, NULL)) return failed("ReadFile");
    printf("%lu bytes came back: %.*s\n", got, (int)got, back);
    CloseHandle(port);
    return written != length || got != length || memcmp(text, back, length) != 0;
}

static int three_writes(void) {
    HANDLE port = CreateFileA("\\\\.\\Parport", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    if (port == INVALID_HANDLE_VALUE) return failed("CreateFile");
    static char data[3][1000];
    OVERLAPPED write[3];
    memset(write, 0, sizeof write);
    for (int i = 0; i < 3; ++i) {
        memset(data[i], 'A' + i, sizeof data[i]);
        write[i].hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
        if (!WriteFile(port, data[i], sizeof data[i], NULL, &write[i]) && GetLastError() != ERROR_IO_PENDING)
            return failed("WriteFile");
    }
    if (!CancelIoEx(port, &write[1])) return failed("CancelIoEx");
    for (int i = 0; i < 3; ++i) {
        DWORD sent = 0;
        if (GetOverlappedResult(port, &write[i], &sent, TRUE))
            printf("write %d: %lu bytes sent\n", i + 1, sent);
        else
            printf("write %d: %s\n", i + 1,
                   GetLastError() == ERROR_OPERATION_ABORTED ? "cancelled" : "failed");
        CloseHandle(write[i].hEvent);
    }
    CloseHandle(port);
    return 0;
}

int main(int argc, char** argv) {
    const int first = there_and_back(argc > 1 ? argv[1] : "Hello, parallel world!");
    return first ? first : three_writes();
}
