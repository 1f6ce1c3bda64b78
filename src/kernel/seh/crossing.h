// Crossings between host code and guest code.
//
// Every thread has a kernel stack (guest memory; what drivers see) and a host stack (ours). Each crossing
// pushes a Record on the host stack; the chain, innermost first, starts in the KPCR. It serves four readers:
// the way back, the unwinder and the stack walker (which step over host code with it), and a raise (which
// takes its caller's context from it).
//
//   guest → host   EntryRecord    by a gate (import thunk), a system call from user mode, or a fault
//   host → guest   CalloutRecord  by call_out()
//
// An exception handled by a guest frame abandons the host frames inside it: keep no locks, owning objects or
// half-done work across a call_out but what is Unfinished (unfinished.h).
#pragma once
#include "abi/types.h"
#include "kernel/seh/crossing_layout.h"
#include <bit>
#include <type_traits>

namespace nt {
struct CONTEXT;
}

namespace nt::seh {

enum class RecordKind : ULONG {
    call_out = KIND_CALL_OUT,
    gate = KIND_GATE,
    system_call = KIND_SYSTEM_CALL,
    fault = KIND_FAULT,
    thread_start = KIND_THREAD_START, // the base of a thread: an EntryRecord without a guest behind it; index
                                      // 1: of an idle thread
    interruption =
        KIND_INTERRUPTION // an EntryRecord of the kernel's own accord above what ran; index: Interruption
};

// What the kernel interrupts running code for. Stack walks go on beyond it, exceptions do not.
enum class Interruption : ULONG {
    callout,  // the routine of a gate, on another stack
    apc,      // kernel APCs
    dpcs,     // DPC routines
    interrupt // service routines
};

struct Record {
    Record* previous; // the next outer crossing; null at the base of the thread
    RecordKind kind;
    ULONG index; // gate: export index; system call: service number
};

struct alignas(16) EntryRecord : Record {
    ULONG_PTR rip; // where the guest goes on: the gate's return address, or the faulting instruction
    ULONG_PTR rsp; // gate, system call: points at the return address; fault: as it was
    ULONG_PTR rbx, rbp, rsi, rdi, r12, r13, r14, r15;
    ULONG_PTR guest_stack;  // where call-outs from here put their frames; 16-aligned, kernel stack
    const ULONG_PTR* args;  // gate: arguments as a contiguous array (home space and beyond)
    ULONG_PTR registers[4]; // system call: rcx (r10), rdx, r8, r9
    struct alignas(16) {
        ULONG_PTR low, high;
    } xmm[10];        // xmm6 … xmm15
    CONTEXT* context; // fault: the whole state, on the host stack; null otherwise
    ULONG mxcsr;      // system call: the program's
};

struct CalloutRecord : Record {
    ULONG_PTR function;  // guest address called
    ULONG_PTR guest_rsp; // kernel-stack pointer at the call instruction of the trampoline
    ULONG mxcsr;         // before the call, and (if it was changed) after it
    USHORT fpcw;
    ULONG mxcsr_after;
    USHORT fpcw_after;
};

// The innermost record of the running thread; null when nothing has been crossed yet.
inline Record* innermost() {
    Record* record;
    asm volatile("mov %%gs:%c1, %0" : "=r"(record) : "i"(KPCR_CROSSING));
    return record;
}
inline void set_innermost(Record* record) {
    asm volatile("mov %0, %%gs:%c1" : : "r"(record), "i"(KPCR_CROSSING) : "memory");
}

// Addresses of ntoskrnl's trampoline, set once the image stands: `call rax` at `call_out_call`, its return
// address is the next field. A return address equal to `call_out_return` marks the outermost guest frame of a
// call-out.
struct Trampoline {
    ULONG_PTR call;        // guest address of the code `call rax; jmp [gateway.call_out_return]`
    ULONG_PTR return_site; // the address that guest code sees as its return address
};
extern "C" Trampoline nt_trampoline;

// Who called a gate. A routine that ends with a jump to an export has left its frame: then it is the routine
// that we called, by its first instruction.
inline ULONG_PTR caller_of(const EntryRecord& gate) {
    if (gate.kind == RecordKind::gate && gate.rip == nt_trampoline.return_site && gate.previous)
        return static_cast<const CalloutRecord*>(gate.previous)->function;
    return gate.rip;
}

// Host addresses that the gateway page holds; the order is the layout of the page.
struct Gateway {
    ULONG_PTR gate;            // import thunks jump here with eax = export index
    ULONG_PTR call_out_return; // the trampoline jumps here when a guest routine returned
    ULONG_PTR system_call;     // ntdll's stubs jump here with eax = service number, r10 = first argument
};
Gateway gateway_addresses();

// One export. `adapter` takes the argument array and gives what rax holds for the caller.
struct GateEntry {
    ULONG_PTR (*adapter)(const ULONG_PTR* args);
    ULONG max_irql; // highest IRQL the caller may have; above it the slow path reports
    ULONG flags;
};
static_assert(sizeof(GateEntry) == GATE_ENTRY_SIZE);

// What the crossings need from higher rooms; plugged in by app/machine before guest code runs.
struct Hooks {
    const GateEntry* gates = nullptr; // indexed by export index
    // Called instead of the adapter when the processor's deadline has come or the caller's IRQL is above the
    // entry's.
    ULONG_PTR (*gate_slow)(EntryRecord& entry) = nullptr;
    // Runs a system service; the record carries number and registers. User mode goes on with the result in
    // rax.
    ULONG_PTR (*system_call)(EntryRecord& entry) = nullptr;
    // Guest kernel code called a gate (an EntryRecord) or returned from a call-out (a CalloutRecord) with
    // processor state changed that it must leave alone: bits STATE_…. Does not return.
    void (*state_changed)(const Record& record, ULONG what) = nullptr;
};
extern "C" Hooks nt_crossing_hooks;
// Not 0: kernel-mode, or user-mode, guest code is to be single-stepped for so many instructions.
extern "C" ULONG nt_steps, nt_user_steps;
extern "C" ULONG nt_step_after_resume; // not 0: nt_resume() goes on with a single step

extern "C" ULONG_PTR nt_call_out(ULONG_PTR function, ULONG_PTR a1, ULONG_PTR a2, ULONG_PTR a3, ULONG_PTR a4);
extern "C" ULONG_PTR nt_call_out_many(ULONG_PTR function, const ULONG_PTR* args, ULONG_PTR count);

namespace detail {
template <class T> ULONG_PTR to_register(T value) {
    static_assert(sizeof(T) <= 8, "an argument that does not fit a register goes by pointer");
    if constexpr (std::is_pointer_v<T> || sizeof(T) == 8)
        return std::bit_cast<ULONG_PTR>(value);
    else if constexpr (std::is_enum_v<T>)
        return static_cast<ULONG>(value);
    else
        return static_cast<ULONG_PTR>(static_cast<LONGLONG>(value));
}
inline ULONG_PTR to_register(decltype(nullptr)) { return 0; }
} // namespace detail

// Calls a guest kernel-mode routine on the thread's kernel stack and gives its result (void: nothing).
// Call it only from host code that was entered from the guest or runs a thread's start; arguments are
// integers or pointers.
template <class R, class... P, class... A> R call_out(NTAPI R (*function)(P...), A... args) {
    constexpr auto n = sizeof...(P);
    static_assert(n == sizeof...(A));
    const auto target = reinterpret_cast<ULONG_PTR>(function);
    ULONG_PTR a[n < 4 ? 4 : n] = {detail::to_register(static_cast<P>(args))...};
    ULONG_PTR result;
    if constexpr (n <= 4)
        result = nt_call_out(target, a[0], a[1], a[2], a[3]);
    else
        result = nt_call_out_many(target, a, n);
    if constexpr (std::is_pointer_v<R>)
        return reinterpret_cast<R>(result);
    else if constexpr (!std::is_void_v<R>)
        return static_cast<R>(result);
}

// KPCR of the processor that runs; crossing.S loads it into GS when user mode enters.
extern "C" ULONG_PTR nt_kernel_gs;
extern "C" ULONG_PTR nt_user_gs; // TEB of the running thread

// Leaves the host for user mode for good: GS = teb, stack = rsp, then jumps to rip with rcx = the argument.
// System calls of this thread use the host stack below the caller's frame from now on.
extern "C" [[noreturn]] void nt_enter_user(ULONG_PTR rip, ULONG_PTR rsp, ULONG_PTR argument, ULONG_PTR teb);
// Loads every register of a guest context and goes on there. Kernel mode when `teb` is 0, else user mode with
// GS = teb. `xsave`: an XSAVE area (standard format, 64-aligned) that stands for the context's x87 and SSE
// state and holds what CONTEXT does not (the upper halves of AVX registers …); null: there is none.
extern "C" [[noreturn]] void nt_resume(const CONTEXT* context, ULONG_PTR teb, void* xsave = nullptr);
// Calls function(argument) on the host stack `stack` (16-aligned, top); the current host stack is abandoned.
extern "C" [[noreturn]] void nt_switch_host_stack(ULONG_PTR stack, void (*function)(void*), void* argument);

} // namespace nt::seh
