#include "hardware/emulate.h"
#include "abi/context.h"
#include "abi/status.h"
#include "hardware/bus.h"
#include "hardware/cpuid.h"
#include "hardware/detail/decoded.h"
#include "hardware/detail/device_access.h"
#include "host/guest.h"
#include <cstdarg>
#include <cstdio>

namespace nt::hardware {

namespace {

constexpr ULONG shared_user_data_size = 0x1000;
constexpr ULONG gs_base_msr = 0xC000'0101;
constexpr ULONG carry_flag = 1, interrupt_flag = 0x200, direction_flag = 0x400;
constexpr ULONG arithmetic_flags = 0x8D5; // CF PF AF ZF SF OF
constexpr ULONG popf_flags =
    0x0DD5 & ~0x100u; // what code may set: the arithmetic flags and DF; never the trap flag

class Emulator {
  public:
    Emulator(CONTEXT& context, const Trap& trap, PrivilegedOps& ops, bool kernel)
        : context_(context), trap_(trap), ops_(ops), kernel_(kernel), insn_(context) {}

    Emulation run();

  private:
    enum class Class { sensitive, privileged, interrupt, other };

    bool fetch();
    Class classify() const;
    Emulation sensitive();
    Emulation privileged();
    Emulation interrupt();
    Emulation move_special();
    Emulation port_io();
    Emulation string_io();
    Emulation flags_on_stack();
    Emulation segment_base();

    Emulation done(bool advance = true) {
        if (advance) insn_.advance();
        Emulation e;
        e.outcome = Outcome::done;
        return e;
    }
    static Emulation exception(NTSTATUS status) {
        Emulation e;
        e.status = status;
        return e;
    }
    static Emulation access_violation(ULONG_PTR access, ULONG_PTR address) {
        Emulation e = exception(STATUS_ACCESS_VIOLATION);
        e.parameter_count = 2;
        e.parameters[0] = access;
        e.parameters[1] = address;
        return e;
    }
    // What a trap is when there is nothing to emulate.
    Emulation as_it_stands() const {
        if (trap_.kind == Trap::page) return access_violation(trap_.is_write, trap_.address);
        if (trap_.kind == Trap::undefined) return exception(STATUS_ILLEGAL_INSTRUCTION);
        return access_violation(0,
                                ~ULONG_PTR{0}); // the processor does not say which address was not canonical
    }
    __attribute__((format(printf, 1, 2))) static Emulation not_modelled(const char* format, ...);
    Emulation answer(bool modelled, const char* what) { return modelled ? done() : not_modelled("%s", what); }

    CONTEXT& context_;
    const Trap& trap_;
    PrivilegedOps& ops_;
    const bool kernel_;
    Decoded insn_;
};

Emulation Emulator::not_modelled(const char* format, ...) {
    static char name[64];
    va_list args;
    va_start(args, format);
    std::vsnprintf(name, sizeof name, format, args);
    va_end(args);
    Emulation e;
    e.outcome = Outcome::not_modelled;
    e.name = name;
    return e;
}

bool Emulator::fetch() {
    UCHAR bytes[16];
    std::size_t length = 15;
    if (!ops_.original_bytes(context_.Rip, bytes)) {
        // An instruction may end just before a page that is not there.
        while (length && !guest::copy_from(bytes, context_.Rip, length))
            length--;
    }
    return length && insn_.decode(bytes, length);
}

Emulator::Class Emulator::classify() const {
    switch (insn_.mnemonic()) {
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
    case ZYDIS_MNEMONIC_XGETBV:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_SMSW:
    case ZYDIS_MNEMONIC_PAUSE:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_RDFSBASE:
    case ZYDIS_MNEMONIC_RDGSBASE:
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
        return Class::sensitive;
    case ZYDIS_MNEMONIC_MOV: {
        const auto special = [this](int i) {
            const auto& o = insn_.operand(i);
            if (o.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
            const auto c = ZydisRegisterGetClass(o.reg.value);
            return c == ZYDIS_REGCLASS_CONTROL || c == ZYDIS_REGCLASS_DEBUG;
        };
        return special(0) || special(1) ? Class::privileged : Class::other;
    }
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
    case ZYDIS_MNEMONIC_RDMSR:
    case ZYDIS_MNEMONIC_WRMSR:
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_INVD:
    case ZYDIS_MNEMONIC_WBINVD:
    case ZYDIS_MNEMONIC_CLTS:
    case ZYDIS_MNEMONIC_LMSW:
    case ZYDIS_MNEMONIC_LGDT:
    case ZYDIS_MNEMONIC_LIDT:
    case ZYDIS_MNEMONIC_LLDT:
    case ZYDIS_MNEMONIC_LTR:
    case ZYDIS_MNEMONIC_SWAPGS:
    case ZYDIS_MNEMONIC_XSETBV:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_INVPCID:
    case ZYDIS_MNEMONIC_MONITOR:
    case ZYDIS_MNEMONIC_MWAIT:
    case ZYDIS_MNEMONIC_STAC:
    case ZYDIS_MNEMONIC_CLAC:
    case ZYDIS_MNEMONIC_SYSEXIT:
    case ZYDIS_MNEMONIC_SYSRET:
    case ZYDIS_MNEMONIC_VMCALL:
    case ZYDIS_MNEMONIC_VMXON:
    case ZYDIS_MNEMONIC_VMXOFF:
    case ZYDIS_MNEMONIC_VMLAUNCH:
    case ZYDIS_MNEMONIC_VMRESUME:
    case ZYDIS_MNEMONIC_VMREAD:
    case ZYDIS_MNEMONIC_VMWRITE:
        return Class::privileged;
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT3:
        return Class::interrupt;
    default:
        return Class::other;
    }
}

Emulation Emulator::sensitive() {
    CONTEXT& c = context_;
    switch (insn_.mnemonic()) {
    case ZYDIS_MNEMONIC_CPUID: {
        const CpuidResult r = cpuid(static_cast<ULONG>(c.Rax), static_cast<ULONG>(c.Rcx));
        c.Rax = r.eax;
        c.Rbx = r.ebx;
        c.Rcx = r.ecx;
        c.Rdx = r.edx;
        return done();
    }
    case ZYDIS_MNEMONIC_RDTSCP:
        c.Rcx = ops_.processor_number();
        [[fallthrough]];
    case ZYDIS_MNEMONIC_RDTSC: {
        const ULONGLONG t = ops_.time_stamp();
        c.Rax = static_cast<ULONG>(t);
        c.Rdx = t >> 32;
        ops_.time_was_read();
        return done();
    }
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
        insn_.write(insn_.operand(0).reg.value, ops_.random());
        c.EFlags = (c.EFlags & ~arithmetic_flags) | carry_flag;
        return done();
    case ZYDIS_MNEMONIC_PAUSE: {
        const Emulation e = done();
        ops_.pause();
        return e;
    }
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPFQ:
        return flags_on_stack();
    case ZYDIS_MNEMONIC_RDFSBASE:
    case ZYDIS_MNEMONIC_RDGSBASE:
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
        return segment_base();
    case ZYDIS_MNEMONIC_XGETBV:
        return exception(STATUS_ILLEGAL_INSTRUCTION); // cpuid says: no OSXSAVE
    default: // sgdt and its kin: with UMIP a fault in user mode, in kernel mode an address of tables that are
             // not modelled
        return kernel_ ? not_modelled("%s", ZydisMnemonicGetString(insn_.mnemonic()))
                       : exception(STATUS_PRIVILEGED_INSTRUCTION);
    }
}

// FS is the host's own; a driver's is null. Programs do without: cpuid does not show FSGSBASE.
Emulation Emulator::segment_base() {
    if (!kernel_) return exception(STATUS_ILLEGAL_INSTRUCTION);
    const auto& operand = insn_.operand(0).reg.value;
    switch (insn_.mnemonic()) {
    case ZYDIS_MNEMONIC_RDFSBASE:
        insn_.write(operand, 0);
        return done();
    case ZYDIS_MNEMONIC_RDGSBASE:
        insn_.write(operand, ops_.gs_base());
        return done();
    case ZYDIS_MNEMONIC_WRGSBASE:
        return answer(ops_.set_gs_base(insn_.read(operand), "wrgsbase"), "wrgsbase");
    default:
        return not_modelled("wrfsbase");
    }
}

// pushfq and popfq see the interrupt flag of the modelled processor, not of the host's.
Emulation Emulator::flags_on_stack() {
    CONTEXT& c = context_;
    if (insn_.mnemonic() == ZYDIS_MNEMONIC_PUSHFQ) {
        ULONGLONG flags = (c.EFlags & ~interrupt_flag) | 2;
        if (!kernel_ || ops_.interrupts_enabled()) flags |= interrupt_flag;
        if (!guest::write(c.Rsp - 8, flags)) return access_violation(1, guest::fault_address());
        c.Rsp -= 8;
        return done();
    }
    ULONGLONG flags;
    if (!guest::read(c.Rsp, flags)) return access_violation(0, guest::fault_address());
    const bool enable = flags & interrupt_flag;
    if (kernel_ && enable != ops_.interrupts_enabled() && !ops_.set_interrupts(enable))
        return not_modelled("popfq that changes the interrupt flag");
    c.Rsp += 8;
    c.EFlags = (c.EFlags & ~popf_flags) | (static_cast<ULONG>(flags) & popf_flags);
    return done();
}

Emulation Emulator::move_special() {
    const auto to = insn_.operand(0).reg.value, from = insn_.operand(1).reg.value;
    const bool write = ZydisRegisterGetClass(to) == ZYDIS_REGCLASS_CONTROL ||
                       ZydisRegisterGetClass(to) == ZYDIS_REGCLASS_DEBUG;
    const auto special = write ? to : from;
    const int number = ZydisRegisterGetId(special);
    const bool control = ZydisRegisterGetClass(special) == ZYDIS_REGCLASS_CONTROL;
    if (control && number == 8) {
        if (!write) {
            insn_.write(to, ops_.irql());
            return done();
        }
        const ULONGLONG irql = insn_.read(from);
        if (irql > 15) return access_violation(0, ~ULONG_PTR{0}); // reserved bits: a general protection fault
        // The instruction is over before what the lower level lets in is delivered.
        const Emulation e = done();
        ops_.set_irql(static_cast<UCHAR>(irql));
        return e;
    }
    const char* kind = control ? "cr" : "dr";
    if (write) {
        const ULONGLONG value = insn_.read(from);
        if (control ? ops_.write_control(number, value) : ops_.write_debug(number, value)) return done();
        return not_modelled("mov %s%d, 0x%llx", kind, number, static_cast<unsigned long long>(value));
    }
    ULONGLONG value = 0;
    if (!(control ? ops_.read_control(number, value) : ops_.read_debug(number, value)))
        return not_modelled("mov from %s%d", kind, number);
    insn_.write(to, value);
    return done();
}

Emulation Emulator::port_io() {
    const bool in = insn_.mnemonic() == ZYDIS_MNEMONIC_IN;
    const auto& data = insn_.operand(in ? 0 : 1);
    const auto port = static_cast<USHORT>(insn_.value_of(insn_.operand(in ? 1 : 0)));
    const ULONG bytes = data.size / 8;
    if (in)
        insn_.write(data.reg.value, ports().read(port, bytes, context_.Rip));
    else
        ports().write(port, bytes, insn_.read(data.reg.value), context_.Rip);
    return done();
}

// ins and outs, with rep: element by element, so that a page fault in the middle can be continued.
Emulation Emulator::string_io() {
    CONTEXT& c = context_;
    const auto m = insn_.mnemonic();
    const bool in = m == ZYDIS_MNEMONIC_INSB || m == ZYDIS_MNEMONIC_INSW || m == ZYDIS_MNEMONIC_INSD;
    const ULONG bytes = m == ZYDIS_MNEMONIC_INSB || m == ZYDIS_MNEMONIC_OUTSB   ? 1
                        : m == ZYDIS_MNEMONIC_INSW || m == ZYDIS_MNEMONIC_OUTSW ? 2
                                                                                : 4;
    const auto port = static_cast<USHORT>(c.Rdx);
    ULONG64& pointer = in ? c.Rdi : c.Rsi;
    while (!insn_.repeats() || c.Rcx != 0) {
        ULONG value = 0;
        if (in) { // what the port gives is gone when it cannot be stored
            if (!guest::touch_write(pointer, bytes)) return access_violation(1, guest::fault_address());
            value = static_cast<ULONG>(ports().read(port, bytes, c.Rip));
            if (!guest::copy_to(pointer, &value, bytes)) return access_violation(1, guest::fault_address());
        } else {
            if (!guest::copy_from(&value, pointer, bytes)) return access_violation(0, guest::fault_address());
            ports().write(port, bytes, value, c.Rip);
        }
        pointer += c.EFlags & direction_flag ? -static_cast<LONGLONG>(bytes) : bytes;
        if (!insn_.repeats()) break;
        c.Rcx--;
    }
    return done();
}

Emulation Emulator::privileged() {
    CONTEXT& c = context_;
    switch (insn_.mnemonic()) {
    case ZYDIS_MNEMONIC_MOV:
        return move_special();
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
        return port_io();
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
        return string_io();
    case ZYDIS_MNEMONIC_RDMSR: {
        ULONGLONG value = 0;
        const auto number = static_cast<ULONG>(c.Rcx);
        if (!ops_.has_msr(number)) return exception(STATUS_PRIVILEGED_INSTRUCTION);
        if (!ops_.read_msr(number, value)) return not_modelled("rdmsr 0x%08x", number);
        c.Rax = static_cast<ULONG>(value);
        c.Rdx = value >> 32;
        return done();
    }
    case ZYDIS_MNEMONIC_WRMSR: {
        const auto number = static_cast<ULONG>(c.Rcx);
        const ULONGLONG value = static_cast<ULONG>(c.Rax) | c.Rdx << 32;
        if (!ops_.has_msr(number)) return exception(STATUS_PRIVILEGED_INSTRUCTION);
        if (number == gs_base_msr && ops_.set_gs_base(value, "wrmsr 0xc0000101")) return done();
        if (!ops_.write_msr(number, value))
            return not_modelled("wrmsr 0x%08x, 0x%llx", number, static_cast<unsigned long long>(value));
        return done();
    }
    case ZYDIS_MNEMONIC_SWAPGS: // the other base is the program's
        return answer(ops_.set_gs_base(0, "swapgs"), "swapgs");
    case ZYDIS_MNEMONIC_CLI:
        return answer(ops_.set_interrupts(false), "cli");
    case ZYDIS_MNEMONIC_STI:
        return answer(ops_.set_interrupts(true), "sti");
    case ZYDIS_MNEMONIC_HLT:
        return answer(ops_.halt(), "hlt");
    case ZYDIS_MNEMONIC_INVLPG:
        return answer(ops_.invalidate_page(insn_.address_of(insn_.operand(0))), "invlpg");
    case ZYDIS_MNEMONIC_WBINVD:
        return answer(ops_.flush_caches(), "wbinvd");
    default:
        return not_modelled("%s", ZydisMnemonicGetString(insn_.mnemonic()));
    }
}

Emulation Emulator::interrupt() {
    const ULONG number = insn_.mnemonic() == ZYDIS_MNEMONIC_INT3 ? 3 : insn_.operand(0).imm.value.u & 0xFF;
    switch (number) {
    case 3:
        return exception(STATUS_BREAKPOINT);
    case 0x29: {
        Emulation e = exception(STATUS_STACK_BUFFER_OVERRUN);
        e.outcome = Outcome::fast_fail;
        e.parameter_count = 1;
        e.parameters[0] = static_cast<ULONG>(context_.Rcx);
        return e;
    }
    case 0x2C:
        return exception(STATUS_ASSERTION_FAILURE);
    case 0x2D:
        return exception(STATUS_BREAKPOINT); // debug service without a debugger
    default:
        return as_it_stands();
    }
}

Emulation Emulator::run() {
    if (!fetch()) return as_it_stands();
    // An ordinary fault of an ordinary instruction is told apart by the trap: privileged ones do not
    // page-fault.
    if (trap_.kind == Trap::page) {
        ULONGLONG physical;
        if (kernel_ && ops_.device_memory(trap_.address, trap_.is_write, physical))
            return access_device(insn_, ops_);
        const bool shared_data = trap_.address - kernel_shared_user_data < shared_user_data_size;
        if (kernel_ && shared_data && !trap_.is_write && load_shared_data(insn_, ops_)) return done(false);
        return as_it_stands();
    }
    switch (classify()) {
    case Class::sensitive:
        return sensitive();
    case Class::privileged:
        return kernel_ ? privileged() : exception(STATUS_PRIVILEGED_INSTRUCTION);
    case Class::interrupt:
        return interrupt();
    case Class::other:
        break;
    }
    return as_it_stands();
}

} // namespace

Emulation emulate_kernel(CONTEXT& context, const Trap& trap, PrivilegedOps& ops) {
    return Emulator(context, trap, ops, true).run();
}

Emulation emulate_user(CONTEXT& context, const Trap& trap, PrivilegedOps& ops) {
    return Emulator(context, trap, ops, false).run();
}

} // namespace nt::hardware
