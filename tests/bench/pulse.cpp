// A device without registers that pulses interrupt line 5 every so many microseconds (`every`, 100): for
// drvlab-bench.
#include "drvlab_model.hpp"

namespace {

class Pulse final : public drvlab::Model {
  public:
    explicit Pulse(const drvlab::Setup& setup) : Model(setup), interval_(setup.number("every", 100) * 10) {
        setup.allow({"every"});
        line(5);
        after(interval_, [this] { pulse(); });
    }
    std::uint64_t read(std::uint32_t, std::uint64_t, std::uint32_t) override { return 0; }
    void write(std::uint32_t, std::uint64_t, std::uint32_t, std::uint64_t) override {}

  private:
    void pulse() {
        set_line(true);
        set_line(false);
        after(interval_, [this] { pulse(); });
    }
    const std::uint64_t interval_;
};

} // namespace

DRVLAB_MODEL(Pulse, "pulse");
