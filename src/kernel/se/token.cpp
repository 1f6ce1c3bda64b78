#include "kernel/se/token.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access.h"
#include "rtl/security.h"
#include <cstring>

namespace nt::se {

OBJECT_TYPE* token_type;
TOKEN* system_token;

namespace {

constexpr ULONG dacl_tag = pool::tag("SeTd");
ULONG luids = 0x10000; // given out so far

ULONG array_size(const std::vector<TokenSid>& sids) {
    ULONG size = 0;
    for (const TokenSid& s : sids)
        size += static_cast<ULONG>(sizeof(SID_AND_ATTRIBUTES)) + ((rtl::length_sid(s.sid.sid()) + 7) & ~7u);
    return size;
}

// Lays the array and its SIDs at `at`, which moves behind them.
SID_AND_ATTRIBUTES* put_sids(UCHAR*& at, const std::vector<TokenSid>& sids) {
    if (sids.empty()) return nullptr;
    auto* array = reinterpret_cast<SID_AND_ATTRIBUTES*>(at);
    at += sids.size() * sizeof(SID_AND_ATTRIBUTES);
    for (std::size_t i = 0; i < sids.size(); ++i) {
        const ULONG length = rtl::length_sid(sids[i].sid.sid());
        std::memcpy(at, sids[i].sid.sid(), length);
        array[i] = {at, sids[i].attributes};
        at += (length + 7) & ~7u;
    }
    return array;
}

SidValue value_of(const void* sid) {
    SidValue v;
    std::memcpy(&v, sid, rtl::length_sid(static_cast<const SID*>(sid)));
    return v;
}

ULONG flags_of(const SEP_TOKEN_PRIVILEGES& p, ULONG flags) {
    flags &= ~(TOKEN_HAS_TRAVERSE_PRIVILEGE | TOKEN_HAS_BACKUP_PRIVILEGE | TOKEN_HAS_RESTORE_PRIVILEGE);
    if (p.Enabled >> SE_CHANGE_NOTIFY_PRIVILEGE & 1) flags |= TOKEN_HAS_TRAVERSE_PRIVILEGE;
    if (p.Enabled >> SE_BACKUP_PRIVILEGE & 1) flags |= TOKEN_HAS_BACKUP_PRIVILEGE;
    if (p.Enabled >> SE_RESTORE_PRIVILEGE & 1) flags |= TOKEN_HAS_RESTORE_PRIVILEGE;
    return flags;
}

} // namespace

LUID allocate_luid() { return {++luids, 0}; }

void modified(TOKEN& token) {
    token.ModifiedId = allocate_luid();
    token.TokenFlags = flags_of(token.Privileges, token.TokenFlags);
}

Result<TOKEN*> create_token(const TokenParts& parts) {
    const ULONG variable = array_size(parts.sids) + array_size(parts.restricted) + sizeof(SidValue);
    auto* token = static_cast<TOKEN*>(TRY(
        ob::create_object({.type = token_type, .body_size = ((sizeof(TOKEN) + 7) & ~SIZE_T{7}) + variable})));
    UCHAR* at = reinterpret_cast<UCHAR*>(token) + ((sizeof(TOKEN) + 7) & ~SIZE_T{7});
    token->UserAndGroups = put_sids(at, parts.sids);
    token->UserAndGroupCount = static_cast<ULONG>(parts.sids.size());
    token->RestrictedSids = put_sids(at, parts.restricted);
    token->RestrictedSidCount = static_cast<ULONG>(parts.restricted.size());
    token->PrimaryGroup = at;
    std::memcpy(at, parts.primary_group.sid(), rtl::length_sid(parts.primary_group.sid()));
    token->VariableLength = variable;
    if (!parts.dacl.empty()) {
        if (const NTSTATUS status =
                set_default_dacl(*token, reinterpret_cast<const ACL*>(parts.dacl.data()))) {
            ob::dereference(token);
            return fail(status);
        }
    }
    token->TokenSource = parts.source;
    token->TokenId = allocate_luid();
    token->AuthenticationId = parts.authentication;
    token->OriginatingLogonSession = parts.origin;
    token->ParentTokenId = parts.parent;
    token->ExpirationTime.QuadPart = 0x7fffffffffffffff; // never
    token->Privileges = parts.privileges;
    token->SessionId = parts.session;
    token->DefaultOwnerIndex = parts.owner;
    token->TokenType = parts.type;
    token->ImpersonationLevel = parts.level;
    token->TokenFlags = parts.flags | (parts.restricted.empty() ? 0 : TOKEN_IS_RESTRICTED);
    token->IntegrityLevelIndex = parts.integrity;
    token->MandatoryPolicy = parts.mandatory_policy;
    modified(*token);
    if (const NTSTATUS status = protect(token, *token, false); !NT_SUCCESS(status)) {
        ob::dereference(token);
        return fail(status);
    }
    return token;
}

NTSTATUS set_default_dacl(TOKEN& token, const ACL* dacl) {
    ACL* copy = nullptr;
    if (dacl) {
        copy = static_cast<ACL*>(pool::allocate(pool::Kind::paged, dacl->AclSize, dacl_tag));
        if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
        std::memcpy(copy, dacl, dacl->AclSize);
    }
    if (token.DefaultDacl) pool::release(token.DefaultDacl, dacl_tag);
    token.DefaultDacl = copy;
    token.DynamicCharged = token.DynamicAvailable = 0x1000;
    return STATUS_SUCCESS;
}

void remove_token(PVOID object) {
    auto& token = *static_cast<TOKEN*>(object);
    if (token.DefaultDacl) pool::release(token.DefaultDacl, dacl_tag);
}

TokenParts parts_of(const TOKEN& token) {
    TokenParts p;
    p.type = token.TokenType;
    p.level = token.ImpersonationLevel;
    p.source = token.TokenSource;
    p.authentication = token.AuthenticationId;
    p.origin = token.OriginatingLogonSession;
    p.parent = token.ParentTokenId;
    p.privileges = token.Privileges;
    p.session = token.SessionId;
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i)
        p.sids.push_back({value_of(token.UserAndGroups[i].Sid), token.UserAndGroups[i].Attributes});
    for (ULONG i = 0; i < token.RestrictedSidCount; ++i)
        p.restricted.push_back({value_of(token.RestrictedSids[i].Sid), token.RestrictedSids[i].Attributes});
    p.owner = token.DefaultOwnerIndex;
    p.primary_group = value_of(token.PrimaryGroup);
    if (token.DefaultDacl) {
        const auto* bytes = reinterpret_cast<const UCHAR*>(token.DefaultDacl);
        p.dacl.assign(bytes, bytes + token.DefaultDacl->AclSize);
    }
    p.flags = token.TokenFlags;
    p.integrity = token.IntegrityLevelIndex;
    p.mandatory_policy = token.MandatoryPolicy;
    return p;
}

namespace {

// Only what is in force: disabled privileges and groups are left out.
void keep_effective(TokenParts& p) {
    p.privileges.Present = p.privileges.EnabledByDefault = p.privileges.Enabled;
    std::vector<TokenSid> kept;
    ULONG owner = 0, level = 0;
    for (std::size_t i = 0; i < p.sids.size(); ++i) {
        const ULONG a = p.sids[i].attributes;
        const bool keep = i == 0 || i == p.integrity ||
                          (a & (SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY | SE_GROUP_INTEGRITY));
        if (!keep) continue;
        if (i == p.owner) owner = static_cast<ULONG>(kept.size());
        if (i == p.integrity) level = static_cast<ULONG>(kept.size());
        kept.push_back(p.sids[i]);
    }
    p.sids = std::move(kept);
    p.owner = owner;
    p.integrity = level;
}

} // namespace

Result<TOKEN*> duplicate_token(const TOKEN& token, TOKEN_TYPE type, SECURITY_IMPERSONATION_LEVEL level,
                               bool effective_only) {
    if (token.TokenType == TokenImpersonation) {
        if (type == TokenImpersonation && level > token.ImpersonationLevel)
            return fail(STATUS_BAD_IMPERSONATION_LEVEL);
        if (type == TokenPrimary && token.ImpersonationLevel < SecurityImpersonation)
            return fail(STATUS_BAD_IMPERSONATION_LEVEL);
    }
    TokenParts parts = parts_of(token);
    parts.type = type;
    parts.level = type == TokenPrimary ? SecurityAnonymous : level;
    if (effective_only) keep_effective(parts);
    return create_token(parts);
}

Result<TOKEN*> filter_token(const TOKEN& token, const Filter& filter) {
    if (filter.flags & ~(DISABLE_MAX_PRIVILEGE | SANDBOX_INERT | LUA_TOKEN | WRITE_RESTRICTED))
        return fail(STATUS_INVALID_PARAMETER);
    TokenParts p = parts_of(token);
    p.parent = token.TokenId;
    ULONGLONG remove = filter.flags & DISABLE_MAX_PRIVILEGE ? ~(1ull << SE_CHANGE_NOTIFY_PRIVILEGE)
                                                            : filter.remove_privileges;
    std::vector<SidValue> disable = filter.disable;
    if (filter.flags & LUA_TOKEN) { // what a standard user does not have
        disable.push_back(sids::administrators);
        disable.push_back(sids::local_account_admin);
        constexpr ULONGLONG kept = 1ull << SE_CHANGE_NOTIFY_PRIVILEGE | 1ull << SE_SHUTDOWN_PRIVILEGE |
                                   1ull << SE_UNDOCK_PRIVILEGE | 1ull << SE_INC_WORKING_SET_PRIVILEGE |
                                   1ull << SE_TIME_ZONE_PRIVILEGE;
        remove |= ~kept;
    }
    p.privileges.Present &= ~remove;
    p.privileges.Enabled &= ~remove;
    p.privileges.EnabledByDefault &= ~remove;
    for (TokenSid& s : p.sids)
        for (const SidValue& d : disable)
            if (rtl::equal_sid(s.sid.sid(), d.sid())) {
                s.attributes &= ~(SE_GROUP_ENABLED | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_OWNER);
                s.attributes |= SE_GROUP_USE_FOR_DENY_ONLY;
            }
    if (p.sids[p.owner].attributes & SE_GROUP_USE_FOR_DENY_ONLY) p.owner = 0;
    if (filter.restrict) {
        constexpr ULONG always = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;
        std::vector<TokenSid> restricted;
        for (const SidValue& s : filter.restricting)
            if (p.restricted.empty() || is_in(token.RestrictedSids, token.RestrictedSidCount, s.sid()))
                restricted.push_back({s, always});
        p.restricted = std::move(restricted);
        p.flags |= TOKEN_IS_RESTRICTED;
    }
    if (filter.flags & SANDBOX_INERT) p.flags |= TOKEN_SANDBOX_INERT;
    if (filter.flags & WRITE_RESTRICTED) p.flags |= TOKEN_WRITE_RESTRICTED;
    return create_token(p);
}

ULONG integrity_level(const TOKEN& token) {
    const auto* sid = static_cast<const SID*>(token.UserAndGroups[token.IntegrityLevelIndex].Sid);
    return sid->IdentifierAuthority.Value[5] == 16 ? sid->SubAuthority[0] : SECURITY_MANDATORY_MEDIUM_RID;
}

bool has_sid(const TOKEN& token, const SID* sid, bool deny) {
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i) {
        const SID_AND_ATTRIBUTES& group = token.UserAndGroups[i];
        const bool denies = group.Attributes & SE_GROUP_USE_FOR_DENY_ONLY;
        const bool counts = denies ? deny : i == 0 || (group.Attributes & SE_GROUP_ENABLED);
        if (counts && rtl::equal_sid(static_cast<const SID*>(group.Sid), sid)) return true;
    }
    return false;
}

bool is_in(const SID_AND_ATTRIBUTES* sids, ULONG count, const SID* sid) {
    for (ULONG i = 0; i < count; ++i)
        if (rtl::equal_sid(static_cast<const SID*>(sids[i].Sid), sid)) return true;
    return false;
}

bool may_own(const TOKEN& token, const SID* sid) {
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i) {
        const SID_AND_ATTRIBUTES& group = token.UserAndGroups[i];
        if (!rtl::equal_sid(static_cast<const SID*>(group.Sid), sid)) continue;
        if (group.Attributes & SE_GROUP_USE_FOR_DENY_ONLY) return false;
        return i == 0 || (group.Attributes & SE_GROUP_OWNER);
    }
    return false;
}

} // namespace nt::se
