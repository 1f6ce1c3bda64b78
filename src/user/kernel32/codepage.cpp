// Code pages: 1252 is the ANSI page, 437 the OEM page, UTF-8 and a few more are there when asked for.
//
// assumed: a character that a page lacks becomes the default character; Windows has best-fit tables for some
// of them.
#include "codepage.h"
#include "generated/nls_tables.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD MB_ERR_INVALID_CHARS = 8, WC_ERR_INVALID_CHARS = 0x80, WC_NO_BEST_FIT_CHARS = 0x400;
constexpr UINT ANSI = 1252, OEM = 437, UTF8 = CP_UTF8;

UINT resolve(UINT page) {
    switch (page) {
    case CP_ACP:
    case CP_THREAD_ACP:
    case 2: // CP_MACCP has no page of its own here
        return ANSI;
    case CP_OEMCP:
        return OEM;
    default:
        return page;
    }
}

// Upper halves of the single-byte pages; null: not one. Latin-1 and ASCII have no table.
const USHORT* table_of(UINT page) {
    return page == 1252 ? page_1252 : page == 437 ? page_437 : page == 850 ? page_850 : nullptr;
}
bool known(UINT page) { return table_of(page) || page == 28591 || page == 20127 || page == UTF8; }

// One character of UTF-8. Returns its length; an ill-formed sequence gives 0xfffd and the length of its
// longest valid start.
ULONG decode(const CHAR* from, ULONG left, ULONG* c) {
    auto byte = [&](ULONG i) { return UCHAR(from[i]); };
    UCHAR first = byte(0);
    *c = first;
    if (first < 0x80) return 1;
    ULONG length = first >= 0xc2 && first <= 0xdf   ? 2
                   : (first & 0xf0) == 0xe0         ? 3
                   : first >= 0xf0 && first <= 0xf4 ? 4
                                                    : 0;
    *c = 0xfffd;
    if (!length) return 1;
    ULONG value = first & (0xffu >> (length + 1));
    for (ULONG i = 1; i < length; ++i) {
        if (i >= left || (byte(i) & 0xc0) != 0x80) return i;
        if (i == 1) { // overlong forms, surrogates, beyond U+10FFFF
            UCHAR b = byte(1);
            if ((first == 0xe0 && b < 0xa0) || (first == 0xed && b > 0x9f) || (first == 0xf0 && b < 0x90) ||
                (first == 0xf4 && b > 0x8f))
                return 1;
        }
        value = value << 6 | (byte(i) & 0x3f);
    }
    *c = value;
    return length;
}

// Both conversions count when `size` is 0 and return 0 with a last error when the buffer is too small.
INT utf8_to_wide(DWORD flags, const CHAR* from, ULONG length, WCHAR* to, ULONG size) {
    ULONG n = 0;
    for (ULONG at = 0; at < length;) {
        ULONG c;
        at += decode(from + at, length - at, &c);
        if (c == 0xfffd && (flags & MB_ERR_INVALID_CHARS) &&
            !(at >= 3 && UCHAR(from[at - 3]) == 0xef && UCHAR(from[at - 2]) == 0xbf))
            return fail_with(ERROR_NO_UNICODE_TRANSLATION);
        ULONG units = c > 0xffff ? 2 : 1;
        if (size) {
            if (n + units > size) return fail_with(ERROR_INSUFFICIENT_BUFFER);
            if (units == 2) {
                to[n] = WCHAR(0xd800 + ((c - 0x10000) >> 10));
                to[n + 1] = WCHAR(0xdc00 + ((c - 0x10000) & 0x3ff));
            } else
                to[n] = WCHAR(c);
        }
        n += units;
    }
    return INT(n);
}

INT wide_to_utf8(DWORD flags, const WCHAR* from, ULONG length, CHAR* to, ULONG size) {
    ULONG n = 0;
    for (ULONG at = 0; at < length; ++at) {
        ULONG c = from[at];
        if ((c & 0xfc00) == 0xd800 && at + 1 < length && (from[at + 1] & 0xfc00) == 0xdc00)
            c = 0x10000 + ((c & 0x3ff) << 10) + (from[++at] & 0x3ff);
        else if ((c & 0xf800) == 0xd800) {
            if (flags & WC_ERR_INVALID_CHARS) return fail_with(ERROR_NO_UNICODE_TRANSLATION);
            c = 0xfffd;
        }
        ULONG bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (size) {
            if (n + bytes > size) return fail_with(ERROR_INSUFFICIENT_BUFFER);
            if (bytes == 1)
                to[n] = CHAR(c);
            else {
                for (ULONG i = bytes; i-- > 1; c >>= 6)
                    to[n + i] = CHAR(0x80 | (c & 0x3f));
                to[n] = CHAR((0xf0u << (4 - bytes) & 0xff) | c);
            }
        }
        n += bytes;
    }
    return INT(n);
}

bool byte_of(UINT page, const USHORT* table, WCHAR c, CHAR* to) {
    *to = CHAR(c);
    if (c < 0x80) return true;
    if (page == 20127) return false;
    if (!table) return c < 0x100;
    for (ULONG i = 0; i < 128; ++i)
        if (table[i] == c) return *to = CHAR(0x80 + i), true;
    return false;
}

} // namespace

extern "C" {

INT MultiByteToWideChar(UINT page, DWORD flags, const CHAR* from, INT length, WCHAR* to, INT size) {
    page = resolve(page);
    if (!from || !length || size < 0 || length < -1 || (size && !to))
        return fail_with(ERROR_INVALID_PARAMETER);
    if (!known(page)) return fail_with(ERROR_INVALID_PARAMETER);
    ULONG n = length < 0 ? ULONG(strlen(from)) + 1 : ULONG(length);
    if (page == UTF8) {
        if (flags & ~MB_ERR_INVALID_CHARS) return fail_with(ERROR_INVALID_FLAGS);
        return utf8_to_wide(flags, from, n, to, ULONG(size));
    }
    const USHORT* table = table_of(page);
    if (size && n > ULONG(size)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    for (ULONG i = 0; i < n; ++i) {
        UCHAR b = UCHAR(from[i]);
        WCHAR c = b < 0x80 ? b : table ? table[b - 0x80] : page == 20127 ? b & 0x7f : b;
        if ((flags & MB_ERR_INVALID_CHARS) && b >= 0x80 && page == 1252 && c == b && b < 0xa0)
            return fail_with(ERROR_NO_UNICODE_TRANSLATION);
        if (size) to[i] = c;
    }
    return INT(n);
}

INT WideCharToMultiByte(UINT page, DWORD flags, const WCHAR* from, INT length, CHAR* to, INT size,
                        const CHAR* replacement, BOOL* replaced) {
    page = resolve(page);
    if (!from || !length || size < 0 || length < -1 || (size && !to) || !known(page))
        return fail_with(ERROR_INVALID_PARAMETER);
    ULONG n = length < 0 ? ULONG(wcslen(from)) + 1 : ULONG(length);
    if (page == UTF8) {
        if (replacement || replaced) return fail_with(ERROR_INVALID_PARAMETER);
        if (flags & ~WC_ERR_INVALID_CHARS) return fail_with(ERROR_INVALID_FLAGS);
        return wide_to_utf8(flags, from, n, to, ULONG(size));
    }
    const USHORT* table = table_of(page);
    ULONG done = 0;
    if (replaced) *replaced = FALSE;
    for (ULONG at = 0; at < n; ++at, ++done) {
        CHAR b;
        if (!byte_of(page, table, from[at], &b)) {
            b = replacement ? *replacement : '?';
            if (replaced) *replaced = TRUE;
            if ((from[at] & 0xfc00) == 0xd800 && at + 1 < n && (from[at + 1] & 0xfc00) == 0xdc00) ++at;
        }
        if (size) {
            if (done >= ULONG(size)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
            to[done] = b;
        }
    }
    return INT(done);
}

UINT GetACP() { return ANSI; }
UINT GetOEMCP() { return OEM; }
BOOL IsValidCodePage(UINT page) { return known(page); }
BOOL IsDBCSLeadByte(UCHAR) { return FALSE; }
BOOL IsDBCSLeadByteEx(UINT, UCHAR) { return FALSE; }
BOOL GetCPInfo(UINT page, CPINFO* to) {
    page = resolve(page);
    if (!to || !known(page)) return fail_with(ERROR_INVALID_PARAMETER);
    *to = {page == UTF8 ? 4u : 1u, {'?', 0}, {}};
    return TRUE;
}
// Which of two code pages file functions take their ANSI strings to be in; here both are 1252.
static bool file_names_are_oem = false;
BOOL AreFileApisANSI() { return !file_names_are_oem; }
void SetFileApisToANSI() { file_names_are_oem = false; }
void SetFileApisToOEM() { file_names_are_oem = true; }

BOOL GetStringTypeW(DWORD kind, const WCHAR* from, INT length, WORD* to) {
    if (!from || !to || !length) return fail_with(ERROR_INVALID_PARAMETER);
    ULONG n = length < 0 ? ULONG(wcslen(from)) + 1 : ULONG(length);
    if (kind != 1 && kind != 2) {
        if (kind == 4) stop("GetStringType (CT_CTYPE3)");
        return fail_with(ERROR_INVALID_PARAMETER);
    }
    for (ULONG i = 0; i < n; ++i)
        to[i] = kind == 1 ? character_type1(from[i]) : character_type2(from[i]);
    return TRUE;
}
BOOL GetStringTypeExW(LCID, DWORD kind, const WCHAR* from, INT length, WORD* to) {
    return GetStringTypeW(kind, from, length, to);
}
BOOL GetStringTypeA(LCID, DWORD kind, const CHAR* from, INT length, WORD* to) {
    if (!from || !to || !length) return fail_with(ERROR_INVALID_PARAMETER);
    INT n = MultiByteToWideChar(CP_ACP, 0, from, length, nullptr, 0);
    Scratch<WCHAR> wide(ULONG(n) + 1);
    if (!wide) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    MultiByteToWideChar(CP_ACP, 0, from, length, wide.get(), n);
    return GetStringTypeW(kind, wide.get(), n, to);
}
BOOL GetStringTypeExA(LCID locale, DWORD kind, const CHAR* from, INT length, WORD* to) {
    return GetStringTypeA(locale, kind, from, length, to);
}

} // extern "C"

WORD k32::character_type1(WCHAR c) {
    return character_type[character_page[c >> 8] * 256 + (c & 255)] & 0xfff;
}
WORD k32::character_type2(WCHAR c) {
    return WORD(character_type[character_page[c >> 8] * 256 + (c & 255)] >> 12);
}

} // namespace nt
