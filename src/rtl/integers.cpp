// Integers as text.
#include "abi/status.h"
#include "rtl/strings.h"

namespace nt::rtl {

namespace {

bool valid_base(ULONG base) { return base == 2 || base == 8 || base == 10 || base == 16; }

// 0 … 15, or 16 for what is no digit.
ULONG digit_value(ULONG c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

// White space, sign, prefix, digits up to the first that is none. `at(i)` gives character i, 0 behind the
// end.
template <class At> NTSTATUS parse(At at, ULONG base, ULONG& value) {
    std::size_t i = 0;
    while (at(i) && at(i) <= ' ')
        i++;
    const bool negative = at(i) == '-';
    if (at(i) == '-' || at(i) == '+') i++;
    if (base == 0) {
        base = 10;
        if (at(i) == '0') {
            const ULONG c = at(i + 1);
            const ULONG prefixed = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
            if (prefixed) base = prefixed, i += 2;
        }
    } else if (!valid_base(base)) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONG result = 0;
    for (; digit_value(at(i)) < base; i++)
        result = result * base + digit_value(at(i));
    value = negative ? 0 - result : result;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS integer_to_unicode(ULONGLONG value, ULONG base, UNICODE_STRING& to) {
    if (base == 0) base = 10;
    if (!valid_base(base)) return STATUS_INVALID_PARAMETER;
    WCHAR digits[64];
    std::size_t n = 0;
    do {
        digits[n++] = static_cast<WCHAR>("0123456789ABCDEF"[value % base]);
        value /= base;
    } while (value);
    if (n * sizeof(WCHAR) > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (std::size_t i = 0; i < n; i++)
        to.Buffer[i] = digits[n - 1 - i];
    to.Length = static_cast<USHORT>(n * sizeof(WCHAR));
    if (to.Length + sizeof(WCHAR) <= to.MaximumLength) to.Buffer[n] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS unicode_to_integer(const UNICODE_STRING& s, ULONG base, ULONG& value) {
    const std::size_t n = s.Length / sizeof(WCHAR);
    if (n == 0) return STATUS_INVALID_PARAMETER;
    return parse([&](std::size_t i) { return i < n ? ULONG{s.Buffer[i]} : 0; }, base, value);
}

NTSTATUS char_to_integer(const CHAR* s, ULONG base, ULONG& value) {
    return parse([&](std::size_t i) { return ULONG{static_cast<UCHAR>(s[i])}; }, base, value);
}

} // namespace nt::rtl
