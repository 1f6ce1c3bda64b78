#include "hardware/memory_use.h"
#include "hardware/detail/decoded.h"
#include "host/guest.h"

namespace nt::hardware {

static bool is_plain(const Decoded& decoded) {
    const ZydisDecodedInstruction& insn = decoded.instruction();
    switch (insn.meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_BINARY:
    case ZYDIS_CATEGORY_BITBYTE:
    case ZYDIS_CATEGORY_BMI1:
    case ZYDIS_CATEGORY_BMI2:
    case ZYDIS_CATEGORY_CMOV:
    case ZYDIS_CATEGORY_CONVERT:
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_LOGICAL:
    case ZYDIS_CATEGORY_MISC: // lea, leave, pause …
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_POP:
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_ROTATE:
    case ZYDIS_CATEGORY_SEMAPHORE: // cmpxchg, xadd
    case ZYDIS_CATEGORY_SETCC:
    case ZYDIS_CATEGORY_SHIFT:
    case ZYDIS_CATEGORY_SSE:
    case ZYDIS_CATEGORY_STRINGOP:
    case ZYDIS_CATEGORY_WIDENOP:
        break;
    case ZYDIS_CATEGORY_FLAGOP:
        return true; // clc, cmc, cld …; cli and sti trap
    default:
        return false;
    }
    switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_XGETBV:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_ENTER:
        return false;
    case ZYDIS_MNEMONIC_BT: // by a register they reach beyond their operand
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS:
        return !(decoded.operand(0).type == ZYDIS_OPERAND_TYPE_MEMORY &&
                 decoded.operand(1).type == ZYDIS_OPERAND_TYPE_REGISTER);
    default:
        return true;
    }
}

bool memory_use(CONTEXT& context, ULONG_PTR gs_base, MemoryUse& use) {
    UCHAR bytes[15];
    std::size_t length = sizeof bytes;
    while (length && !guest::copy_from(bytes, context.Rip, length)) // it may end just before a page
        length--;
    Decoded insn(context);
    if (!length || !insn.decode(bytes, length) || !is_plain(insn)) return false;
    use.count = 0;
    for (int i = 0; i < insn.instruction().operand_count; i++) {
        const ZydisDecodedOperand& o = insn.operand(i);
        if (o.type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(o.reg.value) == ZYDIS_REGCLASS_SEGMENT &&
            (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            return false;
        if (o.type != ZYDIS_OPERAND_TYPE_MEMORY || o.mem.type != ZYDIS_MEMOP_TYPE_MEM) continue;
        const ULONG size = o.size / 8;
        if (use.count == MemoryUse::most || size == 0 || size > MemoryUse::most_bytes ||
            o.mem.segment == ZYDIS_REGISTER_FS)
            return false;
        const bool gs = o.mem.segment == ZYDIS_REGISTER_GS,
                   write = o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        // What push and call write lies below rsp as it is before them.
        const bool push =
            write && o.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && o.mem.base == ZYDIS_REGISTER_RSP;
        use.operands[use.count++] = {insn.address_of(o) + (gs ? gs_base : 0) - (push ? size : 0), size, write,
                                     gs};
    }
    return true;
}

} // namespace nt::hardware
