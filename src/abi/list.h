// Linked lists and counted strings: the shapes that everything else is built from.
#pragma once
#include "abi/types.h"

namespace nt {

struct LIST_ENTRY {
    LIST_ENTRY* Flink;
    LIST_ENTRY* Blink;
};
using PLIST_ENTRY = LIST_ENTRY*;
using PRLIST_ENTRY = LIST_ENTRY*;

struct SINGLE_LIST_ENTRY {
    SINGLE_LIST_ENTRY* Next;
};
using PSINGLE_LIST_ENTRY = SINGLE_LIST_ENTRY*;

struct alignas(16) SLIST_ENTRY {
    SLIST_ENTRY* Next;
};
using PSLIST_ENTRY = SLIST_ENTRY*;

union alignas(16) SLIST_HEADER {
    struct {
        ULONGLONG Alignment;
        ULONGLONG Region;
    };
    struct MS_BITS {
        ULONGLONG Depth : 16;
        ULONGLONG Sequence : 48;
        ULONGLONG Reserved : 4;
        ULONGLONG NextEntry : 60; // address >> 4
    } HeaderX64;
};
using PSLIST_HEADER = SLIST_HEADER*;

// Lengths are bytes, and a UNICODE_STRING need not be terminated.
struct UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    WCHAR* Buffer;
};
using PUNICODE_STRING = UNICODE_STRING*;
using PCUNICODE_STRING = const UNICODE_STRING*;

struct STRING {
    USHORT Length;
    USHORT MaximumLength;
    CHAR* Buffer;
};
using PSTRING = STRING*;
using ANSI_STRING = STRING;
using PANSI_STRING = STRING*;
using PCANSI_STRING = const STRING*;
using OEM_STRING = STRING;
using POEM_STRING = STRING*;
using UTF8_STRING = STRING;
using PUTF8_STRING = STRING*;

struct RTL_BITMAP {
    ULONG SizeOfBitMap;
    ULONG* Buffer;
};
using PRTL_BITMAP = RTL_BITMAP*;

struct RTL_BITMAP_RUN {
    ULONG StartingIndex;
    ULONG NumberOfBits;
};
using PRTL_BITMAP_RUN = RTL_BITMAP_RUN*;

struct RTL_BALANCED_NODE {
    union {
        RTL_BALANCED_NODE* Children[2];
        struct {
            RTL_BALANCED_NODE* Left;
            RTL_BALANCED_NODE* Right;
        };
    };
    ULONG_PTR ParentValue; // parent | red (bit 0) | balance (bits 0-1)
};
using PRTL_BALANCED_NODE = RTL_BALANCED_NODE*;

struct RTL_SPLAY_LINKS {
    RTL_SPLAY_LINKS* Parent;
    RTL_SPLAY_LINKS* LeftChild;
    RTL_SPLAY_LINKS* RightChild;
};
using PRTL_SPLAY_LINKS = RTL_SPLAY_LINKS*;

enum RTL_GENERIC_COMPARE_RESULTS : ULONG { GenericLessThan, GenericGreaterThan, GenericEqual };

struct RTL_OSVERSIONINFOW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
};
using PRTL_OSVERSIONINFOW = RTL_OSVERSIONINFOW*;

struct RTL_OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
};
using PRTL_OSVERSIONINFOEXW = RTL_OSVERSIONINFOEXW*;

struct TIME_FIELDS {
    CSHORT Year;
    CSHORT Month;
    CSHORT Day;
    CSHORT Hour;
    CSHORT Minute;
    CSHORT Second;
    CSHORT Milliseconds;
    CSHORT Weekday;
};
using PTIME_FIELDS = TIME_FIELDS*;

// The RTL_QUERY_REGISTRY_TABLE of RtlQueryRegistryValues.
typedef NTSTATUS NTAPI RTL_QUERY_REGISTRY_ROUTINE(PWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                                  ULONG ValueLength, PVOID Context, PVOID EntryContext);
using PRTL_QUERY_REGISTRY_ROUTINE = RTL_QUERY_REGISTRY_ROUTINE*;

struct RTL_QUERY_REGISTRY_TABLE {
    PRTL_QUERY_REGISTRY_ROUTINE QueryRoutine;
    ULONG Flags;
    PWSTR Name;
    PVOID EntryContext;
    ULONG DefaultType;
    PVOID DefaultData;
    ULONG DefaultLength;
};
using PRTL_QUERY_REGISTRY_TABLE = RTL_QUERY_REGISTRY_TABLE*;

inline constexpr ULONG RTL_QUERY_REGISTRY_SUBKEY = 0x1;
inline constexpr ULONG RTL_QUERY_REGISTRY_TOPKEY = 0x2;
inline constexpr ULONG RTL_QUERY_REGISTRY_REQUIRED = 0x4;
inline constexpr ULONG RTL_QUERY_REGISTRY_NOVALUE = 0x8;
inline constexpr ULONG RTL_QUERY_REGISTRY_NOEXPAND = 0x10;
inline constexpr ULONG RTL_QUERY_REGISTRY_DIRECT = 0x20;
inline constexpr ULONG RTL_QUERY_REGISTRY_DELETE = 0x40;
inline constexpr ULONG RTL_QUERY_REGISTRY_NOSTRING = 0x80;
inline constexpr ULONG RTL_QUERY_REGISTRY_TYPECHECK = 0x100;
inline constexpr ULONG RTL_REGISTRY_ABSOLUTE = 0;
inline constexpr ULONG RTL_REGISTRY_SERVICES = 1;
inline constexpr ULONG RTL_REGISTRY_CONTROL = 2;
inline constexpr ULONG RTL_REGISTRY_WINDOWS_NT = 3;
inline constexpr ULONG RTL_REGISTRY_DEVICEMAP = 4;
inline constexpr ULONG RTL_REGISTRY_USER = 5;
inline constexpr ULONG RTL_REGISTRY_HANDLE = 0x40000000;
inline constexpr ULONG RTL_REGISTRY_OPTIONAL = 0x80000000;

} // namespace nt
