// Host faults become guest events here. Handlers run on an alternate stack, never switch fibers and never run
// guest code: they hand a Fault to the plugged FaultSink, which may only edit the interrupted registers, and
// return.
#pragma once
#include <cstdint>

namespace host {

enum class FaultKind : std::uint8_t {
    page,         // SIGSEGV/SIGBUS, #PF: address, is_write, is_execute are valid
    protection,   // #GP or #SS: privileged instruction or non-canonical address; address is unknown
    divide,       // #DE
    floating,     // x87 or SSE exception
    illegal,      // #UD
    breakpoint,   // int3: rip is past it
    single_step,  // trap flag
    alignment,    // #AC
    system_call,  // a raw system call of guest text (containment.h): number in rax, rip past it
    code_segment, // whatever it was, in code of another segment (32-bit code): `error` is the selector
    watchdog,     // no progress for the configured time (watchdog.h)
    other
};

// x87/SSE state in FXSAVE layout as the processor wrote it.
struct FxArea {
    std::uint16_t fcw, fsw, ftw, fop;
    std::uint64_t fip, fdp;
    std::uint32_t mxcsr, mxcsr_mask;
    std::uint8_t st[8][16];
    std::uint8_t xmm[16][16];
};

// Index of a register in Fault::registers (the order of Linux's ucontext).
enum Register { R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, EFLAGS };

struct Fault {
    FaultKind kind;
    int signal;
    int code;              // si_code
    std::uint32_t trap;    // x86 vector: 0 #DE, 1 #DB, 3 #BP, 6 #UD, 13 #GP, 14 #PF, 16 #MF, 19 #XM
    std::uint32_t error;   // x86 error code
    std::uint64_t address; // of the access; all ones when the processor does not say (non-canonical)
    bool is_write;
    bool is_execute;          // instruction fetch
    bool in_primitive;        // taken inside a guest:: primitive: see FaultSink::resolve
    std::uint64_t* registers; // mutable, indexed by Register
    FxArea* fx;               // mutable
    std::uint32_t xsave_size; // `fx` is the head of an XSAVE area of so many bytes; 0: it stands alone
    std::uint64_t& rip() const { return registers[RIP]; }
    std::uint64_t& rsp() const { return registers[RSP]; }
};

// Plugged by a higher room. Both run in the signal handler.
class FaultSink {
  public:
    // A fault with rip below guest_end (or a call of guest text to a wild address: then is_execute and rip is
    // that address). Edits fault.registers to say where to go on. False: not handled, the process ends with
    // an internal-error line.
    virtual bool deliver(Fault& fault) = 0;
    // A page fault, before anything else. True: the memory is there now, try again (stack growth, memory
    // that was paged out). Must not change registers.
    virtual bool resolve(Fault& fault) {
        (void)fault;
        return false;
    }
    // A fault in a guest:: primitive that must not end as its failure, but be delivered.
    virtual bool is_fatal(const Fault& fault) {
        (void)fault;
        return false;
    }

  protected:
    ~FaultSink() = default;
};

// Classifies a fault that was taken in another code segment than the host's, and leads its way out back
// there.
bool left_64_bit_code(Fault& fault);

// Installs the handlers and the alternate stack (idempotent), and sets the sink (null: none).
void install_signals(FaultSink* sink);
void set_fault_sink(FaultSink* sink);
FaultSink* fault_sink();

// Host code that runs guest text through a wild jump has rip at an arbitrary address. Any rip below guest_end
// counts as guest; a higher room may widen that (for example to fetches at host addresses that the guest
// jumped to).
void set_guest_rip_filter(bool (*is_guest)(const Fault& fault));

// Runs a function that only looks, on the main fiber: a fault in it (it followed a damaged structure) ends it
// there, and the answer is false. What it held then is lost.
bool guarded(void (*function)(void*), void* argument);
template <class F> bool guarded(F&& function) {
    return guarded([](void* f) { (*static_cast<F*>(f))(); }, &function);
}

// Called once before the process ends through fatal() or an unhandled host fault: flush what must survive.
// Runs with signals reset to default, possibly in a handler.
void set_last_words(void (*hook)(void* context), void* context);

// "drvlab: internal error: …" on standard error, last words, abort.
[[noreturn]] __attribute__((format(printf, 1, 2))) void fatal(const char* format, ...);

} // namespace host
