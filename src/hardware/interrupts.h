// Where interrupts leave the devices. Two kinds: lines, numbered as ACPI numbers them (global system
// interrupt: 0 to 15 are the ISA lines, 16 to 23 the PCI pins), and messages, a write of `data` to `address`
// (0xFEExxxxx: local APIC; destination in address bits 12 to 19, vector in data bits 0 to 7).
//
// Several devices may share a line: it is asserted as long as one of them asserts it, and the sink hears of
// changes only.
#pragma once
#include "abi/types.h"
#include <string>
#include <string_view>

namespace nt::hardware {

inline constexpr ULONG interrupt_lines = 24; // inputs of the one I/O APIC

// Plugged by the kernel. Called from register writes of drivers and from events: an implementation makes the
// interrupt pending for the next switch point and returns; it runs no guest code.
class InterruptSink {
  public:
    // The level of the line has changed. Whether level or edge counts is the connected interrupt's matter.
    virtual void line_changed(ULONG line, bool asserted) = 0;
    virtual void message(ULONGLONG address, ULONG data) = 0;

  protected:
    ~InterruptSink() = default;
};
// Null: nobody listens. A new sink is told of the lines that are asserted.
void set_interrupt_sink(InterruptSink* sink);

bool line_asserted(ULONG line);
// How often devices have raised a line, when last (100 ns), and who then did; null: never.
struct LineUse {
    ULONG raised = 0;
    ULONGLONG last = 0;
    const std::string* device = nullptr;
};
const LineUse& line_use(ULONG line);
// `device`: who, for the trace.
void send_message(ULONGLONG address, ULONG data, std::string_view device);

// One device's connection to a line. Dropping it releases the line.
class InterruptLine {
  public:
    InterruptLine(ULONG line, std::string device) : line_(line), device_(std::move(device)) {}
    InterruptLine(const InterruptLine&) = delete;
    InterruptLine& operator=(const InterruptLine&) = delete;
    ~InterruptLine() { set(false); }

    void set(bool asserted);
    bool asserted() const { return asserted_; }
    ULONG line() const { return line_; }

  private:
    const ULONG line_;
    const std::string device_;
    bool asserted_ = false;
};

} // namespace nt::hardware
