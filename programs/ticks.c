// Reads from the TimerDev device: once after a while, then periodically. Exit status: 0 if every read came
// when it was due, to the resolution of the clock (15.625 ms).
//     drvlab run --driver timerdev.sys -- ticks.exe [PERIOD-IN-MILLISECONDS]
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <winioctl.h>

#include "../drivers/timerdev/timerdev.h"

static int late;

static void report(const char* what, const TIMERDEV_STAMP* stamp, double ms, double wanted) {
    int right = ms >= wanted - 16 && ms <= wanted + 48;
    printf("%s %lu after about %.0f ms: %s (%lu missed)\n", what, stamp->number, wanted,
           right ? "in time" : "LATE", stamp->missed);
    late += !right;
}

int main(int argc, char** argv) {
    DWORD done, period = argc > 1 ? strtoul(argv[1], NULL, 0) : 100;
    HANDLE device =
        CreateFileA("\\\\.\\TimerDev", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        printf("\\\\.\\TimerDev: error %lu\n", GetLastError());
        return 2;
    }
    LARGE_INTEGER frequency, before, after;
    TIMERDEV_STAMP stamp;
    TIMERDEV_START start = {50, 0};
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&before);
    if (!DeviceIoControl(device, IOCTL_TIMERDEV_START, &start, sizeof start, NULL, 0, &done, NULL) ||
        !ReadFile(device, &stamp, sizeof stamp, &done, NULL)) {
        printf("error %lu\n", GetLastError());
        return 2;
    }
    QueryPerformanceCounter(&after);
    report("one-shot", &stamp, (double)(after.QuadPart - before.QuadPart) * 1000 / (double)frequency.QuadPart,
           50);
    start.due = start.period = period;
    DeviceIoControl(device, IOCTL_TIMERDEV_START, &start, sizeof start, NULL, 0, &done, NULL);
    long long last = 0;
    for (int i = 0; i < 5 && ReadFile(device, &stamp, sizeof stamp, &done, NULL); ++i) {
        if (last) report("periodic", &stamp, (double)(stamp.time - last) / 10000, period);
        last = stamp.time;
    }
    DeviceIoControl(device, IOCTL_TIMERDEV_STOP, NULL, 0, NULL, 0, &done, NULL);
    if (!ReadFile(device, &stamp, 4, &done, NULL)) printf("a buffer of 4 bytes: error %lu\n", GetLastError());
    CloseHandle(device);
    return late != 0;
}
