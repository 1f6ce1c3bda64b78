#include "kernel/io/detail/checked_call.h"
#include "abi/bugcheck.h"
#include "kernel/ex/lock_ends.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/report.h"
#include <string_view>

namespace nt::io::detail {

namespace {

// The service that the thread is in, as its caller sees it: the first parameter of 0x4A and 0x1.
ULONG_PTR system_call_address() {
    for (const seh::Record* r = seh::innermost(); r; r = r->previous)
        if (r->kind == seh::RecordKind::system_call) return static_cast<const seh::EntryRecord*>(r)->rip;
    return 0;
}

// Both counts go down from 0.
int times_disabled(const Level& level) {
    return -static_cast<SHORT>(level.apc_disable) - static_cast<SHORT>(level.apc_disable >> 16);
}

// What Driver Verifier would have said at once.
void report_level(std::string_view what, ULONG_PTR routine, const Level& before, const Level& now) {
    const bool completion = what == "a completion routine", fast = what == fast_io_routine_words;
    if (!completion && !fast && what != "a dispatch routine") return;
    if (now.irql != before.irql)
        ke::report_at(routine + 1, "IrqlReturn",
                      completion ? ke::verifier_stop(0xFA, routine, before.irql, now.irql)
                      : fast     ? io_verifier(0x11, routine, before.irql, now.irql)
                                 : ke::verifier_stop(0x0002001D),
                      "%s returned at IRQL %u; it was called at IRQL %u", what.data(), now.irql, before.irql);
    else
        ke::report_at(routine + 1, "CriticalRegions",
                      ke::verifier_stop(completion ? 0xFB
                                        : fast     ? 0xC6
                                                   : 0xC5,
                                        routine, now.apc_disable, before.apc_disable),
                      "%s returned with APCs disabled %s than it was called with", what.data(),
                      times_disabled(now) > times_disabled(before) ? "more often" : "less often");
}

} // namespace

// assumed: below a system service the bug check is the one that Windows makes on the way out of it (0x4A; 0x1
// with call type 0); in a system thread 0xC8 with the routine as its callout (unique value 2), and 0x1 with
// call type 1.
void level_changed(const char* what, ULONG_PTR routine, const Level& before) {
    const Level now = current_level();
    report_level(what, routine, before, now);
    const ULONG_PTR service = system_call_address();
    if (service) ex::check_return_to_user(); // which lock or region it is, where that was noted
    if (now.irql == before.irql) {
        const ULONG_PTR state = ke::current_thread().Tcb.ApcStateIndex;
        ke::bug_check_at(
            routine,
            {APC_INDEX_MISMATCH, {service ? service : routine, state, now.apc_disable, service ? 0u : 1u}},
            "%s returned with another count of disabled APCs (CombinedApcDisable %#x) than it was "
            "called with (%#x)",
            what, now.apc_disable, before.apc_disable);
    }
    const ke::BugCheckCode code =
        service && now.irql > PASSIVE_LEVEL
            ? ke::BugCheckCode{IRQL_GT_ZERO_AT_SYSTEM_SERVICE, {service, now.irql, 0, 0}}
            : ke::BugCheckCode{IRQL_UNEXPECTED_VALUE, {now.irql << 16 | before.irql << 8 | 2, routine, 0, 0}};
    ke::bug_check_at(routine, code, "%s returned at IRQL %u; it was called at IRQL %u", what, now.irql,
                     before.irql);
}

void check_before_fast_io(ULONG_PTR routine) {
    if (ke::interrupts_enabled()) return;
    ke::report_at(ke::calling_address(), "InterruptFlag", ke::verifier_stop(0xC2),
                  "the fast I/O routine 0x%lx is called with interrupts disabled", routine);
}

void check_after_fast_io(ULONG_PTR routine) {
    if (ke::interrupts_enabled()) return;
    ke::report_at(routine + 1, "InterruptFlag", ke::verifier_stop(0xC3, routine),
                  "a fast I/O routine returned with interrupts disabled");
}

} // namespace nt::io::detail

void nt::io::dispatch_changed_level(const ChangedLevel& frame) {
    detail::level_changed("a dispatch routine", frame.routine, {frame.irql, frame.apc_disable});
}
