// Loads from memory that is elsewhere than the instruction says: what compilers make of reads of
// KUSER_SHARED_DATA.
#include "hardware/detail/decoded.h"
#include <cstring>

namespace nt::hardware {

namespace {

enum : ULONG { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800 };
constexpr ULONG status_flags = CF | PF | AF | ZF | SF | OF;

ULONGLONG mask_of(unsigned bits) { return bits >= 64 ? ~0ull : (1ull << bits) - 1; }
ULONGLONG sign_extend(ULONGLONG v, unsigned bits) {
    return bits >= 64 ? v : static_cast<ULONGLONG>(static_cast<LONGLONG>(v << (64 - bits)) >> (64 - bits));
}

ULONG result_flags(ULONGLONG r, unsigned bits) {
    ULONG f = 0;
    if ((r & mask_of(bits)) == 0) f |= ZF;
    if (r >> (bits - 1) & 1) f |= SF;
    if (__builtin_parity(static_cast<unsigned>(r & 0xFF)) == 0) f |= PF;
    return f;
}

void set_flags(CONTEXT& c, ULONG flags) { c.EFlags = (c.EFlags & ~status_flags) | flags; }

ULONGLONG add(CONTEXT& c, ULONGLONG a, ULONGLONG b, unsigned bits, ULONG carry) {
    const ULONGLONG m = mask_of(bits), r = (a + b + carry) & m;
    ULONG f = result_flags(r, bits) | ((a ^ b ^ r) & AF);
    if (((a & b) | ((a | b) & ~r)) >> (bits - 1) & 1) f |= CF;
    if (((a ^ r) & (b ^ r)) >> (bits - 1) & 1) f |= OF;
    set_flags(c, f);
    return r;
}

ULONGLONG subtract(CONTEXT& c, ULONGLONG a, ULONGLONG b, unsigned bits, ULONG borrow) {
    const ULONGLONG m = mask_of(bits), r = (a - b - borrow) & m;
    ULONG f = result_flags(r, bits) | ((a ^ b ^ r) & AF);
    if (((~a & b) | ((~a | b) & r)) >> (bits - 1) & 1) f |= CF;
    if (((a ^ b) & (a ^ r)) >> (bits - 1) & 1) f |= OF;
    set_flags(c, f);
    return r;
}

ULONGLONG logic(CONTEXT& c, ULONGLONG r, unsigned bits) {
    set_flags(c, result_flags(r, bits));
    return r;
}

ULONGLONG multiply_signed(CONTEXT& c, ULONGLONG a, ULONGLONG b, unsigned bits) {
    const __int128 product = static_cast<__int128>(static_cast<LONGLONG>(sign_extend(a, bits))) *
                             static_cast<LONGLONG>(sign_extend(b, bits));
    const ULONGLONG r = static_cast<ULONGLONG>(product) & mask_of(bits);
    const bool lost = product != static_cast<LONGLONG>(sign_extend(r, bits));
    set_flags(c, result_flags(r, bits) | (lost ? CF | OF : 0u));
    return r;
}

// Condition codes in the order of their encoding: O NO B NB Z NZ BE NBE S NS P NP L NL LE NLE.
bool condition(ULONG flags, unsigned code) {
    bool r = false;
    switch (code >> 1) {
    case 0:
        r = flags & OF;
        break;
    case 1:
        r = flags & CF;
        break;
    case 2:
        r = flags & ZF;
        break;
    case 3:
        r = flags & (CF | ZF);
        break;
    case 4:
        r = flags & SF;
        break;
    case 5:
        r = flags & PF;
        break;
    case 6:
        r = !(flags & SF) != !(flags & OF);
        break;
    case 7:
        r = (flags & ZF) || !(flags & SF) != !(flags & OF);
        break;
    }
    return r != static_cast<bool>(code & 1);
}

int cmov_condition(ZydisMnemonic m) {
    switch (m) {
    case ZYDIS_MNEMONIC_CMOVO:
        return 0;
    case ZYDIS_MNEMONIC_CMOVNO:
        return 1;
    case ZYDIS_MNEMONIC_CMOVB:
        return 2;
    case ZYDIS_MNEMONIC_CMOVNB:
        return 3;
    case ZYDIS_MNEMONIC_CMOVZ:
        return 4;
    case ZYDIS_MNEMONIC_CMOVNZ:
        return 5;
    case ZYDIS_MNEMONIC_CMOVBE:
        return 6;
    case ZYDIS_MNEMONIC_CMOVNBE:
        return 7;
    case ZYDIS_MNEMONIC_CMOVS:
        return 8;
    case ZYDIS_MNEMONIC_CMOVNS:
        return 9;
    case ZYDIS_MNEMONIC_CMOVP:
        return 10;
    case ZYDIS_MNEMONIC_CMOVNP:
        return 11;
    case ZYDIS_MNEMONIC_CMOVL:
        return 12;
    case ZYDIS_MNEMONIC_CMOVNL:
        return 13;
    case ZYDIS_MNEMONIC_CMOVLE:
        return 14;
    case ZYDIS_MNEMONIC_CMOVNLE:
        return 15;
    default:
        return -1;
    }
}

bool is_xmm(const ZydisDecodedOperand& o) {
    return o.type == ZYDIS_OPERAND_TYPE_REGISTER && o.reg.value >= ZYDIS_REGISTER_XMM0 &&
           o.reg.value <= ZYDIS_REGISTER_XMM15;
}

bool load_vector(Decoded& insn, const UCHAR* data) {
    M128A& to = insn.xmm(insn.operand(0).reg.value);
    switch (insn.mnemonic()) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVAPS:
    case ZYDIS_MNEMONIC_MOVAPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_MOVDQA:
    case ZYDIS_MNEMONIC_LDDQU:
        std::memcpy(&to, data, 16);
        return true;
    case ZYDIS_MNEMONIC_MOVQ:
    case ZYDIS_MNEMONIC_MOVSD:
        std::memcpy(&to.Low, data, 8);
        to.High = 0;
        return true;
    case ZYDIS_MNEMONIC_MOVD:
    case ZYDIS_MNEMONIC_MOVSS:
        to.Low = 0;
        std::memcpy(&to.Low, data, 4);
        to.High = 0;
        return true;
    case ZYDIS_MNEMONIC_MOVLPS:
    case ZYDIS_MNEMONIC_MOVLPD:
        std::memcpy(&to.Low, data, 8);
        return true;
    case ZYDIS_MNEMONIC_MOVHPS:
    case ZYDIS_MNEMONIC_MOVHPD:
        std::memcpy(&to.High, data, 8);
        return true;
    default:
        return false;
    }
}

} // namespace

bool execute_load(Decoded& insn, const ZydisDecodedOperand& memory, const UCHAR* data) {
    CONTEXT& c = insn.context();
    const ZydisDecodedOperand& first = insn.operand(0);
    if (insn.repeats()) return false;
    if (is_xmm(first)) {
        if (!load_vector(insn, data)) return false;
        insn.advance();
        return true;
    }
    const unsigned bits = memory.size;
    if (bits == 0 || bits > 64) return false;
    ULONGLONG value = 0;
    std::memcpy(&value, data, bits / 8);

    // The other operand of a two-operand instruction, whichever side it stands on.
    const bool memory_first = &memory == &insn.operand(0);
    const ZydisDecodedOperand& other = insn.operand(memory_first ? 1 : 0);
    const bool to_register = first.type == ZYDIS_OPERAND_TYPE_REGISTER;
    const auto other_value = [&] { return insn.value_of(other) & mask_of(bits); };
    const auto left = [&] { return memory_first ? value : other_value(); };
    const auto right = [&] { return memory_first ? other_value() : value; };

    switch (insn.mnemonic()) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
        if (!to_register) return false;
        insn.write(first.reg.value, value);
        break;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        if (!to_register) return false;
        insn.write(first.reg.value, sign_extend(value, bits));
        break;
    case ZYDIS_MNEMONIC_CMP:
        subtract(c, left(), right(), bits, 0);
        break;
    case ZYDIS_MNEMONIC_TEST:
        logic(c, value & other_value(), bits);
        break;
    case ZYDIS_MNEMONIC_ADD:
        if (!to_register) return false;
        insn.write(first.reg.value, add(c, left(), right(), bits, 0));
        break;
    case ZYDIS_MNEMONIC_ADC:
        if (!to_register) return false;
        insn.write(first.reg.value, add(c, left(), right(), bits, c.EFlags & CF));
        break;
    case ZYDIS_MNEMONIC_SUB:
        if (!to_register) return false;
        insn.write(first.reg.value, subtract(c, left(), right(), bits, 0));
        break;
    case ZYDIS_MNEMONIC_SBB:
        if (!to_register) return false;
        insn.write(first.reg.value, subtract(c, left(), right(), bits, c.EFlags & CF));
        break;
    case ZYDIS_MNEMONIC_AND:
        if (!to_register) return false;
        insn.write(first.reg.value, logic(c, left() & right(), bits));
        break;
    case ZYDIS_MNEMONIC_OR:
        if (!to_register) return false;
        insn.write(first.reg.value, logic(c, left() | right(), bits));
        break;
    case ZYDIS_MNEMONIC_XOR:
        if (!to_register) return false;
        insn.write(first.reg.value, logic(c, left() ^ right(), bits));
        break;
    case ZYDIS_MNEMONIC_IMUL:
        if (insn.operand_count() < 2) return false;
        if (insn.operand_count() == 3)
            insn.write(first.reg.value, multiply_signed(c, value, insn.value_of(insn.operand(2)), bits));
        else
            insn.write(first.reg.value, multiply_signed(c, insn.read(first.reg.value), value, bits));
        break;
    case ZYDIS_MNEMONIC_MUL: {
        if (bits < 32) return false;
        const unsigned __int128 product = static_cast<unsigned __int128>(c.Rax & mask_of(bits)) * value;
        const auto low = static_cast<ULONGLONG>(product) & mask_of(bits);
        const auto high = static_cast<ULONGLONG>(product >> bits) & mask_of(bits);
        c.Rax = low;
        c.Rdx = high;
        set_flags(c, result_flags(low, bits) | (high ? CF | OF : 0u));
        break;
    }
    case ZYDIS_MNEMONIC_BT: {
        if (other.type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return false; // a register may point beyond the operand
        const bool bit = value >> (other.imm.value.u % bits) & 1;
        c.EFlags = (c.EFlags & ~ULONG{CF}) | (bit ? CF : 0u);
        break;
    }
    default: {
        const int code = cmov_condition(insn.mnemonic());
        if (code < 0) return false;
        insn.write(first.reg.value, condition(c.EFlags, code) ? value : insn.read(first.reg.value));
    }
    }
    insn.advance();
    return true;
}

} // namespace nt::hardware
