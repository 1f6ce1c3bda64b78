// A descriptor taken apart, and put together again in self-relative form.
#pragma once
#include "kernel/se/descriptor.h"
#include "rtl/security.h"

namespace nt::se::detail {

using Bytes = std::vector<UCHAR>;

struct Parts {
    USHORT control = 0; // without SE_SELF_RELATIVE
    Bytes owner, group; // SIDs; empty: none
    Bytes dacl, sacl;   // ACLs; empty: null lists if present
    bool has_dacl = false, has_sacl = false;

    Parts() = default;
    explicit Parts(const void* descriptor);
    Descriptor build() const;
};

inline Bytes bytes_of(const SID* sid) {
    const auto* p = reinterpret_cast<const UCHAR*>(sid);
    return sid ? Bytes(p, p + rtl::length_sid(sid)) : Bytes{};
}
inline const SID* sid_in(const Bytes& bytes) { return reinterpret_cast<const SID*>(bytes.data()); }

// A list without ACEs, to be filled by append(); finish() sets its size.
Bytes new_acl(UCHAR revision);
void append(Bytes& acl, const void* ace);
void finish(Bytes& acl);
// What does not fit AclSize; such a list must not get out of here.
inline bool too_long(const Bytes& acl) { return acl.size() > 0xfffc; }
template <class F> void for_each(const Bytes& acl, F visit) {
    if (acl.empty()) return;
    const auto* head = reinterpret_cast<const ACL*>(acl.data());
    std::size_t at = sizeof(ACL);
    for (ULONG i = 0; i < head->AceCount; ++i) {
        const auto* ace = reinterpret_cast<const ACCESS_ALLOWED_ACE*>(acl.data() + at);
        visit(*ace);
        at += ace->Header.AceSize;
    }
}

// The highest level among the list's integrity labels, also of those for children only: what inherits them is
// not checked again. 0: there is none.
ULONG highest_label(const Bytes& sacl);

// Generic rights of its ACEs become those of the type, and of those that are not for children only; CREATOR
// OWNER and CREATOR GROUP in effective ACEs become the owner and the group. An ACE may outgrow AceSize: the
// list is too_long() then.
Bytes map_acl(const Bytes& acl, const GENERIC_MAPPING& mapping, const Bytes& owner, const Bytes& group);

} // namespace nt::se::detail
