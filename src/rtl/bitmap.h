// Bodies of the RtlXxxBitMap functions. Bit i is bit i%32 of Buffer[i/32]. The caller owns the buffer and the
// locking; any IRQL at which the buffer may be touched.
#pragma once
#include "abi/list.h"

namespace nt::rtl {

inline constexpr ULONG bitmap_not_found = 0xFFFFFFFF;

void initialize_bitmap(RTL_BITMAP& map, ULONG* buffer, ULONG bits);
void set_all_bits(RTL_BITMAP& map, bool value);
void set_bits(RTL_BITMAP& map, ULONG start, ULONG count, bool value);
bool test_bit(const RTL_BITMAP& map, ULONG bit);
// All `count` bits from `start` are `value`. A range beyond the end, or a count of 0, is false.
bool are_bits(const RTL_BITMAP& map, ULONG start, ULONG count, bool value);
ULONG count_bits(const RTL_BITMAP& map, bool value);
// First run of `count` bits equal to `value`, searched from `hint` to the end and then from the start. A
// count of 0 gives the hint rounded down to a byte (RtlFindClearBits). bitmap_not_found: none.
ULONG find_bits(const RTL_BITMAP& map, ULONG count, ULONG hint, bool value);
ULONG find_bits_and_change(RTL_BITMAP& map, ULONG count, ULONG hint, bool value);
// Up to `limit` runs of clear bits in `runs`; the longest first if by_length.
ULONG find_clear_runs(const RTL_BITMAP& map, RTL_BITMAP_RUN* runs, ULONG limit, bool by_length);
// Length of the longest run of `value`, its start in *start.
ULONG find_longest_run(const RTL_BITMAP& map, bool value, ULONG* start);
ULONG find_first_run_clear(const RTL_BITMAP& map, ULONG* start);
// Length of the clear run at or after `from` (forward), or that ends at or before `from` (backward).
ULONG find_next_forward_run_clear(const RTL_BITMAP& map, ULONG from, ULONG* start);
ULONG find_last_backward_run_clear(const RTL_BITMAP& map, ULONG from, ULONG* start);
// Index of the highest / lowest set bit; -1 for 0.
signed char find_most_significant_bit(ULONGLONG value);
signed char find_least_significant_bit(ULONGLONG value);

} // namespace nt::rtl
