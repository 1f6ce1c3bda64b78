// Windows-1252 and UTF-8.
#include "abi/status.h"
#include "rtl/strings.h"

namespace nt::rtl {

namespace {

// 0x80 … 0x9F of Windows-1252; the five undefined codes map to the C1 controls of the same value.
constexpr WCHAR upper_controls[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                      0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                      0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

void store(ULONG* written, ULONG n) {
    if (written) *written = n;
}

} // namespace

WCHAR ansi_to_unicode(CHAR c) {
    const auto u = static_cast<UCHAR>(c);
    return u >= 0x80 && u < 0xA0 ? upper_controls[u - 0x80] : u;
}

CHAR unicode_to_ansi(WCHAR c) {
    if (c < 0x80 || (c >= 0xA0 && c < 0x100)) return static_cast<CHAR>(c);
    for (int i = 0; i < 32; i++)
        if (upper_controls[i] == c) return static_cast<CHAR>(0x80 + i);
    return '?';
}

NTSTATUS unicode_to_multibyte(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG from_bytes) {
    const ULONG count = from_bytes / sizeof(WCHAR), n = count < size ? count : size;
    for (ULONG i = 0; i < n; i++)
        to[i] = unicode_to_ansi(from[i]);
    store(written, n);
    return n < count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS multibyte_to_unicode(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG from_bytes) {
    const ULONG room = size / sizeof(WCHAR), n = from_bytes < room ? from_bytes : room;
    for (ULONG i = n;
         i-- >
         0;) // from the end: the source may lie at the start of the destination (nf-ntifs-rtloemtounicoden)
        to[i] = ansi_to_unicode(from[i]);
    store(written, n * sizeof(WCHAR));
    return n < from_bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS unicode_to_ansi(STRING& to, const UNICODE_STRING& from) {
    const ULONG n = from.Length / sizeof(WCHAR);
    if (n + 1 > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (ULONG i = 0; i < n; i++)
        to.Buffer[i] = unicode_to_ansi(from.Buffer[i]);
    to.Buffer[n] = 0;
    to.Length = static_cast<USHORT>(n);
    return STATUS_SUCCESS;
}

NTSTATUS ansi_to_unicode(UNICODE_STRING& to, const STRING& from) {
    const ULONG bytes = from.Length * sizeof(WCHAR);
    if (bytes + sizeof(WCHAR) > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (ULONG i = 0; i < from.Length; i++)
        to.Buffer[i] = ansi_to_unicode(from.Buffer[i]);
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
