// MmAllocatePagesForMdlEx and MmFreePagesFromMdl.
//   https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmallocatepagesformdlex
#include "kernel/mm/mdl.h"
#include "kernel/mm/windows.h"
#include <cstring>

namespace nt::mm {
namespace {

constexpr ULONG MM_ALLOCATE_FULLY_REQUIRED = 0x4;
constexpr ULONG MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS = 0x20;

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
    if (count == 0 || bytes > 0x1'0000'0000 - page_size || high < low) return nullptr;
    if ((skip & (page_size - 1)) ||
        ((flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS) && skip && (skip & (skip - 1))))
        return nullptr;
    MDL* mdl = describe(count << page_shift);
    if (!mdl) return nullptr;
    PFN_NUMBER* pages = mdl_pages(mdl);
    Pfn first = (low + page_size - 1) >> page_shift, last = high >> page_shift;
    // Chunks: contiguous ones of `skip` bytes (0: all in one) if required; else the whole, then halves, then
    // single pages.
    bool chunks = flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;
    std::uint64_t chunk = chunks && skip ? skip >> page_shift : count;
    std::uint64_t done = 0;
    while (done < count) {
        std::uint64_t want = chunk < count - done ? chunk : count - done;
        Run run = allocate_run_between(Zone::general, want, 1, first, last);
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
