// MmMapIoSpace and its kin: kernel addresses for any range of physical addresses (hardware/physical_map.h).
//
// RAM and ROM are mapped as they are; where devices answer, each access traps and is carried out on the bus
// (hardware/device_access.cpp).
#pragma once
#include "abi/types.h"
#include <cstdint>
#include <utility>
#include <vector>

namespace nt::mm {

// 0: nothing to map, beyond the processor's physical addresses, or no room. `protection`: one of
// PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, with at most one of
// PAGE_NOCACHE and PAGE_WRITECOMBINE; 0 for any other. Cache attributes change nothing here: there is no
// cache.
// `owner`: the code that asks, for for_each_io_space.
std::uint64_t map_io_space(std::uint64_t physical, std::uint64_t bytes, ULONG protection,
                           std::uint64_t owner = 0);

enum class Unmapped : UCHAR { done, unknown, wrong_size };
// `expected`: the pages of the mapping, for wrong_size.
Unmapped unmap_io_space(std::uint64_t address, std::uint64_t bytes, std::uint64_t& expected);
// Calls `f` for each mapping, the oldest first.
void for_each_io_space(void (*f)(void* context, std::uint64_t physical, std::uint64_t pages,
                                 std::uint64_t owner),
                       void* context);

// The machine's RAM as (physical address, bytes), ascending.
std::vector<std::pair<std::uint64_t, std::uint64_t>> physical_memory_ranges();

} // namespace nt::mm
