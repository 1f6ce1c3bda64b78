// What the rarer information classes of tokens give: win32 pages ns-winnt-token_access_information,
// ns-winnt-sid_and_attributes_hash, ns-winnt-token_linked_token,
// ns-winnt-claim_security_attributes_information.
#pragma once
#include "abi/token.h"

namespace nt {

inline constexpr ULONG TokenUserClaimAttributes = 33;
inline constexpr ULONG TokenDeviceClaimAttributes = 34;
inline constexpr ULONG TokenDeviceGroups = 37;
inline constexpr ULONG TokenIsLessPrivilegedAppContainer = 46;
inline constexpr ULONG TokenIsSandboxed = 47;

struct SID_AND_ATTRIBUTES_HASH {
    ULONG SidCount;
    SID_AND_ATTRIBUTES* SidAttr;
    ULONG_PTR Hash[32];
};
struct TOKEN_ACCESS_INFORMATION {
    SID_AND_ATTRIBUTES_HASH* SidHash;
    SID_AND_ATTRIBUTES_HASH* RestrictedSidHash;
    TOKEN_PRIVILEGES* Privileges;
    LUID AuthenticationId;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG MandatoryPolicy;
    ULONG Flags;
    ULONG AppContainerNumber;
    PSID PackageSid;
    SID_AND_ATTRIBUTES_HASH* CapabilitiesHash;
    PSID TrustLevelSid;
    PVOID SecurityAttributes;
};
struct TOKEN_LINKED_TOKEN {
    HANDLE LinkedToken;
};
struct CLAIM_SECURITY_ATTRIBUTES_INFORMATION {
    USHORT Version; // 1
    USHORT Reserved;
    ULONG AttributeCount;
    PVOID Attribute;
};

} // namespace nt
