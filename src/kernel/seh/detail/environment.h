// The kernel's side of rtl/exception.h.
#pragma once
#include "kernel/seh/crossing.h"
#include "kernel/seh/dispatch.h"
#include "rtl/exception.h"

namespace nt::seh {

// What the dispatcher puts on the kernel stack: everything that a filter or handler may look at.
struct GuestBlock {
    CONTEXT context;
    EXCEPTION_RECORD record;
    rtl::Workspace space;
};

// The plugged-in sinks, or the end of the process where none is.
[[noreturn]] void die_unhandled(const EXCEPTION_RECORD& record, const CONTEXT& context);
[[noreturn]] void die_double_fault(const EXCEPTION_RECORD& record, const CONTEXT& context);

const rtl::MemoryReader& guest_memory();
// The call-out whose guest code lies outside `record`: where a walk that starts at `record` goes on.
Record* segment_of(Record* record);
// Goes on in guest code of the call-out `segment`, abandoning every crossing inside it.
[[noreturn]] void resume_in(Record* segment, const CONTEXT& context);

// Calls of filters and __finally blocks from the __C_specific_handler gate.
class HandlerCalls {
  public:
    const rtl::MemoryReader& memory() const { return guest_memory(); }
    LONG call_filter(ULONG_PTR filter, EXCEPTION_POINTERS& pointers, ULONG_PTR frame);
    void call_termination(ULONG_PTR handler, ULONG_PTR frame);
    [[noreturn]] void unwind(ULONG_PTR frame, ULONG_PTR ip, EXCEPTION_RECORD* record, ULONG_PTR value,
                             CONTEXT*) {
        seh::unwind(frame, ip, record, value);
    }
};

// The dispatcher's own crossing is a fault record whose `index` is the phase and whose `args` is this object:
// a walk that comes from guest code called by the dispatcher finds here whether that was a nested exception
// or a collided unwind.
enum class Phase : ULONG { none, search, unwind };

class Environment {
  public:
    // `previous`: the record that is innermost now, a gate (raise) or a call-out (fault).
    Environment(Phase phase, Record* previous);
    Environment(const Environment&) = delete;

    // Makes room below the guest stack pointer; false: there is none.
    bool place(const CONTEXT& context);
    GuestBlock& block() const { return *block_; }
    // Becomes the innermost record; block().context is the state that walks from here start with.
    void enter();
    [[noreturn]] void go_on(const CONTEXT& context) { resume_in(outer_, context); }

    // The environment of the dispatcher that pushed `record`; null for other records.
    static Environment* of(Record* record);
    Phase phase() const { return static_cast<Phase>(entry_.index); }
    Record* outer() const { return outer_; }

    // What rtl/exception.h asks for.
    bool lookup(ULONG_PTR pc, ULONG_PTR& base, const RUNTIME_FUNCTION*& function) const;
    const rtl::MemoryReader& memory() const { return guest_memory(); }
    bool on_stack(ULONG_PTR frame) const {
        return frame >= stack_low_ && frame < stack_high_ && frame % 8 == 0;
    }
    rtl::Crossing cross(CONTEXT& walk);
    LONG call_handler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT* context,
                      DISPATCHER_CONTEXT* dispatcher);
    [[noreturn]] void resume(CONTEXT& context, EXCEPTION_RECORD* record);
    [[noreturn]] void invalid(NTSTATUS status, EXCEPTION_RECORD* cause);
    [[noreturn]] void unwind_lost(EXCEPTION_RECORD* record, const CONTEXT& context);

  private:
    EntryRecord entry_{};
    Record* outer_;   // call-out of the guest code that raised
    Record* segment_; // call-out of the guest frames that the walk is in
    GuestBlock* block_ = nullptr;
    ULONG_PTR stack_low_ = 0, stack_high_ = 0;
    DISPATCHER_CONTEXT* dispatcher_ = nullptr; // of the handler that is running; null: none is
    ULONG_PTR frame_ = 0;                      // its establisher frame
};

} // namespace nt::seh
