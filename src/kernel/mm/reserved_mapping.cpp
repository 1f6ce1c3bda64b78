#include "kernel/mm/reserved_mapping.h"
#include "host/machine_heap.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/mm/mdl.h"
#include <map>

namespace nt::mm {
namespace {

using Ranges = std::map<std::uint64_t, ReservedMapping, std::less<>,
                        host::HeapAllocator<std::pair<const std::uint64_t, ReservedMapping>>>;
Ranges& ranges() {
    static auto* all = host::make<Ranges>();
    return *all;
}

} // namespace

std::uint64_t reserve_mapping(std::uint64_t bytes, ULONG tag, std::uint64_t owner) {
    const std::uint64_t count = (bytes >> page_shift) + ((bytes & (page_size - 1)) != 0);
    const std::uint64_t address = reserve_window(count);
    if (address) ranges()[address] = {address, count, tag, owner, 0};
    return address;
}

const ReservedMapping* find_reserved(std::uint64_t address) {
    const auto found = ranges().find(address);
    return found == ranges().end() ? nullptr : &found->second;
}

// Also an address within: MmAdvanceMdl may have moved the mapping's.
static ReservedMapping* range_around(std::uint64_t address) {
    auto found = ranges().upper_bound(address);
    if (found == ranges().begin()) return nullptr;
    ReservedMapping& range = (--found)->second;
    return address - range.address < range.pages << page_shift ? &range : nullptr;
}
bool is_reserved_mapping(std::uint64_t address) { return !ranges().empty() && range_around(address); }

void free_reserved(std::uint64_t address) {
    const auto found = ranges().find(address);
    return_window(address, found->second.pages);
    ranges().erase(found);
}

std::uint64_t map_reserved(std::uint64_t address, MDL* mdl) {
    ReservedMapping& range = ranges().find(address)->second;
    const std::uint64_t count = mdl_page_count(mdl);
    constexpr CSHORT described = MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL;
    if (count == 0 || count > range.pages || !(mdl->MdlFlags & described)) return 0;
    if (!fill_window(address, mdl_pages(mdl), count, Protection::read_write)) return 0;
    range.mapped = count;
    // The page's documentation: without the byte offset in the MDL, with it in the result.
    mdl->MappedSystemVa = reinterpret_cast<PVOID>(address);
    mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    return address + mdl->ByteOffset;
}

void unmap_reserved(std::uint64_t address) {
    ReservedMapping& range = *range_around(address);
    empty_window(range.address, range.mapped);
    range.mapped = 0;
}

void for_each_reserved(void (*f)(void*, const ReservedMapping&), void* context) {
    for (const auto& [address, range] : ranges())
        f(context, range);
}

} // namespace nt::mm
