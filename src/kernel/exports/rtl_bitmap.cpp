// Bitmaps: nf-wdm-rtlinitializebitmap and its kin. The caller's bitmap and buffer are used as they are.
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "rtl/bitmap.h"

using namespace nt;
using namespace nt::exports;

namespace {

ULONG bytes_of(const RTL_BITMAP& map) { return static_cast<ULONG>((map.SizeOfBitMap + 31ull) / 32 * 4); }
const RTL_BITMAP& reading(const RTL_BITMAP* map) {
    need_in(map);
    need_read(map->Buffer, bytes_of(*map));
    return *map;
}
RTL_BITMAP& writing(RTL_BITMAP* map) {
    need_in(map);
    need_write(map->Buffer, bytes_of(*map));
    return *map;
}

} // namespace

extern "C" void RtlInitializeBitMap(RTL_BITMAP* map, ULONG* buffer, ULONG bits) {
    rtl::initialize_bitmap(need_out(map), buffer, bits);
}
GATE(RtlInitializeBitMap);
extern "C" void RtlClearAllBits(RTL_BITMAP* map) { rtl::set_all_bits(writing(map), false); }
GATE(RtlClearAllBits);
extern "C" void RtlSetAllBits(RTL_BITMAP* map) { rtl::set_all_bits(writing(map), true); }
GATE(RtlSetAllBits);
extern "C" void RtlClearBits(RTL_BITMAP* map, ULONG start, ULONG count) {
    rtl::set_bits(writing(map), start, count, false);
}
GATE(RtlClearBits);
extern "C" void RtlSetBits(RTL_BITMAP* map, ULONG start, ULONG count) {
    rtl::set_bits(writing(map), start, count, true);
}
GATE(RtlSetBits);
extern "C" void RtlClearBit(RTL_BITMAP* map, ULONG bit) { rtl::set_bits(writing(map), bit, 1, false); }
GATE(RtlClearBit);
extern "C" void RtlSetBit(RTL_BITMAP* map, ULONG bit) { rtl::set_bits(writing(map), bit, 1, true); }
GATE(RtlSetBit);
extern "C" BOOLEAN RtlTestBit(const RTL_BITMAP* map, ULONG bit) { return rtl::test_bit(reading(map), bit); }
GATE(RtlTestBit);
extern "C" BOOLEAN RtlAreBitsClear(const RTL_BITMAP* map, ULONG start, ULONG count) {
    return rtl::are_bits(reading(map), start, count, false);
}
GATE(RtlAreBitsClear);
extern "C" BOOLEAN RtlAreBitsSet(const RTL_BITMAP* map, ULONG start, ULONG count) {
    return rtl::are_bits(reading(map), start, count, true);
}
GATE(RtlAreBitsSet);
extern "C" ULONG RtlNumberOfSetBits(const RTL_BITMAP* map) { return rtl::count_bits(reading(map), true); }
GATE(RtlNumberOfSetBits);
extern "C" ULONG RtlNumberOfClearBits(const RTL_BITMAP* map) { return rtl::count_bits(reading(map), false); }
GATE(RtlNumberOfClearBits);
extern "C" ULONG RtlFindClearBits(const RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits(reading(map), count, hint, false);
}
GATE(RtlFindClearBits);
extern "C" ULONG RtlFindSetBits(const RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits(reading(map), count, hint, true);
}
GATE(RtlFindSetBits);
extern "C" ULONG RtlFindClearBitsAndSet(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits_and_change(writing(map), count, hint, false);
}
GATE(RtlFindClearBitsAndSet);
extern "C" ULONG RtlFindSetBitsAndClear(RTL_BITMAP* map, ULONG count, ULONG hint) {
    return rtl::find_bits_and_change(writing(map), count, hint, true);
}
GATE(RtlFindSetBitsAndClear);
extern "C" ULONG RtlFindClearRuns(const RTL_BITMAP* map, RTL_BITMAP_RUN* runs, ULONG limit, BOOLEAN longest) {
    need_write(runs, SIZE_T{limit} * sizeof *runs);
    return rtl::find_clear_runs(reading(map), runs, limit, longest);
}
GATE(RtlFindClearRuns);
extern "C" ULONG RtlFindLongestRunClear(const RTL_BITMAP* map, ULONG* start) {
    return rtl::find_longest_run(reading(map), false, &need_out(start));
}
GATE(RtlFindLongestRunClear);
extern "C" ULONG RtlFindFirstRunClear(const RTL_BITMAP* map, ULONG* start) {
    return rtl::find_first_run_clear(reading(map), &need_out(start));
}
GATE(RtlFindFirstRunClear);
extern "C" ULONG RtlFindNextForwardRunClear(const RTL_BITMAP* map, ULONG from, ULONG* start) {
    return rtl::find_next_forward_run_clear(reading(map), from, &need_out(start));
}
GATE(RtlFindNextForwardRunClear);
extern "C" ULONG RtlFindLastBackwardRunClear(const RTL_BITMAP* map, ULONG from, ULONG* start) {
    return rtl::find_last_backward_run_clear(reading(map), from, &need_out(start));
}
GATE(RtlFindLastBackwardRunClear);
extern "C" CHAR RtlFindMostSignificantBit(ULONGLONG value) { return rtl::find_most_significant_bit(value); }
GATE(RtlFindMostSignificantBit);
extern "C" CHAR RtlFindLeastSignificantBit(ULONGLONG value) { return rtl::find_least_significant_bit(value); }
GATE(RtlFindLeastSignificantBit);
