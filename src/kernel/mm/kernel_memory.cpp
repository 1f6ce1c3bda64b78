#include "kernel/mm/kernel_memory.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/windows.h"
#include <cstring>
#include <vector>

namespace nt::mm {
namespace {

using host::places::images;

// Protection of a page in the images window is kept in its frame (slab_class, which pools use for theirs).
void note_protection(std::uint64_t address, std::uint64_t size, Protection protection) {
    Pfn first = pfn_in(Zone::images, address);
    for (Pfn p = first; p < first + (size >> page_shift); ++p)
        frame(p).slab_class = static_cast<std::uint16_t>(protection);
}

template <class T> using Vector = std::vector<T, host::HeapAllocator<T>>;

// Kernel stacks: slots of 32 KiB, guard page, 24 KiB, guard page. Slots are used from the bottom up and
// reused last in, first out.
constexpr std::uint64_t stack_stride = kernel_stack_size + 2 * page_size;
constexpr std::uint64_t stack_slots = stacks_length / stack_stride;
struct Stacks {
    std::uint64_t fresh = 0; // slots ever used
    std::uint64_t in_use = 0;
    Vector<std::uint32_t> free;
};
Stacks& stacks() {
    static Stacks* s = host::make<Stacks>();
    return *s;
}

} // namespace

Result<std::uint64_t> allocate_image(std::uint64_t size) {
    std::uint64_t pages = page_ceil(size) >> page_shift;
    Run run = allocate_run(Zone::images, pages, granularity >> page_shift);
    if (!run) return fail(STATUS_INSUFFICIENT_RESOURCES);
    std::uint64_t address = address_of(Zone::images, run.first);
    if (!host::ram::protect(address, pages << page_shift, Protection::read_write)) {
        release_pages(run.first, run.count);
        return fail(STATUS_INSUFFICIENT_RESOURCES);
    }
    note_protection(address, pages << page_shift, Protection::read_write);
    return address;
}

void discard_image(std::uint64_t address, std::uint64_t size) {
    size = page_ceil(size);
    forget_driver_sections(address, size);
    host::ram::protect(address, size, Protection::none);
    note_protection(address, size, Protection::none);
    host::ram::discard(pfn_in(Zone::images, address) << page_shift, size);
}

void free_image(std::uint64_t address, std::uint64_t size) {
    discard_image(address, size);
    release_pages(pfn_in(Zone::images, address), page_ceil(size) >> page_shift);
}

void protect_kernel(std::uint64_t address, std::uint64_t size, Protection protection) {
    size = page_ceil((address & (page_size - 1)) + size);
    address = page_floor(address);
    if (!host::ram::protect(address, size, protection))
        host::fatal("the host refuses to protect %#llx", static_cast<unsigned long long>(address));
    if (zone_of(address) == Zone::images) note_protection(address, size, protection);
}

void* gateway_page() {
    Pfn pfn = pfn_in(Zone::images, host::places::gateway);
    if (frame(pfn).kind != PageKind::in_use) {
        frame(pfn).kind = PageKind::in_use;
        frame(pfn).references = 1;
        frame(pfn).zone = Zone::images;
        protect_kernel(host::places::gateway, page_size, Protection::read_write);
    }
    return reinterpret_cast<void*>(host::places::gateway);
}

void* processor_area(std::uint64_t offset, std::uint64_t size) {
    if (offset + size > processors_length) host::fatal("processor area out of range");
    for (std::uint64_t a = page_floor(offset); a < offset + size; a += page_size) {
        PageFrame& f = frame(pfn_in(Zone::processors, host::places::processors + a));
        f.kind = PageKind::in_use;
        f.references = 1;
        f.zone = Zone::processors;
    }
    return reinterpret_cast<void*>(host::places::processors + offset);
}

Result<KernelStack> allocate_kernel_stack() {
    Stacks& s = stacks();
    std::uint64_t slot;
    if (!s.free.empty()) {
        slot = s.free.back();
        s.free.pop_back();
    } else {
        if (s.fresh == stack_slots) return fail(STATUS_INSUFFICIENT_RESOURCES);
        slot = s.fresh;
        std::uint64_t limit = host::places::kernel_stacks + slot * stack_stride + page_size;
        if (!host::ram::protect(limit, kernel_stack_size, Protection::read_write))
            return fail(STATUS_INSUFFICIENT_RESOURCES);
        ++s.fresh;
        for (std::uint64_t a = limit; a < limit + kernel_stack_size; a += page_size) {
            PageFrame& f = frame(pfn_in(Zone::kernel_stacks, a));
            f.kind = PageKind::in_use;
            f.references = 1;
            f.zone = Zone::kernel_stacks;
        }
    }
    ++s.in_use;
    std::uint64_t limit = host::places::kernel_stacks + slot * stack_stride + page_size;
    return KernelStack{limit + kernel_stack_size, limit};
}

void free_kernel_stack(const KernelStack& stack) {
    stacks().free.push_back(
        static_cast<std::uint32_t>((stack.limit - host::places::kernel_stacks) / stack_stride));
    --stacks().in_use;
}

std::uint64_t kernel_stacks_in_use() { return stacks().in_use; }

bool is_kernel_stack_guard(std::uint64_t address) {
    if (zone_of(address) != Zone::kernel_stacks) return false;
    std::uint64_t offset = address - host::places::kernel_stacks;
    return offset / stack_stride < stacks().fresh && offset % stack_stride < page_size;
}

Protection kernel_protection(std::uint64_t address) {
    switch (Zone zone = zone_of(address)) {
    case Zone::images:
        return static_cast<Protection>(frame(pfn_in(zone, address)).slab_class);
    case Zone::kernel_stacks: {
        PageFrame& f = frame(pfn_in(zone, address));
        return f.kind == PageKind::in_use ? Protection::read_write : Protection::none;
    }
    case Zone::nonpaged_pool:
    case Zone::paged_pool:
    case Zone::processors:
        return Protection::read_write;
    case Zone::nonpaged_pool_execute:
        return Protection::all;
    default:
        break;
    }
    if (address - host::places::ram < host::ram::size())
        return is_ram((address - host::places::ram) >> page_shift) ? Protection::read_write
                                                                   : Protection::none;
    if (in_mapping_window(address)) return window_protection(address);
    return host::heap_contains(address) ? Protection::read_write : Protection::none;
}

bool kernel_accessible(std::uint64_t address, bool write) {
    return static_cast<int>(kernel_protection(address)) &
           static_cast<int>(write ? Protection::write : Protection::read);
}

bool kernel_page(std::uint64_t address, Pfn& pfn) {
    if (Zone zone = zone_of(address); zone != Zone::general) {
        pfn = pfn_in(zone, address);
        // Free pool pages are mapped and harmless, but no page of anybody; of a discarded section only the
        // address is left.
        if (zone == Zone::images && kernel_protection(address) == Protection::none) return false;
        return frame(pfn).kind != PageKind::reserved && frame(pfn).kind != PageKind::free_run;
    }
    if (address - host::places::ram < host::ram::size()) {
        pfn = (address - host::places::ram) >> page_shift;
        return is_ram(pfn);
    }
    return in_mapping_window(address) && window_page(address, pfn);
}

} // namespace nt::mm
