#include "kernel/mm/mapping_window.h"
#include "hardware/physical_map.h"
#include "host/machine_heap.h"
#include <vector>

namespace nt::mm {
namespace {

using host::places::mapping_window;

constexpr std::uint64_t window_pages = 0x10'0000;
struct Range {
    std::uint32_t first, count;
};
struct MappingWindow {
    // A word per page: page number + 1, 0 for none.
    std::uint32_t* pages =
        static_cast<std::uint32_t*>(host::heap_allocate(window_pages * sizeof(std::uint32_t)));
    std::uint8_t* rights = static_cast<std::uint8_t*>(host::heap_allocate(window_pages));
    std::vector<Range, host::HeapAllocator<Range>> free{{0, static_cast<std::uint32_t>(window_pages)}};
};
MappingWindow& mappings() {
    static MappingWindow* m = host::make<MappingWindow>();
    return *m;
}
std::uint64_t index_of(std::uint64_t address) { return (address - mapping_window) >> page_shift; }

// What a page is to the host: devices never answer directly, and ROM takes no writes.
Protection host_rights(Pfn pfn, Protection protection) {
    const std::uint64_t physical = pfn << page_shift;
    if (!hardware::is_memory(physical)) return Protection::none;
    if (!hardware::is_rom(physical)) return protection;
    return static_cast<Protection>(static_cast<unsigned>(protection) &
                                   ~static_cast<unsigned>(Protection::write));
}

} // namespace

bool in_mapping_window(std::uint64_t address) {
    return address - mapping_window < window_pages << page_shift;
}

std::uint64_t reserve_window(std::uint64_t count) {
    auto& free = mappings().free;
    std::size_t i = 0;
    while (i < free.size() && free[i].count < count)
        ++i;
    if (count == 0 || i == free.size()) return 0;
    const std::uint32_t first = free[i].first;
    free[i].first += static_cast<std::uint32_t>(count);
    free[i].count -= static_cast<std::uint32_t>(count);
    if (free[i].count == 0) free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
    return mapping_window + (std::uint64_t(first) << page_shift);
}

void return_window(std::uint64_t address, std::uint64_t count) {
    const Range range{static_cast<std::uint32_t>(index_of(address)), static_cast<std::uint32_t>(count)};
    auto& free = mappings().free;
    std::size_t i = 0;
    while (i < free.size() && free[i].first < range.first)
        ++i;
    bool joins_before = i > 0 && free[i - 1].first + free[i - 1].count == range.first;
    bool joins_after = i < free.size() && range.first + range.count == free[i].first;
    if (joins_before && joins_after) {
        free[i - 1].count += range.count + free[i].count;
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
    } else if (joins_before) {
        free[i - 1].count += range.count;
    } else if (joins_after) {
        free[i].first = range.first;
        free[i].count += range.count;
    } else {
        free.insert(free.begin() + static_cast<std::ptrdiff_t>(i), range);
    }
}

bool fill_window(std::uint64_t address, const Pfn* pages, std::uint64_t count, Protection protection) {
    for (std::uint64_t done = 0; done < count;) {
        std::uint64_t n = 1;
        const Protection rights = host_rights(pages[done], protection);
        while (done + n < count && pages[done + n] == pages[done] + n &&
               host_rights(pages[done + n], protection) == rights)
            ++n;
        if (!host::ram::map(address + (done << page_shift), pages[done] << page_shift, n << page_shift,
                            rights)) {
            if (done) host::ram::unmap(address, done << page_shift);
            return false;
        }
        done += n;
    }
    MappingWindow& m = mappings();
    const std::uint64_t first = index_of(address);
    for (std::uint64_t k = 0; k < count; ++k) {
        m.pages[first + k] = static_cast<std::uint32_t>(pages[k] + 1);
        m.rights[first + k] = static_cast<std::uint8_t>(protection);
    }
    return true;
}

void empty_window(std::uint64_t address, std::uint64_t count) {
    host::ram::unmap(address, count << page_shift);
    for (std::uint64_t k = 0; k < count; ++k)
        mappings().pages[index_of(address) + k] = 0;
}

std::uint64_t map_window(const Pfn* pages, std::uint64_t count, Protection protection) {
    const std::uint64_t address = reserve_window(count);
    if (address && !fill_window(address, pages, count, protection)) {
        return_window(address, count);
        return 0;
    }
    return address;
}

void unmap_window(std::uint64_t address, std::uint64_t count) {
    empty_window(address, count);
    return_window(address, count);
}

bool window_page(std::uint64_t address, Pfn& pfn) {
    const std::uint32_t entry = mappings().pages[index_of(address)];
    pfn = entry - 1;
    return entry != 0;
}

Protection window_protection(std::uint64_t address) {
    const std::uint64_t k = index_of(address);
    return mappings().pages[k] ? static_cast<Protection>(mappings().rights[k]) : Protection::none;
}

void set_window_protection(std::uint64_t address, std::uint64_t count, Protection protection) {
    for (std::uint64_t k = 0; k < count; ++k)
        mappings().rights[index_of(address) + k] = static_cast<std::uint8_t>(protection);
}

bool device_page(std::uint64_t address, bool write, std::uint64_t& physical) {
    Pfn pfn;
    if (!in_mapping_window(address) || !window_page(address, pfn)) return false;
    const auto needed = static_cast<unsigned>(write ? Protection::write : Protection::read);
    if (!(static_cast<unsigned>(window_protection(address)) & needed)) return false;
    physical = (pfn << page_shift) + (address & (page_size - 1));
    return !hardware::is_memory(physical) || (write && hardware::is_rom(physical));
}

} // namespace nt::mm
