#include "kernel/mm/paging.h"
#include "host/guest.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/windows.h"
#include <algorithm>
#include <vector>

namespace nt::mm {
namespace {

constexpr KIRQL dispatch_level = 2;

// A section.
struct Piece {
    std::uint64_t address, size;
    Protection rights;
    std::uint64_t image; // base of the driver
    bool pageable;       // by its name
    bool tables;
    bool whole_driver = false; // MmPageEntireDriver
    bool open = true;
    ULONG locks = 0;

    std::uint64_t end() const { return address + size; }
    bool contains(std::uint64_t a) const { return a - address < size; }
    bool may_close() const { return (pageable || (whole_driver && !tables)) && locks == 0; }
};

template <class T> using Vector = std::vector<T, host::HeapAllocator<T>>;

// The pool in chunks: what a driver uses lies close together, and opening costs by the page.
constexpr std::uint64_t chunk_size = 0x1'0000;

struct Paging {
    Vector<Piece> sections;            // ascending by address
    Vector<std::uint8_t> chunks;       // of the pool that was ever used: 1 is open
    Vector<std::uint32_t> open_chunks; // their numbers, in the order of opening
};
Paging* paging = nullptr;

void set_rights(std::uint64_t address, std::uint64_t end, Protection rights) {
    if (address < end && !host::ram::protect(address, end - address, rights))
        host::fatal("the host refuses to protect %#llx", static_cast<unsigned long long>(address));
}

Pfn page_of(std::uint64_t address) { return pfn_in(zone_of(address), address); }

// Takes the rights of a range, but for its locked pages.
void take_rights(std::uint64_t address, std::uint64_t end) {
    std::uint64_t page = address;
    for (Pfn pfn = page_of(address); page < end; ++pfn, page += page_size) {
        if (!is_locked(pfn)) continue;
        set_rights(address, page, Protection::none);
        address = page + page_size;
    }
    set_rights(address, page, Protection::none);
}

std::uint64_t chunk_at(std::uint64_t address) { return (address - host::places::paged_pool) / chunk_size; }
std::uint64_t address_of_chunk(std::uint64_t chunk) { return host::places::paged_pool + chunk * chunk_size; }
bool in_pool(std::uint64_t address) {
    return paging && address >= host::places::paged_pool && chunk_at(address) < paging->chunks.size();
}

void note_open(std::uint64_t chunk) {
    paging->chunks[chunk] = 1;
    paging->open_chunks.push_back(static_cast<std::uint32_t>(chunk));
    ke::set_paged_open(true);
}

// What lock and unlock ask of a page of an image, without looking for its section.
std::uint16_t& closed_mark(Pfn pfn) { return frame(pfn).slab_used; }
void mark_closed(const Piece& piece, bool closed) {
    const Pfn first = pfn_in(Zone::images, piece.address);
    for (Pfn pfn = first; pfn < first + (page_ceil(piece.size) >> page_shift); ++pfn)
        closed_mark(pfn) = closed;
}

void open(Piece& piece) {
    if (piece.open) return;
    set_rights(piece.address, piece.end(), piece.rights);
    piece.open = true;
    mark_closed(piece, false);
    ke::set_paged_open(true);
}

void close(Piece& piece) {
    if (!piece.open || !piece.may_close()) return;
    take_rights(piece.address, piece.end());
    piece.open = false;
    mark_closed(piece, true);
}

void close_pool() {
    auto& open = paging->open_chunks;
    if (open.size() > 1) std::sort(open.begin(), open.end());
    for (std::size_t i = 0; i < open.size();) { // neighbours at once
        std::size_t next = i + 1;
        while (next < open.size() && open[next] == open[next - 1] + 1)
            ++next;
        take_rights(address_of_chunk(open[i]), address_of_chunk(open[next - 1] + std::uint64_t{1}));
        i = next;
    }
    for (const std::uint32_t chunk : open)
        paging->chunks[chunk] = 0;
    open.clear();
}

void close_all() {
    close_pool();
    for (Piece& section : paging->sections)
        close(section);
    ke::set_paged_open(false);
}

// After a section's state has changed: an open one is closed at the next raise, one that may not be closed
// any more is opened.
void settle(Piece& piece) {
    if (!piece.may_close()) open(piece);
    if (piece.open) ke::set_paged_open(true);
}

Piece* find_section(std::uint64_t address) {
    auto& sections = paging->sections;
    auto it = std::upper_bound(sections.begin(), sections.end(), address,
                               [](std::uint64_t a, const Piece& piece) { return a < piece.address; });
    return it != sections.begin() && std::prev(it)->contains(address) ? &*std::prev(it) : nullptr;
}
// The pageable section with the address.
Piece* find_pageable(std::uint64_t address) {
    if (!paging || address - host::places::gateway >= images_length) return nullptr;
    Piece* section = find_section(address);
    return section && section->may_close() ? section : nullptr;
}

std::uint64_t set_whole_driver(std::uint64_t address, bool whole) {
    const Piece* const there = find_section(address);
    if (!there) return 0;
    for (Piece& section : paging->sections) {
        if (section.image != there->image) continue;
        section.whole_driver = whole;
        settle(section);
    }
    return there->image;
}

} // namespace

void initialize_paging() {
    if (paging) return;
    paging = host::make<Paging>();
    ke::set_paged_open(true);
    ke::close_paged_memory = close_all;
    host_looked = [] {
        if (ke::paged_open && ke::current_irql() >= dispatch_level) close_all();
    };
}

void add_driver_section(std::uint64_t image, const DriverSection& s) {
    if (!paging || s.size == 0) return;
    const Piece piece{s.address, s.size, s.rights, image, s.pageable, s.tables};
    auto& sections = paging->sections;
    sections.insert(std::upper_bound(sections.begin(), sections.end(), s.address,
                                     [](std::uint64_t a, const Piece& other) { return a < other.address; }),
                    piece);
    ke::set_paged_open(true);
}

void forget_driver_sections(std::uint64_t address, std::uint64_t size) {
    if (!paging) return;
    std::erase_if(paging->sections, [=](const Piece& piece) {
        if (piece.address >= address + size || address >= piece.end()) return false;
        mark_closed(piece, false);
        return true;
    });
}

void grow_paged_pool(std::uint64_t end) {
    if (!paging) return;
    for (std::uint64_t chunk = paging->chunks.size(); address_of_chunk(chunk) < end; ++chunk) {
        paging->chunks.push_back(0);
        note_open(chunk);
    }
}

bool is_paged(std::uint64_t address) {
    return (in_pool(address) || find_pageable(address)) && !is_locked(page_of(address));
}

bool open_paged(std::uint64_t address) {
    if (!is_paged(address)) return false;
    if (in_pool(address)) {
        const std::uint64_t chunk = chunk_at(address), start = address_of_chunk(chunk);
        if (paging->chunks[chunk]) return false;
        set_rights(start, start + chunk_size, Protection::read_write);
        note_open(chunk);
        return true;
    }
    Piece* const section = find_pageable(address);
    if (section->open) return false;
    open(*section);
    return true;
}

bool is_closed(Pfn pfn) {
    switch (const Zone zone = frame(pfn).zone) {
    case Zone::images:
        return closed_mark(pfn);
    case Zone::paged_pool: {
        const std::uint64_t address = address_of(zone, pfn);
        return in_pool(address) && !paging->chunks[chunk_at(address)];
    }
    default:
        return false;
    }
}

std::uint64_t lock_driver_section(std::uint64_t address) {
    Piece* section = paging ? find_section(address) : nullptr;
    if (!section) return 0;
    section->locks++;
    settle(*section);
    return section->address;
}

bool lock_driver_section_again(std::uint64_t handle) {
    const Piece* section = paging ? find_section(handle) : nullptr;
    return section && section->address == handle && lock_driver_section(handle);
}

bool unlock_driver_section(std::uint64_t handle) {
    Piece* section = paging ? find_section(handle) : nullptr;
    if (!section || section->address != handle || section->locks == 0) return false;
    section->locks--;
    settle(*section);
    return true;
}

std::uint64_t page_entire_driver(std::uint64_t address) {
    return paging ? set_whole_driver(address, true) : 0;
}
std::uint64_t reset_driver_paging(std::uint64_t address) {
    return paging ? set_whole_driver(address, false) : 0;
}

unsigned locked_sections(std::uint64_t image) {
    unsigned count = 0;
    if (paging)
        for (const Piece& section : paging->sections)
            count += section.image == image && section.locks != 0;
    return count;
}

void settle_unlocked(Pfn pfn) {
    if (is_locked(pfn)) return;
    const std::uint64_t address = address_of(frame(pfn).zone, pfn);
    set_rights(address, address + page_size, Protection::none);
}

} // namespace nt::mm
