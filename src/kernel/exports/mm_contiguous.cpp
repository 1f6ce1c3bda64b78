// Contiguous and noncached memory: wdm pages nf-wdm-mmallocatecontiguousmemory,
// nf-wdm-mmallocatecontiguousmemoryspecifycache, nf-wdm-mmallocatecontiguousmemoryspecifycachenode,
// nf-wdm-mmallocatecontiguousnodememory, nf-wdm-mmfreecontiguousmemory,
// nf-wdm-mmfreecontiguousmemoryspecifycache, ntddk pages nf-ntddk-mmallocatenoncachedmemory,
// nf-ntddk-mmfreenoncachedmemory.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/mm/contiguous.h"
#include "kernel/mm/physical.h"

using namespace nt;

namespace {

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }
std::uint64_t number(PHYSICAL_ADDRESS a) { return static_cast<std::uint64_t>(a.QuadPart); }

constexpr ULONG any_node = 0x80000000; // MM_ANY_NODE_OK; a machine has one node, which is all a request finds

PVOID allocate(SIZE_T bytes, PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS boundary,
               bool execute = true) {
    return reinterpret_cast<PVOID>(
        mm::allocate_contiguous(bytes, number(low), number(high), number(boundary), execute, caller()));
}

PVOID allocate_cached(SIZE_T bytes, PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS boundary,
                      MEMORY_CACHING_TYPE cache) {
    if (cache < MmNonCached || cache >= MmMaximumCacheType) return nullptr;
    return allocate(bytes, low, high, boundary);
}

void release(PVOID base, SIZE_T expected) {
    const auto address = reinterpret_cast<ULONG_PTR>(base);
    const std::uint64_t bytes = mm::contiguous_size(address);
    if (!bytes) ke::bug_check(BAD_POOL_CALLER, 0x60, address, 0, 0);
    // assumed: what was asked for with another size is a wrong number of mappings.
    if (expected && mm::pages_of(0, expected) != mm::pages_of(0, bytes))
        ke::bug_check(SYSTEM_PTE_MISUSE, 0x305, address, mm::pages_of(0, expected), mm::pages_of(0, bytes));
    mm::free_contiguous(address);
}

} // namespace

extern "C" PVOID MmAllocateContiguousMemory(SIZE_T bytes, PHYSICAL_ADDRESS high) {
    return allocate(bytes, {}, high, {});
}
GATE(MmAllocateContiguousMemory);

extern "C" PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T bytes, PHYSICAL_ADDRESS low,
                                                        PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS boundary,
                                                        MEMORY_CACHING_TYPE cache) {
    return allocate_cached(bytes, low, high, boundary, cache);
}
GATE(MmAllocateContiguousMemorySpecifyCache);

// On a machine with one node it satisfies every request.
extern "C" PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T bytes, PHYSICAL_ADDRESS low,
                                                            PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS boundary,
                                                            MEMORY_CACHING_TYPE cache, ULONG) {
    return allocate_cached(bytes, low, high, boundary, cache);
}
GATE(MmAllocateContiguousMemorySpecifyCacheNode);

extern "C" PVOID MmAllocateContiguousNodeMemory(SIZE_T bytes, PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high,
                                                PHYSICAL_ADDRESS boundary, ULONG protect, ULONG node) {
    constexpr ULONG cache = PAGE_NOCACHE | PAGE_WRITECOMBINE;
    const ULONG rights = protect & ~cache;
    if ((protect & cache) == cache || (rights != PAGE_READWRITE && rights != PAGE_EXECUTE_READWRITE))
        return nullptr;
    if (node != any_node && node != 0) return nullptr;
    return allocate(bytes, low, high, boundary, rights == PAGE_EXECUTE_READWRITE);
}
GATE(MmAllocateContiguousNodeMemory);

extern "C" void MmFreeContiguousMemory(PVOID base) { release(base, 0); }
GATE(MmFreeContiguousMemory);

extern "C" void MmFreeContiguousMemorySpecifyCache(PVOID base, SIZE_T bytes, MEMORY_CACHING_TYPE) {
    release(base, bytes ? bytes : 1);
}
GATE(MmFreeContiguousMemorySpecifyCache);

// A full multiple of the page size.
extern "C" PVOID MmAllocateNonCachedMemory(SIZE_T bytes) {
    PHYSICAL_ADDRESS high;
    high.QuadPart = -1;
    return allocate(bytes, {}, high, {});
}
GATE(MmAllocateNonCachedMemory);

extern "C" void MmFreeNonCachedMemory(PVOID base, SIZE_T bytes) { release(base, bytes ? bytes : 1); }
GATE(MmFreeNonCachedMemory);
