#include "hardware/pci.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::hardware::pci {

namespace {

Function* slots[devices][functions] = {};

// Configuration mechanism 1 (3.2.2.3.2): the address at 0xCF8, the data at 0xCFC.
class Mechanism final : public RangeHandler {
  public:
    ULONGLONG read(ULONGLONG offset, ULONG bytes) override {
        if (offset < 4) return offset == 0 && bytes == 4 ? address_ : ~0ull;
        if (!(address_ & enable)) return ~0ull;
        return on_bus() ? read_config(device(), function(), at(offset), bytes, 0) : ~0ull;
    }
    void write(ULONGLONG offset, ULONG bytes, ULONGLONG value) override {
        if (offset < 4) { // only a doubleword is the address; a byte at 0xCF9 is another device's
            if (offset == 0 && bytes == 4) address_ = static_cast<ULONG>(value) & 0x80FF'FFFC;
        } else if ((address_ & enable) && on_bus()) {
            write_config(device(), function(), at(offset), bytes, static_cast<ULONG>(value), 0);
        }
    }

  private:
    static constexpr ULONG enable = 0x8000'0000;
    bool on_bus() const { return (address_ >> 16 & 0xFF) == 0; }
    ULONG device() const { return address_ >> 11 & 31; }
    ULONG function() const { return address_ >> 8 & 7; }
    ULONG at(ULONGLONG offset) const { return (address_ & 0xFC) + static_cast<ULONG>(offset - 4); }
    ULONG address_ = 0;
} mechanism;

ULONG piece(ULONG offset, ULONG left) {
    return offset % 4 == 0 && left >= 4 ? 4 : offset % 2 == 0 && left >= 2 ? 2 : 1;
}

} // namespace

void initialize() {
    static Function bridge("host bridge", [] {
        Identity identity;
        identity.vendor = 0x8086, identity.device = 0x1237; // the 440FX, which every system knows
        identity.revision = 2, identity.base_class = 6;
        return identity;
    }());
    insert(bridge, 0, 0);
    ports().add({0xCF8, 8, &mechanism, "pci"});
}

void insert(Function& function, ULONG device, ULONG number) {
    slots[device][number] = &function;
    ULONG count = 0;
    for (const Function* f : slots[device])
        count += f != nullptr;
    if (count > 1)
        for (Function* f : slots[device])
            if (f) f->set_multifunction();
}

void remove(const Function& function) {
    for (auto& device : slots)
        for (Function*& f : device)
            if (f == &function) f = nullptr;
}

Function* find(ULONG device, ULONG number) {
    return device < devices && number < functions ? slots[device][number] : nullptr;
}

ULONG read_config(ULONG device, ULONG function, ULONG offset, ULONG bytes, ULONG_PTR caller) {
    const Function* f = find(device, function);
    const ULONG ones = bytes >= 4 ? ~0u : (1u << (8 * bytes)) - 1;
    const ULONG value = f ? f->read(offset, bytes) : ones;
    if (trace::on)
        trace::emit_config_read(static_cast<UCHAR>(device), static_cast<UCHAR>(function), offset,
                                static_cast<UCHAR>(bytes), value, f ? f->name() : std::string(), caller);
    return value;
}

void write_config(ULONG device, ULONG function, ULONG offset, ULONG bytes, ULONG value, ULONG_PTR caller) {
    Function* f = find(device, function);
    if (trace::on)
        trace::emit_config_write(static_cast<UCHAR>(device), static_cast<UCHAR>(function), offset,
                                 static_cast<UCHAR>(bytes), value, f ? f->name() : std::string(), caller);
    if (f) f->write(offset, bytes, value);
}

void read_config_range(ULONG device, ULONG function, ULONG offset, void* to, ULONG bytes, ULONG_PTR caller) {
    auto* at = static_cast<UCHAR*>(to);
    for (ULONG n; bytes; bytes -= n, offset += n, at += n) {
        n = piece(offset, bytes);
        const ULONG value = read_config(device, function, offset, n, caller);
        std::memcpy(at, &value, n);
    }
}

void write_config_range(ULONG device, ULONG function, ULONG offset, const void* from, ULONG bytes,
                        ULONG_PTR caller) {
    const auto* at = static_cast<const UCHAR*>(from);
    for (ULONG n; bytes; bytes -= n, offset += n, at += n) {
        n = piece(offset, bytes);
        ULONG value = 0;
        std::memcpy(&value, at, n);
        write_config(device, function, offset, n, value, caller);
    }
}

} // namespace nt::hardware::pci
