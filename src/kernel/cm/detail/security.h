// What keys are protected with.
#pragma once
#include "kernel/cm/registry.h"

namespace nt {
struct TOKEN;
}

namespace nt::cm::detail {

// The descriptor of a new node, from its parent's, one that is given (may be null) and the creator's token.
// The statuses of se::assign().
NTSTATUS assign_security(Node& node, const void* given, const TOKEN* token, KPROCESSOR_MODE mode);
// By the system itself.
void protect(Node& node, const char16_t* sddl);
// Puts the node's descriptor where the object manager looks for it. STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS show_security(PVOID key);

// The type's procedures.
NTSTATUS query_security(PVOID key, ULONG information, PVOID to, ULONG& length, KPROCESSOR_MODE mode);
NTSTATUS set_security(PVOID key, ULONG information, const void* captured, KPROCESSOR_MODE mode);

// What REG_OPTION_BACKUP_RESTORE gives to whoever runs; 0: neither privilege is enabled.
ACCESS_MASK backup_and_restore_rights(KPROCESSOR_MODE mode);

} // namespace nt::cm::detail
