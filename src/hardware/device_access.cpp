#include "hardware/detail/device_access.h"
#include "abi/context.h"
#include "abi/status.h"
#include "hardware/bus.h"
#include "hardware/detail/execute.h"
#include "host/guest.h"
#include <bit>
#include <cstdio>
#include <cstring>

namespace nt::hardware {

namespace {

constexpr ULONG direction_flag = 0x400, zero_flag = 0x40;
constexpr ULONG_PTR page_size = 0x1000;

Emulation done() {
    Emulation e;
    e.outcome = Outcome::done;
    return e;
}

Emulation access_violation(ULONG_PTR access, ULONG_PTR address) {
    Emulation e;
    e.status = STATUS_ACCESS_VIOLATION;
    e.parameter_count = 2;
    e.parameters[0] = access;
    e.parameters[1] = address;
    return e;
}

class Access {
  public:
    Access(Decoded& insn, PrivilegedOps& ops) : insn_(insn), ops_(ops), rip_(insn.context().Rip) {}
    Emulation run();

  private:
    bool load(ULONG_PTR address, UCHAR* data, ULONG bytes);
    bool store(ULONG_PTR address, const UCHAR* data, ULONG bytes);
    bool on_device(ULONG_PTR address, ULONG bytes, bool write, ULONGLONG& physical);
    bool touches_device(ULONG_PTR address, ULONG bytes, bool write);
    Emulation operand(const ZydisDecodedOperand& memory);
    Emulation string(ULONG bytes);
    Emulation fault() const { return access_violation(guest::fault_is_write(), guest::fault_address()); }
    Emulation not_modelled() const;

    Decoded& insn_;
    PrivilegedOps& ops_;
    const ULONG_PTR rip_;
};

// All of [address, address + bytes), at consecutive physical addresses.
bool Access::on_device(ULONG_PTR address, ULONG bytes, bool write, ULONGLONG& physical) {
    ULONGLONG last = 0;
    if (!ops_.device_memory(address, write, physical)) return false;
    if (address / page_size == (address + bytes - 1) / page_size) return true;
    return ops_.device_memory(address + bytes - 1, write, last) && last == physical + bytes - 1;
}

bool Access::touches_device(ULONG_PTR address, ULONG bytes, bool write) {
    ULONGLONG physical;
    return ops_.device_memory(address, write, physical) ||
           ops_.device_memory(address + bytes - 1, write, physical);
}

// Device memory through the bus, 8 bytes at most at a time; the rest as it is. Half and half: byte by byte.
bool Access::load(ULONG_PTR address, UCHAR* data, ULONG bytes) {
    ULONGLONG physical;
    if (on_device(address, bytes, false, physical)) {
        for (ULONG n = 0; n < bytes; n += 8) {
            const ULONG piece = bytes - n < 8 ? bytes - n : 8;
            const ULONGLONG value = device_memory().read(physical + n, piece, rip_);
            std::memcpy(data + n, &value, piece);
        }
        return true;
    }
    if (bytes == 1 || !touches_device(address, bytes, false)) return guest::copy_from(data, address, bytes);
    for (ULONG n = 0; n < bytes; n++)
        if (!load(address + n, data + n, 1)) return false;
    return true;
}

bool Access::store(ULONG_PTR address, const UCHAR* data, ULONG bytes) {
    ULONGLONG physical;
    if (on_device(address, bytes, true, physical)) {
        for (ULONG n = 0; n < bytes; n += 8) {
            const ULONG piece = bytes - n < 8 ? bytes - n : 8;
            ULONGLONG value = 0;
            std::memcpy(&value, data + n, piece);
            device_memory().write(physical + n, piece, value, rip_);
        }
        return true;
    }
    if (bytes == 1 || !touches_device(address, bytes, true)) return guest::copy_to(address, data, bytes);
    for (ULONG n = 0; n < bytes; n++)
        if (!store(address + n, data + n, 1)) return false;
    return true;
}

Emulation Access::not_modelled() const {
    static char name[64];
    std::snprintf(name, sizeof name, "%s on device memory", ZydisMnemonicGetString(insn_.mnemonic()));
    Emulation e;
    e.outcome = Outcome::not_modelled;
    e.name = name;
    return e;
}

ULONG_PTR operand_address(const Decoded& insn, const ZydisDecodedOperand& memory) {
    const ULONG_PTR address = insn.address_of(memory);
    if (!is_bit_string(insn)) return address;
    const unsigned bits = memory.size;
    const ULONGLONG offset = insn.read(insn.operand(1).reg.value);
    const auto number = static_cast<LONGLONG>(offset << (64 - bits)) >> (64 - bits);
    return address +
           static_cast<ULONG_PTR>((number >> std::countr_zero(bits)) * static_cast<LONGLONG>(bits / 8));
}

bool needs_alignment(const Decoded& insn, const ZydisDecodedOperand& memory) {
    if (memory.size != 128) return false;
    switch (insn.mnemonic()) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_LDDQU:
        return false;
    default:
        return true;
    }
}

// movs, stos, lods, scas, cmps. Element by element, so that a fault in the middle can be continued.
Emulation Access::string(ULONG bytes) {
    CONTEXT& c = insn_.context();
    const ULONG_PTR mask = insn_.address_mask();
    const LONGLONG step = c.EFlags & direction_flag ? -static_cast<LONGLONG>(bytes) : bytes;
    const auto move = [&](ULONG64& r) { r = (r + static_cast<ULONG64>(step)) & mask; };
    const bool repeats = insn_.repeats(),
               until_equal = insn_.instruction().attributes & ZYDIS_ATTRIB_HAS_REPNE;
    while (!repeats || (c.Rcx & mask) != 0) {
        UCHAR data[8] = {}, other[8] = {};
        bool compares = false;
        ULONGLONG left = 0, right = 0;
        switch (insn_.instruction().opcode & ~1u) {
        case 0xA4: // movs
            if (!load(c.Rsi & mask, data, bytes) || !store(c.Rdi & mask, data, bytes)) return fault();
            move(c.Rsi), move(c.Rdi);
            break;
        case 0xAA: // stos
            if (!store(c.Rdi & mask, reinterpret_cast<const UCHAR*>(&c.Rax), bytes)) return fault();
            move(c.Rdi);
            break;
        case 0xAC: // lods
            if (!load(c.Rsi & mask, data, bytes)) return fault();
            std::memcpy(&left, data, 8);
            insn_.write(insn_.operand(0).reg.value, left);
            move(c.Rsi);
            break;
        case 0xA6: // cmps
            if (!load(c.Rsi & mask, data, bytes) || !load(c.Rdi & mask, other, bytes)) return fault();
            std::memcpy(&left, data, 8), std::memcpy(&right, other, 8);
            move(c.Rsi), move(c.Rdi);
            compares = true;
            break;
        case 0xAE: // scas
            if (!load(c.Rdi & mask, other, bytes)) return fault();
            left = c.Rax, std::memcpy(&right, other, 8);
            move(c.Rdi);
            compares = true;
            break;
        default:
            return not_modelled();
        }
        if (compares) compare(c, left, right, bytes);
        if (!repeats) break;
        c.Rcx = (c.Rcx - 1) & mask;
        if (compares && static_cast<bool>(c.EFlags & zero_flag) == until_equal) break;
    }
    insn_.advance();
    return done();
}

Emulation Access::operand(const ZydisDecodedOperand& memory) {
    const ULONG bytes = memory.size / 8;
    const ULONG_PTR address = operand_address(insn_, memory);
    UCHAR data[16] = {};
    if (!can_execute(insn_, memory)) return not_modelled();
    if (needs_alignment(insn_, memory) && address % 16) return access_violation(0, ~ULONG_PTR{0});
    const bool reads = memory.actions & ZYDIS_OPERAND_ACTION_MASK_READ;
    const bool writes = memory.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    const CONTEXT before = insn_.context();
    if (reads && !load(address, data, bytes)) return fault();
    execute_on(insn_, memory, data);
    if (writes && !store(address, data, bytes)) {
        insn_.context() = before;
        return fault();
    }
    return done();
}

Emulation Access::run() {
    if (insn_.instruction().meta.category == ZYDIS_CATEGORY_STRINGOP)
        return string(insn_.operand(0).size / 8);
    for (int i = 0; i < insn_.operand_count(); i++)
        if (insn_.operand(i).type == ZYDIS_OPERAND_TYPE_MEMORY &&
            insn_.operand(i).mem.type == ZYDIS_MEMOP_TYPE_MEM)
            return operand(insn_.operand(i));
    return not_modelled();
}

} // namespace

Emulation access_device(Decoded& insn, PrivilegedOps& ops) { return Access(insn, ops).run(); }

bool load_shared_data(Decoded& insn, PrivilegedOps& ops) {
    constexpr ULONG_PTR size_of_page = 0x1000;
    for (int i = 0; i < insn.operand_count(); i++) {
        const ZydisDecodedOperand& o = insn.operand(i);
        if (o.type != ZYDIS_OPERAND_TYPE_MEMORY || o.mem.type != ZYDIS_MEMOP_TYPE_MEM) continue;
        const ULONG_PTR offset = insn.address_of(o) - kernel_shared_user_data, size = o.size / 8;
        UCHAR data[16] = {};
        if (size > sizeof data || offset > size_of_page - size || insn.repeats()) return false;
        if (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) return false;
        if (!can_execute(insn, o) || !guest::copy_from(data, ops.shared_user_data() + offset, size))
            return false;
        execute_on(insn, o, data);
        ops.time_was_read();
        return true;
    }
    return false;
}

} // namespace nt::hardware
