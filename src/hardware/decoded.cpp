#include "hardware/detail/decoded.h"
#include <cstring>

namespace nt::hardware {

bool Decoded::decode(const UCHAR* bytes, std::size_t length) {
    static const ZydisDecoder decoder = [] {
        ZydisDecoder d;
        ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        return d;
    }();
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &instruction_, operands_)))
        return false;
    std::memcpy(bytes_, bytes, instruction_.length);
    return true;
}

ULONG64* Decoded::slot(ZydisRegister reg, unsigned& shift, unsigned& width) const {
    shift = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH ? 8 : 0;
    width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg);
    const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    return &context_.Rax + (whole - ZYDIS_REGISTER_RAX); // CONTEXT has them in encoding order
}

ULONGLONG Decoded::read(ZydisRegister reg) const {
    unsigned shift, width;
    const ULONGLONG value = *slot(reg, shift, width) >> shift;
    return width == 64 ? value : value & ((1ull << width) - 1);
}

void Decoded::write(ZydisRegister reg, ULONGLONG value) {
    unsigned shift, width;
    ULONG64& r = *slot(reg, shift, width);
    if (width >= 32) {
        r = width == 64 ? value : static_cast<ULONG>(value);
    } else {
        const ULONGLONG mask = ((1ull << width) - 1) << shift;
        r = (r & ~mask) | (value << shift & mask);
    }
}

ULONG_PTR Decoded::address_of(const ZydisDecodedOperand& memory) const {
    ZydisRegisterContext registers{};
    for (int i = 0; i < 16; i++)
        registers.values[ZYDIS_REGISTER_RAX + i] = (&context_.Rax)[i];
    for (int i = 0; i < 16; i++)
        registers.values[ZYDIS_REGISTER_EAX + i] = static_cast<ULONG>((&context_.Rax)[i]);
    ZyanU64 address = 0;
    ZydisCalcAbsoluteAddressEx(&instruction_, &memory, context_.Rip, &registers, &address);
    return address;
}

ULONGLONG Decoded::value_of(const ZydisDecodedOperand& o) const {
    if (o.type == ZYDIS_OPERAND_TYPE_REGISTER) return read(o.reg.value);
    return o.imm.value.u;
}

} // namespace nt::hardware
