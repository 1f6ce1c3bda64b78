// Lists by what they are meant to say: Win32 pages of SetEntriesInAcl, BuildExplicitAccessWithName,
// BuildTrusteeWithSid, EXPLICIT_ACCESS, TRUSTEE.
#include "security.h"

namespace nt {

extern "C" BOOL LookupAccountNameW(const WCHAR* system, const WCHAR* name, SID* sid, DWORD* sid_size,
                                   WCHAR* domain, DWORD* domain_size, DWORD* use);

using namespace security;

namespace {

enum Mode : DWORD { grant_access = 1, set_access, deny_access, revoke_access, audit_success, audit_failure };
enum Form : DWORD { is_sid, is_name };

template <class C> struct Trustee {
    Trustee* multiple;
    DWORD operation;
    DWORD form;
    DWORD type;
    C* name; // or a SID
};
template <class C> struct ExplicitAccess {
    DWORD permissions;
    DWORD mode;
    DWORD inheritance;
    Trustee<C> trustee;
};

DWORD own_sid(AnySid& to) {
    HANDLE token;
    ULONGLONG room[16];
    ULONG length;
    NTSTATUS status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token);
    if (NT_SUCCESS(status)) {
        status = NtQueryInformationToken(token, TokenUser, room, sizeof room, &length);
        NtClose(token);
    }
    if (NT_SUCCESS(status))
        status = rtl::copy_sid(sizeof to, to.sid(),
                               static_cast<const SID*>(reinterpret_cast<SID_AND_ATTRIBUTES*>(room)->Sid));
    return NT_SUCCESS(status) ? ERROR_SUCCESS : RtlNtStatusToDosErrorNoTeb(status);
}

DWORD named_sid(const WCHAR* name, AnySid& to) {
    WCHAR domain[64];
    DWORD size = sizeof to, length = 64, use;
    constexpr WCHAR current[] = u"CURRENT_USER";
    SIZE_T i = 0;
    while (current[i] && name[i] == current[i])
        ++i;
    if (!current[i] && !name[i]) return own_sid(to);
    return LookupAccountNameW(nullptr, name, to.sid(), &size, domain, &length, &use) ? ERROR_SUCCESS
                                                                                     : ERROR_NONE_MAPPED;
}
DWORD named_sid(const CHAR* name, AnySid& to) {
    const k32::Wide wide(name);
    return wide.ok() ? named_sid(wide.get(), to) : DWORD(ERROR_NOT_ENOUGH_MEMORY);
}

template <class C> DWORD sid_of(const Trustee<C>& trustee, AnySid& to) {
    if (trustee.multiple || trustee.operation) return ERROR_INVALID_PARAMETER; // "not currently supported"
    if (!trustee.name) return ERROR_INVALID_PARAMETER;
    if (trustee.form == is_name) return named_sid(trustee.name, to);
    if (trustee.form != is_sid) k32::stop("SetEntriesInAcl (trustees with object types)");
    const auto* sid = reinterpret_cast<const SID*>(trustee.name);
    if (!rtl::valid_sid(sid)) return ERROR_INVALID_SID;
    rtl::copy_sid(sizeof to, to.sid(), sid);
    return ERROR_SUCCESS;
}

ACE_HEADER* ace_at(ACL* acl, ULONG index) {
    void* ace = nullptr;
    return NT_SUCCESS(rtl::get_ace(acl, index, &ace)) ? static_cast<ACE_HEADER*>(ace) : nullptr;
}
// Entries of this trustee that are the list's own: inherited ones are not touched.
bool is_of(const ACE_HEADER* ace, const SID* sid, UCHAR type) {
    return ace->AceType == type && !(ace->AceFlags & INHERITED_ACE) &&
           rtl::equal_sid(rtl::sid_of_ace(ace), sid);
}
void remove(ACL* acl, const SID* sid, UCHAR type) {
    for (ULONG i = 0; ACE_HEADER* ace = ace_at(acl, i);)
        if (is_of(ace, sid, type))
            rtl::delete_ace(acl, i);
        else
            ++i;
}

// A new entry at its place: denials first, grants before the grants that are there, audits at the end. With
// what the trustee has already by entries that are inherited in the same way.
NTSTATUS put(ACL* acl, UCHAR type, UCHAR flags, ACCESS_MASK mask, const SID* sid) {
    for (ULONG i = 0; ACE_HEADER* ace = ace_at(acl, i); ++i)
        if (is_of(ace, sid, type) && ace->AceFlags == flags) {
            mask |= reinterpret_cast<ACCESS_ALLOWED_ACE*>(ace)->Mask;
            rtl::delete_ace(acl, i);
            break;
        }
    ULONG index = 0;
    if (type != ACCESS_DENIED_ACE_TYPE)
        while (ACE_HEADER* ace = ace_at(acl, index)) {
            if (type == ACCESS_ALLOWED_ACE_TYPE && ace->AceType == type) break;
            ++index;
        }
    struct {
        ACCESS_ALLOWED_ACE ace;
        ULONG more[17];
    } made{};
    const ULONG size = 8 + rtl::length_sid(sid);
    made.ace.Header = {type, flags, USHORT(size)};
    made.ace.Mask = mask;
    rtl::copy_sid(sizeof made - 8, reinterpret_cast<SID*>(&made.ace.SidStart), sid);
    return rtl::add_aces(acl, acl->AclRevision, index, &made, size);
}

NTSTATUS apply(ACL* acl, DWORD permissions, DWORD mode, DWORD inheritance, const SID* sid) {
    const auto flags = UCHAR(inheritance & VALID_INHERIT_FLAGS);
    switch (mode) {
    case set_access: // "discarding any existing access control information"
        remove(acl, sid, ACCESS_DENIED_ACE_TYPE);
        remove(acl, sid, ACCESS_ALLOWED_ACE_TYPE);
        return put(acl, ACCESS_ALLOWED_ACE_TYPE, flags, permissions, sid);
    case grant_access:
        return put(acl, ACCESS_ALLOWED_ACE_TYPE, flags, permissions, sid);
    case deny_access:
        return put(acl, ACCESS_DENIED_ACE_TYPE, flags, permissions, sid);
    case revoke_access:
        remove(acl, sid, ACCESS_ALLOWED_ACE_TYPE);
        remove(acl, sid, SYSTEM_AUDIT_ACE_TYPE);
        return STATUS_SUCCESS;
    case audit_success:
        return put(acl, SYSTEM_AUDIT_ACE_TYPE, flags | 0x40, permissions, sid);
    case audit_failure:
        return put(acl, SYSTEM_AUDIT_ACE_TYPE, flags | 0x80, permissions, sid);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

// assumed: rights that are granted stay denied if they were; the page says "combines".
template <class C>
DWORD set_entries(ULONG count, const ExplicitAccess<C>* entries, const ACL* old, ACL** made) {
    if (!made || (count && !entries)) return ERROR_INVALID_PARAMETER;
    *made = nullptr;
    if (old && !rtl::valid_acl(old)) return ERROR_INVALID_ACL;
    if (!count && !old) return ERROR_SUCCESS;
    ULONG room = (old ? old->AclSize : sizeof(ACL)) + count * (8 + 68);
    if (room > 0xfffc) room = 0xfffc;
    auto* acl = static_cast<ACL*>(local_allocate(room));
    if (!acl) return ERROR_NOT_ENOUGH_MEMORY;
    rtl::create_acl(acl, room, old ? old->AclRevision : ACL_REVISION);
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; old && i < old->AceCount && NT_SUCCESS(status); ++i) {
        void* ace;
        rtl::get_ace(old, i, &ace);
        status = rtl::add_aces(acl, old->AclRevision, ~0u, ace, static_cast<ACE_HEADER*>(ace)->AceSize);
    }
    DWORD error = ERROR_SUCCESS;
    for (ULONG i = 0; i < count && NT_SUCCESS(status) && !error; ++i) {
        AnySid sid;
        error = sid_of(entries[i].trustee, sid);
        if (!error)
            status = apply(acl, entries[i].permissions, entries[i].mode, entries[i].inheritance, sid.sid());
    }
    if (!NT_SUCCESS(status)) error = RtlNtStatusToDosErrorNoTeb(status);
    if (error) {
        k32::heap_free(acl);
        return error;
    }
    void* end = nullptr; // the size is what the entries need
    if (rtl::first_free_ace(acl, &end) && end)
        acl->AclSize = USHORT(static_cast<UCHAR*>(end) - reinterpret_cast<UCHAR*>(acl));
    *made = acl;
    return ERROR_SUCCESS;
}

template <class C>
void build(ExplicitAccess<C>* to, C* name, DWORD permissions, DWORD mode, DWORD inheritance) {
    *to = {permissions, mode, inheritance, {nullptr, 0, is_name, 0, name}};
}

} // namespace

extern "C" {

DWORD SetEntriesInAclW(ULONG count, const ExplicitAccess<WCHAR>* entries, const ACL* old, ACL** made) {
    return set_entries(count, entries, old, made);
}
DWORD SetEntriesInAclA(ULONG count, const ExplicitAccess<CHAR>* entries, const ACL* old, ACL** made) {
    return set_entries(count, entries, old, made);
}
void BuildExplicitAccessWithNameW(ExplicitAccess<WCHAR>* to, WCHAR* name, DWORD permissions, DWORD mode,
                                  DWORD inheritance) {
    build(to, name, permissions, mode, inheritance);
}
void BuildExplicitAccessWithNameA(ExplicitAccess<CHAR>* to, CHAR* name, DWORD permissions, DWORD mode,
                                  DWORD inheritance) {
    build(to, name, permissions, mode, inheritance);
}
void BuildTrusteeWithNameW(Trustee<WCHAR>* to, WCHAR* name) { *to = {nullptr, 0, is_name, 0, name}; }
void BuildTrusteeWithNameA(Trustee<CHAR>* to, CHAR* name) { *to = {nullptr, 0, is_name, 0, name}; }
void BuildTrusteeWithSidW(Trustee<WCHAR>* to, PSID sid) {
    *to = {nullptr, 0, is_sid, 0, static_cast<WCHAR*>(sid)};
}
void BuildTrusteeWithSidA(Trustee<CHAR>* to, PSID sid) {
    *to = {nullptr, 0, is_sid, 0, static_cast<CHAR*>(sid)};
}

} // extern "C"
} // namespace nt
