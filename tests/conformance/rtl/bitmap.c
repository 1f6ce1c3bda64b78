// Bitmaps: nf-wdm-rtlinitializebitmap, nf-wdm-rtlarebitsclear, nf-wdm-rtlfindclearbits,
// nf-wdm-rtlfindclearruns …
#define TOPIC L"RtlBitmap"
#include "../common/driver.h"

#include "../common/import.h"

IMPORT(CHAR, RtlFindMostSignificantBit, ULONGLONG);
IMPORT(CHAR, RtlFindLeastSignificantBit, ULONGLONG);
IMPORT(BOOLEAN, RtlTestBit, PRTL_BITMAP, ULONG);
IMPORT(ULONG, RtlFindNextForwardRunClear, PRTL_BITMAP, ULONG, PULONG);
IMPORT(ULONG, RtlFindLastBackwardRunClear, PRTL_BITMAP, ULONG, PULONG);
IMPORT(ULONG, RtlFindLongestRunClear, PRTL_BITMAP, PULONG);
IMPORT(ULONG, RtlFindFirstRunClear, PRTL_BITMAP, PULONG);
IMPORT(ULONG, RtlFindClearRuns, PRTL_BITMAP, PRTL_BITMAP_RUN, ULONG, BOOLEAN);

enum { bits = 75 }; // not a multiple of 32: three words
static ULONG words[3];
static RTL_BITMAP map;

static void single(void) {
    words[0] = 0x12345678, words[2] = 0xffffffff;
    RtlInitializeBitMap(&map, words, bits);
    CHECK(map.Buffer == words && map.SizeOfBitMap == bits && words[0] == 0x12345678,
          "RtlInitializeBitMap does not modify the bitmap's contents");
    RtlClearAllBits(&map);
    CHECK(RtlNumberOfSetBits(&map) == 0 && RtlNumberOfClearBits(&map) == bits, "RtlClearAllBits");
    RtlSetAllBits(&map);
    CHECK(RtlNumberOfSetBits(&map) == bits && RtlNumberOfClearBits(&map) == 0,
          "RtlSetAllBits: only the bitmap's bits count");
    RtlClearAllBits(&map);
    RtlSetBit(&map, 0);
    RtlSetBit(&map, 33);
    RtlSetBit(&map, bits - 1);
    CHECK(words[0] == 1 && words[1] == 2 && words[2] == 1u << 10,
          "RtlSetBit: bit n is bit n % 32 of word n / 32");
    CHECK(import_RtlTestBit(&map, 33) && !import_RtlTestBit(&map, 32), "RtlTestBit");
    RtlClearBit(&map, 33);
    CHECK(!import_RtlTestBit(&map, 33) && RtlNumberOfSetBits(&map) == 2, "RtlClearBit");
}

static void ranges(void) {
    RtlClearAllBits(&map);
    RtlSetBits(&map, 30, 5);
    CHECK(words[0] == 0xc0000000 && words[1] == 7, "RtlSetBits across words");
    RtlSetBits(&map, 40, 0);
    RtlClearBits(&map, 30, 0);
    CHECK(RtlNumberOfSetBits(&map) == 5, "a count of zero does nothing");
    RtlClearBits(&map, 31, 2);
    CHECK(words[0] == 0x40000000 && words[1] == 6, "RtlClearBits across words");
    CHECK(RtlAreBitsClear(&map, 0, 30) && !RtlAreBitsClear(&map, 0, 31), "RtlAreBitsClear");
    CHECK(RtlAreBitsSet(&map, 33, 2) && !RtlAreBitsSet(&map, 33, 3), "RtlAreBitsSet");
    CHECK(!RtlAreBitsClear(&map, 0, 0) && !RtlAreBitsSet(&map, 33, 0), "FALSE if the length is zero");
    CHECK(!RtlAreBitsClear(&map, 70, 6) && !RtlAreBitsClear(&map, bits, 1) &&
              !RtlAreBitsSet(&map, 33, 0xffffffff),
          "FALSE if the range is not within the bitmap");
}

static void finding(void) {
    RtlSetAllBits(&map);
    RtlClearBits(&map, 5, 3);
    RtlClearBits(&map, 40, 20);
    CHECK(RtlFindClearBits(&map, 3, 0) == 5 && RtlFindClearBits(&map, 4, 0) == 40,
          "RtlFindClearBits: the first range of the size");
    CHECK(RtlFindClearBits(&map, 3, 10) == 40, "from the hint on");
    CHECK(RtlFindClearBits(&map, 3, 62) == 5, "then from the beginning back to the hint");
    CHECK(RtlFindClearBits(&map, 21, 0) == 0xffffffff, "0xFFFFFFFF if there is none");
    CHECK(RtlFindClearBitsAndSet(&map, 4, 50) == 50 && RtlAreBitsSet(&map, 50, 4),
          "RtlFindClearBitsAndSet sets the range that it found");
    CHECK(RtlFindClearBitsAndSet(&map, 30, 0) == 0xffffffff, "or nothing");
    RtlClearAllBits(&map);
    RtlSetBits(&map, 60, 10);
    RtlSetBits(&map, 2, 4);
    CHECK(RtlFindSetBits(&map, 4, 0) == 2 && RtlFindSetBits(&map, 5, 0) == 60 &&
              RtlFindSetBits(&map, 4, 71) == 2,
          "RtlFindSetBits");
    CHECK(RtlFindSetBits(&map, 11, 0) == 0xffffffff, "0xFFFFFFFF if there is none");
    CHECK(RtlFindSetBitsAndClear(&map, 4, 0) == 2 && RtlAreBitsClear(&map, 2, 4),
          "RtlFindSetBitsAndClear clears the range that it found");
    CHECK(RtlFindSetBitsAndClear(&map, 11, 0) == 0xffffffff && RtlNumberOfSetBits(&map) == 10, "or nothing");
}

static void runs(void) {
    RTL_BITMAP_RUN found[4];
    ULONG at = 99;
    RtlSetAllBits(&map);
    RtlClearBits(&map, 3, 1);
    RtlClearBits(&map, 10, 7);
    RtlClearBits(&map, 30, 4);
    RtlClearBits(&map, 70, 5);
    CHECK(import_RtlFindClearRuns(&map, found, 4, FALSE) == 4 && found[0].StartingIndex == 3 &&
              found[0].NumberOfBits == 1 && found[3].StartingIndex == 70 && found[3].NumberOfBits == 5,
          "RtlFindClearRuns in order; a run can be a single bit, and reach the bitmap's end");
    CHECK(import_RtlFindClearRuns(&map, found, 2, FALSE) == 2 && found[1].StartingIndex == 10,
          "it stops when it has found enough");
    CHECK(import_RtlFindClearRuns(&map, found, 3, TRUE) == 3 && found[0].NumberOfBits == 7 &&
              found[1].NumberOfBits == 5 && found[2].NumberOfBits == 4,
          "LocateLongestRuns: sorted from longest to shortest");
    CHECK(import_RtlFindLongestRunClear(&map, &at) == 7 && at == 10, "RtlFindLongestRunClear");
    CHECK(import_RtlFindFirstRunClear(&map, &at) == 1 && at == 3, "RtlFindFirstRunClear");
    CHECK(import_RtlFindNextForwardRunClear(&map, 4, &at) == 7 && at == 10, "RtlFindNextForwardRunClear");
    CHECK(import_RtlFindNextForwardRunClear(&map, 12, &at) == 5 && at == 12, "from the middle of a run");
    CHECK(import_RtlFindLastBackwardRunClear(&map, 29, &at) == 7 && at == 10,
          "RtlFindLastBackwardRunClear: the run before the index");
    CHECK(import_RtlFindLastBackwardRunClear(&map, 2, &at) == 0, "zero if no run precedes it");
    RtlSetAllBits(&map);
    CHECK(import_RtlFindClearRuns(&map, found, 4, TRUE) == 0 &&
              import_RtlFindLongestRunClear(&map, &at) == 0 && import_RtlFindFirstRunClear(&map, &at) == 0 &&
              import_RtlFindNextForwardRunClear(&map, 0, &at) == 0,
          "no clear bit: zero");
}

static void significant(void) {
    CHECK(import_RtlFindMostSignificantBit(0) == -1 && import_RtlFindLeastSignificantBit(0) == -1,
          "-1 if every bit is zero");
    CHECK(import_RtlFindMostSignificantBit(1ull << 63 | 4) == 63 &&
              import_RtlFindMostSignificantBit(0x80000000) == 31,
          "RtlFindMostSignificantBit");
    CHECK(import_RtlFindLeastSignificantBit(1ull << 63 | 4) == 2 &&
              import_RtlFindLeastSignificantBit(1ull << 40) == 40,
          "RtlFindLeastSignificantBit");
}

static void checks(void) {
    single();
    ranges();
    finding();
    runs();
    significant();
}
