// Reports of a run: what was broken, and where.
#pragma once
#include "kernel/ke/report.h"
#include <cstdint>
#include <string>

namespace app {

class Machine;

// A report as it is kept until the end: the source line is looked up only then, on the main stack, and the
// module may be gone by that time.
struct BrokenRule {
    std::string text;
    std::string place;     // "null!NullRead+0x1c"; empty: nobody's code
    std::string host_path; // of the image, for its source lines
    std::uint64_t offset = 0;
    std::string history;     // lines on what became of the request before
    bool of_request = false; // it is about one
};

// Stops the machine if --stop-on names the rule.
void stop_if_wanted(const char* rule, nt::ULONG_PTR caller);
// Takes what ke::report_at says: trace, and Machine::add_report.
void plug_report_sink();
// "null!NullRead+0x1c [drivers/null/null.c @ 33]: released … (SpinLock; Driver Verifier: …)". Main stack.
std::string report_text(const BrokenRule& broken);
// " [drivers/null/null.c @ 33]" of an address in an image; empty: not known. Of functions that were inlined
// there, the innermost one in the file of the function itself counts: not one out of a header. Main stack.
std::string source_text(const std::string& host_path, std::uint64_t offset);

} // namespace app
