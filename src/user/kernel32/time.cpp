// Time: the page shared with the kernel for the coarse clocks, services for the fine ones. Local time is UTC.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr ULONG INTERRUPT_TIME = 0x08, SYSTEM_TIME = 0x14, TICK_COUNT = 0x320;

// A KSYSTEM_TIME: low, high, high again; the two high parts differ while it is being written.
LONGLONG shared_time(ULONG offset) {
    for (;;) {
        LONG high = shared_user_data<LONG>(offset + 4);
        ULONG low = shared_user_data<ULONG>(offset);
        if (high == shared_user_data<LONG>(offset + 8)) return LONGLONG(ULONGLONG(ULONG(high)) << 32 | low);
    }
}

SYSTEMTIME system_time(LONGLONG t) {
    LARGE_INTEGER time;
    time.QuadPart = t;
    TIME_FIELDS f;
    RtlTimeToTimeFields(&time, &f);
    return {WORD(f.Year), WORD(f.Month),  WORD(f.Weekday), WORD(f.Day),
            WORD(f.Hour), WORD(f.Minute), WORD(f.Second),  WORD(f.Milliseconds)};
}

bool from_system_time(const SYSTEMTIME& s, LONGLONG* t) {
    TIME_FIELDS f{CSHORT(s.wYear),   CSHORT(s.wMonth),  CSHORT(s.wDay),          CSHORT(s.wHour),
                  CSHORT(s.wMinute), CSHORT(s.wSecond), CSHORT(s.wMilliseconds), 0};
    LARGE_INTEGER time;
    if (s.wYear < 1601 || s.wYear > 30827 || !RtlTimeFieldsToTime(&f, &time)) return false;
    *t = time.QuadPart;
    return true;
}

} // namespace

extern "C" {

void GetSystemTimeAsFileTime(FILETIME* to) { *to = filetime(shared_time(SYSTEM_TIME)); }
void GetSystemTimePreciseAsFileTime(FILETIME* to) { *to = filetime(RtlGetSystemTimePrecise()); }
void GetSystemTime(SYSTEMTIME* to) { *to = system_time(shared_time(SYSTEM_TIME)); }
void GetLocalTime(SYSTEMTIME* to) { *to = system_time(shared_time(SYSTEM_TIME)); }

BOOL FileTimeToSystemTime(const FILETIME* from, SYSTEMTIME* to) {
    if (ticks(*from) < 0) return fail_with(ERROR_INVALID_PARAMETER);
    *to = system_time(ticks(*from));
    return TRUE;
}
BOOL SystemTimeToFileTime(const SYSTEMTIME* from, FILETIME* to) {
    LONGLONG t;
    if (!from_system_time(*from, &t)) return fail_with(ERROR_INVALID_PARAMETER);
    *to = filetime(t);
    return TRUE;
}
BOOL FileTimeToLocalFileTime(const FILETIME* from, FILETIME* to) {
    *to = *from;
    return TRUE;
}
BOOL LocalFileTimeToFileTime(const FILETIME* from, FILETIME* to) {
    *to = *from;
    return TRUE;
}
LONG CompareFileTime(const FILETIME* a, const FILETIME* b) {
    ULONGLONG x = ULONGLONG(ticks(*a)), y = ULONGLONG(ticks(*b));
    return x < y ? -1 : x > y;
}
BOOL FileTimeToDosDateTime(const FILETIME* from, WORD* date, WORD* time) {
    SYSTEMTIME s = system_time(ticks(*from) + 19999999); // rounded up to the two seconds that fit
    if (s.wYear < 1980 || s.wYear > 2107) return fail_with(ERROR_INVALID_PARAMETER);
    *date = WORD((s.wYear - 1980) << 9 | s.wMonth << 5 | s.wDay);
    *time = WORD(s.wHour << 11 | s.wMinute << 5 | s.wSecond / 2);
    return TRUE;
}
BOOL DosDateTimeToFileTime(WORD date, WORD time, FILETIME* to) {
    SYSTEMTIME s{WORD((date >> 9) + 1980), WORD(date >> 5 & 15),  0, WORD(date & 31), WORD(time >> 11),
                 WORD(time >> 5 & 63),     WORD((time & 31) * 2), 0};
    return SystemTimeToFileTime(&s, to);
}

DWORD GetTimeZoneInformation(TIME_ZONE_INFORMATION* to) {
    *to = {};
    wcscpy(to->StandardName, u"Coordinated Universal Time");
    wcscpy(to->DaylightName, u"Coordinated Universal Time");
    return 0; // TIME_ZONE_ID_UNKNOWN: no daylight saving time
}
DWORD GetDynamicTimeZoneInformation(DYNAMIC_TIME_ZONE_INFORMATION* to) {
    *to = {};
    GetTimeZoneInformation(to);
    wcscpy(to->TimeZoneKeyName, u"UTC");
    return 0;
}
// Zones without daylight saving time; a zone with a transition date would need its rule.
BOOL SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION* zone, const SYSTEMTIME* from,
                                     SYSTEMTIME* to) {
    LONGLONG t;
    if (!from_system_time(*from, &t)) return fail_with(ERROR_INVALID_PARAMETER);
    if (zone) {
        if (zone->DaylightDate.wMonth) stop("SystemTimeToTzSpecificLocalTime (daylight saving time)");
        t -= LONGLONG(zone->Bias) * 600000000;
    }
    *to = system_time(t);
    return TRUE;
}
BOOL TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION* zone, const SYSTEMTIME* from,
                                     SYSTEMTIME* to) {
    LONGLONG t;
    if (!from_system_time(*from, &t)) return fail_with(ERROR_INVALID_PARAMETER);
    if (zone) {
        if (zone->DaylightDate.wMonth) stop("TzSpecificLocalTimeToSystemTime (daylight saving time)");
        t += LONGLONG(zone->Bias) * 600000000;
    }
    *to = system_time(t);
    return TRUE;
}
BOOL GetSystemTimeAdjustment(DWORD* adjustment, DWORD* increment, BOOL* disabled) {
    *adjustment = *increment = 156250;
    *disabled = TRUE;
    return TRUE;
}
BOOL SetSystemTime(const SYSTEMTIME*) {
    return fail_with(1314);
} // ERROR_PRIVILEGE_NOT_HELD: nobody has the privilege

// Counts of milliseconds are the tick count times a fixed-point number that the kernel keeps beside it.
ULONGLONG GetTickCount64() { return (ULONGLONG(shared_time(TICK_COUNT)) * shared_user_data<ULONG>(4)) >> 24; }
DWORD GetTickCount() { return DWORD(GetTickCount64()); }
BOOL QueryUnbiasedInterruptTime(ULONGLONG* to) {
    *to = ULONGLONG(shared_time(INTERRUPT_TIME));
    return TRUE;
}
BOOL QueryPerformanceCounter(LARGE_INTEGER* to) { return RtlQueryPerformanceCounter(to); }
BOOL QueryPerformanceFrequency(LARGE_INTEGER* to) { return RtlQueryPerformanceFrequency(to); }

} // extern "C"
} // namespace nt
