// Counted strings: nf-wdm-rtlinitansistring, nf-wdm-rtlcopyunicodestring, nf-wdm-rtlappendunicodetostring,
// nf-ntddk-rtlprefixunicodestring, nf-wdm-rtlhashunicodestring, nf-wdm-rtlintegertounicodestring,
// nf-wdm-rtlunicodestringtointeger … each check is a sentence of its page.
#define TOPIC L"RtlStrings"
#include "../common/driver.h"

#include "../common/import.h"

IMPORT(NTSTATUS, RtlInitUnicodeStringEx, PUNICODE_STRING, PCWSTR);
IMPORT(void, RtlInitString, PSTRING, const char*);
IMPORT(void, RtlInitUTF8String, PSTRING, const char*);
IMPORT(NTSTATUS, RtlAppendStringToString, PSTRING, const STRING*);
IMPORT(LONG, RtlCompareUnicodeStrings, PCWSTR, SIZE_T, PCWSTR, SIZE_T, BOOLEAN);
IMPORT(BOOLEAN, RtlPrefixString, const STRING*, const STRING*, BOOLEAN);
IMPORT(WCHAR, RtlDowncaseUnicodeChar, WCHAR);
IMPORT(CHAR, RtlUpperChar, CHAR);
IMPORT(void, RtlUpperString, PSTRING, const STRING*);
IMPORT(NTSTATUS, RtlCharToInteger, const char*, ULONG, PULONG);
IMPORT(void, RtlCopyString, PSTRING, const STRING*);
IMPORT(BOOLEAN, RtlEqualString, const STRING*, const STRING*, BOOLEAN);
IMPORT(LONG, RtlCompareString, const STRING*, const STRING*, BOOLEAN);

static STRING narrow(const char* text) {
    STRING s;
    import_RtlInitString(&s, text);
    return s;
}
static UNICODE_STRING wide(PCWSTR text) {
    UNICODE_STRING s;
    RtlInitUnicodeString(&s, text);
    return s;
}

static void making(void) {
    STRING s;
    UNICODE_STRING w;
    import_RtlInitString(&s, "filter");
    CHECK(s.Length == 6 && s.MaximumLength == 7,
          "RtlInitString: MaximumLength includes the terminating null");
    import_RtlInitString(&s, NULL);
    CHECK(s.Length == 0 && s.MaximumLength == 0 && !s.Buffer,
          "RtlInitString: a null source gives lengths of zero");
    import_RtlInitUTF8String(&s, "\xc3\xa4");
    CHECK(s.Length == 2 && s.MaximumLength == 3, "RtlInitUTF8String counts bytes");
    import_RtlInitUTF8String(&s, NULL);
    CHECK(s.Length == 0 && s.MaximumLength == 0, "RtlInitUTF8String: a null source gives lengths of zero");
    CHECK(import_RtlInitUnicodeStringEx(&w, L"abc") == STATUS_SUCCESS && w.Length == 6 &&
              w.MaximumLength == 8,
          "RtlInitUnicodeStringEx");
    CHECK(import_RtlInitUnicodeStringEx(&w, NULL) == STATUS_SUCCESS && w.Length == 0 && !w.Buffer,
          "RtlInitUnicodeStringEx: a null source gives an empty string");

    // Too long for the counts: MAXUSHORT - 1 and MAXUSHORT, by the pages of the 8-bit functions; the Ex
    // function refuses.
    char* text = ExAllocatePoolWithTag(PagedPool, 0x20000, 'tseT');
    if (!text) return;
    RtlFillMemory(text, 0x20000, 'x');
    text[0x10000] = 0;
    import_RtlInitString(&s, text);
    CHECK(s.Length == 0xfffe && s.MaximumLength == 0xffff,
          "a source longer than MAXUSHORT - 1 gives MAXUSHORT - 1 and MAXUSHORT");
    text[0xfffe] = 0;
    RtlInitAnsiString(&s, text);
    CHECK(s.Length == 0xfffe && s.MaximumLength == 0xffff && s.Buffer == text,
          "MAXUSHORT - 1 bytes still fit");
    WCHAR* long_text = (WCHAR*)text;
    for (ULONG i = 0; i < 0x8000; ++i)
        long_text[i] = L'x';
    long_text[0x8000] = 0;
    CHECK(import_RtlInitUnicodeStringEx(&w, long_text) == STATUS_NAME_TOO_LONG,
          "RtlInitUnicodeStringEx: STATUS_NAME_TOO_LONG");
    long_text[0x7ffe] = 0;
    CHECK(import_RtlInitUnicodeStringEx(&w, long_text) == STATUS_SUCCESS && w.Length == 0xfffc,
          "the longest that fits");
    ExFreePoolWithTag(text, 'tseT');
}

static void copying(void) {
    WCHAR room[8];
    char bytes[8];
    UNICODE_STRING to = {4, sizeof room, room}, from = wide(L"abc");
    STRING narrow_to = {4, sizeof bytes, bytes}, narrow_from = narrow("abcd");
    RtlCopyUnicodeString(&to, &from);
    CHECK(to.Length == 6 && to.MaximumLength == sizeof room && to.Buffer == room && room[2] == L'c',
          "RtlCopyUnicodeString does not modify MaximumLength and Buffer");
    RtlCopyUnicodeString(&to, NULL);
    CHECK(to.Length == 0 && to.MaximumLength == sizeof room && to.Buffer == room,
          "a null source sets RtlCopyUnicodeString's Length to zero");
    to.MaximumLength = 4, room[2] = L'#';
    RtlCopyUnicodeString(&to, &from);
    CHECK(to.Length == 4 && room[1] == L'b' && room[2] == L'#', "it copies MaximumLength bytes at most");
    import_RtlCopyString(&narrow_to, &narrow_from);
    CHECK(narrow_to.Length == 4 && narrow_to.MaximumLength == sizeof bytes && bytes[3] == 'd',
          "RtlCopyString");
    narrow_to.MaximumLength = 3, bytes[3] = '#';
    import_RtlCopyString(&narrow_to, &narrow_from);
    CHECK(narrow_to.Length == 3 && bytes[3] == '#', "RtlCopyString copies MaximumLength bytes at most");
    import_RtlCopyString(&narrow_to, NULL);
    CHECK(narrow_to.Length == 0 && narrow_to.MaximumLength == 3,
          "a null source sets RtlCopyString's Length to zero");
}

static void appending(void) {
    WCHAR room[6] = L"ab###";
    char bytes[6] = "ab###";
    UNICODE_STRING to = {4, 8, room}, from = wide(L"cd"), more = wide(L"e");
    STRING narrow_to = {2, 5, bytes}, narrow_from = narrow("cde"), narrow_more = narrow("f");
    CHECK(RtlAppendUnicodeToString(&to, NULL) == STATUS_SUCCESS && to.Length == 4,
          "appending nothing succeeds");
    CHECK(RtlAppendUnicodeToString(&to, L"cde") == STATUS_BUFFER_TOO_SMALL && to.Length == 4 &&
              room[2] == L'#',
          "RtlAppendUnicodeToString: STATUS_BUFFER_TOO_SMALL changes neither length nor buffer");
    CHECK(RtlAppendUnicodeToString(&to, L"cd") == STATUS_SUCCESS && to.Length == 8 && room[3] == L'd' &&
              room[4] == L'#',
          "the terminating null of the source does not need room");
    to.Length = 4;
    CHECK(RtlAppendUnicodeStringToString(&to, &from) == STATUS_SUCCESS && to.Length == 8,
          "RtlAppendUnicodeStringToString fills the buffer to its end");
    CHECK(RtlAppendUnicodeStringToString(&to, &more) == STATUS_BUFFER_TOO_SMALL && to.Length == 8,
          "STATUS_BUFFER_TOO_SMALL does not update the length");
    CHECK(import_RtlAppendStringToString(&narrow_to, &narrow_from) == STATUS_SUCCESS &&
              narrow_to.Length == 5 && bytes[4] == 'e',
          "RtlAppendStringToString: the sum of the lengths may be MaximumLength");
    CHECK(import_RtlAppendStringToString(&narrow_to, &narrow_more) == STATUS_BUFFER_TOO_SMALL &&
              narrow_to.Length == 5,
          "and not more: STATUS_BUFFER_TOO_SMALL");
}

static void comparing(void) {
    STRING a = narrow("Disk"), b = narrow("dISK"), longer = narrow("Disks");
    UNICODE_STRING empty = wide(NULL), x = wide(L"Disk\x00e4"), y = wide(L"dISK\x00c4"),
                   longer_x = wide(L"Disk\x00e4s");
    CHECK(import_RtlCompareString(&a, &b, TRUE) == 0 && import_RtlCompareString(&a, &b, FALSE) < 0 &&
              import_RtlCompareString(&b, &a, FALSE) > 0,
          "RtlCompareString: zero, less, greater");
    CHECK(import_RtlCompareString(&a, &longer, FALSE) < 0 && import_RtlCompareString(&longer, &a, FALSE) > 0,
          "RtlCompareString: the longer is greater");
    CHECK(import_RtlEqualString(&a, &b, TRUE) && !import_RtlEqualString(&a, &b, FALSE) &&
              !import_RtlEqualString(&a, &longer, TRUE),
          "RtlEqualString");
    CHECK(import_RtlPrefixString(&b, &longer, TRUE) && !import_RtlPrefixString(&b, &longer, FALSE) &&
              !import_RtlPrefixString(&longer, &a, TRUE),
          "RtlPrefixString");
    CHECK(RtlCompareUnicodeString(&x, &y, TRUE) == 0 && RtlCompareUnicodeString(&x, &y, FALSE) < 0 &&
              RtlCompareUnicodeString(&y, &x, FALSE) > 0,
          "RtlCompareUnicodeString: zero, less, greater");
    CHECK(RtlEqualUnicodeString(&x, &y, TRUE) && !RtlEqualUnicodeString(&x, &y, FALSE) &&
              !RtlEqualUnicodeString(&x, &empty, TRUE),
          "RtlEqualUnicodeString");
    CHECK(RtlPrefixUnicodeString(&y, &longer_x, TRUE) && !RtlPrefixUnicodeString(&y, &longer_x, FALSE),
          "RtlPrefixUnicodeString with and without case");
    CHECK(RtlPrefixUnicodeString(&empty, &x, FALSE), "the empty string is a prefix of every string");
    CHECK(import_RtlCompareUnicodeStrings(L"abc", 3, L"ABD", 3, TRUE) < 0 &&
              import_RtlCompareUnicodeStrings(L"abc", 2, L"ABD", 2, TRUE) == 0 &&
              import_RtlCompareUnicodeStrings(L"abc", 3, L"ab", 2, FALSE) > 0,
          "RtlCompareUnicodeStrings counts characters");
}

static void cases(void) {
    char bytes[4] = "###";
    STRING to = {0, 2, bytes}, from = narrow("q\xe4z");
    CHECK(import_RtlDowncaseUnicodeChar(L'Q') == L'q' && import_RtlDowncaseUnicodeChar(0xc4) == 0xe4 &&
              import_RtlDowncaseUnicodeChar(L'1') == L'1',
          "RtlDowncaseUnicodeChar");
    CHECK(RtlUpcaseUnicodeChar(0x3b1) == 0x391 && RtlUpcaseUnicodeChar(L'7') == L'7',
          "RtlUpcaseUnicodeChar beyond Latin");
    CHECK(import_RtlUpperChar('q') == 'Q' && import_RtlUpperChar('Q') == 'Q' &&
              import_RtlUpperChar('7') == '7',
          "RtlUpperChar gives back what it cannot convert");
    import_RtlUpperString(&to, &from);
    CHECK(to.Length == 2 && to.MaximumLength == 2 && to.Buffer == bytes && bytes[0] == 'Q' && bytes[2] == '#',
          "RtlUpperString copies MaximumLength bytes at most, and modifies neither MaximumLength nor Buffer");
    to.MaximumLength = 4;
    import_RtlUpperString(&to, &from);
    CHECK(to.Length == 3 && bytes[2] == 'Z', "RtlUpperString copies Length bytes");
}

static ULONG hash_of(PCWSTR text, BOOLEAN ignore_case) {
    UNICODE_STRING s = wide(text);
    ULONG value = 0;
    return NT_SUCCESS(RtlHashUnicodeString(&s, ignore_case, HASH_STRING_ALGORITHM_X65599, &value)) ? value
                                                                                                   : 0;
}

static void hashes(void) {
    UNICODE_STRING s = wide(L"ab");
    ULONG value = 0, again = 1;
    CHECK(RtlHashUnicodeString(&s, FALSE, HASH_STRING_ALGORITHM_X65599, &value) == STATUS_SUCCESS &&
              value == 'a' * 65599 + 'b',
          "RtlHashUnicodeString: x65599");
    CHECK(RtlHashUnicodeString(&s, FALSE, HASH_STRING_ALGORITHM_DEFAULT, &again) == STATUS_SUCCESS &&
              again == value,
          "the default algorithm is x65599");
    CHECK(hash_of(L"Volume", TRUE) == hash_of(L"vOLUME", TRUE) &&
              hash_of(L"Volume", FALSE) != hash_of(L"vOLUME", FALSE),
          "without case, upper and lower hash to the same value");
    CHECK(RtlHashUnicodeString(NULL, FALSE, 0, &value) == STATUS_INVALID_PARAMETER &&
              RtlHashUnicodeString(&s, FALSE, 0, NULL) == STATUS_INVALID_PARAMETER &&
              RtlHashUnicodeString(&s, FALSE, 0xffffffff, &value) == STATUS_INVALID_PARAMETER &&
              RtlHashUnicodeString(&s, FALSE, 17, &value) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no string, no value, or an undefined algorithm");
}

static BOOLEAN prints(ULONGLONG value, ULONG base, PCWSTR expected, BOOLEAN wide_value) {
    WCHAR room[70];
    UNICODE_STRING to = {0, sizeof room, room}, wanted = wide(expected);
    NTSTATUS status = wide_value ? RtlInt64ToUnicodeString(value, base, &to)
                                 : RtlIntegerToUnicodeString((ULONG)value, base, &to);
    return status == STATUS_SUCCESS && RtlEqualUnicodeString(&to, &wanted, FALSE) && room[to.Length / 2] == 0;
}

static void numbers_to_text(void) {
    WCHAR room[10];
    UNICODE_STRING to = {0, 6, room};
    CHECK(prints(0, 10, L"0", FALSE) && prints(4294967295u, 10, L"4294967295", FALSE) &&
              prints(1234, 0, L"1234", FALSE),
          "RtlIntegerToUnicodeString: base 0 or 10 is decimal, the value unsigned");
    CHECK(prints(8, 8, L"10", FALSE) && prints(5, 2, L"101", FALSE) && prints(0xbeef, 16, L"BEEF", FALSE),
          "bases 8, 2 and 16, null-terminated");
    CHECK(RtlIntegerToUnicodeString(1234, 10, &to) == STATUS_BUFFER_OVERFLOW &&
              RtlInt64ToUnicodeString(1234, 10, &to) == STATUS_BUFFER_OVERFLOW,
          "STATUS_BUFFER_OVERFLOW: the string is too small");
    to.MaximumLength = sizeof room;
    CHECK(RtlIntegerToUnicodeString(1, 7, &to) == STATUS_INVALID_PARAMETER &&
              RtlInt64ToUnicodeString(1, 36, &to) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: other bases");
    CHECK(
        prints(~0ull, 10, L"18446744073709551615", TRUE) && prints(~0ull, 16, L"FFFFFFFFFFFFFFFF", TRUE) &&
            prints(1ull << 63, 2, L"1000000000000000000000000000000000000000000000000000000000000000", TRUE),
        "RtlInt64ToUnicodeString: 64 bits");
    CHECK(prints(0, 0, L"0", TRUE) && prints(64, 8, L"100", TRUE), "its base 0 is decimal");
}

static BOOLEAN reads(PCWSTR text, ULONG base, LONG expected) {
    UNICODE_STRING s = wide(text);
    ULONG value = 0xcccccccc;
    return RtlUnicodeStringToInteger(&s, base, &value) == STATUS_SUCCESS && value == (ULONG)expected;
}
static BOOLEAN reads_narrow(const char* text, ULONG base, LONG expected) {
    ULONG value = 0xcccccccc;
    return import_RtlCharToInteger(text, base, &value) == STATUS_SUCCESS && value == (ULONG)expected;
}

static void text_to_numbers(void) {
    UNICODE_STRING empty = wide(L""), digits = wide(L"12");
    ULONG value = 0;
    // The table of nf-wdm-rtlunicodestringtointeger.
    CHECK(reads(L"123", 10, 123) && reads(L"-345", 10, -345) && reads(L"xyz", 10, 0),
          "RtlUnicodeStringToInteger: the page's rows 1 to 3");
    CHECK(reads(L"+678abc", 10, 678) && reads(L"+678abc", 16, 6785724) && reads(L"007", 10, 7),
          "rows 4 to 6");
    CHECK(reads(L"789", 8, 7) && reads(L"FGH", 16, 15) && reads(L" ", 10, 0), "rows 7 to 9");
    CHECK(reads(L"0x1f", 0, 31) && reads(L"0o17", 0, 15) && reads(L"0b101", 0, 5) && reads(L"17", 0, 17),
          "base zero: the prefixes 0x, 0o, 0b, else decimal");
    CHECK(reads(L" \t 42", 10, 42) && reads(L"-0x10", 0, -16), "leading white space, sign, prefix");
    CHECK(reads(L"?12", 10, 0), "another character before the first digit: zero and STATUS_SUCCESS");
    CHECK(RtlUnicodeStringToInteger(&empty, 10, &value) == STATUS_INVALID_PARAMETER,
          "the empty string: STATUS_INVALID_PARAMETER");
    CHECK(RtlUnicodeStringToInteger(&digits, 5, &value) == STATUS_INVALID_PARAMETER,
          "an unknown base: STATUS_INVALID_PARAMETER");
    CHECK(reads_narrow("123", 10, 123) && reads_narrow("7f", 16, 0x7f) && reads_narrow("0x7f", 0, 0x7f) &&
              reads_narrow("0o7", 0, 7) && reads_narrow("0b11", 0, 3) && reads_narrow("-5", 10, -5),
          "RtlCharToInteger: bases and prefixes");
    CHECK(import_RtlCharToInteger("1", 3, &value) == STATUS_INVALID_PARAMETER,
          "RtlCharToInteger: STATUS_INVALID_PARAMETER");
}

static void checks(void) {
    making();
    copying();
    appending();
    comparing();
    cases();
    hashes();
    numbers_to_text();
    text_to_numbers();
}
