#include "kernel/exports/float_text.h"
#include <cstdio>

namespace nt::exports {

// The host's printf has the digits, and the locale is never set. It prints an exponent of at least two digits
// for e, of one for a, as Microsoft's does.
void print_float(const rtl::FloatText& what, rtl::TakeText take, void* context) {
    const char format[] = {'%',
                           what.alternate ? '#' : '.',
                           what.alternate ? '.' : '*',
                           what.alternate ? '*' : what.kind,
                           what.alternate ? what.kind : '\0',
                           '\0'};
    char buffer[rtl::most_precision + 320]; // 309 digits before the point
    const int n = std::snprintf(buffer, sizeof buffer, format, what.precision, what.value);
    const int prefix = what.kind == 'a' ? 2 : 0;
    if (n >= prefix && n < static_cast<int>(sizeof buffer))
        take(context, buffer + prefix, static_cast<std::size_t>(n - prefix));
}

} // namespace nt::exports
