// Helpers of kernel32.h, for every DLL on top of ntdll that names itself in DLL_NAME.
#include "user/kernel32/kernel32.h"

#ifndef DLL_NAME
#define DLL_NAME "KERNEL32.dll!"
#endif

namespace nt::k32 {

void stop(const char* what) {
    char text[120] = DLL_NAME;
    SIZE_T n = sizeof DLL_NAME - 1;
    while (*what && n < sizeof text - 1)
        text[n++] = *what++;
    NtDrvlabReport(2, text, ULONG(n));
    for (;;)
        NtTerminateProcess(NtCurrentProcess(), STATUS_NOT_IMPLEMENTED);
}

Wide::Wide(const CHAR* from) {
    if (!from) return;
    ULONG bytes = ULONG(strlen(from)) + 1, size = 0;
    RtlMultiByteToUnicodeSize(&size, from, bytes);
    text_ = size <= sizeof short_ ? short_ : static_cast<WCHAR*>(heap_allocate(size));
    if (!text_) {
        ok_ = false;
        RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
        return;
    }
    RtlMultiByteToUnicodeN(text_, size, nullptr, from, bytes);
}

ULONG ansi_size(const WCHAR* from, SIZE_T length) {
    ULONG size = 0;
    RtlUnicodeToMultiByteSize(&size, from, ULONG(length * sizeof(WCHAR)));
    return size;
}
ULONG to_ansi(CHAR* to, ULONG size, const WCHAR* from, SIZE_T length) {
    ULONG written = 0;
    RtlUnicodeToMultiByteN(to, size, &written, from, ULONG(length * sizeof(WCHAR)));
    return written;
}

DWORD return_string(WCHAR* to, DWORD size, const WCHAR* from, DWORD length) {
    if (length + 1 > size) return length + 1;
    RtlMoveMemory(to, from, length * sizeof(WCHAR));
    to[length] = 0;
    return length;
}
DWORD return_string(CHAR* to, DWORD size, const WCHAR* from, DWORD length) {
    ULONG bytes = ansi_size(from, length);
    if (bytes + 1 > size) return bytes + 1;
    to_ansi(to, bytes, from, length);
    to[bytes] = 0;
    return bytes;
}

} // namespace nt::k32
