// A parallel port with a device at its end that takes each byte and gives it back: docs/hardware-models.md.
#include "drvlab_model.hpp"

namespace {

enum : std::uint32_t { data_register, status_register, control_register };
enum : std::uint8_t { no_error = 0x08, selected = 0x10, no_acknowledge = 0x40, not_busy = 0x80 };
enum : std::uint8_t { strobe = 0x01, initialize = 0x04, interrupt_enable = 0x10, reverse = 0x20 };

class ParallelPort final : public drvlab::Model {
  public:
    explicit ParallelPort(const drvlab::Setup& setup)
        : Model(setup), byte_time_(setup.number("delay", 10) * 10),
          pulse_time_(setup.number("pulse", 5) * 10) {
        setup.allow({"port", "irq", "delay", "pulse"});
        ports(static_cast<std::uint32_t>(setup.number("port", 0x378)), 3, 1);
        line(static_cast<std::uint32_t>(setup.number("irq", 7)));
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t) override {
        switch (offset) {
        case data_register:
            return control_ & reverse ? received_ : data_;
        case status_register:
            return status_;
        default:
            return control_ | 0xC0;
        }
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t, std::uint64_t value) override {
        const auto byte = static_cast<std::uint8_t>(value);
        if (offset == data_register) data_ = byte;
        if (offset == control_register) control(byte & 0x3F);
    }

  private:
    void control(std::uint8_t value) {
        const std::uint8_t changed = control_ ^ value;
        control_ = value;
        if (!(value & initialize)) return reset(); // the line is nInit: 0 resets the device
        // The device takes the byte when the strobe begins (bit 0 is inverted on the cable), unless it is
        // busy.
        if ((changed & value & strobe) && (status_ & not_busy)) {
            end_pulse();
            received_ = data_;
            status_ &= static_cast<std::uint8_t>(~not_busy);
            step_ = after(byte_time_, [this] { acknowledge(); });
        }
        set_line((value & interrupt_enable) && !(status_ & no_acknowledge));
    }

    void acknowledge() {
        status_ = static_cast<std::uint8_t>((status_ & ~no_acknowledge) | not_busy);
        set_line(control_ & interrupt_enable);
        pulse_ = after(pulse_time_, [this] { end_pulse(); });
    }

    void end_pulse() {
        cancel(pulse_);
        status_ |= no_acknowledge;
        set_line(false);
    }

    void reset() {
        cancel(step_);
        cancel(pulse_);
        status_ = idle;
        received_ = 0;
        set_line(false);
    }

    static constexpr std::uint8_t idle = no_error | selected | no_acknowledge | not_busy;
    const std::uint64_t byte_time_, pulse_time_;
    std::uint8_t data_ = 0, status_ = idle, control_ = initialize, received_ = 0;
    std::uint64_t step_ = 0, pulse_ = 0;
};

} // namespace

DRVLAB_MODEL(ParallelPort, "parport");
