// Which memory the instruction at a context uses, for a proof that a loop does nothing (kernel/ex/polling.h).
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
}

namespace nt::hardware {

struct MemoryUse {
    static constexpr ULONG most = 4, most_bytes = 64;
    struct Operand {
        ULONG_PTR address;
        ULONG size; // bytes, at most most_bytes
        bool written;
        bool of_processor; // relative to GS
    } operands[most];
    ULONG count = 0;
};

// False: it cannot be decoded, or it does something else than work on registers and memory (system
// instructions, segments, time, randomness, flags that a single step shows in), or it uses more than can be
// told. `gs_base` is the base of GS.
bool memory_use(CONTEXT& context, ULONG_PTR gs_base, MemoryUse& use);

} // namespace nt::hardware
