// A sound card's data path: plays and records by system DMA. docs/hardware-models.md.
#include "drvlab_model.hpp"
#include <cstring>

namespace {

enum : std::uint64_t { status = 0, command = 1, level = 2 };
enum : std::uint32_t { at_end = 1, busy = 2, underrun = 4 };
enum : std::uint64_t { stop, play, record };

class Sampler final : public drvlab::Model {
  public:
    explicit Sampler(const drvlab::Setup& setup)
        : Model(setup), channel_(static_cast<std::uint32_t>(setup.number("channel", 1))),
          burst_(setup.number("burst", 64)), period_(setup.number("period", 20) * 10) {
        setup.allow({"port", "irq", "channel", "burst", "period"});
        if (burst_ == 0 || burst_ > 4096) throw std::runtime_error("a burst has 1 to 4096 bytes");
        ports(static_cast<std::uint32_t>(setup.number("port", 0x220)), 4, 2);
        line(static_cast<std::uint32_t>(setup.number("irq", 5)));
        dma_channel(channel_);
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t bytes) override {
        if (offset == level && bytes == 2) return samples_.size() & 0xFFFF;
        if (offset != status) return 0;
        const std::uint32_t value = status_ | (mode_ != stop ? std::uint32_t{busy} : 0);
        status_ = 0;
        set_line(false);
        return value;
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t, std::uint64_t value) override {
        if (offset != command || value > record) return;
        cancel(step_);
        mode_ = value;
        position_ = 0;
        if (mode_ == play) samples_.clear();
        if (mode_ != stop) go_on();
    }

  private:
    void go_on() {
        step_ = after(period_, [this] { move(); });
    }

    void move() {
        std::vector<std::uint8_t> bytes(burst_);
        if (mode_ == record) {
            const std::size_t n = std::min<std::size_t>(burst_, samples_.size() - position_);
            std::memcpy(bytes.data(), samples_.data() + position_, n);
        }
        bool end = false;
        const std::uint32_t moved = channel_transfer(
            channel_, bytes.data(), static_cast<std::uint32_t>(burst_), mode_ == record, end);
        if (mode_ == play && samples_.size() < most)
            samples_.insert(samples_.end(), bytes.begin(), bytes.begin() + moved);
        else if (mode_ == record)
            position_ = std::min(position_ + moved, samples_.size());
        if (!moved) { // nobody has set the channel up (any more)
            mode_ = stop;
            status_ |= underrun;
            return set_line(true);
        }
        if (end) {
            status_ |= at_end;
            set_line(true);
        }
        go_on();
    }

    static constexpr std::size_t most = 1 << 20;
    const std::uint32_t channel_;
    const std::uint64_t burst_, period_;
    std::vector<std::uint8_t> samples_;
    std::size_t position_ = 0;
    std::uint64_t mode_ = stop, step_ = 0;
    std::uint32_t status_ = 0;
};

} // namespace

DRVLAB_MODEL(Sampler, "sampler");
