// GUIDs, random numbers, checksums, version: nf-wdm-rtlguidfromstring, nf-wdm-rtlstringfromguid,
// nf-ntddk-rtlrandomex, nf-wdm-rtlgetversion, nf-ntddk-rtlverifyversioninfo …
#include "abi/peb.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include "rtl/misc.h"
#include "rtl/status.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

extern "C" NTSTATUS RtlGUIDFromString(const UNICODE_STRING* text, GUID* guid) {
    return rtl::guid_from_string(need_text(text), need_out(guid));
}
GATE(RtlGUIDFromString);

// Allocates the string; the caller frees it by RtlFreeUnicodeString.
extern "C" NTSTATUS RtlStringFromGUID(const GUID* guid, UNICODE_STRING* text) {
    need_in(guid);
    need_out(text);
    WCHAR chars[rtl::guid_characters];
    rtl::guid_to_string(*guid, chars);
    auto* buffer =
        static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, sizeof chars + sizeof(WCHAR), pool::tag("Strg"),
                                           static_cast<seh::EntryRecord*>(seh::innermost())->rip));
    if (!buffer) return STATUS_NO_MEMORY;
    std::memcpy(buffer, chars, sizeof chars);
    buffer[rtl::guid_characters] = 0;
    *text = {sizeof chars, sizeof chars + sizeof(WCHAR), buffer};
    return STATUS_SUCCESS;
}
GATE(RtlStringFromGUID);

extern "C" ULONG RtlRandomEx(ULONG* seed) { return rtl::random_ex(&need_out(seed)); }
GATE(RtlRandomEx);
extern "C" ULONG RtlRandom(ULONG* seed) { return rtl::random(&need_out(seed)); }
GATE(RtlRandom);
extern "C" ULONG RtlUniform(ULONG* seed) { return rtl::uniform(&need_out(seed)); }
GATE(RtlUniform);

extern "C" ULONG RtlCrc32(const void* data, SIZE_T size, ULONG initial) {
    need_read(data, size);
    return rtl::crc32(data, size, initial);
}
GATE(RtlCrc32);
extern "C" ULONGLONG RtlCrc64(const void* data, SIZE_T size, ULONGLONG initial) {
    need_read(data, size);
    return rtl::crc64(data, size, initial);
}
GATE(RtlCrc64);

// The version that the machine shows in KUSER_SHARED_DATA. "Always STATUS_SUCCESS".
extern "C" NTSTATUS RtlGetVersion(RTL_OSVERSIONINFOEXW* info) {
    const ULONG size = need_in(&info->dwOSVersionInfoSize);
    const bool extended = size == sizeof(RTL_OSVERSIONINFOEXW);
    need_write(info, extended ? sizeof(RTL_OSVERSIONINFOEXW) : sizeof(RTL_OSVERSIONINFOW));
    const KUSER_SHARED_DATA& shared = *ke::shared_data;
    info->dwMajorVersion = shared.NtMajorVersion;
    info->dwMinorVersion = shared.NtMinorVersion;
    info->dwBuildNumber = shared.NtBuildNumber & 0xFFFF;
    info->dwPlatformId = 2; // VER_PLATFORM_WIN32_NT
    info->szCSDVersion[0] = 0;
    if (extended) {
        info->wServicePackMajor = info->wServicePackMinor = 0;
        info->wSuiteMask = 0x100; // VER_SUITE_SINGLEUSERTS
        info->wProductType = static_cast<UCHAR>(shared.NtProductType);
        info->wReserved = 0;
    }
    return STATUS_SUCCESS;
}
GATE(RtlGetVersion);

// NTDDI_VERSION: major, minor, service pack; 0x0A00 with 00 … 0x0C is Windows 10, whose releases are told by
// the third byte.
extern "C" BOOLEAN RtlIsNtDdiVersionAvailable(ULONG version) {
    const KUSER_SHARED_DATA& shared = *ke::shared_data;
    const ULONG ours = shared.NtMajorVersion << 24 | shared.NtMinorVersion << 16;
    return (version & 0xFFFF0000) <= ours;
}
GATE(RtlIsNtDdiVersionAvailable);

// "FALSE if the major version that Version specifies does not match"
// (nf-wdm-rtlisservicepackversioninstalled).
extern "C" BOOLEAN RtlIsServicePackVersionInstalled(ULONG version) {
    const KUSER_SHARED_DATA& shared = *ke::shared_data;
    const ULONG ours = shared.NtMajorVersion << 24 | shared.NtMinorVersion << 16; // no service pack
    return (version & 0xFFFF0000) == ours && (version & 0xFFFFFF00) <= ours;
}
GATE(RtlIsServicePackVersionInstalled);

namespace {

// One comparison of RtlVerifyVersionInfo: VER_EQUAL 1, GREATER 2, GREATER_EQUAL 3, LESS 4, LESS_EQUAL 5, AND
// 6, OR 7.
bool satisfies(ULONG condition, ULONG ours, ULONG wanted) {
    switch (condition) {
    case 1:
        return ours == wanted;
    case 2:
        return ours > wanted;
    case 3:
        return ours >= wanted;
    case 4:
        return ours < wanted;
    case 5:
        return ours <= wanted;
    case 6:
        return (ours & wanted) == wanted;
    case 7:
        return wanted == 0 || (ours & wanted) != 0;
    default:
        return false;
    }
}

} // namespace

// Each type bit has three bits of condition. Major, minor and service pack are compared as one number from
// the highest given.
extern "C" NTSTATUS RtlVerifyVersionInfo(const RTL_OSVERSIONINFOEXW* wanted, ULONG types,
                                         ULONGLONG conditions) {
    if (!types) return STATUS_INVALID_PARAMETER;
    need_read(wanted, sizeof *wanted);
    enum {
        minor = 1,
        major = 2,
        build = 4,
        platform = 8,
        pack_minor = 0x10,
        pack_major = 0x20,
        suite = 0x40,
        product = 0x80
    };
    const auto condition = [&](ULONG type) {
        return static_cast<ULONG>(conditions >> (3 * __builtin_ctz(type))) & 7;
    };
    const KUSER_SHARED_DATA& shared = *ke::shared_data;
    if ((types & platform) && !satisfies(condition(platform), 2, wanted->dwPlatformId))
        return STATUS_REVISION_MISMATCH;
    if ((types & suite) && !satisfies(condition(suite), 0x100, wanted->wSuiteMask))
        return STATUS_REVISION_MISMATCH;
    if ((types & product) && !satisfies(condition(product), shared.NtProductType, wanted->wProductType))
        return STATUS_REVISION_MISMATCH;
    if ((types & build) && !satisfies(condition(build), shared.NtBuildNumber & 0xFFFF, wanted->dwBuildNumber))
        return STATUS_REVISION_MISMATCH;
    const struct {
        ULONG type, ours, wanted;
    } parts[] = {{major, shared.NtMajorVersion, wanted->dwMajorVersion},
                 {minor, shared.NtMinorVersion, wanted->dwMinorVersion},
                 {pack_major, 0, wanted->wServicePackMajor},
                 {pack_minor, 0, wanted->wServicePackMinor}};
    ULONG rule = 0;
    for (const auto& part : parts) {
        if (!(types & part.type)) continue;
        if (!rule) rule = condition(part.type); // the first given sets the rule for all
        if (part.ours != part.wanted)
            return satisfies(rule, part.ours, part.wanted) ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
    }
    return !rule || satisfies(rule, 0, 0) ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
}
GATE(RtlVerifyVersionInfo);

extern "C" ULONG RtlNtStatusToDosError(NTSTATUS status) { return rtl::status_to_dos_error(status); }
GATE(RtlNtStatusToDosError);
extern "C" ULONG RtlNtStatusToDosErrorNoTeb(NTSTATUS status) { return rtl::status_to_dos_error(status); }
GATE(RtlNtStatusToDosErrorNoTeb);

// Checked builds' ASSERT. Without a debugger Windows breaks into it; here the machine stops with the text.
extern "C" void RtlAssert(const CHAR* expression, const CHAR* file, ULONG line, const CHAR* message) {
    need_string(expression);
    need_string(file);
    if (message) need_string(message);
    ke::stop_machine(ke::StopKind::report, "assertion failed: %s (%s:%u)%s%s", expression, file, line,
                     message ? ": " : "", message ? message : "");
}
GATE(RtlAssert);
