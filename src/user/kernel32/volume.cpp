// Volumes: the mount manager knows none, as there is no file system. And the final name of an open file.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD VOLUME_NAME_GUID = 1, VOLUME_NAME_NT = 2, VOLUME_NAME_NONE = 4, FILE_NAME_OPENED = 8;

// The name of the file's object, \Device\X\path; length in characters, 0 and the last error on failure.
DWORD object_name(HANDLE file, Scratch<UCHAR>& buffer, ULONG size, const WCHAR** name) {
    if (!buffer) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    ULONG needed;
    const NTSTATUS status = NtQueryObject(file, ObjectNameInformation, buffer.get(), size, &needed);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    const auto& string = *reinterpret_cast<const UNICODE_STRING*>(buffer.get());
    *name = string.Buffer;
    return string.Length / 2;
}

// assumed: what has no file system has no name without its volume and none with a drive letter or a GUID:
// ERROR_PATH_NOT_FOUND, which the page gives for a drive letter that does not exist.
template <class Char> DWORD final_name(HANDLE file, Char* to, DWORD size, DWORD flags) {
    if (flags & ~(VOLUME_NAME_GUID | VOLUME_NAME_NT | VOLUME_NAME_NONE | FILE_NAME_OPENED))
        return fail_with(ERROR_INVALID_PARAMETER), 0;
    file = real_handle(file);
    FILE_FS_DEVICE_INFORMATION device; // is it a file at all?
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtQueryVolumeInformationFile(file, &iosb, &device, sizeof device, FileFsDeviceInformation);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    constexpr ULONG longest = sizeof(UNICODE_STRING) + 0x10000;
    Scratch<UCHAR> buffer(longest);
    const WCHAR* name;
    const DWORD length = object_name(file, buffer, longest, &name);
    if (!length) return 0;
    if ((flags & 7) == VOLUME_NAME_NT) return return_string(to, size, name, length);
    return fail_with(ERROR_PATH_NOT_FOUND), 0;
}

} // namespace

extern "C" {

DWORD GetFinalPathNameByHandleW(HANDLE file, WCHAR* to, DWORD size, DWORD flags) {
    return final_name(file, to, size, flags);
}
DWORD GetFinalPathNameByHandleA(HANDLE file, CHAR* to, DWORD size, DWORD flags) {
    return final_name(file, to, size, flags);
}

HANDLE FindFirstVolumeW(WCHAR*, DWORD) { return fail_with(ERROR_NO_MORE_FILES), INVALID_HANDLE_VALUE; }
HANDLE FindFirstVolumeA(CHAR*, DWORD) { return fail_with(ERROR_NO_MORE_FILES), INVALID_HANDLE_VALUE; }
BOOL FindNextVolumeW(HANDLE, WCHAR*, DWORD) { return fail_with(ERROR_INVALID_HANDLE); }
BOOL FindNextVolumeA(HANDLE, CHAR*, DWORD) { return fail_with(ERROR_INVALID_HANDLE); }
BOOL FindVolumeClose(HANDLE) { return fail_with(ERROR_INVALID_HANDLE); }

} // extern "C"
} // namespace nt
