// Runs the checks of a conformance driver and prints their report: conform TOPIC. Exit status 1 if a check
// failed, 2 if it could not be asked.
#include <windows.h>
#include <winioctl.h>

#include "conform.h"
#include "program.h"

static char text[CONFORM_REPORT_SIZE + 1];

int main(int argc, char** argv) {
    char name[64];
    snprintf(name, sizeof name, "\\\\.\\Conform%s", argc > 1 ? argv[1] : "");
    HANDLE device = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "conform: %s: error %lu\n", name, GetLastError());
        return 2;
    }
    DWORD size = 0;
    if (!DeviceIoControl(device, IOCTL_CONFORM_RUN, NULL, 0, text, CONFORM_REPORT_SIZE, &size, NULL)) {
        fprintf(stderr, "conform: %s: RUN: error %lu\n", name, GetLastError());
        return 2;
    }
    text[size] = 0;
    fputs(text, stdout);
    for (char* line = text; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "PASS", 4) == 0)
            ++passes;
        else
            ++failures;
    }
    CloseHandle(device);
    return passes ? finish() : 2;
}
