// Reads zeros, of several lengths.
//     drvlab run --driver zero.sys -- zero_client.exe
#include <stdio.h>
#include <string.h>
#include <windows.h>

static unsigned char buffer[100000];

int main(void) {
    HANDLE device = CreateFileA("\\\\.\\Zero", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "zero_client: \\\\.\\Zero: error %lu\n", GetLastError());
        return 1;
    }
    static const DWORD lengths[] = {0, 1, 4096, sizeof buffer};
    int wrong = 0;
    for (int i = 0; i < 4; ++i) {
        memset(buffer, 0xee, sizeof buffer);
        DWORD bytes = 0, others = 0;
        BOOL ok = ReadFile(device, buffer, lengths[i], &bytes, NULL);
        for (DWORD k = 0; k < sizeof buffer; ++k)
            others += buffer[k] != (k < bytes ? 0 : 0xee);
        printf("read %lu: %s, %lu bytes, %lu of them not zero\n", lengths[i], ok ? "ok" : "failed", bytes,
               others);
        wrong += !ok || bytes != lengths[i] || others;
    }
    DWORD bytes = 0;
    BOOL ok = WriteFile(device, buffer, sizeof buffer, &bytes, NULL);
    printf("write %lu: %s, %lu bytes\n", (DWORD)sizeof buffer, ok ? "ok" : "failed", bytes);
    CloseHandle(device);
    return wrong || !ok;
}
