// Bitmaps, time, errors, versions and other small exports over src/rtl.
#include "internal.h"
#include "rtl/bitmap.h"
#include "rtl/misc.h"
#include "rtl/status.h"
#include "rtl/time.h"

namespace nt {

namespace {

constexpr ULONG major = 10, minor = 0, build = 19045;

// KUSER_SHARED_DATA, read only, at its Windows address.
template <class T> T shared(ULONG offset) { return *reinterpret_cast<volatile T*>(0x7ffe0000ull + offset); }

constexpr LONGLONG bias() { return 0; } // UTC: the machine's time zone. // assumed

} // namespace

extern "C" {

void NTAPI RtlInitializeBitMap(RTL_BITMAP* map, ULONG* buffer, ULONG bits) {
    rtl::initialize_bitmap(*map, buffer, bits);
}
void NTAPI RtlClearAllBits(RTL_BITMAP* map) { rtl::set_all_bits(*map, false); }
void NTAPI RtlSetAllBits(RTL_BITMAP* map) { rtl::set_all_bits(*map, true); }
void NTAPI RtlClearBits(RTL_BITMAP* map, ULONG start, ULONG count) {
    rtl::set_bits(*map, start, count, false);
}
void NTAPI RtlSetBits(RTL_BITMAP* map, ULONG start, ULONG count) { rtl::set_bits(*map, start, count, true); }
void NTAPI RtlClearBit(RTL_BITMAP* map, ULONG bit) { rtl::set_bits(*map, bit, 1, false); }
void NTAPI RtlSetBit(RTL_BITMAP* map, ULONG bit) { rtl::set_bits(*map, bit, 1, true); }
BOOLEAN NTAPI RtlTestBit(RTL_BITMAP* map, ULONG bit) { return rtl::test_bit(*map, bit); }
BOOLEAN NTAPI RtlAreBitsSet(RTL_BITMAP* map, ULONG start, ULONG count) {
    return rtl::are_bits(*map, start, count, true);
}
BOOLEAN NTAPI RtlAreBitsClear(RTL_BITMAP* map, ULONG start, ULONG count) {
    return rtl::are_bits(*map, start, count, false);
}
ULONG NTAPI RtlNumberOfSetBits(RTL_BITMAP* map) { return rtl::count_bits(*map, true); }
ULONG NTAPI RtlNumberOfClearBits(RTL_BITMAP* map) { return rtl::count_bits(*map, false); }
ULONG NTAPI RtlFindClearBits(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits(*map, count, hint, false);
}
ULONG NTAPI RtlFindSetBits(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits(*map, count, hint, true);
}
ULONG NTAPI RtlFindClearBitsAndSet(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits_and_change(*map, count, hint, false);
}
ULONG NTAPI RtlFindSetBitsAndClear(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits_and_change(*map, count, hint, true);
}

void NTAPI RtlTimeToTimeFields(const LARGE_INTEGER* time, TIME_FIELDS* fields) {
    rtl::time_to_fields(time->QuadPart, *fields);
}
BOOLEAN NTAPI RtlTimeFieldsToTime(const TIME_FIELDS* fields, LARGE_INTEGER* time) {
    LONGLONG t;
    if (!rtl::fields_to_time(*fields, t)) return FALSE;
    time->QuadPart = t;
    return TRUE;
}
BOOLEAN NTAPI RtlTimeToSecondsSince1970(const LARGE_INTEGER* time, ULONG* seconds) {
    return rtl::time_to_seconds_since_1970(time->QuadPart, *seconds);
}
BOOLEAN NTAPI RtlTimeToSecondsSince1980(const LARGE_INTEGER* time, ULONG* seconds) {
    return rtl::time_to_seconds_since_1980(time->QuadPart, *seconds);
}
void NTAPI RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER* time) {
    time->QuadPart = rtl::seconds_since_1970_to_time(seconds);
}
void NTAPI RtlSecondsSince1980ToTime(ULONG seconds, LARGE_INTEGER* time) {
    time->QuadPart = rtl::seconds_since_1980_to_time(seconds);
}
NTSTATUS NTAPI RtlSystemTimeToLocalTime(const LARGE_INTEGER* system, LARGE_INTEGER* local) {
    local->QuadPart = system->QuadPart - bias();
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlLocalTimeToSystemTime(const LARGE_INTEGER* local, LARGE_INTEGER* system) {
    system->QuadPart = local->QuadPart + bias();
    return STATUS_SUCCESS;
}
BOOLEAN NTAPI RtlQueryPerformanceCounter(LARGE_INTEGER* counter) {
    return NT_SUCCESS(NtQueryPerformanceCounter(counter, nullptr));
}
BOOLEAN NTAPI RtlQueryPerformanceFrequency(LARGE_INTEGER* frequency) {
    LARGE_INTEGER counter;
    return NT_SUCCESS(NtQueryPerformanceCounter(&counter, frequency));
}
LONGLONG NTAPI RtlGetSystemTimePrecise() {
    LARGE_INTEGER time;
    NtQuerySystemTime(&time);
    return time.QuadPart;
}

ULONG NTAPI RtlNtStatusToDosErrorNoTeb(NTSTATUS status) { return rtl::status_to_dos_error(status); }
ULONG NTAPI RtlNtStatusToDosError(NTSTATUS status) {
    NtCurrentTeb()->LastStatusValue = status;
    return rtl::status_to_dos_error(status);
}
ULONG NTAPI RtlGetLastWin32Error() { return NtCurrentTeb()->LastErrorValue; }
NTSTATUS NTAPI RtlGetLastNtStatus() { return NtCurrentTeb()->LastStatusValue; }
void NTAPI RtlSetLastWin32Error(ULONG error) { NtCurrentTeb()->LastErrorValue = error; }
void NTAPI RtlRestoreLastWin32Error(ULONG error) { NtCurrentTeb()->LastErrorValue = error; }
void NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status) {
    RtlSetLastWin32Error(RtlNtStatusToDosError(status));
}
ULONG NTAPI RtlGetThreadErrorMode() { return NtCurrentTeb()->HardErrorMode; }
NTSTATUS NTAPI RtlSetThreadErrorMode(ULONG mode, ULONG* previous) {
    if (mode & ~0x70u) return STATUS_INVALID_PARAMETER_1;
    if (previous) *previous = NtCurrentTeb()->HardErrorMode;
    NtCurrentTeb()->HardErrorMode = mode;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetVersion(RTL_OSVERSIONINFOW* version) {
    const bool extended = version->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW);
    if (!extended && version->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOW))
        return STATUS_INVALID_PARAMETER;
    version->dwMajorVersion = major;
    version->dwMinorVersion = minor;
    version->dwBuildNumber = build;
    version->dwPlatformId = 2;
    version->szCSDVersion[0] = 0;
    if (extended) {
        auto* e = reinterpret_cast<RTL_OSVERSIONINFOEXW*>(version);
        e->wServicePackMajor = e->wServicePackMinor = 0;
        e->wSuiteMask = 0x100; // VER_SUITE_SINGLEUSERTS
        e->wProductType = 1;   // workstation
        e->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

void NTAPI RtlGetNtVersionNumbers(ULONG* a, ULONG* b, ULONG* c) {
    if (a) *a = major;
    if (b) *b = minor;
    if (c) *c = 0xf0000000 | build; // the upper bits say: free build
}

BOOLEAN NTAPI RtlGetNtProductType(ULONG* type) {
    *type = shared<ULONG>(0x264);
    return TRUE;
}

// Three bits of condition per type, VER_MINORVERSION first.
ULONGLONG NTAPI VerSetConditionMask(ULONGLONG mask, ULONG type, UCHAR condition) {
    condition &= 7;
    for (ULONG i = 0; i < 8; i++)
        if (type & (1u << i)) return mask | static_cast<ULONGLONG>(condition) << (i * 3);
    return mask;
}

// nf-winbase-verifyversioninfow: major, minor and service pack compare hierarchically.
NTSTATUS NTAPI RtlVerifyVersionInfo(const RTL_OSVERSIONINFOEXW* wanted, ULONG mask, ULONGLONG conditions) {
    RTL_OSVERSIONINFOEXW have{};
    have.dwOSVersionInfoSize = sizeof have;
    RtlGetVersion(reinterpret_cast<RTL_OSVERSIONINFOW*>(&have));
    if (!mask || !conditions) return STATUS_INVALID_PARAMETER;
    const auto condition = [&](ULONG bit) { return static_cast<ULONG>(conditions >> (bit * 3)) & 7; };
    const auto holds = [](ULONG c, ULONGLONG a, ULONGLONG b) {
        switch (c) {
        case 1:
            return a == b;
        case 2:
            return a > b;
        case 3:
            return a >= b;
        case 4:
            return a < b;
        case 5:
            return a <= b;
        case 6:
            return (a & b) == b;
        case 7:
            return (a & b) != 0;
        default:
            return false;
        }
    };
    if (mask & 0x80 && !holds(condition(7), have.wProductType, wanted->wProductType))
        return STATUS_REVISION_MISMATCH;
    if (mask & 0x40 && !holds(condition(6), have.wSuiteMask, wanted->wSuiteMask))
        return STATUS_REVISION_MISMATCH;
    if (mask & 0x08 && !holds(condition(3), have.dwPlatformId, wanted->dwPlatformId))
        return STATUS_REVISION_MISMATCH;
    if (mask & 0x04 && !holds(condition(2), have.dwBuildNumber, wanted->dwBuildNumber))
        return STATUS_REVISION_MISMATCH;
    ULONGLONG a = 0, b = 0;
    ULONG first = 0;
    const auto part = [&](ULONG bit, ULONG h, ULONG w) {
        if (!(mask & (1u << bit))) return;
        if (!first) first = condition(bit);
        a = a << 16 | (h & 0xffff);
        b = b << 16 | (w & 0xffff);
    };
    part(1, have.dwMajorVersion, wanted->dwMajorVersion);
    part(0, have.dwMinorVersion, wanted->dwMinorVersion);
    part(5, have.wServicePackMajor, wanted->wServicePackMajor);
    part(4, have.wServicePackMinor, wanted->wServicePackMinor);
    return !first || holds(first, a, b) ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
}

PEB* NTAPI RtlGetCurrentPeb() { return NtCurrentPeb(); }

// Reversible only with the process's cookie: an exclusive-or and a rotation, as documented in kind.
PVOID NTAPI RtlEncodePointer(PVOID pointer) {
    static ULONG cookie;
    if (!cookie) NtQueryInformationProcess(NtCurrentProcess(), 36, &cookie, sizeof cookie, nullptr);
    const ULONG_PTR value = reinterpret_cast<ULONG_PTR>(pointer) ^ cookie;
    const ULONG turn = cookie & 63;
    return reinterpret_cast<PVOID>(turn ? value >> turn | value << (64 - turn) : value);
}
PVOID NTAPI RtlDecodePointer(PVOID pointer) {
    static ULONG cookie;
    if (!cookie) NtQueryInformationProcess(NtCurrentProcess(), 36, &cookie, sizeof cookie, nullptr);
    const auto value = reinterpret_cast<ULONG_PTR>(pointer);
    const ULONG turn = cookie & 63;
    return reinterpret_cast<PVOID>((turn ? value << turn | value >> (64 - turn) : value) ^ cookie);
}

ULONG NTAPI RtlUniform(ULONG* seed) { return rtl::uniform(seed); }
ULONG NTAPI RtlRandom(ULONG* seed) { return rtl::random(seed); }
ULONG NTAPI RtlRandomEx(ULONG* seed) { return rtl::random_ex(seed); }
ULONG NTAPI RtlComputeCrc32(ULONG initial, const void* data, ULONG length) {
    return rtl::crc32(data, length, initial);
}
SIZE_T NTAPI RtlCompareMemory(const void* a, const void* b, SIZE_T length) {
    return rtl::compare_memory(a, b, length);
}

} // extern "C"
} // namespace nt
