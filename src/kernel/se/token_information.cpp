// What NtQueryInformationToken and SeQueryInformationToken tell: ntifs page
// ne-ntifs-_token_information_class.
#include "abi/status.h"
#include "abi/token_access.h"
#include "kernel/se/linked.h"
#include "rtl/security.h"
#include <bit>
#include <cstring>

namespace nt::se {

namespace {

// A structure that lies in a buffer at `base` with what it points to behind it.
class Layout {
  public:
    Layout(std::vector<UCHAR>& bytes, ULONG_PTR base) : bytes_(bytes), base_(base) {}
    std::size_t reserve(std::size_t size, std::size_t alignment = 1) {
        bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
        const std::size_t at = bytes_.size();
        bytes_.resize(at + size);
        return at;
    }
    std::size_t add(const void* data, std::size_t size, std::size_t alignment = 4) {
        const std::size_t at = reserve(size, alignment);
        if (size) std::memcpy(bytes_.data() + at, data, size);
        return at;
    }
    template <class T> void put(std::size_t at, const T& value) {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    template <class T = void> T* address(std::size_t at) const { return reinterpret_cast<T*>(base_ + at); }
    // An array of SIDs whose place is reserved, then the SIDs.
    void put_sids(std::size_t array, const SID_AND_ATTRIBUTES* sids, ULONG count) {
        for (ULONG i = 0; i < count; ++i) {
            const auto* sid = static_cast<const SID*>(sids[i].Sid);
            const std::size_t at = add(sid, rtl::length_sid(sid));
            put(array + i * sizeof(SID_AND_ATTRIBUTES), SID_AND_ATTRIBUTES{address(at), sids[i].Attributes});
        }
    }

  private:
    std::vector<UCHAR>& bytes_;
    ULONG_PTR base_;
};

void add_sid(Layout& out, PSID sid) {
    const std::size_t slot = out.reserve(sizeof(PSID), 8);
    out.put(slot, out.address(out.add(sid, rtl::length_sid(static_cast<const SID*>(sid)))));
}
void add_sid_and_attributes(Layout& out, const SID_AND_ATTRIBUTES& one) {
    const std::size_t slot = out.reserve(sizeof(SID_AND_ATTRIBUTES), 8);
    out.put_sids(slot, &one, 1);
}
void add_groups(Layout& out, const SID_AND_ATTRIBUTES* groups, ULONG count) {
    const std::size_t head =
        out.reserve(offsetof(TOKEN_GROUPS, Groups) + count * sizeof(SID_AND_ATTRIBUTES), 8);
    out.put(head, count);
    out.put_sids(head + offsetof(TOKEN_GROUPS, Groups), groups, count);
}

std::vector<LUID_AND_ATTRIBUTES> privileges_of(const TOKEN& token) {
    std::vector<LUID_AND_ATTRIBUTES> list;
    const SEP_TOKEN_PRIVILEGES& p = token.Privileges;
    for (ULONG luid = 0; luid < 64; ++luid)
        if (p.Present >> luid & 1)
            list.push_back({{luid, 0},
                            (p.Enabled >> luid & 1 ? SE_PRIVILEGE_ENABLED : 0) |
                                (p.EnabledByDefault >> luid & 1 ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0)});
    return list;
}

ULONG sids_length(const SID_AND_ATTRIBUTES* sids, ULONG count) {
    ULONG length = count * static_cast<ULONG>(sizeof(SID_AND_ATTRIBUTES));
    for (ULONG i = 0; i < count; ++i)
        length += (rtl::length_sid(static_cast<const SID*>(sids[i].Sid)) + 3) & ~3u;
    return length;
}

void add_groups_and_privileges(Layout& out, const TOKEN& token) {
    const std::size_t head = out.reserve(sizeof(TOKEN_GROUPS_AND_PRIVILEGES), 8);
    TOKEN_GROUPS_AND_PRIVILEGES g{};
    const auto array = [&](const SID_AND_ATTRIBUTES* sids, ULONG count) {
        const std::size_t at = out.reserve(count * sizeof(SID_AND_ATTRIBUTES), 8);
        out.put_sids(at, sids, count);
        return count ? out.address<SID_AND_ATTRIBUTES>(at) : nullptr;
    };
    g.SidCount = token.UserAndGroupCount;
    g.SidLength = sids_length(token.UserAndGroups, g.SidCount);
    g.Sids = array(token.UserAndGroups, g.SidCount);
    g.RestrictedSidCount = token.RestrictedSidCount;
    g.RestrictedSidLength = sids_length(token.RestrictedSids, g.RestrictedSidCount);
    g.RestrictedSids = array(token.RestrictedSids, g.RestrictedSidCount);
    const auto privileges = privileges_of(token);
    g.PrivilegeCount = static_cast<ULONG>(privileges.size());
    g.PrivilegeLength = static_cast<ULONG>(privileges.size() * sizeof(LUID_AND_ATTRIBUTES));
    g.Privileges = out.address<LUID_AND_ATTRIBUTES>(out.add(privileges.data(), g.PrivilegeLength));
    g.AuthenticationId = token.AuthenticationId;
    out.put(head, g);
}

TOKEN_STATISTICS statistics(const TOKEN& token) {
    return {token.TokenId,
            token.AuthenticationId,
            token.ExpirationTime,
            token.TokenType,
            token.ImpersonationLevel,
            token.DynamicCharged,
            token.DynamicAvailable,
            token.UserAndGroupCount - 1,
            static_cast<ULONG>(std::popcount(token.Privileges.Present)),
            token.ModifiedId};
}

// assumed: each SID sets its bit for the two halves of its last sub-authority's lowest byte, as the access
// check of later versions looks it up.
std::size_t add_hash(Layout& out, const SID_AND_ATTRIBUTES* sids, ULONG count) {
    const std::size_t head = out.reserve(sizeof(SID_AND_ATTRIBUTES_HASH), 8);
    const std::size_t array = out.reserve(count * sizeof(SID_AND_ATTRIBUTES), 8);
    SID_AND_ATTRIBUTES_HASH hash{count, count ? out.address<SID_AND_ATTRIBUTES>(array) : nullptr, {}};
    for (ULONG i = 0; i < count && i < 64; ++i) {
        const auto* sid = static_cast<const SID*>(sids[i].Sid);
        const ULONG last = sid->SubAuthorityCount ? sid->SubAuthority[sid->SubAuthorityCount - 1] : 0;
        hash.Hash[last & 15] |= ULONG_PTR{1} << i;
        hash.Hash[16 + (last >> 4 & 15)] |= ULONG_PTR{1} << i;
    }
    out.put(head, hash);
    out.put_sids(array, sids, count);
    return head;
}

void add_access_information(Layout& out, const TOKEN& token) {
    const std::size_t head = out.reserve(sizeof(TOKEN_ACCESS_INFORMATION), 8);
    const auto hash = [&](const SID_AND_ATTRIBUTES* sids, ULONG count) {
        return out.address<SID_AND_ATTRIBUTES_HASH>(add_hash(out, sids, count));
    };
    TOKEN_ACCESS_INFORMATION a{};
    a.SidHash = hash(token.UserAndGroups, token.UserAndGroupCount);
    a.RestrictedSidHash = hash(token.RestrictedSids, token.RestrictedSidCount);
    a.CapabilitiesHash = hash(nullptr, 0);
    const auto list = privileges_of(token);
    const auto count = static_cast<ULONG>(list.size());
    const std::size_t privileges = out.add(&count, sizeof count);
    out.add(list.data(), list.size() * sizeof(LUID_AND_ATTRIBUTES));
    a.Privileges = out.address<TOKEN_PRIVILEGES>(privileges);
    a.AuthenticationId = token.AuthenticationId;
    a.TokenType = token.TokenType;
    a.ImpersonationLevel = token.ImpersonationLevel;
    a.MandatoryPolicy = token.MandatoryPolicy;
    a.Flags = token.TokenFlags;
    out.put(head, a);
}

const SID_AND_ATTRIBUTES* logon_sid(const TOKEN& token) {
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i)
        if ((token.UserAndGroups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            return &token.UserAndGroups[i];
    return nullptr;
}

bool is_elevated(const TOKEN& token) { return integrity_level(token) >= SECURITY_MANDATORY_HIGH_RID; }

} // namespace

NTSTATUS token_information(const TOKEN& token, ULONG information_class, ULONG_PTR address,
                           std::vector<UCHAR>& bytes) {
    Layout out(bytes, address);
    const auto number = [&](auto value) {
        out.add(&value, sizeof value);
        return STATUS_SUCCESS;
    };
    // TokenLinkedToken makes a handle and is the gates' matter.
    switch (information_class) {
    case TokenUser:
        add_sid_and_attributes(out, token.UserAndGroups[0]);
        return STATUS_SUCCESS;
    case TokenGroups:
        add_groups(out, token.UserAndGroups + 1, token.UserAndGroupCount - 1);
        return STATUS_SUCCESS;
    case TokenRestrictedSids:
        add_groups(out, token.RestrictedSids, token.RestrictedSidCount);
        return STATUS_SUCCESS;
    case TokenPrivileges: {
        const auto list = privileges_of(token);
        number(static_cast<ULONG>(list.size()));
        out.add(list.data(), list.size() * sizeof(LUID_AND_ATTRIBUTES));
        return STATUS_SUCCESS;
    }
    case TokenOwner:
        add_sid(out, token.UserAndGroups[token.DefaultOwnerIndex].Sid);
        return STATUS_SUCCESS;
    case TokenPrimaryGroup:
        add_sid(out, token.PrimaryGroup);
        return STATUS_SUCCESS;
    case TokenDefaultDacl: {
        const std::size_t slot = out.reserve(sizeof(PVOID), 8);
        if (token.DefaultDacl)
            out.put(slot, out.address(out.add(token.DefaultDacl, token.DefaultDacl->AclSize)));
        return STATUS_SUCCESS;
    }
    case TokenSource:
        return number(token.TokenSource);
    case TokenType:
        return number(token.TokenType);
    case TokenImpersonationLevel:
        if (token.TokenType != TokenImpersonation) return STATUS_INVALID_INFO_CLASS;
        return number(token.ImpersonationLevel);
    case TokenStatistics:
        return number(statistics(token));
    case TokenSessionId:
        return number(token.SessionId);
    case TokenGroupsAndPrivileges:
        add_groups_and_privileges(out, token);
        return STATUS_SUCCESS;
    case TokenSandBoxInert:
        return number(ULONG{(token.TokenFlags & TOKEN_SANDBOX_INERT) != 0});
    case TokenOrigin:
        return number(token.OriginatingLogonSession);
    case TokenElevationType:
        return number(elevation_of(token));
    case TokenElevation:
        return number(ULONG{is_elevated(token)});
    case TokenHasRestrictions:
        return number(ULONG{token.ParentTokenId.LowPart != 0});
    case TokenIsRestricted:
        return number(ULONG{is_restricted(token)});
    case TokenVirtualizationAllowed:
    case TokenVirtualizationEnabled:
    case TokenUIAccess:
    case TokenIsAppContainer:
    case TokenAppContainerNumber:
    case TokenIsLessPrivilegedAppContainer:
    case TokenIsSandboxed:
        return number(ULONG{0});
    case TokenAccessInformation:
        add_access_information(out, token);
        return STATUS_SUCCESS;
    case TokenUserClaimAttributes: // nobody claims anything here
    case TokenDeviceClaimAttributes:
        return number(CLAIM_SECURITY_ATTRIBUTES_INFORMATION{1, 0, 0, nullptr});
    case TokenAppContainerSid:
        out.reserve(sizeof(PSID), 8);
        return STATUS_SUCCESS;
    case TokenCapabilities:
    case TokenDeviceGroups:
        add_groups(out, nullptr, 0);
        return STATUS_SUCCESS;
    case TokenIntegrityLevel:
        add_sid_and_attributes(out, token.UserAndGroups[token.IntegrityLevelIndex]);
        return STATUS_SUCCESS;
    case TokenMandatoryPolicy:
        return number(token.MandatoryPolicy);
    case TokenLogonSid: {
        const SID_AND_ATTRIBUTES* logon = logon_sid(token);
        if (!logon) return STATUS_NOT_FOUND;
        add_groups(out, logon, 1);
        return STATUS_SUCCESS;
    }
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

} // namespace nt::se
