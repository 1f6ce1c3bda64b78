// Security descriptors, ACLs and SIDs as data: nf-wdm-rtlcreatesecuritydescriptor, nf-ntifs-rtlcreateacl,
// nf-ntifs-rtllengthsid …
#include "abi/list.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/pool/pool.h"
#include "rtl/security.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

SID* need_sid(const void* p) {
    auto* sid = const_cast<SID*>(static_cast<const SID*>(p));
    need_read(sid, 8);
    need_read(sid, rtl::length_sid(sid));
    return sid;
}
ACL* need_acl(const ACL* acl) {
    need_in(acl);
    need_read(acl, acl->AclSize);
    return const_cast<ACL*>(acl);
}
ACL* need_acl_out(ACL* acl) {
    need_in(acl);
    need_write(acl, acl->AclSize);
    return acl;
}
// A descriptor with everything it points to.
const void* need_descriptor(const void* p) {
    const auto& d = *static_cast<const SECURITY_DESCRIPTOR*>(p);
    need_read(p, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    if (!(d.Control & SE_SELF_RELATIVE)) need_read(p, sizeof d);
    SID* sid;
    ACL* acl = nullptr;
    BOOLEAN present = FALSE, defaulted;
    if (NT_SUCCESS(rtl::get_owner(p, &sid, &defaulted)) && sid) need_sid(sid);
    if (NT_SUCCESS(rtl::get_group(p, &sid, &defaulted)) && sid) need_sid(sid);
    if (NT_SUCCESS(rtl::get_dacl(p, &present, &acl, &defaulted)) && present && acl) need_acl(acl);
    if (NT_SUCCESS(rtl::get_sacl(p, &present, &acl, &defaulted)) && present && acl) need_acl(acl);
    return p;
}
void* need_absolute(void* p) {
    need_write(p, sizeof(SECURITY_DESCRIPTOR));
    return p;
}
void need_get(const void* p) { need_read(p, sizeof(SECURITY_DESCRIPTOR_RELATIVE)); }

} // namespace

extern "C" BOOLEAN RtlValidSid(const void* sid) {
    if (!sid) return FALSE;
    need_read(sid, 8);
    return rtl::valid_sid(static_cast<const SID*>(sid));
}
GATE(RtlValidSid);
extern "C" ULONG RtlLengthSid(const void* sid) {
    need_read(sid, 8);
    return rtl::length_sid(static_cast<const SID*>(sid));
}
GATE(RtlLengthSid);
extern "C" ULONG RtlLengthRequiredSid(ULONG count) { return rtl::length_required_sid(count); }
GATE(RtlLengthRequiredSid);
extern "C" BOOLEAN RtlEqualSid(const void* a, const void* b) {
    return rtl::equal_sid(need_sid(a), need_sid(b));
}
GATE(RtlEqualSid);
extern "C" NTSTATUS RtlCopySid(ULONG size, void* to, const void* from) {
    const SID* sid = need_sid(from);
    if (size >= rtl::length_sid(sid)) need_write(to, rtl::length_sid(sid));
    return rtl::copy_sid(size, static_cast<SID*>(to), sid);
}
GATE(RtlCopySid);
extern "C" NTSTATUS RtlInitializeSid(SID* sid, const SID_IDENTIFIER_AUTHORITY* authority, UCHAR count) {
    if (count > 15) return STATUS_INVALID_PARAMETER;
    need_in(authority);
    need_write(sid, 8);
    sid->Revision = 1;
    sid->SubAuthorityCount = count;
    sid->IdentifierAuthority = *authority;
    return STATUS_SUCCESS;
}
GATE(RtlInitializeSid);
extern "C" ULONG* RtlSubAuthoritySid(SID* sid, ULONG index) { return &sid->SubAuthority[index]; }
GATE(RtlSubAuthoritySid);
extern "C" UCHAR* RtlSubAuthorityCountSid(SID* sid) { return &sid->SubAuthorityCount; }
GATE(RtlSubAuthorityCountSid);

extern "C" NTSTATUS RtlConvertSidToUnicodeString(UNICODE_STRING* to, const void* sid, BOOLEAN allocate) {
    WCHAR text[256];
    const ULONG n = rtl::sid_to_string(need_sid(sid), text);
    if (!n) return STATUS_INVALID_SID;
    const ULONG bytes = n * sizeof(WCHAR);
    need_out(to);
    if (allocate) {
        auto* buffer =
            static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, bytes + sizeof(WCHAR), pool::tag("Strg"),
                                               static_cast<seh::EntryRecord*>(seh::innermost())->rip));
        if (!buffer) return STATUS_NO_MEMORY;
        *to = {0, static_cast<USHORT>(bytes + sizeof(WCHAR)), buffer};
    } else {
        need_buffer(to);
    }
    if (bytes + sizeof(WCHAR) > to->MaximumLength) return STATUS_BUFFER_OVERFLOW;
    std::memcpy(to->Buffer, text, bytes);
    to->Buffer[n] = 0;
    to->Length = static_cast<USHORT>(bytes);
    return STATUS_SUCCESS;
}
GATE(RtlConvertSidToUnicodeString);

extern "C" NTSTATUS RtlCreateAcl(ACL* acl, ULONG size, ULONG revision) {
    if (size >= sizeof(ACL)) need_out(acl); // only the header is written
    return rtl::create_acl(acl, size, revision);
}
GATE(RtlCreateAcl);
extern "C" BOOLEAN RtlValidAcl(const ACL* acl) { return acl && rtl::valid_acl(need_acl(acl)); }
GATE(RtlValidAcl);
extern "C" NTSTATUS RtlAddAccessAllowedAce(ACL* acl, ULONG revision, ACCESS_MASK mask, const void* sid) {
    return rtl::add_ace(need_acl_out(acl), revision, ACCESS_ALLOWED_ACE_TYPE, 0, mask, need_sid(sid));
}
GATE(RtlAddAccessAllowedAce);
extern "C" NTSTATUS RtlAddAccessAllowedAceEx(ACL* acl, ULONG revision, ULONG flags, ACCESS_MASK mask,
                                             const void* sid) {
    return rtl::add_ace(need_acl_out(acl), revision, ACCESS_ALLOWED_ACE_TYPE, flags, mask, need_sid(sid));
}
GATE(RtlAddAccessAllowedAceEx);
extern "C" NTSTATUS RtlAddAccessDeniedAce(ACL* acl, ULONG revision, ACCESS_MASK mask, const void* sid) {
    return rtl::add_ace(need_acl_out(acl), revision, ACCESS_DENIED_ACE_TYPE, 0, mask, need_sid(sid));
}
GATE(RtlAddAccessDeniedAce);
extern "C" NTSTATUS RtlGetAce(const ACL* acl, ULONG index, void** ace) {
    need_out(ace);
    return rtl::get_ace(need_acl(acl), index, ace);
}
GATE(RtlGetAce);

extern "C" NTSTATUS RtlCreateSecurityDescriptor(void* d, ULONG revision) {
    return rtl::create_descriptor(need_absolute(d), revision);
}
GATE(RtlCreateSecurityDescriptor);
extern "C" BOOLEAN RtlValidSecurityDescriptor(const void* d) {
    return d && rtl::valid_descriptor(need_descriptor(d));
}
GATE(RtlValidSecurityDescriptor);
extern "C" BOOLEAN RtlValidRelativeSecurityDescriptor(const void* d, ULONG size, ULONG required) {
    need_read(d, size);
    return rtl::valid_relative_descriptor(d, size, required);
}
GATE(RtlValidRelativeSecurityDescriptor);
extern "C" ULONG RtlLengthSecurityDescriptor(const void* d) {
    return rtl::length_descriptor(need_descriptor(d));
}
GATE(RtlLengthSecurityDescriptor);
extern "C" NTSTATUS RtlSetDaclSecurityDescriptor(void* d, BOOLEAN present, ACL* acl, BOOLEAN defaulted) {
    return rtl::set_dacl(need_absolute(d), present, acl, defaulted);
}
GATE(RtlSetDaclSecurityDescriptor);
extern "C" NTSTATUS RtlSetSaclSecurityDescriptor(void* d, BOOLEAN present, ACL* acl, BOOLEAN defaulted) {
    return rtl::set_sacl(need_absolute(d), present, acl, defaulted);
}
GATE(RtlSetSaclSecurityDescriptor);
extern "C" NTSTATUS RtlSetOwnerSecurityDescriptor(void* d, SID* sid, BOOLEAN defaulted) {
    return rtl::set_owner(need_absolute(d), sid, defaulted);
}
GATE(RtlSetOwnerSecurityDescriptor);
extern "C" NTSTATUS RtlSetGroupSecurityDescriptor(void* d, SID* sid, BOOLEAN defaulted) {
    return rtl::set_group(need_absolute(d), sid, defaulted);
}
GATE(RtlSetGroupSecurityDescriptor);
extern "C" NTSTATUS RtlGetDaclSecurityDescriptor(const void* d, BOOLEAN* present, ACL** acl,
                                                 BOOLEAN* defaulted) {
    need_get(d), need_out(present), need_out(acl), need_out(defaulted);
    return rtl::get_dacl(d, present, acl, defaulted);
}
GATE(RtlGetDaclSecurityDescriptor);
extern "C" NTSTATUS RtlGetSaclSecurityDescriptor(const void* d, BOOLEAN* present, ACL** acl,
                                                 BOOLEAN* defaulted) {
    need_get(d), need_out(present), need_out(acl), need_out(defaulted);
    return rtl::get_sacl(d, present, acl, defaulted);
}
GATE(RtlGetSaclSecurityDescriptor);
extern "C" NTSTATUS RtlGetOwnerSecurityDescriptor(const void* d, SID** sid, BOOLEAN* defaulted) {
    need_get(d), need_out(sid), need_out(defaulted);
    return rtl::get_owner(d, sid, defaulted);
}
GATE(RtlGetOwnerSecurityDescriptor);
extern "C" NTSTATUS RtlGetGroupSecurityDescriptor(const void* d, SID** sid, BOOLEAN* defaulted) {
    need_get(d), need_out(sid), need_out(defaulted);
    return rtl::get_group(d, sid, defaulted);
}
GATE(RtlGetGroupSecurityDescriptor);
extern "C" NTSTATUS RtlAbsoluteToSelfRelativeSD(const void* from, void* to, ULONG* size) {
    need_out(size);
    if (to) need_write(to, *size);
    return rtl::absolute_to_relative(need_descriptor(from), to, size);
}
GATE(RtlAbsoluteToSelfRelativeSD);
