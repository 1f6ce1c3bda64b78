// A device that interrupts when it is told to, and when it is not: docs/hardware-models.md.
#include "drvlab_model.hpp"

namespace {

enum : std::uint64_t { id = 0x00, trigger = 0x04, status = 0x08, control = 0x0C, stray = 0x10 };
enum : std::uint32_t { stuck = 1 };

class Noise final : public drvlab::Model {
  public:
    explicit Noise(const drvlab::Setup& setup)
        : Model(setup), mean_(setup.number("mean", 0) * 10), hold_(setup.number("hold", 5) * 10),
          left_(setup.number("times", 10'000)) {
        setup.allow({"line", "mean", "hold", "times", "msi", "msix"});
        const std::uint64_t fixed = setup.number("line", 16);
        if (fixed < 16) {
            line(static_cast<std::uint32_t>(fixed));
            sources_.push_back({});
        } else {
            declare(setup);
        }
        for (Source& source : sources_)
            plan(source);
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t) override {
        switch (offset) {
        case id:
            return 0x45534E44; // "DNSE"
        case status:
            return pending_;
        case control:
            return control_;
        case stray:
            return strays_;
        default:
            return 0;
        }
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t, std::uint64_t value) override {
        const auto bits = static_cast<std::uint32_t>(value);
        if (offset == trigger) {
            pending_ |= 1u << (bits & 31);
            if (!send_message(bits)) show();
        } else if (offset == status) {
            pending_ &= ~bits;
            show();
        } else if (offset == control) {
            control_ = bits & stuck;
            show();
        }
    }

  private:
    struct Source {
        Function function = nullptr;
        bool asserted = false;
    };

    // Four functions, one for each pin, so that four lines that others may share are disturbed.
    void declare(const drvlab::Setup& setup) {
        drvlab_pci_identity identity = {};
        identity.vendor = 0x1DB5, identity.device = 0x0003;
        identity.base_class = 0xFF;
        for (std::uint8_t pin = 1; pin <= 4; pin++) {
            const Function f = pin == 1 ? nullptr : function();
            identity.interrupt_pin = pin;
            pci(identity, f);
            sources_.push_back({f, false});
        }
        bar(0, DRVLAB_BAR_MEMORY32, 0x2000, 4);
        if (const auto n = static_cast<std::uint32_t>(setup.number("msi", 0))) msi(n);
        if (const auto n = static_cast<std::uint32_t>(setup.number("msix", 0))) msix(n, 0, 0x1000);
    }

    // Between nothing and twice the mean.
    void plan(Source& source) {
        if (mean_ && left_) after(1 + random() % (2 * mean_), [this, &source] { disturb(source); });
    }

    void disturb(Source& source) {
        if (left_) left_--, strays_++;
        source.asserted = true;
        show(source);
        if (hold_)
            after(1 + random() % (2 * hold_), [this, &source] { calm(source); });
        else
            calm(source); // a glitch: an edge, and nothing to find
    }
    void calm(Source& source) {
        source.asserted = false;
        show(source);
        plan(source);
    }

    void show() { show(sources_.front()); }
    void show(Source& source) {
        const bool wanted = &source == &sources_.front() && (pending_ || (control_ & stuck));
        set_line(wanted || source.asserted, source.function);
    }

    const std::uint64_t mean_, hold_;
    std::uint64_t left_;
    std::vector<Source> sources_; // not changed after the constructor
    std::uint32_t pending_ = 0, control_ = 0, strays_ = 0;
};

} // namespace

DRVLAB_MODEL(Noise, "noise");
