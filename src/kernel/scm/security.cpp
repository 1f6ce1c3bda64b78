// Security descriptors of services: kept as data, in the value that Windows keeps them in.
#include "rtl/security.h"
#include "abi/se.h"
#include "abi/status.h"
#include "abi/win32_error.h"
#include "kernel/scm/configure.h"
#include "kernel/se/accounts.h"
#include <span>

namespace nt::scm {

namespace {

constexpr ULONG owner = 1, group = 2, dacl = 4, sacl = 8;

using Bytes = std::vector<UCHAR>;

struct Grant {
    const se::SidValue& to;
    ACCESS_MASK access;
};
// The tables of the reference's "Service Security and Access Rights"; // assumed: as defaults, without
// auditing.
constexpr Grant service_grants[] = {{se::sids::local_system, 0x201fd},
                                    {se::sids::administrators, SERVICE_ALL_ACCESS},
                                    {se::sids::authenticated_users, 0x2018d}},
                manager_grants[] = {{se::sids::authenticated_users, 0x20015},
                                    {se::sids::local_system, 0x20035},
                                    {se::sids::administrators, SC_MANAGER_ALL_ACCESS}};

Bytes default_descriptor(std::span<const Grant> grants) {
    alignas(8) UCHAR list[256], absolute[64] = {};
    auto* acl = reinterpret_cast<ACL*>(list);
    rtl::create_acl(acl, sizeof list, 2);
    ULONG size = sizeof(ACL);
    for (const Grant& grant : grants) {
        rtl::add_ace(acl, 2, 0, 0, grant.access, grant.to.sid());
        size += 8 + rtl::length_sid(grant.to.sid());
    }
    acl->AclSize = static_cast<USHORT>(size);
    rtl::create_descriptor(absolute, 1);
    rtl::set_owner(absolute, const_cast<SID*>(se::sids::local_system.sid()), false);
    rtl::set_group(absolute, const_cast<SID*>(se::sids::local_system.sid()), false);
    rtl::set_dacl(absolute, true, acl, false);
    ULONG needed = 0;
    rtl::absolute_to_relative(absolute, nullptr, &needed);
    Bytes bytes(needed);
    rtl::absolute_to_relative(absolute, bytes.data(), &needed);
    return bytes;
}

Bytes of_manager; // once it was set

std::u16string security_key(const Service& service) { return key_of(service.name) + u"\\Security"; }

// Takes the wanted parts of one descriptor and the others of another (null: none).
Bytes combine(const Bytes& wanted, ULONG parts, const Bytes* others) {
    alignas(8) UCHAR absolute[64] = {};
    rtl::create_descriptor(absolute, 1);
    for (const ULONG part : {owner, group, dacl, sacl}) {
        const Bytes* from = parts & part ? &wanted : others;
        if (!from) continue;
        BOOLEAN present = FALSE, defaulted = FALSE;
        SID* who = nullptr;
        ACL* list = nullptr;
        if (part == owner && NT_SUCCESS(rtl::get_owner(from->data(), &who, &defaulted)) && who)
            rtl::set_owner(absolute, who, defaulted);
        if (part == group && NT_SUCCESS(rtl::get_group(from->data(), &who, &defaulted)) && who)
            rtl::set_group(absolute, who, defaulted);
        if (part == dacl && NT_SUCCESS(rtl::get_dacl(from->data(), &present, &list, &defaulted)) && present)
            rtl::set_dacl(absolute, true, list, defaulted);
        if (part == sacl && NT_SUCCESS(rtl::get_sacl(from->data(), &present, &list, &defaulted)) && present)
            rtl::set_sacl(absolute, true, list, defaulted);
    }
    ULONG size = 0;
    rtl::absolute_to_relative(absolute, nullptr, &size);
    Bytes bytes(size);
    rtl::absolute_to_relative(absolute, bytes.data(), &size);
    return bytes;
}

} // namespace

std::vector<UCHAR> descriptor_of(const Service* service) {
    if (!service) return of_manager.empty() ? default_descriptor(manager_grants) : of_manager;
    const cm::Value* value = cm::value_at(security_key(*service), u"Security");
    const bool good = value && rtl::valid_relative_descriptor(value->data.data(),
                                                              static_cast<ULONG>(value->data.size()), 0);
    return good ? value->data : default_descriptor(service_grants);
}

ULONG query_security(const Service* service, Request& r) {
    const ULONG parts = r.head.Numbers[0];
    if (!parts || parts & ~(owner | group | dacl | sacl)) return ERROR_INVALID_PARAMETER;
    r.data = combine(descriptor_of(service), parts, nullptr);
    return ERROR_SUCCESS;
}

ULONG set_security(const Service* service, Request& r) {
    const ULONG parts = r.head.Numbers[0];
    if (service && service->marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (!parts || parts & ~(owner | group | dacl | sacl)) return ERROR_INVALID_PARAMETER;
    const ULONG required = parts & (owner | group); // a list may be absent
    if (!rtl::valid_relative_descriptor(r.in.data(), static_cast<ULONG>(r.in.size()), required))
        return ERROR_INVALID_SECURITY_DESCR;
    const Bytes before = descriptor_of(service), now = combine(r.in, parts, &before);
    if (service)
        cm::set_value(security_key(*service), u"Security", REG_BINARY, now.data(), now.size());
    else
        of_manager = now;
    return ERROR_SUCCESS;
}

} // namespace nt::scm
