// The mapping window: kernel addresses (4 GiB of them) for pages in any order. Each page of it has a page
// number and rights; free ranges are kept in address order and given out first fit, so addresses repeat.
#pragma once
#include "kernel/mm/kernel_memory.h"

namespace nt::mm {

bool in_mapping_window(std::uint64_t address);

// Maps pages (any order) at one kernel range. One host mapping per contiguous piece. 0 when the window or
// the host's mappings are used up. Pages of devices are inaccessible to the host, so that every access traps
// and goes to the device (device_page); so are writes to ROM.
std::uint64_t map_window(const Pfn* pages, std::uint64_t count, Protection protection);
void unmap_window(std::uint64_t address, std::uint64_t count);

// The two halves of each: a range without pages, and pages in such a range.
std::uint64_t reserve_window(std::uint64_t count); // 0: no such range
void return_window(std::uint64_t address, std::uint64_t count);
bool fill_window(std::uint64_t address, const Pfn* pages, std::uint64_t count, Protection protection);
void empty_window(std::uint64_t address, std::uint64_t count);

// For addresses in the window. `window_page`: false where nothing is mapped.
bool window_page(std::uint64_t address, Pfn& pfn);
Protection window_protection(std::uint64_t address);
void set_window_protection(std::uint64_t address, std::uint64_t count, Protection protection); // books only
// The address is one of a device in the window, and its rights allow the access.
bool device_page(std::uint64_t address, bool write, std::uint64_t& physical);

} // namespace nt::mm
