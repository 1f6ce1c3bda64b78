// Enumeration of locales: the invariant one, en and en-US.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD LOCALE_WINDOWS = 1, LOCALE_SUPPLEMENTAL = 2, LOCALE_ALTERNATE_SORTS = 4,
                LOCALE_REPLACEMENT = 8, LOCALE_NEUTRALDATA = 0x10, LOCALE_SPECIFICDATA = 0x20;
constexpr DWORD LCID_INSTALLED = 1, LCID_SUPPORTED = 2, LCID_ALTERNATE_SORTS = 4;

struct Row {
    const WCHAR* name;
    DWORD kind;
};
// assumed: the invariant locale counts as specific.
constexpr Row rows[] = {
    {u"", LOCALE_WINDOWS | LOCALE_SPECIFICDATA},
    {u"en", LOCALE_WINDOWS | LOCALE_NEUTRALDATA},
    {u"en-US", LOCALE_WINDOWS | LOCALE_SPECIFICDATA},
};

// 0 (LOCALE_ALL) or the kinds that are wanted: sets, and within them neutral or specific ones.
bool wanted(DWORD kind, DWORD flags) {
    constexpr DWORD sets = LOCALE_WINDOWS | LOCALE_SUPPLEMENTAL | LOCALE_ALTERNATE_SORTS | LOCALE_REPLACEMENT,
                    data = LOCALE_NEUTRALDATA | LOCALE_SPECIFICDATA;
    return (!(flags & sets) || (flags & sets & kind)) && (!(flags & data) || (flags & data & kind));
}

// The callback gets the identifier in hexadecimal; neutral locales are not among them.
template <class Char> BOOL by_identifier(BOOL (*found)(Char*), DWORD flags) {
    if (!found) return fail_with(ERROR_INVALID_PARAMETER);
    if (!flags || (flags & ~(LCID_INSTALLED | LCID_SUPPORTED | LCID_ALTERNATE_SORTS)))
        return fail_with(ERROR_INVALID_FLAGS);
    if (!(flags & (LCID_INSTALLED | LCID_SUPPORTED))) return TRUE; // there is no alternate sort
    Char text[] = {'0', '0', '0', '0', '0', '4', '0', '9', 0};
    found(text);
    return TRUE;
}

} // namespace

extern "C" {

BOOL EnumSystemLocalesEx(BOOL (*found)(WCHAR*, DWORD, LONG_PTR), DWORD flags, LONG_PTR parameter,
                         PVOID reserved) {
    constexpr DWORD known = 0x3f;
    if (!found || reserved) return fail_with(ERROR_INVALID_PARAMETER);
    if (flags & ~known) return fail_with(ERROR_INVALID_FLAGS);
    for (const Row& row : rows) {
        if (!wanted(row.kind, flags)) continue;
        WCHAR name[8]; // it is the callback's to scribble on
        wcscpy(name, row.name);
        if (!found(name, row.kind, parameter)) break;
    }
    return TRUE;
}
BOOL EnumSystemLocalesW(BOOL (*found)(WCHAR*), DWORD flags) { return by_identifier(found, flags); }
BOOL EnumSystemLocalesA(BOOL (*found)(CHAR*), DWORD flags) { return by_identifier(found, flags); }

} // extern "C"
} // namespace nt
