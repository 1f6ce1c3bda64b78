// Pool quota that drivers charge themselves: ntifs pages nf-ntifs-pschargepoolquota,
// nf-ntifs-psreturnpoolquota. assumed: the functions for one pool, which have no pages, are the same with a
// status instead of an exception, and returning too much through them is bug check QUOTA_UNDERFLOW.
#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ps/quota.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

namespace {

ps::QuotaPool quota_of(ULONG pool_type) { return pool_type & 1 ? ps::paged_quota : ps::nonpaged_quota; }

NTSTATUS charge(EPROCESS* process, ps::QuotaPool pool, SIZE_T bytes) {
    EPROCESS_QUOTA_BLOCK* block = exports::need_in(process).QuotaBlock;
    return block ? ps::charge_quota(block, pool, bytes) : STATUS_SUCCESS; // System is not charged
}
bool give_back(EPROCESS* process, ps::QuotaPool pool, SIZE_T bytes) {
    EPROCESS_QUOTA_BLOCK* block = exports::need_in(process).QuotaBlock;
    return !block || ps::return_quota(block, pool, bytes);
}
void give_back_or_stop(EPROCESS* process, ps::QuotaPool pool, SIZE_T bytes) {
    if (give_back(process, pool, bytes)) return;
    const SIZE_T charged = process->QuotaBlock->QuotaEntry[pool].Usage;
    ke::bug_check(QUOTA_UNDERFLOW, reinterpret_cast<ULONG_PTR>(process), pool, bytes, bytes - charged);
}

} // namespace

extern "C" void PsChargePoolQuota(EPROCESS* process, ULONG pool_type, ULONG_PTR amount) {
    if (const NTSTATUS status = charge(process, quota_of(pool_type), amount); !NT_SUCCESS(status))
        seh::raise_status(status);
}
GATE(PsChargePoolQuota);
extern "C" void PsReturnPoolQuota(EPROCESS* process, ULONG pool_type, ULONG_PTR amount) {
    if (!give_back(process, quota_of(pool_type), amount)) seh::raise_status(STATUS_QUOTA_EXCEEDED);
}
GATE(PsReturnPoolQuota);
extern "C" NTSTATUS PsChargeProcessPoolQuota(EPROCESS* process, ULONG pool_type, ULONG_PTR amount) {
    return charge(process, quota_of(pool_type), amount);
}
GATE(PsChargeProcessPoolQuota);
extern "C" NTSTATUS PsChargeProcessNonPagedPoolQuota(EPROCESS* process, SIZE_T amount) {
    return charge(process, ps::nonpaged_quota, amount);
}
GATE(PsChargeProcessNonPagedPoolQuota);
extern "C" NTSTATUS PsChargeProcessPagedPoolQuota(EPROCESS* process, SIZE_T amount) {
    return charge(process, ps::paged_quota, amount);
}
GATE(PsChargeProcessPagedPoolQuota);
extern "C" void PsReturnProcessNonPagedPoolQuota(EPROCESS* process, SIZE_T amount) {
    give_back_or_stop(process, ps::nonpaged_quota, amount);
}
GATE(PsReturnProcessNonPagedPoolQuota);
extern "C" void PsReturnProcessPagedPoolQuota(EPROCESS* process, SIZE_T amount) {
    give_back_or_stop(process, ps::paged_quota, amount);
}
GATE(PsReturnProcessPagedPoolQuota);
