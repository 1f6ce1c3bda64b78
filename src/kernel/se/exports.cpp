// The structure behind SeExports: ntifs page ns-ntifs-_se_exports.
#include "kernel/pool/pool.h"
#include "kernel/se/accounts.h"
#include "rtl/security.h"
#include <cstring>

namespace nt::se {

namespace {

PSID in_pool(const SidValue& sid) {
    const ULONG length = rtl::length_sid(sid.sid());
    PVOID copy = pool::allocate(pool::Kind::paged, length, pool::tag("SeSi"));
    if (copy) std::memcpy(copy, sid.sid(), length);
    return copy;
}

} // namespace

const SE_EXPORTS* make_exports() {
    auto* e = static_cast<SE_EXPORTS*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(SE_EXPORTS), pool::tag("SeEx"), 0, true));
    if (!e) return nullptr;
    struct Privilege {
        LUID SE_EXPORTS::* field;
        ULONG luid;
    };
    using E = SE_EXPORTS;
    constexpr Privilege privileges[] = {{&E::SeCreateTokenPrivilege, 2},
                                        {&E::SeAssignPrimaryTokenPrivilege, 3},
                                        {&E::SeLockMemoryPrivilege, 4},
                                        {&E::SeIncreaseQuotaPrivilege, 5},
                                        {&E::SeUnsolicitedInputPrivilege, 6},
                                        {&E::SeTcbPrivilege, 7},
                                        {&E::SeSecurityPrivilege, 8},
                                        {&E::SeTakeOwnershipPrivilege, 9},
                                        {&E::SeLoadDriverPrivilege, 10},
                                        {&E::SeCreatePagefilePrivilege, 15},
                                        {&E::SeIncreaseBasePriorityPrivilege, 14},
                                        {&E::SeSystemProfilePrivilege, 11},
                                        {&E::SeSystemtimePrivilege, 12},
                                        {&E::SeProfileSingleProcessPrivilege, 13},
                                        {&E::SeCreatePermanentPrivilege, 16},
                                        {&E::SeBackupPrivilege, 17},
                                        {&E::SeRestorePrivilege, 18},
                                        {&E::SeShutdownPrivilege, 19},
                                        {&E::SeDebugPrivilege, 20},
                                        {&E::SeAuditPrivilege, 21},
                                        {&E::SeSystemEnvironmentPrivilege, 22},
                                        {&E::SeChangeNotifyPrivilege, 23},
                                        {&E::SeRemoteShutdownPrivilege, 24},
                                        {&E::SeUndockPrivilege, 25},
                                        {&E::SeSyncAgentPrivilege, 26},
                                        {&E::SeEnableDelegationPrivilege, 27},
                                        {&E::SeManageVolumePrivilege, 28},
                                        {&E::SeImpersonatePrivilege, 29},
                                        {&E::SeCreateGlobalPrivilege, 30},
                                        {&E::SeTrustedCredManAccessPrivilege, 31},
                                        {&E::SeRelabelPrivilege, 32},
                                        {&E::SeIncreaseWorkingSetPrivilege, 33},
                                        {&E::SeTimeZonePrivilege, 34},
                                        {&E::SeCreateSymbolicLinkPrivilege, 35},
                                        {&E::SeDelegateSessionUserImpersonatePrivilege, 36}};
    for (const Privilege& p : privileges)
        e->*p.field = {p.luid, 0};
    struct Known {
        PSID SE_EXPORTS::* field;
        SidValue sid;
    };
    SidValue nt_authority = make_sid(5);
    const Known known[] = {{&E::SeNullSid, sids::null},
                           {&E::SeWorldSid, sids::world},
                           {&E::SeLocalSid, sids::local},
                           {&E::SeCreatorOwnerSid, sids::creator_owner},
                           {&E::SeCreatorGroupSid, sids::creator_group},
                           {&E::SeNtAuthoritySid, nt_authority},
                           {&E::SeDialupSid, make_sid(5, 1)},
                           {&E::SeNetworkSid, make_sid(5, 2)},
                           {&E::SeBatchSid, make_sid(5, 3)},
                           {&E::SeInteractiveSid, sids::interactive},
                           {&E::SeLocalSystemSid, sids::local_system},
                           {&E::SeAliasAdminsSid, sids::administrators},
                           {&E::SeAliasUsersSid, sids::users},
                           {&E::SeAliasGuestsSid, sids::guests},
                           {&E::SeAliasPowerUsersSid, make_sid(5, 32, 547)},
                           {&E::SeAliasAccountOpsSid, make_sid(5, 32, 548)},
                           {&E::SeAliasSystemOpsSid, make_sid(5, 32, 549)},
                           {&E::SeAliasPrintOpsSid, make_sid(5, 32, 550)},
                           {&E::SeAliasBackupOpsSid, make_sid(5, 32, 551)},
                           {&E::SeAuthenticatedUsersSid, sids::authenticated_users},
                           {&E::SeRestrictedSid, sids::restricted_code},
                           {&E::SeAnonymousLogonSid, sids::anonymous},
                           {&E::SeLocalServiceSid, make_sid(5, 19)},
                           {&E::SeNetworkServiceSid, make_sid(5, 20)},
                           {&E::SeIUserSid, make_sid(5, 17)},
                           {&E::SeUntrustedMandatorySid, integrity(0)},
                           {&E::SeLowMandatorySid, integrity(SECURITY_MANDATORY_LOW_RID)},
                           {&E::SeMediumMandatorySid, integrity(SECURITY_MANDATORY_MEDIUM_RID)},
                           {&E::SeHighMandatorySid, integrity(SECURITY_MANDATORY_HIGH_RID)},
                           {&E::SeSystemMandatorySid, integrity(SECURITY_MANDATORY_SYSTEM_RID)},
                           {&E::SeOwnerRightsSid, sids::owner_rights},
                           {&E::SeAllAppPackagesSid, make_sid(15, 2, 1)},
                           {&E::SeUserModeDriversSid, make_sid(5, 84, 0, 0, 0, 0, 0)},
                           {&E::SeProcTrustWinTcbSid, make_sid(19, 512, 8192)},
                           {&E::SeTrustedInstallerSid,
                            make_sid(5, 80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464)},
                           {&E::SeAppSiloSid, make_sid(15, 2, 3)},                               // assumed
                           {&E::SeAppSiloVolumeRootMinimalCapabilitySid, make_sid(15, 3, 1)},    // assumed
                           {&E::SeAppSiloProfilesRootMinimalCapabilitySid, make_sid(15, 3, 2)}}; // assumed
    for (const Known& k : known)
        e->*k.field = in_pool(k.sid);
    return e;
}

} // namespace nt::se
