// Win32 types and constants that kernel32.dll's functions use, with their documented layouts and values. No
// <windows.h>: the types beneath are those of src/abi, shared with ntdll.
#pragma once
#include "abi/context.h"
#include "abi/file.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "user/ntdll/ntdll.h"

namespace nt {

using BOOL = INT;
using DWORD = ULONG;
using WORD = USHORT;
using HMODULE = PVOID;
using LPCSTR = const CHAR*;
using LPCWSTR = const WCHAR*;
using LPSTR = CHAR*;
using LPWSTR = WCHAR*;

inline const HANDLE INVALID_HANDLE_VALUE = reinterpret_cast<HANDLE>(~ULONG_PTR(0));
inline constexpr DWORD INFINITE = ~0u;
inline constexpr DWORD MAX_PATH = 260;

enum : DWORD {
    ERROR_SUCCESS = 0,
    ERROR_INVALID_FUNCTION = 1,
    ERROR_FILE_NOT_FOUND = 2,
    ERROR_PATH_NOT_FOUND = 3,
    ERROR_ACCESS_DENIED = 5,
    ERROR_INVALID_HANDLE = 6,
    ERROR_NOT_ENOUGH_MEMORY = 8,
    ERROR_INVALID_DATA = 13,
    ERROR_INVALID_DRIVE = 15,
    ERROR_CURRENT_DIRECTORY = 16,
    ERROR_NO_MORE_FILES = 18,
    ERROR_BAD_LENGTH = 24,
    ERROR_HANDLE_EOF = 38,
    ERROR_NOT_SUPPORTED = 50,
    ERROR_FILE_EXISTS = 80,
    ERROR_INVALID_PARAMETER = 87,
    ERROR_CALL_NOT_IMPLEMENTED = 120,
    ERROR_INSUFFICIENT_BUFFER = 122,
    ERROR_INVALID_NAME = 123,
    ERROR_MOD_NOT_FOUND = 126,
    ERROR_PROC_NOT_FOUND = 127,
    ERROR_NEGATIVE_SEEK = 131,
    ERROR_DIR_NOT_ROOT = 144,
    ERROR_SIGNAL_REFUSED = 156,
    ERROR_ALREADY_EXISTS = 183,
    ERROR_ENVVAR_NOT_FOUND = 203,
    ERROR_FILENAME_EXCED_RANGE = 206,
    ERROR_MORE_DATA = 234,
    ERROR_TOO_MANY_POSTS = 298,
    ERROR_IO_INCOMPLETE = 996,
    ERROR_IO_PENDING = 997,
    ERROR_INVALID_FLAGS = 1004,
    ERROR_NO_UNICODE_TRANSLATION = 1113,
    ERROR_NOT_FOUND = 1168,
    ERROR_RESOURCE_TYPE_NOT_FOUND = 1813,
    ERROR_TIMEOUT = 1460,
    ERROR_INVALID_ADDRESS = 487,
    ERROR_NOT_LOCKED = 158,
    ERROR_MR_MID_NOT_FOUND = 317,
    ERROR_NOACCESS = 998,
};

inline constexpr DWORD WAIT_FAILED = ~0u;
inline constexpr DWORD WAIT_TIMEOUT = 258;
inline constexpr DWORD WAIT_IO_COMPLETION = 0xC0;
inline constexpr DWORD STILL_ACTIVE = 259;
inline constexpr DWORD INVALID_FILE_SIZE = ~0u;
inline constexpr DWORD INVALID_SET_FILE_POINTER = ~0u;
inline constexpr DWORD INVALID_FILE_ATTRIBUTES = ~0u;
inline constexpr DWORD TLS_OUT_OF_INDEXES = ~0u;

inline constexpr DWORD STD_INPUT_HANDLE = DWORD(-10);
inline constexpr DWORD STD_OUTPUT_HANDLE = DWORD(-11);
inline constexpr DWORD STD_ERROR_HANDLE = DWORD(-12);

inline constexpr DWORD CREATE_NEW = 1;
inline constexpr DWORD CREATE_ALWAYS = 2;
inline constexpr DWORD OPEN_EXISTING = 3;
inline constexpr DWORD OPEN_ALWAYS = 4;
inline constexpr DWORD TRUNCATE_EXISTING = 5;
inline constexpr DWORD FILE_FLAG_WRITE_THROUGH = 0x80000000;
inline constexpr DWORD FILE_FLAG_OVERLAPPED = 0x40000000;
inline constexpr DWORD FILE_FLAG_NO_BUFFERING = 0x20000000;
inline constexpr DWORD FILE_FLAG_RANDOM_ACCESS = 0x10000000;
inline constexpr DWORD FILE_FLAG_SEQUENTIAL_SCAN = 0x08000000;
inline constexpr DWORD FILE_FLAG_DELETE_ON_CLOSE = 0x04000000;
inline constexpr DWORD FILE_FLAG_BACKUP_SEMANTICS = 0x02000000;
inline constexpr DWORD FILE_FLAG_POSIX_SEMANTICS = 0x01000000;
inline constexpr DWORD FILE_FLAG_SESSION_AWARE = 0x00800000;
inline constexpr DWORD FILE_FLAG_OPEN_REPARSE_POINT = 0x00200000;
inline constexpr DWORD FILE_FLAG_OPEN_NO_RECALL = 0x00100000;
inline constexpr DWORD FILE_FLAG_OPEN_REQUIRING_OPLOCK = 0x00040000;
inline constexpr DWORD SECURITY_SQOS_PRESENT = 0x00100000;

inline constexpr DWORD FILE_TYPE_UNKNOWN = 0;
inline constexpr DWORD FILE_TYPE_DISK = 1;
inline constexpr DWORD FILE_TYPE_CHAR = 2;
inline constexpr DWORD FILE_TYPE_PIPE = 3;
inline constexpr DWORD FILE_BEGIN = 0;
inline constexpr DWORD FILE_CURRENT = 1;
inline constexpr DWORD FILE_END = 2;

struct FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
};
inline LONGLONG ticks(const FILETIME& t) {
    return LONGLONG(ULONGLONG(t.dwHighDateTime) << 32 | t.dwLowDateTime);
}
inline FILETIME filetime(LONGLONG t) { return {DWORD(t), DWORD(ULONGLONG(t) >> 32)}; }

struct SYSTEMTIME {
    WORD wYear, wMonth, wDayOfWeek, wDay, wHour, wMinute, wSecond, wMilliseconds;
};
struct TIME_ZONE_INFORMATION {
    LONG Bias;
    WCHAR StandardName[32];
    SYSTEMTIME StandardDate;
    LONG StandardBias;
    WCHAR DaylightName[32];
    SYSTEMTIME DaylightDate;
    LONG DaylightBias;
};
struct DYNAMIC_TIME_ZONE_INFORMATION : TIME_ZONE_INFORMATION {
    WCHAR TimeZoneKeyName[128];
    BOOLEAN DynamicDaylightTimeDisabled;
};

struct SECURITY_ATTRIBUTES {
    DWORD nLength;
    PVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
};
// Internal and InternalHigh are the request's IO_STATUS_BLOCK.
struct OVERLAPPED {
    ULONG_PTR Internal;
    ULONG_PTR InternalHigh;
    union {
        struct {
            DWORD Offset;
            DWORD OffsetHigh;
        };
        PVOID Pointer;
        LARGE_INTEGER At;
    };
    HANDLE hEvent;
    IO_STATUS_BLOCK* status_block() { return reinterpret_cast<IO_STATUS_BLOCK*>(this); }
};
struct OVERLAPPED_ENTRY {
    ULONG_PTR lpCompletionKey;
    OVERLAPPED* lpOverlapped;
    ULONG_PTR Internal;
    DWORD dwNumberOfBytesTransferred;
};
using OVERLAPPED_COMPLETION_ROUTINE = void(DWORD error, DWORD transferred, OVERLAPPED* overlapped);

struct BY_HANDLE_FILE_INFORMATION {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;
    DWORD dwVolumeSerialNumber;
    DWORD nFileSizeHigh, nFileSizeLow;
    DWORD nNumberOfLinks;
    DWORD nFileIndexHigh, nFileIndexLow;
};
struct WIN32_FILE_ATTRIBUTE_DATA {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;
    DWORD nFileSizeHigh, nFileSizeLow;
};
template <class Char> struct WIN32_FIND_DATA {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;
    DWORD nFileSizeHigh, nFileSizeLow;
    DWORD dwReserved0, dwReserved1;
    Char cFileName[MAX_PATH];
    Char cAlternateFileName[14];
};
using WIN32_FIND_DATAA = WIN32_FIND_DATA<CHAR>;
using WIN32_FIND_DATAW = WIN32_FIND_DATA<WCHAR>;

template <class Char> struct STARTUPINFO {
    DWORD cb;
    Char *lpReserved, *lpDesktop, *lpTitle;
    DWORD dwX, dwY, dwXSize, dwYSize, dwXCountChars, dwYCountChars, dwFillAttribute, dwFlags;
    WORD wShowWindow, cbReserved2;
    UCHAR* lpReserved2;
    HANDLE hStdInput, hStdOutput, hStdError;
};
using STARTUPINFOA = STARTUPINFO<CHAR>;
using STARTUPINFOW = STARTUPINFO<WCHAR>;

struct SYSTEM_INFO {
    WORD wProcessorArchitecture, wReserved;
    DWORD dwPageSize;
    PVOID lpMinimumApplicationAddress, lpMaximumApplicationAddress;
    ULONG_PTR dwActiveProcessorMask;
    DWORD dwNumberOfProcessors, dwProcessorType, dwAllocationGranularity;
    WORD wProcessorLevel, wProcessorRevision;
};
struct MEMORYSTATUSEX {
    DWORD dwLength, dwMemoryLoad;
    ULONGLONG ullTotalPhys, ullAvailPhys, ullTotalPageFile, ullAvailPageFile, ullTotalVirtual,
        ullAvailVirtual, ullAvailExtendedVirtual;
};
struct CPINFO {
    UINT MaxCharSize;
    UCHAR DefaultChar[2];
    UCHAR LeadByte[12];
};
struct COORD {
    SHORT X, Y;
};
struct SMALL_RECT {
    SHORT Left, Top, Right, Bottom;
};
struct CONSOLE_SCREEN_BUFFER_INFO {
    COORD dwSize, dwCursorPosition;
    WORD wAttributes;
    SMALL_RECT srWindow;
    COORD dwMaximumWindowSize;
};

inline constexpr UINT CP_ACP = 0;
inline constexpr UINT CP_OEMCP = 1;
inline constexpr UINT CP_THREAD_ACP = 3;
inline constexpr UINT CP_UTF8 = 65001;

// KUSER_SHARED_DATA, read only at the same address in every process.
template <class T> const volatile T& shared_user_data(ULONG offset) {
    return *reinterpret_cast<const volatile T*>(ULONG_PTR(0x7ffe0000) + offset);
}

} // namespace nt
