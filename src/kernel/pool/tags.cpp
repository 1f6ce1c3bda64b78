// Statistics by tag and walks over blocks.
#include "kernel/pool/detail/state.h"
#include <initializer_list>

namespace nt::pool {

TagUse& TagTable::find(ULONG tag, Kind kind) {
    constexpr std::uint32_t mask = 2 * capacity - 1;
    std::uint32_t at = (tag * 0x9e37'79b1u + std::uint32_t(kind) * 0x85eb'ca6bu) >> 19 & mask;
    for (;; at = (at + 1) & mask) {
        std::uint16_t entry = index[at];
        if (entry) {
            TagUse& use = uses[entry - 1];
            if (use.tag == tag && use.kind == kind) [[likely]]
                return use;
            continue;
        }
        if (count == capacity - 1) { // full: everything else is counted together
            uses[count] = {pool::tag("Ovfl"), kind, uses[count].allocs, uses[count].frees, uses[count].bytes};
            return uses[count];
        }
        index[at] = static_cast<std::uint16_t>(++count);
        uses[count - 1] = {tag, kind, 0, 0, 0};
        return uses[count - 1];
    }
}

void for_each_tag(void (*visit)(void*, const TagUse&), void* context) {
    const TagTable& tags = state->tags;
    for (std::uint32_t i = 0; i < tags.count; ++i)
        visit(context, tags.uses[i]);
    if (tags.count == TagTable::capacity - 1 && tags.uses[tags.count].allocs)
        visit(context, tags.uses[tags.count]);
}

namespace {

Block block_of(Kind kind, mm::Pfn pfn, const mm::PageFrame& f) {
    return {mm::address_of(zone_of_kind(kind), pfn),
            (std::uint64_t(f.run - 1) << mm::page_shift) + f.slab_used, f.tag, kind, caller_of(f.owner)};
}
Block block_of(Kind kind, const Header* h) {
    return {reinterpret_cast<std::uint64_t>(h + 1), h->requested, h->tag, kind, caller_of(h->owner)};
}

} // namespace

void for_each_block(bool (*visit)(void*, const Block&), void* context) {
    // Windows in ascending address order: nonpaged, executable nonpaged, paged.
    for (Kind kind : {Kind::nonpaged, Kind::nonpaged_execute, Kind::paged}) {
        mm::Zone zone = zone_of_kind(kind);
        for (mm::Pfn pfn = mm::window(zone).first; pfn < state->high[int(kind)]; ++pfn) {
            const mm::PageFrame& f = mm::frame(pfn);
            if (f.kind == mm::PageKind::pool_big) {
                if (!visit(context, block_of(kind, pfn, f))) return;
                pfn += f.run - 1;
            } else if (f.kind == mm::PageKind::pool_slab) {
                const SizeClass& c = classes[f.slab_class];
                std::uint64_t page = mm::address_of(zone, pfn);
                for (unsigned i = 0; i < c.per_page(); ++i) {
                    auto* h = reinterpret_cast<const Header*>(page + c.first + i * c.size);
                    if ((h->type & type_in_use) && !visit(context, block_of(kind, h))) return;
                }
            }
        }
    }
}

bool find_block(std::uint64_t address, Block& block) {
    Kind kind;
    mm::Zone zone = mm::zone_of(address);
    if (!kind_of_zone(zone, kind)) return false;
    mm::Pfn pfn = mm::pfn_in(zone, address);
    if (pfn >= state->high[int(kind)]) return false;
    const mm::PageFrame& f = mm::frame(pfn);
    if (f.kind == mm::PageKind::pool_slab) {
        const SizeClass& c = classes[f.slab_class];
        std::uint64_t offset = address & (mm::page_size - 1);
        if (offset < c.first || (offset - c.first) / c.size >= c.per_page()) return false;
        auto* h = reinterpret_cast<const Header*>(mm::page_floor(address) + c.first +
                                                  (offset - c.first) / c.size * c.size);
        block = block_of(kind, h);
        return h->type & type_in_use;
    }
    for (mm::Pfn p = pfn;; --p) {
        const mm::PageFrame& first = mm::frame(p);
        if (first.kind == mm::PageKind::pool_big) {
            if (p + first.run <= pfn) return false;
            block = block_of(kind, p, first);
            return true;
        }
        if (first.kind != mm::PageKind::in_use || p == mm::window(zone).first) return false;
    }
}

} // namespace nt::pool
