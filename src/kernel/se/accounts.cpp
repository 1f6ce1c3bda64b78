#include "kernel/se/accounts.h"
#include "abi/status.h"
#include "kernel/pool/pool.h"
#include "kernel/se/linked.h"
#include "rtl/security.h"
#include <cstring>

namespace nt::se {

const char* const user_names = "administrator, standard, guest, system or low";

bool parse_user(std::string_view name, User& user) {
    constexpr std::string_view names[] = {"administrator", "standard", "guest", "system", "low"};
    for (int i = 0; i < 5; ++i)
        if (name == names[i]) {
            user = static_cast<User>(i);
            return true;
        }
    return false;
}

namespace {

constexpr ULONGLONG bits(std::initializer_list<LONG> luids) {
    ULONGLONG set = 0;
    for (const LONG luid : luids)
        set |= 1ull << luid;
    return set;
}

constexpr ULONGLONG always_on = bits({SE_CHANGE_NOTIFY_PRIVILEGE});
// The default user rights of a workstation (Win32 page "Privilege Constants" and the security policy
// settings' pages).
constexpr ULONGLONG user_rights =
    bits({SE_CHANGE_NOTIFY_PRIVILEGE, SE_SHUTDOWN_PRIVILEGE, SE_UNDOCK_PRIVILEGE,
          SE_INC_WORKING_SET_PRIVILEGE, SE_TIME_ZONE_PRIVILEGE});
constexpr ULONGLONG admin_rights =
    user_rights | bits({SE_INCREASE_QUOTA_PRIVILEGE, SE_SECURITY_PRIVILEGE, SE_TAKE_OWNERSHIP_PRIVILEGE,
                        SE_LOAD_DRIVER_PRIVILEGE, SE_SYSTEM_PROFILE_PRIVILEGE, SE_SYSTEMTIME_PRIVILEGE,
                        SE_PROF_SINGLE_PROCESS_PRIVILEGE, SE_INC_BASE_PRIORITY_PRIVILEGE,
                        SE_CREATE_PAGEFILE_PRIVILEGE, SE_BACKUP_PRIVILEGE, SE_RESTORE_PRIVILEGE,
                        SE_DEBUG_PRIVILEGE, SE_SYSTEM_ENVIRONMENT_PRIVILEGE, SE_REMOTE_SHUTDOWN_PRIVILEGE,
                        SE_MANAGE_VOLUME_PRIVILEGE, SE_IMPERSONATE_PRIVILEGE, SE_CREATE_GLOBAL_PRIVILEGE,
                        SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, SE_DELEGATE_SESSION_USER_IMPERSONATE_PRIVILEGE});
constexpr ULONGLONG admin_on = always_on | bits({SE_IMPERSONATE_PRIVILEGE, SE_CREATE_GLOBAL_PRIVILEGE});
// Win32 page "LocalSystem Account".
constexpr ULONGLONG system_on = bits(
    {SE_AUDIT_PRIVILEGE, SE_CHANGE_NOTIFY_PRIVILEGE, SE_CREATE_GLOBAL_PRIVILEGE, SE_CREATE_PAGEFILE_PRIVILEGE,
     SE_CREATE_PERMANENT_PRIVILEGE, SE_DEBUG_PRIVILEGE, SE_IMPERSONATE_PRIVILEGE, SE_LOCK_MEMORY_PRIVILEGE,
     SE_PROF_SINGLE_PROCESS_PRIVILEGE, SE_TCB_PRIVILEGE, SE_INC_BASE_PRIORITY_PRIVILEGE,
     SE_SYSTEM_PROFILE_PRIVILEGE, SE_INC_WORKING_SET_PRIVILEGE, SE_TIME_ZONE_PRIVILEGE,
     SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, SE_DELEGATE_SESSION_USER_IMPERSONATE_PRIVILEGE});
constexpr ULONGLONG system_rights =
    system_on |
    bits({SE_ASSIGNPRIMARYTOKEN_PRIVILEGE, SE_BACKUP_PRIVILEGE, SE_CREATE_TOKEN_PRIVILEGE,
          SE_INCREASE_QUOTA_PRIVILEGE, SE_LOAD_DRIVER_PRIVILEGE, SE_MANAGE_VOLUME_PRIVILEGE,
          SE_RESTORE_PRIVILEGE, SE_SECURITY_PRIVILEGE, SE_SHUTDOWN_PRIVILEGE, SE_SYSTEM_ENVIRONMENT_PRIVILEGE,
          SE_SYSTEMTIME_PRIVILEGE, SE_TAKE_OWNERSHIP_PRIVILEGE, SE_UNDOCK_PRIVILEGE});

constexpr ULONG in_force = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;
// assumed: the identifiers of the logon sessions
constexpr ULONG logon_ids[] = {0x2f3a1, 0x2f3c8, 0x4d0e2, 0x3e7, 0x2f3c8};
constexpr ULONG limited_logon = 0x2f3b5; // of an administrator's second token

std::vector<UCHAR> acl_of(std::initializer_list<std::pair<ACCESS_MASK, SidValue>> entries) {
    std::vector<UCHAR> bytes(sizeof(ACL) + entries.size() * 76);
    auto* acl = reinterpret_cast<ACL*>(bytes.data());
    rtl::create_acl(acl, static_cast<ULONG>(bytes.size()), ACL_REVISION);
    ULONG used = sizeof(ACL);
    for (const auto& [mask, sid] : entries) {
        rtl::add_ace(acl, ACL_REVISION, ACCESS_ALLOWED_ACE_TYPE, 0, mask, sid.sid());
        used += 8 + rtl::length_sid(sid.sid());
    }
    acl->AclSize = static_cast<USHORT>(used);
    bytes.resize(used);
    return bytes;
}

void add_integrity(TokenParts& p, ULONG level) {
    p.integrity = static_cast<ULONG>(p.sids.size());
    p.sids.push_back({integrity(level), SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED});
    p.mandatory_policy = TOKEN_MANDATORY_POLICY_NO_WRITE_UP | TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN;
}

TokenParts system_parts() {
    TokenParts p;
    std::memcpy(p.source.SourceName, "*SYSTEM*", 8);
    p.authentication = system_logon;
    p.privileges = {system_rights, system_on, system_on};
    p.sids = {{sids::local_system, 0},
              {sids::administrators, SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED | SE_GROUP_OWNER},
              {sids::world, in_force},
              {sids::authenticated_users, in_force}};
    add_integrity(p, SECURITY_MANDATORY_SYSTEM_RID);
    p.owner = 1;
    p.primary_group = sids::local_system;
    p.dacl = acl_of({{GENERIC_ALL, sids::local_system},
                     {GENERIC_READ | GENERIC_EXECUTE | READ_CONTROL, sids::administrators}});
    return p;
}

// What an interactive logon gives to an account of the machine.
TokenParts interactive_parts(User user) {
    const bool admin = user == User::administrator, guest = user == User::guest;
    const ULONG logon = logon_ids[static_cast<int>(user)];
    const SidValue session = make_sid(5, 5, 0, logon);
    TokenParts p;
    std::memcpy(p.source.SourceName, "User32 \0", 8);
    p.source.SourceIdentifier = {logon - 0x10, 0};
    p.authentication = {logon, 0};
    p.origin = system_logon;
    p.session = 1;
    const SidValue account_sid = account(guest ? rtl::guest_rid : rtl::user_rid), none = account(513);
    p.sids = {{account_sid, 0}, {none, in_force}, {sids::world, in_force}};
    if (admin) {
        p.sids.push_back({sids::local_account_admin, in_force});
        p.sids.push_back({sids::administrators, in_force | SE_GROUP_OWNER});
    }
    if (guest) p.sids.push_back({sids::guests, in_force});
    p.sids.push_back({sids::users, in_force}); // which has INTERACTIVE among its members
    p.sids.push_back({sids::interactive, in_force});
    p.sids.push_back({sids::console_logon, in_force});
    // "Users logged in using the Builtin Guest account are not authenticated": kernel page "SDDL for Device
    // Objects".
    if (!guest) p.sids.push_back({sids::authenticated_users, in_force});
    p.sids.push_back({sids::this_organization, in_force});
    p.sids.push_back({sids::local_account, in_force});
    p.sids.push_back({session, in_force | SE_GROUP_LOGON_ID});
    p.sids.push_back({sids::local, in_force});
    p.sids.push_back({sids::ntlm_authentication, in_force});
    add_integrity(p, admin               ? SECURITY_MANDATORY_HIGH_RID
                     : user == User::low ? SECURITY_MANDATORY_LOW_RID
                                         : SECURITY_MANDATORY_MEDIUM_RID);
    p.primary_group = none;
    p.owner = admin ? 4 : 0; // objects of an elevated administrator belong to Administrators
    const ULONGLONG rights = admin ? admin_rights : guest ? always_on : user_rights;
    const ULONGLONG on = admin ? admin_on : always_on;
    p.privileges = {rights, on, on};
    p.dacl = acl_of({{GENERIC_ALL, admin ? sids::administrators : account_sid},
                     {GENERIC_ALL, sids::local_system},
                     {GENERIC_READ | GENERIC_EXECUTE, session}});
    return p;
}

// The administrator before consent: Administrators count for denials only, the privileges are a user's.
TokenParts limited_parts() {
    TokenParts p = interactive_parts(User::administrator);
    for (TokenSid& group : p.sids)
        if (rtl::equal_sid(group.sid.sid(), sids::administrators.sid()) ||
            rtl::equal_sid(group.sid.sid(), sids::local_account_admin.sid()))
            group.attributes = SE_GROUP_USE_FOR_DENY_ONLY;
    p.sids[p.integrity].sid = integrity(SECURITY_MANDATORY_MEDIUM_RID);
    p.authentication = {limited_logon, 0};
    p.owner = 0;
    p.privileges = {user_rights, always_on, always_on};
    p.dacl = acl_of({{GENERIC_ALL, p.sids[0].sid}, {GENERIC_ALL, sids::local_system}});
    return p;
}

} // namespace

Elevation elevation_of(const TOKEN& token) {
    const LUID& logon = token.AuthenticationId;
    if (logon.HighPart) return Elevation::by_default;
    return logon.LowPart == logon_ids[static_cast<int>(User::administrator)] ? Elevation::full
           : logon.LowPart == limited_logon                                  ? Elevation::limited
                                                                             : Elevation::by_default;
}

Result<TOKEN*> create_linked_token(const TOKEN& token, bool primary) {
    const Elevation elevation = elevation_of(token);
    if (elevation == Elevation::by_default) return fail(STATUS_NO_SUCH_LOGON_SESSION);
    TokenParts parts =
        elevation == Elevation::full ? limited_parts() : interactive_parts(User::administrator);
    if (!primary) {
        parts.type = TokenImpersonation;
        parts.level = SecurityIdentification;
    }
    return create_token(parts);
}

// "the anonymous token includes the Everyone Group SID" only if a policy says so: Win32 page of
// ImpersonateAnonymousToken.
Result<TOKEN*> create_anonymous_token() {
    TokenParts p;
    p.type = TokenImpersonation;
    p.level = SecurityImpersonation;
    std::memcpy(p.source.SourceName, "*SYSTEM*", 8);
    p.authentication = anonymous_logon;
    p.sids = {{sids::anonymous, 0}};
    add_integrity(p, SECURITY_MANDATORY_UNTRUSTED_RID);
    p.primary_group = sids::anonymous;
    p.dacl = acl_of({{GENERIC_ALL, sids::world}, {GENERIC_ALL, sids::anonymous}});
    return create_token(p);
}

Result<TOKEN*> create_user_token(User user) {
    TokenParts parts = user == User::system ? system_parts() : interactive_parts(user);
    return create_token(parts);
}

} // namespace nt::se
