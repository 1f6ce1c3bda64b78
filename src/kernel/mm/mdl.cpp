// MDL rules: https://learn.microsoft.com/windows-hardware/drivers/kernel/using-mdls and the pages of the Mm*
// functions.
#include "kernel/mm/mdl.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/probe.h"
#include "kernel/mm/reserved_mapping.h"
#include "kernel/mm/user_locks.h"
#include "kernel/mm/windows.h"
#include <algorithm>
#include <cstring>
#include <vector>

namespace nt::mm {
namespace {

constexpr std::uint64_t fixed_size = 0x30 + 8 * fixed_mdl_pages;
constexpr CSHORT allocation_flags = MDL_ALLOCATED_FIXED_SIZE;
static_assert(sizeof(MDL) == 0x30);

// Without the pool (unit tests of this room) an MDL is a page run.
void* page_allocate(std::uint64_t size) {
    Run run = allocate_run(Zone::nonpaged_pool, page_ceil(size) >> page_shift);
    if (!run) return nullptr;
    frame(run.first).run = static_cast<std::uint32_t>(run.count);
    return reinterpret_cast<void*>(address_of(Zone::nonpaged_pool, run.first));
}
void page_release(void* memory) {
    Pfn pfn = pfn_in(Zone::nonpaged_pool, reinterpret_cast<std::uint64_t>(memory));
    release_pages(pfn, frame(pfn).run);
}

MdlMemory mdl_memory{page_allocate, page_release, nullptr};
MDL* free_mdls = nullptr;

// Ranges of the direct map whose rights MmProtectMdlSystemAddress changed, until their MDL is unmapped.
struct ProtectedRange {
    std::uint64_t address, pages;
};
std::vector<ProtectedRange, host::HeapAllocator<ProtectedRange>> protected_ranges;

bool in_direct_map(std::uint64_t address) { return address - host::places::ram < host::ram::size(); }

bool contiguous(const PFN_NUMBER* pages, std::uint64_t count) {
    for (std::uint64_t i = 1; i < count; ++i)
        if (pages[i] != pages[0] + i) return false;
    return true;
}

void release_page_array(const PFN_NUMBER* pages, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!is_ram(pages[i])) continue;
        const bool closed = is_closed(pages[i]);
        release_page(pages[i]);
        if (closed) [[unlikely]]
            settle_unlocked(pages[i]);
    }
}

// Locking touches the memory, which above APC_LEVEL is a page fault that nobody can serve.
void page_in(std::uint64_t address) { (void)*reinterpret_cast<const volatile char*>(address); }

// By a mapping for user mode, which is not closed with the page.
void page_in_mapped(Pfn pfn) {
    if (is_closed(pfn)) page_in(address_of(frame(pfn).zone, pfn));
}

void restore_rights(std::uint64_t address) {
    for (std::size_t i = 0; i < protected_ranges.size(); ++i)
        if (protected_ranges[i].address == address) {
            host::ram::protect(address, protected_ranges[i].pages << page_shift, Protection::read_write);
            protected_ranges.erase(protected_ranges.begin() + static_cast<std::ptrdiff_t>(i));
            return;
        }
}

// Locks the pages of a user range. Nothing stays locked on failure.
NTSTATUS lock_user(PFN_NUMBER* pages, std::uint64_t address, std::uint64_t count, bool write) {
    AddressSpace* space = current_space();
    std::uint64_t done = 0;
    NTSTATUS status = STATUS_ACCESS_VIOLATION;
    address = page_floor(address);
    while (space && done < count) {
        const Extent* e = space->find(address);
        if (!e) break;
        auto rights = static_cast<unsigned>(host_protection(e->protection));
        if (!(rights & static_cast<unsigned>(write ? Protection::write : Protection::read))) {
            std::uint64_t limit;
            Resolution answer = space->resolve_fault(address, write, false, limit);
            if (answer == Resolution::retry) continue;
            if (answer == Resolution::guard_page) status = STATUS_GUARD_PAGE_VIOLATION;
            if (answer == Resolution::stack_overflow) status = STATUS_STACK_OVERFLOW;
            break;
        }
        Pfn pfn = e->first + ((address - e->address) >> page_shift);
        for (; done < count && address < e->end(); ++done, ++pfn, address += page_size) {
            if (frame(pfn).zone != Zone::general) [[unlikely]]
                page_in_mapped(pfn);
            reference_page(pfn);
            pages[done] = pfn;
        }
    }
    if (done == count) return STATUS_SUCCESS;
    release_page_array(pages, done);
    return status;
}

NTSTATUS lock_kernel(PFN_NUMBER* pages, std::uint64_t address, std::uint64_t count, bool write) {
    std::uint64_t done = 0;
    address = page_floor(address);
    for (; done < count; ++done, address += page_size) {
        Pfn pfn;
        if (!kernel_page(address, pfn) || !kernel_accessible(address, write)) break;
        if (is_ram(pfn)) { // device memory (MmMapIoSpace) has no owner
            if (is_closed(pfn)) page_in(address);
            reference_page(pfn);
        }
        pages[done] = pfn;
    }
    if (done == count) return STATUS_SUCCESS;
    release_page_array(pages, done);
    return STATUS_ACCESS_VIOLATION;
}

void unmap_system(MDL* mdl) {
    std::uint64_t address = page_floor(reinterpret_cast<std::uint64_t>(mdl->MappedSystemVa));
    if (is_reserved_mapping(address))
        unmap_reserved(address);
    else if (!in_direct_map(address))
        unmap_window(address, mdl_page_count(mdl));
    else if (!protected_ranges.empty())
        restore_rights(address);
    mdl->MdlFlags &= static_cast<CSHORT>(~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED));
    mdl->MappedSystemVa = nullptr;
}

} // namespace

void set_mdl_memory(const MdlMemory& memory) { mdl_memory = memory; }
void* allocate_mdl_memory(std::uint64_t size) { return mdl_memory.allocate(size); }
void release_mdl_memory(void* memory) { mdl_memory.release(memory); }

void initialize_mdl(MDL* mdl, std::uint64_t address, std::uint64_t length) {
    mdl->Next = nullptr;
    mdl->Size = static_cast<CSHORT>(size_of_mdl(address, length));
    mdl->MdlFlags = 0;
    mdl->AllocationProcessorNumber = 0;
    mdl->Reserved = size_of_mdl(address, length) > 0xffff ? mdl_large : 0;
    mdl->Process = nullptr;
    mdl->MappedSystemVa = nullptr;
    mdl->StartVa = reinterpret_cast<PVOID>(page_floor(address));
    mdl->ByteOffset = static_cast<ULONG>(address & (page_size - 1));
    mdl->ByteCount = static_cast<ULONG>(length);
}

MDL* allocate_mdl(std::uint64_t address, std::uint64_t length) {
    if (length > 0x1'0000'0000 - page_size) return nullptr;
    std::uint64_t size = size_of_mdl(address, length);
    MDL* mdl;
    if (size <= fixed_size) [[likely]] {
        mdl = free_mdls;
        if (mdl)
            free_mdls = mdl->Next;
        else
            mdl = static_cast<MDL*>(mdl_memory.allocate(fixed_size));
    } else {
        mdl = static_cast<MDL*>(mdl_memory.allocate(size));
    }
    if (!mdl) return nullptr;
    initialize_mdl(mdl, address, length);
    if (size <= fixed_size) mdl->MdlFlags = MDL_ALLOCATED_FIXED_SIZE;
    return mdl;
}

// A kept one has no size. assumed: freed again, it is what a block of pool is then
void free_mdl(MDL* mdl) {
    if (mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) unmap_system(mdl);
    if (mdl->MdlFlags & MDL_ALLOCATED_FIXED_SIZE) {
        if (mdl->Size == 0) [[unlikely]]
            ke::bug_check(0xC2, 7, 0, 0, reinterpret_cast<ULONG_PTR>(mdl));
        mdl->Size = 0;
        if (mdl->Reserved & mdl_charged) [[unlikely]]
            mdl_memory.return_quota(mdl);
        mdl->Reserved = 0;
        mdl->Next = free_mdls;
        free_mdls = mdl;
        return;
    }
    mdl_memory.release(mdl);
}

const MDL* kept_mdls() { return free_mdls; }

bool build_for_nonpaged_pool(MDL* mdl) {
    std::uint64_t address = mdl_address(mdl), count = mdl_page_count(mdl);
    PFN_NUMBER* pages = mdl_pages(mdl);
    for (std::uint64_t i = 0; i < count; ++i) {
        Pfn pfn;
        if (!kernel_page(page_floor(address) + (i << page_shift), pfn)) return false;
        pages[i] = pfn;
    }
    mdl->Process = nullptr;
    mdl->MappedSystemVa = reinterpret_cast<PVOID>(address);
    mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    return true;
}

NTSTATUS probe_and_lock_pages(MDL* mdl, KPROCESSOR_MODE mode, LockOperation operation) {
    std::uint64_t address = mdl_address(mdl), length = mdl->ByteCount;
    bool write = operation != LockOperation::read;
    bool user = host::places::is_user(address);
    if (user ? length > user_probe_address - address : mode == UserMode) return STATUS_ACCESS_VIOLATION;
    std::uint64_t count = mdl_page_count(mdl);
    NTSTATUS status = user ? lock_user(mdl_pages(mdl), address, count, write)
                           : lock_kernel(mdl_pages(mdl), address, count, write);
    if (!NT_SUCCESS(status)) return status;
    mdl->Process = user ? static_cast<KPROCESS*>(current_space()->owner) : nullptr;
    mdl->MdlFlags |= static_cast<CSHORT>(MDL_PAGES_LOCKED | (write ? MDL_WRITE_OPERATION : 0));
    return STATUS_SUCCESS;
}

NTSTATUS probe_and_lock_selected_pages(MDL* mdl, const std::uint64_t* segments, KPROCESSOR_MODE mode,
                                       LockOperation operation) {
    const bool write = operation != LockOperation::read;
    const std::uint64_t count = mdl_page_count(mdl);
    PFN_NUMBER* pages = mdl_pages(mdl);
    KPROCESS* process = nullptr;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t address = page_floor(segments[i]);
        const bool user = host::places::is_user(address);
        NTSTATUS status = STATUS_ACCESS_VIOLATION;
        if (user && address < user_probe_address)
            status = lock_user(pages + i, address, 1, write);
        else if (mode == KernelMode)
            status = lock_kernel(pages + i, address, 1, write);
        if (!NT_SUCCESS(status)) {
            release_page_array(pages, i);
            return status;
        }
        if (user) process = static_cast<KPROCESS*>(current_space()->owner);
    }
    mdl->Process = process;
    mdl->MdlFlags |= static_cast<CSHORT>(MDL_PAGES_LOCKED | (write ? MDL_WRITE_OPERATION : 0));
    return STATUS_SUCCESS;
}

bool unlock_pages(MDL* mdl) {
    if (!(mdl->MdlFlags & MDL_PAGES_LOCKED)) return false;
    if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) unmap_system(mdl);
    if (mdl->Reserved & mdl_lock_listed) [[unlikely]]
        forget_user_lock(mdl);
    release_page_array(mdl_pages(mdl), mdl_page_count(mdl));
    mdl->MdlFlags &= static_cast<CSHORT>(~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION));
    mdl->Process = nullptr;
    return true;
}

Result<std::uint64_t> map_locked_pages(MDL* mdl, KPROCESSOR_MODE mode, std::uint64_t requested,
                                       ULONG priority) {
    std::uint64_t count = mdl_page_count(mdl);
    const PFN_NUMBER* pages = mdl_pages(mdl);
    if (count == 0) return fail(STATUS_INVALID_PARAMETER);
    bool devices = false;
    for (std::uint64_t i = 0; i < count; ++i)
        devices |= !is_ram(pages[i]);
    if (mode == UserMode) {
        AddressSpace* space = current_space();
        if (!space) return fail(STATUS_ACCESS_VIOLATION);
        if (devices) return fail(STATUS_NOT_SUPPORTED); // registers are reached from kernel mode only
        std::uint64_t base = page_floor(requested);
        ULONG protection = priority & MdlMappingNoWrite ? PAGE_READONLY : PAGE_READWRITE;
        NTSTATUS status = space->map_pages(base, pages, count, protection, VadKind::locked_pages);
        if (!NT_SUCCESS(status)) return fail(status);
        return base + mdl->ByteOffset;
    }
    std::uint64_t base;
    // assumed: a system mapping is never executable until MmProtectMdlSystemAddress says so.
    if (contiguous(pages, count) && !devices && !(priority & MdlMappingNoWrite)) [[likely]]
        base = reinterpret_cast<std::uint64_t>(direct(pages[0]));
    else
        base = map_window(pages, count,
                          priority & MdlMappingNoWrite ? Protection::read : Protection::read_write);
    if (!base) return fail(STATUS_INSUFFICIENT_RESOURCES);
    base += mdl->ByteOffset;
    mdl->MappedSystemVa = reinterpret_cast<PVOID>(base);
    mdl->MdlFlags |= static_cast<CSHORT>(MDL_MAPPED_TO_SYSTEM_VA |
                                         (mdl->MdlFlags & MDL_PARTIAL ? MDL_PARTIAL_HAS_BEEN_MAPPED : 0));
    return base;
}

void unmap_locked_pages(std::uint64_t address, MDL* mdl) {
    if (host::places::is_user(address)) {
        if (AddressSpace* space = current_space()) space->unmap_locked_pages(address);
        return;
    }
    // A partial MDL's inherited address is its source's mapping.
    if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && !(mdl->MdlFlags & MDL_PARENT_MAPPED_SYSTEM_VA))
        unmap_system(mdl);
}

// MDL.Size has 16 bits: that of a larger one is known by what it describes.
static std::uint64_t room_of(const MDL* mdl) {
    const std::uint64_t described = size_of_mdl(mdl_address(mdl), mdl->ByteCount);
    const auto told = static_cast<USHORT>(mdl->Size);
    return mdl->Reserved & mdl_large ? ~0ull
                                     : std::max<std::uint64_t>(told, described > 0xffff ? described : 0);
}

bool build_partial_mdl(MDL* source, MDL* target, std::uint64_t address, ULONG length) {
    std::uint64_t start = mdl_address(source), end = start + source->ByteCount;
    if (address < start || address > end) return false;
    std::uint64_t bytes = length ? length : end - address;
    if (bytes > end - address) return false;
    std::uint64_t count = pages_of(address, bytes);
    if (size_of_mdl(address, bytes) > room_of(target)) return false;
    target->Process = source->Process;
    target->StartVa = reinterpret_cast<PVOID>(page_floor(address));
    target->ByteOffset = static_cast<ULONG>(address & (page_size - 1));
    target->ByteCount = static_cast<ULONG>(bytes);
    target->MdlFlags &= allocation_flags;
    target->MdlFlags |= static_cast<CSHORT>(
        MDL_PARTIAL |
        (source->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA | MDL_IO_SPACE)));
    if (source->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA)) {
        target->MappedSystemVa = static_cast<char*>(source->MappedSystemVa) + (address - start);
        target->MdlFlags |= MDL_PARENT_MAPPED_SYSTEM_VA;
    }
    std::uint64_t skip = (page_floor(address) - page_floor(start)) >> page_shift;
    std::memmove(mdl_pages(target), mdl_pages(source) + skip, count * sizeof(PFN_NUMBER));
    return true;
}

void prepare_for_reuse(MDL* mdl) {
    if (mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) unmap_system(mdl);
}

NTSTATUS protect_system_address(MDL* mdl, ULONG protection) {
    switch (protection) {
    case PAGE_NOACCESS:
    case PAGE_READONLY:
    case PAGE_READWRITE:
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_READWRITE:
        break;
    default:
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) || mdl->MdlFlags & MDL_PARENT_MAPPED_SYSTEM_VA)
        return STATUS_NOT_MAPPED_VIEW;
    std::uint64_t address = page_floor(reinterpret_cast<std::uint64_t>(mdl->MappedSystemVa));
    std::uint64_t count = mdl_page_count(mdl);
    if (!host::ram::protect(address, count << page_shift, host_protection(protection)))
        return STATUS_INSUFFICIENT_RESOURCES;
    if (in_direct_map(address)) {
        bool known = false;
        for (const ProtectedRange& r : protected_ranges)
            known |= r.address == address;
        if (!known) protected_ranges.push_back({address, count});
    } else {
        set_window_protection(address, count, host_protection(protection));
    }
    return STATUS_SUCCESS;
}

NTSTATUS advance_mdl(MDL* mdl, ULONG bytes) {
    if (bytes > mdl->ByteCount) return STATUS_INVALID_PARAMETER_2;
    std::uint64_t before = mdl_page_count(mdl),
                  passed = (mdl->ByteOffset + std::uint64_t(bytes)) >> page_shift;
    if (passed > before) passed = before;
    PFN_NUMBER* pages = mdl_pages(mdl);
    if (passed) {
        std::uint64_t mapped = page_floor(reinterpret_cast<std::uint64_t>(mdl->MappedSystemVa));
        constexpr CSHORT foreign = MDL_PARENT_MAPPED_SYSTEM_VA;
        if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && !(mdl->MdlFlags & foreign) &&
            !is_reserved_mapping(mapped)) {
            if (!in_direct_map(mapped))
                unmap_window(mapped, passed);
            else if (!protected_ranges.empty())
                restore_rights(mapped);
        }
        if (mdl->MdlFlags & MDL_PAGES_LOCKED) release_page_array(pages, passed);
        std::memmove(pages, pages + passed, (before - passed) * sizeof(PFN_NUMBER));
    }
    std::uint64_t address = mdl_address(mdl) + bytes;
    mdl->StartVa = reinterpret_cast<PVOID>(page_floor(address));
    mdl->ByteOffset = static_cast<ULONG>(address & (page_size - 1));
    mdl->ByteCount -= bytes;
    if (mdl->MappedSystemVa) mdl->MappedSystemVa = static_cast<char*>(mdl->MappedSystemVa) + bytes;
    return STATUS_SUCCESS;
}

} // namespace nt::mm
