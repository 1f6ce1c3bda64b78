// Asks the Fault driver for one of its faults: fault_client NAME; without a name it lists them.
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "fault.h"

int main(int argc, char** argv) {
    static const struct {
        const char* name;
        DWORD code;
        const char* what;
    } faults[] = {
#define ROW(name, function, what) {#name, FAULT_CODE(function), what},
        FAULTS(ROW)};
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; ++i) {
        if (argc < 2) {
            printf("%-20s %s\n", faults[i].name, faults[i].what);
            continue;
        }
        if (strcmp(argv[1], faults[i].name) != 0) continue;
        HANDLE device =
            CreateFileA("\\\\.\\Fault", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (device == INVALID_HANDLE_VALUE) {
            fprintf(stderr, "fault_client: CreateFile: error %lu\n", GetLastError());
            return 2;
        }
        DWORD done;
        BOOL ok = DeviceIoControl(device, faults[i].code, NULL, 0, NULL, 0, &done, NULL);
        printf("survived: %s %lu\n", ok ? "success" : "error", ok ? 0 : GetLastError());
        return 0;
    }
    return argc < 2 ? 0 : 3;
}
