#include "kernel/mm/physical.h"
#include "host/signals.h"
#include "kernel/mm/windows.h"
#include <bit>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <sys/mman.h>

namespace nt::mm {
namespace {

constexpr int buckets = 32;

// Free runs of a zone by floor(log2(pages)); heads are page numbers.
struct FreeRuns {
    std::uint32_t heads[buckets];
    std::uint64_t free = 0;
    std::uint64_t total = 0;
};
FreeRuns zones[static_cast<int>(Zone::count)];
bool ready = false;

FreeRuns& runs_of(Zone zone) { return zones[static_cast<int>(zone)]; }
int bucket_of(std::uint64_t pages) { return std::bit_width(pages) - 1; }

void link(Zone zone, Pfn first, std::uint64_t pages) {
    FreeRuns& runs = runs_of(zone);
    std::uint32_t& head = runs.heads[bucket_of(pages)];
    PageFrame& f = frame(first);
    PageFrame& l = frame(first + pages - 1);
    l.kind = f.kind = PageKind::free_run;
    l.zone = f.zone = zone;
    l.references = f.references = 0;
    l.run = f.run = static_cast<std::uint32_t>(pages);
    f.prev = no_page;
    f.next = head;
    if (head != no_page) frame(head).prev = static_cast<std::uint32_t>(first);
    head = static_cast<std::uint32_t>(first);
    runs.free += pages;
}

void unlink(Zone zone, Pfn first) {
    FreeRuns& runs = runs_of(zone);
    PageFrame& f = frame(first);
    if (f.prev != no_page)
        frame(f.prev).next = f.next;
    else
        runs.heads[bucket_of(f.run)] = f.next;
    if (f.next != no_page) frame(f.next).prev = f.prev;
    runs.free -= f.run;
}

// Takes [start, start + count) out of the free run at `first`.
Run take(Zone zone, Pfn first, Pfn start, std::uint64_t count) {
    std::uint64_t pages = frame(first).run;
    unlink(zone, first);
    if (start > first) link(zone, first, start - first);
    if (first + pages > start + count) link(zone, start + count, first + pages - start - count);
    for (Pfn p = start; p < start + count; ++p) {
        PageFrame& f = frame(p);
        f = PageFrame{};
        f.references = 1;
        f.kind = PageKind::in_use;
        f.zone = zone;
    }
    return {start, count};
}

void give_back(Zone zone, Pfn first, std::uint64_t count) {
    // The general zone promises zeros; kernel zones keep their contents, which a run repeats.
    if (zone == Zone::general) host::ram::discard(first << page_shift, count << page_shift);
    for (Pfn p = first; p < first + count; ++p)
        frame(p).kind = PageKind::reserved;
    const PageFrame& before = frame(first - 1);
    if (before.kind == PageKind::free_run && before.zone == zone) {
        Pfn start = first - before.run;
        unlink(zone, start);
        frame(first - 1).kind = PageKind::reserved;
        count += first - start;
        first = start;
    }
    const PageFrame& after = frame(first + count);
    if (after.kind == PageKind::free_run && after.zone == zone) {
        Pfn next = first + count;
        unlink(zone, next);
        count += after.run;
        frame(next).kind = PageKind::reserved;
    }
    link(zone, first, count);
}

void add_zone(Zone zone, Pfn first, Pfn end) {
    runs_of(zone).total += end - first;
    link(zone, first, end - first);
}

void map_window_of(Zone zone, host::ram::Protection protection) {
    const Window& w = window(zone);
    if (!host::ram::map(w.address, w.first << page_shift, w.length, protection))
        host::fatal("the host refuses the kernel window at %#llx: %s",
                    static_cast<unsigned long long>(w.address), std::strerror(host::ram::last_error()));
}

} // namespace

void initialize() {
    if (ready) return;
    ready = true;
    host::ram::create();
    // Where devices answer, the direct map has nothing.
    (void)host::ram::protect(host::places::ram + host::ram::device_hole,
                             host::ram::device_hole_end - host::ram::device_hole,
                             host::ram::Protection::none);
    std::uint64_t bytes = page_ceil((host::ram::size() >> page_shift) * sizeof(PageFrame)) + page_size;
    void* wished = page_frames();
    if (mmap(wished, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wished)
        host::fatal("no room for the page frames: %s", std::strerror(errno));
    for (FreeRuns& runs : zones)
        for (std::uint32_t& head : runs.heads)
            head = no_page;

    using host::ram::Protection;
    add_zone(Zone::general, host::ram::low_end >> page_shift, host::ram::device_hole >> page_shift);
    add_zone(Zone::general, zones_end,
             host::ram::size() >> page_shift); // on top: low memory is kept for 32-bit DMA
    for (Zone zone : {Zone::images, Zone::nonpaged_pool, Zone::nonpaged_pool_execute, Zone::paged_pool}) {
        const Window& w = window(zone);
        // The images window begins with the gateway's 64 KiB, which is never allocated.
        Pfn first = zone == Zone::images ? pfn_in(zone, host::places::images) : w.first;
        add_zone(zone, first, w.first + (w.length >> page_shift));
    }
    map_window_of(Zone::images, Protection::none);
    map_window_of(Zone::nonpaged_pool, Protection::read_write);
    map_window_of(Zone::nonpaged_pool_execute, Protection::all);
    map_window_of(Zone::paged_pool, Protection::read_write);
    map_window_of(Zone::kernel_stacks, Protection::none);
    map_window_of(Zone::processors, Protection::read_write);
}

Pfn highest_page() { return (host::ram::size() >> page_shift) - 1; }

Run allocate_run(Zone zone, std::uint64_t count, std::uint64_t alignment) {
    if (count == 0) return {};
    const FreeRuns& runs = runs_of(zone);
    for (int bucket = bucket_of(count); bucket < buckets; ++bucket)
        for (std::uint32_t p = runs.heads[bucket]; p != no_page; p = frame(p).next) {
            Pfn start = (p + alignment - 1) & ~(alignment - 1);
            if (start + count <= p + std::uint64_t(frame(p).run)) return take(zone, p, start, count);
        }
    return {};
}

Run allocate_run_between(Zone zone, std::uint64_t count, std::uint64_t alignment, Pfn low, Pfn high,
                         std::uint64_t boundary) {
    if (count == 0 || (boundary && count > boundary)) return {};
    const FreeRuns& runs = runs_of(zone);
    for (int bucket = bucket_of(count); bucket < buckets; ++bucket)
        for (std::uint32_t p = runs.heads[bucket]; p != no_page; p = frame(p).next) {
            Pfn start = p < low ? low : p;
            start = (start + alignment - 1) & ~(alignment - 1);
            if (boundary && (start & (boundary - 1)) + count > boundary) {
                start = (start + boundary - 1) & ~(boundary - 1);
                start = (start + alignment - 1) & ~(alignment - 1);
            }
            if (start + count <= p + std::uint64_t(frame(p).run) && start + count - 1 <= high)
                return take(zone, p, start, count);
        }
    return {};
}

Run allocate_up_to(Zone zone, std::uint64_t count) {
    if (Run run = allocate_run(zone, count)) return run;
    const FreeRuns& runs = runs_of(zone);
    for (int bucket = bucket_of(count); bucket >= 0; --bucket)
        if (std::uint32_t p = runs.heads[bucket]; p != no_page)
            return take(zone, p, p, frame(p).run < count ? frame(p).run : count);
    return {};
}

void release_pages(Pfn first, std::uint64_t count) {
    Pfn end = first + count, begin = first;
    auto flush = [&](Pfn stop) {
        if (stop > begin) give_back(frame(begin).zone, begin, stop - begin);
    };
    for (Pfn p = first; p < end; ++p) {
        PageFrame& f = frame(p);
        if (f.references == 0) host::fatal("page %llx released twice", static_cast<unsigned long long>(p));
        if (--f.references != 0 || f.zone != frame(begin).zone) {
            flush(p);
            begin = f.references != 0 ? p + 1 : p;
        }
    }
    flush(end);
}

std::uint64_t free_pages(Zone zone) { return runs_of(zone).free; }
std::uint64_t zone_pages(Zone zone) { return runs_of(zone).total; }

} // namespace nt::mm
