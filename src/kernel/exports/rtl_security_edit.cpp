// Lists and descriptors changed or taken apart by drivers: nf-ntifs-rtladdace, nf-ntifs-rtldeleteace,
// nf-ntifs-rtlequalprefixsid, nf-ntifs-rtlidentifierauthoritysid; RtlSelfRelativeToAbsoluteSD, which drivers'
// libraries import. assumed: its sizes and statuses are those of the documented MakeAbsoluteSD.
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "rtl/security.h"

using namespace nt;
using namespace nt::exports;

extern "C" NTSTATUS RtlAddAce(ACL* acl, ULONG revision, ULONG index, const void* list, ULONG length) {
    need_in(acl);
    need_write(acl, acl->AclSize);
    need_read(list, length);
    return rtl::add_aces(acl, revision, index, list, length);
}
GATE(RtlAddAce);
extern "C" NTSTATUS RtlDeleteAce(ACL* acl, ULONG index) {
    need_in(acl);
    need_write(acl, acl->AclSize);
    return rtl::delete_ace(acl, index);
}
GATE(RtlDeleteAce);
extern "C" BOOLEAN RtlEqualPrefixSid(const SID* a, const SID* b) {
    need_read(a, 8), need_read(b, 8);
    need_read(a, rtl::length_sid(a)), need_read(b, rtl::length_sid(b));
    return rtl::equal_prefix_sid(a, b);
}
GATE(RtlEqualPrefixSid);
extern "C" SID_IDENTIFIER_AUTHORITY* RtlIdentifierAuthoritySid(SID* sid) { return &sid->IdentifierAuthority; }
GATE(RtlIdentifierAuthoritySid);

extern "C" NTSTATUS RtlSelfRelativeToAbsoluteSD(const void* from, void* to, ULONG* size, ACL* dacl,
                                                ULONG* dacl_size, ACL* sacl, ULONG* sacl_size, SID* owner,
                                                ULONG* owner_size, SID* group, ULONG* group_size) {
    need_read(from, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    for (ULONG* n : {size, dacl_size, sacl_size, owner_size, group_size})
        need_out(n);
    return rtl::relative_to_absolute(
        from, {to, size, dacl, dacl_size, sacl, sacl_size, owner, owner_size, group, group_size});
}
GATE(RtlSelfRelativeToAbsoluteSD);
