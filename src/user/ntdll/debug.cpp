// Debug output and reports: everything goes through the kernel to the machine, as a driver's DbgPrint does.
#include "internal.h"

namespace nt {

namespace {
constexpr ULONG longest_line = 512;

void send(ULONG kind, const CHAR* format, va_list arguments) {
    CHAR line[longest_line];
    int length = _vsnprintf(line, sizeof line, format, arguments);
    if (length < 0 || length > static_cast<int>(sizeof line)) length = sizeof line;
    NtDrvlabReport(kind, line, static_cast<ULONG>(length));
}
} // namespace

void report(ULONG kind, const CHAR* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    send(kind, format, arguments);
    va_end(arguments);
}

extern "C" {

void DrvlabMissingService(const CHAR* name) {
    NtDrvlabReport(2, name, static_cast<ULONG>(strlen(name)));
    __builtin_trap();
}

ULONG DbgPrint(const CHAR* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    send(0, format, arguments);
    va_end(arguments);
    return STATUS_SUCCESS;
}

ULONG DbgPrintEx(ULONG, ULONG, const CHAR* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    send(0, format, arguments);
    va_end(arguments);
    return STATUS_SUCCESS;
}

ULONG NTAPI vDbgPrintEx(ULONG, ULONG, const CHAR* format, va_list arguments) {
    send(0, format, arguments);
    return STATUS_SUCCESS;
}

// The debug channels of the packaged C runtimes: all closed.
unsigned char __wine_dbg_get_channel_flags(void*) { return 0; }
int __wine_dbg_header(int, void*, const char*) { return -1; }
int __wine_dbg_output(const char*) { return 0; }
const char* __wine_dbg_strdup(const char* text) { return text; }

} // extern "C"
} // namespace nt
