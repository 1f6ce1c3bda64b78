#include "kernel/mm/contiguous.h"
#include "host/machine_heap.h"
#include "kernel/mm/mapping_window.h"
#include <map>
#include <vector>

namespace nt::mm {
namespace {

struct Block {
    Run run;
    std::uint64_t bytes, owner;
};
using Blocks =
    std::map<std::uint64_t, Block, std::less<>, host::HeapAllocator<std::pair<const std::uint64_t, Block>>>;
Blocks& blocks() {
    static auto* all = host::make<Blocks>();
    return *all;
}

} // namespace

std::uint64_t allocate_contiguous(std::uint64_t bytes, std::uint64_t lowest, std::uint64_t highest,
                                  std::uint64_t boundary, bool execute, std::uint64_t owner) {
    if (bytes == 0 || bytes > host::ram::size() || lowest > highest || highest < page_size - 1 ||
        (boundary & (boundary - 1)) || (boundary && bytes > boundary))
        return 0;
    const std::uint64_t count = page_ceil(bytes) >> page_shift;
    const Pfn first = (lowest >> page_shift) + ((lowest & (page_size - 1)) != 0);
    const Pfn last = (highest - (page_size - 1)) >> page_shift; // acceptable as a whole
    const Run run = allocate_run_between(Zone::general, count, 1, first, last, boundary >> page_shift);
    if (!run) return 0;
    std::vector<Pfn> pages(count);
    for (std::uint64_t i = 0; i < count; ++i)
        pages[i] = run.first + i;
    const std::uint64_t address =
        map_window(pages.data(), count, execute ? Protection::all : Protection::read_write);
    if (!address)
        release_pages(run.first, run.count);
    else
        blocks()[address] = {run, bytes, owner};
    return address;
}

std::uint64_t contiguous_size(std::uint64_t address) {
    const auto found = blocks().find(address);
    return found == blocks().end() ? 0 : found->second.bytes;
}

void free_contiguous(std::uint64_t address) {
    const auto found = blocks().find(address);
    if (found == blocks().end()) return;
    const Run run = found->second.run;
    unmap_window(address, run.count);
    release_pages(run.first, run.count);
    blocks().erase(found);
}

void for_each_contiguous(void (*f)(void*, std::uint64_t, std::uint64_t, std::uint64_t), void* context) {
    for (const auto& [address, block] : blocks())
        f(context, address, block.bytes, block.owner);
}

} // namespace nt::mm
