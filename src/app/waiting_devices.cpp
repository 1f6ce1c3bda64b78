#include "app/waiting_devices.h"
#include "app/report.h"
#include "app/target.h"
#include "app/text.h"
#include "hardware/interrupts.h"
#include "kernel/io/irp.h"
#include "kernel/ke/interrupt.h"
#include "trace/text.h"
#include <cstdio>

namespace app {

using namespace nt;

namespace {

// In 80 columns; further lines are indented.
std::string wrapped(const std::string& text) {
    std::string out = wrap(text, 76) + "\n";
    for (std::size_t at = out.find('\n'); at + 1 < out.size(); at = out.find('\n', at + 1))
        out.insert(at + 1, "    ");
    return out;
}

std::string history_of(Machine& machine, const IRP* irp) {
    const std::string& file = machine.config().trace;
    if (file.empty() || file == "-") return "    (its history: record a trace, --trace FILE)\n";
    trace::Reader reader;
    if (!reader.open(file)) return "";
    return trace::request_history(reader, reinterpret_cast<std::uint64_t>(irp));
}

std::string times_text(ULONG count) { return std::to_string(count) + (count == 1 ? " time" : " times"); }

std::string seconds_text(ULONGLONG time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7f s", static_cast<double>(time) / 1e7);
    return text;
}

// A line's own paragraph, without what drivers do with it; "" when no device has raised it.
std::string line_text(ULONG line) {
    const hardware::LineUse& use = hardware::line_use(line);
    if (!use.raised) return "";
    return "line " + std::to_string(line) + " (" + *use.device + "): raised " + times_text(use.raised) +
           ", last at " + seconds_text(use.last) + "; now " +
           (hardware::line_asserted(line) ? "asserted" : "not asserted") + "\n";
}

std::string interrupt_text(Machine& machine, const KINTERRUPT& interrupt) {
    const auto routine = interrupt.MessageServiceRoutine
                             ? reinterpret_cast<std::uint64_t>(interrupt.MessageServiceRoutine)
                             : reinterpret_cast<std::uint64_t>(interrupt.ServiceRoutine);
    char vector[40];
    std::snprintf(vector, sizeof vector, "    vector %x, %s:\n", interrupt.Vector,
                  interrupt.Mode == Latched ? "latched" : "level-triggered");
    return vector + ("        " + place_text(machine, routine)) + "\n        called " +
           times_text(interrupt.DispatchCount) + ", said 'mine' " + times_text(interrupt.ServiceCount) + "\n";
}

std::string requests_text(Machine& machine) {
    std::string text;
    for (const IRP* irp : io::pending_requests()) {
        text += wrapped(io::describe_request(irp));
        if (const ULONG_PTR routine = io::holder_of(irp))
            text += "    given to " + place_text(machine, routine - 1) + "\n";
        text += history_of(machine, irp);
    }
    return text;
}

std::string interrupts_text(Machine& machine) {
    std::string of_line[hardware::interrupt_lines], text;
    Target target(machine);
    for (const view::Address address : target.interrupts()) {
        const auto& interrupt = *reinterpret_cast<const KINTERRUPT*>(address);
        std::string* place = &text;
        for (ULONG line = 0; line < hardware::interrupt_lines; line++)
            if (ke::vector_of_line(line) == interrupt.Vector) {
                if (of_line[line].empty() && line_text(line).empty())
                    of_line[line] = "line " + std::to_string(line) + ": no device has raised it\n";
                place = &of_line[line];
            }
        *place += interrupt_text(machine, interrupt);
    }
    for (ULONG line = 0; line < hardware::interrupt_lines; line++) {
        const std::string raised = line_text(line);
        if (!raised.empty() && of_line[line].empty())
            of_line[line] = "    no driver has connected a service routine\n";
        text += raised + of_line[line];
    }
    return text;
}

} // namespace

std::string waiting_devices_text(Machine& machine) {
    const std::string requests = requests_text(machine);
    if (requests.empty()) return "";
    const std::string interrupts = interrupts_text(machine);
    return "PENDING_IRPS:\n" + requests + (interrupts.empty() ? "" : "INTERRUPTS:\n" + interrupts);
}

} // namespace app
