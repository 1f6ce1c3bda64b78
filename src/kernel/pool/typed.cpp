// Driver-facing allocation: pool types and pool flags.
//   https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepoolwithtag
//   https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2
//   https://learn.microsoft.com/windows-hardware/drivers/kernel/pool_flags
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/pool/detail/state.h"

namespace nt::pool {
namespace {

constexpr KIRQL dispatch_level = 2;
constexpr ULONG must_succeed = 2, cache_aligned_bit = 4;

// Null, with the status to raise if the caller wants that, when the process may not have so much.
Outcome with_quota(void* block, bool raise) {
    if (!block) return {nullptr, raise ? STATUS_INSUFFICIENT_RESOURCES : 0};
    const NTSTATUS status = charge_quota(block);
    if (NT_SUCCESS(status)) return {block, 0};
    release(block);
    return {nullptr, raise ? status : 0};
}

bool irql_is_bad(Kind kind, KIRQL irql) {
    return irql > dispatch_level || (kind == Kind::paged && irql == dispatch_level);
}

} // namespace

Outcome allocate_typed(ULONG type, SIZE_T size, ULONG tag, KIRQL irql, std::uint64_t caller, bool quota) {
    Kind kind = type & 1 ? Kind::paged : type & POOL_NX_ALLOCATION ? Kind::nonpaged : Kind::nonpaged_execute;
    bool raise = quota ? !(type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) : type & POOL_RAISE_IF_ALLOCATION_FAILURE;
    if ((type & 7) >= 2 && (type & must_succeed)) {
        bug(BAD_POOL_CALLER, 0x9a, type, size, tag);
        return {};
    }
    if (tag == 0 || tag == pool::tag("BIG\0")) {
        bug(BAD_POOL_CALLER, tag == 0 ? 0x9b : 0x9c, type, size, caller);
        return {};
    }
    if (irql_is_bad(kind, irql)) {
        bug(BAD_POOL_CALLER, 8, irql, type, size);
        return {};
    }
    void* block = allocate(kind, size, tag, caller, type & POOL_ZERO_ALLOCATION, type & cache_aligned_bit);
    if (quota) return with_quota(block, raise);
    return {block, !block && raise ? STATUS_INSUFFICIENT_RESOURCES : 0};
}

Outcome allocate_flags(ULONGLONG flags, SIZE_T size, ULONG tag, KIRQL irql, std::uint64_t caller) {
    constexpr ULONGLONG places = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    constexpr ULONGLONG known = places | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | POOL_FLAG_SESSION |
                                POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE;
    // The upper half is optional: unknown bits there are ignored.
    ULONGLONG required = flags & 0xffff'ffff, place = flags & places;
    bool raise = flags & POOL_FLAG_RAISE_ON_FAILURE;
    if ((required & ~known) || place == 0 || (place & (place - 1)) || tag == 0 || size == 0)
        return {nullptr, raise ? STATUS_INVALID_PARAMETER : 0}; // assumed: which exception
    Kind kind = place == POOL_FLAG_PAGED       ? Kind::paged
                : place == POOL_FLAG_NON_PAGED ? Kind::nonpaged
                                               : Kind::nonpaged_execute;
    if (irql_is_bad(kind, irql)) {
        ULONG type = kind == Kind::paged      ? ULONG(PagedPool)
                     : kind == Kind::nonpaged ? ULONG(NonPagedPoolNx)
                                              : ULONG(NonPagedPool);
        bug(BAD_POOL_CALLER, 8, irql, type, size);
        return {};
    }
    void* block = allocate(kind, size, tag, caller, !(flags & POOL_FLAG_UNINITIALIZED),
                           flags & POOL_FLAG_CACHE_ALIGNED);
    if (flags & POOL_FLAG_USE_QUOTA) return with_quota(block, raise);
    return {block, !block && raise ? STATUS_INSUFFICIENT_RESOURCES : 0};
}

void release_checked(void* block, ULONG tag, KIRQL irql) {
    Kind kind;
    if (kind_of_zone(mm::zone_of(reinterpret_cast<std::uint64_t>(block)), kind) && irql_is_bad(kind, irql))
        return bug(BAD_POOL_CALLER, 9, irql, kind == Kind::paged ? 1 : 0, reinterpret_cast<ULONG_PTR>(block));
    release(block, tag);
}

} // namespace nt::pool
