#include "rtl/security.h"
#include "abi/se.h"
#include "abi/status.h"

namespace nt::rtl {

namespace {

constexpr UCHAR most_sub_authorities = 15;

bool is_relative(const void* descriptor) {
    return static_cast<const SECURITY_DESCRIPTOR*>(descriptor)->Control & SE_SELF_RELATIVE;
}

ULONG round4(ULONG n) { return (n + 3) & ~3u; }

const SECURITY_DESCRIPTOR_RELATIVE& relative(const void* d) {
    return *static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(d);
}
const SECURITY_DESCRIPTOR& absolute(const void* d) { return *static_cast<const SECURITY_DESCRIPTOR*>(d); }

template <class T> T* at(const void* d, ULONG offset) {
    return offset ? reinterpret_cast<T*>(reinterpret_cast<ULONG_PTR>(d) + offset) : nullptr;
}
SID* owner_of(const void* d) {
    return is_relative(d) ? at<SID>(d, relative(d).Owner) : static_cast<SID*>(absolute(d).Owner);
}
SID* group_of(const void* d) {
    return is_relative(d) ? at<SID>(d, relative(d).Group) : static_cast<SID*>(absolute(d).Group);
}
ACL* dacl_of(const void* d) {
    if (!(absolute(d).Control & SE_DACL_PRESENT)) return nullptr;
    return is_relative(d) ? at<ACL>(d, relative(d).Dacl) : absolute(d).Dacl;
}
ACL* sacl_of(const void* d) {
    if (!(absolute(d).Control & SE_SACL_PRESENT)) return nullptr;
    return is_relative(d) ? at<ACL>(d, relative(d).Sacl) : absolute(d).Sacl;
}

void set_control(SECURITY_DESCRIPTOR& d, USHORT bit, bool on) {
    d.Control = static_cast<USHORT>(on ? d.Control | bit : d.Control & ~bit);
}

// Setters work on absolute descriptors only.
NTSTATUS check_absolute(const void* descriptor) {
    if (absolute(descriptor).Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    return is_relative(descriptor) ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

NTSTATUS set_acl(void* descriptor, bool present, ACL* acl, bool defaulted, ACL* SECURITY_DESCRIPTOR::* member,
                 USHORT present_bit, USHORT defaulted_bit) {
    if (const NTSTATUS status = check_absolute(descriptor)) return status;
    auto& d = *static_cast<SECURITY_DESCRIPTOR*>(descriptor);
    set_control(d, present_bit, present);
    set_control(d, defaulted_bit, present && defaulted);
    d.*member = present ? acl : nullptr;
    return STATUS_SUCCESS;
}

NTSTATUS set_sid(void* descriptor, SID* sid, bool defaulted, PSID SECURITY_DESCRIPTOR::* member,
                 USHORT defaulted_bit) {
    if (const NTSTATUS status = check_absolute(descriptor)) return status;
    auto& d = *static_cast<SECURITY_DESCRIPTOR*>(descriptor);
    d.*member = sid;
    set_control(d, defaulted_bit, defaulted);
    return STATUS_SUCCESS;
}

// First free byte behind the ACEs; null when they do not fit their ACL.
UCHAR* end_of_aces(const ACL* acl) {
    const auto base = reinterpret_cast<ULONG_PTR>(acl);
    ULONG offset = sizeof(ACL);
    for (ULONG i = 0; i < acl->AceCount; i++) {
        if (offset + sizeof(ACE_HEADER) > acl->AclSize) return nullptr;
        const auto size = reinterpret_cast<const ACE_HEADER*>(base + offset)->AceSize;
        if (size < sizeof(ACE_HEADER) || size % 4 || offset + size > acl->AclSize) return nullptr;
        offset += size;
    }
    return reinterpret_cast<UCHAR*>(base + offset);
}

bool is_object_ace(UCHAR type) {
    return (type >= ACCESS_ALLOWED_OBJECT_ACE_TYPE && type <= SYSTEM_ALARM_OBJECT_ACE_TYPE) ||
           type == ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE ||
           type == ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE || type == SYSTEM_AUDIT_CALLBACK_OBJECT_ACE_TYPE ||
           type == SYSTEM_ALARM_CALLBACK_OBJECT_ACE_TYPE;
}

// Where the SID of an entry begins; 0: it has none, or its type is not known.
ULONG sid_offset(const ACE_HEADER* ace) {
    if (ace->AceType == ACCESS_ALLOWED_COMPOUND_ACE_TYPE) return 12;
    if (!is_object_ace(ace->AceType))
        return ace->AceType <= SYSTEM_ACCESS_FILTER_ACE_TYPE ? offsetof(ACCESS_ALLOWED_ACE, SidStart) : 0;
    ULONG offset = offsetof(ACCESS_ALLOWED_OBJECT_ACE, ObjectType);
    if (ace->AceSize < offset) return offset;
    const ULONG flags = reinterpret_cast<const ACCESS_ALLOWED_OBJECT_ACE*>(ace)->Flags;
    if (flags & ACE_OBJECT_TYPE_PRESENT) offset += 16;
    if (flags & ACE_INHERITED_OBJECT_TYPE_PRESENT) offset += 16;
    return offset;
}

bool fits(ULONG offset, ULONG length, ULONG size) {
    return offset % 4 == 0 && offset <= size && length <= size - offset;
}

} // namespace

bool valid_sid(const SID* sid) {
    return sid && sid->Revision == 1 && sid->SubAuthorityCount <= most_sub_authorities;
}
ULONG length_required_sid(ULONG count) { return 8 + 4 * count; }
ULONG length_sid(const SID* sid) { return length_required_sid(sid->SubAuthorityCount); }

bool equal_sid(const SID* a, const SID* b) {
    ULONGLONG x, y; // revision, count and authority at once
    __builtin_memcpy(&x, a, sizeof x);
    __builtin_memcpy(&y, b, sizeof y);
    if (x != y) return false;
    for (ULONG i = 0; i < a->SubAuthorityCount; i++)
        if (a->SubAuthority[i] != b->SubAuthority[i]) return false;
    return true;
}

NTSTATUS copy_sid(ULONG size, SID* to, const SID* from) {
    const ULONG length = length_sid(from);
    if (length > size) return STATUS_BUFFER_TOO_SMALL;
    __builtin_memmove(to, from, length);
    return STATUS_SUCCESS;
}

ULONG sid_to_string(const SID* sid, WCHAR* text) {
    if (!valid_sid(sid)) return 0;
    WCHAR* p = text;
    const auto decimal = [&p](ULONGLONG value) {
        WCHAR digits[20];
        int n = 0;
        do
            digits[n++] = static_cast<WCHAR>('0' + value % 10);
        while (value /= 10);
        while (n)
            *p++ = digits[--n];
    };
    *p++ = 'S';
    *p++ = '-';
    decimal(sid->Revision);
    *p++ = '-';
    ULONGLONG authority = 0;
    for (UCHAR byte : sid->IdentifierAuthority.Value)
        authority = authority << 8 | byte;
    if (authority > 1ull << 32) { // hexadecimal without leading zeros: nf-ntifs-rtlconvertsidtounicodestring
        *p++ = '0';
        *p++ = 'x';
        for (int shift = (63 - __builtin_clzll(authority)) & ~3; shift >= 0; shift -= 4)
            *p++ = static_cast<WCHAR>("0123456789ABCDEF"[authority >> shift & 15]);
    } else {
        decimal(authority);
    }
    for (ULONG i = 0; i < sid->SubAuthorityCount; i++) {
        *p++ = '-';
        decimal(sid->SubAuthority[i]);
    }
    return static_cast<ULONG>(p - text);
}

NTSTATUS create_acl(ACL* acl, ULONG size, ULONG revision) {
    if (size < sizeof(ACL)) return STATUS_BUFFER_TOO_SMALL;
    if (revision < ACL_REVISION || revision > ACL_REVISION_DS || size > 0xFFFC)
        return STATUS_INVALID_PARAMETER;
    *acl = {static_cast<UCHAR>(revision), 0, static_cast<USHORT>(size & ~3u), 0, 0};
    return STATUS_SUCCESS;
}

bool well_formed_acl(const ACL* acl) {
    return acl && acl->AclRevision >= ACL_REVISION && acl->AclRevision <= ACL_REVISION_DS &&
           acl->AclSize >= sizeof(ACL) && end_of_aces(acl);
}

const SID* sid_of_ace(const ACE_HEADER* ace) {
    const ULONG offset = sid_offset(ace);
    if (!offset || offset + 8 > ace->AceSize) return nullptr;
    const auto* sid = reinterpret_cast<const SID*>(reinterpret_cast<const UCHAR*>(ace) + offset);
    return valid_sid(sid) && offset + length_sid(sid) <= ace->AceSize ? sid : nullptr;
}

bool valid_acl(const ACL* acl) {
    if (!well_formed_acl(acl)) return false;
    auto at = reinterpret_cast<ULONG_PTR>(acl + 1);
    for (ULONG i = 0; i < acl->AceCount; i++) {
        const auto* ace = reinterpret_cast<const ACE_HEADER*>(at);
        if (sid_offset(ace) && !sid_of_ace(ace)) return false;
        at += ace->AceSize;
    }
    return true;
}

NTSTATUS add_ace(ACL* acl, ULONG revision, UCHAR type, ULONG flags, ACCESS_MASK mask, const SID* sid) {
    constexpr ULONG audit_flags = 0xC0; // SUCCESSFUL_ACCESS_ACE_FLAG, FAILED_ACCESS_ACE_FLAG
    const ULONG valid = VALID_INHERIT_FLAGS | (type == SYSTEM_AUDIT_ACE_TYPE ? audit_flags : 0);
    if (flags & ~valid) return STATUS_INVALID_PARAMETER;
    if (!valid_sid(sid)) return STATUS_INVALID_SID;
    if (!valid_acl(acl)) return STATUS_INVALID_ACL;
    if (revision < ACL_REVISION || revision > ACL_REVISION_DS) return STATUS_REVISION_MISMATCH;
    UCHAR* end = end_of_aces(acl);
    const ULONG size = 8 + length_sid(sid);
    const auto used = static_cast<ULONG>(end - reinterpret_cast<UCHAR*>(acl));
    if (used + size > acl->AclSize) return STATUS_ALLOTTED_SPACE_EXCEEDED;
    auto& ace = *reinterpret_cast<ACCESS_ALLOWED_ACE*>(end);
    ace.Header = {type, static_cast<UCHAR>(flags), static_cast<USHORT>(size)};
    ace.Mask = mask;
    __builtin_memcpy(&ace.SidStart, sid, length_sid(sid));
    acl->AceCount++;
    if (acl->AclRevision < revision) acl->AclRevision = static_cast<UCHAR>(revision);
    return STATUS_SUCCESS;
}

NTSTATUS get_ace(const ACL* acl, ULONG index, void** ace) {
    if (!well_formed_acl(acl) || index >= acl->AceCount) return STATUS_INVALID_PARAMETER;
    auto at = reinterpret_cast<ULONG_PTR>(acl) + sizeof(ACL);
    while (index--)
        at += reinterpret_cast<const ACE_HEADER*>(at)->AceSize;
    *ace = reinterpret_cast<void*>(at);
    return STATUS_SUCCESS;
}

NTSTATUS create_descriptor(void* descriptor, ULONG revision) {
    if (revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    auto& d = *static_cast<SECURITY_DESCRIPTOR*>(descriptor);
    d = {};
    d.Revision = SECURITY_DESCRIPTOR_REVISION;
    return STATUS_SUCCESS;
}

bool valid_descriptor(const void* d) {
    if (!d || absolute(d).Revision != SECURITY_DESCRIPTOR_REVISION) return false;
    const SID *owner = owner_of(d), *group = group_of(d);
    const ACL *dacl = dacl_of(d), *sacl = sacl_of(d);
    return (!owner || valid_sid(owner)) && (!group || valid_sid(group)) && (!dacl || valid_acl(dacl)) &&
           (!sacl || valid_acl(sacl));
}

bool valid_relative_descriptor(const void* d, ULONG size, ULONG required) {
    if (size < sizeof(SECURITY_DESCRIPTOR_RELATIVE)) return false;
    const auto& r = relative(d);
    if (r.Revision != SECURITY_DESCRIPTOR_REVISION || !(r.Control & SE_SELF_RELATIVE)) return false;
    const auto sid_ok = [&](ULONG offset, ULONG information) {
        if (!offset) return !(required & information);
        return fits(offset, 8, size) && valid_sid(at<SID>(d, offset)) &&
               fits(offset, length_sid(at<SID>(d, offset)), size);
    };
    const auto acl_ok = [&](ULONG offset, USHORT present, ULONG information) {
        if (!(r.Control & present)) return !(required & information);
        if (!offset) return true;
        return fits(offset, sizeof(ACL), size) && fits(offset, at<ACL>(d, offset)->AclSize, size) &&
               valid_acl(at<ACL>(d, offset));
    };
    return sid_ok(r.Owner, OWNER_SECURITY_INFORMATION) && sid_ok(r.Group, GROUP_SECURITY_INFORMATION) &&
           acl_ok(r.Dacl, SE_DACL_PRESENT, DACL_SECURITY_INFORMATION) &&
           acl_ok(r.Sacl, SE_SACL_PRESENT, SACL_SECURITY_INFORMATION);
}

ULONG length_descriptor(const void* d) {
    // By documentation the length of the descriptor in the form it has, its parts included.
    ULONG n = is_relative(d) ? sizeof(SECURITY_DESCRIPTOR_RELATIVE) : sizeof(SECURITY_DESCRIPTOR);
    if (const SID* owner = owner_of(d)) n += round4(length_sid(owner));
    if (const SID* group = group_of(d)) n += round4(length_sid(group));
    if (const ACL* dacl = dacl_of(d)) n += round4(dacl->AclSize);
    if (const ACL* sacl = sacl_of(d)) n += round4(sacl->AclSize);
    return n;
}

NTSTATUS set_dacl(void* descriptor, bool present, ACL* dacl, bool defaulted) {
    return set_acl(descriptor, present, dacl, defaulted, &SECURITY_DESCRIPTOR::Dacl, SE_DACL_PRESENT,
                   SE_DACL_DEFAULTED);
}
NTSTATUS set_sacl(void* descriptor, bool present, ACL* sacl, bool defaulted) {
    return set_acl(descriptor, present, sacl, defaulted, &SECURITY_DESCRIPTOR::Sacl, SE_SACL_PRESENT,
                   SE_SACL_DEFAULTED);
}
NTSTATUS set_owner(void* descriptor, SID* owner, bool defaulted) {
    return set_sid(descriptor, owner, defaulted, &SECURITY_DESCRIPTOR::Owner, SE_OWNER_DEFAULTED);
}
NTSTATUS set_group(void* descriptor, SID* group, bool defaulted) {
    return set_sid(descriptor, group, defaulted, &SECURITY_DESCRIPTOR::Group, SE_GROUP_DEFAULTED);
}

NTSTATUS get_dacl(const void* d, BOOLEAN* present, ACL** dacl, BOOLEAN* defaulted) {
    if (absolute(d).Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    *present = absolute(d).Control & SE_DACL_PRESENT ? TRUE : FALSE;
    if (!*present) return STATUS_SUCCESS;
    *dacl = dacl_of(d);
    *defaulted = absolute(d).Control & SE_DACL_DEFAULTED ? TRUE : FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS get_sacl(const void* d, BOOLEAN* present, ACL** sacl, BOOLEAN* defaulted) {
    if (absolute(d).Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    *present = absolute(d).Control & SE_SACL_PRESENT ? TRUE : FALSE;
    if (!*present) return STATUS_SUCCESS;
    *sacl = sacl_of(d);
    *defaulted = absolute(d).Control & SE_SACL_DEFAULTED ? TRUE : FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS get_owner(const void* d, SID** owner, BOOLEAN* defaulted) {
    if (absolute(d).Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    *owner = owner_of(d);
    *defaulted = absolute(d).Control & SE_OWNER_DEFAULTED ? TRUE : FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS get_group(const void* d, SID** group, BOOLEAN* defaulted) {
    if (absolute(d).Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    *group = group_of(d);
    *defaulted = absolute(d).Control & SE_GROUP_DEFAULTED ? TRUE : FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS absolute_to_relative(const void* from, void* to, ULONG* size) {
    if (is_relative(from)) return STATUS_BAD_DESCRIPTOR_FORMAT;
    const ULONG needed = length_descriptor(from) - static_cast<ULONG>(sizeof(SECURITY_DESCRIPTOR) -
                                                                      sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    const bool room = to && *size >= needed;
    *size = needed;
    if (!room) return STATUS_BUFFER_TOO_SMALL;
    auto* bytes = static_cast<UCHAR*>(to);
    __builtin_memset(bytes, 0, needed);
    SECURITY_DESCRIPTOR_RELATIVE r{};
    r.Revision = SECURITY_DESCRIPTOR_REVISION;
    r.Sbz1 = absolute(from).Sbz1;
    r.Control = static_cast<USHORT>(absolute(from).Control | SE_SELF_RELATIVE);
    ULONG offset = sizeof r;
    const auto put = [&](const void* data, ULONG length) -> ULONG {
        if (!data) return 0;
        __builtin_memcpy(bytes + offset, data, length);
        const ULONG here = offset;
        offset += round4(length);
        return here;
    };
    const ACL *sacl = sacl_of(from), *dacl = dacl_of(from);
    const SID *owner = owner_of(from), *group = group_of(from);
    r.Sacl = put(sacl, sacl ? sacl->AclSize : 0);
    r.Dacl = put(dacl, dacl ? dacl->AclSize : 0);
    r.Owner = put(owner, owner ? length_sid(owner) : 0);
    r.Group = put(group, group ? length_sid(group) : 0);
    __builtin_memcpy(bytes, &r, sizeof r);
    return STATUS_SUCCESS;
}

} // namespace nt::rtl
