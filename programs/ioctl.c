// Sends one control code to a device and prints what comes back: ioctl NAME CODE [INPUT [SIZE]]
// NAME is a Win32 name, CODE a number, INPUT hexadecimal digits or "-" for those on standard input (a command
// line has 32,767 characters at most), SIZE that of the output buffer. Exit status: 0, or 1 if the device did
// not open or the request failed, 127 if what came back cannot be printed; the reason goes to standard error.
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

// All of standard input as a string.
static char* read_digits(void) {
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    size_t size = 0, room = 1 << 16;
    char* text = malloc(room);
    for (DWORD n; text && ReadFile(input, text + size, (DWORD)(room - size - 1), &n, NULL) && n;) {
        size += n;
        if (room - size > 1) continue;
        char* larger = realloc(text, room *= 2);
        if (!larger) free(text);
        text = larger;
    }
    if (text) text[size] = 0;
    return text;
}

static int digit(char c) {
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: ioctl NAME CODE [INPUT [SIZE]]\n");
        return 2;
    }
    DWORD code = strtoul(argv[2], NULL, 0), size = argc > 4 ? strtoul(argv[4], NULL, 0) : 0, in_size = 0,
          done = 0;
    const char* digits = argc < 4 ? "" : strcmp(argv[3], "-") ? argv[3] : read_digits();
    unsigned char* in = digits ? malloc(strlen(digits) / 2 + 1) : NULL;
    if (!in) {
        fprintf(stderr, "ioctl: no memory for the input buffer\n");
        return 1;
    }
    unsigned char* out = calloc((size_t)size + 1, 1);
    if (!out) {
        fprintf(stderr, "ioctl: an output buffer of %lu bytes cannot be allocated\n", size);
        return 1;
    }
    for (; isxdigit((unsigned char)digits[0]) && isxdigit((unsigned char)digits[1]); digits += 2)
        in[in_size++] = (unsigned char)(digit(digits[0]) << 4 | digit(digits[1]));
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
        // A reader that has gone had enough (`| head -1`).
        if ((fflush(stdout) || ferror(stdout)) && _doserrno != ERROR_NO_DATA) {
            fprintf(stderr, "ioctl: standard output cannot be written\n");
            return 127;
        }
    }
    SetLastError(error);
    int status = ok ? 0 : failed("DeviceIoControl");
    CloseHandle(device);
    return status;
}
