// Security descriptors of services: kept as data, in the value that Windows keeps them in.
#include "rtl/security.h"
#include "abi/se.h"
#include "abi/status.h"
#include "abi/win32_error.h"
#include "kernel/scm/configure.h"
#include <cstring>

namespace nt::scm {

namespace {

constexpr ULONG owner = 1, group = 2, dacl = 4, sacl = 8;

struct ShortSid {
    UCHAR revision = 1, count;
    UCHAR authority[6] = {0, 0, 0, 0, 0, 5}; // NT AUTHORITY
    ULONG parts[2];
};
constexpr ShortSid system_sid{.count = 1, .parts = {18}}, administrators{.count = 2, .parts = {32, 544}},
    interactive{.count = 1, .parts = {4}}, service_sid{.count = 1, .parts = {6}};
const SID* sid(const ShortSid& s) { return reinterpret_cast<const SID*>(&s); }

using Bytes = std::vector<UCHAR>;

// What the reference's table of access rights gives; assumed: as the default of a service, without auditing.
Bytes default_descriptor() {
    alignas(8) UCHAR list[256], absolute[64] = {};
    auto* acl = reinterpret_cast<ACL*>(list);
    rtl::create_acl(acl, sizeof list, 2);
    rtl::add_ace(acl, 2, 0, 0, 0x201fd, sid(system_sid));
    rtl::add_ace(acl, 2, 0, 0, SERVICE_ALL_ACCESS, sid(administrators));
    rtl::add_ace(acl, 2, 0, 0, 0x2018d, sid(interactive));
    rtl::add_ace(acl, 2, 0, 0, 0x2018d, sid(service_sid));
    acl->AclSize = static_cast<USHORT>(sizeof(ACL) + 20 + 24 + 20 + 20);
    rtl::create_descriptor(absolute, 1);
    rtl::set_owner(absolute, const_cast<SID*>(sid(system_sid)), false);
    rtl::set_group(absolute, const_cast<SID*>(sid(system_sid)), false);
    rtl::set_dacl(absolute, true, acl, false);
    ULONG size = 0;
    rtl::absolute_to_relative(absolute, nullptr, &size);
    Bytes bytes(size);
    rtl::absolute_to_relative(absolute, bytes.data(), &size);
    return bytes;
}

std::u16string security_key(const Service& service) { return key_of(service.name) + u"\\Security"; }

Bytes descriptor_of(const Service& service) {
    const cm::Value* value = cm::value_at(security_key(service), u"Security");
    return value ? value->data : default_descriptor();
}

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

ULONG query_security(const Service& service, Request& r) {
    const ULONG parts = r.head.Numbers[0];
    if (!parts || parts & ~(owner | group | dacl | sacl)) return ERROR_INVALID_PARAMETER;
    r.data = combine(descriptor_of(service), parts, nullptr);
    return ERROR_SUCCESS;
}

ULONG set_security(const Service& service, Request& r) {
    const ULONG parts = r.head.Numbers[0];
    if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (!parts || parts & ~(owner | group | dacl | sacl)) return ERROR_INVALID_PARAMETER;
    const ULONG required = parts & (owner | group); // a list may be absent
    if (!rtl::valid_relative_descriptor(r.in.data(), static_cast<ULONG>(r.in.size()), required))
        return ERROR_INVALID_SECURITY_DESCR;
    const Bytes before = descriptor_of(service), now = combine(r.in, parts, &before);
    cm::set_value(security_key(service), u"Security", REG_BINARY, now.data(), now.size());
    return ERROR_SUCCESS;
}

} // namespace nt::scm
