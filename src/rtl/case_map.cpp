// Simple case mapping. ASCII and Latin-1 need no table; the rest is a search in runs of equal distance.
// assumed: Windows' own table differs from Unicode's present facts in letters that were added late; see
// tools/gen_case_map.py.
#include "rtl/strings.h"

namespace nt::rtl {

namespace {

struct Run {
    USHORT first, last, stride;
    LONG distance; // from lower to upper
};
constexpr Run runs[] = {
#include "rtl/detail/case_map.inc"
};
constexpr std::size_t run_count = sizeof runs / sizeof runs[0];

} // namespace

WCHAR upcase(WCHAR c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    std::size_t low = 0, high = run_count;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        const Run& run = runs[middle];
        if (c < run.first)
            high = middle;
        else if (c > run.last)
            low = middle + 1;
        else
            return (c - run.first) % run.stride == 0 ? static_cast<WCHAR>(c + run.distance) : c;
    }
    return c;
}

WCHAR downcase(WCHAR c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    // The upper-case letters are not sorted in the table; it is short.
    for (const Run& run : runs) {
        const LONG lower = c - run.distance;
        if (lower >= run.first && lower <= run.last && (lower - run.first) % run.stride == 0 &&
            lower != 0x3C2)
            return static_cast<WCHAR>(lower);
    }
    return c;
}

CHAR upcase_ansi(CHAR c) {
    const WCHAR wide = ansi_to_unicode(c);
    const WCHAR upper = upcase(wide);
    if (upper == wide) return c;
    const CHAR back = unicode_to_ansi(upper);
    return ansi_to_unicode(back) == upper ? back : c; // an upper case outside the code page is none
}

} // namespace nt::rtl
