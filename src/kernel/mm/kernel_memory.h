// Kernel memory that is not pool: images, kernel stacks, processor areas. Mappings of locked pages and of
// device memory: mapping_window.h.
#pragma once
#include "base/result.h"
#include "host/ram.h"
#include "kernel/mm/physical.h"

namespace nt::mm {

using host::ram::Protection;

// Images window: `size` bytes (rounded up to pages) of zeroed memory, readable and writable, on a 64 KiB
// boundary. STATUS_INSUFFICIENT_RESOURCES when the window is full. `protect_kernel` then sets each section's
// rights.
Result<std::uint64_t> allocate_image(std::uint64_t size);
// Also gives back a part, a page range of an image. Pages become inaccessible.
void free_image(std::uint64_t address, std::uint64_t size);
// The memory goes, the addresses stay the image's until free_image(): discardable sections.
void discard_image(std::uint64_t address, std::uint64_t size);
void protect_kernel(std::uint64_t address, std::uint64_t size, Protection protection);
// The gateway page (places::gateway): zeroed, writable until protect_kernel.
void* gateway_page();
// Processor areas (KPCR and so on) from places::processors up: zeroed, writable. `offset` and `size` in
// bytes.
void* processor_area(std::uint64_t offset, std::uint64_t size);

// What a kernel window's address is mapped as now (Protection::none: nothing there).
Protection kernel_protection(std::uint64_t address);
// True when kernel code may touch the address without a fault: windows, direct map of RAM, mapping window,
// machine heap.
bool kernel_accessible(std::uint64_t address, bool write);

// A kernel stack: 24 KiB with a guard page at each end. `base` is the highest address (KTHREAD.StackBase),
// `limit` the lowest. Reused stacks keep their contents. STATUS_INSUFFICIENT_RESOURCES when all (16,384) are
// in use or the host has no more mappings.
inline constexpr std::uint64_t kernel_stack_size = 0x6000;
struct KernelStack {
    std::uint64_t base, limit;
};
Result<KernelStack> allocate_kernel_stack();
void free_kernel_stack(const KernelStack& stack);
std::uint64_t kernel_stacks_in_use();
// The address lies in the guard page below some kernel stack.
bool is_kernel_stack_guard(std::uint64_t address);

} // namespace nt::mm
