// Basic Windows x64 types. Every other header of this room builds on these names.
#pragma once
#include <cstddef>
#include <cstdint>

// Functions in Windows images follow the Microsoft calling convention; host code is System V.
#if defined(_WIN32)
#define NTAPI
#else
#define NTAPI __attribute__((ms_abi))
#endif
// Bit-fields are allocated as Microsoft's compiler does: a new unit whenever the declared type changes size.
#define MS_BITS __attribute__((ms_struct))

namespace nt {

using CHAR = char;
using UCHAR = std::uint8_t;
using BOOLEAN = std::uint8_t;
using SHORT = std::int16_t;
using USHORT = std::uint16_t;
using CSHORT = std::int16_t;
using WCHAR = char16_t;
using LONG = std::int32_t;
using ULONG = std::uint32_t;
using LONGLONG = std::int64_t;
using ULONGLONG = std::uint64_t;
using LONG_PTR = std::int64_t;
using ULONG_PTR = std::uint64_t;
using SIZE_T = std::uint64_t;
using PVOID = void*;
using HANDLE = void*;
using NTSTATUS = std::int32_t;
using ACCESS_MASK = ULONG;
using DEVICE_TYPE = ULONG;
using KIRQL = UCHAR;
using KPRIORITY = LONG;
using KAFFINITY = ULONG_PTR;
using KSPIN_LOCK = ULONG_PTR;
using KPROCESSOR_MODE = CHAR;
using PFN_NUMBER = ULONG_PTR;
using INT = std::int32_t;
using UINT = std::uint32_t;
using LONG64 = std::int64_t;
using ULONG64 = std::uint64_t;
using SSIZE_T = std::int64_t;
using LCID = ULONG;
using PCHAR = CHAR*;
using PSTR = CHAR*;
using PCSTR = const CHAR*;
using PUCHAR = UCHAR*;
using PBOOLEAN = BOOLEAN*;
using PSHORT = SHORT*;
using PUSHORT = USHORT*;
using PWCHAR = WCHAR*;
using PWSTR = WCHAR*;
using PCWSTR = const WCHAR*;
using PLONG = LONG*;
using PULONG = ULONG*;
using PLONGLONG = LONGLONG*;
using PULONGLONG = ULONGLONG*;
using PLONG64 = LONG64*;
using PULONG64 = ULONG64*;
using PULONG_PTR = ULONG_PTR*;
using PSIZE_T = SIZE_T*;
using PHANDLE = HANDLE*;
using PACCESS_MASK = ACCESS_MASK*;
using PKIRQL = KIRQL*;
using PKSPIN_LOCK = KSPIN_LOCK*;
using PPFN_NUMBER = PFN_NUMBER*;

inline constexpr BOOLEAN TRUE = 1;
inline constexpr BOOLEAN FALSE = 0;

union LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    LONGLONG QuadPart;
};
using PLARGE_INTEGER = LARGE_INTEGER*;
using PHYSICAL_ADDRESS = LARGE_INTEGER;
using PPHYSICAL_ADDRESS = PHYSICAL_ADDRESS*;

union ULARGE_INTEGER {
    struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    ULONGLONG QuadPart;
};
using PULARGE_INTEGER = ULARGE_INTEGER*;

struct LUID {
    ULONG LowPart;
    LONG HighPart;
};
using PLUID = LUID*;

struct GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
};
using LPGUID = GUID*;
using LPCGUID = const GUID*;

inline constexpr KPROCESSOR_MODE KernelMode = 0;
inline constexpr KPROCESSOR_MODE UserMode = 1;

constexpr bool NT_SUCCESS(NTSTATUS status) { return status >= 0; }
constexpr bool NT_INFORMATION(NTSTATUS status) { return (ULONG(status) >> 30) == 1; }
constexpr bool NT_WARNING(NTSTATUS status) { return (ULONG(status) >> 30) == 2; }
constexpr bool NT_ERROR(NTSTATUS status) { return (ULONG(status) >> 30) == 3; }

} // namespace nt
