// Comparing and mapping strings as en-US does.
//
// assumed: the order is a simple one of three levels (what kind of character and its base letter, then case)
// over Unicode code points: punctuation and symbols, digits, letters. Windows has weights for every
// character.
#include "codepage.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD NORM_IGNORECASE = 1, NORM_IGNORENONSPACE = 2, NORM_IGNORESYMBOLS = 4,
                LINGUISTIC_IGNORECASE = 0x10, NORM_IGNOREKANATYPE = 0x10000, NORM_IGNOREWIDTH = 0x20000,
                LINGUISTIC_IGNOREDIACRITIC = 0x20, NORM_LINGUISTIC_CASING = 0x08000000,
                SORT_STRINGSORT = 0x1000, SORT_DIGITSASNUMBERS = 8, LOCALE_USE_CP_ACP = 0x40000000;
constexpr DWORD KNOWN = NORM_IGNORECASE | NORM_IGNORENONSPACE | NORM_IGNORESYMBOLS | LINGUISTIC_IGNORECASE |
                        LINGUISTIC_IGNOREDIACRITIC | NORM_IGNOREKANATYPE | NORM_IGNOREWIDTH |
                        NORM_LINGUISTIC_CASING | SORT_STRINGSORT | LOCALE_USE_CP_ACP;
constexpr WORD C1_UPPER = 1, C1_DIGIT = 4, C1_SPACE = 8, C1_PUNCT = 0x10, C1_ALPHA = 0x100;

ULONG weight(WCHAR c) {
    WORD type = character_type1(c);
    ULONG kind = type & C1_ALPHA ? 4 : type & C1_DIGIT ? 3 : type & C1_PUNCT ? 2 : type & C1_SPACE ? 1 : 0;
    return kind << 16 | RtlUpcaseUnicodeChar(c);
}

// 1 less, 2 equal, 3 greater
INT compare(DWORD flags, const WCHAR* a, ULONG a_length, const WCHAR* b, ULONG b_length) {
    ULONG i = 0, j = 0;
    INT by_case = 2;
    auto skip = [&](const WCHAR* s, ULONG& at, ULONG n) {
        while (at < n && (flags & NORM_IGNORESYMBOLS) && (character_type1(s[at]) & C1_PUNCT))
            ++at;
    };
    for (;; ++i, ++j) {
        skip(a, i, a_length);
        skip(b, j, b_length);
        if (i >= a_length || j >= b_length) break;
        if (a[i] == b[j]) continue;
        ULONG x = weight(a[i]), y = weight(b[j]);
        if (x != y) return x < y ? 1 : 3;
        if (by_case == 2) by_case = character_type1(a[i]) & C1_UPPER ? 3 : 1; // small letters first
    }
    if (i < a_length || j < b_length) return i < a_length ? 3 : 1;
    return flags & (NORM_IGNORECASE | LINGUISTIC_IGNORECASE) ? 2 : by_case;
}

constexpr DWORD LCMAP_LOWERCASE = 0x100, LCMAP_UPPERCASE = 0x200, LCMAP_TITLECASE = 0x300,
                LCMAP_SORTKEY = 0x400, LCMAP_BYTEREV = 0x800, LCMAP_LINGUISTIC_CASING = 0x1000000;

INT map(DWORD flags, const WCHAR* from, INT length, WCHAR* to, INT size) {
    if (!from || !length || size < 0 || (size && !to)) return fail_with(ERROR_INVALID_PARAMETER);
    ULONG n = length < 0 ? ULONG(wcslen(from)) + 1 : ULONG(length);
    DWORD casing = flags & LCMAP_TITLECASE;
    if (flags & LCMAP_SORTKEY) {
        // A key that memcmp orders as compare() does: two bytes of weight each, a separator, cases.
        if (casing) return fail_with(ERROR_INVALID_FLAGS);
        if (length < 0) --n;
        auto* key = reinterpret_cast<UCHAR*>(to);
        ULONG needed = n * 3 + 1 + ((flags & NORM_IGNORECASE) ? 0 : n) + 1;
        if (!size) return INT(needed);
        if (needed > ULONG(size)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        for (ULONG i = 0; i < n; ++i) {
            ULONG w = weight(from[i]);
            *key++ = UCHAR((w >> 16) + 2);
            *key++ = UCHAR(w >> 8);
            *key++ = UCHAR(w);
        }
        *key++ = 1;
        if (!(flags & NORM_IGNORECASE))
            for (ULONG i = 0; i < n; ++i)
                *key++ = character_type1(from[i]) & C1_UPPER ? 3 : 2;
        *key = 0;
        return INT(needed);
    }
    if (flags & ~(LCMAP_TITLECASE | LCMAP_LINGUISTIC_CASING | LCMAP_BYTEREV | LOCALE_USE_CP_ACP))
        stop("LCMapString (these flags)");
    if (casing == LCMAP_TITLECASE) stop("LCMapString (LCMAP_TITLECASE)");
    if (!size) return INT(n);
    if (n > ULONG(size)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    for (ULONG i = 0; i < n; ++i) {
        WCHAR c = from[i];
        if (casing) c = casing == LCMAP_LOWERCASE ? RtlDowncaseUnicodeChar(c) : RtlUpcaseUnicodeChar(c);
        to[i] = flags & LCMAP_BYTEREV ? WCHAR(c >> 8 | c << 8) : c;
    }
    return INT(n);
}

} // namespace

extern "C" {

INT CompareStringW(LCID, DWORD flags, const WCHAR* a, INT a_length, const WCHAR* b, INT b_length) {
    if (!a || !b) return fail_with(ERROR_INVALID_PARAMETER);
    if (flags & ~KNOWN) return fail_with(ERROR_INVALID_FLAGS);
    return compare(flags, a, a_length < 0 ? ULONG(wcslen(a)) : ULONG(a_length), b,
                   b_length < 0 ? ULONG(wcslen(b)) : ULONG(b_length));
}
INT CompareStringEx(const WCHAR*, DWORD flags, const WCHAR* a, INT a_length, const WCHAR* b, INT b_length,
                    PVOID, PVOID, ULONG_PTR) {
    return CompareStringW(0, flags, a, a_length, b, b_length);
}
INT CompareStringA(LCID, DWORD flags, const CHAR* a, INT a_length, const CHAR* b, INT b_length) {
    if (!a || !b) return fail_with(ERROR_INVALID_PARAMETER);
    ULONG n = a_length < 0 ? ULONG(strlen(a)) : ULONG(a_length),
          m = b_length < 0 ? ULONG(strlen(b)) : ULONG(b_length);
    Scratch<WCHAR> x(n + 1), y(m + 1);
    if (!x || !y) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    if (n) MultiByteToWideChar(CP_ACP, 0, a, INT(n), x.get(), INT(n));
    if (m) MultiByteToWideChar(CP_ACP, 0, b, INT(m), y.get(), INT(m));
    return CompareStringW(0, flags, x.get(), INT(n), y.get(), INT(m));
}
INT CompareStringOrdinal(const WCHAR* a, INT a_length, const WCHAR* b, INT b_length, BOOL ignore_case) {
    if (!a || !b) return fail_with(ERROR_INVALID_PARAMETER);
    LONG order =
        RtlCompareUnicodeStrings(a, a_length < 0 ? wcslen(a) : SIZE_T(a_length), b,
                                 b_length < 0 ? wcslen(b) : SIZE_T(b_length), BOOLEAN(ignore_case != 0));
    return order < 0 ? 1 : order > 0 ? 3 : 2;
}

INT LCMapStringW(LCID, DWORD flags, const WCHAR* from, INT length, WCHAR* to, INT size) {
    return map(flags, from, length, to, size);
}
INT LCMapStringEx(const WCHAR*, DWORD flags, const WCHAR* from, INT length, WCHAR* to, INT size, PVOID, PVOID,
                  ULONG_PTR) {
    return map(flags, from, length, to, size);
}
INT LCMapStringA(LCID, DWORD flags, const CHAR* from, INT length, CHAR* to, INT size) {
    if (!from || !length || size < 0) return fail_with(ERROR_INVALID_PARAMETER);
    INT n = MultiByteToWideChar(CP_ACP, 0, from, length, nullptr, 0);
    Scratch<WCHAR> wide(ULONG(n) + 1), mapped(ULONG(n) * 4 + 4);
    if (!wide || !mapped) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    MultiByteToWideChar(CP_ACP, 0, from, length, wide.get(), n);
    if (flags & LCMAP_SORTKEY)
        return map(flags, wide.get(), length < 0 ? -1 : n, reinterpret_cast<WCHAR*>(to), size);
    INT m = map(flags, wide.get(), n, mapped.get(), n);
    return m ? WideCharToMultiByte(CP_ACP, 0, mapped.get(), m, to, size, nullptr, nullptr) : 0;
}

} // extern "C"
} // namespace nt
