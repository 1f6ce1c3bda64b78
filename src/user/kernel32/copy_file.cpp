// CopyFile: reads one file, writes another.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" {

HANDLE CreateFileW(const WCHAR*, DWORD, DWORD, SECURITY_ATTRIBUTES*, DWORD, DWORD, HANDLE);
BOOL ReadFile(HANDLE, PVOID, DWORD, DWORD*, OVERLAPPED*);
BOOL WriteFile(HANDLE, const void*, DWORD, DWORD*, OVERLAPPED*);
BOOL CloseHandle(HANDLE);
BOOL DeleteFileW(const WCHAR*);
BOOL GetFileTime(HANDLE, FILETIME*, FILETIME*, FILETIME*);
BOOL SetFileTime(HANDLE, const FILETIME*, const FILETIME*, const FILETIME*);

// assumed: attributes and last write time are copied; streams, extended attributes and security are not.
BOOL CopyFileW(const WCHAR* from, const WCHAR* to, BOOL fail_if_exists) {
    HANDLE source = CreateFileW(from, 0x80000000, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING,
                                FILE_FLAG_SEQUENTIAL_SCAN, nullptr);
    if (source == INVALID_HANDLE_VALUE) return FALSE;
    FILE_BASIC_INFORMATION basic{};
    IO_STATUS_BLOCK iosb;
    NtQueryInformationFile(source, &iosb, &basic, sizeof basic, FileBasicInformation);
    HANDLE target = CreateFileW(to, 0x40000000, 0, nullptr, fail_if_exists ? CREATE_NEW : CREATE_ALWAYS,
                                basic.FileAttributes, nullptr);
    if (target == INVALID_HANDLE_VALUE) return NtClose(source), FALSE;
    constexpr DWORD PIECE = 0x10000;
    Scratch<UCHAR> buffer(PIECE);
    DWORD got = 0, put = 0;
    BOOL ok = buffer ? TRUE : fail_with(ERROR_NOT_ENOUGH_MEMORY);
    while (ok && (ok = ReadFile(source, buffer.get(), PIECE, &got, nullptr)) && got)
        ok = WriteFile(target, buffer.get(), got, &put, nullptr);
    DWORD error = RtlGetLastWin32Error();
    FILETIME written;
    if (ok && GetFileTime(source, nullptr, nullptr, &written))
        SetFileTime(target, nullptr, nullptr, &written);
    NtClose(source);
    NtClose(target);
    if (!ok) {
        DeleteFileW(to);
        return fail_with(error);
    }
    return TRUE;
}
BOOL CopyFileA(const CHAR* from, const CHAR* to, BOOL fail_if_exists) {
    Wide wide_from(from), wide_to(to);
    return wide_from.ok() && wide_to.ok() && CopyFileW(wide_from.get(), wide_to.get(), fail_if_exists);
}

} // extern "C"
} // namespace nt
