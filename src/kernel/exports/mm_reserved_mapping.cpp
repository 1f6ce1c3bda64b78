// Mappings at addresses reserved before: wdm pages nf-wdm-mmallocatemappingaddress,
// nf-wdm-mmmaplockedpageswithreservedmapping, nf-wdm-mmunmapreservedmapping, nf-wdm-mmfreemappingaddress;
// misuse by the table of bug check 0xDA.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/physical.h"
#include "kernel/mm/reserved_mapping.h"

using namespace nt;

namespace {

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }
ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

[[noreturn]] void misuse(ULONG what, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    ke::bug_check(SYSTEM_PTE_MISUSE, what, p2, p3, p4);
}

// The caller's range. `unknown`, `foreign`: the kinds of misuse when there is none, or one with another tag.
const mm::ReservedMapping& range_of(PVOID base, ULONG tag, ULONG unknown, ULONG foreign) {
    const mm::ReservedMapping* range = mm::find_reserved(number(base));
    if (!range) misuse(unknown, number(base), tag, 0);
    if (range->tag != tag) misuse(foreign, number(base), tag, range->tag);
    return *range;
}

} // namespace

extern "C" PVOID MmAllocateMappingAddress(SIZE_T bytes, ULONG tag) {
    if (!bytes) misuse(0x100, 0, tag, caller());
    return reinterpret_cast<PVOID>(mm::reserve_mapping(bytes, tag, caller()));
}
GATE(MmAllocateMappingAddress);

extern "C" void MmFreeMappingAddress(PVOID base, ULONG tag) {
    const mm::ReservedMapping& range = range_of(base, tag, 0x102, 0x101);
    if (range.mapped) misuse(0x103, range.address, tag, range.pages);
    mm::free_reserved(range.address);
}
GATE(MmFreeMappingAddress);

extern "C" PVOID MmMapLockedPagesWithReservedMapping(PVOID base, ULONG tag, MDL* mdl,
                                                     MEMORY_CACHING_TYPE cache) {
    const mm::ReservedMapping& range = range_of(base, tag, 0x105, 0x104);
    if (range.mapped)
        misuse(0x107, range.address, range.address, range.address + ((range.pages - 1) << mm::page_shift));
    if (cache < MmNonCached || cache >= MmMaximumCacheType) return nullptr;
    return reinterpret_cast<PVOID>(mm::map_reserved(range.address, mdl));
}
GATE(MmMapLockedPagesWithReservedMapping);

extern "C" void MmUnmapReservedMapping(PVOID base, ULONG tag, MDL* mdl) {
    const mm::ReservedMapping& range = range_of(base, tag, 0x109, 0x108);
    const std::uint64_t pages = mm::mdl_page_count(mdl);
    if (pages > range.pages) misuse(0x10A, range.address, range.pages, pages);
    if (!range.mapped) misuse(0x10B, range.address, tag, pages);
    if (pages != range.mapped) misuse(0x10C, range.address, tag, pages);
    mm::unmap_reserved(range.address);
    mdl->MdlFlags &= static_cast<CSHORT>(~MDL_MAPPED_TO_SYSTEM_VA);
    mdl->MappedSystemVa = nullptr;
}
GATE(MmUnmapReservedMapping);
