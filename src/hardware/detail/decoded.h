// One decoded instruction and the registers it works on. Zydis is met here and nowhere else in the room.
#pragma once
#include "abi/context.h"
#include <Zydis/Zydis.h>

namespace nt::hardware {

class Decoded {
  public:
    explicit Decoded(CONTEXT& context) : context_(context) {}

    // False: no instruction there, or its bytes cannot be read.
    bool decode(const UCHAR* bytes, std::size_t length);

    ZydisMnemonic mnemonic() const { return instruction_.mnemonic; }
    const ZydisDecodedOperand& operand(int i) const { return operands_[i]; }
    int operand_count() const { return instruction_.operand_count_visible; }
    const ZydisDecodedInstruction& instruction() const { return instruction_; }
    const UCHAR* bytes() const { return bytes_; }
    bool repeats() const {
        return instruction_.attributes &
               (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
    }
    ULONG length() const { return instruction_.length; }
    ULONG_PTR address_mask() const { return instruction_.address_width == 32 ? 0xFFFFFFFF : ~ULONG_PTR{0}; }

    // A general register as an instruction sees it: a write to 32 bits clears the upper half.
    ULONGLONG read(ZydisRegister reg) const;
    void write(ZydisRegister reg, ULONGLONG value);
    ULONG_PTR address_of(const ZydisDecodedOperand& memory) const;
    // Value of a register or immediate operand, zero-extended to 64 bits from its width (immediates: as
    // encoded).
    ULONGLONG value_of(const ZydisDecodedOperand& operand) const;

    CONTEXT& context() const { return context_; }
    // Goes to the next instruction.
    void advance() { context_.Rip += instruction_.length; }

  private:
    ULONG64* slot(ZydisRegister reg, unsigned& shift, unsigned& width) const;

    CONTEXT& context_;
    UCHAR bytes_[ZYDIS_MAX_INSTRUCTION_LENGTH]{};
    ZydisDecodedInstruction instruction_{};
    ZydisDecodedOperand operands_[ZYDIS_MAX_OPERAND_COUNT]{};
};

} // namespace nt::hardware
