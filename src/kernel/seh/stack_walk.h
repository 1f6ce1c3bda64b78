// The stack as an engineer wants to read it: drivers' frames, the gates between them, the system call and
// user code above.
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
}

namespace nt::seh {

struct Record;

enum class FrameKind : UCHAR {
    driver,       // guest kernel code: pc is in a driver or in ntoskrnl's trampoline
    gate,         // our export `index`, called by the next frame; pc is 0
    system_call,  // service number `index`; what follows is user code
    fault,        // an exception was dispatched here: the next frame is where it happened
    user,         // user-mode code
    thread_start, // the base of a system thread: what called its routine, then what started it
    interruption  // the kernel interrupted what follows; index: Interruption
};

struct Frame {
    ULONG_PTR pc = 0; // current instruction for the first frame and after a fault, else a return address
    ULONG_PTR sp = 0; // Child-SP: rsp while the frame is executing
    ULONG_PTR return_address = 0; // RetAddr column; 0 when not known
    FrameKind kind = FrameKind::driver;
    ULONG index = 0; // gate: export index; system_call: service number; thread_start: 1 for the
                     // outermost, 2 for an idle thread
};

// The frame of ntoskrnl's trampoline is left out: the gate or service behind it stands for it. Calls
// visit(frame) from the innermost outward until it says false or the stack ends (at most `limit` frames).
// Starts at `start` with the record chain `records` (both optional: the running thread, at its current gate).
// Never faults: a damaged stack ends the walk. User frames are walked when the record chain ends in a system
// call.
using FrameVisitor = bool (*)(void* context, const Frame& frame);
void walk(FrameVisitor visit, void* context, ULONG limit = 256);
// A thread that does not run: from the record it left off at.
void walk_from(const Record* record, FrameVisitor visit, void* context, ULONG limit = 256);
void walk_from(const CONTEXT& start, const Record* records, FrameVisitor visit, void* context,
               ULONG limit = 256);

template <class F> void walk(F&& f, ULONG limit = 256) {
    walk([](void* p, const Frame& frame) -> bool { return (*static_cast<F*>(p))(frame); }, &f, limit);
}

// RtlCaptureStackBackTrace for the current gate: return addresses of guest frames, skipping the first `skip`.
// Gives the number stored; *hash (may be null) is the sum of their low 32 bits.
ULONG capture_back_trace(ULONG skip, ULONG count, ULONG_PTR* addresses, ULONG* hash);

} // namespace nt::seh
