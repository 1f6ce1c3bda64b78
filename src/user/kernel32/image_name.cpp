// Names of images and of directories that exist: long names, short names, the image of a process.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" DWORD GetFileAttributesW(const WCHAR*);

namespace {

constexpr DWORD PROCESS_NAME_NATIVE = 1;

// assumed: what exists here (devices, and what their drivers make) has one name, long and short.
template <class Char> DWORD same_name(const WCHAR* path, Char* to, DWORD size) {
    if (!path) return fail_with(ERROR_INVALID_PARAMETER), 0;
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) return 0;
    return return_string(to, size, path, DWORD(wcslen(path)));
}

template <class Char> BOOL image_name(HANDLE process, DWORD flags, Char* to, DWORD* size) {
    if (flags & ~PROCESS_NAME_NATIVE) return fail_with(ERROR_INVALID_PARAMETER);
    constexpr ULONG longest = sizeof(UNICODE_STRING) + 0x10000;
    Scratch<UCHAR> buffer(longest);
    if (!buffer) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    const auto cls = flags ? ProcessImageFileName : ProcessImageFileNameWin32;
    ULONG needed;
    const NTSTATUS status = NtQueryInformationProcess(process, cls, buffer.get(), longest, &needed);
    if (!NT_SUCCESS(status)) return fail(status);
    const auto& name = *reinterpret_cast<const UNICODE_STRING*>(buffer.get());
    const DWORD n = return_string(to, *size, name.Buffer, name.Length / 2);
    if (n >= *size) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    *size = n;
    return TRUE;
}

} // namespace

extern "C" {

DWORD GetLongPathNameW(const WCHAR* path, WCHAR* to, DWORD size) { return same_name(path, to, size); }
DWORD GetLongPathNameA(const CHAR* path, CHAR* to, DWORD size) {
    Wide wide(path);
    return wide.ok() ? same_name(wide.get(), to, size) : 0;
}
DWORD GetShortPathNameW(const WCHAR* path, WCHAR* to, DWORD size) { return same_name(path, to, size); }
DWORD GetShortPathNameA(const CHAR* path, CHAR* to, DWORD size) {
    Wide wide(path);
    return wide.ok() ? same_name(wide.get(), to, size) : 0;
}
BOOL QueryFullProcessImageNameW(HANDLE process, DWORD flags, WCHAR* to, DWORD* size) {
    return image_name(process, flags, to, size);
}
BOOL QueryFullProcessImageNameA(HANDLE process, DWORD flags, CHAR* to, DWORD* size) {
    return image_name(process, flags, to, size);
}

} // extern "C"
} // namespace nt
