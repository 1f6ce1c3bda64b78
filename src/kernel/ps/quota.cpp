#include "kernel/ps/quota.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ob/handle.h"
#include "kernel/pool/pool.h"
#include <algorithm>

namespace nt::ps {

namespace {

constexpr ULONG block_tag = pool::tag("PsQb");

// What guests see of it, and the process while there is one.
struct QuotaBlock : EPROCESS_QUOTA_BLOCK {
    EPROCESS* process;
};
QuotaBlock* block_of(EPROCESS_QUOTA_BLOCK* block) { return static_cast<QuotaBlock*>(block); }

void show_usage(const QuotaBlock* block, QuotaPool pool) {
    if (!block->process) return;
    block->process->ProcessQuotaUsage[pool] = block->QuotaEntry[pool].Usage;
    block->process->ProcessQuotaPeak[pool] = block->QuotaEntry[pool].Peak;
}

void drop_reference(QuotaBlock* block) {
    if (--block->ReferenceCount) return;
    list::remove(block->QuotaList);
    pool::release(block, block_tag);
}

constexpr SIZE_T machine_pool = SIZE_T{0x200000} << 12; // all of its memory, as SystemBasicInformation has it

LIST_ENTRY all_blocks; // QuotaList

NTSTATUS charge_block(bool paged, SIZE_T bytes, void** charged) {
    const EPROCESS* process = ob::current_program();
    EPROCESS_QUOTA_BLOCK* block = process ? process->QuotaBlock : nullptr;
    *charged = block;
    if (!block) return STATUS_SUCCESS;
    const NTSTATUS status = charge_quota(block, paged ? paged_quota : nonpaged_quota, bytes);
    if (NT_SUCCESS(status)) ++block->ReferenceCount;
    return status;
}
void give_back_block(void* charged, bool paged, SIZE_T bytes) {
    auto* block = static_cast<QuotaBlock*>(charged);
    return_quota(block, paged ? paged_quota : nonpaged_quota, bytes);
    drop_reference(block);
}

} // namespace

NTSTATUS create_quota_block(EPROCESS& process, const EPROCESS* creator) {
    auto* block = static_cast<QuotaBlock*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(QuotaBlock), block_tag, 0, true));
    if (!block) return STATUS_INSUFFICIENT_RESOURCES;
    for (const QuotaPool pool : {nonpaged_quota, paged_quota})
        block->QuotaEntry[pool].Limit =
            creator && creator->QuotaBlock ? creator->QuotaBlock->QuotaEntry[pool].Limit : no_quota_limit;
    block->ReferenceCount = block->ProcessCount = 1;
    block->process = &process;
    list::insert_tail(all_blocks, block->QuotaList);
    process.QuotaBlock = block;
    return STATUS_SUCCESS;
}

void leave_quota_block(EPROCESS& process) {
    QuotaBlock* block = block_of(process.QuotaBlock);
    if (!block) return;
    process.QuotaBlock = nullptr;
    block->process = nullptr;
    block->ProcessCount = 0;
    drop_reference(block);
}

NTSTATUS charge_quota(EPROCESS_QUOTA_BLOCK* block, QuotaPool pool, SIZE_T bytes) {
    EPROCESS_QUOTA_ENTRY& entry = block->QuotaEntry[pool];
    // No limit is above what the machine has for everybody.
    if (bytes > machine_pool || entry.Usage > machine_pool - bytes) return STATUS_QUOTA_EXCEEDED;
    if (bytes > entry.Limit || entry.Usage > entry.Limit - bytes) return STATUS_QUOTA_EXCEEDED;
    entry.Usage += bytes;
    entry.Peak = std::max(entry.Peak, entry.Usage);
    show_usage(block_of(block), pool);
    return STATUS_SUCCESS;
}

bool return_quota(EPROCESS_QUOTA_BLOCK* block, QuotaPool pool, SIZE_T bytes) {
    EPROCESS_QUOTA_ENTRY& entry = block->QuotaEntry[pool];
    if (bytes > entry.Usage) return false;
    entry.Usage -= bytes;
    show_usage(block_of(block), pool);
    return true;
}

QUOTA_LIMITS_EX quota_limits_of(const Process& process) {
    QUOTA_LIMITS_EX limits{};
    const EPROCESS_QUOTA_BLOCK* block = process.QuotaBlock;
    limits.PagedPoolLimit = block ? block->QuotaEntry[paged_quota].Limit : no_quota_limit;
    limits.NonPagedPoolLimit = block ? block->QuotaEntry[nonpaged_quota].Limit : no_quota_limit;
    limits.MinimumWorkingSetSize = process.working_set_minimum;
    limits.MaximumWorkingSetSize = process.working_set_maximum;
    limits.PagefileLimit = no_quota_limit;
    limits.TimeLimit.QuadPart = -1; // none
    limits.Flags = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
    return limits;
}

NTSTATUS set_quota_limits(Process& process, const QUOTA_LIMITS& limits, bool privileged) {
    const SIZE_T minimum = limits.MinimumWorkingSetSize, maximum = limits.MaximumWorkingSetSize;
    constexpr SIZE_T empty_it = ~SIZE_T{0}; // both: nothing is paged out, so there is nothing to do
    if (!minimum != !maximum || minimum > maximum) return STATUS_INVALID_PARAMETER;
    EPROCESS_QUOTA_BLOCK* block = process.QuotaBlock;
    const SIZE_T wanted[] = {limits.NonPagedPoolLimit, limits.PagedPoolLimit};
    for (const QuotaPool pool : {nonpaged_quota, paged_quota})
        if (block && wanted[pool] && wanted[pool] != block->QuotaEntry[pool].Limit && !privileged)
            return STATUS_PRIVILEGE_NOT_HELD;
    for (const QuotaPool pool : {nonpaged_quota, paged_quota})
        if (block && wanted[pool]) block->QuotaEntry[pool].Limit = wanted[pool];
    if (minimum && maximum != empty_it) {
        process.working_set_minimum = minimum;
        process.working_set_maximum = maximum;
    }
    return STATUS_SUCCESS;
}

void initialize_quotas() {
    list::initialize(all_blocks);
    pool::set_quota_hooks({charge_block, give_back_block});
}

NTSTATUS charge_object(ULONG paged, ULONG nonpaged, PVOID* charged) {
    const EPROCESS* process = ob::current_program();
    EPROCESS_QUOTA_BLOCK* block = process ? process->QuotaBlock : nullptr;
    if (!block) return STATUS_SUCCESS;
    if (const NTSTATUS status = charge_quota(block, paged_quota, paged); !NT_SUCCESS(status)) return status;
    if (const NTSTATUS status = charge_quota(block, nonpaged_quota, nonpaged); !NT_SUCCESS(status)) {
        return_quota(block, paged_quota, paged);
        return status;
    }
    ++block->ReferenceCount;
    *charged = block;
    return STATUS_SUCCESS;
}

void give_back_object(PVOID charged, ULONG paged, ULONG nonpaged) {
    auto* block = static_cast<QuotaBlock*>(charged);
    return_quota(block, paged_quota, paged);
    return_quota(block, nonpaged_quota, nonpaged);
    drop_reference(block);
}

} // namespace nt::ps
