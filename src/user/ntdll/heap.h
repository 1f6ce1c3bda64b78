// Heaps. A block has a 16-byte header; blocks of a size class come from free lists, which are filled from
// segments by carving. Blocks above the largest class are allocations of their own. Segments are carved from
// one end, so walking the headers from a segment's start to its carving point meets every block; nothing is
// given back before the heap is destroyed, except large blocks.
//
// A header says busy or free by a word that depends on its address, so freeing twice, freeing a wild pointer
// or writing over a header is seen (STATUS_HEAP_CORRUPTION, as Windows reports it for 64-bit programs).
#pragma once
#include "internal.h"

namespace nt::heap {

inline constexpr SIZE_T unit = 16;
inline constexpr SIZE_T header_size = 16;
inline constexpr ULONG small_classes = 64;              // 16 … 1024 bytes in steps of 16
inline constexpr ULONG classes = small_classes + 4 * 8; // then four per doubling, up to 256 KiB
inline constexpr SIZE_T largest_class = 256 * 1024;
inline constexpr USHORT large_class = 0xffff;

struct Block {
    SIZE_T size; // as asked for
    ULONG state; // busy_state or free_state of this address
    USHORT cls;  // size class, or large_class
    USHORT spare;
    UCHAR* data() { return reinterpret_cast<UCHAR*>(this) + header_size; }
    Block*& next_free() { return *reinterpret_cast<Block**>(data()); }
};
static_assert(sizeof(Block) == header_size);

struct Segment {
    Segment* next;
    SIZE_T size; // bytes with this header
    UCHAR* carve;
    UCHAR* first;
    UCHAR* end() { return reinterpret_cast<UCHAR*>(this) + size; }
};

struct Large {
    LIST_ENTRY link;
    SIZE_T allocation; // bytes of the whole allocation
    ULONG_PTR spare;
    Block block; // data follows at +0x30
};

struct Heap {
    ULONG signature;
    ULONG flags;
    ULONG protection;
    RTL_CRITICAL_SECTION lock;
    ULONG held;        // by HeapLock
    Segment* segments; // newest first
    SIZE_T next_segment;
    LIST_ENTRY large;
    Block* free[classes];
    SIZE_T maximum; // of all segments; 0: growable
    SIZE_T reserved;
};
inline constexpr ULONG signature = 0x50616548; // "HeaP"

constexpr SIZE_T class_size(ULONG cls) {
    if (cls < small_classes) return (cls + 1) * unit;
    const ULONG k = cls - small_classes;
    return (SIZE_T(1024) << (k / 4)) / 4 * (5 + k % 4);
}
static_assert(class_size(small_classes) == 1280 && class_size(classes - 1) == largest_class);

ULONG class_of(SIZE_T size); // size at most largest_class
inline ULONG busy_state(const Block* b) {
    return 0xB5B5'0000u ^ static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(b) >> 4);
}
inline ULONG free_state(const Block* b) {
    return 0xF4F4'0000u ^ static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(b) >> 4);
}
inline Block* block_of(const void* memory) {
    return reinterpret_cast<Block*>(reinterpret_cast<ULONG_PTR>(memory) - header_size);
}
inline bool is_busy(const Block* b) { return b->state == busy_state(b); }
inline SIZE_T capacity(Block* b) {
    if (b->cls != large_class) return class_size(b->cls);
    auto* large = reinterpret_cast<Large*>(reinterpret_cast<UCHAR*>(b) - (sizeof(Large) - header_size));
    return large->allocation - sizeof(Large);
}

// Null for a handle that is no heap.
inline Heap* from_handle(PVOID handle) {
    auto* h = static_cast<Heap*>(handle);
    return h && h->signature == signature ? h : nullptr;
}

// The heap's lock unless HEAP_NO_SERIALIZE.
class Lock {
  public:
    Lock(Heap& h, ULONG flags) : heap_((h.flags | flags) & HEAP_NO_SERIALIZE ? nullptr : &h) {
        if (heap_) RtlEnterCriticalSection(&heap_->lock);
    }
    ~Lock() {
        if (heap_) RtlLeaveCriticalSection(&heap_->lock);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    Heap* heap_;
};

[[noreturn]] void corrupted(const char* what, const void* memory);

} // namespace nt::heap
