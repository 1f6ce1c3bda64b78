// Conversions between ANSI, OEM, UTF-8 and Unicode: nf-wdm-rtlunicodestringtoansistring,
// nf-ntifs-rtlunicodetomultibyten, nf-wdm-rtlunicodetoutf8n, nf-ntifs-rtlunicodestringtoutf8string … ANSI is
// code page 1252 here and OEM 437 (docs/caveats.md).
#define TOPIC L"RtlConvert"
#include "../common/driver.h"

#include "../common/import.h"

IMPORT(NTSTATUS, RtlUnicodeStringToOemString, PSTRING, PCUNICODE_STRING, BOOLEAN);
IMPORT(NTSTATUS, RtlOemStringToUnicodeString, PUNICODE_STRING, const STRING*, BOOLEAN);
IMPORT(NTSTATUS, RtlUpcaseUnicodeString, PUNICODE_STRING, PCUNICODE_STRING, BOOLEAN);
IMPORT(NTSTATUS, RtlDowncaseUnicodeString, PUNICODE_STRING, PCUNICODE_STRING, BOOLEAN);
IMPORT(BOOLEAN, RtlCreateUnicodeString, PUNICODE_STRING, PCWSTR);
IMPORT(NTSTATUS, RtlDuplicateUnicodeString, ULONG, PCUNICODE_STRING, PUNICODE_STRING);
IMPORT(void, RtlFreeOemString, PSTRING);
IMPORT(void, RtlFreeUTF8String, PSTRING);
IMPORT(ULONG, RtlxAnsiStringToUnicodeSize, const STRING*);
IMPORT(ULONG, RtlxOemStringToUnicodeSize, const STRING*);
IMPORT(ULONG, RtlxUnicodeStringToAnsiSize, PCUNICODE_STRING);
IMPORT(ULONG, RtlxUnicodeStringToOemSize, PCUNICODE_STRING);
IMPORT(WCHAR, RtlAnsiCharToUnicodeChar, char**);
IMPORT(NTSTATUS, RtlUnicodeToMultiByteN, char*, ULONG, PULONG, PCWSTR, ULONG);
IMPORT(NTSTATUS, RtlUnicodeToOemN, char*, ULONG, PULONG, PCWSTR, ULONG);
IMPORT(NTSTATUS, RtlUpcaseUnicodeToMultiByteN, char*, ULONG, PULONG, PCWSTR, ULONG);
IMPORT(NTSTATUS, RtlMultiByteToUnicodeN, PWCH, ULONG, PULONG, const char*, ULONG);
IMPORT(NTSTATUS, RtlOemToUnicodeN, PWCH, ULONG, PULONG, const char*, ULONG);
IMPORT(NTSTATUS, RtlMultiByteToUnicodeSize, PULONG, const char*, ULONG);
IMPORT(NTSTATUS, RtlUnicodeToMultiByteSize, PULONG, PCWSTR, ULONG);
IMPORT(NTSTATUS, RtlUnicodeToUTF8N, char*, ULONG, PULONG, PCWSTR, ULONG);
IMPORT(NTSTATUS, RtlUTF8ToUnicodeN, PWCH, ULONG, PULONG, const char*, ULONG);
IMPORT(NTSTATUS, RtlUnicodeStringToUTF8String, PSTRING, PCUNICODE_STRING, BOOLEAN);
IMPORT(NTSTATUS, RtlUTF8StringToUnicodeString, PUNICODE_STRING, const STRING*, BOOLEAN);

static STRING narrow(const char* text) {
    STRING s;
    RtlInitAnsiString(&s, text);
    return s;
}
static UNICODE_STRING wide(PCWSTR text) {
    UNICODE_STRING s;
    RtlInitUnicodeString(&s, text);
    return s;
}
static BOOLEAN is_wide(const UNICODE_STRING* s, PCWSTR expected) {
    UNICODE_STRING e = wide(expected);
    return RtlEqualUnicodeString(s, &e, FALSE);
}
static BOOLEAN is_narrow(STRING* s, const char* expected) {
    STRING e = narrow(expected);
    return RtlEqualString(s, &e, FALSE);
}

static void ansi(void) {
    WCHAR room[8];
    char bytes[8];
    UNICODE_STRING w = {0, 4, room}, text = wide(L"A\x20ac"
                                                 L"B");
    STRING s = {0, 3, bytes}, source = narrow("A\x80"
                                              "B");
    CHECK(RtlUnicodeStringToAnsiString(&s, &text, FALSE) != STATUS_SUCCESS,
          "RtlUnicodeStringToAnsiString needs room for the terminating null");
    s.MaximumLength = 4;
    CHECK(RtlUnicodeStringToAnsiString(&s, &text, FALSE) == STATUS_SUCCESS &&
              is_narrow(&s, "A\x80"
                            "B") &&
              bytes[3] == 0 && s.Buffer == bytes && s.MaximumLength == 4,
          "without allocation it uses the buffer that is there");
    CHECK(!NT_SUCCESS(RtlAnsiStringToUnicodeString(&w, &source, FALSE)),
          "RtlAnsiStringToUnicodeString: too small");
    w.MaximumLength = sizeof room;
    CHECK(RtlAnsiStringToUnicodeString(&w, &source, FALSE) == STATUS_SUCCESS &&
              is_wide(&w, L"A\x20ac"
                          L"B") &&
              w.Buffer == room,
          "RtlAnsiStringToUnicodeString into the buffer that is there");
    RtlZeroMemory(&w, sizeof w);
    CHECK(RtlAnsiStringToUnicodeString(&w, &source, TRUE) == STATUS_SUCCESS && w.Length == 6 &&
              w.MaximumLength == 8 && w.Buffer[3] == 0,
          "with allocation it makes a null-terminated buffer");
    RtlFreeUnicodeString(&w);
    CHECK(RtlUnicodeStringToAnsiString(&s, &text, TRUE) == STATUS_SUCCESS && s.Length == 3 &&
              s.MaximumLength == 4 && s.Buffer[3] == 0,
          "RtlUnicodeStringToAnsiString allocates");
    RtlFreeAnsiString(&s);
    CHECK(import_RtlxAnsiStringToUnicodeSize(&source) == 8 && import_RtlxUnicodeStringToAnsiSize(&text) == 4,
          "the Rtlx sizes are bytes with the terminating null");
}

static void oem(void) {
    WCHAR room[8];
    char bytes[8];
    UNICODE_STRING w = {0, sizeof room, room}, text = wide(L"oem");
    STRING s = {0, sizeof bytes, bytes}, source = narrow("oem");
    CHECK(import_RtlUnicodeStringToOemString(&s, &text, FALSE) == STATUS_SUCCESS && is_narrow(&s, "oem") &&
              bytes[3] == 0,
          "RtlUnicodeStringToOemString returns a null-terminated string");
    CHECK(import_RtlOemStringToUnicodeString(&w, &source, FALSE) == STATUS_SUCCESS && is_wide(&w, L"oem") &&
              room[3] == 0,
          "RtlOemStringToUnicodeString too");
    // u with two dots, and a double line of boxes
    UNICODE_STRING special = wide(L"\x00fc\x2550");
    STRING codes = narrow("\x81\xcd");
    ULONG written = 0;
    CHECK(import_RtlUnicodeStringToOemString(&s, &special, FALSE) == STATUS_SUCCESS &&
              is_narrow(&s, "\x81\xcd") &&
              import_RtlOemStringToUnicodeString(&w, &codes, FALSE) == STATUS_SUCCESS &&
              is_wide(&w, L"\x00fc\x2550"),
          "characters of code page 437");
    CHECK(import_RtlUnicodeToOemN(bytes, 8, &written, L"\x00fc", 2) == STATUS_SUCCESS && written == 1 &&
              (unsigned char)bytes[0] == 0x81 &&
              import_RtlOemToUnicodeN(room, 16, &written, "\x81", 1) == STATUS_SUCCESS && written == 2 &&
              room[0] == 0xfc,
          "RtlUnicodeToOemN and RtlOemToUnicodeN too");
    s.MaximumLength = 2, w.MaximumLength = 2;
    CHECK(!NT_SUCCESS(import_RtlUnicodeStringToOemString(&s, &text, FALSE)) &&
              !NT_SUCCESS(import_RtlOemStringToUnicodeString(&w, &source, FALSE)),
          "a buffer that is too small: no conversion");
    CHECK(import_RtlUnicodeStringToOemString(&s, &text, TRUE) == STATUS_SUCCESS && s.Length == 3 &&
              s.MaximumLength == 4,
          "RtlUnicodeStringToOemString updates the length and maximum length when it allocates");
    import_RtlFreeOemString(&s);
    CHECK(import_RtlOemStringToUnicodeString(&w, &source, TRUE) == STATUS_SUCCESS && w.Length == 6 &&
              w.MaximumLength == 8,
          "RtlOemStringToUnicodeString too");
    RtlFreeUnicodeString(&w);
    CHECK(import_RtlxOemStringToUnicodeSize(&source) == 8 && import_RtlxUnicodeStringToOemSize(&text) == 4,
          "the Rtlx sizes of OEM strings");
}

static void cases(void) {
    WCHAR room[4];
    UNICODE_STRING to = {0, 6, room}, text = wide(L"a\xc4Z"), more = wide(L"abcd");
    CHECK(import_RtlUpcaseUnicodeString(&to, &text, FALSE) == STATUS_SUCCESS && is_wide(&to, L"A\xc4Z"),
          "RtlUpcaseUnicodeString");
    CHECK(import_RtlDowncaseUnicodeString(&to, &text, FALSE) == STATUS_SUCCESS && is_wide(&to, L"a\xe4z"),
          "RtlDowncaseUnicodeString");
    CHECK(!NT_SUCCESS(import_RtlUpcaseUnicodeString(&to, &more, FALSE)) &&
              !NT_SUCCESS(import_RtlDowncaseUnicodeString(&to, &more, FALSE)) && is_wide(&to, L"a\xe4z"),
          "no room: no conversion is done");
    CHECK(import_RtlUpcaseUnicodeString(&to, &more, TRUE) == STATUS_SUCCESS && is_wide(&to, L"ABCD") &&
              to.Buffer != room,
          "RtlUpcaseUnicodeString allocates");
    RtlFreeUnicodeString(&to);
    CHECK(import_RtlDowncaseUnicodeString(&to, &text, TRUE) == STATUS_SUCCESS && is_wide(&to, L"a\xe4z") &&
              to.MaximumLength >= 6,
          "RtlDowncaseUnicodeString allocates");
    RtlFreeUnicodeString(&to);
}

static void making(void) {
    UNICODE_STRING to = {0, 0, NULL}, text = wide(L"abc"), empty = wide(L"");
    CHECK(import_RtlCreateUnicodeString(&to, L"new") && is_wide(&to, L"new") && to.MaximumLength == 8 &&
              to.Buffer[3] == 0,
          "RtlCreateUnicodeString");
    RtlFreeUnicodeString(&to);
    CHECK(to.Buffer == NULL, "RtlFreeUnicodeString empties the string");
    RtlFreeUnicodeString(&to);
    CHECK(import_RtlDuplicateUnicodeString(1, &text, &to) == STATUS_SUCCESS && is_wide(&to, L"abc") &&
              to.Buffer != text.Buffer && to.MaximumLength == 8 && to.Buffer[3] == 0,
          "RtlDuplicateUnicodeString with RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE");
    RtlFreeUnicodeString(&to);
    CHECK(import_RtlDuplicateUnicodeString(0, &text, &to) == STATUS_SUCCESS && is_wide(&to, L"abc") &&
              to.MaximumLength == 6,
          "and without");
    RtlFreeUnicodeString(&to);
    CHECK(import_RtlDuplicateUnicodeString(1, &empty, &to) == STATUS_SUCCESS && !to.Buffer && !to.Length,
          "an empty string needs no buffer");
    CHECK(import_RtlDuplicateUnicodeString(3, &empty, &to) == STATUS_SUCCESS && to.Buffer && !to.Length &&
              to.Buffer[0] == 0,
          "unless RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING asks for it");
    RtlFreeUnicodeString(&to);
    CHECK(import_RtlDuplicateUnicodeString(8, &text, &to) == STATUS_INVALID_PARAMETER,
          "unknown flags: STATUS_INVALID_PARAMETER");
}

static void counted(void) {
    WCHAR room[8] = {'#', '#', '#', '#', '#'};
    char bytes[16] = "########", *at = bytes;
    ULONG n = 99;
    CHECK(import_RtlUnicodeToMultiByteN(bytes, 2, &n, L"abc", 6) == STATUS_SUCCESS && n == 2 &&
              bytes[1] == 'b' && bytes[2] == '#',
          "RtlUnicodeToMultiByteN returns no error when it truncates");
    CHECK(import_RtlUnicodeToMultiByteN(bytes, 8, &n, L"ab", 6) == STATUS_SUCCESS && n == 3 && bytes[2] == 0,
          "it terminates the string if the source's bytes include the null");
    CHECK(import_RtlUnicodeToMultiByteN(bytes, 8, NULL, L"z", 2) == STATUS_SUCCESS && bytes[0] == 'z',
          "BytesInMultiByteString is optional");
    CHECK(import_RtlUpcaseUnicodeToMultiByteN(bytes, 1, &n, L"q\xe4", 4) == STATUS_SUCCESS && n == 1 &&
              bytes[0] == 'Q',
          "RtlUpcaseUnicodeToMultiByteN returns no error when it truncates");
    CHECK(import_RtlUpcaseUnicodeToMultiByteN(bytes, 8, NULL, L"q\xe4", 4) == STATUS_SUCCESS &&
              bytes[1] == '\xc4',
          "and converts to uppercase");
    CHECK(import_RtlMultiByteToUnicodeN(room, 4, &n, "abc", 3) == STATUS_SUCCESS && n == 4 &&
              room[1] == 'b' && room[2] == '#',
          "RtlMultiByteToUnicodeN returns no error when it truncates");
    CHECK(import_RtlMultiByteToUnicodeN(room, 16, NULL, "\\\x80", 2) == STATUS_SUCCESS && room[0] == '\\' &&
              room[1] == 0x20ac,
          "0x5c is the backslash; the rest follows the code page");
    CHECK(import_RtlUnicodeToOemN(bytes, 2, &n, L"abc", 6) == STATUS_BUFFER_OVERFLOW && n == 2 &&
              bytes[1] == 'b',
          "RtlUnicodeToOemN: STATUS_BUFFER_OVERFLOW with the truncated string");
    CHECK(import_RtlUnicodeToOemN(bytes, 8, &n, L"abc", 6) == STATUS_SUCCESS && n == 3,
          "RtlUnicodeToOemN: the length of the returned string");
    CHECK(import_RtlOemToUnicodeN(room, 4, &n, "abc", 3) == STATUS_BUFFER_OVERFLOW && n == 4 &&
              room[1] == 'b',
          "RtlOemToUnicodeN: STATUS_BUFFER_OVERFLOW with the truncated string");
    CHECK(import_RtlOemToUnicodeN(room, 16, &n, "xyz", 3) == STATUS_SUCCESS && n == 6 && room[2] == 'z',
          "RtlOemToUnicodeN");
    RtlCopyMemory(room, "inplace", 7);
    CHECK(import_RtlOemToUnicodeN(room, 16, &n, (char*)room, 7) == STATUS_SUCCESS && n == 14 &&
              room[0] == 'i' && room[1] == 'n' && room[6] == 'e',
          "with a single-byte code page its source may be at the address of the destination");
    CHECK(import_RtlMultiByteToUnicodeSize(&n, "abc", 3) == STATUS_SUCCESS && n == 6,
          "RtlMultiByteToUnicodeSize: without a terminating null");
    CHECK(import_RtlUnicodeToMultiByteSize(&n, L"abcd", 8) == STATUS_SUCCESS && n == 4,
          "RtlUnicodeToMultiByteSize");
    bytes[0] = 'k', bytes[1] = '\x80';
    CHECK(import_RtlAnsiCharToUnicodeChar(&at) == 'k' && at == bytes + 1 &&
              import_RtlAnsiCharToUnicodeChar(&at) == 0x20ac && at == bytes + 2,
          "RtlAnsiCharToUnicodeChar moves the pointer on");
}

// U+00E4, U+20AC, U+1F600.
static const WCHAR sample[] = {0xe4, 0x20ac, 0xd83d, 0xde00, 0};
static const char sample8[] = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";

static void utf8(void) {
    WCHAR room[16];
    char bytes[16];
    ULONG n = 0;
    CHECK(import_RtlUnicodeToUTF8N(bytes, sizeof bytes, &n, sample, 8) == STATUS_SUCCESS && n == 9 &&
              RtlCompareMemory(bytes, sample8, 9) == 9,
          "RtlUnicodeToUTF8N: two, three and four bytes");
    CHECK(import_RtlUTF8ToUnicodeN(room, sizeof room, &n, sample8, 9) == STATUS_SUCCESS && n == 8 &&
              RtlCompareMemory(room, sample, 8) == 8,
          "RtlUTF8ToUnicodeN comes back, with a surrogate pair");
    CHECK(import_RtlUnicodeToUTF8N(NULL, 0, &n, sample, 8) == STATUS_SUCCESS && n == 9 &&
              import_RtlUTF8ToUnicodeN(NULL, 0, &n, sample8, 9) == STATUS_SUCCESS && n == 8,
          "without a destination: the size that is required");
    CHECK(import_RtlUnicodeToUTF8N(bytes, sizeof bytes, &n, L"ab", 6) == STATUS_SUCCESS && n == 3 &&
              bytes[2] == 0,
          "null-terminated only if the source is");
    bytes[2] = '#';
    CHECK(import_RtlUnicodeToUTF8N(bytes, 4, &n, sample, 8) == STATUS_BUFFER_TOO_SMALL && n == 2,
          "STATUS_BUFFER_TOO_SMALL: whole characters only, and their bytes are counted");
    CHECK(bytes[2] == '#', "nothing is written behind them");
    CHECK(import_RtlUTF8ToUnicodeN(room, 6, &n, sample8, 9) == STATUS_BUFFER_TOO_SMALL && n == 4,
          "RtlUTF8ToUnicodeN: the same");
    CHECK(import_RtlUnicodeToUTF8N(NULL, 0, NULL, sample, 8) == STATUS_INVALID_PARAMETER &&
              import_RtlUTF8ToUnicodeN(NULL, 0, NULL, sample8, 9) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: neither destination nor count");
    CHECK(import_RtlUnicodeToUTF8N(bytes, 8, &n, NULL, 8) == STATUS_INVALID_PARAMETER_4 &&
              import_RtlUTF8ToUnicodeN(room, 8, &n, NULL, 8) == STATUS_INVALID_PARAMETER_4,
          "STATUS_INVALID_PARAMETER_4: no source");
    CHECK(import_RtlUnicodeToUTF8N(bytes, 8, &n, sample, 3) == STATUS_INVALID_PARAMETER_5,
          "STATUS_INVALID_PARAMETER_5: half a character");
    WCHAR lonely[] = {'a', 0xd83d, 'b', 0xde00};
    CHECK(import_RtlUnicodeToUTF8N(bytes, sizeof bytes, &n, lonely, 8) == STATUS_SOME_NOT_MAPPED && n == 8 &&
              RtlCompareMemory(bytes,
                               "a\xef\xbf\xbd"
                               "b\xef\xbf\xbd",
                               8) == 8,
          "STATUS_SOME_NOT_MAPPED: a surrogate without its partner becomes U+FFFD");
    CHECK(import_RtlUTF8ToUnicodeN(room, sizeof room, &n,
                                   "a\xff"
                                   "b",
                                   3) == STATUS_SOME_NOT_MAPPED &&
              n == 6 && room[1] == 0xfffd,
          "STATUS_SOME_NOT_MAPPED: invalid bytes become U+FFFD");
}

// nf-ntifs-rtlunicodestringtoutf8string, nf-ntifs-rtlutf8stringtounicodestring.
static void utf8_strings(void) {
    WCHAR room[8] = {0};
    char bytes[16] = {0};
    UNICODE_STRING w = {0, sizeof room, room}, text = wide(sample);
    STRING s = {0, sizeof bytes, bytes}, source = narrow(sample8);
    CHECK(import_RtlUnicodeStringToUTF8String(&s, &text, FALSE) == STATUS_SUCCESS && is_narrow(&s, sample8) &&
              s.MaximumLength == sizeof bytes,
          "RtlUnicodeStringToUTF8String into the buffer that is there; MaximumLength stays");
    CHECK(import_RtlUTF8StringToUnicodeString(&w, &source, FALSE) == STATUS_SUCCESS && is_wide(&w, sample) &&
              w.MaximumLength == sizeof room,
          "RtlUTF8StringToUnicodeString into the buffer that is there");
    s.MaximumLength = 4, s.Length = 0, bytes[4] = '#';
    CHECK(import_RtlUnicodeStringToUTF8String(&s, &text, FALSE) == STATUS_BUFFER_OVERFLOW && s.Length == 2 &&
              bytes[4] == '#' && RtlCompareMemory(bytes, sample8, 2) == 2,
          "STATUS_BUFFER_OVERFLOW, a warning: the string is truncated");
    w.MaximumLength = 4, w.Length = 0;
    CHECK(import_RtlUTF8StringToUnicodeString(&w, &source, FALSE) == STATUS_BUFFER_OVERFLOW &&
              w.Length == 4 && w.Buffer[1] == 0x20ac,
          "RtlUTF8StringToUnicodeString: the same");
    CHECK(import_RtlUnicodeStringToUTF8String(&s, &text, TRUE) == STATUS_SUCCESS && is_narrow(&s, sample8) &&
              s.MaximumLength >= 9 && s.Buffer != bytes,
          "RtlUnicodeStringToUTF8String allocates, and sets MaximumLength");
    import_RtlFreeUTF8String(&s);
    CHECK(import_RtlUTF8StringToUnicodeString(&w, &source, TRUE) == STATUS_SUCCESS && is_wide(&w, sample) &&
              w.MaximumLength >= 8,
          "RtlUTF8StringToUnicodeString allocates");
    RtlFreeUnicodeString(&w);
    WCHAR lonely[] = {0xd83d, 0};
    UNICODE_STRING broken = wide(lonely);
    s.Buffer = bytes, s.Length = 0, s.MaximumLength = sizeof bytes;
    CHECK(import_RtlUnicodeStringToUTF8String(&s, &broken, FALSE) == STATUS_SOME_NOT_MAPPED &&
              is_narrow(&s, "\xef\xbf\xbd"),
          "STATUS_SOME_NOT_MAPPED: replaced by U+FFFD");
    w.Buffer = room, w.Length = 0, w.MaximumLength = sizeof room;
    source = narrow("\xff");
    CHECK(import_RtlUTF8StringToUnicodeString(&w, &source, FALSE) == STATUS_SOME_NOT_MAPPED &&
              room[0] == 0xfffd,
          "and the way back");
}

static void checks(void) {
    ansi();
    oem();
    cases();
    making();
    counted();
    utf8();
    utf8_strings();
}
