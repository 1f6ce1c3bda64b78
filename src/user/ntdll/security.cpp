// Security as data, as the kernel's functions of the same names: nf-wdm-rtlcreatesecuritydescriptor,
// nf-ntifs-rtlcreateacl, nf-ntifs-rtllengthsid … Bodies are in src/rtl, allocation is here.
#include "rtl/security.h"
#include "abi/se.h"
#include "abi/token.h"
#include "internal.h"

namespace nt {

namespace {

constexpr ACCESS_MASK generic = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;

NTSTATUS add(ACL* acl, ULONG revision, UCHAR type, ULONG flags, ACCESS_MASK mask, const SID* sid) {
    return rtl::add_ace(acl, revision, type, flags, mask, sid);
}

} // namespace

extern "C" {

BOOLEAN NTAPI RtlValidSid(const SID* sid) { return rtl::valid_sid(sid); }
ULONG NTAPI RtlLengthSid(const SID* sid) { return rtl::length_sid(sid); }
ULONG NTAPI RtlLengthRequiredSid(ULONG count) { return rtl::length_required_sid(count); }
BOOLEAN NTAPI RtlEqualSid(const SID* a, const SID* b) { return rtl::equal_sid(a, b); }
BOOLEAN NTAPI RtlEqualPrefixSid(const SID* a, const SID* b) { return rtl::equal_prefix_sid(a, b); }
NTSTATUS NTAPI RtlCopySid(ULONG size, SID* to, const SID* from) { return rtl::copy_sid(size, to, from); }
NTSTATUS NTAPI RtlInitializeSid(SID* sid, const SID_IDENTIFIER_AUTHORITY* authority, UCHAR count) {
    if (count > 15) return STATUS_INVALID_PARAMETER;
    sid->Revision = 1;
    sid->SubAuthorityCount = count;
    sid->IdentifierAuthority = *authority;
    return STATUS_SUCCESS;
}
SID_IDENTIFIER_AUTHORITY* NTAPI RtlIdentifierAuthoritySid(SID* sid) { return &sid->IdentifierAuthority; }
ULONG* NTAPI RtlSubAuthoritySid(SID* sid, ULONG index) { return &sid->SubAuthority[index]; }
UCHAR* NTAPI RtlSubAuthorityCountSid(SID* sid) { return &sid->SubAuthorityCount; }
// "Reserved for system use" by its page. assumed: as the documented AllocateAndInitializeSid, whose statuses
// these are.
NTSTATUS NTAPI RtlAllocateAndInitializeSid(const SID_IDENTIFIER_AUTHORITY* authority, UCHAR count, ULONG s0,
                                           ULONG s1, ULONG s2, ULONG s3, ULONG s4, ULONG s5, ULONG s6,
                                           ULONG s7, PSID* sid) {
    if (count > 8) return STATUS_INVALID_SID;
    auto* made = static_cast<SID*>(RtlAllocateHeap(process_heap(), 0, rtl::length_required_sid(count)));
    if (!made) return STATUS_NO_MEMORY;
    RtlInitializeSid(made, authority, count);
    const ULONG all[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
    for (UCHAR i = 0; i < count; ++i)
        made->SubAuthority[i] = all[i];
    *sid = made;
    return STATUS_SUCCESS;
}
PVOID NTAPI RtlFreeSid(PSID sid) {
    release(sid);
    return nullptr;
}
NTSTATUS NTAPI RtlConvertSidToUnicodeString(UNICODE_STRING* to, const SID* sid, BOOLEAN allocate) {
    WCHAR text[256];
    const ULONG n = rtl::sid_to_string(sid, text);
    if (!n) return STATUS_INVALID_SID;
    const auto bytes = static_cast<USHORT>(n * sizeof(WCHAR));
    if (allocate) {
        auto* buffer = static_cast<WCHAR*>(RtlAllocateHeap(process_heap(), 0, bytes + sizeof(WCHAR)));
        if (!buffer) return STATUS_NO_MEMORY;
        *to = {0, static_cast<USHORT>(bytes + sizeof(WCHAR)), buffer};
    }
    if (bytes + sizeof(WCHAR) > to->MaximumLength) return STATUS_BUFFER_OVERFLOW;
    __builtin_memcpy(to->Buffer, text, bytes);
    to->Buffer[n] = 0;
    to->Length = bytes;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCreateAcl(ACL* acl, ULONG size, ULONG revision) {
    return rtl::create_acl(acl, size, revision);
}
BOOLEAN NTAPI RtlValidAcl(const ACL* acl) { return rtl::valid_acl(acl); }
NTSTATUS NTAPI RtlAddAccessAllowedAce(ACL* acl, ULONG revision, ACCESS_MASK mask, const SID* sid) {
    return add(acl, revision, ACCESS_ALLOWED_ACE_TYPE, 0, mask, sid);
}
NTSTATUS NTAPI RtlAddAccessAllowedAceEx(ACL* acl, ULONG revision, ULONG flags, ACCESS_MASK mask,
                                        const SID* sid) {
    return add(acl, revision, ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid);
}
NTSTATUS NTAPI RtlAddAccessDeniedAce(ACL* acl, ULONG revision, ACCESS_MASK mask, const SID* sid) {
    return add(acl, revision, ACCESS_DENIED_ACE_TYPE, 0, mask, sid);
}
NTSTATUS NTAPI RtlAddAccessDeniedAceEx(ACL* acl, ULONG revision, ULONG flags, ACCESS_MASK mask,
                                       const SID* sid) {
    return add(acl, revision, ACCESS_DENIED_ACE_TYPE, flags, mask, sid);
}
NTSTATUS NTAPI RtlAddMandatoryAce(ACL* acl, ULONG revision, ULONG flags, SID* sid, UCHAR type,
                                  ACCESS_MASK mask) {
    return type == SYSTEM_MANDATORY_LABEL_ACE_TYPE ? add(acl, revision, type, flags, mask, sid)
                                                   : STATUS_INVALID_PARAMETER;
}
NTSTATUS NTAPI RtlAddAce(ACL* acl, ULONG revision, ULONG index, const void* list, ULONG length) {
    return rtl::add_aces(acl, revision, index, list, length);
}
NTSTATUS NTAPI RtlDeleteAce(ACL* acl, ULONG index) { return rtl::delete_ace(acl, index); }
NTSTATUS NTAPI RtlGetAce(const ACL* acl, ULONG index, PVOID* ace) { return rtl::get_ace(acl, index, ace); }
BOOLEAN NTAPI RtlFirstFreeAce(const ACL* acl, PVOID* ace) { return rtl::first_free_ace(acl, ace); }

NTSTATUS NTAPI RtlCreateSecurityDescriptor(PVOID d, ULONG revision) {
    return rtl::create_descriptor(d, revision);
}
BOOLEAN NTAPI RtlValidSecurityDescriptor(const void* d) { return rtl::valid_descriptor(d); }
BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(const void* d, ULONG size, ULONG required) {
    return rtl::valid_relative_descriptor(d, size, required);
}
ULONG NTAPI RtlLengthSecurityDescriptor(const void* d) { return rtl::length_descriptor(d); }
NTSTATUS NTAPI RtlGetControlSecurityDescriptor(const void* d, USHORT* control, ULONG* revision) {
    const auto& head = *static_cast<const SECURITY_DESCRIPTOR*>(d);
    *revision = head.Revision;
    if (head.Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    *control = head.Control;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PVOID d, BOOLEAN present, ACL* acl, BOOLEAN defaulted) {
    return rtl::set_dacl(d, present, acl, defaulted);
}
NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PVOID d, BOOLEAN present, ACL* acl, BOOLEAN defaulted) {
    return rtl::set_sacl(d, present, acl, defaulted);
}
NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PVOID d, SID* sid, BOOLEAN defaulted) {
    return rtl::set_owner(d, sid, defaulted);
}
NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PVOID d, SID* sid, BOOLEAN defaulted) {
    return rtl::set_group(d, sid, defaulted);
}
NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(const void* d, BOOLEAN* present, ACL** acl, BOOLEAN* defaulted) {
    return rtl::get_dacl(d, present, acl, defaulted);
}
NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(const void* d, BOOLEAN* present, ACL** acl, BOOLEAN* defaulted) {
    return rtl::get_sacl(d, present, acl, defaulted);
}
NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(const void* d, SID** sid, BOOLEAN* defaulted) {
    return rtl::get_owner(d, sid, defaulted);
}
NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(const void* d, SID** sid, BOOLEAN* defaulted) {
    return rtl::get_group(d, sid, defaulted);
}
NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(const void* from, PVOID to, ULONG* size) {
    return rtl::absolute_to_relative(from, to, size);
}
NTSTATUS NTAPI RtlSelfRelativeToAbsoluteSD(const void* from, PVOID to, ULONG* size, ACL* dacl,
                                           ULONG* dacl_size, ACL* sacl, ULONG* sacl_size, SID* owner,
                                           ULONG* owner_size, SID* group, ULONG* group_size) {
    return rtl::relative_to_absolute(
        from, {to, size, dacl, dacl_size, sacl, sacl_size, owner, owner_size, group, group_size});
}

void NTAPI RtlMapGenericMask(ACCESS_MASK* mask, const GENERIC_MAPPING* mapping) {
    ACCESS_MASK mapped = *mask & ~generic;
    if (*mask & GENERIC_READ) mapped |= mapping->GenericRead;
    if (*mask & GENERIC_WRITE) mapped |= mapping->GenericWrite;
    if (*mask & GENERIC_EXECUTE) mapped |= mapping->GenericExecute;
    if (*mask & GENERIC_ALL) mapped |= mapping->GenericAll;
    *mask = mapped;
}
BOOLEAN NTAPI RtlAreAllAccessesGranted(ACCESS_MASK granted, ACCESS_MASK desired) {
    return (desired & ~granted) == 0;
}
BOOLEAN NTAPI RtlAreAnyAccessesGranted(ACCESS_MASK granted, ACCESS_MASK desired) {
    return (desired & granted) != 0;
}

// No page names it. assumed: what programs that load drivers use it for
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG privilege, BOOLEAN enable, BOOLEAN of_thread, BOOLEAN* was_enabled) {
    HANDLE token;
    constexpr ACCESS_MASK access = TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY;
    NTSTATUS status = of_thread ? NtOpenThreadToken(NtCurrentThread(), access, FALSE, &token)
                                : NtOpenProcessToken(NtCurrentProcess(), access, &token);
    if (!NT_SUCCESS(status)) return status;
    const TOKEN_PRIVILEGES wanted{1, {{{privilege, 0}, enable ? SE_PRIVILEGE_ENABLED : 0}}};
    TOKEN_PRIVILEGES before{1, {}};
    ULONG needed;
    status = NtAdjustPrivilegesToken(token, FALSE, &wanted, sizeof before, &before, &needed);
    NtClose(token);
    if (status == STATUS_NOT_ALL_ASSIGNED) return STATUS_PRIVILEGE_NOT_HELD;
    if (!NT_SUCCESS(status)) return status;
    // What has not changed is not among the former states.
    const bool was = before.PrivilegeCount ? before.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED : enable;
    *was_enabled = was;
    return status;
}

} // extern "C"

} // namespace nt
