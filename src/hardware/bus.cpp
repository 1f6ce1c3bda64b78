#include "hardware/bus.h"
#include "hardware/events.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>

namespace nt::hardware {

namespace {

// 100 ns units. assumed: a port takes the microsecond of the ISA bus, a register of a PCI device 200 ns.
constexpr ULONGLONG port_cost = 10, register_cost = 2;

// A driver that polls for a second or more without a pause.
constexpr ULONG endless = 5'000'000;

Clock clock_;
void (*stalled_)(const char*, ULONG_PTR) = nullptr;

ULONGLONG mask_of(ULONG bytes) { return bytes >= 8 ? ~0ull : (1ull << (8 * bytes)) - 1; }

} // namespace

void set_clock(const Clock& clock) { clock_ = clock; }
void set_stall_hook(void (*stalled)(const char*, ULONG_PTR)) { stalled_ = stalled; }
ULONGLONG now() { return events::time_of_running(clock_.now ? clock_.now() : 0); }

// Never destroyed: devices leave them at the end of the process, in no particular order.
AddressSpace& ports() {
    static AddressSpace& space = *new AddressSpace(AddressSpace::Kind::ports);
    return space;
}
AddressSpace& device_memory() {
    static AddressSpace& space = *new AddressSpace(AddressSpace::Kind::memory);
    return space;
}

const Range* AddressSpace::overlapping(ULONGLONG first, ULONGLONG length) const {
    for (const Range& r : ranges_)
        if (r.touches(first, length)) return &r;
    return nullptr;
}

const Range* AddressSpace::add(Range range) {
    if (const Range* other = overlapping(range.first, range.length)) return other;
    const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), range.first,
                                     [](const Range& r, ULONGLONG first) { return r.first < first; });
    ranges_.insert(at, std::move(range));
    return nullptr;
}

void AddressSpace::remove(ULONGLONG first) {
    std::erase_if(ranges_, [first](const Range& r) { return r.first == first; });
}

const Range* AddressSpace::find(ULONGLONG address) const {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                        [](ULONGLONG a, const Range& r) { return a < r.first; });
    if (after == ranges_.begin() || !(after - 1)->contains(address, 1)) return nullptr;
    return &*(after - 1);
}

// The range that takes the access as it is. Null and `untouched`: no device is there at all; null otherwise:
// to be split.
const Range* AddressSpace::whole(ULONGLONG address, ULONG bytes, bool& untouched) const {
    untouched = false;
    const Range* range = find(address);
    if (range && range->contains(address, bytes))
        return address % bytes == 0 && bytes <= range->widest ? range : nullptr;
    if (range) return nullptr;
    const auto next = std::lower_bound(ranges_.begin(), ranges_.end(), address,
                                       [](const Range& r, ULONGLONG first) { return r.first < first; });
    untouched = next == ranges_.end() || !next->touches(address, bytes);
    return nullptr;
}

void AddressSpace::pass_time() const {
    if (clock_.charge) clock_.charge(kind_ == Kind::ports ? port_cost : register_cost);
    if (clock_.now) events::run_due(clock_.now());
}

void AddressSpace::trace_read(ULONGLONG address, ULONG bytes, ULONGLONG value, const Range* range,
                              ULONG_PTR caller) const {
    const std::string_view device = range ? std::string_view(range->device) : std::string_view();
    if (kind_ == Kind::ports)
        trace::emit_port_read(static_cast<ULONG>(address), static_cast<UCHAR>(bytes),
                              static_cast<ULONG>(value), device, caller);
    else
        trace::emit_register_read(address, static_cast<UCHAR>(bytes), value, device,
                                  range ? address - range->first : 0, caller);
}

void AddressSpace::trace_write(ULONGLONG address, ULONG bytes, ULONGLONG value, const Range* range,
                               ULONG_PTR caller) const {
    const std::string_view device = range ? std::string_view(range->device) : std::string_view();
    if (kind_ == Kind::ports)
        trace::emit_port_write(static_cast<ULONG>(address), static_cast<UCHAR>(bytes),
                               static_cast<ULONG>(value), device, caller);
    else
        trace::emit_register_write(address, static_cast<UCHAR>(bytes), value, device,
                                   range ? address - range->first : 0, caller);
}

ULONGLONG AddressSpace::read_piece(ULONGLONG address, ULONG bytes, ULONG_PTR caller) {
    bool untouched;
    const Range* range = whole(address, bytes, untouched);
    if (!range && !untouched && bytes > 1) {
        const ULONG half = bytes / 2;
        const ULONGLONG low = read_piece(address, half, caller);
        return low | read_piece(address + half, half, caller) << (8 * half);
    }
    const ULONGLONG value =
        (range ? range->handler->read(address - range->first, bytes) : ~0ull) & mask_of(bytes);
    // The handler may have moved the ranges (a device that remaps itself): look again.
    if (trace::on) trace_read(address, bytes, value, find(address), caller);
    return value;
}

void AddressSpace::write_piece(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller) {
    bool untouched;
    const Range* range = whole(address, bytes, untouched);
    if (!range && !untouched && bytes > 1) {
        const ULONG half = bytes / 2;
        write_piece(address, half, value & mask_of(half), caller);
        write_piece(address + half, half, value >> (8 * half), caller);
        return;
    }
    if (trace::on) trace_write(address, bytes, value, range, caller);
    if (range) range->handler->write(address - range->first, bytes, value);
}

void AddressSpace::watch(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller) {
    if (poll_.address != address || poll_.value != value || poll_.caller != caller || poll_.bytes != bytes)
        poll_ = {address, value, caller, bytes, 0};
    if (++poll_.count < endless || !stalled_) return;
    const Range* range = find(address);
    char text[160];
    std::snprintf(text, sizeof text, "%s 0x%llx (%s) was read %u times in a row, and always is 0x%llx",
                  kind_ == Kind::ports ? "port" : "register", static_cast<unsigned long long>(address),
                  range ? range->device.c_str() : "no device", endless,
                  static_cast<unsigned long long>(value));
    poll_.count = 0;
    stalled_(text, caller);
}

ULONGLONG AddressSpace::read(ULONGLONG address, ULONG bytes, ULONG_PTR caller) {
    pass_time();
    const ULONGLONG value = read_piece(address, bytes, caller);
    watch(address, bytes, value, caller);
    return value;
}

void AddressSpace::write(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller) {
    pass_time();
    poll_.count = 0;
    write_piece(address, bytes, value & mask_of(bytes), caller);
}

} // namespace nt::hardware
