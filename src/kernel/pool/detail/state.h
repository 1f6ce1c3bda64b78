// The pool's own state, and what its files share.
#pragma once
#include "kernel/mm/windows.h"
#include "kernel/pool/pool.h"

namespace nt::pool {

inline constexpr int kinds = 3;
inline constexpr std::uint16_t type_paged = 1, type_in_use = 2, type_execute = 4, type_quota = 8;
inline constexpr SIZE_T largest_small = 4064; // 255 * 16 bytes with the header
inline constexpr std::uint16_t no_block = 0xffff;

// Blocks of a class begin at `first` in their page and are `size` bytes apart, header included. Aligned
// classes put the data on cache lines.
struct SizeClass {
    std::uint16_t size, first;
    std::uint16_t per_page() const { return static_cast<std::uint16_t>((mm::page_size - first) / size); }
};
inline constexpr SizeClass classes[] = {
    {32, 0},   {48, 0},   {64, 0},   {80, 0},    {96, 0},    {112, 0},  {128, 0},  {144, 0},  {160, 0},
    {176, 0},  {192, 0},  {208, 0},  {224, 0},   {240, 0},   {256, 0},  {288, 0},  {320, 0},  {368, 0},
    {400, 0},  {448, 0},  {512, 0},  {576, 0},   {672, 0},   {816, 0},  {1024, 0}, {1360, 0}, {2048, 0},
    {4080, 0}, {64, 48},  {128, 48}, {192, 48},  {256, 48},  {320, 48}, {384, 48}, {448, 48}, {512, 48},
    {640, 48}, {768, 48}, {960, 48}, {1344, 48}, {1984, 48}, {4032, 48}};
inline constexpr int class_count = sizeof classes / sizeof classes[0];
inline constexpr int first_aligned = 28;

struct TagTable {
    static constexpr std::uint32_t capacity = 4096; // distinct (tag, kind); later ones share the last entry
    TagUse uses[capacity];
    std::uint16_t index[2 * capacity]; // open addressing, entry + 1
    std::uint32_t count;
    TagUse& find(ULONG tag, Kind kind);
};

struct State {
    std::uint32_t partial[kinds][class_count]; // pages with a free block
    mm::Pfn high[kinds];                       // one past the highest page ever used
    std::uint64_t bytes[kinds];
    TagTable tags;
    void (*bug_check)(const mm::BugCheck&);
    bool fill_freed;
};
extern State* state;

constexpr mm::Zone zone_of_kind(Kind kind) {
    return kind == Kind::nonpaged           ? mm::Zone::nonpaged_pool
           : kind == Kind::nonpaged_execute ? mm::Zone::nonpaged_pool_execute
                                            : mm::Zone::paged_pool;
}
inline bool kind_of_zone(mm::Zone zone, Kind& kind) {
    switch (zone) {
    case mm::Zone::nonpaged_pool:
        kind = Kind::nonpaged;
        return true;
    case mm::Zone::nonpaged_pool_execute:
        kind = Kind::nonpaged_execute;
        return true;
    case mm::Zone::paged_pool:
        kind = Kind::paged;
        return true;
    default:
        return false;
    }
}

// Over the header's address and every field that says what the block is.
inline std::uint16_t guard_of(const Header& h) {
    std::uint32_t x = static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(&h) >> 4) * 0x9e37'79b1u;
    x ^= h.tag ^ (std::uint32_t(h.previous_size) << 24 | std::uint32_t(h.block_size) << 16 | h.requested);
    x ^= std::uint32_t(h.type) << 8 ^ h.owner * 0x85eb'ca6bu;
    return static_cast<std::uint16_t>(x ^ x >> 16);
}
inline void seal(Header& h) { h.guard = guard_of(h); }
inline bool intact(const Header& h) { return h.guard == guard_of(h); }

// Of a block that release() is about to give back: no effect unless it is charged.
void quota_block_freed(std::uint64_t address);

void bug(ULONG code, ULONG_PTR p1, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0);

inline std::uint32_t owner_of(std::uint64_t caller) {
    std::uint64_t offset = caller - host::places::gateway;
    return offset < mm::images_length ? static_cast<std::uint32_t>(offset) : 0;
}
inline std::uint64_t caller_of(std::uint32_t owner) { return owner ? host::places::gateway + owner : 0; }

} // namespace nt::pool
