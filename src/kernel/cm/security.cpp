// Security of keys. A key's descriptor belongs to its node, as in a hive; the Key objects that are made per
// open show it for the access check. New keys inherit from their parent: win32 page
// SysInfo/registry-key-security-and-access-rights.
#include "kernel/cm/detail/security.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/se/access.h"
#include "kernel/se/descriptor.h"
#include "kernel/se/subject.h"

namespace nt::cm::detail {

NTSTATUS assign_security(Node& node, const void* given, const TOKEN* token, KPROCESSOR_MODE mode) {
    if (!token) return STATUS_SUCCESS; // there is no security yet
    const bool has_parent = node.parent && !node.parent->security.empty();
    node.security = TRY_STATUS(se::assign({.parent = has_parent ? node.parent->security.data() : nullptr,
                                           .given = given,
                                           .container = true,
                                           .flags = se::SEF_DACL_AUTO_INHERIT | se::SEF_SACL_AUTO_INHERIT,
                                           .token = token,
                                           .mapping = key_type->TypeInfo.GenericMapping,
                                           .mode = mode}));
    return STATUS_SUCCESS;
}

void protect(Node& node, const char16_t* sddl) {
    if (!se::system_token) return;
    const se::Descriptor given = se::from_sddl(sddl);
    (void)assign_security(node, given.data(), se::system_token, KernelMode);
}

NTSTATUS show_security(PVOID key) {
    const Node& node = node_of(key);
    if (node.security.empty()) return STATUS_SUCCESS;
    return ob::set_security(key, node.security.data(), static_cast<ULONG>(node.security.size()));
}

NTSTATUS query_security(PVOID key, ULONG information, PVOID to, ULONG& length, KPROCESSOR_MODE) {
    const Node& node = node_of(key);
    return se::give_parts(node.security.empty() ? nullptr : node.security.data(), information, to, length);
}

NTSTATUS set_security(PVOID key, ULONG information, const void* captured, KPROCESSOR_MODE mode) {
    Node& node = node_of(key);
    if (node.deleted) return STATUS_KEY_DELETED;
    node.security =
        TRY_STATUS(se::change(node.security.empty() ? nullptr : node.security.data(), information, captured,
                              key_type->TypeInfo.GenericMapping, *se::current_token(), mode));
    return show_security(key);
}

// win32 page of RegCreateKeyEx, REG_OPTION_BACKUP_RESTORE.
ACCESS_MASK backup_and_restore_rights(KPROCESSOR_MODE mode) {
    constexpr ACCESS_MASK key_read = 0x20019, key_write = 0x20006;
    ACCESS_MASK rights = 0;
    if (se::check_privilege(SE_BACKUP_PRIVILEGE, mode)) rights |= ACCESS_SYSTEM_SECURITY | key_read;
    if (se::check_privilege(SE_RESTORE_PRIVILEGE, mode))
        rights |= ACCESS_SYSTEM_SECURITY | DELETE | key_write;
    return rights;
}

} // namespace nt::cm::detail
