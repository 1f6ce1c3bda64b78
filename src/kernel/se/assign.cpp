// The descriptor of a new object.
#include "abi/status.h"
#include "kernel/se/detail/parts.h"
#include "kernel/se/token.h"
#include <cstring>

namespace nt::se {

namespace {

using namespace detail;

// Who inherits an object-specific entry: everything, or what is of the type that it names.
bool is_for(const ACCESS_ALLOWED_ACE& ace, const UCHAR* object_type) {
    const UCHAR type = ace.Header.AceType;
    if (type < ACCESS_ALLOWED_OBJECT_ACE_TYPE || type > SYSTEM_ALARM_OBJECT_ACE_TYPE) return true;
    if (!rtl::sid_of_ace(&ace.Header)) return false; // too short for what it should have
    const auto& object = reinterpret_cast<const ACCESS_ALLOWED_OBJECT_ACE&>(ace);
    if (!(object.Flags & ACE_INHERITED_OBJECT_TYPE_PRESENT)) return true;
    const auto* guid = reinterpret_cast<const UCHAR*>(&object.ObjectType);
    if (object.Flags & ACE_OBJECT_TYPE_PRESENT) guid += 16;
    return object_type && std::memcmp(guid, object_type, 16) == 0;
}

// Rights or a SID that mean something else for each object.
bool is_generic(const ACCESS_ALLOWED_ACE& ace) {
    constexpr ACCESS_MASK generic = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
    const SID* sid = rtl::sid_of_ace(&ace.Header);
    return sid && ((ace.Mask & generic) || rtl::equal_sid(sid, sids::creator_owner.sid()) ||
                   rtl::equal_sid(sid, sids::creator_group.sid()));
}

// What a list of the parent hands down: Win32 page "ACE Inheritance Rules".
Bytes inherited(const Bytes& parent, const NewSecurity& what, bool mark) {
    if (parent.empty()) return {};
    Bytes list = new_acl(reinterpret_cast<const ACL*>(parent.data())->AclRevision);
    for_each(parent, [&](const ACCESS_ALLOWED_ACE& ace) {
        const UCHAR flags = ace.Header.AceFlags;
        const UCHAR to_children = flags & (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
        const bool effective = (flags & (what.container ? CONTAINER_INHERIT_ACE : OBJECT_INHERIT_ACE)) &&
                               is_for(ace, what.object_type);
        const bool passed_on = what.container && to_children && !(flags & NO_PROPAGATE_INHERIT_ACE);
        const auto add = [&](UCHAR now) {
            const auto* raw = reinterpret_cast<const UCHAR*>(&ace);
            Bytes copy(raw, raw + ace.Header.AceSize);
            copy[1] = static_cast<UCHAR>(now | (mark ? INHERITED_ACE : 0) | (flags & 0xC0));
            append(list, copy.data());
        };
        const bool twice = effective && passed_on && is_generic(ace);
        if (effective) add(passed_on && !twice ? to_children : 0);
        if (passed_on && (!effective || twice)) add(to_children | INHERIT_ONLY_ACE);
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
    bool labelled = false;
    for_each(to.sacl, [&](const ACCESS_ALLOWED_ACE& ace) {
        labelled = labelled || (ace.Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE &&
                                !(ace.Header.AceFlags & INHERIT_ONLY_ACE));
    });
    if (level >= SECURITY_MANDATORY_MEDIUM_RID || labelled) return;
    struct {
        ACE_HEADER header;
        ACCESS_MASK mask;
        UCHAR sid[12];
    } ace{{SYSTEM_MANDATORY_LABEL_ACE_TYPE, 0, 20}, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP, {}};
    const SidValue sid = integrity(level);
    std::memcpy(ace.sid, &sid, sizeof ace.sid);
    if (to.sacl.empty()) to.sacl = new_acl(ACL_REVISION);
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
    made.dacl = choose(inherited(parent.dacl, what, auto_dacl), given.dacl, given.has_dacl, given.control,
                       SE_DACL_DEFAULTED, SE_DACL_PROTECTED, auto_dacl, made.has_dacl);
    if (!made.has_dacl && token.DefaultDacl) {
        const auto* bytes = reinterpret_cast<const UCHAR*>(token.DefaultDacl);
        made.dacl.assign(bytes, bytes + token.DefaultDacl->AclSize);
        made.has_dacl = true;
    }
    if (given.has_sacl && !only_labels(given.sacl) && !by_kernel &&
        !(what.flags & SEF_AVOID_PRIVILEGE_CHECK) && !has_privilege(token, SE_SECURITY_PRIVILEGE))
        return fail(STATUS_PRIVILEGE_NOT_HELD);
    if (!by_kernel && !may_label(token, given.sacl)) return fail(STATUS_INVALID_LABEL);
    made.sacl = choose(inherited(parent.sacl, what, auto_sacl), given.sacl, given.has_sacl, given.control,
                       SE_SACL_DEFAULTED, SE_SACL_PROTECTED, auto_sacl, made.has_sacl);
    if (!by_kernel) add_label(made, token);

    made.dacl = map_acl(made.dacl, what.mapping, made.owner, made.group);
    made.sacl = map_acl(made.sacl, what.mapping, made.owner, made.group);
    if (too_long(made.dacl) || too_long(made.sacl)) return fail(STATUS_BAD_INHERITANCE_ACL);
    made.control = given.control & (SE_DACL_PROTECTED | SE_SACL_PROTECTED);
    if (auto_dacl) made.control |= SE_DACL_AUTO_INHERITED;
    if (auto_sacl) made.control |= SE_SACL_AUTO_INHERITED;
    return made.build();
}

} // namespace nt::se
