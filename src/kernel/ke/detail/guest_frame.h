// The base of guest code that interrupts what runs: while it exists, call-outs put their frames below
// `stack`, and walks and exceptions end here.
#pragma once
#include "kernel/seh/crossing.h"

namespace nt::ke {

class GuestFrame {
  public:
    GuestFrame(ULONG_PTR stack, seh::Interruption what) {
        // Nobody takes registers from it; to clear them all would cost more than the rest.
        record_.previous = seh::innermost();
        record_.kind = seh::RecordKind::interruption;
        record_.index = static_cast<ULONG>(what);
        record_.rip = record_.rsp = 0;
        record_.args = nullptr;
        record_.context = nullptr;
        if (const auto* outer = static_cast<const seh::EntryRecord*>(record_.previous);
            outer && outer->kind != seh::RecordKind::call_out)
            record_.rip = outer->rip, record_.rsp = outer->rsp; // whom reports name
        record_.guest_stack = stack & ~ULONG_PTR{15};
        seh::set_innermost(&record_);
    }
    ~GuestFrame() { seh::set_innermost(record_.previous); }
    GuestFrame(const GuestFrame&) = delete;
    GuestFrame& operator=(const GuestFrame&) = delete;

    // Where a frame on the interrupted kernel stack goes: below what runs, with room for a trap frame.
    static ULONG_PTR on_this_stack() {
        const auto* entry = static_cast<const seh::EntryRecord*>(seh::innermost());
        return entry->guest_stack - trap_frame_size;
    }

  private:
    static constexpr ULONG_PTR trap_frame_size = 0x190;
    seh::EntryRecord record_;
};

} // namespace nt::ke
