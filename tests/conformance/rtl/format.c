// The printf family of the kernel: cpp page "Format specification syntax: printf and wprintf functions" and
// the pages of sprintf, _snprintf, sprintf_s, _snprintf_s and their kin.
#define TOPIC L"RtlFormat"
#include "../common/driver.h"

#include "../common/import.h"

int _fltused = 1; // what a compiler asks of who uses floating point

#define FORMAT_IMPORT(name, ...) extern int (*const import_##name)(__VA_ARGS__) __asm__("__imp_" #name)
FORMAT_IMPORT(sprintf, char*, const char*, ...);
FORMAT_IMPORT(vsprintf, char*, const char*, va_list);
FORMAT_IMPORT(swprintf, WCHAR*, const WCHAR*, ...);
FORMAT_IMPORT(vswprintf, WCHAR*, const WCHAR*, va_list);
FORMAT_IMPORT(_swprintf, WCHAR*, const WCHAR*, ...);
FORMAT_IMPORT(_snprintf, char*, size_t, const char*, ...);
FORMAT_IMPORT(_vsnprintf, char*, size_t, const char*, va_list);
FORMAT_IMPORT(_snwprintf, WCHAR*, size_t, const WCHAR*, ...);
FORMAT_IMPORT(_vsnwprintf, WCHAR*, size_t, const WCHAR*, va_list);
FORMAT_IMPORT(sprintf_s, char*, size_t, const char*, ...);
FORMAT_IMPORT(vsprintf_s, char*, size_t, const char*, va_list);
FORMAT_IMPORT(swprintf_s, WCHAR*, size_t, const WCHAR*, ...);
FORMAT_IMPORT(vswprintf_s, WCHAR*, size_t, const WCHAR*, va_list);
FORMAT_IMPORT(_snprintf_s, char*, size_t, size_t, const char*, ...);
FORMAT_IMPORT(_vsnprintf_s, char*, size_t, size_t, const char*, va_list);
FORMAT_IMPORT(_snwprintf_s, WCHAR*, size_t, size_t, const WCHAR*, ...);
FORMAT_IMPORT(_vsnwprintf_s, WCHAR*, size_t, size_t, const WCHAR*, va_list);

static char text[1200];
static WCHAR wide[200];

static BOOLEAN said(int length, const char* expected) {
    int n = 0;
    while (expected[n] && expected[n] == text[n])
        ++n;
    return !expected[n] && !text[n] && length == n;
}
static BOOLEAN said_wide(int length, const WCHAR* expected) {
    int n = 0;
    while (expected[n] && expected[n] == wide[n])
        ++n;
    return !expected[n] && !wide[n] && length == n;
}
#define SAYS(expected, ...) said(import_sprintf(text, __VA_ARGS__), expected)

static double number(ULONGLONG bits) {
    union {
        ULONGLONG bits;
        double value;
    } u = {bits};
    return u.value;
}

static void fixed(void) {
    CHECK(SAYS("3.141593", "%f", 3.14159265358979), "%f: six digits by default");
    CHECK(SAYS("3.14 -3.1 3 3.", "%.2f %.1f %.0f %#.0f", 3.14159, -3.14159, 3.14159, 3.14159),
          "%.nf; no decimal point with precision 0 but by #");
    CHECK(SAYS("2 2 4 0.12 2.4", "%.0f %.0f %.0f %.2f %.1f", 1.5, 2.5, 3.5, 0.125, 2.35),
          "what is exactly representable rounds to the closest even digit");
    CHECK(SAYS("[  1.50] [1.50  ] [001.50] [+1.50] [ 1.50]", "[%6.2f] [%-6.2f] [%06.2f] [%+.2f] [% .2f]", 1.5,
               1.5, 1.5, 1.5, 1.5),
          "width and flags");
    CHECK(SAYS("[-0001.5] [+0001.5]", "[%07.1f] [%0+7.1f]", -1.5, 1.5), "zeros come behind the sign");
    CHECK(SAYS("-0.0 0.0", "%.1f %.1f", -0.0, 0.0), "a negative zero");
    CHECK(SAYS("1.500 [    2.50]", "%.*f [%*.*f]", 3, 1.5, 8, 2, 2.5), "width and precision from arguments");
    CHECK(SAYS("0.1000000000000000055511151231257827021181583404541015625", "%.55f", 0.1),
          "all the digits there are");
    int n = import_sprintf(text, "%f", number(0x7fefffffffffffff));
    CHECK(n == 316 && text[0] == '1' && text[1] == '7' && text[308] == '8' && text[309] == '.',
          "the largest double");
    CHECK(SAYS("1.5 7 2.5", "%.1Lf %d %.1lf", 1.5, 7, 2.5), "L and l: a long double is a double");
}

static void scientific(void) {
    CHECK(SAYS("1.234568e+03 1.234568E-05", "%e %E", 1234.5678, 0.000012345678),
          "%e: at least two digits of the exponent");
    CHECK(SAYS("1e+100 1.e+00 0.00e+00", "%.0e %#.0e %.2e", 1e100, 1.0, 0.0), "three only if necessary");
    CHECK(SAYS("100000 1e+06 0.0001 1e-05", "%g %g %g %g", 1e5, 1e6, 1e-4, 1e-5),
          "%g: the e format below exponent -4 and from the precision on");
    CHECK(SAYS("0.5 0.500000 1.E+10 3", "%g %#g %#.1G %.1g", 0.5, 0.5, 1e10, 3.1),
          "%g: trailing zeros only with #");
    CHECK(SAYS("[   1.5] [1.5   ] [0001.5]", "[%6g] [%-6g] [%06g]", 1.5, 1.5, 1.5), "in a width");
    CHECK(SAYS("4.9406564584124654e-324", "%.16e", number(1)), "the smallest double");
}

static void hexadecimal(void) {
    CHECK(SAYS("0x1.8000000000000p+0 0X1.0000000000000P-1", "%a %A", 1.5, 0.5), "%a: 13 digits by default");
    CHECK(SAYS("0x1p+10 0x1.p+10 -0x1.99ap-4", "%.0a %#.0a %.3a", 1024.0, 1024.0, -0.1),
          "precision: digits after the point");
    CHECK(SAYS("0x0001.8p+0", "%011.1a", 1.5), "zeros come behind 0x");
    CHECK(SAYS("0x0.0000000000000p+0", "%a", 0.0), "zero");
}

static void special(void) {
    const double inf = number(0x7ff0000000000000), minus = number(0xfff0000000000000),
                 quiet = number(0x7ff8000000000000), signalling = number(0x7ff0000000000001),
                 indefinite = number(0xfff8000000000000);
    CHECK(SAYS("inf -inf INF", "%f %e %G", inf, minus, inf), "infinity; capitals with a capital letter");
    CHECK(SAYS("nan nan(snan) -nan(ind) NAN", "%f %g %a %F", quiet, signalling, indefinite, quiet),
          "quiet, signaling and indefinite NaN");
    CHECK(SAYS("[   inf] [+inf] [inf ]", "[%06f] [%+f] [%-4.1f]", inf, inf, inf),
          "leading zeros are not added to infinities");
}

static int list(int which, ...) {
    va_list arguments;
    int n;
    va_start(arguments, which);
    switch (which) {
    case 0:
        n = import_vsprintf(text, "%.1f|%d", arguments);
        break;
    case 1:
        n = import__vsnprintf(text, 8, "%.1f|%d", arguments);
        break;
    case 2:
        n = import_vsprintf_s(text, 8, "%.1f|%d", arguments);
        break;
    case 3:
        n = import__vsnprintf_s(text, 8, 7, "%.1f|%d", arguments);
        break;
    case 4:
        n = import_vswprintf(wide, L"%.1f|%d", arguments);
        break;
    case 5:
        n = import__vsnwprintf(wide, 8, L"%.1f|%d", arguments);
        break;
    case 6:
        n = import_vswprintf_s(wide, 8, L"%.1f|%d", arguments);
        break;
    default:
        n = import__vsnwprintf_s(wide, 8, 7, L"%.1f|%d", arguments);
    }
    va_end(arguments);
    return n;
}

static void family(void) {
    CHECK(said(list(0, 1.5, 7), "1.5|7") && said(list(1, 1.5, 7), "1.5|7") &&
              said(list(2, 1.5, 7), "1.5|7") && said(list(3, 1.5, 7), "1.5|7"),
          "vsprintf, _vsnprintf, vsprintf_s, _vsnprintf_s");
    CHECK(said_wide(list(4, 1.5, 7), L"1.5|7") && said_wide(list(5, 1.5, 7), L"1.5|7") &&
              said_wide(list(6, 1.5, 7), L"1.5|7") && said_wide(list(7, 1.5, 7), L"1.5|7"),
          "vswprintf, _vsnwprintf, vswprintf_s, _vsnwprintf_s");
    CHECK(said(import__snprintf(text, 20, "%g %s", 0.25, "x"), "0.25 x") &&
              said(import_sprintf_s(text, 20, "%g %s", 0.25, "x"), "0.25 x") &&
              said(import__snprintf_s(text, 20, 19, "%g %s", 0.25, "x"), "0.25 x"),
          "_snprintf, sprintf_s, _snprintf_s");
    CHECK(said_wide(import_swprintf(wide, L"%g %s", 0.25, L"x"), L"0.25 x") &&
              said_wide(import__swprintf(wide, L"%g %s", 0.25, L"x"), L"0.25 x") &&
              said_wide(import__snwprintf(wide, 20, L"%g %s", 0.25, L"x"), L"0.25 x") &&
              said_wide(import_swprintf_s(wide, 20, L"%g %s", 0.25, L"x"), L"0.25 x") &&
              said_wide(import__snwprintf_s(wide, 20, 19, L"%g %s", 0.25, L"x"), L"0.25 x"),
          "swprintf, _swprintf, _snwprintf, swprintf_s, _snwprintf_s");
}

static void rooms(void) {
    text[3] = '#';
    CHECK(import__snprintf(text, 3, "%.1f", 1.5) == 3 && text[3] == '#',
          "_snprintf: if the length equals count no null-terminator is appended");
    CHECK(import__snprintf(text, 3, "%.2f", 1.5) == -1 && text[0] == '1' && text[2] == '5',
          "_snprintf: a longer one is -1, what fits is stored");
    CHECK(import__snprintf_s(text, 4, (size_t)-1, "%.3f", 1.5) == -1 && text[2] == '5' && !text[3],
          "_snprintf_s with _TRUNCATE: cut, terminated, -1");
    CHECK(import_sprintf_s(text, 4, "%.3f", 1.5) == -1 && !text[0], "sprintf_s: too small, an empty string");
    CHECK(import__snprintf(text, 16, "%.*f", 0x7fffffff, 1.0) == -1 && text[1] == '.' && text[15] == '0' &&
              import__snprintf(text, 16, "%#.*g|%*d", 2000000000, 1.0, 0x7fffffff, 1) == -1,
          "a precision and a width without end");
    CHECK(import_sprintf(text, "%.1150e", 1.0) == 1156 && text[1151] == '0' && text[1152] == 'e' &&
              import_sprintf(text, "%.1150a", 1.5) == 1157 && text[1153] == '0' && text[1154] == 'p' &&
              import_sprintf(text, "%.1150f", 0.5) == 1152 && text[2] == '5' && text[1151] == '0' &&
              import_sprintf(text, "%.1150g", 0.5) == 3,
          "zeros behind the digits that a number has");
    CHECK(SAYS("0042|  42|2a|+42|-1", "%04d|%4d|%x|%+d|%I64d", 42, 42, 42, 42, -1LL), "integers");
}

static void checks(void) {
    fixed();
    scientific();
    hexadecimal();
    special();
    family();
    rooms();
}
