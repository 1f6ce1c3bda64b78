// A timer on the PCI bus that counts 100 ns units and interrupts: docs/hardware-models.md.
#include "drvlab_model.hpp"

namespace {

enum : std::uint64_t { id = 0x00, control = 0x04, status = 0x08, count = 0x10, interval = 0x18 };
enum : std::uint32_t { enable = 1, periodic = 2, interrupt_enable = 4 };
enum : std::uint32_t { expired = 1 };

class Timer final : public drvlab::Model {
  public:
    explicit Timer(const drvlab::Setup& setup) : Model(setup) {
        setup.allow({});
        drvlab_pci_identity identity = {};
        identity.vendor = 0x1DB5, identity.device = 0x0001;
        identity.base_class = 0x08, identity.subclass = 0x02; // system peripheral, timer
        identity.interrupt_pin = 1;
        pci(identity);
        bar(0, DRVLAB_BAR_MEMORY32, 0x1000);
        msi(1);
    }

    std::uint64_t read(std::uint32_t, std::uint64_t offset, std::uint32_t bytes) override {
        if (bytes < 4) return 0;
        switch (offset & ~std::uint64_t{7}) {
        case 0x00:
            return part(std::uint64_t{control_} << 32 | 0x524D5444, offset); // "DTMR"
        case 0x08:
            return part(status_, offset);
        case count:
            return part(counted(), offset);
        case interval:
            return part(interval_, offset);
        default:
            return 0;
        }
    }

    void write(std::uint32_t, std::uint64_t offset, std::uint32_t bytes, std::uint64_t value) override {
        if (bytes < 4) return;
        if (offset == 0 && bytes == 8) offset = control, value >>= 32;
        switch (offset) {
        case control:
            set_control(static_cast<std::uint32_t>(value) & 7);
            break;
        case status:
            status_ &= ~static_cast<std::uint32_t>(value);
            show();
            break;
        case interval:
            interval_ = bytes == 8 ? value : (interval_ & ~0xFFFFFFFFull) | value;
            break;
        case interval + 4:
            interval_ = (interval_ & 0xFFFFFFFF) | value << 32;
            break;
        }
    }

  private:
    static std::uint64_t part(std::uint64_t value, std::uint64_t offset) {
        return offset & 4 ? value >> 32 : value;
    }
    std::uint64_t counted() const { return control_ & enable ? now() - started_ : stopped_; }

    void set_control(std::uint32_t value) {
        const bool was = control_ & enable, is = value & enable;
        if (was && !is) stopped_ = counted();
        control_ = value;
        if (was && !is) cancel(step_);
        if (!was && is) {
            started_ = now();
            arm();
        }
        show();
    }

    void arm() {
        if (interval_) step_ = after(interval_, [this] { expire(); });
    }

    void expire() {
        status_ |= expired;
        if (control_ & periodic)
            arm();
        else
            control_ &= ~std::uint32_t{enable}, stopped_ = now() - started_;
        if ((control_ & interrupt_enable) && send_message(0)) return;
        show();
    }

    void show() { set_line((status_ & expired) && (control_ & interrupt_enable)); }

    std::uint32_t control_ = 0, status_ = 0;
    std::uint64_t interval_ = 0, started_ = 0, stopped_ = 0, step_ = 0;
};

} // namespace

DRVLAB_MODEL(Timer, "timer");
