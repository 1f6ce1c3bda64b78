// Numbers, locales and messages as text: GetNumberFormat, EnumSystemLocales, FormatMessage.
#include <stdlib.h>
#include <windows.h>

#include "../common/program.h"

static int is(const char* value, const NUMBERFMTA* format, const char* expected) {
    char text[100] = "";
    const int n = GetNumberFormatA(LOCALE_USER_DEFAULT, 0, value, format, text, sizeof text);
    if (n == (int)strlen(expected) + 1 && strcmp(text, expected) == 0) return 1;
    printf("     %s -> %s\n", value, text);
    return 0;
}

static void numbers(void) {
    CHECK(is("1234567.891", NULL, "1,234,567.89"), "groups of three, two decimals, rounded");
    CHECK(is("-0.995", NULL, "-1.00"), "a carry into the whole part");
    CHECK(is("999.999", NULL, "1,000.00"), "and into a new group");
    CHECK(is("-.5", NULL, "-0.50"), "a leading zero");
    CHECK(is("0", NULL, "0.00"), "zero");
    NUMBERFMTA f = {0, 1, 32, ",", ".", 0};
    CHECK(is("-123456789", &f, "(12.34.56.789)"), "three, then twos; parentheses");
    f.Grouping = 30, f.NegativeOrder = 3;
    CHECK(is("-123456789", &f, "123456.789-"), "one group; a sign behind");
    f.Grouping = 0, f.NegativeOrder = 2, f.NumDigits = 3, f.LeadingZero = 0;
    CHECK(is("-0.25", &f, "- ,250"), "no group, no leading zero; a sign and a space");
    char text[4];
    CHECK(GetNumberFormatA(LOCALE_USER_DEFAULT, 0, "1234", NULL, NULL, 0) == 9, "the size that is needed");
    CHECK(!GetNumberFormatA(LOCALE_USER_DEFAULT, 0, "1234", NULL, text, 4) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "ERROR_INSUFFICIENT_BUFFER");
    CHECK(!GetNumberFormatA(LOCALE_USER_DEFAULT, 0, "12x", NULL, text, 4) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "what is no number: ERROR_INVALID_PARAMETER");
}

static int neutral, specific, stop_after;
static BOOL CALLBACK locale(LPWSTR name, DWORD flags, LPARAM parameter) {
    (void)name;
    if (flags & LOCALE_NEUTRALDATA) ++neutral;
    if (flags & LOCALE_SPECIFICDATA) ++specific;
    return parameter != 7 || --stop_after > 0;
}
static char identifier[9];
static BOOL CALLBACK by_identifier(LPSTR text) {
    strcpy(identifier, text);
    return TRUE;
}

static void locales(void) {
    CHECK(EnumSystemLocalesEx(locale, LOCALE_ALL, 0, NULL) && neutral && specific, "all locales");
    neutral = specific = 0;
    CHECK(EnumSystemLocalesEx(locale, LOCALE_NEUTRALDATA, 0, NULL) && neutral && !specific,
          "neutral locales");
    neutral = specific = 0, stop_after = 1;
    CHECK(EnumSystemLocalesEx(locale, LOCALE_ALL, 7, NULL) && neutral + specific == 1,
          "the callback ends the enumeration");
    CHECK(!EnumSystemLocalesEx(locale, 0x1000, 0, NULL) && GetLastError() == ERROR_INVALID_FLAGS,
          "ERROR_INVALID_FLAGS");
    CHECK(!EnumSystemLocalesEx(locale, 0, 0, &neutral) && GetLastError() == ERROR_INVALID_PARAMETER,
          "the last parameter is reserved: ERROR_INVALID_PARAMETER");
    CHECK(EnumSystemLocalesA(by_identifier, LCID_INSTALLED) && strcmp(identifier, "00000409") == 0,
          "identifiers as eight hexadecimal digits");
}

static int message(DWORD flags, const void* source, DWORD code, const char* expected) {
    char text[200] = "";
    DWORD n = FormatMessageA(flags | FORMAT_MESSAGE_IGNORE_INSERTS, source, code, 0, text, sizeof text, NULL);
    return n && strcmp(text, expected) == 0;
}

static void messages(void) {
    const DWORD system = FORMAT_MESSAGE_FROM_SYSTEM, module = FORMAT_MESSAGE_FROM_HMODULE;
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    CHECK(message(system, NULL, ERROR_ACCESS_DENIED, "Access is denied.\r\n"), "a Win32 error");
    CHECK(message(system, NULL, HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND),
                  "The system cannot find the file specified.\r\n"),
          "the same as an HRESULT");
    CHECK(!message(system, NULL, 0x12345, "") && GetLastError() == ERROR_MR_MID_NOT_FOUND,
          "a code that there is not: ERROR_MR_MID_NOT_FOUND");
    CHECK(message(system | module, ntdll, ERROR_ACCESS_DENIED, "Access is denied.\r\n"),
          "not in the module: the system's");
    CHECK(!message(module, ntdll, 0x12345, "") && GetLastError() != 0, "in neither");
}

int main(void) {
    numbers();
    locales();
    messages();
    return finish();
}
