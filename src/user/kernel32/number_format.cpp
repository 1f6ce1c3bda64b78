// Numbers as text: GetNumberFormat, in en-US or as its NUMBERFMT says.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

template <class Char> struct NUMBERFMT {
    UINT NumDigits, LeadingZero, Grouping;
    const Char *lpDecimalSep, *lpThousandSep;
    UINT NegativeOrder;
};

constexpr ULONG longest = 512;

struct Line {
    WCHAR text[longest];
    ULONG size = 0;
    bool full = false;
    void add(WCHAR c) { size < longest - 1 ? void(text[size++] = c) : void(full = true); }
    void add(const WCHAR* s) {
        while (*s)
            add(*s++);
    }
};

// What the page allows: an optional minus sign, digits, at most one point, digits.
struct Number {
    bool negative = false;
    const WCHAR *whole, *fraction = u"";
    ULONG whole_size = 0, fraction_size = 0;

    bool parse(const WCHAR* s) {
        if (*s == '-') negative = true, ++s;
        auto digits = [&](const WCHAR*& from, ULONG& n) {
            for (from = s; *s >= '0' && *s <= '9'; ++s)
                ++n;
        };
        digits(whole, whole_size);
        if (*s == '.') ++s, digits(fraction, fraction_size);
        const bool any = whole_size + fraction_size > 0;
        while (whole_size && *whole == '0')
            ++whole, --whole_size;
        return any && !*s;
    }
};

// Digits of the number cut and rounded (half away from zero) to `places` behind the point.
struct Digits {
    CHAR text[longest];
    ULONG whole = 0, size = 0;

    bool round(const Number& n, ULONG places) {
        if (n.whole_size + places + 2 > longest) return false;
        text[size++] = 0; // room for a carry
        for (ULONG i = 0; i < n.whole_size; ++i)
            text[size++] = CHAR(n.whole[i] - '0');
        whole = size;
        for (ULONG i = 0; i < places; ++i)
            text[size++] = i < n.fraction_size ? CHAR(n.fraction[i] - '0') : CHAR(0);
        if (n.fraction_size > places && n.fraction[places] >= '5')
            for (ULONG i = size; i-- > 0;) {
                if (++text[i] < 10) break;
                text[i] = 0;
            }
        return true;
    }
    bool zero() const {
        for (ULONG i = 0; i < size; ++i)
            if (text[i]) return false;
        return true;
    }
};

// Grouping 3: groups of three; 32: three, then twos; 30: one group of three. A last digit 0 ends grouping.
// Is there a separator before the digit that has `after` digits of the whole part behind it?
bool group_ends(ULONG after, UINT grouping) {
    UINT sizes[10];
    ULONG n = 0;
    for (UINT g = grouping; g && n < 10; g /= 10)
        sizes[n++] = g % 10;
    ULONG at = 0;
    for (ULONG i = n; i-- > 0;) {
        if (!sizes[i]) return false;
        at += sizes[i];
        if (at == after) return true;
        if (at > after) return false;
    }
    return n && sizes[0] && (after - at) % sizes[0] == 0;
}

bool format(Line& out, const WCHAR* value, const NUMBERFMT<WCHAR>& f) {
    Number number;
    Digits digits;
    if (f.NumDigits > 9 || f.LeadingZero > 1 || f.NegativeOrder > 4 || !f.lpDecimalSep || !f.lpThousandSep ||
        !number.parse(value) || !digits.round(number, f.NumDigits))
        return false;
    const bool negative = number.negative && !digits.zero();
    const UINT order = negative ? f.NegativeOrder : ~0u;
    if (order == 0) out.add('(');
    if (order == 1) out.add('-');
    if (order == 2) out.add(u"- ");
    ULONG first = digits.text[0] ? 0 : 1;
    if (first == digits.whole && (f.LeadingZero || !f.NumDigits)) out.add('0');
    for (ULONG i = first; i < digits.whole; ++i) {
        if (i > first && group_ends(digits.whole - i, f.Grouping)) out.add(f.lpThousandSep);
        out.add(WCHAR('0' + digits.text[i]));
    }
    if (f.NumDigits) out.add(f.lpDecimalSep);
    for (ULONG i = digits.whole; i < digits.size; ++i)
        out.add(WCHAR('0' + digits.text[i]));
    if (order == 0) out.add(')');
    if (order == 3) out.add('-');
    if (order == 4) out.add(u" -");
    return !out.full;
}

constexpr NUMBERFMT<WCHAR> en_us{2, 1, 3, u".", u",", 1};

template <class Char> INT give(const WCHAR* value, const NUMBERFMT<WCHAR>& f, Char* to, INT size) {
    Line line;
    if (!value || size < 0 || (size && !to) || !format(line, value, f))
        return fail_with(ERROR_INVALID_PARAMETER);
    const DWORD n = return_string(to, DWORD(size), line.text, line.size);
    if (!size) return INT(n);
    return n < DWORD(size) ? INT(n + 1) : fail_with(ERROR_INSUFFICIENT_BUFFER);
}

constexpr DWORD NOUSEROVERRIDE = 0x80000000;

} // namespace

extern "C" {

BOOL IsValidLocale(LCID, DWORD);
LCID LocaleNameToLCID(const WCHAR*, DWORD);

INT GetNumberFormatW(LCID locale, DWORD flags, const WCHAR* value, const NUMBERFMT<WCHAR>* given, WCHAR* to,
                     INT size) {
    if (!IsValidLocale(locale, 0)) return fail_with(ERROR_INVALID_PARAMETER);
    if ((flags & ~NOUSEROVERRIDE) || (given && flags)) return fail_with(ERROR_INVALID_FLAGS);
    return give(value, given ? *given : en_us, to, size);
}
INT GetNumberFormatEx(const WCHAR* locale, DWORD flags, const WCHAR* value, const NUMBERFMT<WCHAR>* given,
                      WCHAR* to, INT size) {
    const LCID id = LocaleNameToLCID(locale, 0);
    return id ? GetNumberFormatW(id, flags, value, given, to, size) : 0;
}
INT GetNumberFormatA(LCID locale, DWORD flags, const CHAR* value, const NUMBERFMT<CHAR>* given, CHAR* to,
                     INT size) {
    if (!IsValidLocale(locale, 0)) return fail_with(ERROR_INVALID_PARAMETER);
    if ((flags & ~NOUSEROVERRIDE) || (given && flags)) return fail_with(ERROR_INVALID_FLAGS);
    Wide wide(value), point(given ? given->lpDecimalSep : nullptr),
        thousand(given ? given->lpThousandSep : nullptr);
    if (!wide.ok() || !point.ok() || !thousand.ok()) return 0;
    if (!given) return give(wide.get(), en_us, to, size);
    return give(wide.get(),
                NUMBERFMT<WCHAR>{given->NumDigits, given->LeadingZero, given->Grouping, point.get(),
                                 thousand.get(), given->NegativeOrder},
                to, size);
}

} // extern "C"
} // namespace nt
