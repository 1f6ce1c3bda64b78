#include "kernel/se/detail/parts.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/accounts.h"
#include <algorithm>
#include <cstring>

namespace nt::se::detail {

namespace {

Bytes acl_bytes(const ACL* acl) {
    // Only what the ACEs need: room that a driver left behind them is not kept.
    if (!acl) return {};
    Bytes copy = new_acl(acl->AclRevision);
    for (ULONG i = 0; i < acl->AceCount; ++i) {
        void* ace;
        if (rtl::get_ace(acl, i, &ace)) break;
        append(copy, ace);
    }
    finish(copy);
    return copy;
}

template <class T> ULONG put(Descriptor& to, const T& bytes) {
    if (bytes.empty()) return 0;
    const auto offset = static_cast<ULONG>(to.size());
    to.insert(to.end(), bytes.begin(), bytes.end());
    to.resize((to.size() + 3) & ~std::size_t{3});
    return offset;
}

} // namespace

Bytes new_acl(UCHAR revision) {
    Bytes acl(sizeof(ACL));
    *reinterpret_cast<ACL*>(acl.data()) = {revision, 0, 0, 0, 0};
    return acl;
}
void append(Bytes& acl, const void* ace) {
    const auto* p = static_cast<const UCHAR*>(ace);
    acl.insert(acl.end(), p, p + static_cast<const ACE_HEADER*>(ace)->AceSize);
    reinterpret_cast<ACL*>(acl.data())->AceCount++;
}
void finish(Bytes& acl) { reinterpret_cast<ACL*>(acl.data())->AclSize = static_cast<USHORT>(acl.size()); }

Parts::Parts(const void* d) {
    if (!d) return;
    control = static_cast<const SECURITY_DESCRIPTOR*>(d)->Control & static_cast<USHORT>(~SE_SELF_RELATIVE);
    SID* sid = nullptr;
    ACL* acl = nullptr;
    BOOLEAN present = FALSE, defaulted;
    if (rtl::get_owner(d, &sid, &defaulted) == 0) owner = bytes_of(sid);
    if (rtl::get_group(d, &sid, &defaulted) == 0) group = bytes_of(sid);
    if (rtl::get_dacl(d, &present, &acl, &defaulted) == 0 && present) has_dacl = true, dacl = acl_bytes(acl);
    acl = nullptr;
    if (rtl::get_sacl(d, &present, &acl, &defaulted) == 0 && present) has_sacl = true, sacl = acl_bytes(acl);
}

Descriptor Parts::build() const {
    Descriptor d(sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    SECURITY_DESCRIPTOR_RELATIVE head{};
    head.Revision = SECURITY_DESCRIPTOR_REVISION;
    head.Control = static_cast<USHORT>((control & ~(SE_DACL_PRESENT | SE_SACL_PRESENT)) | SE_SELF_RELATIVE |
                                       (has_dacl ? SE_DACL_PRESENT : 0) | (has_sacl ? SE_SACL_PRESENT : 0));
    head.Sacl = put(d, sacl);
    head.Dacl = put(d, dacl);
    head.Owner = put(d, owner);
    head.Group = put(d, group);
    std::memcpy(d.data(), &head, sizeof head);
    return d;
}

ULONG highest_label(const Bytes& sacl) {
    ULONG highest = 0;
    for_each(sacl, [&](const ACCESS_ALLOWED_ACE& ace) {
        if (ace.Header.AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE) return;
        const SID* sid = rtl::sid_of_ace(&ace.Header);
        if (sid && sid->SubAuthorityCount) highest = std::max(highest, sid->SubAuthority[0]);
    });
    return highest;
}

Bytes map_acl(const Bytes& acl, const GENERIC_MAPPING& mapping, const Bytes& owner, const Bytes& group) {
    if (acl.empty()) return {};
    Bytes mapped = new_acl(reinterpret_cast<const ACL*>(acl.data())->AclRevision);
    for_each(acl, [&](const ACCESS_ALLOWED_ACE& ace) {
        const auto* raw = reinterpret_cast<const UCHAR*>(&ace);
        const SID* sid = rtl::sid_of_ace(&ace.Header);
        if (!sid || ace.Header.AceType >= SYSTEM_MANDATORY_LABEL_ACE_TYPE ||
            (ace.Header.AceFlags & INHERIT_ONLY_ACE)) {
            append(mapped, &ace);
            return;
        }
        Bytes copy(raw, raw + ace.Header.AceSize);
        reinterpret_cast<ACCESS_ALLOWED_ACE*>(copy.data())->Mask = ob::map_generic(ace.Mask, mapping);
        const bool to_owner = rtl::equal_sid(sid, sids::creator_owner.sid());
        const Bytes& who = to_owner ? owner : group;
        if ((to_owner || rtl::equal_sid(sid, sids::creator_group.sid())) && !who.empty()) {
            const auto at = copy.begin() + (reinterpret_cast<const UCHAR*>(sid) - raw);
            const auto behind = copy.erase(at, at + rtl::length_sid(sid));
            copy.insert(behind, who.begin(), who.end());
            reinterpret_cast<ACE_HEADER*>(copy.data())->AceSize = static_cast<USHORT>(copy.size());
        }
        // All of it, even where AceSize cannot tell: too_long() sees that.
        mapped.insert(mapped.end(), copy.begin(), copy.end());
        reinterpret_cast<ACL*>(mapped.data())->AceCount++;
    });
    finish(mapped);
    return mapped;
}

} // namespace nt::se::detail
