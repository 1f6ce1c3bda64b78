// Exceptions of kernel mode: raise, search, unwind.
//
// Handlers, filters and __finally blocks are guest code: they run by call_out() on the kernel stack, below
// the EXCEPTION_RECORD and CONTEXT that they get to see. The walk goes frame by frame by .pdata; where guest
// code was called by us (the return address is the trampoline's) it goes on at the EntryRecord beneath the
// CalloutRecord.
//
// A raise abandons the host frames between it and the handling guest frame.
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
struct EXCEPTION_RECORD;
struct DISPATCHER_CONTEXT;
struct RUNTIME_FUNCTION;
} // namespace nt

namespace nt::seh {

struct EntryRecord;

// Which function covers an address; implemented by ldr.
class FunctionTables {
  public:
    struct Entry {
        ULONG_PTR image_base = 0;                   // 0: no image there
        const RUNTIME_FUNCTION* function = nullptr; // null with an image: leaf function
    };
    virtual Entry lookup(ULONG_PTR pc) const = 0;

  protected:
    ~FunctionTables() = default;
};

// Where an exception ends that nobody handled; ke makes a bug check of it (0x1E, 0x3B, 0x7E, 0x50, 0xD1 …).
// Runs on the host stack of the raising thread with the record chain intact, so the stack can be walked.
class UnhandledSink {
  public:
    [[noreturn]] virtual void unhandled(const EXCEPTION_RECORD& record, const CONTEXT& context) = 0;
    // No room on the kernel stack to deliver an exception: UNEXPECTED_KERNEL_MODE_TRAP (0x7F), 8.
    [[noreturn]] virtual void double_fault(const EXCEPTION_RECORD& record, const CONTEXT& context) = 0;

  protected:
    ~UnhandledSink() = default;
};

// A debug register-less observer of the dispatcher (trace). All optional.
class DispatchObserver {
  public:
    virtual void raised(const EXCEPTION_RECORD&, const CONTEXT&) {}
    virtual void handled(ULONG /*code*/, ULONG_PTR /*target_ip*/, ULONG_PTR /*target_frame*/) {}

  protected:
    ~DispatchObserver() = default;
};

// Bounds of the running thread's kernel stack; implemented by ke. Both zero: not known, no check.
class StackBounds {
  public:
    virtual void get(ULONG_PTR& limit, ULONG_PTR& base) const = 0;

  protected:
    ~StackBounds() = default;
};

struct DispatchHooks {
    const FunctionTables* functions = nullptr;
    UnhandledSink* unhandled = nullptr;
    const StackBounds* stack = nullptr;
    DispatchObserver* observer = nullptr;
};
void set_dispatch_hooks(const DispatchHooks& hooks);
const DispatchHooks& dispatch_hooks();

// The context of the guest code that made this crossing, as it is after the gate has returned (rip = return
// address).
void context_of(const EntryRecord& entry, CONTEXT& context);

// Raise at the caller of the current gate. ExceptionAddress is set to the return address if it is 0. Host
// code that runs without a gate beneath it (a thread's start) must not raise: that ends in UnhandledSink.
[[noreturn]] void raise(EXCEPTION_RECORD& record);
[[noreturn]] void raise_status(NTSTATUS status);
// STATUS_ACCESS_VIOLATION with its two parameters; `access` is 0 read, 1 write, 8 execute.
[[noreturn]] void raise_access_violation(ULONG_PTR address, ULONG access);

// A fault of guest kernel code. Called on the thread's host stack, below the innermost record; both arguments
// are on the host stack. Copies them to the kernel stack and dispatches; never returns.
[[noreturn]] void dispatch_fault(const EXCEPTION_RECORD& record, const CONTEXT& context);

// RtlUnwindEx for the current gate: unwinds the frames above target_frame (0: all, an exit unwind), running
// their termination handlers, and continues at target_ip with return_value in rax. `record` may be null;
// guest address otherwise.
[[noreturn]] void unwind(ULONG_PTR target_frame, ULONG_PTR target_ip, EXCEPTION_RECORD* record,
                         ULONG_PTR return_value);

// The body of __C_specific_handler; arguments are guest addresses. Returns an EXCEPTION_DISPOSITION, or not
// at all.
LONG c_specific_handler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT* context,
                        DISPATCHER_CONTEXT* dispatcher);

// Abandons every crossing inside the guest frame at context.Rsp and continues there. Kernel mode.
[[noreturn]] void continue_at(const CONTEXT& context);

} // namespace nt::seh
