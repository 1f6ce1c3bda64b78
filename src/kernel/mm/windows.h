// The kernel's linear windows: kernel address <-> page number is one subtraction. User addresses need the
// address space (address_space.h).
#pragma once
#include "kernel/mm/physical.h"

namespace nt::mm {

struct Window {
    std::uint64_t address; // first address
    std::uint64_t length;
    Pfn first; // page behind the first address
    constexpr bool contains(std::uint64_t a) const { return a - address < length; }
};

inline constexpr std::uint64_t images_length = host::places::images_end - host::places::gateway;
inline constexpr std::uint64_t nonpaged_length = 0x2000'0000;         // 512 MiB
inline constexpr std::uint64_t nonpaged_execute = 0x3180'0000'0000;   // executable nonpaged pool
inline constexpr std::uint64_t nonpaged_execute_length = 0x1000'0000; // 256 MiB
inline constexpr std::uint64_t paged_length = 0x2000'0000;
inline constexpr std::uint64_t stacks_length = 0x2000'0000;
inline constexpr std::uint64_t processors_length = 0x400'0000;

// Zones follow each other from 4 GiB up, so the first 3 GiB stay general (32-bit DMA).
inline constexpr Pfn zones_first = host::ram::device_hole_end >> page_shift;
inline constexpr Window windows[] = {
    {0, 0, 0}, // general: no window
    {host::places::gateway, images_length, zones_first},
    {host::places::nonpaged_pool, nonpaged_length, zones_first + 0x1'0000},
    {nonpaged_execute, nonpaged_execute_length, zones_first + 0x3'0000},
    {host::places::paged_pool, paged_length, zones_first + 0x4'0000},
    {host::places::kernel_stacks, stacks_length, zones_first + 0x6'0000},
    {host::places::processors, processors_length, zones_first + 0x8'0000},
};
inline constexpr Pfn zones_end = zones_first + 0x9'0000;

constexpr const Window& window(Zone zone) { return windows[static_cast<int>(zone)]; }
// Zone whose window contains the address, or Zone::general.
constexpr Zone zone_of(std::uint64_t address) {
    for (int z = 1; z < static_cast<int>(Zone::count); ++z)
        if (windows[z].contains(address)) return static_cast<Zone>(z);
    return Zone::general;
}
constexpr std::uint64_t address_of(Zone zone, Pfn pfn) {
    return window(zone).address + ((pfn - window(zone).first) << page_shift);
}
constexpr Pfn pfn_in(Zone zone, std::uint64_t address) {
    return window(zone).first + ((address - window(zone).address) >> page_shift);
}

// Page behind any kernel address: windows, direct map, mapping window. False where nothing is mapped.
bool kernel_page(std::uint64_t address, Pfn& pfn);

} // namespace nt::mm
