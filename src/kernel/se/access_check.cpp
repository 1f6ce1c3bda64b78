#include "kernel/se/access_check.h"
#include "abi/status.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/token.h"
#include "rtl/security.h"

namespace nt::se {

namespace {

// The parts of a descriptor that a check reads.
struct Protection {
    SID* owner = nullptr;
    ACL* dacl = nullptr; // null: everything is allowed
    ACL* sacl = nullptr;

    explicit Protection(const void* descriptor) {
        BOOLEAN present = FALSE, defaulted;
        rtl::get_owner(descriptor, &owner, &defaulted);
        if (rtl::get_dacl(descriptor, &present, &dacl, &defaulted) || !present) dacl = nullptr;
        if (rtl::get_sacl(descriptor, &present, &sacl, &defaulted) || !present) sacl = nullptr;
    }
};

// A driver's list is not checked before: what does not lie within it ends the walk.
template <class F> void for_each_ace(const ACL* acl, F visit) {
    auto at = reinterpret_cast<ULONG_PTR>(acl + 1);
    const ULONG_PTR end = reinterpret_cast<ULONG_PTR>(acl) + acl->AclSize;
    for (ULONG i = 0; i < acl->AceCount; ++i) {
        const auto& ace = *reinterpret_cast<const ACCESS_ALLOWED_ACE*>(at);
        if (at + sizeof(ACE_HEADER) > end || ace.Header.AceSize < sizeof(ACE_HEADER) ||
            at + ace.Header.AceSize > end)
            return;
        if (!(ace.Header.AceFlags & INHERIT_ONLY_ACE) && !visit(ace)) return;
        at += ace.Header.AceSize;
    }
}

struct Entry {
    const SID* sid = nullptr; // null: an ACE that says nothing here
    bool allow = false;
};
// assumed: an object ACE counts as a plain one when it names no object type, as there are no object trees
// here; callback ACEs allow and deny nothing.
Entry entry_of(const ACCESS_ALLOWED_ACE& ace) {
    switch (ace.Header.AceType) {
    case ACCESS_ALLOWED_OBJECT_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
        if (ace.Header.AceSize < offsetof(ACCESS_ALLOWED_OBJECT_ACE, ObjectType) ||
            (ace.SidStart & ACE_OBJECT_TYPE_PRESENT))
            return {};
        [[fallthrough]];
    case ACCESS_ALLOWED_ACE_TYPE:
    case ACCESS_DENIED_ACE_TYPE:
        return {rtl::sid_of_ace(&ace.Header), ace.Header.AceType == ACCESS_ALLOWED_ACE_TYPE ||
                                                  ace.Header.AceType == ACCESS_ALLOWED_OBJECT_ACE_TYPE};
    default:
        return {};
    }
}

bool is_owner(const TOKEN& token, const Protection& what) { return what.owner && has_sid(token, what.owner); }

// "To prevent the owner's implicit rights, an ACE with the Owner Rights SID": then that ACE says what the
// owner may.
bool names_owner_rights(const Protection& what) {
    bool found = false;
    for_each_ace(what.dacl, [&](const ACCESS_ALLOWED_ACE& ace) {
        const Entry entry = entry_of(ace);
        found = found || (entry.sid && rtl::equal_sid(entry.sid, sids::owner_rights.sid()));
        return !found;
    });
    return found;
}

// Which of the wanted rights the list allows. With `maximum` all that it allows; otherwise the walk ends when
// all are allowed, and a right that is denied first ends it with nothing more.
struct Walk {
    const TOKEN& token;
    const Protection& what;
    bool owner;
    bool restricting; // the second look of a restricted token, at its restricting SIDs

    bool matches(const SID* sid, bool deny) const {
        if (owner && rtl::equal_sid(sid, sids::owner_rights.sid())) return true;
        return restricting ? is_in(token.RestrictedSids, token.RestrictedSidCount, sid)
                           : has_sid(token, sid, deny);
    }
    ACCESS_MASK run(ACCESS_MASK wanted, bool maximum) const {
        ACCESS_MASK allowed = 0, denied = 0;
        for_each_ace(what.dacl, [&](const ACCESS_ALLOWED_ACE& ace) {
            const Entry entry = entry_of(ace);
            if (!entry.sid || !matches(entry.sid, !entry.allow)) return true;
            if (entry.allow)
                allowed |= ace.Mask & ~denied;
            else
                denied |= ace.Mask & ~allowed;
            return maximum || ((wanted & denied) == 0 && (wanted & ~allowed) != 0);
        });
        return allowed;
    }
};

// Rights that the object's integrity label leaves to this token: everything if the token's level is not below
// it.
ACCESS_MASK mandatory_rights(const TOKEN& token, const Protection& what, const GENERIC_MAPPING& mapping) {
    ULONG level = SECURITY_MANDATORY_MEDIUM_RID, policy = SYSTEM_MANDATORY_LABEL_NO_WRITE_UP;
    if (what.sacl)
        for_each_ace(what.sacl, [&](const ACCESS_ALLOWED_ACE& ace) {
            if (ace.Header.AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE) return true;
            const SID* sid = rtl::sid_of_ace(&ace.Header);
            if (!sid || !sid->SubAuthorityCount) return true;
            level = sid->SubAuthority[sid->SubAuthorityCount - 1];
            policy = ace.Mask;
            return false;
        });
    if (!(token.MandatoryPolicy & TOKEN_MANDATORY_POLICY_NO_WRITE_UP) || integrity_level(token) >= level)
        return ~ACCESS_MASK{0};
    ACCESS_MASK rights = 0;
    if (!(policy & SYSTEM_MANDATORY_LABEL_NO_READ_UP)) rights |= mapping.GenericRead;
    if (!(policy & SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP)) rights |= mapping.GenericExecute;
    if (!(policy & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP)) rights |= mapping.GenericWrite;
    if (has_privilege(token, SE_RELABEL_PRIVILEGE)) rights |= WRITE_OWNER;
    return rights;
}

// A restricted token is allowed what both of its lists of SIDs are allowed; a write-restricted one only as
// far as writing goes.
ACCESS_MASK allowed_by_list(const TOKEN& token, const Protection& what, ACCESS_MASK wanted, bool maximum,
                            bool owner, const GENERIC_MAPPING& mapping) {
    const ACCESS_MASK first = Walk{token, what, owner, false}.run(wanted, maximum);
    if (!is_restricted(token)) return first;
    const bool second_owner = what.owner && is_in(token.RestrictedSids, token.RestrictedSidCount, what.owner);
    const ACCESS_MASK second = Walk{token, what, second_owner, true}.run(wanted, maximum);
    if (!(token.TokenFlags & TOKEN_WRITE_RESTRICTED)) return first & second;
    const ACCESS_MASK reads = mapping.GenericRead | mapping.GenericExecute;
    return first & (second | reads);
}

AccessAnswer for_kernel(const AccessQuestion& q, ACCESS_MASK desired) {
    ACCESS_MASK granted = (desired & ~MAXIMUM_ALLOWED) | q.previously;
    if (desired & MAXIMUM_ALLOWED) granted |= q.mapping.GenericAll;
    return {STATUS_SUCCESS, granted, 0};
}

AccessAnswer denied(NTSTATUS status = STATUS_ACCESS_DENIED) { return {status, 0, 0}; }

} // namespace

AccessAnswer check_access(const AccessQuestion& q) {
    const ACCESS_MASK desired = ob::map_generic(q.desired, q.mapping);
    if (q.mode == KernelMode) return for_kernel(q, desired);
    if (!q.descriptor) return denied();
    const TOKEN& token = *q.token;
    const bool maximum = desired & MAXIMUM_ALLOWED;
    ACCESS_MASK wanted = desired & ~MAXIMUM_ALLOWED & ~q.previously;
    ACCESS_MASK granted = q.previously;
    ULONGLONG used = 0;
    // assumed: asking for nothing gets nothing.
    if (!wanted && !maximum) return q.previously ? AccessAnswer{STATUS_SUCCESS, granted, 0} : denied();

    const Protection what(q.descriptor);
    const ACCESS_MASK label = mandatory_rights(token, what, q.mapping) | ACCESS_SYSTEM_SECURITY;
    if (wanted & ~label) return denied();
    if (wanted & ACCESS_SYSTEM_SECURITY) {
        if (!has_privilege(token, SE_SECURITY_PRIVILEGE)) return denied(STATUS_PRIVILEGE_NOT_HELD);
        granted |= ACCESS_SYSTEM_SECURITY;
        used |= 1ull << SE_SECURITY_PRIVILEGE;
    }
    if ((wanted & WRITE_OWNER) && has_privilege(token, SE_TAKE_OWNERSHIP_PRIVILEGE)) {
        granted |= WRITE_OWNER;
        used |= 1ull << SE_TAKE_OWNERSHIP_PRIVILEGE;
    }
    if (!what.dacl) { // no list: no protection
        granted |= wanted | (maximum ? q.mapping.GenericAll & label : 0);
        return {STATUS_SUCCESS, granted, used};
    }
    const bool owner = is_owner(token, what);
    const bool owner_twice =
        owner && (!is_restricted(token) || is_in(token.RestrictedSids, token.RestrictedSidCount, what.owner));
    ACCESS_MASK allowed = 0;
    if (owner_twice && !names_owner_rights(what)) allowed |= (READ_CONTROL | WRITE_DAC) & label;
    const ACCESS_MASK rest = wanted & ~granted & ~allowed;
    if (rest || maximum) allowed |= allowed_by_list(token, what, rest, maximum, owner, q.mapping) & label;
    if (rest & ~allowed) return denied();
    granted |= wanted | (maximum ? allowed & ~ACCESS_SYSTEM_SECURITY : 0);
    if (!granted) return denied();
    return {STATUS_SUCCESS, granted, used};
}

} // namespace nt::se
