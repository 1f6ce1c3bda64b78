#include "kernel/exports/float_text.h"
#include <cstdio>
#include <vector>

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
    const auto print = [&](char* to, std::size_t room) {
        return static_cast<std::size_t>(std::snprintf(to, room, format, what.precision, what.value));
    };
    const std::size_t prefix = what.kind == 'a' ? 2 : 0;
    char buffer[128];
    if (const std::size_t n = print(buffer, sizeof buffer); n < sizeof buffer) {
        take(context, buffer + prefix, n - prefix);
    } else {
        std::vector<char> longer(n + 1);
        print(longer.data(), longer.size());
        take(context, longer.data() + prefix, n - prefix);
    }
}

} // namespace nt::exports
