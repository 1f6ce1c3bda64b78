// Pages of RAM. RAM is divided once into zones; a kernel zone backs a linear window of kernel addresses, so
// address <-> page is arithmetic there (windows.h); the general zone backs user memory and whatever has no
// window.
//
// A page has one PageFrame, in an array at a fixed place mapped lazily. Frames of free runs carry their own
// boundary tags, so the allocator has no memory of its own: allocation takes the best-fitting run of a
// power-of-two bucket (lowest run on top, so runs repeat), release coalesces. Both are O(1) in practice.
#pragma once
#include "abi/types.h"
#include "host/ram.h"
#include <cstdint>

namespace nt::mm {

using Pfn = PFN_NUMBER;
inline constexpr std::uint64_t page_size = host::ram::page_size;
inline constexpr std::uint64_t page_shift = host::ram::page_shift;
inline constexpr std::uint64_t granularity = 0x1'0000; // of user reservations
inline constexpr std::uint32_t no_page = 0xffff'ffff;

constexpr std::uint64_t page_floor(std::uint64_t x) { return x & ~(page_size - 1); }
constexpr std::uint64_t page_ceil(std::uint64_t x) { return (x + page_size - 1) & ~(page_size - 1); }
constexpr std::uint64_t pages_of(std::uint64_t address, std::uint64_t length) {
    return ((address & (page_size - 1)) + length + page_size - 1) >> page_shift;
}

enum class Zone : std::uint8_t {
    general,
    images,
    nonpaged_pool,
    nonpaged_pool_execute,
    paged_pool,
    kernel_stacks,
    processors,
    count
};

enum class PageKind : std::uint8_t { reserved, free_run, in_use, pool_slab, pool_big };

struct PageFrame {
    std::uint32_t references; // holders: the owner, locks and views one each, mappings of locked pages more
    PageKind kind;
    Zone zone;
    std::uint16_t slab_class; // pool: size class; images: Protection
    std::uint32_t next, prev; // free run or slab list
    std::uint32_t run; // pages of a free run (first and last frame) or of a big pool block (first frame)
    std::uint16_t slab_free; // pool slab: offset of the first free block / 16
    std::uint16_t slab_used; // images: 1 while paging keeps the section closed
    std::uint32_t tag;       // big pool block
    std::uint32_t owner;     // big pool block: offset of the allocating code in the images window
};
static_assert(sizeof(PageFrame) == 32);

struct Run {
    Pfn first = 0;
    std::uint64_t count = 0;
    explicit operator bool() const { return count != 0; }
};

// Creates RAM, the zones and their windows. Idempotent.
void initialize();

inline PageFrame* page_frames() { return reinterpret_cast<PageFrame*>(host::places::page_frames); }
inline PageFrame& frame(Pfn pfn) { return page_frames()[pfn]; }
inline void* direct(Pfn pfn, std::uint64_t offset = 0) {
    return host::ram::direct((pfn << page_shift) + offset);
}
// A page of memory: not a hole, not beyond the end.
inline bool is_ram(Pfn pfn) {
    const std::uint64_t address = pfn << page_shift;
    return (address >= host::ram::low_end && address < host::ram::device_hole) ||
           (address >= host::ram::device_hole_end && address < host::ram::size());
}
Pfn highest_page();

// A contiguous run of exactly `count` pages whose first page number is a multiple of `alignment` (a power of
// two), with one reference each; empty when there is none. Contents: as the last owner left them in kernel
// zones, zero in the general zone. `low`/`high`: bounds on page numbers (general zone only).
Run allocate_run(Zone zone, std::uint64_t count, std::uint64_t alignment = 1);
Run allocate_run_between(Zone zone, std::uint64_t count, std::uint64_t alignment, Pfn low, Pfn high,
                         std::uint64_t boundary_pages = 0);
// The longest convenient run of at most `count` pages: for callers that accept pieces.
Run allocate_up_to(Zone zone, std::uint64_t count);

// References: a locked page outlives its owner's release. The last release of a page frees it (and, in the
// general zone, gives it back to the host, so that it reads zero).
inline void reference_page(Pfn pfn) { ++frame(pfn).references; }
void release_pages(Pfn first, std::uint64_t count);
inline void release_page(Pfn pfn) {
    if (--frame(pfn).references == 0) [[unlikely]] {
        ++frame(pfn).references;
        release_pages(pfn, 1);
    }
}
// Mappings of locked pages for user mode hold them too, but are counted apart, in the upper bits: they lock
// nothing, and may outlive the lock.
inline constexpr std::uint32_t mapping_reference = 1u << 20;
inline bool reference_mapped_page(Pfn pfn) { // false: it has 4095 of them
    std::uint32_t& references = frame(pfn).references;
    if (references > ~std::uint32_t{0} - mapping_reference) return false;
    references += mapping_reference;
    return true;
}
inline void release_mapped_page(Pfn pfn) {
    frame(pfn).references -= mapping_reference - 1;
    release_page(pfn);
}
// By somebody else than its owner; pages of pool and of drivers' images have no views.
inline bool is_locked(Pfn pfn) { return frame(pfn).references % mapping_reference > 1; }

std::uint64_t free_pages(Zone zone);
std::uint64_t zone_pages(Zone zone);

} // namespace nt::mm
