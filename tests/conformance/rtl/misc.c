// Times, GUIDs, versions, status codes, checksums, byte swaps: nf-wdm-rtltimetotimefields,
// nf-ntifs-rtltimetosecondssince1970, nf-wdm-rtlguidfromstring, nf-wdm-rtlverifyversioninfo,
// nf-wdm-rtlisservicepackversioninstalled …
#define TOPIC L"RtlMisc"
#include "../common/driver.h"

#include "../common/import.h"

IMPORT(BOOLEAN, RtlTimeToSecondsSince1970, PLARGE_INTEGER, PULONG);
IMPORT(BOOLEAN, RtlTimeToSecondsSince1980, PLARGE_INTEGER, PULONG);
IMPORT(void, RtlSecondsSince1970ToTime, ULONG, PLARGE_INTEGER);
IMPORT(void, RtlSecondsSince1980ToTime, ULONG, PLARGE_INTEGER);
IMPORT(NTSTATUS, RtlGUIDFromString, PCUNICODE_STRING, GUID*);
IMPORT(NTSTATUS, RtlStringFromGUID, const GUID*, PUNICODE_STRING);
IMPORT(NTSTATUS, RtlGetVersion, PRTL_OSVERSIONINFOW);
IMPORT(NTSTATUS, RtlVerifyVersionInfo, PRTL_OSVERSIONINFOEXW, ULONG, ULONGLONG);
IMPORT(BOOLEAN, RtlIsNtDdiVersionAvailable, ULONG);
IMPORT(BOOLEAN, RtlIsServicePackVersionInstalled, ULONG);
IMPORT(ULONG, RtlNtStatusToDosError, NTSTATUS);
IMPORT(ULONG, RtlNtStatusToDosErrorNoTeb, NTSTATUS);
IMPORT(ULONG, RtlCrc32, const void*, SIZE_T, ULONG);
IMPORT(USHORT, RtlUshortByteSwap, USHORT);
IMPORT(ULONG, RtlUlongByteSwap, ULONG);
IMPORT(ULONGLONG, RtlUlonglongByteSwap, ULONGLONG);

static BOOLEAN makes(CSHORT year, CSHORT month, CSHORT day, LONGLONG expected) {
    TIME_FIELDS f = {year, month, day, 0, 0, 0, 0, 0};
    LARGE_INTEGER t = {.QuadPart = -1};
    return RtlTimeFieldsToTime(&f, &t) && t.QuadPart == expected;
}
static BOOLEAN refused(CSHORT year, CSHORT month, CSHORT day, CSHORT hour, CSHORT minute, CSHORT second,
                       CSHORT millis) {
    TIME_FIELDS f = {year, month, day, hour, minute, second, millis, 0};
    LARGE_INTEGER t;
    return !RtlTimeFieldsToTime(&f, &t);
}

#define DAY (24 * 3600 * 10000000ll)

static void times(void) {
    TIME_FIELDS f;
    LARGE_INTEGER t = {.QuadPart = 0}, back;
    ULONG seconds = 0;
    RtlTimeToTimeFields(&t, &f);
    CHECK(f.Year == 1601 && f.Month == 1 && f.Day == 1 && f.Hour == 0 && f.Weekday == 1,
          "system time starts on Monday, 1601-01-01");
    t.QuadPart = 134774 * DAY + ((13 * 60 + 14) * 60 + 15) * 10000000ll + 1670000;
    RtlTimeToTimeFields(&t, &f);
    CHECK(f.Year == 1970 && f.Month == 1 && f.Day == 1 && f.Hour == 13 && f.Minute == 14 && f.Second == 15 &&
              f.Milliseconds == 167 && f.Weekday == 4,
          "RtlTimeToTimeFields: 1970-01-01 was a Thursday");
    f.Weekday = 0;
    CHECK(RtlTimeFieldsToTime(&f, &back) && back.QuadPart == t.QuadPart,
          "RtlTimeFieldsToTime ignores Weekday");
    CHECK(makes(1601, 1, 1, 0) && makes(1601, 3, 1, 59 * DAY) && makes(1604, 3, 1, (3 * 365 + 60) * DAY),
          "years with and without a leap day");
    CHECK(makes(2000, 2, 29, 145790 * DAY) && refused(1900, 2, 29, 0, 0, 0, 0),
          "2000 is a leap year, 1900 is none");
    CHECK(refused(1600, 1, 1, 0, 0, 0, 0) && refused(2000, 0, 1, 0, 0, 0, 0) &&
              refused(2000, 13, 1, 0, 0, 0, 0) && refused(2000, 4, 31, 0, 0, 0, 0) &&
              refused(2000, 1, 0, 0, 0, 0, 0),
          "FALSE: year, month or day out of range");
    CHECK(refused(2000, 1, 1, 24, 0, 0, 0) && refused(2000, 1, 1, 0, 60, 0, 0) &&
              refused(2000, 1, 1, 0, 0, 60, 0) && refused(2000, 1, 1, 0, 0, 0, 1000),
          "FALSE: hour, minute, second or millisecond out of range");

    import_RtlSecondsSince1970ToTime(0, &t);
    CHECK(t.QuadPart == 134774 * DAY, "RtlSecondsSince1970ToTime");
    import_RtlSecondsSince1980ToTime(1, &t);
    CHECK(t.QuadPart == 138426 * DAY + 10000000, "RtlSecondsSince1980ToTime");
    CHECK(import_RtlTimeToSecondsSince1980(&t, &seconds) && seconds == 1, "RtlTimeToSecondsSince1980");
    CHECK(import_RtlTimeToSecondsSince1970(&t, &seconds) && seconds == 315532801,
          "RtlTimeToSecondsSince1970");
    t.QuadPart = 134774 * DAY - 1;
    CHECK(!import_RtlTimeToSecondsSince1970(&t, &seconds), "FALSE before 1970");
    t.QuadPart = 134774 * DAY + 0x100000000ll * 10000000;
    CHECK(!import_RtlTimeToSecondsSince1970(&t, &seconds), "FALSE when 32 bits of seconds do not reach");
    t.QuadPart -= 1;
    CHECK(import_RtlTimeToSecondsSince1970(&t, &seconds) && seconds == 0xffffffff,
          "the last second that fits");
    t.QuadPart = 138426 * DAY - 1;
    CHECK(!import_RtlTimeToSecondsSince1980(&t, &seconds), "FALSE before 1980");
    t.QuadPart = 138426 * DAY + 0x100000000ll * 10000000;
    CHECK(!import_RtlTimeToSecondsSince1980(&t, &seconds), "the same from 1980 on");
}

static void guids(void) {
    static const GUID sample = {0x12345678, 0x9abc, 0xdef0, {1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};
    GUID guid = {0};
    UNICODE_STRING text, wanted;
    RtlInitUnicodeString(&wanted, L"{12345678-9abc-def0-0123-456789abcdef}");
    CHECK(import_RtlStringFromGUID(&sample, &text) == STATUS_SUCCESS &&
              RtlEqualUnicodeString(&text, &wanted, TRUE),
          "RtlStringFromGUID: with braces");
    CHECK(import_RtlGUIDFromString(&text, &guid) == STATUS_SUCCESS &&
              RtlCompareMemory(&guid, &sample, sizeof guid) == sizeof guid,
          "RtlGUIDFromString");
    RtlFreeUnicodeString(&text);
    RtlZeroMemory(&guid, sizeof guid);
    RtlInitUnicodeString(&text, L"12345678-9abc-def0-0123-456789abcdef");
    CHECK(!NT_SUCCESS(import_RtlGUIDFromString(&text, &guid)), "no braces: no conversion");
    RtlInitUnicodeString(&text, L"{12345678-9abc-def0-0123-456789abcdeg}");
    CHECK(!NT_SUCCESS(import_RtlGUIDFromString(&text, &guid)) && guid.Data1 == 0,
          "a wrong digit: no conversion was done");
    RtlInitUnicodeString(&text, L"{1234}");
    CHECK(!NT_SUCCESS(import_RtlGUIDFromString(&text, &guid)), "too short: no conversion");
}

#ifndef VER_MINORVERSION
#define VER_MINORVERSION 1
#define VER_MAJORVERSION 2
#define VER_BUILDNUMBER 4
#define VER_PLATFORMID 8
#define VER_SERVICEPACKMINOR 0x10
#define VER_SERVICEPACKMAJOR 0x20
#define VER_SUITENAME 0x40
#define VER_PRODUCT_TYPE 0x80
#define VER_EQUAL 1
#define VER_GREATER 2
#define VER_GREATER_EQUAL 3
#define VER_LESS 4
#define VER_LESS_EQUAL 5
#define VER_AND 6
#define VER_OR 7
#endif

static ULONGLONG rule(ULONG type, UCHAR comparison) {
    ULONG bit = 0;
    while (!(type >> bit & 1))
        ++bit;
    return (ULONGLONG)comparison << bit * 3; // what VER_SET_CONDITION makes
}

static void versions(void) {
    RTL_OSVERSIONINFOEXW now = {.dwOSVersionInfoSize = sizeof now}, want;
    RTL_OSVERSIONINFOW small = {.dwOSVersionInfoSize = sizeof small};
    ULONG major = 0, minor = 9, build = 0;
    CHECK(import_RtlGetVersion((PRTL_OSVERSIONINFOW)&now) == STATUS_SUCCESS && now.dwMajorVersion == 10 &&
              now.dwPlatformId == 2,
          "RtlGetVersion fills an RTL_OSVERSIONINFOEXW");
    CHECK(import_RtlGetVersion(&small) == STATUS_SUCCESS && small.dwBuildNumber == now.dwBuildNumber,
          "or an RTL_OSVERSIONINFOW");
    PsGetVersion(&major, &minor, &build, NULL);
    CHECK(major == now.dwMajorVersion && minor == now.dwMinorVersion && build == now.dwBuildNumber,
          "PsGetVersion tells the same");

    want = now;
    CHECK(import_RtlVerifyVersionInfo(&want, 0, 0) == STATUS_INVALID_PARAMETER,
          "RtlVerifyVersionInfo: STATUS_INVALID_PARAMETER, nothing to compare");
    CHECK(import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_EQUAL)) ==
                  STATUS_SUCCESS &&
              import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_GREATER_EQUAL)) ==
                  STATUS_SUCCESS &&
              import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_LESS_EQUAL)) ==
                  STATUS_SUCCESS &&
              import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_GREATER)) ==
                  STATUS_REVISION_MISMATCH &&
              import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_LESS)) ==
                  STATUS_REVISION_MISMATCH,
          "the five comparisons with an equal value");
    want.dwBuildNumber--;
    CHECK(import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_GREATER)) ==
                  STATUS_SUCCESS &&
              import_RtlVerifyVersionInfo(&want, VER_BUILDNUMBER, rule(VER_BUILDNUMBER, VER_EQUAL)) ==
                  STATUS_REVISION_MISMATCH,
          "VER_GREATER: the current value is greater than the specified one");
    CHECK(import_RtlVerifyVersionInfo(&want, VER_PLATFORMID | VER_PRODUCT_TYPE,
                                      rule(VER_PLATFORMID, VER_EQUAL) | rule(VER_PRODUCT_TYPE, VER_EQUAL)) ==
              STATUS_SUCCESS,
          "platform and product type");
    want.wSuiteMask = 0x100 | 0x4000;
    CHECK(import_RtlVerifyVersionInfo(&want, VER_SUITENAME, rule(VER_SUITENAME, VER_OR)) == STATUS_SUCCESS &&
              import_RtlVerifyVersionInfo(&want, VER_SUITENAME, rule(VER_SUITENAME, VER_AND)) ==
                  STATUS_REVISION_MISMATCH,
          "suites: one of them (VER_OR), all of them (VER_AND)");
    ULONG types = VER_MAJORVERSION | VER_MINORVERSION | VER_SERVICEPACKMAJOR | VER_SERVICEPACKMINOR;
    ULONGLONG rules = rule(VER_MAJORVERSION, VER_GREATER_EQUAL) | rule(VER_MINORVERSION, VER_GREATER_EQUAL) |
                      rule(VER_SERVICEPACKMAJOR, VER_GREATER_EQUAL) |
                      rule(VER_SERVICEPACKMINOR, VER_GREATER_EQUAL);
    want.dwMajorVersion = 5, want.dwMinorVersion = 1, want.wServicePackMajor = 1, want.wServicePackMinor = 0;
    CHECK(import_RtlVerifyVersionInfo(&want, types, rules) == STATUS_SUCCESS,
          "a greater major version: minor version and service pack are not tested");
    want.dwMajorVersion = now.dwMajorVersion, want.dwMinorVersion = now.dwMinorVersion;
    CHECK(import_RtlVerifyVersionInfo(&want, types, rules) == STATUS_REVISION_MISMATCH,
          "equal versions: the service pack is tested");
    want.wServicePackMajor = 0;
    CHECK(import_RtlVerifyVersionInfo(&want, types, rules) == STATUS_SUCCESS, "and may be equal");

    CHECK(import_RtlIsNtDdiVersionAvailable(0x0a000000) && import_RtlIsNtDdiVersionAvailable(0x06010000) &&
              !import_RtlIsNtDdiVersionAvailable(0x0b000000),
          "RtlIsNtDdiVersionAvailable: the same or an earlier version");
    CHECK(import_RtlIsServicePackVersionInstalled(0x0a000000) &&
              !import_RtlIsServicePackVersionInstalled(0x0a000100),
          "RtlIsServicePackVersionInstalled");
    CHECK(!import_RtlIsServicePackVersionInstalled(0x06000200) &&
              !import_RtlIsServicePackVersionInstalled(0x05010300),
          "FALSE if the major version does not match");
}

static void codes(void) {
    CHECK(import_RtlNtStatusToDosError(STATUS_SUCCESS) == 0 &&
              import_RtlNtStatusToDosError(STATUS_ACCESS_DENIED) == 5 &&
              import_RtlNtStatusToDosError(STATUS_OBJECT_NAME_NOT_FOUND) == 2 &&
              import_RtlNtStatusToDosError(STATUS_INVALID_PARAMETER) == 87,
          "RtlNtStatusToDosError");
    CHECK(import_RtlNtStatusToDosError(STATUS_DEVICE_ALREADY_ATTACHED) == 548 &&
              import_RtlNtStatusToDosError(STATUS_CANT_WAIT) == 554 &&
              import_RtlNtStatusToDosError(STATUS_OBJECT_NAME_EXISTS) == 698,
          "RtlNtStatusToDosError of statuses whose names a system error has");
    CHECK(import_RtlNtStatusToDosErrorNoTeb(STATUS_NO_MEMORY) == 8 &&
              import_RtlNtStatusToDosErrorNoTeb((NTSTATUS)0xc0ffee00) == 317,
          "RtlNtStatusToDosErrorNoTeb; an unknown status is ERROR_MR_MID_NOT_FOUND");
    CHECK(import_RtlCrc32("123456789", 9, 0) == 0xcbf43926, "RtlCrc32 has the check value of CRC-32");
    CHECK(import_RtlCrc32("6789", 4, import_RtlCrc32("12345", 5, 0)) == 0xcbf43926, "and can be continued");
    CHECK(import_RtlUshortByteSwap(0x1234) == 0x3412 && import_RtlUlongByteSwap(0x12345678) == 0x78563412 &&
              import_RtlUlonglongByteSwap(0x0102030405060708ull) == 0x0807060504030201ull,
          "byte swaps");
}

static void checks(void) {
    times();
    guids();
    versions();
    codes();
}
