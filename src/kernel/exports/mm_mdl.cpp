// Memory descriptor lists: wdm pages nf-wdm-ioallocatemdl, nf-wdm-mmprobeandlockpages,
// nf-wdm-mmmaplockedpagesspecifycache …
#include "abi/file.h"
#include "abi/irp.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/report.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/user_locks.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/dispatch.h"
#include <vector>

using namespace nt;

namespace {
ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

// For the report of what an unloaded driver leaves.
MDL* of_driver(MDL* mdl) {
    if (!mdl) return nullptr;
    mdl->Reserved |= mm::mdl_of_driver;
    pool::set_caller(mdl, ke::calling_address());
    return mdl;
}
} // namespace

extern "C" MDL* IoAllocateMdl(PVOID address, ULONG length, BOOLEAN secondary, BOOLEAN charge_quota,
                              IRP* irp) {
    MDL* mdl = of_driver(mm::allocate_mdl(number(address), length));
    if (mdl && charge_quota) [[unlikely]] {
        if (!NT_SUCCESS(pool::charge_quota(mdl))) {
            mm::free_mdl(mdl);
            return nullptr;
        }
        mdl->Reserved |= mm::mdl_charged;
    }
    if (!mdl || !irp) return mdl;
    if (!secondary) {
        irp->MdlAddress = mdl;
        return mdl;
    }
    MDL** link = &irp->MdlAddress;
    while (*link)
        link = &(*link)->Next;
    *link = mdl;
    return mdl;
}
GATE(IoAllocateMdl);
extern "C" void IoFreeMdl(MDL* mdl) {
    // "the driver must unlock the pages before it frees the MDL"
    if (mdl->MdlFlags & MDL_PAGES_LOCKED) [[unlikely]]
        NT_REPORT("LockedMdlFreed", {}, "frees the MDL %p, whose pages are still locked",
                  static_cast<void*>(mdl));
    mm::free_mdl(mdl);
}
GATE(IoFreeMdl);
extern "C" void IoBuildPartialMdl(MDL* source, MDL* target, PVOID address, ULONG length) {
    if (!mm::build_partial_mdl(source, target, number(address), length)) ke::bug_check(0x40);
}
GATE(IoBuildPartialMdl);

extern "C" SIZE_T MmSizeOfMdl(PVOID address, SIZE_T length) {
    return mm::size_of_mdl(number(address), length);
}
GATE(MmSizeOfMdl);
// The memory is the caller's, or from nonpaged pool.
extern "C" MDL* MmCreateMdl(MDL* mdl, PVOID address, SIZE_T length) {
    if (!mdl) return of_driver(mm::allocate_mdl(number(address), length));
    mm::initialize_mdl(mdl, number(address), length);
    return mdl;
}
GATE(MmCreateMdl);

extern "C" void MmBuildMdlForNonPagedPool(MDL* mdl) {
    if (!mm::build_for_nonpaged_pool(mdl)) ke::bug_check(0x4E, 7, number(mdl), mdl->ByteCount, 0);
}
GATE(MmBuildMdlForNonPagedPool);

extern "C" void MmProbeAndLockPages(MDL* mdl, KPROCESSOR_MODE mode, ULONG operation) {
    const NTSTATUS status = mm::probe_and_lock_pages(mdl, mode, static_cast<mm::LockOperation>(operation));
    if (status == STATUS_ACCESS_VIOLATION)
        seh::raise_access_violation(mm::mdl_address(mdl), operation ? 1 : 0);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    mm::note_user_lock(mdl, ke::calling_address());
}
GATE(MmProbeAndLockPages);

extern "C" void MmProbeAndLockSelectedPages(MDL* mdl, const FILE_SEGMENT_ELEMENT* elements,
                                            KPROCESSOR_MODE mode, ULONG operation) {
    NTSTATUS status = STATUS_SUCCESS;
    {
        std::vector<std::uint64_t> segments(mm::mdl_page_count(mdl));
        if (!guest::copy_from(segments.data(), number(elements), segments.size() * sizeof(std::uint64_t)))
            status = STATUS_ACCESS_VIOLATION;
        else
            status = mm::probe_and_lock_selected_pages(mdl, segments.data(), mode,
                                                       static_cast<mm::LockOperation>(operation));
    }
    if (!NT_SUCCESS(status)) seh::raise_status(status);
    mm::note_user_lock(mdl, ke::calling_address());
}
GATE(MmProbeAndLockSelectedPages);

extern "C" void MmUnlockPages(MDL* mdl) {
    // assumed: Windows finds an MDL that is not locked by its page counts.
    if (!mm::unlock_pages(mdl)) ke::bug_check(0x4E, 7, number(mdl), 0, 0);
}
GATE(MmUnlockPages);

extern "C" PVOID MmMapLockedPagesSpecifyCache(MDL* mdl, KPROCESSOR_MODE mode, ULONG, PVOID requested,
                                              ULONG bug_check_on_failure, ULONG priority) {
    const Result<std::uint64_t> address = mm::map_locked_pages(mdl, mode, number(requested), priority);
    if (address && *address) return reinterpret_cast<PVOID>(*address);
    // In user mode a failure is raised, in kernel mode it is null or, for old callers, a bug check.
    if (mode != KernelMode) seh::raise_status(address ? STATUS_INSUFFICIENT_RESOURCES : address.error());
    if (bug_check_on_failure) ke::bug_check(0x3F, 0, 0, 0, 0);
    return nullptr;
}
GATE(MmMapLockedPagesSpecifyCache);
extern "C" PVOID MmMapLockedPages(MDL* mdl, KPROCESSOR_MODE mode) {
    return MmMapLockedPagesSpecifyCache(mdl, mode, 1, nullptr, TRUE, 32);
}
GATE(MmMapLockedPages);
extern "C" void MmUnmapLockedPages(PVOID address, MDL* mdl) { mm::unmap_locked_pages(number(address), mdl); }
GATE(MmUnmapLockedPages);

extern "C" NTSTATUS MmProtectMdlSystemAddress(MDL* mdl, ULONG protection) {
    return mm::protect_system_address(mdl, protection);
}
GATE(MmProtectMdlSystemAddress);

extern "C" NTSTATUS MmAdvanceMdl(MDL* mdl, ULONG bytes) { return mm::advance_mdl(mdl, bytes); }
GATE(MmAdvanceMdl);

// The physical addresses are inclusive at neither end but the pages': as documented for LowAddress,
// HighAddress and SkipBytes.
extern "C" MDL* MmAllocatePagesForMdlEx(LARGE_INTEGER low, LARGE_INTEGER high, LARGE_INTEGER skip,
                                        SIZE_T bytes, ULONG, ULONG flags) {
    return of_driver(mm::allocate_pages_for_mdl(static_cast<std::uint64_t>(low.QuadPart),
                                                static_cast<std::uint64_t>(high.QuadPart),
                                                static_cast<std::uint64_t>(skip.QuadPart), bytes, flags));
}
GATE(MmAllocatePagesForMdlEx);
extern "C" MDL* MmAllocatePagesForMdl(LARGE_INTEGER low, LARGE_INTEGER high, LARGE_INTEGER skip,
                                      SIZE_T bytes) {
    return MmAllocatePagesForMdlEx(low, high, skip, bytes, 1, 0);
}
GATE(MmAllocatePagesForMdl);
// One node is all there is.
extern "C" MDL* MmAllocateNodePagesForMdlEx(LARGE_INTEGER low, LARGE_INTEGER high, LARGE_INTEGER skip,
                                            SIZE_T bytes, ULONG cache, ULONG node, ULONG flags) {
    return node ? nullptr : MmAllocatePagesForMdlEx(low, high, skip, bytes, cache, flags);
}
GATE(MmAllocateNodePagesForMdlEx);
extern "C" void MmFreePagesFromMdl(MDL* mdl) { mm::free_pages_from_mdl(mdl); }
GATE(MmFreePagesFromMdl);
