#include "kernel/mm/io_space.h"
#include "abi/mm.h"
#include "hardware/physical_map.h"
#include "host/machine_heap.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"
#include <algorithm>

namespace nt::mm {
namespace {

struct Mapping {
    std::uint64_t address, pages; // both of whole pages
    std::uint64_t physical, owner;
};
using Mappings = std::vector<Mapping, host::HeapAllocator<Mapping>>;
Mappings& mappings() {
    static auto* all = host::make<Mappings>();
    return *all;
}

// Execute alone reads, too: the processor's page tables know no other.
Protection rights_of(ULONG protection) {
    constexpr ULONG cache = PAGE_NOCACHE | PAGE_WRITECOMBINE;
    if ((protection & cache) == cache) return Protection::none;
    switch (protection & ~cache) {
    case PAGE_READONLY:
        return Protection::read;
    case PAGE_READWRITE:
        return Protection::read_write;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
        return Protection::read_execute;
    case PAGE_EXECUTE_READWRITE:
        return Protection::all;
    default:
        return Protection::none;
    }
}

} // namespace

std::uint64_t map_io_space(std::uint64_t physical, std::uint64_t bytes, ULONG protection,
                           std::uint64_t owner) {
    const Protection rights = rights_of(protection);
    if (rights == Protection::none || bytes == 0) return 0;
    if (physical >= hardware::physical_end || bytes > hardware::physical_end - physical) return 0;
    const std::uint64_t count = pages_of(physical, bytes);
    constexpr std::uint64_t most = 0x10'0000; // the whole window
    if (count > most) return 0;
    std::vector<Pfn> pages(count);
    for (std::uint64_t i = 0; i < count; ++i)
        pages[i] = (physical >> page_shift) + i;
    const std::uint64_t address = map_window(pages.data(), count, rights);
    if (!address) return 0;
    mappings().push_back({address, count, physical, owner});
    return address + (physical & (page_size - 1));
}

Unmapped unmap_io_space(std::uint64_t address, std::uint64_t bytes, std::uint64_t& expected) {
    const std::uint64_t base = page_floor(address);
    const auto found = std::find_if(mappings().begin(), mappings().end(),
                                    [base](const Mapping& m) { return m.address == base; });
    if (found == mappings().end()) return Unmapped::unknown;
    expected = found->pages;
    if (pages_of(address, bytes) != expected) return Unmapped::wrong_size;
    unmap_window(base, expected);
    mappings().erase(found);
    return Unmapped::done;
}

void for_each_io_space(void (*f)(void*, std::uint64_t, std::uint64_t, std::uint64_t), void* context) {
    for (const Mapping& m : mappings())
        f(context, m.physical, m.pages, m.owner);
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> physical_memory_ranges() {
    using namespace host::ram;
    const std::uint64_t end = size();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges{
        {low_end, std::min(end, device_hole) - low_end}};
    if (end > device_hole_end) ranges.push_back({device_hole_end, end - device_hole_end});
    return ranges;
}

} // namespace nt::mm
