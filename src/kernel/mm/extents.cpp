// The page level of an address space: extents and their host mappings.
#include "abi/status.h"
#include "host/signals.h"
#include "kernel/mm/address_space.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace nt::mm {

AddressSpace* active_space = nullptr;
AddressSpace* left_space = nullptr;

namespace {
AddressSpace* mapped_space = nullptr; // the one whose host mappings exist
void* shared_data = nullptr;
} // namespace

using host::ram::Protection;

Protection host_protection(ULONG protection) {
    if (protection & PAGE_GUARD) return Protection::none;
    switch (protection & 0xff) {
    case PAGE_READONLY:
        return Protection::read;
    case PAGE_READWRITE:
    case PAGE_WRITECOPY:
        return Protection::read_write;
    case PAGE_EXECUTE: // x64 pages that can be executed can be read
    case PAGE_EXECUTE_READ:
        return Protection::read_execute;
    case PAGE_EXECUTE_READWRITE:
    case PAGE_EXECUTE_WRITECOPY:
        return Protection::all;
    default:
        return Protection::none;
    }
}

bool is_valid_protection(ULONG protection) {
    ULONG base = protection & 0xff;
    ULONG modifiers = protection & (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE);
    if ((protection & ~PAGE_TARGETS_INVALID) != (base | modifiers) || base == 0 || (base & (base - 1)))
        return false;
    if (base == PAGE_NOACCESS) return modifiers == 0;
    return modifiers == 0 || (modifiers & (modifiers - 1)) == 0;
}

void* shared_user_data() {
    if (!shared_data) {
        Run run = allocate_run(Zone::general, 1);
        if (!run || !host::ram::map(host::places::user_shared_data, run.first << page_shift, page_size,
                                    Protection::read))
            host::fatal("cannot map KUSER_SHARED_DATA: %s", std::strerror(host::ram::last_error()));
        shared_data = direct(run.first);
    }
    return shared_data;
}

std::size_t AddressSpace::first_at_or_after(std::uint64_t address) const {
    auto it = std::upper_bound(extents_.begin(), extents_.end(), address,
                               [](std::uint64_t a, const Extent& e) { return a < e.end(); });
    return static_cast<std::size_t>(it - extents_.begin());
}

const Extent* AddressSpace::find_slow(std::uint64_t address) const {
    std::size_t i = first_at_or_after(address);
    if (i == extents_.size() || extents_[i].address > address) return nullptr;
    hint_ = i;
    hint_address_ = extents_[i].address;
    hint_size_ = extents_[i].end() - extents_[i].address;
    return &extents_[i];
}

void* AddressSpace::pointer(std::uint64_t address, std::uint64_t* contiguous) const {
    const Extent* e = find(address);
    if (!e) return nullptr;
    if (contiguous) *contiguous = e->end() - address;
    return direct(e->first, address - e->address);
}

bool AddressSpace::show(const Extent& e) {
    if (!mapped_) return true;
    return host::ram::map(e.address, std::uint64_t(e.first) << page_shift,
                          std::uint64_t(e.pages) << page_shift,
                          active_space == this ? host_protection(e.protection) : Protection::none);
}

void AddressSpace::hide(std::uint64_t address, std::uint64_t size) {
    if (mapped_) host::ram::unmap(address, size);
}

// Only low addresses can meet mappings of the host's own (sanitizer shadow, programs linked low).
bool AddressSpace::reserve_failed_on_host(std::uint64_t base, std::uint64_t size) {
    if (base >= host::places::user_images || mapped_) return false;
    void* wished = reinterpret_cast<void*>(base);
    void* got = mmap(wished, size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) return errno == EEXIST;
    munmap(got, size);
    return got != wished;
}

void AddressSpace::insert_extent(const Extent& extent) {
    forget_hint();
    auto at = extents_.begin() + static_cast<std::ptrdiff_t>(first_at_or_after(extent.address));
    extents_.insert(at, extent);
}

void AddressSpace::split_at(std::uint64_t address) {
    std::size_t i = first_at_or_after(address);
    if (i == extents_.size() || extents_[i].address >= address) return;
    forget_hint();
    Extent upper = extents_[i];
    auto lower_pages = static_cast<std::uint32_t>((address - upper.address) >> page_shift);
    upper.address = address;
    upper.first += lower_pages;
    upper.pages -= lower_pages;
    extents_[i].pages = lower_pages;
    extents_.insert(extents_.begin() + static_cast<std::ptrdiff_t>(i) + 1, upper);
}

void AddressSpace::merge_around(std::uint64_t base, std::uint64_t end) {
    forget_hint();
    std::size_t i = first_at_or_after(base);
    if (i > 0) --i;
    while (i + 1 < extents_.size() && extents_[i].address <= end) {
        Extent &a = extents_[i], &b = extents_[i + 1];
        // Vads are apart from each other for the pages' accounting: do not merge across a reservation's
        // border.
        if (a.end() == b.address && a.first + a.pages == b.first && a.protection == b.protection &&
            find_vad(a.address) == find_vad(b.address)) {
            a.pages += b.pages;
            extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        } else {
            ++i;
        }
    }
}

NTSTATUS AddressSpace::commit(std::uint64_t base, std::uint64_t size, ULONG protection) {
    std::uint64_t at = base, end = base + size;
    // Only what this call added is taken back on failure; holes are filled in ascending order.
    std::vector<std::pair<std::uint64_t, std::uint64_t>,
                host::HeapAllocator<std::pair<std::uint64_t, std::uint64_t>>>
        added;
    NTSTATUS status = STATUS_SUCCESS;
    while (at < end) {
        std::size_t i = first_at_or_after(at);
        std::uint64_t hole_end = i == extents_.size() ? end : std::min(end, extents_[i].address);
        if (hole_end <= at) {
            at = extents_[i].end();
            continue;
        }
        Run run = allocate_up_to(Zone::general, (hole_end - at) >> page_shift);
        if (!run) {
            status = STATUS_COMMITMENT_LIMIT;
            break;
        }
        Extent e{at, static_cast<std::uint32_t>(run.count), static_cast<std::uint32_t>(run.first),
                 protection};
        if (!show(e)) {
            status = host::ram::last_error() == EEXIST ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
            release_pages(run.first, run.count);
            break;
        }
        insert_extent(e);
        added.emplace_back(e.address, e.end() - e.address);
        at = e.end();
    }
    if (status != STATUS_SUCCESS) {
        for (auto [address, length] : added)
            decommit(address, length);
        return status;
    }
    merge_around(base, end);
    return STATUS_SUCCESS;
}

void AddressSpace::decommit(std::uint64_t base, std::uint64_t size) {
    std::uint64_t end = base + size;
    split_at(base);
    split_at(end);
    forget_hint();
    std::size_t first = first_at_or_after(base), i = first;
    for (; i < extents_.size() && extents_[i].address < end; ++i) {
        const Extent& e = extents_[i];
        hide(e.address, e.end() - e.address);
        release_pages(e.first, e.pages);
    }
    extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(first),
                   extents_.begin() + static_cast<std::ptrdiff_t>(i));
}

NTSTATUS AddressSpace::set_protection(std::uint64_t base, std::uint64_t size, ULONG protection) {
    std::uint64_t end = page_ceil(base + size);
    base = page_floor(base);
    split_at(base);
    split_at(end);
    for (std::size_t i = first_at_or_after(base); i < extents_.size() && extents_[i].address < end; ++i) {
        Extent& e = extents_[i];
        if (e.protection == protection) continue;
        Protection old_rights = host_protection(e.protection), rights = host_protection(protection);
        e.protection = protection;
        if (active_space == this && rights != old_rights &&
            !host::ram::protect(e.address, e.end() - e.address, rights))
            return STATUS_NO_MEMORY; // out of host mappings
    }
    merge_around(base, end);
    return STATUS_SUCCESS;
}

std::uint64_t AddressSpace::committed_pages() const {
    std::uint64_t pages = 0;
    for (const Extent& e : extents_)
        pages += e.pages;
    return pages;
}

// The walk over extents at a switch.
struct AddressSpaceSwitch {
    static void unmap(AddressSpace& space) {
        // Above user_images nothing but the space's own mappings exists: one call takes them all.
        std::uint64_t low = 0, high = 0;
        for (const Extent& e : space.extents_) {
            if (e.address < host::places::user_images) {
                host::ram::unmap(e.address, e.end() - e.address);
                continue;
            }
            if (!low) low = e.address;
            high = e.end();
        }
        if (low) host::ram::unmap(low, high - low);
        space.mapped_ = false;
    }
    static void map(AddressSpace& space) {
        space.mapped_ = true;
        for (const Extent& e : space.extents_)
            if (!space.show(e))
                host::fatal("cannot map %u pages at %#llx: %s", e.pages,
                            static_cast<unsigned long long>(e.address),
                            std::strerror(host::ram::last_error()));
    }
    static void make_accessible(AddressSpace& space, bool accessible) {
        for (const Extent& e : space.extents_) {
            Protection rights = host_protection(e.protection);
            if (rights != Protection::none &&
                !host::ram::protect(e.address, e.end() - e.address, accessible ? rights : Protection::none))
                host::fatal("cannot protect user memory: %s", std::strerror(host::ram::last_error()));
        }
    }
    static void forget(AddressSpace& space) {
        if (active_space == &space) active_space = nullptr;
        if (left_space == &space) left_space = nullptr;
        if (mapped_space == &space) {
            unmap(space);
            mapped_space = nullptr;
        }
    }
};

void finish_leaving() {
    if (!left_space) return;
    AddressSpaceSwitch::make_accessible(*left_space, false);
    left_space = nullptr;
}

void switch_space(AddressSpace* space) {
    if (space == active_space) {
        finish_leaving();
        return;
    }
    if (left_space) { // is mapped_space; another space takes its mappings away as a whole
        const bool back = space == left_space;
        left_space = nullptr;
        if (back) {
            active_space = space;
            return;
        }
    }
    if (!space) {
        AddressSpaceSwitch::make_accessible(*active_space, false);
        active_space = nullptr;
        return;
    }
    if (space == mapped_space) {
        active_space = space;
        AddressSpaceSwitch::make_accessible(*space, true);
        return;
    }
    if (mapped_space) AddressSpaceSwitch::unmap(*mapped_space);
    mapped_space = active_space = space;
    AddressSpaceSwitch::map(*space);
}

AddressSpace* AddressSpace::create() {
    shared_user_data();
    return host::make<AddressSpace>();
}

void AddressSpace::destroy(AddressSpace* space) {
    if (!space) return;
    AddressSpaceSwitch::forget(*space);
    for (const Extent& e : space->extents_)
        release_pages(e.first, e.pages);
    host::destroy(space);
}

} // namespace nt::mm
