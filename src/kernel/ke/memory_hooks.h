// What ke needs from mm, which stands above it; plugged by app/machine.
#pragma once
#include "abi/types.h"

namespace nt::ke {

struct MemoryHooks {
    bool (*allocate_kernel_stack)(ULONG_PTR& base, ULONG_PTR& limit) = nullptr;
    void (*free_kernel_stack)(ULONG_PTR base, ULONG_PTR limit) = nullptr;
};
extern MemoryHooks memory_hooks;

} // namespace nt::ke
