// Reads from SlowDev while a second thread has work to do: reader [BYTES]
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static volatile LONG done;

// Keeps a processor busy: whom the device interrupts.
static DWORD WINAPI work(void* parameter) {
    (void)parameter;
    while (!done)
        YieldProcessor();
    return 0;
}

int main(int argc, char** argv) {
    char text[256];
    DWORD got = 0, wanted = argc > 1 ? (DWORD)atoi(argv[1]) : 8;
    if (wanted > sizeof text) wanted = sizeof text;
    HANDLE device = CreateFileA("\\\\.\\SlowDev", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "reader: CreateFile: error %lu\n", GetLastError());
        return 1;
    }
    HANDLE worker = CreateThread(NULL, 0, work, NULL, 0, NULL);
    BOOL ok = ReadFile(device, text, wanted, &got, NULL);
    DWORD error = GetLastError();
    done = 1;
    WaitForSingleObject(worker, INFINITE);
    CloseHandle(worker);
    CloseHandle(device);
    if (!ok) {
        fprintf(stderr, "reader: ReadFile: error %lu\n", error);
        return 1;
    }
    printf("%lu bytes: %.*s\n", got, (int)got, text);
    return 0;
}
