// The page level of an address space: extents and their host mappings.
#include "abi/status.h"
#include "host/signals.h"
#include "kernel/mm/address_space.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

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

bool AddressSpace::accessible() const { return active_space == this || left_space == this; }

bool AddressSpace::show(Extent& e, bool replace) {
    const Protection rights = host_protection(e.protection);
    if (!mapped_ || !accessible() || rights == Protection::none) return true;
    e.present = host::ram::map(e.address, std::uint64_t(e.first) << page_shift,
                               std::uint64_t(e.pages) << page_shift, rights, replace);
    return e.present;
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
            a.present == b.present && find_vad(a.address) == find_vad(b.address)) {
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

bool AddressSpace::reference(const Extent& e, VadKind kind) {
    for (std::uint32_t k = 0; k < e.pages; ++k) {
        if (kind != VadKind::locked_pages) {
            reference_page(e.first + k);
        } else if (!reference_mapped_page(e.first + k)) {
            while (k > 0)
                release_mapped_page(e.first + --k);
            return false;
        }
    }
    return true;
}

void AddressSpace::release(const Extent& e) {
    const Vad* vad = find_vad(e.address);
    if (!vad || vad->kind != VadKind::locked_pages) return release_pages(e.first, e.pages);
    for (std::uint32_t k = 0; k < e.pages; ++k)
        release_mapped_page(e.first + k);
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
        release(e);
    }
    extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(first),
                   extents_.begin() + static_cast<std::ptrdiff_t>(i));
}

NTSTATUS AddressSpace::set_protection(std::uint64_t base, std::uint64_t size, ULONG protection) {
    std::uint64_t end = page_ceil(base + size);
    base = page_floor(base);
    const Vad* vad = find_vad(base);
    const bool image = vad && vad->kind == VadKind::image;
    split_at(base);
    split_at(end);
    for (std::size_t i = first_at_or_after(base); i < extents_.size() && extents_[i].address < end; ++i) {
        Extent& e = extents_[i];
        if (e.protection == protection) continue;
        if (is_writable(protection) && !is_writable(e.protection) && image) {
            if (NTSTATUS status = make_private(e); !NT_SUCCESS(status)) return status;
        }
        Protection old_rights = host_protection(e.protection), rights = host_protection(protection);
        e.protection = protection;
        if (!accessible() || rights == old_rights) continue;
        if (e.present ? !host::ram::protect(e.address, e.end() - e.address, rights) : !show(e))
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
    static bool same(const Extent& a, const Extent& b) {
        return a.address == b.address && a.pages == b.pages && a.first == b.first &&
               a.protection == b.protection;
    }
    static void protect(const Extent& e, Protection rights) {
        if (!host::ram::protect(e.address, e.end() - e.address, rights))
            host::fatal("cannot protect user memory: %s", std::strerror(host::ram::last_error()));
    }
    static void show(AddressSpace& space, Extent& e, bool replace) {
        if (!space.show(e, replace))
            host::fatal("cannot map %u pages at %#llx: %s", e.pages,
                        static_cast<unsigned long long>(e.address), std::strerror(host::ram::last_error()));
    }
    static void unmap(AddressSpace& space) {
        for (Extent& e : space.extents_)
            if (std::exchange(e.present, false)) host::ram::unmap(e.address, e.end() - e.address);
        space.mapped_ = false;
    }
    static void map(AddressSpace& space) {
        space.mapped_ = true;
        for (Extent& e : space.extents_)
            show(space, e, false);
    }
    static void make_accessible(AddressSpace& space, bool accessible) {
        for (const Extent& e : space.extents_) {
            const Protection rights = host_protection(e.protection);
            if (e.present && rights != Protection::none) protect(e, accessible ? rights : Protection::none);
        }
    }
    // From one space's mappings, which are accessible or not, to another's.
    static void exchange(AddressSpace& from, bool accessible, AddressSpace& to) {
        from.mapped_ = false;
        to.mapped_ = true;
        // What was mapped and not used since would be mapped for ever: at times it is found out anew.
        constexpr ULONG learn_every = 64, learn_first = 2;
        if (++to.switches_ % learn_every == learn_first)
            for (Extent& e : to.extents_)
                e.wanted = false;
        keep_common(from, accessible, to);
        for (Extent& e : from.extents_)
            if (std::exchange(e.present, false) && !e.kept) unmap_outside(e, to);
        for (Extent& e : to.extents_)
            if (!e.kept && e.wanted) show(to, e, overlaps(from, e));
    }
    // Few pages of data that are nobody else's (no lock, no view of another) trade frames instead of
    // mappings: a copy of a page costs a tenth of what the host takes for a mapping and the fault after it.
    static bool trade(Extent& a, Extent& b) {
        constexpr std::uint32_t most = 16;
        if (a.pages != b.pages || a.pages > most || a.protection != b.protection ||
            a.protection != PAGE_READWRITE)
            return false;
        for (std::uint32_t k = 0; k < a.pages; ++k)
            if (frame(a.first + k).references != 1 || frame(b.first + k).references != 1) return false;
        struct alignas(64) Line {
            std::uint64_t words[8];
        };
        auto* line = static_cast<Line*>(direct(a.first));
        std::swap_ranges(line, line + (std::uint64_t(a.pages) << page_shift) / sizeof(Line),
                         static_cast<Line*>(direct(b.first)));
        std::swap(a.first, b.first);
        return true;
    }
    static void keep_common(AddressSpace& from, bool accessible, AddressSpace& to) {
        for (Extent& e : to.extents_)
            e.kept = false;
        auto b = to.extents_.begin();
        for (Extent& a : from.extents_) {
            a.kept = false;
            while (b != to.extents_.end() && b->address < a.address)
                ++b;
            if (!a.present || b == to.extents_.end() || b->address != a.address) continue;
            if (!same(a, *b) && !(b->wanted && trade(a, *b))) continue;
            a.kept = b->kept = b->present = true;
            const Protection rights = host_protection(b->protection);
            if (!accessible && rights != Protection::none) protect(*b, rights);
        }
    }
    // Takes away what no new mapping will replace.
    static void unmap_outside(const Extent& old, const AddressSpace& to) {
        std::uint64_t low = old.address;
        for (std::size_t i = to.first_at_or_after(low);
             i < to.extents_.size() && to.extents_[i].address < old.end(); ++i) {
            const Extent& e = to.extents_[i];
            if (!e.wanted || host_protection(e.protection) == Protection::none) continue;
            if (e.address > low) host::ram::unmap(low, e.address - low);
            low = std::max(low, e.end());
        }
        if (low < old.end()) host::ram::unmap(low, old.end() - low);
    }
    // Only what is known to be there may be replaced: low addresses can hold mappings of the host's own.
    static bool overlaps(const AddressSpace& from, const Extent& e) {
        const std::size_t i = from.first_at_or_after(e.address);
        return i < from.extents_.size() && from.extents_[i].address < e.end();
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
    AddressSpace* const accessible = left_space ? left_space : active_space; // null, or mapped_space
    left_space = nullptr;
    active_space = space;
    if (space == accessible) return;
    if (!space) {
        AddressSpaceSwitch::make_accessible(*accessible, false);
        return;
    }
    if (space == mapped_space)
        AddressSpaceSwitch::make_accessible(*space, true);
    else if (mapped_space)
        AddressSpaceSwitch::exchange(*mapped_space, accessible != nullptr, *space);
    else
        AddressSpaceSwitch::map(*space);
    mapped_space = space;
}

bool bring_in(std::uint64_t address) {
    if (!active_space || !host::places::is_user(address)) return false;
    auto* e = const_cast<Extent*>(active_space->find(address));
    if (!e || e->present || host_protection(e->protection) == Protection::none) return false;
    e->wanted = true;
    return active_space->show(*e);
}

AddressSpace* AddressSpace::create() {
    shared_user_data();
    return host::make<AddressSpace>();
}

void AddressSpace::destroy(AddressSpace* space) {
    if (!space) return;
    AddressSpaceSwitch::forget(*space);
    for (const Extent& e : space->extents_)
        space->release(e);
    host::destroy(space);
}

} // namespace nt::mm
