// Allocation: nf-heapapi-heapalloc, -heaprealloc, -heapfree, -heapsize.
#include "heap.h"

namespace nt {
namespace heap {

ULONG class_of(SIZE_T size) {
    if (size <= small_classes * unit) return size ? static_cast<ULONG>((size - 1) / unit) : 0;
    const auto top = static_cast<ULONG>(63 - __builtin_clzll(size - 1)); // 2^top <= size - 1
    return small_classes + (top - 10) * 4 + static_cast<ULONG>(((size - 1) >> (top - 2)) & 3);
}

void corrupted(const char* what, const void* memory) {
    report(0, "heap: %s at %p\n", what, memory);
    unlock_heaps(); // who handles the exception does not come back
    EXCEPTION_RECORD record{};
    record.ExceptionCode = STATUS_HEAP_CORRUPTION;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.NumberParameters = 1;
    record.ExceptionInformation[0] = reinterpret_cast<ULONG_PTR>(memory);
    RtlRaiseException(&record);
    __builtin_trap();
}

namespace {

PVOID pages(SIZE_T size, ULONG protection) {
    PVOID base = nullptr;
    return NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                              protection))
               ? base
               : nullptr;
}

void give_back(PVOID base) {
    SIZE_T size = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE);
}

bool grow(Heap& h, SIZE_T need) {
    constexpr SIZE_T most = 16 * 1024 * 1024;
    SIZE_T size = h.next_segment;
    if (size < need + sizeof(Segment)) size = (need + sizeof(Segment) + 0xffff) & ~SIZE_T(0xffff);
    if (h.maximum && h.reserved + size > h.maximum) {
        if (h.reserved + need + sizeof(Segment) > h.maximum) return false;
        size = h.maximum - h.reserved;
    }
    auto* segment = static_cast<Segment*>(pages(size, h.protection));
    if (!segment) return false;
    segment->size = size;
    segment->first = segment->carve = reinterpret_cast<UCHAR*>(segment) + sizeof(Segment);
    segment->next = h.segments;
    h.segments = segment;
    h.reserved += size;
    if (h.next_segment < most) h.next_segment *= 2;
    return true;
}

// What is left of a segment becomes free blocks of the classes that fit.
void use_up(Heap& h, Segment& segment) {
    while (segment.end() - segment.carve >= static_cast<LONG_PTR>(header_size + unit)) {
        SIZE_T room = static_cast<SIZE_T>(segment.end() - segment.carve) - header_size;
        if (room > largest_class) room = largest_class;
        ULONG cls = class_of(room);
        if (class_size(cls) > room) cls--;
        auto* block = reinterpret_cast<Block*>(segment.carve);
        segment.carve += header_size + class_size(cls);
        block->cls = static_cast<USHORT>(cls);
        block->size = 0;
        block->state = free_state(block);
        block->next_free() = h.free[cls];
        h.free[cls] = block;
    }
}

Block* carve(Heap& h, ULONG cls) {
    const SIZE_T need = header_size + class_size(cls);
    if (!h.segments || static_cast<SIZE_T>(h.segments->end() - h.segments->carve) < need) {
        Segment* old = h.segments;
        if (!grow(h, need)) return nullptr;
        if (old) use_up(h, *old);
    }
    auto* block = reinterpret_cast<Block*>(h.segments->carve);
    h.segments->carve += need;
    block->cls = static_cast<USHORT>(cls);
    return block;
}

Block* take_large(Heap& h, SIZE_T size) {
    if (h.maximum) return nullptr; // a heap of fixed size has no blocks outside its segments
    const SIZE_T need = (size + sizeof(Large) + 0xfff) & ~SIZE_T(0xfff);
    if (need < size) return nullptr;
    auto* large = static_cast<Large*>(pages(need, h.protection));
    if (!large) return nullptr;
    large->allocation = need;
    large->block.cls = large_class;
    insert_tail(h.large, large->link);
    return &large->block;
}

PVOID take(Heap& h, ULONG flags, SIZE_T size) {
    Block* block;
    bool zeroed = false;
    if (size > largest_class) {
        block = take_large(h, size);
        zeroed = true;
    } else {
        const ULONG cls = class_of(size);
        block = h.free[cls];
        if (block) {
            if (block->state != free_state(block)) corrupted("a free block was overwritten", block->data());
            h.free[cls] = block->next_free();
        } else {
            block = carve(h, cls);
            zeroed = true; // fresh from the system
        }
    }
    if (!block) return nullptr;
    block->size = size;
    block->state = busy_state(block);
    if (flags & HEAP_ZERO_MEMORY && !zeroed) memset(block->data(), 0, size);
    return block->data();
}

void put(Heap& h, Block* block) {
    block->state = free_state(block);
    if (block->cls == large_class) {
        auto* large =
            reinterpret_cast<Large*>(reinterpret_cast<UCHAR*>(block) - (sizeof(Large) - header_size));
        remove_entry(large->link);
        give_back(large);
        return;
    }
    block->next_free() = h.free[block->cls];
    h.free[block->cls] = block;
}

Block* check(const void* memory, const char* what) {
    Block* block = block_of(memory);
    if (reinterpret_cast<ULONG_PTR>(memory) % unit) corrupted(what, memory);
    if (block->state == free_state(block)) corrupted("a block is freed or used after its release", memory);
    if (!is_busy(block)) corrupted(what, memory);
    return block;
}

PVOID failed(Heap& h, ULONG flags) {
    if ((h.flags | flags) & HEAP_GENERATE_EXCEPTIONS) RtlRaiseStatus(STATUS_NO_MEMORY);
    return nullptr;
}

PVOID resize(Heap& h, ULONG flags, PVOID memory, SIZE_T size) {
    Lock lock(h, flags);
    Block* block = check(memory, "HeapReAlloc of what is no block");
    const SIZE_T old = block->size;
    if (size <= capacity(block) && (size <= largest_class) == (block->cls != large_class)) {
        if (flags & HEAP_ZERO_MEMORY && size > old) memset(block->data() + old, 0, size - old);
        block->size = size;
        return memory;
    }
    if (flags & HEAP_REALLOC_IN_PLACE_ONLY) {
        if (size > capacity(block)) return nullptr;
        block->size = size;
        return memory;
    }
    PVOID to = take(h, flags, size);
    if (!to) return nullptr;
    memcpy(to, memory, old < size ? old : size);
    if (flags & HEAP_ZERO_MEMORY && size > old) memset(static_cast<UCHAR*>(to) + old, 0, size - old);
    put(h, block);
    return to;
}

} // namespace
} // namespace heap

using heap::Heap;

extern "C" {

PVOID NTAPI RtlAllocateHeap(PVOID handle, ULONG flags, SIZE_T size) {
    Heap* h = heap::from_handle(handle);
    if (!h) return nullptr;
    PVOID memory;
    {
        heap::Lock lock(*h, flags);
        memory = heap::take(*h, flags | h->flags, size);
    }
    if (memory) return memory;
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_NO_MEMORY);
    return heap::failed(*h, flags);
}

PVOID NTAPI RtlReAllocateHeap(PVOID handle, ULONG flags, PVOID memory, SIZE_T size) {
    Heap* h = heap::from_handle(handle);
    if (!h || !memory) return nullptr;
    PVOID result = heap::resize(*h, flags | h->flags, memory, size);
    if (result) return result;
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_NO_MEMORY);
    return heap::failed(*h, flags);
}

BOOLEAN NTAPI RtlFreeHeap(PVOID handle, ULONG flags, PVOID memory) {
    if (!memory) return TRUE;
    Heap* h = heap::from_handle(handle);
    if (!h) return FALSE;
    heap::Lock lock(*h, flags);
    heap::put(*h, heap::check(memory, "HeapFree of what is no block"));
    return TRUE;
}

SIZE_T NTAPI RtlSizeHeap(PVOID handle, ULONG, const void* memory) {
    if (!heap::from_handle(handle) || !memory) return ~SIZE_T(0);
    heap::Block* block = heap::block_of(memory);
    return heap::is_busy(block) ? block->size : ~SIZE_T(0);
}

} // extern "C"
} // namespace nt
