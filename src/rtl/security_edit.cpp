// Lists and descriptors changed in place, and taken apart: nf-ntifs-rtladdace, nf-ntifs-rtldeleteace,
// RtlSelfRelativeToAbsoluteSD.
#include "abi/se.h"
#include "abi/status.h"
#include "rtl/security.h"

namespace nt::rtl {

namespace {

UCHAR* ace_at(ACL* acl, ULONG index) {
    UCHAR* at = reinterpret_cast<UCHAR*>(acl + 1);
    while (index--)
        at += reinterpret_cast<const ACE_HEADER*>(at)->AceSize;
    return at;
}

} // namespace

NTSTATUS add_aces(ACL* acl, ULONG revision, ULONG index, const void* list, ULONG length) {
    if (!well_formed_acl(acl) || revision < ACL_REVISION || revision > ACL_REVISION_DS)
        return STATUS_INVALID_PARAMETER;
    ULONG count = 0, at = 0;
    while (at < length) {
        const auto* ace = reinterpret_cast<const ACE_HEADER*>(static_cast<const UCHAR*>(list) + at);
        if (length - at < sizeof(ACE_HEADER) || ace->AceSize < sizeof(ACE_HEADER) || ace->AceSize % 4 ||
            ace->AceSize > length - at)
            return STATUS_INVALID_PARAMETER;
        at += ace->AceSize;
        ++count;
    }
    if (index > acl->AceCount) index = acl->AceCount;
    UCHAR* const end = ace_at(acl, acl->AceCount);
    const auto used = static_cast<ULONG>(end - reinterpret_cast<UCHAR*>(acl));
    if (used + length > acl->AclSize) return STATUS_BUFFER_TOO_SMALL;
    UCHAR* const to = ace_at(acl, index);
    __builtin_memmove(to + length, to, static_cast<SIZE_T>(end - to));
    __builtin_memcpy(to, list, length);
    acl->AceCount = static_cast<USHORT>(acl->AceCount + count);
    if (acl->AclRevision < revision) acl->AclRevision = static_cast<UCHAR>(revision);
    return STATUS_SUCCESS;
}

NTSTATUS delete_ace(ACL* acl, ULONG index) {
    if (!well_formed_acl(acl) || index >= acl->AceCount) return STATUS_INVALID_PARAMETER;
    UCHAR* const ace = ace_at(acl, index);
    UCHAR* const next = ace_at(acl, index + 1);
    UCHAR* const end = ace_at(acl, acl->AceCount);
    __builtin_memmove(ace, next, static_cast<SIZE_T>(end - next));
    __builtin_memset(ace + (end - next), 0, static_cast<SIZE_T>(next - ace));
    acl->AceCount--;
    return STATUS_SUCCESS;
}

bool first_free_ace(const ACL* acl, void** free) {
    *free = nullptr;
    if (!well_formed_acl(acl)) return false;
    UCHAR* const end = ace_at(const_cast<ACL*>(acl), acl->AceCount);
    if (end < reinterpret_cast<const UCHAR*>(acl) + acl->AclSize) *free = end;
    return true;
}

bool equal_prefix_sid(const SID* a, const SID* b) {
    if (a->Revision != b->Revision || a->SubAuthorityCount != b->SubAuthorityCount) return false;
    const ULONG count = a->SubAuthorityCount ? a->SubAuthorityCount - 1u : 0u;
    return __builtin_memcmp(&a->IdentifierAuthority, &b->IdentifierAuthority, 6) == 0 &&
           __builtin_memcmp(a->SubAuthority, b->SubAuthority, count * sizeof(ULONG)) == 0;
}

NTSTATUS relative_to_absolute(const void* from, const AbsoluteParts& to) {
    const auto& r = *static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(from);
    if (!(r.Control & SE_SELF_RELATIVE)) return STATUS_BAD_DESCRIPTOR_FORMAT;
    SID *owner, *group;
    ACL *dacl = nullptr, *sacl = nullptr;
    BOOLEAN present, defaulted;
    get_owner(from, &owner, &defaulted);
    get_group(from, &group, &defaulted);
    get_dacl(from, &present, &dacl, &defaulted);
    get_sacl(from, &present, &sacl, &defaulted);
    bool room = true;
    const auto needs = [&room](ULONG* size, ULONG needed) {
        room = room && *size >= needed;
        *size = needed;
    };
    needs(to.descriptor_size, sizeof(SECURITY_DESCRIPTOR));
    needs(to.owner_size, owner ? length_sid(owner) : 0);
    needs(to.group_size, group ? length_sid(group) : 0);
    needs(to.dacl_size, dacl ? dacl->AclSize : 0);
    needs(to.sacl_size, sacl ? sacl->AclSize : 0);
    if (!room) return STATUS_BUFFER_TOO_SMALL;
    const auto put = [](void* at, const void* part, ULONG size) -> void* {
        if (part) __builtin_memmove(at, part, size);
        return part ? at : nullptr;
    };
    SECURITY_DESCRIPTOR d{};
    d.Revision = r.Revision;
    d.Sbz1 = r.Sbz1;
    d.Control = static_cast<USHORT>(r.Control & ~SE_SELF_RELATIVE);
    d.Owner = put(to.owner, owner, *to.owner_size);
    d.Group = put(to.group, group, *to.group_size);
    d.Dacl = static_cast<ACL*>(put(to.dacl, dacl, *to.dacl_size));
    d.Sacl = static_cast<ACL*>(put(to.sacl, sacl, *to.sacl_size));
    *static_cast<SECURITY_DESCRIPTOR*>(to.descriptor) = d;
    return STATUS_SUCCESS;
}

} // namespace nt::rtl
