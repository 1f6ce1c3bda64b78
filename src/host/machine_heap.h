// The machine heap: objects of the kernel that guests hold no structure of, at fixed addresses
// (places::machine_heap), so that the same run gives the same addresses and a snapshot can carry them. Size
// classes with free lists; memory is taken from the host in 1 MiB steps and never given back. Not for the
// request path of drivers' memory (that is the pool).
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace host {

// Zeroed memory, aligned to 16 bytes (64 for sizes from 64 up). Ends the process with a message when 64 GiB
// are used up.
void* heap_allocate(std::size_t size);
void heap_release(void* memory, std::size_t size);
std::size_t heap_bytes_in_use();
bool heap_contains(std::uint64_t address);

template <class T, class... Args> T* make(Args&&... args) {
    static_assert(alignof(T) <= 64);
    return new (heap_allocate(sizeof(T))) T(std::forward<Args>(args)...);
}
template <class T> void destroy(T* object) {
    if (!object) return;
    object->~T();
    heap_release(object, sizeof(T));
}

// For standard containers that belong to the machine.
template <class T> struct HeapAllocator {
    using value_type = T;
    HeapAllocator() = default;
    template <class U> HeapAllocator(const HeapAllocator<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(heap_allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t n) { heap_release(p, n * sizeof(T)); }
    friend bool operator==(const HeapAllocator&, const HeapAllocator&) { return true; }
};

} // namespace host
