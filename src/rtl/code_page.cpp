// Windows-1252, code page 437 and UTF-8.
#include "abi/status.h"
#include "rtl/strings.h"

namespace nt::rtl {

namespace {

// 0x80 … 0x9F of Windows-1252; the five undefined codes map to the C1 controls of the same value.
constexpr WCHAR upper_controls[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                      0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                      0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

// 0x80 … 0xFF of code page 437 (the Unicode consortium's CP437.TXT).
constexpr WCHAR oem_upper_half[128] = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE,
    0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9, 0x00FF, 0x00D6,
    0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA,
    0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510, 0x2514,
    0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F, 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C,
    0x2588, 0x2584, 0x258C, 0x2590, 0x2580, 0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4,
    0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00F7, 0x2248, 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0};

void store(ULONG* written, ULONG n) {
    if (written) *written = n;
}

} // namespace

WCHAR to_unicode(CHAR c, CodePage page) {
    const auto u = static_cast<UCHAR>(c);
    if (u < 0x80) return u;
    if (page == CodePage::oem) return oem_upper_half[u - 0x80];
    return u < 0xA0 ? upper_controls[u - 0x80] : u;
}

CHAR from_unicode(WCHAR c, CodePage page) {
    if (c < 0x80 || (page == CodePage::ansi && c >= 0xA0 && c < 0x100)) return static_cast<CHAR>(c);
    const WCHAR* codes = page == CodePage::oem ? oem_upper_half : upper_controls;
    const int count = page == CodePage::oem ? 128 : 32;
    for (int i = 0; i < count; i++)
        if (codes[i] == c) return static_cast<CHAR>(0x80 + i);
    return '?';
}

NTSTATUS unicode_to_multibyte(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG from_bytes,
                              CodePage page) {
    const ULONG count = from_bytes / sizeof(WCHAR), n = count < size ? count : size;
    for (ULONG i = 0; i < n; i++)
        to[i] = from_unicode(from[i], page);
    store(written, n);
    return n < count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS multibyte_to_unicode(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG from_bytes,
                              CodePage page) {
    const ULONG room = size / sizeof(WCHAR), n = from_bytes < room ? from_bytes : room;
    for (ULONG i = n;
         i-- >
         0;) // from the end: the source may lie at the start of the destination (nf-ntifs-rtloemtounicoden)
        to[i] = to_unicode(from[i], page);
    store(written, n * sizeof(WCHAR));
    return n < from_bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS from_unicode(STRING& to, const UNICODE_STRING& from, CodePage page) {
    const ULONG n = from.Length / sizeof(WCHAR);
    if (n + 1 > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (ULONG i = 0; i < n; i++)
        to.Buffer[i] = from_unicode(from.Buffer[i], page);
    to.Buffer[n] = 0;
    to.Length = static_cast<USHORT>(n);
    return STATUS_SUCCESS;
}

NTSTATUS to_unicode(UNICODE_STRING& to, const STRING& from, CodePage page) {
    const ULONG bytes = from.Length * sizeof(WCHAR);
    if (bytes + sizeof(WCHAR) > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (ULONG i = 0; i < from.Length; i++)
        to.Buffer[i] = to_unicode(from.Buffer[i], page);
    to.Buffer[from.Length] = 0;
    to.Length = static_cast<USHORT>(bytes);
    return STATUS_SUCCESS;
}

NTSTATUS unicode_to_utf8(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG from_bytes) {
    if (!to && !written) return STATUS_INVALID_PARAMETER;
    if (!from) return STATUS_INVALID_PARAMETER_4;
    if (from_bytes % sizeof(WCHAR)) return STATUS_INVALID_PARAMETER_5;
    const ULONG count = from_bytes / sizeof(WCHAR);
    NTSTATUS status = STATUS_SUCCESS;
    ULONG done = 0;
    for (ULONG i = 0; i < count; i++) {
        ULONG c = from[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < count && from[i + 1] >= 0xDC00 && from[i + 1] < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (from[++i] - 0xDC00);
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
            status = STATUS_SOME_NOT_MAPPED;
        }
        const ULONG n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (to) {
            if (n > size - done) {
                store(written, done);
                return STATUS_BUFFER_TOO_SMALL;
            }
            static constexpr UCHAR lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
            for (ULONG k = n; k-- > 1; c >>= 6)
                to[done + k] = static_cast<CHAR>(0x80 | (c & 0x3F));
            to[done] = static_cast<CHAR>(lead[n] | c);
        }
        done += n;
    }
    store(written, done);
    return status;
}

NTSTATUS utf8_to_unicode(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG from_bytes) {
    if (!to && !written) return STATUS_INVALID_PARAMETER;
    if (!from) return STATUS_INVALID_PARAMETER_4;
    NTSTATUS status = STATUS_SUCCESS;
    const ULONG room = size / sizeof(WCHAR);
    ULONG done = 0;
    for (ULONG i = 0; i < from_bytes;) {
        const auto at = [&](ULONG k) { return k < from_bytes ? ULONG{static_cast<UCHAR>(from[k])} : 0u; };
        const ULONG b = at(i);
        ULONG c = 0xFFFD, n = 1;
        // Lower bound of the second byte keeps overlong forms and surrogates out, upper bound what is above
        // U+10FFFF.
        ULONG need = 0, low = 0x80, high = 0xBF;
        if (b < 0x80) {
            c = b;
        } else if (b >= 0xC2 && b < 0xE0) {
            need = 1;
        } else if (b >= 0xE0 && b < 0xF0) {
            need = 2;
            if (b == 0xE0) low = 0xA0;
            if (b == 0xED) high = 0x9F;
        } else if (b >= 0xF0 && b < 0xF5) {
            need = 3;
            if (b == 0xF0) low = 0x90;
            if (b == 0xF4) high = 0x8F;
        } else {
            status = STATUS_SOME_NOT_MAPPED;
        }
        if (need) {
            ULONG value = b & (0x3F >> need);
            while (n <= need && at(i + n) >= low && at(i + n) <= high) {
                value = value << 6 | (at(i + n) & 0x3F);
                n++, low = 0x80, high = 0xBF;
            }
            if (n == need + 1)
                c = value;
            else
                status = STATUS_SOME_NOT_MAPPED; // the valid part of a broken sequence gives one U+FFFD
        }
        i += n;
        const ULONG units = c < 0x10000 ? 1 : 2;
        if (to) {
            if (units > room - done) {
                store(written, done * sizeof(WCHAR));
                return STATUS_BUFFER_TOO_SMALL;
            }
            if (units == 1) {
                to[done] = static_cast<WCHAR>(c);
            } else {
                to[done] = static_cast<WCHAR>(0xD800 + ((c - 0x10000) >> 10));
                to[done + 1] = static_cast<WCHAR>(0xDC00 + ((c - 0x10000) & 0x3FF));
            }
        }
        done += units;
    }
    store(written, done * sizeof(WCHAR));
    return status;
}

} // namespace nt::rtl
