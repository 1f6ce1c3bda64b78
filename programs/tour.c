// A walk through everything Drvlab ships: the Null device, the Echo device with its four transfer methods,
// and the Passthru filter above Echo when it is loaded. Prints what it saw; exit status: the number of things
// that were not as documented.
//     drvlab run --driver null.sys --driver echo.sys --driver passthru.sys -- tour.exe
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "../drivers/echo/echo.h"
#include "../drivers/passthru/passthru.h"

static int surprises;

static void check(int as_documented, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf(as_documented ? "  ok    " : "  BAD   ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    surprises += !as_documented;
}

static HANDLE open_device(const char* name) {
    return CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_EXISTING, 0, NULL);
}

static void walk_null(void) {
    printf("NUL, by its Win32 name\n");
    HANDLE null = open_device("NUL");
    check(null != INVALID_HANDLE_VALUE, "CreateFile");
    if (null == INVALID_HANDLE_VALUE) return;
    char bytes[200] = {0};
    DWORD done = 0;
    BOOL ok = WriteFile(null, bytes, sizeof bytes, &done, NULL);
    check(ok && done == sizeof bytes, "WriteFile takes all: %lu bytes", done);
    ok = ReadFile(null, bytes, sizeof bytes, &done, NULL);
    check(ok && done == 0, "ReadFile is at the end of file: %lu bytes", done);
    ok = DeviceIoControl(null, IOCTL_ECHO_BUFFERED, bytes, 4, bytes, 4, &done, NULL);
    DWORD error = GetLastError();
    check(!ok && error == ERROR_INVALID_FUNCTION, "DeviceIoControl is not for it: error %lu", error);
    check(CloseHandle(null), "CloseHandle");
}

static void control(HANDLE echo, DWORD code, const char* method) {
    const char in[] = "all the world's a stage";
    char out[64] = {0};
    DWORD done = 0;
    BOOL ok = DeviceIoControl(echo, code, (void*)in, sizeof in, out, sizeof out, &done, NULL);
    check(ok && done == sizeof in && memcmp(in, out, sizeof in) == 0, "%s returns its input: %lu bytes",
          method, done);
    ok = DeviceIoControl(echo, code, (void*)in, sizeof in, out, 4, &done, NULL);
    DWORD error = GetLastError();
    check(!ok && error == ERROR_INSUFFICIENT_BUFFER, "%s into a small buffer: error %lu", method, error);
    check(DeviceIoControl(echo, code, NULL, 0, NULL, 0, &done, NULL) && done == 0, "%s without buffers",
          method);
}

static void walk_echo(void) {
    printf("\\\\.\\Echo\n");
    HANDLE echo = open_device("\\\\.\\Echo");
    check(echo != INVALID_HANDLE_VALUE, "CreateFile");
    if (echo == INVALID_HANDLE_VALUE) return;
    char bytes[64] = {0};
    DWORD done = 0;
    BOOL ok = ReadFile(echo, bytes, sizeof bytes, &done, NULL);
    check(ok && done == 0, "ReadFile before anything was written: %lu bytes", done);
    ok = WriteFile(echo, "hello", 5, &done, NULL);
    check(ok && done == 5, "WriteFile: %lu bytes", done);
    ok = ReadFile(echo, bytes, sizeof bytes, &done, NULL);
    check(ok && done == 5 && memcmp(bytes, "hello", 5) == 0, "ReadFile returns what was written: %lu bytes",
          done);
    control(echo, IOCTL_ECHO_BUFFERED, "METHOD_BUFFERED");
    control(echo, IOCTL_ECHO_OUT_DIRECT, "METHOD_OUT_DIRECT");
    control(echo, IOCTL_ECHO_NEITHER, "METHOD_NEITHER");
    ok =
        DeviceIoControl(echo, IOCTL_ECHO_IN_DIRECT, (void*)"from", 4, (void*)" two buffers", 12, &done, NULL);
    check(ok && done == 16, "METHOD_IN_DIRECT takes both buffers: %lu bytes", done);
    ok = ReadFile(echo, bytes, sizeof bytes, &done, NULL);
    check(ok && done == 16 && memcmp(bytes, "from two buffers", 16) == 0, "ReadFile returns them: %.*s",
          (int)done, bytes);
    ok = DeviceIoControl(echo, CTL_CODE(FILE_DEVICE_UNKNOWN, 0x8ff, METHOD_BUFFERED, 0), NULL, 0, NULL, 0,
                         &done, NULL);
    DWORD error = GetLastError();
    check(!ok && error == ERROR_INVALID_FUNCTION, "an unknown code: error %lu", error);
    check(CloseHandle(echo), "CloseHandle");
}

static PASSTHRU_COUNTS counts(HANDLE filter) {
    PASSTHRU_COUNTS c = {0};
    DWORD done;
    if (!DeviceIoControl(filter, IOCTL_PASSTHRU_QUERY, NULL, 0, &c, sizeof c, &done, NULL)) c.devices = 999;
    return c;
}

static void walk_filter(void) {
    HANDLE filter = open_device("\\\\.\\PassthruControl");
    if (filter == INVALID_HANDLE_VALUE) {
        printf("The Passthru filter is not loaded: error %lu\n", GetLastError());
        return;
    }
    static const WCHAR target[] = L"\\Device\\Echo";
    DWORD done;
    for (ULONG mode = PASSTHRU_MODE_SKIP; mode <= PASSTHRU_MODE_COPY; ++mode) {
        printf("Passthru above \\Device\\Echo, %s\n",
               mode == PASSTHRU_MODE_COPY ? "copy and completion routine" : "skip");
        check(DeviceIoControl(filter, IOCTL_PASSTHRU_SET_MODE, &mode, sizeof mode, NULL, 0, &done, NULL),
              "set the mode");
        check(DeviceIoControl(filter, IOCTL_PASSTHRU_ATTACH, (void*)target, sizeof target, NULL, 0, &done,
                              NULL),
              "attach");
        PASSTHRU_COUNTS before = counts(filter);
        HANDLE echo = open_device("\\\\.\\Echo");
        control(echo, IOCTL_ECHO_BUFFERED, "METHOD_BUFFERED");
        control(echo, IOCTL_ECHO_NEITHER, "METHOD_NEITHER");
        CloseHandle(echo);
        PASSTHRU_COUNTS after = counts(filter);
        ULONG passed = after.passed - before.passed, completed = after.completed - before.completed;
        check(passed == 9, "it saw create, 6 controls, cleanup, close: %lu", passed);
        check(completed == (mode == PASSTHRU_MODE_COPY ? 9u : 0u), "its completion routine was called: %lu",
              completed);
        check(DeviceIoControl(filter, IOCTL_PASSTHRU_DETACH, NULL, 0, NULL, 0, &done, NULL), "detach");
        check(counts(filter).devices == 0, "no filter is left");
    }
    CloseHandle(filter);
}

int main(void) {
    walk_null();
    walk_echo();
    walk_filter();
    printf(surprises ? "%d not as documented\n" : "all as documented\n", surprises);
    return surprises;
}
