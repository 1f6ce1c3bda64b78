// File functions "for compatibility with 16-bit versions of Windows": _lopen and its kin. An HFILE is the low
// half of a handle. Pages nf-winbase-_lopen, -_lcreat, -_lread, -_lwrite, -_llseek, -_lclose.
#include "kernel32.h"

namespace nt {
using namespace k32;

using HFILE = INT;

extern "C" {
HANDLE CreateFileA(const CHAR*, DWORD, DWORD, SECURITY_ATTRIBUTES*, DWORD, DWORD, HANDLE);
BOOL ReadFile(HANDLE, PVOID, DWORD, DWORD*, OVERLAPPED*);
BOOL WriteFile(HANDLE, const void*, DWORD, DWORD*, OVERLAPPED*);
DWORD SetFilePointer(HANDLE, LONG, LONG*, DWORD);
BOOL SetEndOfFile(HANDLE);
BOOL CloseHandle(HANDLE);
}

namespace {

constexpr HFILE HFILE_ERROR = -1;

HANDLE handle_of(HFILE file) { return reinterpret_cast<HANDLE>(LONG_PTR(file)); }
HFILE file_of(HANDLE handle) { return HFILE(LONG_PTR(handle)); }

} // namespace

extern "C" {

// OF_READ 0, OF_WRITE 1, OF_READWRITE 2; OF_SHARE_COMPAT 0, _EXCLUSIVE 0x10, _DENY_WRITE 0x20, _DENY_READ
// 0x30, _DENY_NONE 0x40.
HFILE _lopen(const CHAR* path, INT mode) {
    constexpr DWORD accesses[] = {GENERIC_READ, GENERIC_WRITE, GENERIC_READ | GENERIC_WRITE};
    constexpr DWORD shares[] = {FILE_SHARE_READ | FILE_SHARE_WRITE, 0, FILE_SHARE_READ, FILE_SHARE_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE};
    const DWORD share = mode >> 4 & 7;
    if ((mode & 3) == 3 || share > 4) return fail_with(ERROR_INVALID_PARAMETER), HFILE_ERROR;
    return file_of(CreateFileA(path, accesses[mode & 3], shares[share], nullptr, OPEN_EXISTING, 0, nullptr));
}
// 0 normal, 1 read-only, 2 hidden, 4 system
HFILE _lcreat(const CHAR* path, INT attributes) {
    return file_of(CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                               nullptr, CREATE_ALWAYS, DWORD(attributes) & 7, nullptr));
}
HFILE _lclose(HFILE file) { return CloseHandle(handle_of(file)) ? 0 : HFILE_ERROR; }
UINT _lread(HFILE file, PVOID buffer, UINT length) {
    DWORD done;
    return ReadFile(handle_of(file), buffer, length, &done, nullptr) ? done : UINT(HFILE_ERROR);
}
// "If this parameter is zero, the file is truncated to the current position."
UINT _lwrite(HFILE file, const CHAR* buffer, UINT length) {
    DWORD done = 0;
    const BOOL ok =
        length ? WriteFile(handle_of(file), buffer, length, &done, nullptr) : SetEndOfFile(handle_of(file));
    return ok ? done : UINT(HFILE_ERROR);
}
LONG _hread(HFILE file, PVOID buffer, LONG length) { return LONG(_lread(file, buffer, UINT(length))); }
LONG _hwrite(HFILE file, const CHAR* buffer, LONG length) {
    return LONG(_lwrite(file, buffer, UINT(length)));
}
LONG _llseek(HFILE file, LONG offset, INT origin) {
    return LONG(SetFilePointer(handle_of(file), offset, nullptr, DWORD(origin)));
}

} // extern "C"
} // namespace nt
