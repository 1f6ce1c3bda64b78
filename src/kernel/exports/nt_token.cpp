// Opening and asking tokens: ntifs pages nf-ntifs-ntopenprocesstokenex, nf-ntifs-ntopenthreadtokenex,
// nf-ntifs-ntqueryinformationtoken, nf-ntifs-ntsetinformationtoken, nf-ntifs-ntduplicatetoken.
#include "abi/status.h"
#include "abi/token_access.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/process_handle.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/exports/token_handle.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/linked.h"
#include "kernel/se/subject.h"
#include "rtl/security.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

NTSTATUS give(HANDLE* to, const Result<HANDLE>& made) {
    if (!made) return made.error();
    if (write_parameter(to, *made)) return STATUS_SUCCESS;
    ob::close_handle(*made, previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

// A list from the caller's memory.
NTSTATUS read_acl(const ACL* from, std::vector<UCHAR>& acl) {
    ACL head;
    if (!read_parameter(from, head)) return STATUS_ACCESS_VIOLATION;
    if (head.AclSize < sizeof head) return STATUS_INVALID_ACL;
    acl.resize(head.AclSize);
    if (!copy_in(acl.data(), from, acl.size())) return STATUS_ACCESS_VIOLATION;
    const auto* copy = reinterpret_cast<const ACL*>(acl.data());
    return copy->AclSize == acl.size() && rtl::valid_acl(copy) ? STATUS_SUCCESS : STATUS_INVALID_ACL;
}
NTSTATUS read_sid(const void* from, se::SidValue& sid) {
    if (!copy_in(&sid, from, 8)) return STATUS_ACCESS_VIOLATION;
    if (!rtl::valid_sid(sid.sid())) return STATUS_INVALID_SID;
    return copy_in(&sid, from, rtl::length_sid(sid.sid())) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// What a handle of the caller's grants.
NTSTATUS handle_information(HANDLE handle, OBJECT_HANDLE_INFORMATION& information) {
    PVOID object;
    const NTSTATUS status =
        ob::reference_by_handle(handle, 0, nullptr, previous_mode(), &object, &information);
    if (NT_SUCCESS(status)) ob::dereference(object);
    return status;
}

} // namespace

extern "C" NTSTATUS NtOpenProcessTokenEx(HANDLE process, ACCESS_MASK desired, ULONG attributes,
                                         HANDLE* handle) {
    TargetProcess target;
    if (const NTSTATUS status = target.open(process, PROCESS_QUERY_LIMITED_INFORMATION, false);
        !NT_SUCCESS(status))
        return status;
    TOKEN* token = se::primary_token(&*target);
    return give(handle,
                ob::open_by_pointer(token, attributes, nullptr, desired, se::token_type, previous_mode()));
}
GATE(NtOpenProcessTokenEx);
extern "C" NTSTATUS NtOpenProcessToken(HANDLE process, ACCESS_MASK desired, HANDLE* handle) {
    return NtOpenProcessTokenEx(process, desired, 0, handle);
}
GATE(NtOpenProcessToken);

extern "C" NTSTATUS NtOpenThreadTokenEx(HANDLE thread, ACCESS_MASK desired, BOOLEAN as_self, ULONG attributes,
                                        HANDLE* handle) {
    TargetThread target(thread, THREAD_QUERY_INFORMATION);
    if (!NT_SUCCESS(target.status)) return target.status;
    const se::Impersonation client = se::impersonation_of(*target);
    if (!client.token) return STATUS_NO_TOKEN;
    if (client.level == SecurityAnonymous) return STATUS_CANT_OPEN_ANONYMOUS;
    // nf-ntifs-psimpersonateclient, CopyOnOpen: "the token must be duplicated, and the duplicate token used
    // instead". assumed: the thread keeps its own.
    TOKEN* token = client.token;
    if (client.copy_on_open)
        token = TRY_STATUS(
            se::duplicate_token(*client.token, TokenImpersonation, client.level, client.effective_only));
    else
        ob::reference(token);
    // "OpenAsSelf": checked against the process, so that a thread that only identifies can see whom.
    ETHREAD& self = se::current_thread_body();
    const PVOID own = self.ClientSecurity;
    if (as_self) self.ClientSecurity = nullptr;
    const auto made =
        ob::open_by_pointer(token, attributes, nullptr, desired, se::token_type, previous_mode());
    self.ClientSecurity = own;
    ob::dereference(token);
    return give(handle, made);
}
GATE(NtOpenThreadTokenEx);
extern "C" NTSTATUS NtOpenThreadToken(HANDLE thread, ACCESS_MASK desired, BOOLEAN as_self, HANDLE* handle) {
    return NtOpenThreadTokenEx(thread, desired, as_self, 0, handle);
}
GATE(NtOpenThreadToken);

// A handle to the other token of an administrator. assumed: it grants everything, as the caller's own would.
static NTSTATUS query_linked_token(const TOKEN& token, PVOID to, ULONG length, ULONG* needed) {
    const KPROCESSOR_MODE mode = previous_mode();
    auto made = se::create_linked_token(token, se::check_privilege(SE_TCB_PRIVILEGE, mode));
    if (!made) return made.error();
    HANDLE handle = nullptr;
    NTSTATUS status = write_parameter(needed, static_cast<ULONG>(sizeof(TOKEN_LINKED_TOKEN)))
                          ? STATUS_SUCCESS
                          : STATUS_ACCESS_VIOLATION;
    if (NT_SUCCESS(status) && length < sizeof(TOKEN_LINKED_TOKEN)) status = STATUS_BUFFER_TOO_SMALL;
    if (!NT_SUCCESS(status)) {
        ob::dereference(*made);
        return status;
    }
    status = ob::insert(*made, ob::Attributes{}, mode, TOKEN_ALL_ACCESS, &handle);
    return NT_SUCCESS(status) ? give(static_cast<HANDLE*>(to), Result<HANDLE>(handle)) : status;
}

extern "C" NTSTATUS NtQueryInformationToken(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                                            ULONG* needed) {
    if (!write_parameter(needed, 0)) return STATUS_ACCESS_VIOLATION;
    TokenReference of(handle, information_class == TokenSource ? TOKEN_QUERY_SOURCE : TOKEN_QUERY);
    if (!NT_SUCCESS(of.status)) return of.status;
    // "there is no default DACL established for the token … ReturnLength receives zero"
    if (information_class == TokenDefaultDacl && !of.token->DefaultDacl) return STATUS_SUCCESS;
    if (information_class == TokenLinkedToken) return query_linked_token(*of.token, to, length, needed);
    std::vector<UCHAR> bytes;
    const NTSTATUS status =
        se::token_information(*of.token, information_class, reinterpret_cast<ULONG_PTR>(to), bytes);
    if (!NT_SUCCESS(status)) return status;
    if (!write_parameter(needed, static_cast<ULONG>(bytes.size()))) return STATUS_ACCESS_VIOLATION;
    if (length < bytes.size()) return STATUS_BUFFER_TOO_SMALL;
    return copy_out(to, bytes.data(), bytes.size()) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryInformationToken);

namespace {

// What a token sets aside for its default list and primary group.
constexpr ULONG dynamic_room = 0x1000;

NTSTATUS set_owner(TOKEN& token, const void* from) {
    PSID at;
    se::SidValue sid;
    if (!read_parameter(static_cast<PSID const*>(from), at)) return STATUS_ACCESS_VIOLATION;
    if (const NTSTATUS status = read_sid(at, sid); !NT_SUCCESS(status)) return status;
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i)
        if (rtl::equal_sid(static_cast<const SID*>(token.UserAndGroups[i].Sid), sid.sid()) &&
            se::may_own(token, sid.sid())) {
            token.DefaultOwnerIndex = i;
            return STATUS_SUCCESS;
        }
    return STATUS_INVALID_OWNER;
}

NTSTATUS set_primary_group(TOKEN& token, const void* from) {
    PSID at;
    se::SidValue sid;
    if (!read_parameter(static_cast<PSID const*>(from), at)) return STATUS_ACCESS_VIOLATION;
    if (const NTSTATUS status = read_sid(at, sid); !NT_SUCCESS(status)) return status;
    if (!se::is_in(token.UserAndGroups, token.UserAndGroupCount, sid.sid()))
        return STATUS_INVALID_PRIMARY_GROUP;
    std::memcpy(token.PrimaryGroup, &sid, rtl::length_sid(sid.sid()));
    return STATUS_SUCCESS;
}

NTSTATUS set_default_dacl(TOKEN& token, const void* from) {
    ACL* at;
    if (!read_parameter(static_cast<ACL* const*>(from), at)) return STATUS_ACCESS_VIOLATION;
    if (!at) return se::set_default_dacl(token, nullptr);
    std::vector<UCHAR> acl;
    if (const NTSTATUS status = read_acl(at, acl); !NT_SUCCESS(status)) return status;
    if (acl.size() + rtl::length_sid(static_cast<const SID*>(token.PrimaryGroup)) > dynamic_room)
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    return se::set_default_dacl(token, reinterpret_cast<const ACL*>(acl.data()));
}

// Down for anybody who may adjust the token; up only with SeTcbPrivilege (SeRelabelPrivilege changes objects
// only).
NTSTATUS set_integrity(TOKEN& token, const void* from) {
    SID_AND_ATTRIBUTES label;
    se::SidValue sid;
    if (!read_parameter(static_cast<const SID_AND_ATTRIBUTES*>(from), label)) return STATUS_ACCESS_VIOLATION;
    if (const NTSTATUS status = read_sid(label.Sid, sid); !NT_SUCCESS(status)) return status;
    if (sid.authority[5] != 16 || sid.count != 1) return STATUS_INVALID_SID;
    if (sid.sub[0] > se::integrity_level(token) && !se::check_privilege(SE_TCB_PRIVILEGE, previous_mode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    std::memcpy(token.UserAndGroups[token.IntegrityLevelIndex].Sid, &sid, rtl::length_sid(sid.sid()));
    return STATUS_SUCCESS;
}

NTSTATUS set_session(TOKEN& token, const void* from) {
    ULONG session;
    if (!read_parameter(static_cast<const ULONG*>(from), session)) return STATUS_ACCESS_VIOLATION;
    if (!se::check_privilege(SE_TCB_PRIVILEGE, previous_mode())) return STATUS_PRIVILEGE_NOT_HELD;
    token.SessionId = session;
    return STATUS_SUCCESS;
}

NTSTATUS set_mandatory_policy(TOKEN& token, const void* from) {
    ULONG policy;
    if (!read_parameter(static_cast<const ULONG*>(from), policy)) return STATUS_ACCESS_VIOLATION;
    constexpr ULONG valid = TOKEN_MANDATORY_POLICY_NO_WRITE_UP | TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN;
    if (policy & ~valid) return STATUS_INVALID_PARAMETER;
    if (!se::check_privilege(SE_TCB_PRIVILEGE, previous_mode())) return STATUS_PRIVILEGE_NOT_HELD;
    token.MandatoryPolicy = policy;
    return STATUS_SUCCESS;
}

NTSTATUS set_origin(TOKEN& token, const void* from) {
    LUID origin;
    if (!read_parameter(static_cast<const LUID*>(from), origin)) return STATUS_ACCESS_VIOLATION;
    if (!se::check_privilege(SE_TCB_PRIVILEGE, previous_mode())) return STATUS_PRIVILEGE_NOT_HELD;
    if (!token.OriginatingLogonSession.LowPart) token.OriginatingLogonSession = origin;
    return STATUS_SUCCESS;
}

struct Setter {
    ULONG information_class, length;
    ACCESS_MASK access;
    NTSTATUS (*set)(TOKEN& token, const void* from);
};
constexpr Setter setters[] = {
    {TokenOwner, sizeof(PSID), TOKEN_ADJUST_DEFAULT, set_owner},
    {TokenPrimaryGroup, sizeof(PSID), TOKEN_ADJUST_DEFAULT, set_primary_group},
    {TokenDefaultDacl, sizeof(PVOID), TOKEN_ADJUST_DEFAULT, set_default_dacl},
    {TokenIntegrityLevel, sizeof(SID_AND_ATTRIBUTES), TOKEN_ADJUST_DEFAULT, set_integrity},
    {TokenSessionId, sizeof(ULONG), TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_SESSIONID, set_session},
    {TokenOrigin, sizeof(LUID), TOKEN_ADJUST_DEFAULT, set_origin},
    {TokenMandatoryPolicy, sizeof(ULONG), TOKEN_ADJUST_DEFAULT, set_mandatory_policy},
};

} // namespace

extern "C" NTSTATUS NtSetInformationToken(HANDLE handle, ULONG information_class, const void* from,
                                          ULONG length) {
    const Setter* setter = nullptr;
    for (const Setter& s : setters)
        if (s.information_class == information_class) setter = &s;
    if (!setter) return STATUS_INVALID_INFO_CLASS;
    if (length < setter->length) return STATUS_INFO_LENGTH_MISMATCH;
    TokenReference of(handle, setter->access);
    if (!NT_SUCCESS(of.status)) return of.status;
    const NTSTATUS status = setter->set(*of.token, from);
    if (NT_SUCCESS(status)) se::modified(*of.token);
    return status;
}
GATE(NtSetInformationToken);

extern "C" NTSTATUS NtDuplicateToken(HANDLE existing, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given,
                                     BOOLEAN effective_only, ULONG type, HANDLE* handle) {
    const KPROCESSOR_MODE mode = previous_mode();
    if (type != TokenPrimary && type != TokenImpersonation) return STATUS_INVALID_PARAMETER;
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    TokenReference of(existing, TOKEN_DUPLICATE);
    if (!NT_SUCCESS(of.status)) return of.status;
    OBJECT_HANDLE_INFORMATION had{};
    if (const NTSTATUS status = handle_information(existing, had); !NT_SUCCESS(status)) return status;
    SECURITY_IMPERSONATION_LEVEL level =
        of.token->TokenType == TokenImpersonation ? of.token->ImpersonationLevel : SecurityImpersonation;
    if (attributes.security_qos) {
        SECURITY_QUALITY_OF_SERVICE qos;
        if (!read_parameter(static_cast<const SECURITY_QUALITY_OF_SERVICE*>(attributes.security_qos), qos))
            return STATUS_ACCESS_VIOLATION;
        if (qos.Length < sizeof qos) return STATUS_INVALID_PARAMETER;
        level = qos.ImpersonationLevel;
    }
    if (type == TokenImpersonation && level > SecurityDelegation) return STATUS_BAD_IMPERSONATION_LEVEL;
    auto made = se::duplicate_token(*of.token, static_cast<TOKEN_TYPE>(type), level, effective_only != FALSE);
    if (!made) return made.error();
    // The new token is the caller's, who gets what it asks for; nothing asked: what the old handle had.
    if (attributes.security_descriptor) ob::share_security(*made, nullptr);
    HANDLE result = nullptr;
    const NTSTATUS status =
        ob::insert(*made, attributes, mode, desired ? desired : had.GrantedAccess, &result);
    return NT_SUCCESS(status) ? give(handle, Result<HANDLE>(result)) : status;
}
GATE(NtDuplicateToken);

extern "C" NTSTATUS NtFilterToken(HANDLE existing, ULONG flags, const TOKEN_GROUPS* disable,
                                  const TOKEN_PRIVILEGES* remove, const TOKEN_GROUPS* restricting,
                                  HANDLE* handle) {
    se::Filter filter{flags, {}, 0, restricting != nullptr, {}};
    const auto read_groups = [](const TOKEN_GROUPS* from, std::vector<se::SidValue>& to, bool plain) {
        ULONG count;
        if (!from) return STATUS_SUCCESS;
        if (!read_parameter(&from->GroupCount, count)) return STATUS_ACCESS_VIOLATION;
        if (count > 1024) return STATUS_INVALID_PARAMETER;
        for (ULONG i = 0; i < count; ++i) {
            SID_AND_ATTRIBUTES group;
            se::SidValue sid;
            if (!read_parameter(&from->Groups[i], group)) return STATUS_ACCESS_VIOLATION;
            if (plain && group.Attributes) return STATUS_INVALID_PARAMETER;
            if (const NTSTATUS status = read_sid(group.Sid, sid); !NT_SUCCESS(status)) return status;
            to.push_back(sid);
        }
        return STATUS_SUCCESS;
    };
    if (const NTSTATUS status = read_groups(disable, filter.disable, false); !NT_SUCCESS(status))
        return status;
    if (const NTSTATUS status = read_groups(restricting, filter.restricting, true); !NT_SUCCESS(status))
        return status;
    if (remove) {
        ULONG count;
        if (!read_parameter(&remove->PrivilegeCount, count)) return STATUS_ACCESS_VIOLATION;
        if (count > 1024) return STATUS_INVALID_PARAMETER;
        for (ULONG i = 0; i < count; ++i) {
            LUID_AND_ATTRIBUTES one;
            if (!read_parameter(&remove->Privileges[i], one)) return STATUS_ACCESS_VIOLATION;
            if (one.Luid.HighPart == 0 && one.Luid.LowPart < 64)
                filter.remove_privileges |= 1ull << one.Luid.LowPart;
        }
    }
    TokenReference of(existing, TOKEN_DUPLICATE);
    if (!NT_SUCCESS(of.status)) return of.status;
    OBJECT_HANDLE_INFORMATION had{};
    if (const NTSTATUS status = handle_information(existing, had); !NT_SUCCESS(status)) return status;
    auto made = se::filter_token(*of.token, filter);
    if (!made) return made.error();
    HANDLE result = nullptr;
    const NTSTATUS status = ob::insert(*made, ob::Attributes{}, previous_mode(), had.GrantedAccess, &result);
    return NT_SUCCESS(status) ? give(handle, Result<HANDLE>(result)) : status;
}
GATE(NtFilterToken);
