#include "rtl/misc.h"
#include "abi/list.h"
#include "abi/status.h"

namespace nt::rtl {

SIZE_T compare_memory(const void* a, const void* b, SIZE_T length) {
    const auto* x = static_cast<const UCHAR*>(a);
    const auto* y = static_cast<const UCHAR*>(b);
    SIZE_T i = 0;
    for (; i + 8 <= length; i += 8) {
        ULONGLONG p, q;
        __builtin_memcpy(&p, x + i, 8);
        __builtin_memcpy(&q, y + i, 8);
        if (p != q) return i + static_cast<SIZE_T>(__builtin_ctzll(p ^ q)) / 8;
    }
    while (i < length && x[i] == y[i])
        i++;
    return i;
}

SIZE_T compare_memory_ulong(const void* source, SIZE_T length, ULONG pattern) {
    if (reinterpret_cast<ULONG_PTR>(source) % sizeof(ULONG)) return 0;
    const auto* words = static_cast<const ULONG*>(source);
    SIZE_T i = 0;
    while (i < length / sizeof(ULONG) && words[i] == pattern)
        i++;
    return i * sizeof(ULONG);
}

ULONG crc32(const void* data, SIZE_T length, ULONG initial) {
    const auto* p = static_cast<const UCHAR*>(data);
    ULONG crc = ~initial;
    for (SIZE_T i = 0; i < length; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

// assumed: RtlCrc64's polynomial is not documented; this is the reflected one of ECMA-182.
ULONGLONG crc64(const void* data, SIZE_T length, ULONGLONG initial) {
    const auto* p = static_cast<const UCHAR*>(data);
    ULONGLONG crc = ~initial;
    for (SIZE_T i = 0; i < length; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xC96C5795D7870F42ull : 0);
    }
    return ~crc;
}

// "a linear congruential generator described by D. H. Lehmer" with modulus 2^31 - 1 (nf-ntifs-rtluniform).
// assumed: the constants, which the page does not give.
ULONG uniform(ULONG* seed) {
    *seed = static_cast<ULONG>((ULONGLONG{*seed} * 0x7FFFFFED + 0x7FFFFFC3) % 0x7FFFFFFF);
    return *seed;
}

// The pages of RtlRandom and RtlRandomEx promise a number in [0, MAXLONG-1] that depends on the seed, and a
// new seed. assumed: Windows also mixes in a table that is shared by all callers; ours depends on the seed
// only.
ULONG random(ULONG* seed) {
    uniform(seed);
    return uniform(seed);
}

ULONG random_ex(ULONG* seed) { return uniform(seed); }

void guid_to_string(const GUID& guid, WCHAR (&text)[guid_characters]) {
    WCHAR* p = text;
    const auto hex = [&p](ULONG value, int digits) {
        while (digits--)
            *p++ = static_cast<WCHAR>("0123456789abcdef"[value >> (4 * digits) & 15]);
    };
    *p++ = '{';
    hex(guid.Data1, 8);
    *p++ = '-';
    hex(guid.Data2, 4);
    *p++ = '-';
    hex(guid.Data3, 4);
    *p++ = '-';
    for (int i = 0; i < 8; i++) {
        hex(guid.Data4[i], 2);
        if (i == 1) *p++ = '-';
    }
    *p = '}';
}

NTSTATUS guid_from_string(const UNICODE_STRING& text, GUID& guid) {
    if (text.Length / sizeof(WCHAR) < guid_characters) return STATUS_INVALID_PARAMETER;
    const WCHAR* p = text.Buffer;
    bool good = true;
    const auto literal = [&](WCHAR c) { good = *p++ == c && good; };
    const auto hex = [&](int digits) {
        ULONG value = 0;
        while (digits--) {
            const WCHAR c = *p++;
            ULONG d = 16;
            if (c >= '0' && c <= '9') d = c - u'0';
            if (c >= 'a' && c <= 'f') d = c - u'a' + 10;
            if (c >= 'A' && c <= 'F') d = c - u'A' + 10;
            good = good && d < 16;
            value = value << 4 | (d & 15);
        }
        return value;
    };
    GUID result;
    literal('{');
    result.Data1 = hex(8);
    literal('-');
    result.Data2 = static_cast<USHORT>(hex(4));
    literal('-');
    result.Data3 = static_cast<USHORT>(hex(4));
    literal('-');
    for (int i = 0; i < 8; i++) {
        result.Data4[i] = static_cast<UCHAR>(hex(2));
        if (i == 1) literal('-');
    }
    literal('}');
    if (!good) return STATUS_INVALID_PARAMETER;
    guid = result;
    return STATUS_SUCCESS;
}

} // namespace nt::rtl
