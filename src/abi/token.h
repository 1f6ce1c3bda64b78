// Access tokens: the body as `dt nt!_TOKEN` shows it (build 19041), and what their information classes give.
#pragma once
#include "abi/se.h"

namespace nt {

enum TOKEN_TYPE : ULONG { TokenPrimary = 1, TokenImpersonation = 2 };

struct SEP_TOKEN_PRIVILEGES { // bit n: the privilege with LUID n
    ULONGLONG Present;
    ULONGLONG Enabled;
    ULONGLONG EnabledByDefault;
};

struct TOKEN {
    TOKEN_SOURCE TokenSource;
    LUID TokenId;
    LUID AuthenticationId;
    LUID ParentTokenId;
    LARGE_INTEGER ExpirationTime;
    PVOID TokenLock;
    LUID ModifiedId;
    SEP_TOKEN_PRIVILEGES Privileges;
    UCHAR AuditPolicy[0x1f];
    ULONG SessionId;
    ULONG UserAndGroupCount;
    ULONG RestrictedSidCount;
    ULONG VariableLength;
    ULONG DynamicCharged;
    ULONG DynamicAvailable;
    ULONG DefaultOwnerIndex;
    SID_AND_ATTRIBUTES* UserAndGroups; // the user first
    SID_AND_ATTRIBUTES* RestrictedSids;
    PSID PrimaryGroup;
    ULONG* DynamicPart;
    ACL* DefaultDacl;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG TokenFlags;
    BOOLEAN TokenInUse;
    ULONG IntegrityLevelIndex; // of UserAndGroups
    ULONG MandatoryPolicy;
    PVOID LogonSession;
    LUID OriginatingLogonSession;
};
using PTOKEN = TOKEN*;

// TOKEN.TokenFlags
inline constexpr ULONG TOKEN_HAS_TRAVERSE_PRIVILEGE = 0x1;
inline constexpr ULONG TOKEN_HAS_BACKUP_PRIVILEGE = 0x2;
inline constexpr ULONG TOKEN_HAS_RESTORE_PRIVILEGE = 0x4;
inline constexpr ULONG TOKEN_WRITE_RESTRICTED = 0x8;
inline constexpr ULONG TOKEN_IS_RESTRICTED = 0x10;
inline constexpr ULONG TOKEN_SANDBOX_INERT = 0x40;

inline constexpr ACCESS_MASK TOKEN_ASSIGN_PRIMARY = 0x1;
inline constexpr ACCESS_MASK TOKEN_DUPLICATE = 0x2;
inline constexpr ACCESS_MASK TOKEN_IMPERSONATE = 0x4;
inline constexpr ACCESS_MASK TOKEN_QUERY = 0x8;
inline constexpr ACCESS_MASK TOKEN_QUERY_SOURCE = 0x10;
inline constexpr ACCESS_MASK TOKEN_ADJUST_PRIVILEGES = 0x20;
inline constexpr ACCESS_MASK TOKEN_ADJUST_GROUPS = 0x40;
inline constexpr ACCESS_MASK TOKEN_ADJUST_DEFAULT = 0x80;
inline constexpr ACCESS_MASK TOKEN_ADJUST_SESSIONID = 0x100;
inline constexpr ACCESS_MASK TOKEN_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | 0x1ff;
inline constexpr ACCESS_MASK TOKEN_READ = STANDARD_RIGHTS_READ | TOKEN_QUERY;
inline constexpr ACCESS_MASK TOKEN_WRITE =
    STANDARD_RIGHTS_WRITE | TOKEN_ADJUST_PRIVILEGES | TOKEN_ADJUST_GROUPS | TOKEN_ADJUST_DEFAULT;
inline constexpr ACCESS_MASK TOKEN_EXECUTE = STANDARD_RIGHTS_EXECUTE;

inline constexpr ULONG TOKEN_MANDATORY_POLICY_NO_WRITE_UP = 0x1;
inline constexpr ULONG TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN = 0x2;
inline constexpr ULONG SYSTEM_MANDATORY_LABEL_NO_WRITE_UP = 0x1;
inline constexpr ULONG SYSTEM_MANDATORY_LABEL_NO_READ_UP = 0x2;
inline constexpr ULONG SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP = 0x4;

inline constexpr ULONG SECURITY_MANDATORY_UNTRUSTED_RID = 0x0;
inline constexpr ULONG SECURITY_MANDATORY_LOW_RID = 0x1000;
inline constexpr ULONG SECURITY_MANDATORY_MEDIUM_RID = 0x2000;
inline constexpr ULONG SECURITY_MANDATORY_HIGH_RID = 0x3000;
inline constexpr ULONG SECURITY_MANDATORY_SYSTEM_RID = 0x4000;

// Creating restricted tokens.
inline constexpr ULONG DISABLE_MAX_PRIVILEGE = 0x1;
inline constexpr ULONG SANDBOX_INERT = 0x2;
inline constexpr ULONG LUA_TOKEN = 0x4;
inline constexpr ULONG WRITE_RESTRICTED = 0x8;

enum TOKEN_INFORMATION_CLASS : ULONG {
    TokenUser = 1,
    TokenGroups,
    TokenPrivileges,
    TokenOwner,
    TokenPrimaryGroup,
    TokenDefaultDacl,
    TokenSource,
    TokenType,
    TokenImpersonationLevel,
    TokenStatistics,
    TokenRestrictedSids,
    TokenSessionId,
    TokenGroupsAndPrivileges,
    TokenSessionReference,
    TokenSandBoxInert,
    TokenAuditPolicy,
    TokenOrigin,
    TokenElevationType,
    TokenLinkedToken,
    TokenElevation,
    TokenHasRestrictions,
    TokenAccessInformation,
    TokenVirtualizationAllowed,
    TokenVirtualizationEnabled,
    TokenIntegrityLevel,
    TokenUIAccess,
    TokenMandatoryPolicy,
    TokenLogonSid,
    TokenIsAppContainer,
    TokenCapabilities,
    TokenAppContainerSid,
    TokenAppContainerNumber,
    TokenIsRestricted = 40,
};

struct TOKEN_STATISTICS {
    LUID TokenId;
    LUID AuthenticationId;
    LARGE_INTEGER ExpirationTime;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG DynamicCharged;
    ULONG DynamicAvailable;
    ULONG GroupCount;
    ULONG PrivilegeCount;
    LUID ModifiedId;
};
struct TOKEN_GROUPS {
    ULONG GroupCount;
    SID_AND_ATTRIBUTES Groups[1];
};
struct TOKEN_PRIVILEGES {
    ULONG PrivilegeCount;
    LUID_AND_ATTRIBUTES Privileges[1];
};
struct TOKEN_GROUPS_AND_PRIVILEGES {
    ULONG SidCount;
    ULONG SidLength;
    SID_AND_ATTRIBUTES* Sids;
    ULONG RestrictedSidCount;
    ULONG RestrictedSidLength;
    SID_AND_ATTRIBUTES* RestrictedSids;
    ULONG PrivilegeCount;
    ULONG PrivilegeLength;
    LUID_AND_ATTRIBUTES* Privileges;
    LUID AuthenticationId;
};

struct TOKEN_CONTROL {
    LUID TokenId;
    LUID AuthenticationId;
    LUID ModifiedId;
    TOKEN_SOURCE TokenSource;
};
struct SECURITY_CLIENT_CONTEXT {
    SECURITY_QUALITY_OF_SERVICE SecurityQos;
    PACCESS_TOKEN ClientToken;
    BOOLEAN DirectlyAccessClientToken;
    BOOLEAN DirectAccessEffectiveOnly;
    BOOLEAN ServerIsRemote;
    TOKEN_CONTROL ClientTokenControl;
};

struct SE_EXPORTS {
    LUID SeCreateTokenPrivilege;
    LUID SeAssignPrimaryTokenPrivilege;
    LUID SeLockMemoryPrivilege;
    LUID SeIncreaseQuotaPrivilege;
    LUID SeUnsolicitedInputPrivilege;
    LUID SeTcbPrivilege;
    LUID SeSecurityPrivilege;
    LUID SeTakeOwnershipPrivilege;
    LUID SeLoadDriverPrivilege;
    LUID SeCreatePagefilePrivilege;
    LUID SeIncreaseBasePriorityPrivilege;
    LUID SeSystemProfilePrivilege;
    LUID SeSystemtimePrivilege;
    LUID SeProfileSingleProcessPrivilege;
    LUID SeCreatePermanentPrivilege;
    LUID SeBackupPrivilege;
    LUID SeRestorePrivilege;
    LUID SeShutdownPrivilege;
    LUID SeDebugPrivilege;
    LUID SeAuditPrivilege;
    LUID SeSystemEnvironmentPrivilege;
    LUID SeChangeNotifyPrivilege;
    LUID SeRemoteShutdownPrivilege;
    PSID SeNullSid;
    PSID SeWorldSid;
    PSID SeLocalSid;
    PSID SeCreatorOwnerSid;
    PSID SeCreatorGroupSid;
    PSID SeNtAuthoritySid;
    PSID SeDialupSid;
    PSID SeNetworkSid;
    PSID SeBatchSid;
    PSID SeInteractiveSid;
    PSID SeLocalSystemSid;
    PSID SeAliasAdminsSid;
    PSID SeAliasUsersSid;
    PSID SeAliasGuestsSid;
    PSID SeAliasPowerUsersSid;
    PSID SeAliasAccountOpsSid;
    PSID SeAliasSystemOpsSid;
    PSID SeAliasPrintOpsSid;
    PSID SeAliasBackupOpsSid;
    PSID SeAuthenticatedUsersSid;
    PSID SeRestrictedSid;
    PSID SeAnonymousLogonSid;
    LUID SeUndockPrivilege;
    LUID SeSyncAgentPrivilege;
    LUID SeEnableDelegationPrivilege;
    PSID SeLocalServiceSid;
    PSID SeNetworkServiceSid;
    LUID SeManageVolumePrivilege;
    LUID SeImpersonatePrivilege;
    LUID SeCreateGlobalPrivilege;
    LUID SeTrustedCredManAccessPrivilege;
    LUID SeRelabelPrivilege;
    LUID SeIncreaseWorkingSetPrivilege;
    LUID SeTimeZonePrivilege;
    LUID SeCreateSymbolicLinkPrivilege;
    PSID SeIUserSid;
    PSID SeUntrustedMandatorySid;
    PSID SeLowMandatorySid;
    PSID SeMediumMandatorySid;
    PSID SeHighMandatorySid;
    PSID SeSystemMandatorySid;
    PSID SeOwnerRightsSid;
    PSID SeAllAppPackagesSid;
    PSID SeUserModeDriversSid;
    PSID SeProcTrustWinTcbSid;
    PSID SeTrustedInstallerSid;
    LUID SeDelegateSessionUserImpersonatePrivilege;
    PSID SeAppSiloSid;
    PSID SeAppSiloVolumeRootMinimalCapabilitySid;
    PSID SeAppSiloProfilesRootMinimalCapabilitySid;
};

} // namespace nt
