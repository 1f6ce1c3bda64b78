// Reading and changing parts of a descriptor.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/se/detail/parts.h"
#include "kernel/se/token.h"
#include "rtl/sddl.h"
#include <string_view>

namespace nt::se {

using namespace detail;

ACCESS_MASK rights_to_query(SECURITY_INFORMATION information) {
    ACCESS_MASK rights = 0;
    if (information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                       LABEL_SECURITY_INFORMATION))
        rights |= READ_CONTROL;
    if (information & SACL_SECURITY_INFORMATION) rights |= ACCESS_SYSTEM_SECURITY;
    return rights;
}

ACCESS_MASK rights_to_set(SECURITY_INFORMATION information) {
    ACCESS_MASK rights = 0;
    if (information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        rights |= WRITE_OWNER;
    if (information & (DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION |
                       UNPROTECTED_DACL_SECURITY_INFORMATION))
        rights |= WRITE_DAC;
    if (information & (SACL_SECURITY_INFORMATION | PROTECTED_SACL_SECURITY_INFORMATION |
                       UNPROTECTED_SACL_SECURITY_INFORMATION))
        rights |= ACCESS_SYSTEM_SECURITY;
    return rights;
}

namespace {

Bytes select_aces(const Bytes& sacl, bool labels, bool others) {
    if (sacl.empty()) return {};
    Bytes list = new_acl(reinterpret_cast<const ACL*>(sacl.data())->AclRevision);
    for_each(sacl, [&](const ACCESS_ALLOWED_ACE& ace) {
        if (ace.Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE ? labels : others) append(list, &ace);
    });
    finish(list);
    return list;
}

ULONG ace_count(const Bytes& acl) {
    return acl.empty() ? 0 : reinterpret_cast<const ACL*>(acl.data())->AceCount;
}

// The list's audit part from one side, its labels from the other.
Bytes join_aces(const Bytes& audits, const Bytes& labels) {
    Bytes list = select_aces(audits.empty() ? labels : audits, audits.empty(), !audits.empty());
    if (audits.empty()) return list;
    for_each(labels, [&](const ACCESS_ALLOWED_ACE& ace) {
        if (ace.Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) append(list, &ace);
    });
    finish(list);
    return list;
}

// nf-ntifs-sesetsecuritydescriptorinfoex: what becomes of a list with automatic inheritance. Entries that
// were inherited stay what they are, unless one side is protected.
Bytes keep_inherited(const Bytes& old, const Bytes& given, bool old_protected, bool given_protected) {
    if (given.empty() || (old_protected && !given_protected)) return given;
    Bytes list = new_acl(reinterpret_cast<const ACL*>(given.data())->AclRevision);
    for_each(given, [&](const ACCESS_ALLOWED_ACE& ace) {
        if ((ace.Header.AceFlags & INHERITED_ACE) && !given_protected) return;
        const auto* raw = reinterpret_cast<const UCHAR*>(&ace);
        Bytes copy(raw, raw + ace.Header.AceSize);
        copy[1] &= static_cast<UCHAR>(~INHERITED_ACE);
        append(list, copy.data());
    });
    if (!given_protected)
        for_each(old, [&](const ACCESS_ALLOWED_ACE& ace) {
            if (ace.Header.AceFlags & INHERITED_ACE) append(list, &ace);
        });
    finish(list);
    return list;
}

void take_control(USHORT& to, USHORT from, USHORT bits) {
    to = static_cast<USHORT>((to & ~bits) | (from & bits));
}

} // namespace

bool may_label(const TOKEN& token, const std::vector<UCHAR>& sacl) {
    return highest_label(sacl) <= integrity_level(token) || has_privilege(token, SE_RELABEL_PRIVILEGE);
}

Result<Descriptor> change(const void* old, SECURITY_INFORMATION information, const void* changes,
                          const GENERIC_MAPPING& mapping, const TOKEN& token, KPROCESSOR_MODE mode,
                          ULONG inheritance) {
    if (!rtl::valid_descriptor(changes)) return fail(STATUS_INVALID_SECURITY_DESCR);
    Parts made(old);
    const USHORT before = made.control;
    const Parts given(changes);
    if (information & OWNER_SECURITY_INFORMATION) {
        if (given.owner.empty()) return fail(STATUS_INVALID_OWNER);
        if (mode != KernelMode && !may_own(token, sid_in(given.owner)) &&
            !has_privilege(token, SE_RESTORE_PRIVILEGE))
            return fail(STATUS_INVALID_OWNER);
        made.owner = given.owner;
        take_control(made.control, given.control, SE_OWNER_DEFAULTED);
    }
    if (information & GROUP_SECURITY_INFORMATION) {
        if (given.group.empty()) return fail(STATUS_INVALID_PRIMARY_GROUP);
        made.group = given.group;
        take_control(made.control, given.control, SE_GROUP_DEFAULTED);
    }
    if (information & DACL_SECURITY_INFORMATION) {
        made.has_dacl = given.has_dacl;
        const bool automatic = inheritance & SEF_DACL_AUTO_INHERIT;
        made.dacl = map_acl(automatic ? keep_inherited(made.dacl, given.dacl, before & SE_DACL_PROTECTED,
                                                       given.control & SE_DACL_PROTECTED)
                                      : given.dacl,
                            mapping, made.owner, made.group);
        take_control(made.control, given.control,
                     SE_DACL_PROTECTED | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED);
        if (automatic) made.control |= SE_DACL_AUTO_INHERITED;
    }
    if (information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION)) {
        const bool automatic =
            (inheritance & SEF_SACL_AUTO_INHERIT) && (information & SACL_SECURITY_INFORMATION);
        if ((information & LABEL_SECURITY_INFORMATION) && mode != KernelMode && !may_label(token, given.sacl))
            return fail(STATUS_INVALID_LABEL);
        const Bytes kept = automatic ? keep_inherited(made.sacl, given.sacl, before & SE_SACL_PROTECTED,
                                                      given.control & SE_SACL_PROTECTED)
                                     : given.sacl;
        const Bytes& audits = information & SACL_SECURITY_INFORMATION ? kept : made.sacl;
        const Bytes& labels = information & LABEL_SECURITY_INFORMATION ? given.sacl : made.sacl;
        Bytes list = join_aces(audits, labels);
        made.has_sacl =
            information & SACL_SECURITY_INFORMATION ? given.has_sacl || ace_count(list) : ace_count(list);
        made.sacl = map_acl(list, mapping, made.owner, made.group);
        if (information & SACL_SECURITY_INFORMATION)
            take_control(made.control, given.control,
                         SE_SACL_PROTECTED | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED);
        if (automatic) made.control |= SE_SACL_AUTO_INHERITED;
    }
    if (too_long(made.dacl) || too_long(made.sacl)) return fail(STATUS_INVALID_ACL);
    const auto set = [&](SECURITY_INFORMATION bit, USHORT control, bool on) {
        if (information & bit)
            made.control = static_cast<USHORT>(on ? made.control | control : made.control & ~control);
    };
    set(PROTECTED_DACL_SECURITY_INFORMATION, SE_DACL_PROTECTED, true);
    set(UNPROTECTED_DACL_SECURITY_INFORMATION, SE_DACL_PROTECTED, false);
    set(PROTECTED_SACL_SECURITY_INFORMATION, SE_SACL_PROTECTED, true);
    set(UNPROTECTED_SACL_SECURITY_INFORMATION, SE_SACL_PROTECTED, false);
    return made.build();
}

Descriptor extract(const void* descriptor, SECURITY_INFORMATION information) {
    const Parts all(descriptor);
    Parts made;
    if (information & OWNER_SECURITY_INFORMATION) {
        made.owner = all.owner;
        take_control(made.control, all.control, SE_OWNER_DEFAULTED);
    }
    if (information & GROUP_SECURITY_INFORMATION) {
        made.group = all.group;
        take_control(made.control, all.control, SE_GROUP_DEFAULTED);
    }
    if (information & DACL_SECURITY_INFORMATION) {
        made.has_dacl = all.has_dacl;
        made.dacl = all.dacl;
        take_control(made.control, all.control,
                     SE_DACL_PROTECTED | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED);
    }
    const bool audits = information & SACL_SECURITY_INFORMATION,
               labels = information & LABEL_SECURITY_INFORMATION;
    if (audits || labels) {
        made.sacl = select_aces(all.sacl, labels || audits, audits);
        made.has_sacl = audits ? all.has_sacl : ace_count(made.sacl) != 0;
        if (!made.has_sacl) made.sacl.clear();
        take_control(made.control, all.control,
                     SE_SACL_PROTECTED | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED);
    }
    return made.build();
}

Descriptor from_sddl(const char16_t* text) {
    const std::u16string_view view(text);
    const auto count = static_cast<ULONG>(view.size());
    ULONG size = 0;
    NTSTATUS status = rtl::sddl_to_descriptor(text, count, sids::machine.sid(), nullptr, &size);
    Descriptor d(size);
    status = rtl::sddl_to_descriptor(text, count, sids::machine.sid(), d.data(), &size);
    if (status) ke::bug_check(SECURITY1_INITIALIZATION_FAILED, static_cast<ULONG>(status), 0, 0, 0);
    return d;
}

} // namespace nt::se
