// Virtual unwinding of x64 frames by .pdata/.xdata ("x64 exception handling" in Microsoft's C++
// documentation).
#pragma once
#include "abi/context.h"
#include "rtl/memory_reader.h"

namespace nt::rtl {

enum class UnwindStatus : UCHAR {
    ok,
    bad_stack,      // a stack slot could not be read
    bad_unwind_info // the unwind data could not be read or says something impossible
};

struct UnwindResult {
    UnwindStatus status = UnwindStatus::ok;
    bool machine_frame = false; // an interrupt frame was popped: Rip is an instruction, not a return address
    ULONG_PTR handler = 0;      // language handler asked for by handler_type, 0: none applies at this pc
    ULONG_PTR handler_data = 0; // address of the handler's data, valid with handler
    ULONG_PTR establisher_frame =
        0; // the frame's fixed address: rsp after the prologue, or what the frame register says
};

// handler_type is UNW_FLAG_NHANDLER, EHANDLER or UHANDLER.
// Unwinds one frame: changes `context` from inside the function at control_pc to its caller just after the
// call. `function` is the entry that covers control_pc; null means a leaf function (return address at Rsp).
// On failure the context is unspecified. `pointers` (may be null) receives where each non-volatile register
// was found. Any IRQL; no allocation.
UnwindResult virtual_unwind(const MemoryReader& memory, ULONG handler_type, ULONG_PTR image_base,
                            ULONG_PTR control_pc, const RUNTIME_FUNCTION* function, CONTEXT& context,
                            KNONVOLATILE_CONTEXT_POINTERS* pointers);

// Finds the entry covering pc in a sorted .pdata table; resolves entries that point to another entry. Null:
// leaf function.
const RUNTIME_FUNCTION* find_function(const RUNTIME_FUNCTION* table, std::size_t count, ULONG_PTR image_base,
                                      ULONG_PTR pc);

} // namespace nt::rtl
