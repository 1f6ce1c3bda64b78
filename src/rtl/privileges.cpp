#include "rtl/privileges.h"

namespace nt::rtl {

namespace {

constexpr const char* names[] = {"SeCreateTokenPrivilege",
                                 "SeAssignPrimaryTokenPrivilege",
                                 "SeLockMemoryPrivilege",
                                 "SeIncreaseQuotaPrivilege",
                                 "SeMachineAccountPrivilege",
                                 "SeTcbPrivilege",
                                 "SeSecurityPrivilege",
                                 "SeTakeOwnershipPrivilege",
                                 "SeLoadDriverPrivilege",
                                 "SeSystemProfilePrivilege",
                                 "SeSystemtimePrivilege",
                                 "SeProfileSingleProcessPrivilege",
                                 "SeIncreaseBasePriorityPrivilege",
                                 "SeCreatePagefilePrivilege",
                                 "SeCreatePermanentPrivilege",
                                 "SeBackupPrivilege",
                                 "SeRestorePrivilege",
                                 "SeShutdownPrivilege",
                                 "SeDebugPrivilege",
                                 "SeAuditPrivilege",
                                 "SeSystemEnvironmentPrivilege",
                                 "SeChangeNotifyPrivilege",
                                 "SeRemoteShutdownPrivilege",
                                 "SeUndockPrivilege",
                                 "SeSyncAgentPrivilege",
                                 "SeEnableDelegationPrivilege",
                                 "SeManageVolumePrivilege",
                                 "SeImpersonatePrivilege",
                                 "SeCreateGlobalPrivilege",
                                 "SeTrustedCredManAccessPrivilege",
                                 "SeRelabelPrivilege",
                                 "SeIncreaseWorkingSetPrivilege",
                                 "SeTimeZonePrivilege",
                                 "SeCreateSymbolicLinkPrivilege",
                                 "SeDelegateSessionUserImpersonatePrivilege"};
static_assert(lowest_privilege + sizeof names / sizeof *names - 1 == highest_privilege);

} // namespace

const char* privilege_name(ULONG luid) {
    return luid >= lowest_privilege && luid <= highest_privilege ? names[luid - lowest_privilege] : nullptr;
}

} // namespace nt::rtl
