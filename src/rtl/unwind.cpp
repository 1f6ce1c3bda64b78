#include "rtl/unwind.h"

namespace nt::rtl {

namespace {

// UNWIND_INFO as it lies in .xdata, without the codes.
struct Header {
    UCHAR version_flags, prolog_size, code_count, frame;
    UCHAR version() const { return version_flags & 7; }
    UCHAR flags() const { return version_flags >> 3; }
    UCHAR frame_register() const { return frame & 15; }
    ULONG frame_offset() const { return (frame >> 4) * 16u; }
};

struct Info {
    ULONG_PTR address;
    Header header;
    USHORT codes[256]; // low byte: offset in the prologue; then 4 bits operation, 4 bits operand

    ULONG offset(ULONG i) const { return codes[i] & 0xFF; }
    ULONG op(ULONG i) const { return (codes[i] >> 8) & 15; }
    ULONG operand(ULONG i) const { return codes[i] >> 12; }
    // Where the handler address, or the chained RUNTIME_FUNCTION, lies: the array is padded to an even count.
    ULONG_PTR tail() const { return address + 4 + 2 * ((header.code_count + 1u) & ~1u); }
};

// Slots that code i takes; 0: not a valid code.
ULONG slots(const Info& info, ULONG i) {
    switch (info.op(i)) {
    case UWOP_PUSH_NONVOL:
    case UWOP_ALLOC_SMALL:
    case UWOP_SET_FPREG:
    case UWOP_PUSH_MACHFRAME:
        return 1;
    case UWOP_ALLOC_LARGE:
        return info.operand(i) == 0 ? 2 : info.operand(i) == 1 ? 3 : 0;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128:
        return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
        return 3;
    case UWOP_EPILOG:
        return info.header.version() == 1 ? 2 : 1;
    case UWOP_SPARE_CODE:
        return info.header.version() == 1 ? 3 : 2; // assumed: version 2 reserves two slots
    default:
        return 0;
    }
}

// One unwind: the machine state that is taken back step by step.
class Unwinder {
  public:
    Unwinder(const MemoryReader& memory, CONTEXT& context, KNONVOLATILE_CONTEXT_POINTERS* pointers)
        : memory_(memory), context_(context), pointers_(pointers) {}

    UnwindResult run(ULONG handler_type, ULONG_PTR base, ULONG_PTR pc, const RUNTIME_FUNCTION* function);

  private:
    bool load(ULONG_PTR address, Info& info);
    bool in_epilog(const Info& info, const RUNTIME_FUNCTION& function, ULONG_PTR base, ULONG_PTR pc);
    bool follow_epilog(const Info& info, const RUNTIME_FUNCTION& function, ULONG_PTR base, ULONG_PTR pc,
                       CONTEXT& after);
    UnwindStatus undo(const Info& info, ULONG prolog_offset, ULONG_PTR frame);
    bool pop(ULONG_PTR& value);
    bool restore(ULONG reg, ULONG_PTR address);
    bool restore_xmm(ULONG reg, ULONG_PTR address);
    bool return_to_caller();

    ULONG_PTR& integer(ULONG reg) { return integer_of(context_, reg); }
    static ULONG_PTR& integer_of(CONTEXT& c, ULONG reg) {
        return reinterpret_cast<ULONG_PTR*>(reinterpret_cast<char*>(&c) + offsetof(CONTEXT, Rax))[reg];
    }

    const MemoryReader& memory_;
    CONTEXT& context_;
    KNONVOLATILE_CONTEXT_POINTERS* pointers_;
    bool machine_frame_ = false;
};

bool Unwinder::load(ULONG_PTR address, Info& info) {
    info.address = address;
    if (!memory_.get(address, info.header)) return false;
    if (info.header.version() != 1 && info.header.version() != 2) return false;
    return info.header.code_count == 0 ||
           memory_.read(memory_, address + 4, info.codes, info.header.code_count * 2u);
}

bool Unwinder::pop(ULONG_PTR& value) {
    if (!memory_.get(context_.Rsp, value)) return false;
    context_.Rsp += 8;
    return true;
}

bool Unwinder::restore(ULONG reg, ULONG_PTR address) {
    if (!memory_.get(address, integer(reg))) return false;
    if (pointers_) pointers_->IntegerContext[reg] = reinterpret_cast<ULONGLONG*>(address);
    return true;
}

bool Unwinder::restore_xmm(ULONG reg, ULONG_PTR address) {
    if (!memory_.read(memory_, address,
                      reinterpret_cast<char*>(&context_) + offsetof(CONTEXT, Xmm0) + 16 * reg, 16))
        return false;
    if (pointers_) pointers_->FloatingContext[reg] = reinterpret_cast<M128A*>(address);
    return true;
}

bool Unwinder::return_to_caller() { return pop(context_.Rip); }

// Version 2 says where the epilogues are: the first code holds their size (and whether one ends the
// function), each further one the distance of an epilogue's start from the function's end.
bool Unwinder::in_epilog(const Info& info, const RUNTIME_FUNCTION& function, ULONG_PTR base, ULONG_PTR pc) {
    if (info.header.code_count == 0 || info.op(0) != UWOP_EPILOG) return false;
    const ULONG_PTR end = base + function.EndAddress;
    const ULONG size = info.offset(0);
    if ((info.operand(0) & 1) && pc - (end - size) < size) return true;
    for (ULONG i = 1; i < info.header.code_count && info.op(i) == UWOP_EPILOG; i++) {
        const ULONG distance = info.offset(i) | info.operand(i) << 8;
        if (distance != 0 && pc - (end - distance) < size) return true;
    }
    return false;
}

// Decodes from pc: [add rsp, n | lea rsp, [fp + n]] pop* (ret | ret n | jmp out of the function). If that is
// what follows, `after` is the state at the caller. Only these forms are allowed in an epilogue, so a match
// is proof.
bool Unwinder::follow_epilog(const Info& info, const RUNTIME_FUNCTION& function, ULONG_PTR base, ULONG_PTR pc,
                             CONTEXT& after) {
    const ULONG_PTR end = base + function.EndAddress;
    UCHAR code[16] = {};
    // An instruction lies in the function, so what is behind its end need not be readable.
    const auto fetch = [&](ULONG_PTR at) {
        if (at >= end) return false;
        const ULONG_PTR n = end - at < sizeof code ? end - at : sizeof code;
        for (ULONG_PTR i = n; i < sizeof code; i++)
            code[i] = 0;
        return memory_.read(memory_, at, code, n);
    };
    const auto int32_at = [&](int i) {
        return static_cast<LONG>(code[i] | code[i + 1] << 8 | code[i + 2] << 16 | ULONG{code[i + 3]} << 24);
    };
    if (!fetch(pc)) return false;

    if (code[0] == 0x48 && code[1] == 0x83 && code[2] == 0xC4) { // add rsp, imm8
        after.Rsp += static_cast<signed char>(code[3]);
        pc += 4;
    } else if (code[0] == 0x48 && code[1] == 0x81 && code[2] == 0xC4) { // add rsp, imm32
        after.Rsp += static_cast<LONGLONG>(int32_at(3));
        pc += 7;
    } else if ((code[0] & 0xFE) == 0x48 && code[1] == 0x8D && (code[2] & 0x38) == 0x20 &&
               info.header.frame_register()) {
        const ULONG reg = (code[2] & 7) | (code[0] & 1) << 3; // lea rsp, [fp + disp]
        if (reg != info.header.frame_register()) return false;
        const UCHAR mod = code[2] >> 6;
        const int sib = (reg & 7) == 4 ? 1 : 0; // r12 needs a SIB byte
        if (mod == 1) {
            after.Rsp = integer_of(after, reg) + static_cast<signed char>(code[3 + sib]);
            pc += 4 + sib;
        } else if (mod == 2) {
            after.Rsp = integer_of(after, reg) + static_cast<LONGLONG>(int32_at(3 + sib));
            pc += 7 + sib;
        } else if (mod == 0 && (reg & 7) != 5) {
            after.Rsp = integer_of(after, reg);
            pc += 3 + sib;
        } else {
            return false;
        }
    }

    for (;;) {
        if (!fetch(pc)) return false;
        ULONG reg;
        if ((code[0] & 0xF8) == 0x58) {
            reg = code[0] & 7;
            pc += 1;
        } else if ((code[0] & 0xF0) == 0x40 && (code[1] & 0xF8) == 0x58) {
            reg = (code[1] & 7) | (code[0] & 1) << 3;
            pc += 2;
        } else {
            break;
        }
        if (reg == 4 || !memory_.get(after.Rsp, integer_of(after, reg))) return false;
        if (pointers_) pointers_->IntegerContext[reg] = reinterpret_cast<ULONGLONG*>(after.Rsp);
        after.Rsp += 8;
    }

    bool leaves = code[0] == 0xC3 || (code[0] == 0xF3 && code[1] == 0xC3) || code[0] == 0xC2;
    if (!leaves && (code[0] == 0xEB || code[0] == 0xE9)) { // jmp rel8, rel32
        const LONGLONG distance =
            code[0] == 0xEB ? 2 + static_cast<signed char>(code[1]) : 5 + LONGLONG{int32_at(1)};
        const ULONG_PTR target = pc + distance - base;
        const bool inside = target >= function.BeginAddress && target < function.EndAddress;
        // A jump to the very start is a tail call of the function to itself.
        leaves = !inside || (target == function.BeginAddress && !(info.header.flags() & UNW_FLAG_CHAININFO));
    }
    if (!leaves && code[0] == 0xFF && code[1] == 0x25) leaves = true; // jmp [rip + disp]
    if (!leaves && (code[0] & 0xF8) == 0x48 && code[1] == 0xFF && (code[2] & 0x38) == 0x20) // rex.w jmp r/m
        leaves = true;
    if (!leaves) return false;
    if (!memory_.get(after.Rsp, after.Rip)) return false;
    after.Rsp += 8;
    return true;
}

// Takes back the operations of the prologue that were done when control was `prolog_offset` bytes into it.
UnwindStatus Unwinder::undo(const Info& info, ULONG prolog_offset, ULONG_PTR frame) {
    for (ULONG i = 0; i < info.header.code_count;) {
        const ULONG n = slots(info, i);
        if (n == 0 || i + n > info.header.code_count) return UnwindStatus::bad_unwind_info;
        const ULONG op = info.op(i), operand = info.operand(i);
        const bool position = op == UWOP_EPILOG && info.header.version() == 2; // says where, not what
        if (!position && info.offset(i) <= prolog_offset) {
            const ULONG_PTR small = n > 1 ? info.codes[i + 1] : 0;
            const ULONG_PTR large = n > 2 ? info.codes[i + 1] | ULONG_PTR{info.codes[i + 2]} << 16 : 0;
            bool ok = true;
            switch (op) {
            case UWOP_PUSH_NONVOL:
                ok = restore(operand, context_.Rsp);
                context_.Rsp += 8;
                break;
            case UWOP_ALLOC_LARGE:
                context_.Rsp += operand == 0 ? small * 8 : large;
                break;
            case UWOP_ALLOC_SMALL:
                context_.Rsp += operand * 8 + 8;
                break;
            case UWOP_SET_FPREG:
                context_.Rsp = integer(info.header.frame_register()) - info.header.frame_offset();
                break;
            case UWOP_SAVE_NONVOL:
                ok = restore(operand, frame + small * 8);
                break;
            case UWOP_SAVE_NONVOL_FAR:
                ok = restore(operand, frame + large);
                break;
            case UWOP_SAVE_XMM128:
                ok = restore_xmm(operand, frame + small * 16);
                break;
            case UWOP_SAVE_XMM128_FAR:
                ok = restore_xmm(operand, frame + large);
                break;
            case UWOP_PUSH_MACHFRAME: {
                machine_frame_ = true;
                const ULONG_PTR at = context_.Rsp + (operand ? 8 : 0); // an error code lies on top
                ok = memory_.get(at, context_.Rip) && memory_.get(at + 24, context_.Rsp);
                break;
            }
            default:
                return UnwindStatus::bad_unwind_info;
            }
            if (!ok) return UnwindStatus::bad_stack;
        }
        i += n;
    }
    return UnwindStatus::ok;
}

UnwindResult Unwinder::run(ULONG handler_type, ULONG_PTR base, ULONG_PTR pc,
                           const RUNTIME_FUNCTION* function) {
    UnwindResult result;
    const auto failed = [&](UnwindStatus status) {
        result.status = status;
        return result;
    };
    if (!function) {
        result.establisher_frame = context_.Rsp;
        return return_to_caller() ? result : failed(UnwindStatus::bad_stack);
    }
    Info info;
    if (!load(base + function->UnwindData, info)) return failed(UnwindStatus::bad_unwind_info);

    const ULONG_PTR offset = pc - (base + function->BeginAddress);
    const bool in_prolog = offset < info.header.prolog_size;
    ULONG prolog_offset = in_prolog ? static_cast<ULONG>(offset) : ~0u;

    // The frame: rsp, or what the frame register says once it was set.
    ULONG_PTR frame = context_.Rsp;
    if (info.header.frame_register()) {
        bool is_set = !in_prolog;
        for (ULONG i = 0; in_prolog && i < info.header.code_count;) {
            if (info.op(i) == UWOP_SET_FPREG && info.offset(i) <= prolog_offset) is_set = true;
            const ULONG n = slots(info, i);
            if (n == 0) return failed(UnwindStatus::bad_unwind_info);
            i += n;
        }
        if (is_set) frame = integer(info.header.frame_register()) - info.header.frame_offset();
    }
    result.establisher_frame = frame;

    if (!in_prolog && (info.header.version() == 1 || in_epilog(info, *function, base, pc))) {
        CONTEXT after = context_;
        if (follow_epilog(info, *function, base, pc, after)) {
            context_ = after;
            return result;
        }
    }

    // Through the chain to the primary entry, whose handler counts; parents' prologues are always complete.
    RUNTIME_FUNCTION parent;
    bool chained = false;
    for (int depth = 0;; depth++) {
        if (const auto status = undo(info, prolog_offset, frame); status != UnwindStatus::ok)
            return failed(status);
        if (!(info.header.flags() & UNW_FLAG_CHAININFO)) break;
        if (depth == 32 || !memory_.get(info.tail(), parent) || !load(base + parent.UnwindData, info))
            return failed(UnwindStatus::bad_unwind_info);
        chained = true;
        prolog_offset = ~0u;
        frame = info.header.frame_register()
                    ? integer(info.header.frame_register()) - info.header.frame_offset()
                    : context_.Rsp;
    }

    if ((chained || !in_prolog) &&
        (info.header.flags() & handler_type & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER))) {
        ULONG rva;
        if (!memory_.get(info.tail(), rva)) return failed(UnwindStatus::bad_unwind_info);
        result.handler = base + rva;
        result.handler_data = info.tail() + 4;
    }
    result.machine_frame = machine_frame_;
    if (!machine_frame_ && !return_to_caller()) return failed(UnwindStatus::bad_stack);
    return result;
}

} // namespace

UnwindResult virtual_unwind(const MemoryReader& memory, ULONG handler_type, ULONG_PTR image_base,
                            ULONG_PTR control_pc, const RUNTIME_FUNCTION* function, CONTEXT& context,
                            KNONVOLATILE_CONTEXT_POINTERS* pointers) {
    return Unwinder(memory, context, pointers).run(handler_type, image_base, control_pc, function);
}

const RUNTIME_FUNCTION* find_function(const RUNTIME_FUNCTION* table, std::size_t count, ULONG_PTR image_base,
                                      ULONG_PTR pc) {
    const ULONG_PTR rva = pc - image_base;
    std::size_t low = 0, high = count;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const RUNTIME_FUNCTION& f = table[middle];
        if (rva < f.BeginAddress) {
            high = middle;
        } else if (rva >= f.EndAddress) {
            low = middle + 1;
        } else {
            // An odd UnwindData is the RVA of another entry, which has the data.
            if (f.UnwindData & 1)
                return reinterpret_cast<const RUNTIME_FUNCTION*>(image_base + (f.UnwindData & ~1u));
            return &f;
        }
    }
    return nullptr;
}

const MemoryReader& direct_reader() {
    static const MemoryReader reader{
        [](const MemoryReader&, std::uint64_t address, void* to, std::size_t length) {
            __builtin_memcpy(to, reinterpret_cast<const void*>(address), length);
            return true;
        },
        nullptr};
    return reader;
}

} // namespace nt::rtl
