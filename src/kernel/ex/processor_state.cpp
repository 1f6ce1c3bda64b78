#include "kernel/ex/processor_state.h"
#include "abi/bugcheck.h"
#include "kernel/ex/trap.h"
#include "kernel/ke/bugcheck.h"
#include "trace/trace.h"
#include <cstdio>

namespace nt::ex {

void gs_changed(ULONG_PTR caller, const char* how, const CONTEXT* context) {
    ke::Stop stop;
    stop.kind = ke::StopKind::bug_check;
    stop.code = CRITICAL_STRUCTURE_CORRUPTION;
    stop.parameters[3] = 7;
    stop.caller = caller;
    stop.context = context;
    std::snprintf(stop.text, sizeof stop.text,
                  "a driver changed the base of GS, which leads to the KPCR (%s)", how);
    if (trace::on) trace::emit_bug_check(stop.code, 0, 0, 0, stop.parameters[3], caller);
    ke::stop_machine(stop);
}

static const char* name_of(ULONG what) {
    if (what & 0x400) return "the direction flag set";
    if (what & 0x40000) return "the alignment check flag (AC) set";
    if (what & STATE_MXCSR) return "other control bits in mxcsr than it was called with";
    return "another x87 control word than it was called with";
}

// assumed: what nothing documents an end for stops the run with a report.
[[noreturn]] static void report(const char* who, const char* what, ULONG_PTR caller, const CONTEXT* context) {
    ke::Stop stop;
    stop.kind = ke::StopKind::report;
    stop.caller = caller;
    stop.context = context;
    std::snprintf(stop.text, sizeof stop.text, "%s with %s", who, what);
    if (trace::on) trace::emit_report("ProcessorState", stop.text, caller);
    ke::stop_machine(stop);
}

void ran_with_alignment_check(const CONTEXT& context) {
    report("a driver ran", name_of(0x40000), context.Rip, &context);
}

void state_changed(const seh::Record& record, ULONG what) {
    ULONG_PTR caller = 0, returned = 0;
    if (record.kind == seh::RecordKind::gate) {
        const auto& entry = static_cast<const seh::EntryRecord&>(record);
        caller = entry.rip;
        if (trap_hooks().returned) returned = trap_hooks().returned(entry.rip, entry.rsp + sizeof(ULONG_PTR));
    } else
        returned = static_cast<const seh::CalloutRecord&>(record).function;
    const ULONG_PTR blamed = returned ? returned : caller;
    if (what & STATE_GS)
        gs_changed(blamed,
                   returned ? "it was wrong when a routine returned" : "it was wrong in a call of the kernel",
                   nullptr);
    report(returned ? "a driver's routine returned" : "a driver called the kernel", name_of(what), blamed,
           nullptr);
}

} // namespace nt::ex
