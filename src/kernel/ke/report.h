// Rules that drivers break.
//
// A broken rule is a report, not a stop: the run goes on as Windows would without its verifier, and what
// Windows or Driver Verifier would stop with stands in the report. Any room says report(…); app puts the
// reports into the trace and the exit status. A rule is reported once per place in the code.
#pragma once
#include "abi/types.h"
#include <cstddef>
#include <string>

namespace nt::ke {

// The bug check that would end the machine; code 0: none is documented.
struct WouldStop {
    ULONG code = 0;
    ULONG_PTR parameters[4] = {};
    bool verifier = false; // only Driver Verifier looks
};
// DRIVER_VERIFIER_DETECTED_VIOLATION.
inline WouldStop verifier_stop(ULONG_PTR p1, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0) {
    return {0xC4, {p1, p2, p3, p4}, true};
}

struct Report {
    const char* rule; // its public name: "SpinLock", "IrqlKeReleaseSpinLock", or the verifier's option
    ULONG_PTR caller; // guest address behind the call that broke it; 0: nobody's
    WouldStop would_stop;
    const char* text;        // what was done, without the place
    bool of_request = false; // it is about an IRP
    std::string history;     // lines on what had happened to it before; empty: not known
};
// What a report is about: asked only if it is new.
struct Subject {
    std::string (*history)(const void* subject);
    const void* subject;
};
// Plugged by app. Runs on the thread that broke the rule, at any IRQL.
extern void (*report_sink)(const Report& report);

// "driver!function+0x12", for places within a text. Plugged by app.
extern void (*place_name)(ULONG_PTR address, char* text, std::size_t size);

// The dispatch routine that ended with a jump, when `rip` is the place in ntoskrnl's code of IoCallDriver to
// which it would have returned; else 0. Plugged by app.
extern ULONG_PTR (*jumped_from)(ULONG_PTR rip, ULONG_PTR rsp);

// Who called the innermost gate or service; 0 outside of guest code.
ULONG_PTR calling_address();

__attribute__((format(printf, 4, 5))) void report_at(ULONG_PTR caller, const char* rule,
                                                     const WouldStop& would_stop, const char* format, ...);
__attribute__((format(printf, 5, 6))) void report_at(ULONG_PTR caller, const char* rule,
                                                     const WouldStop& would_stop, const Subject& about,
                                                     const char* format, ...);
#define NT_REPORT(rule, would_stop, ...)                                                                     \
    ::nt::ke::report_at(::nt::ke::calling_address(), rule, would_stop, __VA_ARGS__)

// An image is gone: what another one does at its addresses is new.
void forget_reports(ULONG_PTR base, SIZE_T size);
// For tests: rules may be reported again.
void forget_reports();

} // namespace nt::ke
