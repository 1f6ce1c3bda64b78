#include "hardware/pci.h"
#include "hardware/physical_map.h"
#include "trace/trace.h"
#include <bit>
#include <cstring>

namespace nt::hardware::pci {

namespace {

constexpr ULONG interrupt_status = 1u << 3; // in the status register
constexpr ULONG capability_list = 1u << 4;
constexpr UCHAR msi_id = 5, msix_id = 0x11;

} // namespace

Function::Function(std::string name, const Identity& identity) : name_(std::move(name)) {
    put(0x00, identity.vendor, 2);
    put(0x02, identity.device, 2);
    config_[0x08] = identity.revision;
    config_[0x09] = identity.interface;
    config_[0x0A] = identity.subclass;
    config_[0x0B] = identity.base_class;
    put(0x2C, identity.subsystem_vendor, 2);
    put(0x2E, identity.subsystem, 2);
    config_[0x3D] = identity.pin <= 4 ? identity.pin : 0;
    // Section 6.2: what software may change.
    writable_[0x04] = command_io | command_memory | command_bus_master;
    writable_[0x05] = command_no_line >> 8;
    clearable_[0x07] = 0xF9; // parity, aborts, system error
    writable_[0x0C] = writable_[0x0D] = writable_[0x3C] = 0xFF;
    for (ULONG i = 0; i < bars_.size(); i++) {
        bars_[i].function = this;
        bars_[i].index = i;
    }
}

Function::~Function() {
    config_[0x04] = 0;
    map_bars();
    pci::remove(*this);
}

void Function::put(ULONG at, ULONG value, ULONG bytes) {
    for (ULONG n = 0; n < bytes; n++)
        config_[at + n] = static_cast<UCHAR>(value >> (8 * n));
}

bool Function::add_bar(ULONG index, BarKind kind, ULONGLONG size, RangeHandler* handler, ULONG widest) {
    const ULONG registers = kind == BarKind::memory64 ? 2 : 1;
    if (index + registers > bars_.size() || !std::has_single_bit(size)) return false;
    for (ULONG i = 0; i < registers; i++)
        if (bars_[index + i].size) return false;
    if (index && bars_[index - 1].size && bars_[index - 1].kind == BarKind::memory64) return false;
    if (kind == BarKind::ports ? size < 4 || size > 256 : size < 16 || size > 0x1000'0000) return false;
    BarHandler& bar = bars_[index];
    bar.kind = kind;
    bar.size = size;
    bar.device = handler;
    bar.widest = widest;
    const ULONG at = 0x10 + 4 * index;
    config_[at] = kind == BarKind::ports ? 1 : kind == BarKind::memory64 ? 4 : 0;
    for (ULONG n = 0; n < 4 * registers; n++)
        writable_[at + n] = static_cast<UCHAR>(~(size - 1) >> (8 * n)); // 6.2.5.1: the rest reads as zero
    return true;
}

UCHAR Function::add_capability(UCHAR id, const UCHAR* bytes, const UCHAR* writable, ULONG count) {
    if (count > config_size || free_ + 2 + count > config_size) return 0;
    const ULONG at = free_;
    config_[at] = id;
    std::memcpy(&config_[at + 2], bytes, count);
    std::memcpy(&writable_[at + 2], writable, count);
    config_[last_capability_] = static_cast<UCHAR>(at);
    last_capability_ = at + 1;
    config_[0x06] |= capability_list;
    free_ = (at + 2 + count + 3) & ~3u;
    return static_cast<UCHAR>(at);
}

// 6.8.1: 64-bit address, no masks per vector.
bool Function::add_msi(ULONG messages) {
    if (msi_ || !std::has_single_bit(messages) || messages > 32) return false;
    const auto wanted = static_cast<UCHAR>(std::countr_zero(messages));
    const UCHAR bytes[12] = {static_cast<UCHAR>(wanted << 1 | 0x80)};
    const UCHAR writable[12] = {0x71, 0, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    return (msi_ = add_capability(msi_id, bytes, writable, sizeof bytes)) != 0;
}

// 6.8.2: the table at `offset` of a memory register, the pending bits after it.
bool Function::add_msix(ULONG messages, ULONG bar, ULONG offset) {
    const ULONGLONG end = offset + 16ull * messages + (messages + 63) / 64 * 8;
    if (msix_ || messages == 0 || messages > 2048 || bar >= bars_.size() || offset % 8) return false;
    if (bars_[bar].kind == BarKind::ports || end > bars_[bar].size) return false;
    const ULONG table = offset | bar, pending = (offset + 16 * messages) | bar;
    UCHAR bytes[10] = {static_cast<UCHAR>(messages - 1), static_cast<UCHAR>((messages - 1) >> 8)};
    const UCHAR writable[10] = {0, 0xC0};
    std::memcpy(bytes + 2, &table, 4);
    std::memcpy(bytes + 6, &pending, 4);
    msix_ = add_capability(msix_id, bytes, writable, sizeof bytes);
    msix_bar_ = bar;
    msix_offset_ = offset;
    table_.resize(messages);
    return msix_ != 0;
}

bool Function::configure(ULONGLONG& next_memory, ULONGLONG& next_port, ULONG line) {
    for (BarHandler& bar : bars_) {
        if (!bar.size) continue;
        const ULONG at = 0x10 + 4 * bar.index;
        const bool port = bar.kind == BarKind::ports;
        const AddressSpace& space = port ? ports() : device_memory();
        // Registers of different devices never share a page; the interrupt controllers' are above.
        const ULONGLONG step = port || bar.size > 0x1000 ? bar.size : 0x1000, end = port ? 0x10000 : io_apic;
        ULONGLONG& next = port ? next_port : next_memory;
        next = (next + step - 1) & ~(step - 1);
        while (next + step <= end && space.overlapping(next, bar.size))
            next += step;
        if (next + step > end) return false;
        put(at, static_cast<ULONG>(next) | config_[at], 4);
        next += step;
    }
    if (config_[0x3D]) {
        config_[0x3C] = static_cast<UCHAR>(line);
        line_ = std::make_unique<InterruptLine>(line, name_);
    }
    write(0x04, 2, command_io | command_memory | command_bus_master);
    return true;
}

ULONGLONG Function::bar_address(ULONG index) const {
    const BarHandler& bar = bars_[index];
    if (!bar.size) return 0;
    const ULONG at = 0x10 + 4 * index;
    if (bar.kind == BarKind::ports) return dword(at) & ~3u;
    return (dword(at) & ~15u) |
           (bar.kind == BarKind::memory64 ? static_cast<ULONGLONG>(dword(at + 4)) << 32 : 0);
}

// Where the registers lead and the command register lets them. While software sizes a register its address is
// nonsense; then, and where somebody else answers already, the function does not.
void Function::map_bars() {
    for (BarHandler& bar : bars_) {
        if (!bar.size) continue;
        const bool port = bar.kind == BarKind::ports;
        AddressSpace& space = port ? ports() : device_memory();
        ULONGLONG wanted = config_[0x04] & (port ? command_io : command_memory) ? bar_address(bar.index) : 0;
        if (port && wanted + bar.size > 0x10000) wanted = 0;
        if (wanted + bar.size - 1 < wanted) wanted = 0;
        if (wanted == bar.mapped) continue;
        if (bar.mapped) space.remove(bar.mapped);
        bar.mapped = wanted && !space.add({wanted, bar.size, &bar, name_, bar.widest}) ? wanted : 0;
    }
}

ULONG Function::read(ULONG offset, ULONG bytes) const {
    ULONG value = 0;
    for (ULONG n = 0; n < bytes && offset + n < config_size; n++)
        value |= static_cast<ULONG>(config_[offset + n]) << (8 * n);
    return value;
}

void Function::write(ULONG offset, ULONG bytes, ULONG value) {
    for (ULONG n = 0; n < bytes && offset + n < config_size; n++) {
        const ULONG at = offset + n;
        const auto byte = static_cast<UCHAR>(value >> (8 * n));
        config_[at] = static_cast<UCHAR>(((config_[at] & ~writable_[at]) | (byte & writable_[at])) &
                                         ~(byte & clearable_[at]));
    }
    map_bars();
    set_line(line_wanted_);
    release_pending();
}

// The status bit shows the device's wish, also while the command register keeps it from the line
// (6.2.2, 6.2.3).
void Function::set_line(bool asserted) {
    line_wanted_ = asserted;
    config_[0x06] =
        static_cast<UCHAR>((config_[0x06] & ~interrupt_status) | (asserted ? interrupt_status : 0));
    // 6.8.1: a function that may send messages does not use its pin.
    if (line_) line_->set(asserted && !(word(0x04) & command_no_line) && !msi_enabled() && !msix_enabled());
}

bool Function::send(ULONG message) {
    if (msix_enabled()) {
        if (message >= table_.size()) return false;
        Message& m = table_[message];
        m.pending = true;
        release_pending();
        return true;
    }
    if (!msi_enabled()) return false;
    // Software may have granted fewer messages than the device has: the low bits of the number count.
    const ULONG granted = 1u << (word(msi_ + 2u) >> 4 & 7);
    const ULONGLONG address = dword(msi_ + 4u) | static_cast<ULONGLONG>(dword(msi_ + 8u)) << 32;
    send_message(address, (word(msi_ + 12u) & ~(granted - 1)) | (message & (granted - 1)), name_);
    return true;
}

void Function::enable_msi(ULONG messages, ULONGLONG address, ULONG data) {
    write(msi_ + 4u, 4, static_cast<ULONG>(address));
    write(msi_ + 8u, 4, static_cast<ULONG>(address >> 32));
    write(msi_ + 12u, 2, data);
    const auto granted = static_cast<ULONG>(std::countr_zero(messages));
    write(msi_ + 2u, 2, (word(msi_ + 2u) & ~0x70u) | granted << 4 | 1);
}

void Function::set_msix_entry(ULONG entry, ULONGLONG address, ULONG data) {
    Message& m = table_[entry];
    m.address = address;
    m.data = data;
    m.control = 0;
}

void Function::mask_msix_entry(ULONG entry, bool masked) {
    table_[entry].control = masked;
    release_pending();
}

void Function::enable_msix() { write(msix_ + 2u, 2, (word(msix_ + 2u) & ~0x4000u) | 0x8000); }

void Function::disable_messages() {
    if (msi_) write(msi_ + 2u, 2, word(msi_ + 2u) & ~1u);
    if (msix_) write(msix_ + 2u, 2, word(msix_ + 2u) & ~0x8000u);
}

void Function::release_pending() {
    if (!msix_enabled() || word(msix_ + 2u) & 0x4000) return; // the function's mask
    for (Message& m : table_) {
        if (!m.pending || m.control & 1) continue;
        m.pending = false;
        send_message(m.address, m.data, name_);
    }
}

bool Function::in_table(ULONG bar, ULONGLONG offset) const {
    return msix_ && bar == msix_bar_ && offset >= msix_offset_ &&
           offset < msix_offset_ + 16ull * table_.size() + (table_.size() + 63) / 64 * 8;
}

ULONGLONG Function::read_table(ULONGLONG offset, ULONG bytes) const {
    ULONGLONG value = 0;
    for (ULONG n = 0; n < bytes; n += 4) {
        const ULONGLONG at = (offset + n) & ~3ull;
        ULONG word = 0;
        if (at < 16 * table_.size()) {
            const Message& m = table_[at / 16];
            word = at % 16 == 0   ? static_cast<ULONG>(m.address)
                   : at % 16 == 4 ? static_cast<ULONG>(m.address >> 32)
                   : at % 16 == 8 ? m.data
                                  : m.control;
        } else {
            const ULONGLONG first = (at - 16 * table_.size()) * 8;
            for (ULONG bit = 0; bit < 32 && first + bit < table_.size(); bit++)
                word |= static_cast<ULONG>(table_[first + bit].pending) << bit;
        }
        value |= static_cast<ULONGLONG>(word) << (8 * n);
    }
    return value >> (8 * (offset & 3));
}

// Whole and aligned doublewords only (6.8.2); other writes are lost, as are those to the pending bits.
void Function::write_table(ULONGLONG offset, ULONG bytes, ULONGLONG value) {
    if (bytes < 4) return;
    for (ULONG n = 0; n < bytes; n += 4) {
        const ULONGLONG at = offset + n;
        if (at >= 16 * table_.size()) break;
        Message& m = table_[at / 16];
        const auto word = static_cast<ULONG>(value >> (8 * n));
        if (at % 16 == 0) m.address = (m.address & ~0xFFFF'FFFFull) | (word & ~3u);
        if (at % 16 == 4) m.address = static_cast<ULONG>(m.address) | static_cast<ULONGLONG>(word) << 32;
        if (at % 16 == 8) m.data = word;
        if (at % 16 == 12) m.control = word & 1;
    }
    release_pending();
}

ULONGLONG Function::BarHandler::read(ULONGLONG offset, ULONG bytes) {
    if (function->in_table(index, offset))
        return function->read_table(offset - function->msix_offset_, bytes);
    return device ? device->read(offset, bytes) : ~0ull;
}

void Function::BarHandler::write(ULONGLONG offset, ULONG bytes, ULONGLONG value) {
    if (function->in_table(index, offset))
        function->write_table(offset - function->msix_offset_, bytes, value);
    else if (device)
        device->write(offset, bytes, value);
}

} // namespace nt::hardware::pci
