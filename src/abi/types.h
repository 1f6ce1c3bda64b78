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

union LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    LONGLONG QuadPart;
};

inline constexpr KPROCESSOR_MODE KernelMode = 0;
inline constexpr KPROCESSOR_MODE UserMode = 1;

constexpr bool NT_SUCCESS(NTSTATUS status) { return status >= 0; }

} // namespace nt
