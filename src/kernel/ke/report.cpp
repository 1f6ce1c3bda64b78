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
ULONG_PTR (*jumped_from)(ULONG_PTR rip, ULONG_PTR rsp) = [](ULONG_PTR, ULONG_PTR) -> ULONG_PTR { return 0; };

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

void forget_reports(ULONG_PTR base, SIZE_T size) {
    std::erase_if(reported, [&](const Place& p) { return p.caller - base < size; });
}

ULONG_PTR calling_address() {
    const seh::Record* record = seh::innermost();
    if (!record || record->kind == seh::RecordKind::call_out) return 0;
    const auto& entry = *static_cast<const seh::EntryRecord*>(record);
    const ULONG_PTR routine =
        record->kind == seh::RecordKind::gate ? jumped_from(entry.rip, entry.rsp + 8) : 0;
    return routine ? routine : seh::caller_of(entry);
}

void report_at(ULONG_PTR caller, const char* rule, const WouldStop& would_stop, const char* format, ...) {
    if (!is_new(rule, caller)) return;
    char text[512];
    va_list list;
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
    report_sink({rule, caller, would_stop, text, false, {}});
}

void report_at(ULONG_PTR caller, const char* rule, const WouldStop& would_stop, const Subject& about,
               const char* format, ...) {
    if (!is_new(rule, caller)) return;
    char text[512];
    va_list list;
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
    report_sink({rule, caller, would_stop, text, true, about.history(about.subject)});
}

void forget_reports() { reported.clear(); }

} // namespace nt::ke
