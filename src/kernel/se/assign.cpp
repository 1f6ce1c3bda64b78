// The descriptor of a new object.
#include "abi/status.h"
#include "kernel/se/detail/parts.h"
#include "kernel/se/token.h"

namespace nt::se {

namespace {

using namespace detail;

// What a list of the parent hands down: Win32 page "ACE Inheritance Rules".
Bytes inherited(const Bytes& parent, bool container, bool mark) {
    if (parent.empty()) return {};
    Bytes list = new_acl(reinterpret_cast<const ACL*>(parent.data())->AclRevision);
    for_each(parent, [&](const ACCESS_ALLOWED_ACE& ace) {
        const UCHAR flags = ace.Header.AceFlags;
        const bool to_objects = flags & OBJECT_INHERIT_ACE, to_containers = flags & CONTAINER_INHERIT_ACE;
        if (container ? !(to_containers || (to_objects && !(flags & NO_PROPAGATE_INHERIT_ACE))) : !to_objects)
            return;
        UCHAR now = 0;
        if (container && !(flags & NO_PROPAGATE_INHERIT_ACE)) {
            now = flags & (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
            if (!to_containers) now |= INHERIT_ONLY_ACE; // for the objects in it only
        }
        if (mark) now |= INHERITED_ACE;
        const auto* raw = reinterpret_cast<const UCHAR*>(&ace);
        Bytes copy(raw, raw + ace.Header.AceSize);
        copy[1] = static_cast<UCHAR>(now | (flags & 0xC0));
        append(list, copy.data());
    });
    finish(list);
    return reinterpret_cast<const ACL*>(list.data())->AceCount ? list : Bytes{};
}

// "Assign both inherited and explicit ACLs": explicit ACEs first; those marked as inherited are not copied.
Bytes merge(const Bytes& given, const Bytes& handed_down) {
    if (given.empty()) return {};
    Bytes list = new_acl(reinterpret_cast<const ACL*>(given.data())->AclRevision);
    for_each(given, [&](const ACCESS_ALLOWED_ACE& ace) {
        if (!(ace.Header.AceFlags & INHERITED_ACE)) append(list, &ace);
    });
    for_each(handed_down, [&](const ACCESS_ALLOWED_ACE& ace) { append(list, &ace); });
    finish(list);
    return list;
}

bool only_labels(const Bytes& sacl) {
    bool only = true;
    for_each(sacl, [&](const ACCESS_ALLOWED_ACE& ace) {
        only = only && ace.Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE;
    });
    return only;
}

// An object of code below medium integrity carries its creator's level, as others count as medium.
void add_label(Parts& to, const TOKEN& token) {
    const ULONG level = integrity_level(token);
    if (level >= SECURITY_MANDATORY_MEDIUM_RID || to.has_sacl) return;
    struct {
        ACE_HEADER header;
        ACCESS_MASK mask;
        UCHAR sid[12];
    } ace{{SYSTEM_MANDATORY_LABEL_ACE_TYPE, 0, 20}, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP, {}};
    const SidValue sid = integrity(level);
    __builtin_memcpy(ace.sid, &sid, sizeof ace.sid);
    to.sacl = new_acl(ACL_REVISION);
    append(to.sacl, &ace);
    finish(to.sacl);
    to.has_sacl = true;
}

} // namespace

Result<Descriptor> assign(const NewSecurity& what) {
    if (what.given && !rtl::valid_descriptor(what.given)) return fail(STATUS_INVALID_SECURITY_DESCR);
    const Parts parent(what.parent), given(what.given);
    const TOKEN& token = *what.token;
    const bool by_kernel = what.mode == KernelMode;
    Parts made;

    made.owner = given.owner;
    if (made.owner.empty() && what.flags & SEF_DEFAULT_OWNER_FROM_PARENT) made.owner = parent.owner;
    if (made.owner.empty())
        made.owner = bytes_of(static_cast<const SID*>(token.UserAndGroups[token.DefaultOwnerIndex].Sid));
    else if (!by_kernel && !(what.flags & SEF_AVOID_OWNER_CHECK) && !may_own(token, sid_in(made.owner)) &&
             !has_privilege(token, SE_RESTORE_PRIVILEGE))
        return fail(STATUS_INVALID_OWNER);
    made.group = given.group;
    if (made.group.empty() && what.flags & SEF_DEFAULT_GROUP_FROM_PARENT) made.group = parent.group;
    if (made.group.empty()) made.group = bytes_of(static_cast<const SID*>(token.PrimaryGroup));

    // The table of the page: an explicit list that is not a default one wins, then what is inherited, then
    // the default.
    const auto choose = [&](const Bytes& handed_down, const Bytes& own, bool present, USHORT control,
                            USHORT defaulted, USHORT is_protected, bool automatic, bool& has) {
        const bool is_default = (control & defaulted) || (what.flags & SEF_DEFAULT_DESCRIPTOR_FOR_OBJECT);
        has = true;
        if (present && !is_default)
            return automatic && !(control & is_protected) ? merge(own, handed_down) : own;
        if (!handed_down.empty()) return handed_down;
        has = present;
        return own;
    };
    const bool auto_dacl = what.flags & SEF_DACL_AUTO_INHERIT, auto_sacl = what.flags & SEF_SACL_AUTO_INHERIT;
    made.dacl = choose(inherited(parent.dacl, what.container, auto_dacl), given.dacl, given.has_dacl,
                       given.control, SE_DACL_DEFAULTED, SE_DACL_PROTECTED, auto_dacl, made.has_dacl);
    if (!made.has_dacl && token.DefaultDacl) {
        const auto* bytes = reinterpret_cast<const UCHAR*>(token.DefaultDacl);
        made.dacl.assign(bytes, bytes + token.DefaultDacl->AclSize);
        made.has_dacl = true;
    }
    if (given.has_sacl && !only_labels(given.sacl) && !by_kernel &&
        !(what.flags & SEF_AVOID_PRIVILEGE_CHECK) && !has_privilege(token, SE_SECURITY_PRIVILEGE))
        return fail(STATUS_PRIVILEGE_NOT_HELD);
    made.sacl = choose(inherited(parent.sacl, what.container, auto_sacl), given.sacl, given.has_sacl,
                       given.control, SE_SACL_DEFAULTED, SE_SACL_PROTECTED, auto_sacl, made.has_sacl);
    if (!by_kernel) add_label(made, token);

    made.dacl = map_acl(made.dacl, what.mapping, made.owner, made.group);
    made.sacl = map_acl(made.sacl, what.mapping, made.owner, made.group);
    made.control = given.control & (SE_DACL_PROTECTED | SE_SACL_PROTECTED);
    if (auto_dacl) made.control |= SE_DACL_AUTO_INHERITED;
    if (auto_sacl) made.control |= SE_SACL_AUTO_INHERITED;
    return made.build();
}

} // namespace nt::se
