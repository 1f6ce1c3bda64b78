// The C run-time functions and the memory functions that ntoskrnl.exe exports as code:
// nf-wdm-rtlcomparememory, nf-ntddk-rtlcomparememoryulong, nf-wdm-rtlfillmemory … and the C standard for the
// rest.
#define TOPIC L"RtlCode"
#include "../common/driver.h"

#include "../common/import.h"

IMPORT(void, RtlCopyMemory, void*, const void*, SIZE_T);
IMPORT(void, RtlCopyMemoryNonTemporal, void*, const void*, SIZE_T);
IMPORT(void, RtlMoveMemory, void*, const void*, SIZE_T);
IMPORT(void, RtlFillMemory, void*, SIZE_T, UCHAR);
IMPORT(void, RtlZeroMemory, void*, SIZE_T);
IMPORT(void, RtlSecureZeroMemory, void*, SIZE_T);
IMPORT(SIZE_T, RtlCompareMemory, const void*, const void*, SIZE_T);
IMPORT(SIZE_T, RtlCompareMemoryUlong, const void*, SIZE_T, ULONG);
IMPORT(void, RtlFillMemoryUlong, void*, SIZE_T, ULONG);
IMPORT(void, DbgBreakPoint, void);
IMPORT(void, DbgBreakPointWithStatus, ULONG);
IMPORT(LONGLONG, _atoi64, const char*);
IMPORT(int, atoi, const char*);
IMPORT(long, atol, const char*);
IMPORT(int, isdigit, int);
IMPORT(int, islower, int);
IMPORT(int, isupper, int);
IMPORT(int, isprint, int);
IMPORT(int, isspace, int);
IMPORT(int, isxdigit, int);
IMPORT(int, iswdigit, WCHAR);
IMPORT(int, iswspace, WCHAR);
IMPORT(int, tolower, int);
IMPORT(int, toupper, int);
IMPORT(WCHAR, towlower, WCHAR);
IMPORT(WCHAR, towupper, WCHAR);
IMPORT(char*, _strlwr, char*);
IMPORT(char*, _strupr, char*);
IMPORT(char*, _strrev, char*);
IMPORT(int, _strnicmp, const char*, const char*, SIZE_T);
IMPORT(int, _wcsicmp, const WCHAR*, const WCHAR*);
IMPORT(WCHAR*, _wcslwr, WCHAR*);
IMPORT(WCHAR*, _wcsupr, WCHAR*);
IMPORT(WCHAR*, _wcsrev, WCHAR*);
IMPORT(SIZE_T, mbstowcs, WCHAR*, const char*, SIZE_T);
IMPORT(SIZE_T, wcstombs, char*, const WCHAR*, SIZE_T);
IMPORT(void*, memccpy, void*, const void*, int, SIZE_T);
IMPORT(void*, memchr, const void*, int, SIZE_T);
IMPORT(void*, memcpy, void*, const void*, SIZE_T);
IMPORT(void*, memset, void*, int, SIZE_T);
IMPORT(char*, strcat, char*, const char*);
IMPORT(char*, strchr, const char*, int);
IMPORT(int, strcmp, const char*, const char*);
IMPORT(char*, strcpy, char*, const char*);
IMPORT(SIZE_T, strlen, const char*);
IMPORT(char*, strncat, char*, const char*, SIZE_T);
IMPORT(int, strncmp, const char*, const char*, SIZE_T);
IMPORT(char*, strncpy, char*, const char*, SIZE_T);
IMPORT(SIZE_T, strnlen, const char*, SIZE_T);
IMPORT(SIZE_T, strspn, const char*, const char*);
IMPORT(char*, strstr, const char*, const char*);
IMPORT(WCHAR*, wcscat, WCHAR*, const WCHAR*);
IMPORT(int, wcscmp, const WCHAR*, const WCHAR*);
IMPORT(WCHAR*, wcscpy, WCHAR*, const WCHAR*);
IMPORT(SIZE_T, wcslen, const WCHAR*);
IMPORT(WCHAR*, wcsncat, WCHAR*, const WCHAR*, SIZE_T);
IMPORT(int, wcsncmp, const WCHAR*, const WCHAR*, SIZE_T);
IMPORT(WCHAR*, wcsncpy, WCHAR*, const WCHAR*, SIZE_T);
IMPORT(SIZE_T, wcsnlen, const WCHAR*, SIZE_T);
IMPORT(WCHAR*, wcsrchr, const WCHAR*, WCHAR);
IMPORT(SIZE_T, wcsspn, const WCHAR*, const WCHAR*);
IMPORT(WCHAR*, wcsstr, const WCHAR*, const WCHAR*);
extern void* const import_chkstk __asm__("__imp___chkstk");

static BOOLEAN same(const char* a, const char* b) {
    while (*a && *a == *b)
        ++a, ++b;
    return *a == *b;
}
static BOOLEAN same_wide(const WCHAR* a, const WCHAR* b) {
    while (*a && *a == *b)
        ++a, ++b;
    return *a == *b;
}
static BOOLEAN filled(const UCHAR* p, SIZE_T n, UCHAR with) {
    for (SIZE_T i = 0; i < n; ++i)
        if (p[i] != with) return FALSE;
    return TRUE;
}

// Every length around the sizes that fast paths care about, at every alignment of 16.
static void memory(void) {
    static UCHAR from[400], to[400];
    BOOLEAN copies = TRUE, quiet = TRUE, fills = TRUE, zeroes = TRUE, moves = TRUE;
    for (ULONG i = 0; i < sizeof from; ++i)
        from[i] = (UCHAR)(i * 7 + 1);
    for (ULONG length = 0; length < 200; length += length < 70 ? 1 : 13)
        for (ULONG shift = 0; shift < 16; shift += 5) {
            for (ULONG i = 0; i < sizeof to; ++i)
                to[i] = 0xee;
            import_RtlCopyMemory(to + 32 + shift, from + shift, length);
            for (ULONG i = 0; i < length; ++i)
                copies &= to[32 + shift + i] == from[shift + i];
            copies &= filled(to, 32 + shift, 0xee) && filled(to + 32 + shift + length, 64, 0xee);
            import_RtlCopyMemoryNonTemporal(to + shift, from, length);
            for (ULONG i = 0; i < length; ++i)
                quiet &= to[shift + i] == from[i];
            import_RtlFillMemory(to + shift, length, 0x5c);
            fills &= filled(to + shift, length, 0x5c);
            import_RtlZeroMemory(to + shift, length);
            zeroes &= filled(to + shift, length, 0);
            for (ULONG i = 0; i < sizeof to; ++i)
                to[i] = (UCHAR)i;
            import_RtlMoveMemory(to + 10 + shift, to + 10, length);
            for (ULONG i = 0; i < length; ++i)
                moves &= to[10 + shift + i] == (UCHAR)(10 + i);
        }
    CHECK(copies, "RtlCopyMemory copies these bytes and no others");
    CHECK(quiet, "RtlCopyMemoryNonTemporal copies");
    CHECK(fills && zeroes, "RtlFillMemory and RtlZeroMemory");
    CHECK(moves, "RtlMoveMemory moves overlapping blocks");
    import_memset(to, 3, 40);
    import_RtlSecureZeroMemory(to, 39);
    CHECK(filled(to, 39, 0) && to[39] == 3, "RtlSecureZeroMemory");
    CHECK(import_memcpy(to, from, 9) == to && to[8] == from[8], "memcpy gives back its destination");
    CHECK(import_RtlCompareMemory("abcdef", "abcxef", 6) == 3 &&
              import_RtlCompareMemory("ab", "ab", 2) == 2 && import_RtlCompareMemory("a", "b", 0) == 0,
          "RtlCompareMemory: the number of bytes up to the first difference");
    static ULONG words[8];
    import_RtlFillMemoryUlong(words, 20, 0x01020304);
    CHECK(words[4] == 0x01020304 && words[5] == 0, "RtlFillMemoryUlong");
    CHECK(import_RtlCompareMemoryUlong(words, 32, 0x01020304) == 20 &&
              import_RtlCompareMemoryUlong(words, 12, 0x01020304) == 12,
          "RtlCompareMemoryUlong: the number of bytes that match");
    CHECK(import_RtlCompareMemoryUlong((UCHAR*)words + 1, 8, 0x01020304) == 0,
          "zero if the block is not ULONG-aligned");
    CHECK(import_memchr("abcabc", 'c', 6) && !import_memchr("abcabc", 'c', 2), "memchr");
    CHECK(import_memccpy(to, "abcdef", 'c', 6) == to + 3 && !import_memccpy(to, "abcdef", 'z', 6) &&
              to[5] == 'f',
          "memccpy");
}

static void narrow(void) {
    char room[16] = "abc";
    char text[] = "Hello World";
    CHECK(import_strlen("") == 0 && import_strlen("abcdefghijklmnopqrstuvwxyz") == 26, "strlen");
    CHECK(import_strnlen("abcdef", 3) == 3 && import_strnlen("ab", 5) == 2, "strnlen");
    CHECK(import_strcat(room, "def") == room && same(room, "abcdef"), "strcat");
    CHECK(import_strncat(room, "ghijkl", 2) == room && same(room, "abcdefgh"), "strncat terminates");
    CHECK(import_strcpy(room, "xy") == room && same(room, "xy") && room[3] == 'd', "strcpy");
    CHECK(import_strncpy(room, "a", 4) == room && !room[1] && !room[3] && room[4] == 'e',
          "strncpy pads with zeros");
    room[2] = '#';
    import_strncpy(room, "zzz", 2);
    CHECK(room[1] == 'z' && room[2] == '#', "and does not terminate what does not fit");
    CHECK(import_strcmp("a", "b") < 0 && import_strcmp("b", "a") > 0 && import_strcmp("ab", "ab") == 0 &&
              import_strcmp("a\x80", "a\x7f") > 0,
          "strcmp compares unsigned characters");
    CHECK(import_strncmp("abc", "abd", 2) == 0 && import_strncmp("abc", "abd", 3) < 0 &&
              import_strncmp("a", "b", 0) == 0,
          "strncmp");
    CHECK(import__strnicmp("ABc", "abD", 2) == 0 && import__strnicmp("ABc", "abD", 3) < 0, "_strnicmp");
    CHECK(import_strchr(text, 'o') == text + 4 && import_strchr(text, 0) == text + 11 &&
              !import_strchr(text, 'x'),
          "strchr finds the terminator too");
    CHECK(import_strspn("aabbc", "ab") == 4 && import_strspn("xyz", "ab") == 0, "strspn");
    CHECK(import_strstr(text, "") == text && import_strstr(text, "World") == text + 6 &&
              !import_strstr(text, "world"),
          "strstr");
    CHECK(same(import__strupr(text), "HELLO WORLD") && same(import__strlwr(text), "hello world") &&
              same(import__strrev(text), "dlrow olleh"),
          "_strupr, _strlwr, _strrev");
    CHECK(import_atoi(" -42x") == -42 && import_atol("+7") == 7 &&
              import__atoi64("-9000000000") == -9000000000ll && import_atoi("x") == 0,
          "atoi, atol, _atoi64: white space, sign, digits");
}

static void characters(void) {
    BOOLEAN good = TRUE;
    for (int c = 0; c < 128; ++c) {
        BOOLEAN digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        good &= !import_isdigit(c) == !digit && !import_islower(c) == !lower && !import_isupper(c) == !upper;
        good &= !import_isprint(c) == !(c >= ' ' && c < 127) &&
                !import_isspace(c) == !(c == ' ' || (c >= 9 && c <= 13));
        good &= !import_isxdigit(c) == !(digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
        good &= import_tolower(c) == (upper ? c + 32 : c) && import_toupper(c) == (lower ? c - 32 : c);
        good &= !import_iswdigit((WCHAR)c) == !digit &&
                !import_iswspace((WCHAR)c) == !(c == ' ' || (c >= 9 && c <= 13));
        good &= import_towlower((WCHAR)c) == (upper ? c + 32 : c) &&
                import_towupper((WCHAR)c) == (lower ? c - 32 : c);
    }
    CHECK(good, "character classes and case of the C locale");
}

static void wide(void) {
    WCHAR room[16] = L"abc";
    WCHAR text[] = L"Hello World";
    char bytes[8] = "#######";
    CHECK(import_wcslen(L"") == 0 && import_wcslen(text) == 11 && import_wcsnlen(text, 4) == 4 &&
              import_wcsnlen(text, 40) == 11,
          "wcslen, wcsnlen");
    CHECK(import_wcscat(room, L"def") == room && same_wide(room, L"abcdef"), "wcscat");
    CHECK(import_wcsncat(room, L"ghi", 1) == room && same_wide(room, L"abcdefg"), "wcsncat terminates");
    CHECK(import_wcscpy(room, L"xy") == room && same_wide(room, L"xy"), "wcscpy");
    CHECK(import_wcsncpy(room, L"a", 3) == room && !room[1] && !room[2] && room[3] == L'd',
          "wcsncpy pads with zeros");
    CHECK(import_wcscmp(L"a", L"b") < 0 && import_wcscmp(L"b", L"a") > 0 &&
              import_wcscmp(L"\xffff", L"a") > 0 && import_wcscmp(L"q", L"q") == 0,
          "wcscmp");
    CHECK(import_wcsncmp(L"abc", L"abd", 2) == 0 && import_wcsncmp(L"abc", L"abd", 3) < 0, "wcsncmp");
    CHECK(import__wcsicmp(L"ABC", L"abc") == 0 && import__wcsicmp(L"a", L"B") < 0, "_wcsicmp");
    CHECK(import_wcsrchr(text, L'o') == text + 7 && !import_wcsrchr(text, L'x') &&
              import_wcsrchr(text, 0) == text + 11,
          "wcsrchr");
    CHECK(import_wcsspn(L"aabbc", L"ab") == 4, "wcsspn");
    CHECK(import_wcsstr(text, L"World") == text + 6 && import_wcsstr(text, L"") == text &&
              !import_wcsstr(text, L"world"),
          "wcsstr");
    CHECK(same_wide(import__wcsupr(text), L"HELLO WORLD") &&
              same_wide(import__wcslwr(text), L"hello world") &&
              same_wide(import__wcsrev(text), L"dlrow olleh"),
          "_wcsupr, _wcslwr, _wcsrev");
    CHECK(import_mbstowcs(room, "abc", 16) == 3 && same_wide(room, L"abc") &&
              import_mbstowcs(NULL, "abcd", 0) == 4,
          "mbstowcs");
    CHECK(import_wcstombs(bytes, L"abc", 8) == 3 && same(bytes, "abc") &&
              import_wcstombs(NULL, L"abcde", 0) == 5,
          "wcstombs");
    bytes[2] = '#';
    CHECK(import_wcstombs(bytes, L"xyz", 2) == 2 && bytes[1] == 'y' && bytes[2] == '#',
          "no terminator where there is no room");
}

static NTSTATUS code_of(BOOLEAN with_status) {
    __try {
        if (with_status)
            import_DbgBreakPointWithStatus(1);
        else
            import_DbgBreakPoint();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static void machine(void) {
    ULONG_PTR size = 0x5000, after;
    // The compiler's probe of large frames: the size in rax, which stays.
    __asm__ volatile("call *%2"
                     : "=a"(after)
                     : "a"(size), "r"(import_chkstk)
                     : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    CHECK(after == size, "__chkstk leaves rax");
    CHECK(code_of(FALSE) == STATUS_BREAKPOINT && code_of(TRUE) == STATUS_BREAKPOINT,
          "DbgBreakPoint and DbgBreakPointWithStatus without a debugger: STATUS_BREAKPOINT");
}

static void checks(void) {
    memory();
    narrow();
    characters();
    wide();
    machine();
}
