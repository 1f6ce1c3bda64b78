// A request's life in five calls: opens the Null device by its Win32 name, writes, reads, sends a control
// code, closes. nulltour [name]; NUL is the default. Exit status: 0 if everything went as the documentation
// says.
#include <stdio.h>
#include <windows.h>
#include <winioctl.h>

static int surprises;

static void row(const char* call, int as_documented, const char* format, ...) {
    char what[100];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    printf("%-16s %s%s\n", call, what, as_documented ? "" : "   <-- not as documented");
    surprises += !as_documented;
}

int main(int argc, char** argv) {
    const char* name = argc > 1 ? argv[1] : "NUL";
    const DWORD no_such_function = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS);
    char buffer[64] = "three little words";
    DWORD done = 99;

    HANDLE file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        row("CreateFile", 0, "%s: error %lu", name, GetLastError());
        return 1;
    }
    row("CreateFile", 1, "%s", name);

    BOOL ok = WriteFile(file, buffer, sizeof buffer, &done, NULL);
    row("WriteFile", ok && done == sizeof buffer, "%s, %lu of %u bytes written", ok ? "succeeds" : "fails",
        done, (unsigned)sizeof buffer);

    ok = ReadFile(file, buffer, sizeof buffer, &done, NULL);
    row("ReadFile", ok && done == 0, "%s, %lu bytes: end of file", ok ? "succeeds" : "fails", done);

    ok = DeviceIoControl(file, no_such_function, buffer, 8, buffer, sizeof buffer, &done, NULL);
    DWORD error = ok ? 0 : GetLastError();
    row("DeviceIoControl", error == ERROR_INVALID_FUNCTION, "code 0x%lx: error %lu%s", no_such_function,
        error, error == ERROR_INVALID_FUNCTION ? " (ERROR_INVALID_FUNCTION)" : "");

    ok = CloseHandle(file);
    row("CloseHandle", ok, "%s", ok ? "succeeds" : "fails");
    return surprises != 0;
}
