#include "kernel/io/detail/buffers.h"
#include "kernel/io/kept_blocks.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/pool/pool.h"
#include <bit>
#include <cstring>

namespace nt::io::detail {

namespace {

constexpr ULONG buffer_tag = pool::tag("IoSB");
constexpr ULONG large_tag = pool::tag("IoSL");

// Small buffers are kept in lists by size class. A kept block is not seen by pool's checks, so each carries
// its own: a mark right behind the bytes that were asked for, and size and magic at the end of the block.
//     [0, class) data and, at `size`, the mark   [class + 8, class + 16) the trailer
constexpr ULONG smallest = 64, largest = 2048;
constexpr int classes = std::countr_zero(largest / smallest) + 1;
constexpr ULONG guard = 16;
constexpr ULONG magic = 0x42536f49;
constexpr ULONGLONG mark = 0xa5a5'5a5a'c3c3'3c3c;

struct Trailer {
    ULONG size;
    ULONG magic;
};

UCHAR* lists[classes]; // linked through the first word

constexpr int class_of(ULONG size) {
    return size <= smallest ? 0 : static_cast<int>(std::bit_width((size - 1) / smallest));
}
constexpr ULONG bytes_of(int c) { return smallest << c; }
Trailer& trailer(UCHAR* buffer, int c) {
    return *reinterpret_cast<Trailer*>(buffer + bytes_of(c) + guard - sizeof(Trailer));
}

// The class of one of our blocks; -1: any other pool block (a driver's, or a large one).
int class_of_block(const UCHAR* buffer) {
    if ((reinterpret_cast<ULONG_PTR>(buffer) & 0xfff) == 0) return -1;
    const auto* header = reinterpret_cast<const pool::Header*>(buffer) - 1;
    if (header->tag != buffer_tag) return -1;
    return class_of(header->requested - guard);
}

} // namespace

PVOID take_buffer(ULONG size) {
    if (size > largest) return pool::allocate(pool::Kind::nonpaged, size, large_tag);
    const int c = class_of(size);
    UCHAR* buffer = lists[c];
    if (buffer) [[likely]]
        std::memcpy(&lists[c], buffer, sizeof(UCHAR*));
    else {
        buffer = static_cast<UCHAR*>(pool::allocate(pool::Kind::nonpaged, bytes_of(c) + guard, buffer_tag));
        if (!buffer) return nullptr;
    }
    trailer(buffer, c) = {size, magic};
    std::memcpy(buffer + size, &mark, sizeof mark);
    return buffer;
}

void give_buffer(PVOID memory) {
    auto* buffer = static_cast<UCHAR*>(memory);
    const int c = class_of_block(buffer);
    if (c < 0) [[unlikely]] {
        pool::release(buffer);
        return;
    }
    const Trailer t = trailer(buffer, c);
    ULONGLONG found = 0;
    if (t.size <= bytes_of(c)) std::memcpy(&found, buffer + t.size, sizeof found);
    // Windows notices it when the pool block next to it is used: BAD_POOL_HEADER.
    if (t.magic != magic || found != mark) [[unlikely]]
        ke::bug_check(0x19, 0x20, reinterpret_cast<ULONG_PTR>(buffer) - sizeof(pool::Header),
                      reinterpret_cast<ULONG_PTR>(buffer) + bytes_of(c) + guard, 0);
    std::memcpy(buffer, &lists[c], sizeof(UCHAR*));
    lists[c] = buffer;
}

void for_each_kept_buffer(const KeptBlocks& kept) {
    for (const void* buffer : lists)
        while (buffer) {
            kept(buffer);
            std::memcpy(&buffer, buffer, sizeof buffer);
        }
}

} // namespace nt::io::detail
