// Device memory and the machine's RAM: wdm pages nf-wdm-mmmapiospace, nf-wdm-mmmapiospaceex,
// nf-wdm-mmunmapiospace, ntddk page nf-ntddk-mmgetphysicalmemoryrangesex2; bug check 0xDA.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/io_space.h"
#include "kernel/mm/physical.h"
#include "kernel/pool/pool.h"

using namespace nt;

namespace {

constexpr ULONG ranges_tag = 0x6d50'6d4d; // 'MmPm'

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

// Nonpaged pool that the caller frees; the last entry is zero.
PHYSICAL_MEMORY_RANGE* ranges() {
    const auto all = mm::physical_memory_ranges();
    auto* block = static_cast<PHYSICAL_MEMORY_RANGE*>(
        pool::allocate_typed(NonPagedPoolNx, (all.size() + 1) * sizeof(PHYSICAL_MEMORY_RANGE), ranges_tag,
                             ke::current_irql(), caller())
            .block);
    if (!block) return nullptr;
    for (std::size_t i = 0; i < all.size(); i++) {
        block[i].BaseAddress.QuadPart = static_cast<LONGLONG>(all[i].first);
        block[i].NumberOfBytes.QuadPart = static_cast<LONGLONG>(all[i].second);
    }
    block[all.size()].BaseAddress.QuadPart = block[all.size()].NumberOfBytes.QuadPart = 0;
    return block;
}

PVOID map(PHYSICAL_ADDRESS physical, SIZE_T bytes, ULONG protection) {
    return reinterpret_cast<PVOID>(
        mm::map_io_space(static_cast<ULONG_PTR>(physical.QuadPart), bytes, protection, caller()));
}

} // namespace

extern "C" PVOID MmMapIoSpace(PHYSICAL_ADDRESS physical, SIZE_T bytes, MEMORY_CACHING_TYPE cache) {
    if (cache < MmNonCached || cache >= MmMaximumCacheType) return nullptr;
    return map(physical, bytes, PAGE_READWRITE);
}
GATE(MmMapIoSpace);

extern "C" PVOID MmMapIoSpaceEx(PHYSICAL_ADDRESS physical, SIZE_T bytes, ULONG protection) {
    return map(physical, bytes, protection);
}
GATE(MmMapIoSpaceEx);

extern "C" void MmUnmapIoSpace(PVOID base, SIZE_T bytes) {
    const auto address = reinterpret_cast<ULONG_PTR>(base);
    std::uint64_t expected = 0;
    const mm::Unmapped result = mm::unmap_io_space(address, bytes, expected);
    const std::uint64_t pages = mm::pages_of(address, bytes);
    if (result == mm::Unmapped::unknown) ke::bug_check(SYSTEM_PTE_MISUSE, 0x400, address, pages, 0);
    if (result == mm::Unmapped::wrong_size) ke::bug_check(SYSTEM_PTE_MISUSE, 0x305, address, pages, expected);
}
GATE(MmUnmapIoSpace);

extern "C" PHYSICAL_MEMORY_RANGE* MmGetPhysicalMemoryRanges() { return ranges(); }
GATE(MmGetPhysicalMemoryRanges);

extern "C" PHYSICAL_MEMORY_RANGE* MmGetPhysicalMemoryRangesEx(PVOID) { return ranges(); }
GATE(MmGetPhysicalMemoryRangesEx);

// The flags select memory of files and other partitions, of which there is none.
extern "C" PHYSICAL_MEMORY_RANGE* MmGetPhysicalMemoryRangesEx2(PVOID, ULONG) { return ranges(); }
GATE(MmGetPhysicalMemoryRangesEx2);
