// Counted strings and their like, as the pages of RtlInitUnicodeString and its neighbours document them.
#define TOPIC L"Rtl"
#include "../common/driver.h"

static void strings(void) {
    UNICODE_STRING a, b, room;
    WCHAR buffer[16];
    RtlInitUnicodeString(&a, L"Filter");
    CHECK(a.Length == 12 && a.MaximumLength == 14,
          "RtlInitUnicodeString counts bytes, and the terminator in MaximumLength");
    RtlInitUnicodeString(&b, NULL);
    CHECK(b.Length == 0 && b.MaximumLength == 0 && b.Buffer == NULL,
          "from a null pointer it makes an empty string");
    RtlInitUnicodeString(&b, L"FILTER");
    CHECK(RtlCompareUnicodeString(&a, &b, TRUE) == 0 && RtlCompareUnicodeString(&a, &b, FALSE) != 0,
          "comparison with and without case");
    CHECK(RtlEqualUnicodeString(&a, &b, TRUE) && !RtlEqualUnicodeString(&a, &b, FALSE),
          "equality with and without case");
    RtlInitUnicodeString(&b, L"Filters");
    CHECK(RtlPrefixUnicodeString(&a, &b, FALSE) && !RtlPrefixUnicodeString(&b, &a, FALSE),
          "RtlPrefixUnicodeString");
    CHECK(RtlCompareUnicodeString(&a, &b, FALSE) < 0, "a prefix is less");
    room.Buffer = buffer, room.Length = 0, room.MaximumLength = 8;
    RtlCopyUnicodeString(&room, &a);
    CHECK(room.Length == 8 && buffer[3] == L't', "RtlCopyUnicodeString copies what fits");
    room.Length = 0, room.MaximumLength = sizeof buffer;
    CHECK(RtlAppendUnicodeToString(&room, L"abc") == STATUS_SUCCESS && room.Length == 6,
          "RtlAppendUnicodeToString");
    CHECK(RtlAppendUnicodeStringToString(&room, &b) == STATUS_SUCCESS && room.Length == 20,
          "RtlAppendUnicodeStringToString");
    CHECK(RtlAppendUnicodeStringToString(&room, &b) == STATUS_BUFFER_TOO_SMALL && room.Length == 20,
          "and STATUS_BUFFER_TOO_SMALL without a change when it does not fit");
    CHECK(RtlUpcaseUnicodeChar(L'q') == L'Q' && RtlUpcaseUnicodeChar(0xe4) == 0xc4, "RtlUpcaseUnicodeChar");
}

static void conversions(void) {
    ANSI_STRING narrow;
    UNICODE_STRING wide, digits;
    WCHAR buffer[16];
    ULONG value = 0;
    RtlInitAnsiString(&narrow, "driver");
    CHECK(narrow.Length == 6 && narrow.MaximumLength == 7, "RtlInitAnsiString");
    CHECK(RtlAnsiStringToUnicodeString(&wide, &narrow, TRUE) == STATUS_SUCCESS,
          "RtlAnsiStringToUnicodeString allocates");
    CHECK(wide.Length == 12 && wide.Buffer[5] == L'r', "and widens");
    ANSI_STRING back;
    CHECK(RtlUnicodeStringToAnsiString(&back, &wide, TRUE) == STATUS_SUCCESS &&
              RtlCompareString(&back, &narrow, FALSE) == 0,
          "RtlUnicodeStringToAnsiString comes back");
    RtlFreeAnsiString(&back);
    RtlFreeUnicodeString(&wide);
    digits.Buffer = buffer, digits.Length = 0, digits.MaximumLength = sizeof buffer;
    CHECK(RtlIntegerToUnicodeString(48879, 16, &digits) == STATUS_SUCCESS && digits.Length == 8 &&
              buffer[0] == L'B',
          "RtlIntegerToUnicodeString writes hexadecimal");
    CHECK(RtlUnicodeStringToInteger(&digits, 16, &value) == STATUS_SUCCESS && value == 48879,
          "RtlUnicodeStringToInteger reads it");
    RtlInitUnicodeString(&digits, L"0x1F");
    CHECK(RtlUnicodeStringToInteger(&digits, 0, &value) == STATUS_SUCCESS && value == 31,
          "and the 0x prefix with base 0");
    digits.Buffer = buffer, digits.Length = 0, digits.MaximumLength = 4;
    CHECK(RtlIntegerToUnicodeString(1000, 10, &digits) == STATUS_BUFFER_OVERFLOW,
          "no room: STATUS_BUFFER_OVERFLOW");
}

static void bits(void) {
    RTL_BITMAP map;
    ULONG words[2];
    RtlInitializeBitMap(&map, words, 64);
    RtlClearAllBits(&map);
    RtlSetBits(&map, 4, 8);
    CHECK(RtlNumberOfSetBits(&map) == 8 && RtlAreBitsSet(&map, 4, 8) && RtlAreBitsClear(&map, 12, 52),
          "bits set and clear");
    CHECK(RtlFindClearBits(&map, 5, 0) == 12, "the first run of five clear bits");
    CHECK(RtlFindClearBitsAndSet(&map, 60, 0) == 0xffffffff, "no such run: 0xffffffff");
}

static void memory(void) {
    UCHAR a[32], b[32];
    RtlFillMemory(a, sizeof a, 7);
    RtlCopyMemory(b, a, sizeof b);
    b[20] = 8;
    CHECK(RtlCompareMemory(a, b, 32) == 20, "RtlCompareMemory counts the equal bytes");
    RtlMoveMemory(a + 4, a, 20);
    RtlZeroMemory(a, 4);
    CHECK(a[3] == 0 && a[4] == 7, "memory moves");
    LARGE_INTEGER time = {.QuadPart = 0x01d5b7a1c0000000LL};
    TIME_FIELDS fields;
    LARGE_INTEGER again;
    RtlTimeToTimeFields(&time, &fields);
    CHECK(RtlTimeFieldsToTime(&fields, &again) && time.QuadPart - again.QuadPart < 10000 &&
              time.QuadPart >= again.QuadPart,
          "time fields lose less than a millisecond");
    CHECK(fields.Year == 2019 && fields.Month == 12, "and are right");
}

static void checks(void) {
    strings();
    conversions();
    bits();
    memory();
}
