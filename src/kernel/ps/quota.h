// Pool that processes are charged for. A process has a quota block (EPROCESS.QuotaBlock) with usage, peak and
// limit of nonpaged and paged pool; what drivers allocate with quota and the objects that its threads make
// count there until they are freed, by whomever. The block stays as long as the process or something that is
// charged to it (ReferenceCount), also when a driver returns quota that it has not charged.
// EPROCESS.ProcessQuotaUsage and -Peak say the same. assumed: a process has a block of its own from the start
// and inherits its creator's limits; Windows shares blocks.
//
// The System process has no block: it is not charged.
#pragma once
#include "abi/thread.h"
#include "kernel/ps/process_body.h"

namespace nt::ps {

enum QuotaPool : ULONG { nonpaged_quota, paged_quota };
inline constexpr ULONG_PTR no_quota_limit = ~ULONG_PTR{0};

// Of a new process; `creator` may be null. STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS create_quota_block(EPROCESS& process, const EPROCESS* creator);
// The process is gone.
void leave_quota_block(EPROCESS& process);

// STATUS_QUOTA_EXCEEDED: nothing is charged.
NTSTATUS charge_quota(EPROCESS_QUOTA_BLOCK* block, QuotaPool pool, SIZE_T bytes);
// False: more than is charged; then nothing is returned.
bool return_quota(EPROCESS_QUOTA_BLOCK* block, QuotaPool pool, SIZE_T bytes);

// Class ProcessQuotaLimits. STATUS_INVALID_PARAMETER: a minimum above the maximum, or one of the two alone.
// STATUS_PRIVILEGE_NOT_HELD: limits of pool need SeIncreaseQuotaPrivilege; 0 leaves one as it is (assumed).
QUOTA_LIMITS_EX quota_limits_of(const Process& process);
NTSTATUS set_quota_limits(Process& process, const QUOTA_LIMITS& limits, bool privileged);

// Plugs pool and ob in.
void initialize_quotas();
NTSTATUS charge_object(ULONG paged, ULONG nonpaged, PVOID* charged);
void give_back_object(PVOID charged, ULONG paged, ULONG nonpaged);

} // namespace nt::ps
