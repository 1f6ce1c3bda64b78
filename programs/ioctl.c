// Sends one control code to a device and prints what comes back: ioctl NAME CODE [INPUT [SIZE]]
// NAME is a Win32 name, CODE a number, INPUT hexadecimal digits, SIZE that of the output buffer. Exit status:
// 0, or 1 if the device did not open or the request failed; the reason goes to standard error.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

static int failed(const char* call) {
    DWORD error = GetLastError();
    char message[256] = "";
    FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, message,
                   sizeof message, NULL);
    message[strcspn(message, "\r\n")] = 0;
    fprintf(stderr, "%s: error %lu: %s\n", call, error, message);
    return 1;
}

static void dump(const unsigned char* bytes, DWORD size) {
    for (DWORD at = 0; at < size; at += 16) {
        DWORD n = size - at < 16 ? size - at : 16;
        printf("%08lx ", at);
        for (DWORD i = 0; i < 16; ++i)
            printf(i < n ? " %02x" : "   ", i < n ? bytes[at + i] : 0);
        printf("  ");
        for (DWORD i = 0; i < n; ++i)
            putchar(isprint(bytes[at + i]) ? bytes[at + i] : '.');
        printf("\n");
    }
}

int main(int argc, char** argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: ioctl NAME CODE [INPUT [SIZE]]\n");
        return 2;
    }
    DWORD code = strtoul(argv[2], NULL, 0), size = argc > 4 ? strtoul(argv[4], NULL, 0) : 0, in_size = 0,
          done = 0;
    const char* digits = argc > 3 ? argv[3] : "";
    unsigned char* in = malloc(strlen(digits) / 2 + 1);
    unsigned char* out = calloc(size + 1, 1);
    if (!in || !out) return failed("memory");
    for (; digits[0] && digits[1]; digits += 2) {
        unsigned byte;
        if (sscanf(digits, "%2x", &byte) != 1) break;
        in[in_size++] = (unsigned char)byte;
    }
    if (*digits) {
        fprintf(stderr, "ioctl: INPUT is not pairs of hexadecimal digits\n");
        return 2;
    }
    // As much access as the device grants.
    static const DWORD access[] = {GENERIC_READ | GENERIC_WRITE, GENERIC_READ, GENERIC_WRITE, 0};
    HANDLE device = INVALID_HANDLE_VALUE;
    for (int i = 0; i < 4 && device == INVALID_HANDLE_VALUE; ++i) {
        device =
            CreateFileA(argv[1], access[i], FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
        if (device == INVALID_HANDLE_VALUE && GetLastError() != ERROR_ACCESS_DENIED) break;
    }
    if (device == INVALID_HANDLE_VALUE) return failed(argv[1]);
    BOOL ok =
        DeviceIoControl(device, code, in_size ? in : NULL, in_size, size ? out : NULL, size, &done, NULL);
    DWORD error = GetLastError();
    if (ok || error == ERROR_MORE_DATA) {
        printf("%lu byte%s returned\n", done, done == 1 ? "" : "s");
        dump(out, done < size ? done : size);
    }
    SetLastError(error);
    int status = ok ? 0 : failed("DeviceIoControl");
    CloseHandle(device);
    return status;
}
