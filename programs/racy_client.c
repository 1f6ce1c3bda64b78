// racy_client cancel | remove | event [ROUNDS]: two threads that meet in one of the races of \\.\Racy. Says
// nothing and ends with 0 when every round went well.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "../drivers/racy/racy.h"

static HANDLE device;
static int rounds = 10;
static volatile LONG stop;

static DWORD control(DWORD code) {
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD bytes, error = 0;
    if (!DeviceIoControl(device, code, NULL, 0, NULL, 0, NULL, &overlapped)) error = GetLastError();
    if (error == ERROR_IO_PENDING)
        error = GetOverlappedResult(device, &overlapped, &bytes, TRUE) ? 0 : GetLastError();
    CloseHandle(overlapped.hEvent);
    return error;
}

// 1. One thread's request is held and then cancelled, while the other one finishes it.
static DWORD WINAPI finish(void* unused) {
    (void)unused;
    while (!stop)
        control(RACY_FINISH);
    return 0;
}
static void hold_and_cancel(void) {
    for (int i = 0; i < rounds; i++) {
        OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
        DWORD bytes;
        DeviceIoControl(device, RACY_HOLD, NULL, 0, NULL, 0, NULL, &overlapped);
        CancelIoEx(device, &overlapped);
        GetOverlappedResult(device, &overlapped, &bytes, TRUE);
        CloseHandle(overlapped.hEvent);
    }
}

// 2. One thread uses, the other removes.
static DWORD WINAPI use(void* unused) {
    (void)unused;
    while (!stop)
        control(RACY_USE);
    return 0;
}
static void start_and_remove(void) {
    for (int i = 0; i < rounds && control(RACY_START) == 0; i++) {
        SwitchToThread();
        control(RACY_REMOVE);
    }
}

// 3. One thread asks, the other answers.
static DWORD WINAPI answer(void* unused) {
    (void)unused;
    for (int answered = 0; answered < rounds;)
        if (control(RACY_ANSWER) == 0)
            answered++;
        else
            SwitchToThread();
    return 0;
}
static void ask(void) {
    for (int i = 0; i < rounds; i++)
        control(RACY_ASK);
}

int main(int argc, char** argv) {
    static const struct {
        const char* name;
        LPTHREAD_START_ROUTINE other;
        void (*mine)(void);
    } races[] = {
        {"cancel", finish, hold_and_cancel}, {"remove", use, start_and_remove}, {"event", answer, ask}};
    int race = 0;
    while (race < 3 && (argc < 2 || strcmp(argv[1], races[race].name)))
        race++;
    if (race == 3) {
        fprintf(stderr, "usage: racy_client cancel | remove | event [ROUNDS]\n");
        return 2;
    }
    if (argc > 2) rounds = atoi(argv[2]);
    device = CreateFileA("\\\\.\\Racy", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                         NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "\\\\.\\Racy: error %lu\n", GetLastError());
        return 1;
    }
    HANDLE thread = CreateThread(NULL, 0, races[race].other, NULL, 0, NULL);
    races[race].mine();
    stop = 1;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(device);
    return 0;
}
