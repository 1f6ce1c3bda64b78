// MmAllocatePagesForMdlEx and MmFreePagesFromMdl.
//   https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmallocatepagesformdlex
#include "kernel/mm/mdl.h"
#include "kernel/mm/windows.h"
#include <cstring>

namespace nt::mm {
namespace {

constexpr ULONG MM_ALLOCATE_FULLY_REQUIRED = 0x4;
constexpr ULONG MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS = 0x20;
constexpr ULONG MM_ALLOCATE_FAST_LARGE_PAGES = 0x40;
constexpr ULONG MM_ALLOCATE_AND_HOT_REMOVE = 0x100;
constexpr std::uint64_t large_page_size = 0x200000;

// What the page says of flags, SkipBytes and TotalBytes. assumed: that the rest gives null
bool is_sensible(std::uint64_t skip, std::uint64_t bytes, ULONG flags) {
    const bool chunks = flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;
    if (skip & (page_size - 1)) return false;
    if (chunks && skip && ((skip & (skip - 1)) || bytes % skip)) return false;
    if ((flags & MM_ALLOCATE_FAST_LARGE_PAGES) && (!chunks || !skip || skip % large_page_size)) return false;
    return !(flags & MM_ALLOCATE_AND_HOT_REMOVE) || !(flags & MM_ALLOCATE_FULLY_REQUIRED);
}

// Whole MDLs of this kind are freed by the driver with ExFreePool, so they always come from the pool.
MDL* describe(std::uint64_t bytes) {
    auto* mdl = static_cast<MDL*>(allocate_mdl_memory(size_of_mdl(0, bytes)));
    if (mdl) initialize_mdl(mdl, 0, bytes);
    return mdl;
}

} // namespace

MDL* allocate_pages_for_mdl(std::uint64_t low, std::uint64_t high, std::uint64_t skip, std::uint64_t bytes,
                            ULONG flags) {
    std::uint64_t count = page_ceil(bytes) >> page_shift;
    if (count == 0 || bytes > 0x1'0000'0000 - page_size || high < low || low > ~(page_size - 1) ||
        !is_sensible(skip, bytes, flags))
        return nullptr;
    MDL* mdl = describe(count << page_shift);
    if (!mdl) return nullptr;
    PFN_NUMBER* pages = mdl_pages(mdl);
    Pfn first = (low + page_size - 1) >> page_shift, last = high >> page_shift;
    // Chunks: contiguous ones of `skip` bytes, at multiples of it (0: all in one), if required; else the
    // whole, then halves, then single pages.
    bool chunks = flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;
    std::uint64_t chunk = chunks && skip ? skip >> page_shift : count;
    const std::uint64_t alignment = chunks && skip ? chunk : 1;
    std::uint64_t done = 0;
    while (done < count) {
        std::uint64_t want = chunk < count - done ? chunk : count - done;
        Run run = allocate_run_between(Zone::general, want, alignment, first, last);
        if (!run && !chunks && skip &&
            skip < (high + 1)) { // further ranges of the same length, `skip` bytes apart
            for (std::uint64_t s = skip; !run && ((low + s) >> page_shift) <= highest_page(); s += skip)
                run = allocate_run_between(Zone::general, want, 1, (low + s) >> page_shift,
                                           (high + s) >> page_shift);
        }
        if (!run) {
            if (chunks || want == 1) break;
            chunk = want / 2;
            continue;
        }
        for (std::uint64_t i = 0; i < run.count; ++i)
            pages[done++] = run.first + i;
    }
    if (done == 0 || (done < count && (flags & MM_ALLOCATE_FULLY_REQUIRED))) {
        for (std::uint64_t i = 0; i < done; ++i)
            release_page(pages[i]);
        release_mdl_memory(mdl);
        return nullptr;
    }
    mdl->ByteCount = static_cast<ULONG>(done << page_shift);
    mdl->MdlFlags = MDL_PAGES_LOCKED;
    return mdl;
}

void free_pages_from_mdl(MDL* mdl) {
    // The locks are the pages' only references.
    unlock_pages(mdl);
}

} // namespace nt::mm
