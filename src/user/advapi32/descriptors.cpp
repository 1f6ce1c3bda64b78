// Lists and descriptors as data, and as text: Win32 pages of InitializeAcl, AddAccessAllowedAce,
// InitializeSecurityDescriptor, MakeAbsoluteSD, ConvertStringSecurityDescriptorToSecurityDescriptor …
#include "security.h"

namespace nt {
using namespace security;

namespace {

BOOL add(ACL* acl, DWORD revision, UCHAR type, DWORD flags, ACCESS_MASK mask, const SID* sid) {
    return answer(rtl::add_ace(acl, revision, type, flags, mask, sid));
}

struct AclSize {
    DWORD AceCount, AclBytesInUse, AclBytesFree;
};

} // namespace

extern "C" {

BOOL InitializeAcl(ACL* acl, DWORD size, DWORD revision) {
    return answer(rtl::create_acl(acl, size, revision));
}
BOOL IsValidAcl(const ACL* acl) { return rtl::valid_acl(acl) ? BOOL(TRUE) : fail_with(ERROR_INVALID_ACL); }
BOOL AddAccessAllowedAce(ACL* acl, DWORD revision, DWORD mask, const SID* sid) {
    return add(acl, revision, ACCESS_ALLOWED_ACE_TYPE, 0, mask, sid);
}
BOOL AddAccessAllowedAceEx(ACL* acl, DWORD revision, DWORD flags, DWORD mask, const SID* sid) {
    return add(acl, revision, ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid);
}
BOOL AddAccessDeniedAce(ACL* acl, DWORD revision, DWORD mask, const SID* sid) {
    return add(acl, revision, ACCESS_DENIED_ACE_TYPE, 0, mask, sid);
}
BOOL AddAccessDeniedAceEx(ACL* acl, DWORD revision, DWORD flags, DWORD mask, const SID* sid) {
    return add(acl, revision, ACCESS_DENIED_ACE_TYPE, flags, mask, sid);
}
BOOL AddAuditAccessAceEx(ACL* acl, DWORD revision, DWORD flags, DWORD mask, const SID* sid, BOOL success,
                         BOOL failure) {
    constexpr DWORD SUCCESSFUL_ACCESS_ACE_FLAG = 0x40, FAILED_ACCESS_ACE_FLAG = 0x80;
    flags |= (success ? SUCCESSFUL_ACCESS_ACE_FLAG : 0) | (failure ? FAILED_ACCESS_ACE_FLAG : 0);
    return add(acl, revision, SYSTEM_AUDIT_ACE_TYPE, flags, mask, sid);
}
BOOL AddAuditAccessAce(ACL* acl, DWORD revision, DWORD mask, const SID* sid, BOOL success, BOOL failure) {
    return AddAuditAccessAceEx(acl, revision, 0, mask, sid, success, failure);
}
BOOL AddMandatoryAce(ACL* acl, DWORD revision, DWORD flags, DWORD policy, const SID* sid) {
    return add(acl, revision, SYSTEM_MANDATORY_LABEL_ACE_TYPE, flags, policy, sid);
}
BOOL AddAce(ACL* acl, DWORD revision, DWORD index, PVOID list, DWORD length) {
    return answer(rtl::add_aces(acl, revision, index, list, length));
}
BOOL DeleteAce(ACL* acl, DWORD index) { return answer(rtl::delete_ace(acl, index)); }
BOOL GetAce(ACL* acl, DWORD index, PVOID* ace) { return answer(rtl::get_ace(acl, index, ace)); }
BOOL FindFirstFreeAce(ACL* acl, PVOID* ace) {
    return rtl::first_free_ace(acl, ace) ? BOOL(TRUE) : fail_with(ERROR_INVALID_ACL);
}
BOOL GetAclInformation(ACL* acl, PVOID to, DWORD length, DWORD information_class) {
    if (!rtl::valid_acl(acl)) return fail_with(ERROR_INVALID_ACL);
    if (information_class == 1) { // AclRevisionInformation
        if (length < sizeof(DWORD)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        *static_cast<DWORD*>(to) = acl->AclRevision;
        return TRUE;
    }
    if (information_class != 2) return fail_with(ERROR_INVALID_PARAMETER); // AclSizeInformation
    if (length < sizeof(AclSize)) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    DWORD used = sizeof(ACL);
    for (DWORD i = 0; i < acl->AceCount; ++i) {
        PVOID ace;
        rtl::get_ace(acl, i, &ace);
        used += static_cast<ACE_HEADER*>(ace)->AceSize;
    }
    *static_cast<AclSize*>(to) = {acl->AceCount, used, acl->AclSize - used};
    return TRUE;
}

BOOL InitializeSecurityDescriptor(PVOID d, DWORD revision) {
    return answer(rtl::create_descriptor(d, revision));
}
BOOL IsValidSecurityDescriptor(const void* d) {
    return rtl::valid_descriptor(d) ? BOOL(TRUE) : fail_with(ERROR_INVALID_SECURITY_DESCR);
}
DWORD GetSecurityDescriptorLength(const void* d) { return rtl::length_descriptor(d); }
BOOL GetSecurityDescriptorControl(const void* d, USHORT* control, DWORD* revision) {
    const auto& head = *static_cast<const SECURITY_DESCRIPTOR*>(d);
    *revision = head.Revision;
    if (head.Revision != SECURITY_DESCRIPTOR_REVISION) return fail_with(ERROR_UNKNOWN_REVISION);
    *control = head.Control;
    return TRUE;
}
BOOL SetSecurityDescriptorControl(PVOID d, USHORT which, USHORT bits) {
    constexpr USHORT settable =
        SE_DACL_PROTECTED | SE_SACL_PROTECTED | SE_DACL_AUTO_INHERITED | SE_SACL_AUTO_INHERITED | 0x300;
    if ((which & ~settable) || (bits & ~which)) return fail_with(ERROR_INVALID_PARAMETER);
    auto& control = static_cast<SECURITY_DESCRIPTOR*>(d)->Control;
    control = USHORT((control & ~which) | bits);
    return TRUE;
}
BOOL SetSecurityDescriptorDacl(PVOID d, BOOL present, ACL* acl, BOOL defaulted) {
    return answer(rtl::set_dacl(d, present, acl, defaulted));
}
BOOL SetSecurityDescriptorSacl(PVOID d, BOOL present, ACL* acl, BOOL defaulted) {
    return answer(rtl::set_sacl(d, present, acl, defaulted));
}
BOOL SetSecurityDescriptorOwner(PVOID d, SID* sid, BOOL defaulted) {
    return answer(rtl::set_owner(d, sid, defaulted));
}
BOOL SetSecurityDescriptorGroup(PVOID d, SID* sid, BOOL defaulted) {
    return answer(rtl::set_group(d, sid, defaulted));
}
BOOL GetSecurityDescriptorDacl(const void* d, BOOL* present, ACL** acl, BOOL* defaulted) {
    BOOLEAN there = FALSE, by_default = FALSE;
    const BOOL good = answer(rtl::get_dacl(d, &there, acl, &by_default));
    *present = there, *defaulted = by_default;
    return good;
}
BOOL GetSecurityDescriptorSacl(const void* d, BOOL* present, ACL** acl, BOOL* defaulted) {
    BOOLEAN there = FALSE, by_default = FALSE;
    const BOOL good = answer(rtl::get_sacl(d, &there, acl, &by_default));
    *present = there, *defaulted = by_default;
    return good;
}
BOOL GetSecurityDescriptorOwner(const void* d, SID** sid, BOOL* defaulted) {
    BOOLEAN by_default = FALSE;
    const BOOL good = answer(rtl::get_owner(d, sid, &by_default));
    *defaulted = by_default;
    return good;
}
BOOL GetSecurityDescriptorGroup(const void* d, SID** sid, BOOL* defaulted) {
    BOOLEAN by_default = FALSE;
    const BOOL good = answer(rtl::get_group(d, sid, &by_default));
    *defaulted = by_default;
    return good;
}
BOOL MakeSelfRelativeSD(const void* from, PVOID to, DWORD* size) {
    ULONG room = *size;
    const NTSTATUS status = rtl::absolute_to_relative(from, to, &room);
    *size = room;
    return answer(status);
}
BOOL MakeAbsoluteSD(const void* from, PVOID to, DWORD* size, ACL* dacl, DWORD* dacl_size, ACL* sacl,
                    DWORD* sacl_size, SID* owner, DWORD* owner_size, SID* group, DWORD* group_size) {
    const auto n = [](DWORD* p) { return reinterpret_cast<ULONG*>(p); };
    return answer(rtl::relative_to_absolute(from, {to, n(size), dacl, n(dacl_size), sacl, n(sacl_size), owner,
                                                   n(owner_size), group, n(group_size)}));
}
void MapGenericMask(DWORD* mask, const GENERIC_MAPPING* mapping) {
    DWORD m = *mask & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    if (*mask & GENERIC_READ) m |= mapping->GenericRead;
    if (*mask & GENERIC_WRITE) m |= mapping->GenericWrite;
    if (*mask & GENERIC_EXECUTE) m |= mapping->GenericExecute;
    if (*mask & GENERIC_ALL) m |= mapping->GenericAll;
    *mask = m;
}
void QuerySecurityAccessMask(DWORD information, DWORD* access) {
    *access = 0;
    if (information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                       LABEL_SECURITY_INFORMATION))
        *access |= READ_CONTROL;
    if (information & SACL_SECURITY_INFORMATION) *access |= ACCESS_SYSTEM_SECURITY;
}
void SetSecurityAccessMask(DWORD information, DWORD* access) {
    *access = 0;
    if (information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        *access |= WRITE_OWNER;
    if (information & DACL_SECURITY_INFORMATION) *access |= WRITE_DAC;
    if (information & SACL_SECURITY_INFORMATION) *access |= ACCESS_SYSTEM_SECURITY;
}
BOOL AreAllAccessesGranted(DWORD granted, DWORD desired) { return (desired & ~granted) == 0; }
BOOL AreAnyAccessesGranted(DWORD granted, DWORD desired) { return (desired & granted) != 0; }

BOOL ConvertStringSecurityDescriptorToSecurityDescriptorW(const WCHAR* text, DWORD revision,
                                                          PVOID* descriptor, ULONG* size) {
    if (!text || !descriptor) return fail_with(ERROR_INVALID_PARAMETER);
    if (revision != 1) return fail_with(ERROR_UNKNOWN_REVISION); // SDDL_REVISION_1
    const auto count = ULONG(wcslen(text));
    ULONG needed = 0;
    NTSTATUS status = rtl::sddl_to_descriptor(text, count, machine_sid(), nullptr, &needed);
    if (status != STATUS_BUFFER_TOO_SMALL) return fail(status);
    PVOID made = local_allocate(needed);
    if (!made) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    status = rtl::sddl_to_descriptor(text, count, machine_sid(), made, &needed);
    *descriptor = made;
    if (size) *size = needed;
    return answer(status);
}
BOOL ConvertStringSecurityDescriptorToSecurityDescriptorA(const CHAR* text, DWORD revision, PVOID* descriptor,
                                                          ULONG* size) {
    if (!text) return fail_with(ERROR_INVALID_PARAMETER);
    const k32::Wide wide(text);
    return wide.ok()
               ? ConvertStringSecurityDescriptorToSecurityDescriptorW(wide.get(), revision, descriptor, size)
               : BOOL(FALSE);
}

BOOL ConvertSecurityDescriptorToStringSecurityDescriptorW(const void* d, DWORD revision, DWORD information,
                                                          WCHAR** text, ULONG* length) {
    if (!d || !text) return fail_with(ERROR_INVALID_PARAMETER);
    if (revision != 1) return fail_with(ERROR_UNKNOWN_REVISION);
    if (!rtl::valid_descriptor(d)) return fail_with(ERROR_INVALID_SECURITY_DESCR);
    const ULONG count = rtl::descriptor_to_sddl(d, information, machine_sid(), nullptr, 0);
    auto* made = static_cast<WCHAR*>(local_allocate((count + 1) * sizeof(WCHAR)));
    if (!made) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    rtl::descriptor_to_sddl(d, information, machine_sid(), made, count);
    made[count] = 0;
    *text = made;
    if (length) *length = count + 1;
    return TRUE;
}
BOOL ConvertSecurityDescriptorToStringSecurityDescriptorA(const void* d, DWORD revision, DWORD information,
                                                          CHAR** text, ULONG* length) {
    WCHAR* wide;
    ULONG count;
    if (!text) return fail_with(ERROR_INVALID_PARAMETER);
    if (!ConvertSecurityDescriptorToStringSecurityDescriptorW(d, revision, information, &wide, &count))
        return FALSE;
    auto* made = static_cast<CHAR*>(local_allocate(count));
    for (ULONG i = 0; made && i < count; ++i)
        made[i] = static_cast<CHAR>(wide[i]); // SDDL is ASCII
    k32::heap_free(wide);
    if (!made) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    *text = made;
    if (length) *length = count;
    return TRUE;
}

} // extern "C"
} // namespace nt
