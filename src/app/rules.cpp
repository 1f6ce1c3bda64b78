#include "app/rules.h"
#include "app/kernel_images.h"
#include "app/machine.h"
#include "kernel/io/hard_error.h"
#include "kernel/ke/bugcheck.h"
#include "rtl/status.h"
#include "trace/trace.h"
#include "view/symbols.h"
#include <algorithm>
#include <cstdio>

namespace app {

using namespace nt;

namespace {

// "Driver Verifier: bug check 0xC4 DRIVER_VERIFIER_DETECTED_VIOLATION (0x1007, 0x…, 0x0, 0x0)"
std::string would_stop_text(const ke::WouldStop& stop) {
    const char* name = rtl::bugcheck_name(stop.code);
    char text[240];
    std::snprintf(text, sizeof text, "%s: bug check 0x%X%s%s (0x%lx, 0x%lx, 0x%lx, 0x%lx)",
                  stop.verifier ? "Driver Verifier" : "Windows", stop.code, name ? " " : "", name ? name : "",
                  stop.parameters[0], stop.parameters[1], stop.parameters[2], stop.parameters[3]);
    return text;
}

void sink(const ke::Report& report) {
    std::string text = std::string(report.text) + " (" + report.rule;
    if (report.would_stop.code) text += "; " + would_stop_text(report.would_stop);
    text += ")";
    if (trace::on) trace::emit_report(report.rule, text, report.caller);
    BrokenRule broken;
    broken.text = std::move(text);
    broken.history = report.history;
    broken.of_request = report.of_request;
    Machine& machine = Machine::current();
    if (report.caller) broken.place = machine.modules().describe(report.caller);
    if (const ldr::Module* module = machine.modules().find(report.caller)) {
        broken.host_path = module->host_path;
        broken.offset = report.caller - module->base;
        // A routine's own address, not behind a call in it: its line is looked up by the byte before.
        if (broken.place.find("+0x") == std::string::npos) broken.offset++;
    }
    machine.add_report(std::move(broken));
    stop_if_wanted(report.rule, report.caller);
}

} // namespace

void stop_if_wanted(const char* rule, ULONG_PTR caller) {
    if (std::ranges::find(Machine::current().config().stop_on, rule) ==
        Machine::current().config().stop_on.end())
        return;
    ke::Stop stop;
    stop.kind = ke::StopKind::report;
    stop.caller = caller;
    std::snprintf(stop.text, sizeof stop.text, "stopped by --stop-on %s", rule);
    ke::stop_machine(stop);
}

void plug_report_sink() {
    ke::report_sink = sink;
    io::tell_user = [](const char* text) { Machine::current().note(std::string("a dialog box: ") + text); };
    io::write_system_log = [](const char* text) {
        Machine::current().note(std::string("System event log: ") + text);
    };
    ke::jumped_from = [](ULONG_PTR rip, ULONG_PTR rsp) -> ULONG_PTR {
        return routine_that_returned(rip, rsp);
    };
    ke::place_name = [](ULONG_PTR address, char* text, std::size_t size) {
        std::snprintf(text, size, "%s", Machine::current().modules().describe(address).c_str());
    };
}

std::string source_text(const std::string& host_path, std::uint64_t offset) {
    const auto lines = view::symbolize(host_path, offset);
    for (const view::SourceLine& inner : lines) {
        if (!inner.line || inner.file != lines.back().file) continue;
        std::string file = inner.file; // images name it relative to the project: "./././drivers/null/null.c"
        while (file.starts_with("./"))
            file.erase(0, 2);
        return " [" + file + " @ " + std::to_string(inner.line) + "]";
    }
    return "";
}

std::string report_text(const BrokenRule& broken) {
    std::string text = broken.place;
    // The address is that behind the call.
    if (!broken.host_path.empty()) text += source_text(broken.host_path, broken.offset - 1);
    if (!text.empty()) text += ": ";
    text += broken.text;
    if (!broken.history.empty()) text += "\n" + broken.history;
    return text;
}

} // namespace app
