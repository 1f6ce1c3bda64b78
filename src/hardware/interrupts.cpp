#include "hardware/interrupts.h"
#include "hardware/bus.h"
#include "trace/trace.h"

namespace nt::hardware {

namespace {
InterruptSink* sink = nullptr;
ULONG holders[interrupt_lines] = {}; // devices that assert the line
LineUse uses[interrupt_lines];
} // namespace

void set_interrupt_sink(InterruptSink* new_sink) {
    sink = new_sink;
    if (!sink) return;
    for (ULONG line = 0; line < interrupt_lines; line++)
        if (holders[line]) sink->line_changed(line, true);
}

bool line_asserted(ULONG line) { return line < interrupt_lines && holders[line]; }

const LineUse& line_use(ULONG line) { return uses[line]; }

void send_message(ULONGLONG address, ULONG data, std::string_view device) {
    if (trace::on) trace::emit_interrupt_message(address, data, device);
    if (sink) sink->message(address, data);
}

void InterruptLine::set(bool asserted) {
    if (asserted == asserted_ || line_ >= interrupt_lines) return;
    asserted_ = asserted;
    if (asserted) uses[line_] = {uses[line_].raised + 1, now(), &device_};
    if (trace::on) trace::emit_interrupt_line(line_, asserted, device_);
    const bool changed = asserted ? holders[line_]++ == 0 : --holders[line_] == 0;
    if (changed && sink) sink->line_changed(line_, asserted);
}

} // namespace nt::hardware
