// Stopping the machine.
#pragma once
#include "abi/types.h"
#include "kernel/seh/crossing.h"

namespace nt {
struct CONTEXT;
struct EXCEPTION_RECORD;
} // namespace nt

namespace nt::ke {

enum class StopKind : UCHAR {
    none,
    client_exited,  // the client process ended; code is its exit status
    bug_check,      // code and parameters
    stub_called,    // an export that is not implemented; text is its name
    hang,           // code that crosses no gate for too long, or every thread waits for ever
    user_exception, // unhandled exception in a program; code is the NTSTATUS
    report,         // a rule stopped the run
    load_failure,   // text says what could not be loaded
};

// Why the machine stopped: everything the report needs. One machine, one stop.
struct Stop {
    StopKind kind = StopKind::none;
    ULONG code = 0;
    ULONG_PTR parameters[4] = {};
    char text[1024] = {};
    ULONG_PTR caller = 0;                     // guest address that asked for it, 0 when there is none
    ULONG_PTR earlier = 0;                    // guest address that did the same before (0x44), 0: none
    const EXCEPTION_RECORD* record = nullptr; // the exception behind it, guest or host memory
    const CONTEXT* context = nullptr;
    seh::Record* crossings = nullptr; // innermost record of the thread that stopped
    KIRQL irql = 0;
    bool repeatable = true;
};

extern Stop the_stop;
// Callbacks of a bug check run: no other processor goes on, and nothing that they do changes what is
// reported.
extern bool is_stopping;
// False once the host's clock has decided something: a second run may differ.
extern bool run_is_repeatable;

// KeBugCheckEx. Never returns: the machine's main loop reports and ends. Any IRQL, any stack.
[[noreturn]] void bug_check(ULONG code, ULONG_PTR p1 = 0, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0,
                            ULONG_PTR p4 = 0);
[[noreturn]] void bug_check_exception(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                                      const EXCEPTION_RECORD* record, const CONTEXT* context);
// The same with words for the report, blaming the guest address `caller`; `earlier` as in Stop.
struct BugCheckCode {
    ULONG code;
    ULONG_PTR parameters[4];
};
[[noreturn]] __attribute__((format(printf, 3, 4))) void
bug_check_at(ULONG_PTR caller, const BugCheckCode& what, const char* format, ...);
[[noreturn]] __attribute__((format(printf, 4, 5))) void
bug_check_at(ULONG_PTR caller, ULONG_PTR earlier, const BugCheckCode& what, const char* format, ...);
// An export or service that is not implemented was called.
[[noreturn]] void stub_called(const char* name, ULONG_PTR call_site = 0); // 0: of the innermost gate
// Ends the run with a filled Stop (kind, code, text …).
[[noreturn]] void stop_machine(const Stop& stop);
[[noreturn]] __attribute__((format(printf, 2, 3))) void stop_machine(StopKind kind, const char* format, ...);

} // namespace nt::ke
