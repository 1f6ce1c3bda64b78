#include "rtl/bitmap.h"

namespace nt::rtl {

namespace {

bool bit_at(const RTL_BITMAP& map, ULONG i) { return map.Buffer[i / 32] >> (i % 32) & 1; }

// Not __builtin_popcount: without the instruction that is a call into a library which ntdll.dll does not
// link.
ULONG ones(ULONG word) {
    word -= word >> 1 & 0x55555555;
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    return ((word + (word >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24;
}

// First index in [from, end) whose bit is `value`; end if none. Whole words at a time.
ULONG next(const RTL_BITMAP& map, ULONG from, ULONG end, bool value) {
    while (from < end) {
        const ULONG word = (value ? map.Buffer[from / 32] : ~map.Buffer[from / 32]) >> (from % 32);
        if (word) {
            const ULONG i = from + static_cast<ULONG>(__builtin_ctz(word));
            return i < end ? i : end;
        }
        from = (from / 32 + 1) * 32;
    }
    return end;
}

// First run of `count` in [from, end); bitmap_not_found if none.
ULONG find_in(const RTL_BITMAP& map, ULONG count, ULONG from, ULONG end, bool value) {
    while (from < end) {
        const ULONG start = next(map, from, end, value);
        if (end - start < count) return bitmap_not_found;
        const ULONG stop = next(map, start, start + count, !value);
        if (stop == start + count) return start;
        from = stop;
    }
    return bitmap_not_found;
}

} // namespace

void initialize_bitmap(RTL_BITMAP& map, ULONG* buffer, ULONG bits) {
    map.SizeOfBitMap = bits;
    map.Buffer = buffer;
}

void set_all_bits(RTL_BITMAP& map, bool value) {
    for (ULONG i = 0; i < (map.SizeOfBitMap + 31ull) / 32; i++)
        map.Buffer[i] = value ? ~0u : 0;
}

void set_bits(RTL_BITMAP& map, ULONG start, ULONG count, bool value) {
    while (count) {
        const ULONG shift = start % 32, n = count < 32 - shift ? count : 32 - shift;
        const ULONG mask = (n == 32 ? ~0u : (1u << n) - 1) << shift;
        if (value)
            map.Buffer[start / 32] |= mask;
        else
            map.Buffer[start / 32] &= ~mask;
        start += n, count -= n;
    }
}

bool test_bit(const RTL_BITMAP& map, ULONG bit) { return bit_at(map, bit); }

bool are_bits(const RTL_BITMAP& map, ULONG start, ULONG count, bool value) {
    if (count == 0 || start >= map.SizeOfBitMap || count > map.SizeOfBitMap - start) return false;
    return next(map, start, start + count, !value) == start + count;
}

ULONG count_bits(const RTL_BITMAP& map, bool value) {
    ULONG n = 0;
    for (ULONG i = 0; i < map.SizeOfBitMap; i += 32) {
        ULONG word = value ? map.Buffer[i / 32] : ~map.Buffer[i / 32];
        if (map.SizeOfBitMap - i < 32) word &= (1u << (map.SizeOfBitMap - i)) - 1;
        n += ones(word);
    }
    return n;
}

ULONG find_bits(const RTL_BITMAP& map, ULONG count, ULONG hint, bool value) {
    if (hint >= map.SizeOfBitMap) hint = 0;
    if (count == 0) return hint & ~7u; // assumed: the hint at its byte boundary
    const ULONG found = find_in(map, count, hint, map.SizeOfBitMap, value);
    if (found != bitmap_not_found || hint == 0) return found;
    // Runs that begin before the hint, even if they reach beyond it.
    const ULONGLONG end = ULONGLONG{hint} + count - 1;
    return find_in(map, count, 0, end < map.SizeOfBitMap ? static_cast<ULONG>(end) : map.SizeOfBitMap, value);
}

ULONG find_bits_and_change(RTL_BITMAP& map, ULONG count, ULONG hint, bool value) {
    const ULONG found = find_bits(map, count, hint, value);
    if (found != bitmap_not_found) set_bits(map, found, count, !value);
    return found;
}

ULONG find_clear_runs(const RTL_BITMAP& map, RTL_BITMAP_RUN* runs, ULONG limit, bool by_length) {
    ULONG n = 0;
    for (ULONG at = 0; at < map.SizeOfBitMap;) {
        const ULONG start = next(map, at, map.SizeOfBitMap, false);
        if (start == map.SizeOfBitMap) break;
        const ULONG end = next(map, start, map.SizeOfBitMap, true);
        at = end;
        const RTL_BITMAP_RUN run{start, end - start};
        if (!by_length) {
            if (n == limit) break;
            runs[n++] = run;
            continue;
        }
        // Insertion into the sorted array; equal lengths keep their order.
        ULONG i = n;
        while (i > 0 && runs[i - 1].NumberOfBits < run.NumberOfBits)
            i--;
        if (i == limit) continue;
        if (n < limit) n++;
        for (ULONG k = n - 1; k > i; k--)
            runs[k] = runs[k - 1];
        runs[i] = run;
    }
    return n;
}

ULONG find_longest_run(const RTL_BITMAP& map, bool value, ULONG* start) {
    ULONG longest = 0;
    *start = 0;
    for (ULONG at = 0; at < map.SizeOfBitMap;) {
        const ULONG first = next(map, at, map.SizeOfBitMap, value);
        const ULONG end = next(map, first, map.SizeOfBitMap, !value);
        if (end - first > longest) longest = end - first, *start = first;
        at = end;
    }
    return longest;
}

ULONG find_first_run_clear(const RTL_BITMAP& map, ULONG* start) {
    return find_next_forward_run_clear(map, 0, start);
}

ULONG find_next_forward_run_clear(const RTL_BITMAP& map, ULONG from, ULONG* start) {
    *start = next(map, from, map.SizeOfBitMap, false);
    if (*start >= map.SizeOfBitMap) {
        *start = from;
        return 0;
    }
    return next(map, *start, map.SizeOfBitMap, true) - *start;
}

ULONG find_last_backward_run_clear(const RTL_BITMAP& map, ULONG from, ULONG* start) {
    if (map.SizeOfBitMap == 0) return *start = 0;
    if (from >= map.SizeOfBitMap) from = map.SizeOfBitMap - 1;
    ULONG last = from;
    while (last > 0 && bit_at(map, last))
        last--;
    if (bit_at(map, last)) {
        *start = from;
        return 0;
    }
    ULONG first = last;
    while (first > 0 && !bit_at(map, first - 1))
        first--;
    *start = first;
    return last - first + 1;
}

signed char find_most_significant_bit(ULONGLONG value) {
    return static_cast<signed char>(value ? 63 - __builtin_clzll(value) : -1);
}

signed char find_least_significant_bit(ULONGLONG value) {
    return static_cast<signed char>(value ? __builtin_ctzll(value) : -1);
}

} // namespace nt::rtl
