#include "hardware/detail/execute.h"
#include "host/scratch_code.h"
#include <cstddef>
#include <cstring>

extern "C" void hardware_execute(nt::CONTEXT* context, const void* code);
extern "C" const char hardware_executed[];

namespace nt::hardware {

static_assert(offsetof(CONTEXT, EFlags) == 0x44 && offsetof(CONTEXT, Rax) == 0x78 &&
              offsetof(CONTEXT, Rdi) == 0xB0 && offsetof(CONTEXT, R15) == 0xF0 &&
              offsetof(CONTEXT, Xmm0) == 0x1A0);

namespace {

// What cannot fault once its operand is there, and does nothing but compute.
bool plain(const Decoded& insn) {
    const ZydisDecodedInstruction& i = insn.instruction();
    if (i.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
    switch (i.mnemonic) {
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_MASKMOVQ:
        return false;
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_POPCNT:
    case ZYDIS_MNEMONIC_CRC32:
        return true;
    default:
        break;
    }
    switch (i.meta.category) {
    case ZYDIS_CATEGORY_BINARY:
    case ZYDIS_CATEGORY_BITBYTE:
    case ZYDIS_CATEGORY_CMOV:
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_LOGICAL:
    case ZYDIS_CATEGORY_ROTATE:
    case ZYDIS_CATEGORY_SEMAPHORE:
    case ZYDIS_CATEGORY_SETCC:
    case ZYDIS_CATEGORY_SHIFT:
        return true;
    default:
        return false;
    }
}

// Only general registers that the host's own stack does not hang on, and xmm registers.
bool registers_allow(const Decoded& insn) {
    for (int n = 0; n < insn.instruction().operand_count; n++) {
        const ZydisDecodedOperand& o = insn.operand(n);
        if (o.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
        switch (ZydisRegisterGetClass(o.reg.value)) {
        case ZYDIS_REGCLASS_GPR8:
        case ZYDIS_REGCLASS_GPR16:
        case ZYDIS_REGCLASS_GPR32:
        case ZYDIS_REGCLASS_GPR64:
            if (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o.reg.value) ==
                ZYDIS_REGISTER_RSP)
                return false;
            break;
        case ZYDIS_REGCLASS_XMM:
        case ZYDIS_REGCLASS_FLAGS:
            break;
        default:
            return false;
        }
    }
    return true;
}

// Writes code that ends in hardware_executed.
class Assembler {
  public:
    void byte(unsigned b) { *at_++ = static_cast<UCHAR>(b); }
    void bytes(const UCHAR* from, std::size_t n) {
        std::memcpy(at_, from, n);
        at_ += n;
    }
    // The displacement of a rip-relative operand at `data`, when `tail` bytes of the instruction follow it.
    void displacement(const UCHAR* data, std::size_t tail) {
        const auto distance = static_cast<LONG>(data - (at_ + 4 + tail));
        std::memcpy(at_, &distance, 4);
        at_ += 4;
    }
    void run(CONTEXT& context) {
        const char* back = hardware_executed;
        bytes(reinterpret_cast<const UCHAR*>("\xFF\x25\0\0\0"), 6); // jmp [rip]
        bytes(reinterpret_cast<const UCHAR*>(&back), 8);
        hardware_execute(&context, host::scratch_code().code);
    }

  private:
    UCHAR* at_ = host::scratch_code().code;
};

constexpr unsigned rip_relative = 0x05; // ModRM without its register field

// The prefixes and the opcode, up to `end`. Segment and address size, which speak of the address that is
// replaced, become a prefix without meaning: a REX prefix counts only where it stands before the opcode.
void copy_head(Assembler& out, const Decoded& insn, std::size_t end) {
    const ZydisDecodedInstruction& i = insn.instruction();
    for (std::size_t n = 0; n < end; n++) {
        UCHAR b = insn.bytes()[n];
        if (n < i.raw.prefix_count && (b == 0x64 || b == 0x65 || b == 0x67)) b = 0x3E;
        if ((i.attributes & ZYDIS_ATTRIB_HAS_REX) && n == i.raw.rex.offset) b &= ~0x03u; // index and base
        out.byte(b);
    }
}

// mov al/ax/eax/rax, [absolute address] and back: no ModRM to change.
bool is_absolute(const ZydisDecodedInstruction& i) {
    return i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && i.opcode >= 0xA0 && i.opcode <= 0xA3;
}

void execute_absolute(Decoded& insn, const UCHAR* data) {
    const ZydisDecodedInstruction& i = insn.instruction();
    static constexpr UCHAR with_modrm[] = {0x8A, 0x8B, 0x88, 0x89};
    const std::size_t opcode = i.raw.disp.offset - 1u;
    Assembler out;
    copy_head(out, insn, opcode);
    out.byte(with_modrm[i.opcode - 0xA0]);
    out.byte(rip_relative);
    out.displacement(data, 0);
    out.run(insn.context());
}

bool has_modrm_memory(const ZydisDecodedInstruction& i) {
    return (i.attributes & ZYDIS_ATTRIB_HAS_MODRM) && i.raw.modrm.mod != 3;
}

void execute_with_modrm(Decoded& insn, const UCHAR* data) {
    const ZydisDecodedInstruction& i = insn.instruction();
    const std::size_t modrm = i.raw.modrm.offset;
    const std::size_t after = i.raw.imm[0].size ? i.raw.imm[0].offset : i.length;
    Assembler out;
    copy_head(out, insn, modrm);
    out.byte(rip_relative | i.raw.modrm.reg << 3);
    out.displacement(data, i.length - after);
    out.bytes(insn.bytes() + after, i.length - after);
    out.run(insn.context());
}

} // namespace

bool is_bit_string(const Decoded& insn) {
    const auto m = insn.mnemonic();
    return (m == ZYDIS_MNEMONIC_BT || m == ZYDIS_MNEMONIC_BTS || m == ZYDIS_MNEMONIC_BTR ||
            m == ZYDIS_MNEMONIC_BTC) &&
           insn.operand(1).type == ZYDIS_OPERAND_TYPE_REGISTER;
}

bool can_execute(const Decoded& insn, const ZydisDecodedOperand& memory) {
    return plain(insn) && registers_allow(insn) && memory.size >= 8 && memory.size <= 128 &&
           (has_modrm_memory(insn.instruction()) || is_absolute(insn.instruction()));
}

void execute_on(Decoded& insn, const ZydisDecodedOperand& memory, UCHAR* data) {
    UCHAR* operand = host::scratch_code().data;
    std::memcpy(operand, data, 16);
    // The operand of a bit string begins where the register says; here only the bit within it counts.
    CONTEXT& c = insn.context();
    const CONTEXT before = c;
    const bool bits = is_bit_string(insn);
    if (bits) {
        const auto offset = insn.operand(1).reg.value;
        insn.write(offset, insn.read(offset) & (memory.size - 1u));
    }
    if (has_modrm_memory(insn.instruction()))
        execute_with_modrm(insn, operand);
    else
        execute_absolute(insn, operand);
    if (bits) {
        const ULONG flags = c.EFlags;
        c = before;
        c.EFlags = flags;
    }
    std::memcpy(data, operand, 16);
    insn.advance();
}

void compare(CONTEXT& context, ULONGLONG left, ULONGLONG right, ULONG bytes) {
    const ULONG64 accumulator = context.Rax;
    UCHAR* operand = host::scratch_code().data;
    std::memcpy(operand, &right, 8);
    context.Rax = left;
    Assembler out; // cmp accumulator, [rip + …]
    if (bytes == 2) out.byte(0x66);
    if (bytes == 8) out.byte(0x48);
    out.byte(bytes == 1 ? 0x3A : 0x3B);
    out.byte(rip_relative);
    out.displacement(operand, 0);
    out.run(context);
    context.Rax = accumulator;
}

} // namespace nt::hardware
