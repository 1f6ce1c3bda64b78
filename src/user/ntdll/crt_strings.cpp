// The string functions of the C library that ntdll exports, for char and for WCHAR. Case mapping of char is
// ASCII only, as in the "C" locale; of WCHAR it is ASCII for _wcsicmp (documented: "C" locale) and Unicode's
// for towupper, as Rtl has it.
#include "internal.h"
#include "rtl/strings.h"

namespace nt {

namespace {

template <class C> C ascii_lower(C c) { return c >= 'A' && c <= 'Z' ? static_cast<C>(c + 32) : c; }
template <class C> struct Code { // compare as unsigned
    using type = unsigned char;
};
template <> struct Code<WCHAR> {
    using type = WCHAR;
};

template <class C> std::size_t length(const C* s, std::size_t most = ~std::size_t(0)) {
    std::size_t n = 0;
    while (n < most && s[n])
        n++;
    return n;
}

template <class C> C* copy(C* to, const C* from) {
    C* d = to;
    while ((*d++ = *from++)) {
    }
    return to;
}

template <class C> C* copy_n(C* to, const C* from, std::size_t n) {
    std::size_t i = 0;
    for (; i < n && from[i]; i++)
        to[i] = from[i];
    for (; i < n; i++)
        to[i] = 0;
    return to;
}

template <class C> int compare(const C* a, const C* b, std::size_t n, bool fold) {
    using U = typename Code<C>::type;
    for (; n; n--, a++, b++) {
        const int x = static_cast<U>(fold ? ascii_lower(*a) : *a),
                  y = static_cast<U>(fold ? ascii_lower(*b) : *b);
        if (x != y) return x - y;
        if (!x) break;
    }
    return 0;
}

template <class C> C* find(const C* s, C c) {
    for (;; s++) {
        if (*s == c) return const_cast<C*>(s);
        if (!*s) return nullptr;
    }
}

template <class C> C* find_last(const C* s, C c) {
    const C* found = nullptr;
    for (;; s++) {
        if (*s == c) found = s;
        if (!*s) return const_cast<C*>(found);
    }
}

template <class C> C* find_string(const C* s, const C* part) {
    const std::size_t n = length(part);
    for (;; s++) {
        if (compare(s, part, n, false) == 0 || !n) return const_cast<C*>(s);
        if (!*s) return nullptr;
    }
}

template <class C> unsigned long long to_number(const C* s, C** end, int base, bool& negative) {
    const C* p = s;
    while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
        p++;
    negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x') {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = *p == '0' ? 8 : 10;
    }
    unsigned long long value = 0;
    const C* digits = p;
    for (;; p++) {
        const C c = ascii_lower(*p);
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
        if (digit >= base) break;
        value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
        if (value > 0xffffffffffull) value = 0xffffffffffull; // all results have 32 bits
    }
    if (end) *end = const_cast<C*>(p == digits ? s : p);
    return value;
}

template <class C> unsigned long to_unsigned(const C* s, C** end, int base) {
    bool negative;
    const auto value = to_number(s, end, base, negative);
    if (value > 0xffffffffull) return 0xfffffffful;
    return negative ? -static_cast<unsigned long>(value) : static_cast<unsigned long>(value);
}

template <class C> long to_signed(const C* s, C** end, int base) {
    bool negative;
    const auto value = to_number(s, end, base, negative);
    if (negative)
        return value > 0x80000000ull ? static_cast<long>(0x80000000)
                                     : static_cast<long>(-static_cast<long long>(value));
    return value > 0x7fffffffull ? 0x7fffffffl : static_cast<long>(value);
}

} // namespace

extern "C" {

std::size_t strlen(const char* s) { return length(s); }
std::size_t strnlen(const char* s, std::size_t n) { return length(s, n); }
char* strcpy(char* to, const char* from) { return copy(to, from); }
char* strncpy(char* to, const char* from, std::size_t n) { return copy_n(to, from, n); }
char* strcat(char* to, const char* from) {
    copy(to + length(to), from);
    return to;
}
int strcmp(const char* a, const char* b) { return compare(a, b, ~std::size_t(0), false); }
int strncmp(const char* a, const char* b, std::size_t n) { return compare(a, b, n, false); }
int _stricmp(const char* a, const char* b) { return compare(a, b, ~std::size_t(0), true); }
int _strnicmp(const char* a, const char* b, std::size_t n) { return compare(a, b, n, true); }
char* strchr(const char* s, int c) { return find(s, static_cast<char>(c)); }
char* strrchr(const char* s, int c) { return find_last(s, static_cast<char>(c)); }
char* strstr(const char* s, const char* part) { return find_string(s, part); }

std::size_t wcslen(const WCHAR* s) { return length(s); }
std::size_t wcsnlen(const WCHAR* s, std::size_t n) { return length(s, n); }
WCHAR* wcscpy(WCHAR* to, const WCHAR* from) { return copy(to, from); }
WCHAR* wcsncpy(WCHAR* to, const WCHAR* from, std::size_t n) { return copy_n(to, from, n); }
WCHAR* wcscat(WCHAR* to, const WCHAR* from) {
    copy(to + length(to), from);
    return to;
}
int wcscmp(const WCHAR* a, const WCHAR* b) { return compare(a, b, ~std::size_t(0), false); }
int wcsncmp(const WCHAR* a, const WCHAR* b, std::size_t n) { return compare(a, b, n, false); }
int _wcsicmp(const WCHAR* a, const WCHAR* b) { return compare(a, b, ~std::size_t(0), true); }
int _wcsnicmp(const WCHAR* a, const WCHAR* b, std::size_t n) { return compare(a, b, n, true); }
WCHAR* wcschr(const WCHAR* s, WCHAR c) { return find(s, c); }
WCHAR* wcsrchr(const WCHAR* s, WCHAR c) { return find_last(s, c); }
WCHAR* wcsstr(const WCHAR* s, const WCHAR* part) { return find_string(s, part); }
WCHAR towupper(WCHAR c) { return rtl::upcase(c); }
WCHAR towlower(WCHAR c) { return rtl::downcase(c); }
int toupper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }
int tolower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

int atoi(const char* s) { return static_cast<int>(to_signed(s, static_cast<char**>(nullptr), 10)); }
unsigned long strtoul(const char* s, char** end, int base) { return to_unsigned(s, end, base); }
long strtol(const char* s, char** end, int base) { return to_signed(s, end, base); }
unsigned long wcstoul(const WCHAR* s, WCHAR** end, int base) { return to_unsigned(s, end, base); }

} // extern "C"
} // namespace nt
