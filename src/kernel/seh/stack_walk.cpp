#include "kernel/seh/stack_walk.h"
#include "abi/context.h"
#include "host/places.h"
#include "kernel/seh/detail/environment.h"

namespace nt::seh {

namespace {

class Walker {
  public:
    Walker(FrameVisitor visit, void* context, ULONG limit) : visit_(visit), user_(context), left_(limit) {}

    // Guest frames from `context_` outward, then the records beneath their call-out, and so on.
    void run(const CONTEXT& start, const Record* segment) {
        context_ = start;
        guest_frames();
        while (segment && !done_)
            segment = beyond(segment->previous);
    }
    // Starts at a record instead: a gate, a fault, a system call.
    void run(const Record* record) {
        const Record* segment = record && record->kind == RecordKind::call_out ? record : beyond(record);
        while (segment && !done_)
            segment = beyond(segment->previous);
    }

  private:
    bool emit(const Frame& frame) {
        if (!done_ && (left_ == 0 || !visit_(user_, frame))) done_ = true;
        if (!done_) left_--;
        return !done_;
    }

    // Reports what `record` is and the guest frames outside it; gives the call-out that these belong to.
    const Record* beyond(const Record* record) {
        if (!record || done_) return nullptr;
        const auto& entry = *static_cast<const EntryRecord*>(record);
        Frame frame{0, entry.rsp, entry.rip, FrameKind::gate, record->index};
        switch (record->kind) {
        case RecordKind::call_out:
            return record;
        case RecordKind::thread_start:
            frame.kind = FrameKind::thread_start;
            frame.return_address = 0;
            if (record->index) {
                frame.index = 2;
                frame.sp = entry.guest_stack;
                emit(frame);
                return nullptr;
            }
            for (frame.index = 0, frame.sp = entry.guest_stack; frame.index < 2;
                 frame.index++, frame.sp += 0x40)
                emit(frame);
            return nullptr;
        case RecordKind::interruption:
            frame.kind = FrameKind::interruption;
            frame.sp = entry.guest_stack;
            frame.return_address = 0;
            if (record->index != static_cast<ULONG>(Interruption::callout) && !emit(frame)) return nullptr;
            return beyond(entry.previous);
        case RecordKind::system_call:
            frame.kind = FrameKind::system_call;
            context_of(entry, context_);
            if (emit(frame)) user_frames();
            return nullptr;
        case RecordKind::gate:
            context_of(entry, context_);
            if (emit(frame)) guest_frames();
            return entry.previous;
        case RecordKind::fault: {
            // The dispatcher's own record stands above the gate or the trap that it works for.
            if (record->index != 0 && entry.previous && entry.previous->kind != RecordKind::call_out)
                return beyond(entry.previous);
            frame.kind = FrameKind::fault;
            frame.pc = entry.rip;
            frame.return_address = 0;
            frame.index = 0;
            if (!emit(frame) || !entry.context) return nullptr;
            context_ = *entry.context;
            if (!entry.previous) {
                user_frames();
                return nullptr;
            }
            guest_frames();
            return entry.previous;
        }
        }
        return nullptr;
    }

    void guest_frames() { frames(FrameKind::driver); }
    void user_frames() { frames(FrameKind::user); }

    // Walks until the trampoline's return address, the end of a user stack, or damage. What lies beyond a
    // damaged part is still reached through the records.
    void frames(FrameKind kind) {
        const auto* tables = dispatch_hooks().functions;
        for (bool first = true; !done_; first = false) {
            if (context_.Rip == nt_trampoline.return_site || (context_.Rip == 0 && !first)) return;
            Frame frame{context_.Rip, context_.Rsp, 0, kind, 0};
            FunctionTables::Entry function;
            if (tables) function = tables->lookup(context_.Rip);
            const bool known =
                function.image_base || first; // a wild call looks like a leaf without a function
            const ULONG_PTR sp = context_.Rsp;
            const bool unwound = known &&
                                 rtl::virtual_unwind(guest_memory(), UNW_FLAG_NHANDLER, function.image_base,
                                                     frame.pc, function.function, context_, nullptr)
                                         .status == rtl::UnwindStatus::ok &&
                                 context_.Rsp > sp;
            if (unwound) frame.return_address = context_.Rip;
            if (!emit(frame) || !unwound) return;
        }
    }

    FrameVisitor visit_;
    void* user_;
    ULONG left_;
    bool done_ = false;
    CONTEXT context_;
};

} // namespace

void walk(FrameVisitor visit, void* context, ULONG limit) { Walker(visit, context, limit).run(innermost()); }

void walk_from(const Record* record, FrameVisitor visit, void* context, ULONG limit) {
    Walker(visit, context, limit).run(record);
}

void walk_from(const CONTEXT& start, const Record* records, FrameVisitor visit, void* context, ULONG limit) {
    Walker(visit, context, limit).run(start, segment_of(const_cast<Record*>(records)));
}

ULONG capture_back_trace(ULONG skip, ULONG count, ULONG_PTR* addresses, ULONG* hash) {
    ULONG stored = 0, sum = 0;
    walk(
        [&](const Frame& frame) {
            if (frame.kind == FrameKind::system_call || frame.kind == FrameKind::user) return false;
            if (frame.return_address == 0 || stored == count) return stored != count;
            if (skip) {
                skip--;
                return true;
            }
            addresses[stored++] = frame.return_address;
            sum += static_cast<ULONG>(frame.return_address);
            return true;
        },
        64);
    if (hash) *hash = sum;
    return stored;
}

} // namespace nt::seh
