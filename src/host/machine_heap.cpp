#include "host/machine_heap.h"
#include "host/places.h"
#include "host/signals.h"
#include <bit>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>

extern "C" void __lsan_register_root_region(const void* start, std::size_t size);

namespace host {
namespace {

// 16-byte steps up to 512, then powers of two. Freed blocks are cleared when they are handed out again.
constexpr std::size_t small_limit = 512;
constexpr std::size_t small_classes = small_limit / 16 + 1;
constexpr std::size_t classes = small_classes + 64;
constexpr std::uint64_t step = 1 << 20;
constexpr std::uint64_t limit = places::machine_heap + (64ull << 30);

struct FreeBlock {
    FreeBlock* next;
};
struct Heap {
    std::uint64_t next = places::machine_heap;
    std::uint64_t mapped = places::machine_heap;
    std::size_t in_use = 0;
    FreeBlock* lists[classes] = {};
};
Heap heap;

std::size_t rounded(std::size_t size) {
    if (size <= 16) return 16;
    if (size < 64) return (size + 15) & ~std::size_t(15);
    if (size <= small_limit) return (size + 63) & ~std::size_t(63);
    return std::bit_ceil(size);
}
std::size_t class_of(std::size_t size) {
    return size <= small_limit ? size / 16 : small_classes + static_cast<std::size_t>(std::countr_zero(size));
}

// What objects here point at is not leaked; LeakSanitizer looks only where it is told to.
void leak_check_root([[maybe_unused]] void* start, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_register_root_region(start, size);
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    __lsan_register_root_region(start, size);
#endif
#endif
}

void* carve(std::size_t size) {
    std::uint64_t alignment = size >= 4096 ? 4096 : size >= 64 ? 64 : 16;
    std::uint64_t start = (heap.next + alignment - 1) & ~(alignment - 1);
    if (start + size > limit) fatal("the machine heap is used up (64 GiB)");
    if (start + size > heap.mapped) {
        std::uint64_t more = (start + size - heap.mapped + step - 1) & ~(step - 1);
        void* wished = reinterpret_cast<void*>(heap.mapped);
        if (mmap(wished, more, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wished)
            fatal("the host refuses %llu bytes for the machine heap", static_cast<unsigned long long>(more));
        leak_check_root(wished, more);
        heap.mapped += more;
    }
    heap.next = start + size;
    return reinterpret_cast<void*>(start);
}

} // namespace

void* heap_allocate(std::size_t size) {
    size = rounded(size);
    heap.in_use += size;
    FreeBlock*& list = heap.lists[class_of(size)];
    if (!list) return carve(size);
    void* block = list;
    list = list->next;
    std::memset(block, 0, size);
    return block;
}

void heap_release(void* memory, std::size_t size) {
    if (!memory) return;
    size = rounded(size);
    heap.in_use -= size;
    FreeBlock*& list = heap.lists[class_of(size)];
    list = new (memory) FreeBlock{list};
}

std::size_t heap_bytes_in_use() { return heap.in_use; }
bool heap_contains(std::uint64_t address) { return address >= places::machine_heap && address < heap.mapped; }

} // namespace host
