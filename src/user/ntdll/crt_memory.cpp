// memcpy and its kin, which ntdll exports and the compiler calls.
#include "internal.h"

namespace nt {
extern "C" {

void* memcpy(void* to, const void* from, std::size_t n) {
    void* result = to;
    if (n <= 256) { // starting a string instruction costs more than this
        auto* d = static_cast<UCHAR*>(to);
        const auto* s = static_cast<const UCHAR*>(from);
        for (; n >= 8; n -= 8, d += 8, s += 8) {
            ULONGLONG word;
            __builtin_memcpy(&word, s, 8);
            __builtin_memcpy(d, &word, 8);
        }
        for (; n; n--)
            *d++ = *s++;
        return result;
    }
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    return result;
}

void* memmove(void* to, const void* from, std::size_t n) {
    if (reinterpret_cast<ULONG_PTR>(to) - reinterpret_cast<ULONG_PTR>(from) >= n) return memcpy(to, from, n);
    auto* d = static_cast<UCHAR*>(to) + n;
    const auto* s = static_cast<const UCHAR*>(from) + n;
    while (n >= 8) {
        d -= 8;
        s -= 8;
        n -= 8;
        ULONGLONG word;
        __builtin_memcpy(&word, s, 8);
        __builtin_memcpy(d, &word, 8);
    }
    while (n--)
        *--d = *--s;
    return to;
}

void* memset(void* to, int value, std::size_t n) {
    void* result = to;
    if (n <= 64) {
        for (auto* d = static_cast<UCHAR*>(to); n; n--)
            *d++ = static_cast<UCHAR>(value);
        return result;
    }
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
    return result;
}

int memcmp(const void* a, const void* b, std::size_t n) {
    const auto* x = static_cast<const UCHAR*>(a);
    const auto* y = static_cast<const UCHAR*>(b);
    for (; n; n--, x++, y++)
        if (*x != *y) return *x < *y ? -1 : 1;
    return 0;
}

void* memchr(const void* s, int c, std::size_t n) {
    for (const auto* p = static_cast<const UCHAR*>(s); n; n--, p++)
        if (*p == static_cast<UCHAR>(c)) return const_cast<UCHAR*>(p);
    return nullptr;
}

void NTAPI RtlFillMemory(PVOID to, SIZE_T length, UCHAR value) { memset(to, value, length); }
void NTAPI RtlZeroMemory(PVOID to, SIZE_T length) { memset(to, 0, length); }
void NTAPI RtlMoveMemory(PVOID to, const void* from, SIZE_T length) { memmove(to, from, length); }
void NTAPI RtlCopyMemory(PVOID to, const void* from, SIZE_T length) { memmove(to, from, length); }

} // extern "C"
} // namespace nt
