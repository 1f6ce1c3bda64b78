#include "kernel/ke/bugcheck.h"
#include "host/fiber.h"
#include "host/signals.h"
#include "kernel/ke/bugcheck_callbacks.h"
#include "kernel/ke/processor.h"
#include "trace/trace.h"
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace nt::ke {

Stop the_stop;
bool is_stopping = false;
static Stop first_stop; // while is_stopping
bool run_is_repeatable = true;

void stop_machine(const Stop& stop) {
    if (the_stop.kind != StopKind::none) host::fatal("the machine stopped while it was stopping");
    the_stop = is_stopping ? first_stop : stop;
    if (is_stopping) { // views look at the state of the first
        seh::set_innermost(first_stop.crossings);
        irql_byte() = first_stop.irql;
        host::Fiber::switch_to(host::Fiber::main());
        __builtin_unreachable();
    }
    the_stop.crossings = seh::innermost();
    the_stop.irql = current_irql();
    the_stop.repeatable = stop.repeatable && run_is_repeatable;
    if (&host::Fiber::current() == &host::Fiber::main()) host::fatal("stop on the main fiber: %s", stop.text);
    host::Fiber::switch_to(host::Fiber::main());
    __builtin_unreachable();
}

void stop_machine(StopKind kind, const char* format, ...) {
    Stop stop;
    stop.kind = kind;
    va_list list;
    va_start(list, format);
    std::vsnprintf(stop.text, sizeof stop.text, format, list);
    va_end(list);
    stop_machine(stop);
}

// Guest address behind the innermost crossing: who called.
static ULONG_PTR caller() {
    const seh::Record* record = seh::innermost();
    if (!record || record->kind == seh::RecordKind::call_out) return 0;
    return seh::caller_of(*static_cast<const seh::EntryRecord*>(record));
}

void bug_check_exception(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                         const EXCEPTION_RECORD* record, const CONTEXT* context) {
    Stop stop;
    stop.kind = StopKind::bug_check;
    stop.code = code;
    stop.parameters[0] = p1;
    stop.parameters[1] = p2;
    stop.parameters[2] = p3;
    stop.parameters[3] = p4;
    stop.record = record;
    stop.context = context;
    stop.caller = caller();
    if (is_stopping) stop_machine(stop); // a callback went wrong
    if (trace::on) trace::emit_bug_check(code, p1, p2, p3, p4, stop.caller);
    stop.crossings = seh::innermost();
    stop.irql = current_irql();
    stop.repeatable = run_is_repeatable;
    first_stop = stop;
    is_stopping = true;
    run_bugcheck_callbacks();
    is_stopping = false;
    stop_machine(stop);
}

void bug_check(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    bug_check_exception(code, p1, p2, p3, p4, nullptr, nullptr);
}

static void fill(Stop& stop, ULONG_PTR blamed, const BugCheckCode& what, const char* format, va_list list) {
    stop.kind = StopKind::bug_check;
    stop.code = what.code;
    std::memcpy(stop.parameters, what.parameters, sizeof stop.parameters);
    stop.caller = blamed;
    std::vsnprintf(stop.text, sizeof stop.text, format, list);
    const ULONG_PTR* p = stop.parameters;
    if (trace::on) trace::emit_bug_check(stop.code, p[0], p[1], p[2], p[3], stop.caller);
}

void bug_check_at(ULONG_PTR blamed, const BugCheckCode& what, const char* format, ...) {
    Stop stop;
    va_list list;
    va_start(list, format);
    fill(stop, blamed, what, format, list);
    va_end(list);
    stop_machine(stop);
}

void bug_check_at(ULONG_PTR blamed, ULONG_PTR earlier, const BugCheckCode& what, const char* format, ...) {
    Stop stop;
    stop.earlier = earlier;
    va_list list;
    va_start(list, format);
    fill(stop, blamed, what, format, list);
    va_end(list);
    stop_machine(stop);
}

void stub_called(const char* name, ULONG_PTR call_site) {
    Stop stop;
    stop.kind = StopKind::stub_called;
    std::snprintf(stop.text, sizeof stop.text, "%s", name);
    stop.caller = call_site ? call_site : caller();
    if (trace::on) trace::emit_stub_called(name, stop.caller);
    stop_machine(stop);
}

} // namespace nt::ke
