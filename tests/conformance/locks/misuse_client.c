// Asks the Misuse driver to break rules of locks: misuse_client NAME…; without a name it lists them.
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "misuse.h"

static const struct {
    const char* name;
    DWORD code;
    const char* what;
} misuses[] = {
#define ROW(name, number, what) {#name, MISUSE_CODE(number), what},
    MISUSES(ROW)};

int main(int argc, char** argv) {
    if (argc < 2)
        for (unsigned i = 0; i < sizeof misuses / sizeof *misuses; ++i)
            printf("%-20s %s\n", misuses[i].name, misuses[i].what);
    for (int n = 1; n < argc; ++n) {
        unsigned i = 0;
        while (i < sizeof misuses / sizeof *misuses && strcmp(argv[n], misuses[i].name))
            ++i;
        if (i == sizeof misuses / sizeof *misuses) return 3;
        HANDLE device =
            CreateFileA("\\\\.\\Misuse", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (device == INVALID_HANDLE_VALUE) return 2;
        DWORD done;
        BOOL ok = DeviceIoControl(device, misuses[i].code, NULL, 0, NULL, 0, &done, NULL);
        printf("%s: %s\n", argv[n], ok ? "survived" : "failed");
        fflush(stdout);
        CloseHandle(device);
    }
    return 0;
}
