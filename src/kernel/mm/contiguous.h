// Blocks of physical memory that drivers ask for by physical address: MmAllocateContiguousMemory and kin, and
// MmAllocateNonCachedMemory, whose pages need not be contiguous but are here.
//
// Each block is mapped by itself, so what is used after it was freed faults. Cache types change nothing:
// there is no cache.
#pragma once
#include "abi/types.h"
#include <cstdint>

namespace nt::mm {

// Nonpaged, on a page boundary, not initialized. `highest` is inclusive; `boundary` 0 or a power of two that
// the block must not cross. `owner`: the code that asks. 0 when there is no such memory.
std::uint64_t allocate_contiguous(std::uint64_t bytes, std::uint64_t lowest, std::uint64_t highest,
                                  std::uint64_t boundary, bool execute = true, std::uint64_t owner = 0);
// Size in bytes as it was asked for; 0: no block begins there.
std::uint64_t contiguous_size(std::uint64_t address);
void free_contiguous(std::uint64_t address);

// Calls `f(address, bytes, owner)` for each block, in address order.
void for_each_contiguous(void (*f)(void* context, std::uint64_t address, std::uint64_t bytes,
                                   std::uint64_t owner),
                         void* context);

} // namespace nt::mm
