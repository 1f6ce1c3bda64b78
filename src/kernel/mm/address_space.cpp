// Reservations of an address space: the rules of VirtualAlloc and its kin.
//   https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntallocatevirtualmemory
//   https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc (-free, -protect,
//   -query)
#include "kernel/mm/address_space.h"
#include "abi/status.h"
#include <algorithm>

namespace nt::mm {
namespace {

using host::places::user_high;
using host::places::user_low;

// 64 KiB below the end are never given out, as on Windows.
constexpr std::uint64_t user_end = user_high - granularity;
constexpr std::uint64_t shared_low = host::places::user_shared_data;
constexpr std::uint64_t shared_high = shared_low + granularity;

constexpr std::uint64_t granularity_floor(std::uint64_t x) { return x & ~(granularity - 1); }
constexpr std::uint64_t granularity_ceil(std::uint64_t x) {
    return (x + granularity - 1) & ~(granularity - 1);
}

bool in_user_half(std::uint64_t base, std::uint64_t size) {
    return base >= user_low && base < user_end && size <= user_end - base;
}

bool protection_suits(const Vad& vad, ULONG protection) {
    ULONG copy = PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY;
    return !(protection & copy) || vad.kind == VadKind::image;
}

} // namespace

const Vad* AddressSpace::find_vad(std::uint64_t address) const {
    auto it = std::upper_bound(vads_.begin(), vads_.end(), address,
                               [](std::uint64_t a, const Vad& v) { return a < v.end(); });
    return it != vads_.end() && it->address <= address ? &*it : nullptr;
}

Vad* AddressSpace::vad_at(std::uint64_t address) { return const_cast<Vad*>(find_vad(address)); }

bool AddressSpace::is_free(std::uint64_t base, std::uint64_t size) const {
    if (!in_user_half(base, size)) return false;
    if (base < shared_high && base + size > shared_low) return false;
    auto it = std::upper_bound(vads_.begin(), vads_.end(), base,
                               [](std::uint64_t a, const Vad& v) { return a < v.end(); });
    return it == vads_.end() || it->address >= base + size;
}

std::uint64_t AddressSpace::find_free(std::uint64_t size, std::uint64_t from) const {
    std::uint64_t at = from;
    auto it = std::upper_bound(vads_.begin(), vads_.end(), from,
                               [](std::uint64_t a, const Vad& v) { return a < v.end(); });
    for (; it != vads_.end(); ++it) {
        if (it->address >= at && it->address - at >= size) break;
        at = granularity_ceil(it->end());
    }
    return in_user_half(at, size) ? at : 0;
}

void AddressSpace::insert_vad(const Vad& vad) {
    auto it = std::upper_bound(vads_.begin(), vads_.end(), vad.address,
                               [](std::uint64_t a, const Vad& v) { return a < v.address; });
    vads_.insert(it, vad);
}

NTSTATUS AddressSpace::allocate(std::uint64_t& base, std::uint64_t& size, ULONG type, ULONG protection,
                                ULONG_PTR zero_bits) {
    constexpr ULONG known = MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO | MEM_TOP_DOWN |
                            MEM_WRITE_WATCH | MEM_PHYSICAL | MEM_LARGE_PAGES;
    if ((type & ~known) || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO)))
        return STATUS_INVALID_PARAMETER_5;
    if ((type & (MEM_RESET | MEM_RESET_UNDO)) && (type & ~(MEM_RESET | MEM_RESET_UNDO)))
        return STATUS_INVALID_PARAMETER_5;
    // Windows without a paging file takes neither kind away from what exists; nothing here pretends to have
    // it.
    if (type & (MEM_WRITE_WATCH | MEM_PHYSICAL | MEM_LARGE_PAGES)) return STATUS_NOT_SUPPORTED;
    if (!is_valid_protection(protection)) return STATUS_INVALID_PAGE_PROTECTION;
    if (protection & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)) return STATUS_INVALID_PAGE_PROTECTION;
    if (zero_bits > 53) return STATUS_INVALID_PARAMETER_3;
    if (base > user_end) return STATUS_INVALID_PARAMETER_2;
    if (size == 0 || size > user_end || base + size > user_end) return STATUS_INVALID_PARAMETER_4;

    if (base == 0 || (type & MEM_RESERVE)) {
        if (type & (MEM_RESET | MEM_RESET_UNDO)) return STATUS_CONFLICTING_ADDRESSES;
        std::uint64_t start, length;
        if (base == 0) {
            length = page_ceil(size);
            start = find_free(length, host::places::user_heap);
            if (!start) return STATUS_NO_MEMORY;
        } else {
            start = granularity_floor(base);
            length = page_ceil(base + size) - start;
            if (!is_free(start, length) || reserve_failed_on_host(start, length))
                return STATUS_CONFLICTING_ADDRESSES;
        }
        insert_vad({start, length, protection, VadKind::private_memory, false});
        if (type & MEM_COMMIT || !(type & MEM_RESERVE)) {
            if (NTSTATUS status = commit(start, length, protection); !NT_SUCCESS(status)) {
                vads_.erase(vads_.begin() + (vad_at(start) - vads_.data()));
                return status;
            }
        }
        base = start;
        size = length;
        return STATUS_SUCCESS;
    }

    std::uint64_t start = page_floor(base), end = page_ceil(base + size);
    const Vad* vad = find_vad(start);
    if (!vad || vad->end() < end) return STATUS_CONFLICTING_ADDRESSES;
    if (type & (MEM_RESET | MEM_RESET_UNDO)) {
        // Pages may keep their contents: nothing is paged here. All of them must be committed.
        for (std::uint64_t a = start; a < end;) {
            const Extent* e = find(a);
            if (!e) return STATUS_CONFLICTING_ADDRESSES;
            a = e->end();
        }
    } else {
        if (vad->kind != VadKind::private_memory) return STATUS_ALREADY_COMMITTED;
        if (NTSTATUS status = commit(start, end - start, protection); !NT_SUCCESS(status)) return status;
        // assumed: pages that were committed before take the new protection.
        if (NTSTATUS status = set_protection(start, end - start, protection); !NT_SUCCESS(status))
            return status;
    }
    base = start;
    size = end - start;
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::free(std::uint64_t& base, std::uint64_t& size, ULONG type) {
    if (type != MEM_RELEASE && type != MEM_DECOMMIT) return STATUS_INVALID_PARAMETER_4;
    if (base > user_end) return STATUS_INVALID_PARAMETER_2;
    if (size > user_end - base) return STATUS_INVALID_PARAMETER_3;
    std::uint64_t start = page_floor(base), end = page_ceil(base + size);
    Vad* vad = vad_at(start);
    if (!vad) return STATUS_MEMORY_NOT_ALLOCATED;
    if (vad->kind != VadKind::private_memory) return STATUS_UNABLE_TO_DELETE_SECTION;
    if (size == 0) {
        if (start != vad->address) return STATUS_FREE_VM_NOT_AT_BASE;
        end = vad->end();
    } else if (end > vad->end()) {
        return STATUS_UNABLE_TO_FREE_VM;
    }
    decommit(start, end - start);
    if (type == MEM_RELEASE) {
        // assumed: the native service releases a part of a reservation too (the Win32 function asks for all
        // of it).
        Vad lower = *vad, upper = *vad;
        vads_.erase(vads_.begin() + (vad - vads_.data()));
        lower.size = start - lower.address;
        upper.size = upper.end() - end;
        upper.address = end;
        if (upper.size) insert_vad(upper);
        if (lower.size) insert_vad(lower);
    }
    base = start;
    size = end - start;
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::protect(std::uint64_t& base, std::uint64_t& size, ULONG protection, ULONG& old) {
    if (!is_valid_protection(protection)) return STATUS_INVALID_PAGE_PROTECTION;
    if (base > user_end) return STATUS_INVALID_PARAMETER_2;
    if (size == 0 || size > user_end - base) return STATUS_INVALID_PARAMETER_3;
    std::uint64_t start = page_floor(base), end = page_ceil(base + size);
    const Vad* vad = find_vad(start);
    if (!vad || vad->end() < end) return STATUS_CONFLICTING_ADDRESSES;
    if (vad->kind == VadKind::locked_pages || !protection_suits(*vad, protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    for (std::uint64_t a = start; a < end;) {
        const Extent* e = find(a);
        if (!e) return STATUS_NOT_COMMITTED;
        a = e->end();
    }
    old = find(start)->protection;
    if (NTSTATUS status = set_protection(start, end - start, protection); !NT_SUCCESS(status)) return status;
    base = start;
    size = end - start;
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::query(std::uint64_t address, MEMORY_BASIC_INFORMATION& info) const {
    if (address >= user_high) return STATUS_INVALID_PARAMETER;
    info = MEMORY_BASIC_INFORMATION{};
    std::uint64_t start = page_floor(address), end;
    info.BaseAddress = reinterpret_cast<PVOID>(start);
    if (start == shared_low) {
        info.AllocationBase = info.BaseAddress;
        info.AllocationProtect = info.Protect = PAGE_READONLY;
        info.RegionSize = page_size;
        info.State = MEM_COMMIT;
        info.Type = MEM_PRIVATE;
        return STATUS_SUCCESS;
    }
    const Vad* vad = find_vad(start);
    if (!vad) {
        auto next = std::upper_bound(vads_.begin(), vads_.end(), start,
                                     [](std::uint64_t a, const Vad& v) { return a < v.address; });
        end = next == vads_.end() ? user_high : next->address;
        if (start < shared_low && end > shared_low) end = shared_low;
        info.RegionSize = end - start;
        info.State = MEM_FREE;
        info.Protect = PAGE_NOACCESS;
        return STATUS_SUCCESS;
    }
    info.AllocationBase = reinterpret_cast<PVOID>(vad->address);
    info.AllocationProtect = vad->protection;
    info.Type = vad->kind == VadKind::image    ? MEM_IMAGE
                : vad->kind == VadKind::mapped ? MEM_MAPPED
                                               : MEM_PRIVATE;
    std::size_t i = first_at_or_after(start);
    if (i < extents_.size() && extents_[i].address <= start) {
        info.State = MEM_COMMIT;
        info.Protect = extents_[i].protection;
        end = extents_[i].end();
        while (++i < extents_.size() && extents_[i].address == end && end < vad->end() &&
               extents_[i].protection == info.Protect)
            end = extents_[i].end();
    } else {
        info.State = MEM_RESERVE;
        end = i < extents_.size() ? std::min(vad->end(), extents_[i].address) : vad->end();
    }
    info.RegionSize = std::min(end, vad->end()) - start;
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::map_image(std::uint64_t& base, std::uint64_t size) {
    size = page_ceil(size);
    if (size == 0 || size > user_end) return STATUS_INVALID_PARAMETER;
    if (base == 0) {
        base = find_free(size, host::places::user_images);
        if (!base) return STATUS_NO_MEMORY;
    } else if ((base & (granularity - 1)) || !is_free(base, size) || reserve_failed_on_host(base, size)) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    insert_vad({base, size, PAGE_EXECUTE_WRITECOPY, VadKind::image, false});
    NTSTATUS status = commit(base, size, PAGE_READWRITE);
    if (!NT_SUCCESS(status)) vads_.erase(vads_.begin() + (vad_at(base) - vads_.data()));
    return status;
}

NTSTATUS AddressSpace::map_pages(std::uint64_t& base, const Pfn* pages, std::uint64_t count, ULONG protection,
                                 VadKind kind) {
    std::uint64_t size = count << page_shift;
    if (count == 0 || !is_valid_protection(protection)) return STATUS_INVALID_PARAMETER;
    if (base == 0) {
        base = find_free(size, host::places::user_heap);
        if (!base) return STATUS_NO_MEMORY;
    } else if ((base & (page_size - 1)) || !is_free(base, size) || reserve_failed_on_host(base, size)) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    insert_vad({base, size, protection, kind, false});
    for (std::uint64_t done = 0; done < count;) {
        std::uint64_t n = 1;
        while (done + n < count && pages[done + n] == pages[done] + n)
            ++n;
        Extent e{base + (done << page_shift), static_cast<std::uint32_t>(n),
                 static_cast<std::uint32_t>(pages[done]), protection};
        const bool held = reference(e, kind);
        if (!held || !show(e)) {
            if (held) release(e);
            decommit(base, done << page_shift);
            vads_.erase(vads_.begin() + (vad_at(base) - vads_.data()));
            return STATUS_NO_MEMORY;
        }
        insert_extent(e);
        done += n;
    }
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::unmap_view(std::uint64_t address) {
    Vad* vad = vad_at(address);
    if (!vad || vad->kind == VadKind::private_memory || vad->kind == VadKind::locked_pages)
        return STATUS_NOT_MAPPED_VIEW;
    decommit(vad->address, vad->size);
    vads_.erase(vads_.begin() + (vad - vads_.data()));
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::unmap_locked_pages(std::uint64_t address) {
    Vad* vad = vad_at(address);
    if (!vad || vad->kind != VadKind::locked_pages) return STATUS_NOT_MAPPED_VIEW;
    decommit(vad->address, vad->size);
    vads_.erase(vads_.begin() + (vad - vads_.data()));
    return STATUS_SUCCESS;
}

} // namespace nt::mm
