// Locales: there is one, en-US, under its names and numbers and those of the invariant locale.
#include "codepage.h"

namespace nt {
using namespace k32;

namespace {

constexpr LCID EN_US = 0x409;

struct Row {
    DWORD type;
    const WCHAR* text;
};
// LCTYPE values and what they hold for en-US. Documented in "Locale Information Constants".
constexpr Row rows[] = {
    {0x01, u"0409"},                    // ILANGUAGE
    {0x02, u"English (United States)"}, // SLOCALIZEDDISPLAYNAME
    {0x03, u"ENU"},                     // SABBREVLANGNAME
    {0x04, u"English"},                 // SNATIVELANGUAGENAME
    {0x05, u"1"},                       // ICOUNTRY
    {0x06, u"United States"},           // SLOCALIZEDCOUNTRYNAME
    {0x07, u"USA"},                     // SABBREVCTRYNAME
    {0x08, u"United States"},           // SNATIVECOUNTRYNAME
    {0x09, u"0409"},                    // IDEFAULTLANGUAGE
    {0x0A, u"1"},                       // IDEFAULTCOUNTRY
    {0x0B, u"437"},                     // IDEFAULTCODEPAGE
    {0x0C, u","},                       // SLIST
    {0x0D, u"1"},                       // IMEASURE
    {0x0E, u"."},                       // SDECIMAL
    {0x0F, u","},                       // STHOUSAND
    {0x10, u"3;0"},                     // SGROUPING
    {0x11, u"2"},                       // IDIGITS
    {0x12, u"1"},                       // ILZERO
    {0x13, u"0123456789"},              // SNATIVEDIGITS
    {0x14, u"$"},                       // SCURRENCY
    {0x15, u"USD"},                     // SINTLSYMBOL
    {0x16, u"."},                       // SMONDECIMALSEP
    {0x17, u","},                       // SMONTHOUSANDSEP
    {0x18, u"3;0"},                     // SMONGROUPING
    {0x19, u"2"},                       // ICURRDIGITS
    {0x1A, u"2"},                       // IINTLCURRDIGITS
    {0x1B, u"0"},                       // ICURRENCY
    {0x1C, u"0"},                       // INEGCURR
    {0x1D, u"/"},                       // SDATE
    {0x1E, u":"},                       // STIME
    {0x1F, u"M/d/yyyy"},                // SSHORTDATE
    {0x20, u"dddd, MMMM d, yyyy"},      // SLONGDATE
    {0x21, u"0"},                       // IDATE
    {0x22, u"0"},                       // ILDATE
    {0x23, u"0"},                       // ITIME
    {0x24, u"1"},                       // ICENTURY
    {0x25, u"0"},                       // ITLZERO
    {0x26, u"0"},                       // IDAYLZERO
    {0x27, u"0"},                       // IMONLZERO
    {0x28, u"AM"},                      // S1159
    {0x29, u"PM"},                      // S2359
    {0x2A, u"Monday"},
    {0x2B, u"Tuesday"},
    {0x2C, u"Wednesday"},
    {0x2D, u"Thursday"},
    {0x2E, u"Friday"},
    {0x2F, u"Saturday"},
    {0x30, u"Sunday"},
    {0x31, u"Mon"},
    {0x32, u"Tue"},
    {0x33, u"Wed"},
    {0x34, u"Thu"},
    {0x35, u"Fri"},
    {0x36, u"Sat"},
    {0x37, u"Sun"},
    {0x38, u"January"},
    {0x39, u"February"},
    {0x3A, u"March"},
    {0x3B, u"April"},
    {0x3C, u"May"},
    {0x3D, u"June"},
    {0x3E, u"July"},
    {0x3F, u"August"},
    {0x40, u"September"},
    {0x41, u"October"},
    {0x42, u"November"},
    {0x43, u"December"},
    {0x44, u"Jan"},
    {0x45, u"Feb"},
    {0x46, u"Mar"},
    {0x47, u"Apr"},
    {0x48, u"May"},
    {0x49, u"Jun"},
    {0x4A, u"Jul"},
    {0x4B, u"Aug"},
    {0x4C, u"Sep"},
    {0x4D, u"Oct"},
    {0x4E, u"Nov"},
    {0x4F, u"Dec"},
    {0x50, u""},                        // SPOSITIVESIGN
    {0x51, u"-"},                       // SNEGATIVESIGN
    {0x52, u"3"},                       // IPOSSIGNPOSN
    {0x53, u"0"},                       // INEGSIGNPOSN
    {0x54, u"1"},                       // IPOSSYMPRECEDES
    {0x55, u"0"},                       // IPOSSEPBYSPACE
    {0x56, u"1"},                       // INEGSYMPRECEDES
    {0x57, u"0"},                       // INEGSEPBYSPACE
    {0x59, u"en"},                      // SISO639LANGNAME
    {0x5A, u"US"},                      // SISO3166CTRYNAME
    {0x5B, u"244"},                     // IGEOID
    {0x5C, u"en-US"},                   // SNAME
    {0x67, u"eng"},                     // SISO639LANGNAME2
    {0x68, u"USA"},                     // SISO3166CTRYNAME2
    {0x72, u"English (United States)"}, // SENGLISHDISPLAYNAME
    {0x73, u"English (United States)"}, // SNATIVEDISPLAYNAME
    {0x1001, u"English"},               // SENGLISHLANGUAGENAME
    {0x1002, u"United States"},         // SENGLISHCOUNTRYNAME
    {0x1003, u"h:mm:ss tt"},            // STIMEFORMAT
    {0x1004, u"1252"},                  // IDEFAULTANSICODEPAGE
    {0x1005, u"0"},                     // ITIMEMARKPOSN
    {0x1006, u"MMMM yyyy"},             // SYEARMONTH
    {0x1007, u"US Dollar"},             // SENGCURRNAME
    {0x1008, u"US Dollar"},             // SNATIVECURRNAME
    {0x1009, u"1"},                     // ICALENDARTYPE
    {0x100A, u"1"},                     // IPAPERSIZE
    {0x100C, u"6"},                     // IFIRSTDAYOFWEEK
    {0x100D, u"0"},                     // IFIRSTWEEKOFYEAR
    {0x100F, u"1"},                     // INEGNUMBER
    {0x1010, u"1"},                     // INEGNUMBER
    {0x1011, u"10000"},                 // IDEFAULTMACCODEPAGE
    {0x1012, u"037"},                   // IDEFAULTEBCDICCODEPAGE
};

const WCHAR* find(DWORD type) {
    constexpr DWORD NOUSEROVERRIDE = 0x80000000, USE_CP_ACP = 0x40000000, GENITIVE = 0x10000000;
    type &= ~(NOUSEROVERRIDE | USE_CP_ACP | GENITIVE | 0x20000000u);
    for (auto& row : rows)
        if (row.type == type) return row.text;
    return nullptr;
}

bool known(LCID locale) {
    // user and system default, neutral, invariant, en, en-US, custom defaults
    return locale == 0 || locale == 0x400 || locale == 0x800 || locale == 0x7f || locale == 9 ||
           locale == EN_US || locale == 0xc00;
}
bool known(const WCHAR* name) {
    return !name || !*name || _wcsicmp(name, u"en-US") == 0 || _wcsicmp(name, u"en") == 0 ||
           _wcsicmp(name, u"!x-sys-default-locale") == 0;
}

template <class Char> INT info(DWORD type, Char* to, INT size) {
    const WCHAR* text = find(type);
    if (!text) return fail_with(ERROR_INVALID_FLAGS);
    if (size < 0 || (size && !to)) return fail_with(ERROR_INVALID_PARAMETER);
    constexpr DWORD RETURN_NUMBER = 0x20000000;
    if (type & RETURN_NUMBER) {
        if (size && size * sizeof(Char) < sizeof(DWORD)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        DWORD number = 0;
        bool hexadecimal = (type & 0xffff) == 1 || (type & 0xffff) == 9;
        for (; *text; ++text)
            number = number * (hexadecimal ? 16 : 10) + (*text - u'0');
        if (size) RtlMoveMemory(to, &number, sizeof number);
        return sizeof number / sizeof(Char);
    }
    DWORD n = DWORD(wcslen(text));
    if (!size) return INT(n + 1);
    DWORD result = return_string(to, DWORD(size), text, n);
    return result < DWORD(size) ? INT(result + 1) : fail_with(ERROR_INSUFFICIENT_BUFFER);
}

} // namespace

extern "C" {

INT GetLocaleInfoW(LCID locale, DWORD type, WCHAR* to, INT size) {
    return known(locale) ? info(type, to, size) : fail_with(ERROR_INVALID_PARAMETER);
}
INT GetLocaleInfoA(LCID locale, DWORD type, CHAR* to, INT size) {
    return known(locale) ? info(type, to, size) : fail_with(ERROR_INVALID_PARAMETER);
}
INT GetLocaleInfoEx(const WCHAR* name, DWORD type, WCHAR* to, INT size) {
    return known(name) ? info(type, to, size) : fail_with(ERROR_INVALID_PARAMETER);
}
LCID GetUserDefaultLCID() { return EN_US; }
LCID GetSystemDefaultLCID() { return EN_US; }
LCID GetThreadLocale() { return EN_US; }
BOOL SetThreadLocale(LCID locale) { return known(locale) ? BOOL(TRUE) : fail_with(ERROR_INVALID_PARAMETER); }
WORD GetUserDefaultLangID() { return EN_US; }
WORD GetSystemDefaultLangID() { return EN_US; }
WORD GetUserDefaultUILanguage() { return EN_US; }
WORD GetSystemDefaultUILanguage() { return EN_US; }
BOOL IsValidLocale(LCID locale, DWORD) { return known(locale); }
BOOL IsValidLocaleName(const WCHAR* name) { return name && known(name); }
INT GetUserDefaultLocaleName(WCHAR* to, INT size) { return info(0x5C, to, size); }
INT GetSystemDefaultLocaleName(WCHAR* to, INT size) { return info(0x5C, to, size); }

LCID LocaleNameToLCID(const WCHAR* name, DWORD) {
    if (!known(name)) return LCID(fail_with(ERROR_INVALID_PARAMETER));
    if (name && !*name) return 0x7f; // the invariant locale
    return name && _wcsicmp(name, u"en") == 0 ? 9 : EN_US;
}
INT LCIDToLocaleName(LCID locale, WCHAR* to, INT size, DWORD) {
    if (!known(locale)) return fail_with(ERROR_INVALID_PARAMETER);
    const WCHAR* name = locale == 0x7f ? u"" : locale == 9 ? u"en" : u"en-US";
    DWORD n = DWORD(wcslen(name));
    if (!size) return INT(n + 1);
    return return_string(to, DWORD(size), name, n) < DWORD(size) ? INT(n + 1)
                                                                 : fail_with(ERROR_INSUFFICIENT_BUFFER);
}

} // extern "C"
} // namespace nt
