#include "kernel/ke/report.h"
#include "kernel/seh/crossing.h"
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <vector>

namespace nt::ke {

void (*report_sink)(const Report& report) = [](const Report&) {};
void (*place_name)(ULONG_PTR address, char* text, std::size_t size) =
    [](ULONG_PTR address, char* text, std::size_t size) { std::snprintf(text, size, "0x%lx", address); };

namespace {

struct Place {
    const char* rule;
    ULONG_PTR caller;
};
std::vector<Place> reported;

bool is_new(const char* rule, ULONG_PTR caller) {
    for (const Place& p : reported)
        if (p.caller == caller && std::strcmp(p.rule, rule) == 0) return false;
    reported.push_back({rule, caller});
    return true;
}

} // namespace

ULONG_PTR calling_address() {
    const seh::Record* record = seh::innermost();
    if (!record || record->kind == seh::RecordKind::call_out) return 0;
    return static_cast<const seh::EntryRecord*>(record)->rip;
}

void report_at(ULONG_PTR caller, const char* rule, const WouldStop& would_stop, const char* format, ...) {
    if (!is_new(rule, caller)) return;
    char text[512];
    va_list list;
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
    report_sink({rule, caller, would_stop, text});
}

void forget_reports() { reported.clear(); }

} // namespace nt::ke
