#include "rtl/strings.h"
#include "abi/status.h"

namespace nt::rtl {

namespace {

constexpr std::size_t most_unicode = 0xFFFC; // bytes that leave room for a terminator in a USHORT

LONG compare_ansi(const CHAR* a, std::size_t length_a, const CHAR* b, std::size_t length_b,
                  bool ignore_case) {
    const std::size_t n = length_a < length_b ? length_a : length_b;
    for (std::size_t i = 0; i < n; i++) {
        CHAR x = a[i], y = b[i];
        if (x != y && ignore_case) x = upcase_ansi(x), y = upcase_ansi(y);
        if (x != y) return static_cast<UCHAR>(x) - static_cast<UCHAR>(y);
    }
    return static_cast<LONG>(length_a) - static_cast<LONG>(length_b);
}

template <class S, class C> NTSTATUS append_counted(S& to, const C* from, std::size_t bytes) {
    if (to.Length + bytes > to.MaximumLength) return STATUS_BUFFER_TOO_SMALL;
    __builtin_memmove(reinterpret_cast<char*>(to.Buffer) + to.Length, from, bytes);
    to.Length = static_cast<USHORT>(to.Length + bytes);
    return STATUS_SUCCESS;
}

void terminate(UNICODE_STRING& s) {
    if (s.Length + sizeof(WCHAR) <= s.MaximumLength) s.Buffer[s.Length / sizeof(WCHAR)] = 0;
}

} // namespace

std::size_t length_of(const WCHAR* s) {
    std::size_t n = 0;
    while (s[n])
        n++;
    return n * sizeof(WCHAR);
}

std::size_t length_of(const CHAR* s) {
    std::size_t n = 0;
    while (s[n])
        n++;
    return n;
}

bool init(UNICODE_STRING& to, const WCHAR* from) {
    to = {0, 0, const_cast<WCHAR*>(from)};
    if (!from) return true;
    std::size_t n = length_of(from);
    const bool fits = n <= most_unicode;
    if (!fits) n = most_unicode;
    to.Length = static_cast<USHORT>(n);
    to.MaximumLength = static_cast<USHORT>(n + sizeof(WCHAR));
    return fits;
}

bool init(STRING& to, const CHAR* from) {
    to = {0, 0, const_cast<CHAR*>(from)};
    if (!from) return true;
    std::size_t n = length_of(from);
    const bool fits = n < 0xFFFF;
    if (!fits) n = 0xFFFE;
    to.Length = static_cast<USHORT>(n);
    to.MaximumLength = static_cast<USHORT>(n + 1);
    return fits;
}

void copy(UNICODE_STRING& to, const UNICODE_STRING* from) {
    to.Length = 0;
    if (!from) return;
    const USHORT n = from->Length < to.MaximumLength ? from->Length : to.MaximumLength;
    __builtin_memmove(to.Buffer, from->Buffer, n);
    to.Length = n;
    terminate(to);
}

void copy(STRING& to, const STRING* from) {
    to.Length = 0;
    if (!from) return;
    const USHORT n = from->Length < to.MaximumLength ? from->Length : to.MaximumLength;
    __builtin_memmove(to.Buffer, from->Buffer, n);
    to.Length = n;
}

NTSTATUS append(UNICODE_STRING& to, const UNICODE_STRING& from) {
    const NTSTATUS status = append_counted(to, from.Buffer, from.Length);
    if (status == STATUS_SUCCESS && from.Length) terminate(to);
    return status;
}

NTSTATUS append(UNICODE_STRING& to, const WCHAR* from) {
    if (!from) return STATUS_SUCCESS;
    const std::size_t n = length_of(from);
    const NTSTATUS status = append_counted(to, from, n);
    if (status == STATUS_SUCCESS && n) terminate(to);
    return status;
}

NTSTATUS append(STRING& to, const STRING& from) { return append_counted(to, from.Buffer, from.Length); }

NTSTATUS append(STRING& to, const CHAR* from) {
    return from ? append_counted(to, from, length_of(from)) : STATUS_SUCCESS;
}

LONG compare(const WCHAR* a, std::size_t length_a, const WCHAR* b, std::size_t length_b, bool ignore_case) {
    const std::size_t n = length_a < length_b ? length_a : length_b;
    for (std::size_t i = 0; i < n; i++) {
        WCHAR x = a[i], y = b[i];
        if (x != y && ignore_case) x = upcase(x), y = upcase(y);
        if (x != y) return LONG{x} - LONG{y};
    }
    return static_cast<LONG>(length_a) - static_cast<LONG>(length_b);
}

LONG compare(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case) {
    return compare(a.Buffer, a.Length / sizeof(WCHAR), b.Buffer, b.Length / sizeof(WCHAR), ignore_case);
}

LONG compare(const STRING& a, const STRING& b, bool ignore_case) {
    return compare_ansi(a.Buffer, a.Length, b.Buffer, b.Length, ignore_case);
}

bool equal(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case) {
    return a.Length == b.Length && compare(a, b, ignore_case) == 0;
}

bool equal(const STRING& a, const STRING& b, bool ignore_case) {
    return a.Length == b.Length && compare(a, b, ignore_case) == 0;
}

bool prefix(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case) {
    const std::size_t n = a.Length / sizeof(WCHAR);
    return a.Length <= b.Length && compare(a.Buffer, n, b.Buffer, n, ignore_case) == 0;
}

bool prefix(const STRING& a, const STRING& b, bool ignore_case) {
    return a.Length <= b.Length && compare_ansi(a.Buffer, a.Length, b.Buffer, a.Length, ignore_case) == 0;
}

NTSTATUS upcase(UNICODE_STRING& to, const UNICODE_STRING& from) {
    if (from.Length > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (std::size_t i = 0; i < from.Length / sizeof(WCHAR); i++)
        to.Buffer[i] = upcase(from.Buffer[i]);
    to.Length = from.Length;
    return STATUS_SUCCESS;
}

NTSTATUS downcase(UNICODE_STRING& to, const UNICODE_STRING& from) {
    if (from.Length > to.MaximumLength) return STATUS_BUFFER_OVERFLOW;
    for (std::size_t i = 0; i < from.Length / sizeof(WCHAR); i++)
        to.Buffer[i] = downcase(from.Buffer[i]);
    to.Length = from.Length;
    return STATUS_SUCCESS;
}

void upper(STRING& to, const STRING& from) {
    const USHORT n = from.Length < to.MaximumLength ? from.Length : to.MaximumLength;
    for (USHORT i = 0; i < n; i++)
        to.Buffer[i] = upcase_ansi(from.Buffer[i]);
    to.Length = n;
}

ULONG hash_x65599(const UNICODE_STRING& s, bool ignore_case) {
    ULONG h = 0;
    for (std::size_t i = 0; i < s.Length / sizeof(WCHAR); i++)
        h = h * 65599 + (ignore_case ? upcase(s.Buffer[i]) : s.Buffer[i]);
    return h;
}

NTSTATUS hash(const UNICODE_STRING& s, bool ignore_case, ULONG algorithm, ULONG* value) {
    if (!value || algorithm > 1) return STATUS_INVALID_PARAMETER;
    *value = hash_x65599(s, ignore_case);
    return STATUS_SUCCESS;
}

} // namespace nt::rtl
