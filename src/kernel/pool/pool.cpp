#include "kernel/pool/pool.h"
#include "abi/bugcheck.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include "kernel/ke/watched_memory.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/paging.h"
#include "kernel/pool/detail/state.h"
#include <array>
#include <cstring>
#include <initializer_list>

namespace nt::pool {

State* state = nullptr;

namespace {

using mm::frame;
using mm::PageFrame;
using mm::PageKind;
using mm::Pfn;

constexpr std::uint8_t freed_pattern = 0xcc, slack_pattern = 0x5a;

// Class by block size in 16-byte units.
constexpr auto make_table(int first, int end) {
    std::array<std::uint8_t, 256> table{};
    for (int units = 0; units < 256; ++units) {
        int c = first;
        while (c < end && classes[c].size < units * 16)
            ++c;
        table[static_cast<std::size_t>(units)] = static_cast<std::uint8_t>(c);
    }
    return table;
}
constexpr auto plain_class = make_table(0, first_aligned);
constexpr auto aligned_class = make_table(first_aligned, class_count);

Header* header_at(std::uint64_t page, std::uint64_t units) {
    return reinterpret_cast<Header*>(page + units * 16);
}

// Pages of the kind up to `end` are in use now.
void raise_high(Kind kind, Pfn end) {
    if (end <= state->high[int(kind)]) return;
    state->high[int(kind)] = end;
    if (kind == Kind::paged) mm::grow_paged_pool(mm::address_of(mm::Zone::paged_pool, end));
}

// Lays a fresh page out as free blocks, and seals what is left at its end.
bool new_slab(Kind kind, int cls) {
    mm::Run run = mm::allocate_run(zone_of_kind(kind), 1);
    if (!run) return false;
    raise_high(kind, run.first + 1);
    const SizeClass& c = classes[cls];
    std::uint64_t page = mm::address_of(zone_of_kind(kind), run.first);
    unsigned per_page = c.per_page();
    std::uint8_t type = kind == Kind::paged ? type_paged : kind == Kind::nonpaged_execute ? type_execute : 0;
    for (unsigned i = 0; i < per_page; ++i) {
        std::uint64_t units = (c.first + i * c.size) / 16u;
        Header* h = header_at(page, units);
        *h = Header{};
        h->previous_size = static_cast<std::uint8_t>(i ? c.size / 16 : c.first / 16);
        h->block_size = static_cast<std::uint8_t>(c.size / 16);
        h->type = type;
        h->owner = i + 1 < per_page ? static_cast<std::uint32_t>(units + c.size / 16u) : no_block;
        seal(*h);
        if (state->fill_freed) std::memset(h + 1, freed_pattern, c.size - sizeof(Header));
    }
    std::uint64_t used = c.first + per_page * c.size;
    if (used + 16 <= mm::page_size) {
        Header* tail = header_at(page, used / 16);
        *tail = Header{};
        tail->previous_size = static_cast<std::uint8_t>(c.size / 16);
        tail->block_size = static_cast<std::uint8_t>((mm::page_size - used) / 16);
        tail->type = type;
        seal(*tail);
    }
    PageFrame& f = frame(run.first);
    f.kind = PageKind::pool_slab;
    f.slab_class = static_cast<std::uint16_t>(cls);
    f.slab_free = c.first / 16;
    f.slab_used = 0;
    f.prev = mm::no_page;
    f.next = state->partial[int(kind)][cls];
    if (f.next != mm::no_page) frame(f.next).prev = static_cast<std::uint32_t>(run.first);
    state->partial[int(kind)][cls] = static_cast<std::uint32_t>(run.first);
    return true;
}

void unlink_slab(Kind kind, PageFrame& f) {
    if (f.prev != mm::no_page)
        frame(f.prev).next = f.next;
    else
        state->partial[int(kind)][f.slab_class] = f.next;
    if (f.next != mm::no_page) frame(f.next).prev = f.prev;
}

void* allocate_big(Kind kind, SIZE_T size, ULONG tag, std::uint64_t caller, bool zero) {
    std::uint64_t pages = (size + mm::page_size - 1) >> mm::page_shift;
    mm::Run run = mm::allocate_run(zone_of_kind(kind), pages);
    if (!run) return nullptr;
    raise_high(kind, run.first + pages);
    PageFrame& f = frame(run.first);
    f.kind = PageKind::pool_big;
    f.run = static_cast<std::uint32_t>(pages);
    f.slab_used =
        static_cast<std::uint16_t>(size - ((pages - 1) << mm::page_shift)); // bytes in the last page
    f.tag = tag;
    f.owner = owner_of(caller);
    void* block = reinterpret_cast<void*>(mm::address_of(zone_of_kind(kind), run.first));
    if (zero)
        std::memset(block, 0, size);
    else if (state->fill_freed)
        std::memset(block, freed_pattern, size);
    return block;
}

SIZE_T big_size(const PageFrame& f) { return (SIZE_T(f.run - 1) << mm::page_shift) + f.slab_used; }

void account_free(Kind kind, ULONG tag, SIZE_T size) {
    TagUse& use = state->tags.find(tag, kind);
    ++use.frees;
    use.bytes -= size;
    state->bytes[int(kind)] -= size;
}

bool tag_differs(ULONG have, ULONG given) {
    constexpr ULONG protected_pool = 0x8000'0000;
    return given != 0 && ((have ^ given) & ~protected_pool);
}

// The header after a block: in the same page, or at the start of the next slab page.
const Header* next_header(const Header* h, Pfn pfn) {
    std::uint64_t next = reinterpret_cast<std::uint64_t>(h) + h->block_size * 16u;
    if (next & (mm::page_size - 1)) return reinterpret_cast<const Header*>(next);
    const PageFrame& f = frame(pfn + 1);
    return f.kind == PageKind::pool_slab && classes[f.slab_class].first == 0
               ? reinterpret_cast<const Header*>(next)
               : nullptr;
}

// A byte after the requested size that is not the pattern any more (verifier mode), or null.
const std::uint8_t* changed_slack(const Header* h) {
    auto* data = reinterpret_cast<const std::uint8_t*>(h + 1);
    for (unsigned i = h->requested; i < h->block_size * 16u - sizeof(Header); ++i)
        if (data[i] != slack_pattern) return data + i;
    return nullptr;
}
bool freed_changed(const Header* h) {
    auto* data = reinterpret_cast<const std::uint8_t*>(h + 1);
    for (unsigned i = 0; i < h->block_size * 16u - sizeof(Header); ++i)
        if (data[i] != freed_pattern) return true;
    return false;
}

void bad_address(Kind kind, std::uint64_t address) {
    // Not the start of a block in use: nonpaged 0x44, paged 0x48.
    bug(BAD_POOL_CALLER, kind == Kind::paged ? 0x48 : 0x44, address);
}

void release_big(Kind kind, Pfn pfn, std::uint64_t address, ULONG tag) {
    PageFrame& f = frame(pfn);
    if (tag_differs(f.tag, tag)) return bug(BAD_POOL_CALLER, 0xa, address, f.tag, tag);
    account_free(kind, f.tag, big_size(f));
    quota_block_freed(address);
    ke::memory_freed(address, big_size(f));
    std::uint64_t pages = f.run;
    if (state->fill_freed)
        std::memset(reinterpret_cast<void*>(address), freed_pattern, pages << mm::page_shift);
    f.kind = PageKind::in_use;
    mm::release_pages(pfn, pages);
}

} // namespace

void bug(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    mm::BugCheck check{code, {p1, p2, p3, p4}};
    if (!state->bug_check)
        host::fatal("pool bug check %#x (%#llx, %#llx, %#llx, %#llx) without a hook", code,
                    static_cast<unsigned long long>(p1), static_cast<unsigned long long>(p2),
                    static_cast<unsigned long long>(p3), static_cast<unsigned long long>(p4));
    state->bug_check(check);
}

void initialize() {
    if (state) return;
    state = static_cast<State*>(host::heap_allocate(sizeof(State)));
    for (auto& lists : state->partial)
        for (std::uint32_t& head : lists)
            head = mm::no_page;
    for (int k = 0; k < kinds; ++k)
        state->high[k] = mm::window(zone_of_kind(Kind(k))).first;
    mm::set_mdl_memory({[](std::uint64_t size) { return allocate(Kind::nonpaged, size, tag("Mdl ")); },
                        [](void* memory) { release(memory, 0); }, return_quota});
}

void set_bug_check_hook(void (*hook)(const mm::BugCheck&)) { state->bug_check = hook; }

void set_fill_freed(bool on) {
    state->fill_freed = on;
    if (!on) return;
    for (Kind kind : {Kind::nonpaged, Kind::nonpaged_execute, Kind::paged})
        for (Pfn pfn = mm::window(zone_of_kind(kind)).first; pfn < state->high[int(kind)]; ++pfn) {
            if (frame(pfn).kind != PageKind::pool_slab) continue;
            const SizeClass& c = classes[frame(pfn).slab_class];
            std::uint64_t page = mm::address_of(zone_of_kind(kind), pfn);
            for (unsigned i = 0; i < c.per_page(); ++i) {
                Header* h = header_at(page, (c.first + i * c.size) / 16u);
                bool used = h->type & type_in_use;
                auto* data = reinterpret_cast<std::uint8_t*>(h + 1);
                std::memset(data + h->requested, used ? slack_pattern : freed_pattern,
                            c.size - sizeof(Header) - h->requested);
            }
        }
}

std::uint64_t bytes_in_use(Kind kind) { return state->bytes[int(kind)]; }

void* allocate(Kind kind, SIZE_T size, ULONG tag, std::uint64_t caller, bool zero, bool cache_aligned) {
    SIZE_T limit = cache_aligned ? 4032 - sizeof(Header) : largest_small;
    void* block;
    if (size > limit) {
        block = allocate_big(kind, size, tag, caller, zero);
        if (!block) return nullptr;
    } else {
        SIZE_T units = (size + sizeof(Header) + 15) >> 4;
        int cls = cache_aligned ? aligned_class[units] : plain_class[units];
        std::uint32_t pfn = state->partial[int(kind)][cls];
        if (pfn == mm::no_page) [[unlikely]] {
            if (!new_slab(kind, cls)) return nullptr;
            pfn = state->partial[int(kind)][cls];
        }
        PageFrame& f = frame(pfn);
        Header* h = header_at(mm::address_of(zone_of_kind(kind), pfn), f.slab_free);
        if (!intact(*h) || (h->type & type_in_use)) [[unlikely]] {
            // Free list (3): entry, what it says its successor is.
            bug(BAD_POOL_HEADER, 3, reinterpret_cast<ULONG_PTR>(h), h->owner, 0);
            return nullptr;
        }
        if (state->fill_freed && freed_changed(h)) [[unlikely]] {
            bug(DRIVER_CAUGHT_MODIFYING_FREED_POOL, reinterpret_cast<ULONG_PTR>(h + 1), 1, 0, 0);
            return nullptr;
        }
        f.slab_free = static_cast<std::uint16_t>(h->owner);
        ++f.slab_used;
        if (f.slab_free == no_block) unlink_slab(kind, f);
        h->type |= type_in_use;
        h->tag = tag;
        h->requested = static_cast<std::uint16_t>(size);
        h->owner = owner_of(caller);
        seal(*h);
        block = h + 1;
        if (zero) std::memset(block, 0, size);
        if (state->fill_freed) [[unlikely]]
            std::memset(static_cast<char*>(block) + size, slack_pattern,
                        h->block_size * 16u - sizeof(Header) - size);
    }
    TagUse& use = state->tags.find(tag, kind);
    ++use.allocs;
    use.bytes += size;
    state->bytes[int(kind)] += size;
    return block;
}

void set_caller(void* block, std::uint64_t caller) {
    const auto address = reinterpret_cast<std::uint64_t>(block);
    if (address & (mm::page_size - 1)) {
        Header* h = static_cast<Header*>(block) - 1;
        const bool whole = intact(*h); // who damaged it is found at its release
        h->owner = owner_of(caller);
        if (whole) seal(*h);
    } else
        frame(mm::pfn_in(mm::zone_of(address), address)).owner = owner_of(caller);
}

void release(void* block, ULONG tag) {
    auto address = reinterpret_cast<std::uint64_t>(block);
    Kind kind;
    mm::Zone zone = mm::zone_of(address);
    if (!kind_of_zone(zone, kind)) [[unlikely]] {
        if (address == 0) return bug(BAD_POOL_CALLER, 0x46, address); // assumed: as for any invalid address
        if (host::places::is_user(address))
            return bug(BAD_POOL_CALLER, 0x40, address, host::places::user_high);
        return bug(BAD_POOL_CALLER, 0x42, address);
    }
    Pfn pfn = mm::pfn_in(zone, address);
    PageFrame& f = frame(pfn);
    std::uint64_t offset = address & (mm::page_size - 1);
    if (f.kind == PageKind::pool_big && offset == 0) return release_big(kind, pfn, address, tag);
    if (f.kind != PageKind::pool_slab) [[unlikely]]
        return bad_address(kind, address);
    const SizeClass& c = classes[f.slab_class];
    Header* h = static_cast<Header*>(block) - 1;
    // A sealed header proves that this is the start of a block; without one, find out what it is instead.
    if ((address & 15) || offset < 16 || !intact(*h)) [[unlikely]] {
        if ((address & 15) || offset < c.first + 16u || (offset - 16 - c.first) % c.size != 0)
            return kind == Kind::paged ? bug(BAD_POOL_CALLER, 0x41286, 0, 0, pfn - mm::window(zone).first)
                                       : bug(BAD_POOL_CALLER, 0x99, address);
        return bug(BAD_POOL_HEADER, 0x20, reinterpret_cast<ULONG_PTR>(h),
                   reinterpret_cast<ULONG_PTR>(h) + c.size);
    }
    const Header* next = next_header(h, pfn);
    if (!(h->type & type_in_use)) [[unlikely]] {
        ULONG_PTR contents;
        std::memcpy(&contents, h, sizeof contents);
        return bug(BAD_POOL_CALLER, 7, 0, contents, address);
    }
    if (next && !intact(*next)) [[unlikely]]
        return bug(BAD_POOL_HEADER, 0x20, reinterpret_cast<ULONG_PTR>(h), reinterpret_cast<ULONG_PTR>(next));
    if (tag_differs(h->tag, tag)) [[unlikely]]
        return bug(BAD_POOL_CALLER, 0xa, address, h->tag, tag);
    ke::memory_freed(address, h->requested);
    if (state->fill_freed) [[unlikely]] {
        if (const std::uint8_t* changed = changed_slack(h))
            return bug(BAD_POOL_HEADER, 0x21, address, h->requested, *changed);
        std::memset(block, freed_pattern, c.size - sizeof(Header));
    }
    account_free(kind, h->tag, h->requested);
    if (h->type & type_quota) [[unlikely]]
        quota_block_freed(address);
    h->type = static_cast<std::uint8_t>(h->type & ~(type_in_use | type_quota));
    h->requested = 0;
    h->owner = f.slab_free;
    seal(*h);
    bool was_full = f.slab_free == no_block;
    f.slab_free = static_cast<std::uint16_t>((offset - 16) / 16);
    std::uint32_t& head = state->partial[int(kind)][f.slab_class];
    if (was_full) {
        f.prev = mm::no_page;
        f.next = head;
        if (head != mm::no_page) frame(head).prev = static_cast<std::uint32_t>(pfn);
        head = static_cast<std::uint32_t>(pfn);
    }
    // The last empty page of a class stays: the next allocation is likely to want it.
    if (--f.slab_used == 0 && (f.prev != mm::no_page || f.next != mm::no_page)) {
        unlink_slab(kind, f);
        f.kind = PageKind::in_use;
        mm::release_pages(pfn, 1);
    }
}

} // namespace nt::pool
