// The device of the driver slowdev.sys: asked for bytes, it thinks for a while, then interrupts and has them.
// docs/hardware-models.md.
#include "drvlab_model.hpp"

namespace {

enum : std::uint64_t { data = 0, command = 1, status = 2 };
enum : std::uint64_t { ready = 1, busy = 2 };

class SlowDevice final : public drvlab::Model {
  public:
    explicit SlowDevice(const drvlab::Setup& setup) : Model(setup), delay_(setup.number("delay", 100) * 10) {
        setup.allow({"port", "irq", "delay"});
        ports(static_cast<std::uint32_t>(setup.number("port", 0x300)), 4, 1);
        line(static_cast<std::uint32_t>(setup.number("irq", 10)));
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t) override {
        if (offset == status) {
            set_line(false);
            return status_;
        }
        if (offset != data || !left_) return 0;
        if (--left_ == 0) status_ = 0;
        return static_cast<std::uint64_t>(text[next_++ % (sizeof text - 1)]);
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t, std::uint64_t value) override {
        if (offset != command) return;
        cancel(step_);
        set_line(false);
        left_ = 0;
        status_ = value ? std::uint64_t{busy} : 0;
        if (value) step_ = after(delay_, [this, value] { answer(value); });
    }

  private:
    static constexpr char text[] = "Patience is bitter, but its fruit is sweet.\n";

    void answer(std::uint64_t bytes) {
        left_ = bytes;
        status_ = ready;
        set_line(true);
    }

    const std::uint64_t delay_; // 100 ns units
    std::uint64_t status_ = 0, left_ = 0, next_ = 0, step_ = 0;
};

} // namespace

DRVLAB_MODEL(SlowDevice, "slowdev");
