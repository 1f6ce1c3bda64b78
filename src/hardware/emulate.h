// Emulation of what guest code cannot do directly: privileged instructions of drivers, instructions whose
// answer would leak the host (cpuid, rdtsc …; ldr replaced them by a trap), accesses to ports and to device
// memory (bus.h), and loads from the kernel address of KUSER_SHARED_DATA.
//
// Works on a CONTEXT, on the host stack, never in a signal handler: `mov cr8` may run DPCs. Every register
// and flag that the instruction does not define stays as it was, since compilers assume that such an
// instruction clobbers nothing.
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
}

namespace nt::hardware {

// The machine's answers. The defaults say "not modelled": the emulator then gives Outcome::not_modelled and
// the caller reports by name. A function that answers returns true.
class PrivilegedOps {
  public:
    virtual bool read_control(int /*number*/, ULONGLONG& /*value*/) { return false; } // cr0, cr2, cr3, cr4
    virtual bool write_control(int /*number*/, ULONGLONG /*value*/) { return false; }
    virtual bool read_debug(int /*number*/, ULONGLONG& /*value*/) { return false; }
    virtual bool write_debug(int /*number*/, ULONGLONG /*value*/) { return false; }
    // False: a general protection fault. Kernel mode sees it as STATUS_PRIVILEGED_INSTRUCTION.
    virtual bool has_msr(ULONG /*number*/) { return true; }
    virtual bool read_msr(ULONG /*number*/, ULONGLONG& /*value*/) { return false; }
    virtual bool write_msr(ULONG /*number*/, ULONGLONG /*value*/) { return false; }
    // GS base (KPCR): rdgsbase; wrgsbase, swapgs and wrmsr of IA32_GS_BASE, IA32_KERNEL_GS_BASE. `how` is for
    // a report.
    virtual ULONGLONG gs_base() { return 0; }
    virtual bool set_gs_base(ULONGLONG /*value*/, const char* /*how*/) { return false; }
    virtual bool set_interrupts(bool /*enabled*/) { return false; } // cli, sti, popfq
    virtual bool interrupts_enabled() { return true; }
    virtual bool halt() { return false; }
    virtual bool invalidate_page(ULONG_PTR /*address*/) {
        return true;
    } // no TLB is modelled, so this is done
    virtual bool flush_caches() { return true; } // wbinvd
    // IRQL: mov reg,cr8 and mov cr8,reg. Lowering delivers what was waiting.
    virtual UCHAR irql() = 0;
    virtual void set_irql(UCHAR irql) = 0;
    // Time stamp counter in the machine's virtual time. Never the host's.
    virtual ULONGLONG time_stamp() = 0;
    // Called after a reading of it, or of KUSER_SHARED_DATA's clocks: that takes time.
    virtual void time_was_read() {}
    // TSC_AUX, as rdtscp and rdpid give it: the processor's number on Windows.
    virtual ULONG processor_number() { return 0; }
    // `pause` of a spin loop: others may go on. The context is complete then and may move to another
    // processor.
    virtual void pause() {}
    // Deterministic randomness for rdrand and rdseed.
    virtual ULONGLONG random() = 0;
    // Address where KUSER_SHARED_DATA is readable in place of 0xFFFFF780'00000000.
    virtual ULONG_PTR shared_user_data() { return 0x7ffe0000; }
    // The physical address behind an address where devices answer (bus.h) and not memory; false: it is none,
    // or its protection forbids the access.
    virtual bool device_memory(ULONG_PTR /*address*/, bool /*write*/, ULONGLONG& /*physical*/) {
        return false;
    }
    // The bytes at rip as the image had them before ldr replaced them (at most 15); false: nothing was
    // replaced there.
    virtual bool original_bytes(ULONG_PTR /*rip*/, UCHAR (& /*bytes*/)[16]) { return false; }

  protected:
    ~PrivilegedOps() = default;
};

enum class Outcome : UCHAR {
    done,         // context is after the instruction: go on there
    exception,    // raise `status` at the instruction, with `parameters`
    not_modelled, // nothing here can do it: `name` says what the code tried, stop the machine with it
    fast_fail     // int 0x29: no handler may see it. Kernel: bug check 0x139; user: the process ends with
                  // `status`. parameters[0] is the code of the failure (ecx)
};

struct Emulation {
    Outcome outcome = Outcome::exception;
    NTSTATUS status = 0;
    ULONG parameter_count = 0;
    ULONG_PTR parameters[2] = {};
    const char* name =
        nullptr; // mnemonic and detail, for reports ("rdmsr 0xC0000082"); valid until the next call
};

// What trapped: #GP (no address), #UD, or #PF with its address.
struct Trap {
    enum Kind : UCHAR { protection, undefined, page } kind;
    ULONG_PTR address = 0; // page
    bool is_write = false;
};

// Tries to carry out the instruction at context.Rip for kernel-mode code. done: context was changed.
// exception: the trap stands (for #GP of an unprivileged instruction, STATUS_ACCESS_VIOLATION with address
// -1, as Windows reports a non-canonical access), or another address of the instruction faulted: parameters
// say.
Emulation emulate_kernel(CONTEXT& context, const Trap& trap, PrivilegedOps& ops);

// The same for a user-mode program: privileged instructions give STATUS_PRIVILEGED_INSTRUCTION, replaced ones
// are answered.
Emulation emulate_user(CONTEXT& context, const Trap& trap, PrivilegedOps& ops);

inline constexpr ULONG_PTR kernel_shared_user_data = 0xFFFF'F780'0000'0000;

} // namespace nt::hardware
