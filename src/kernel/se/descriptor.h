// Descriptors of new objects, and changes of those that objects have. Results are self-relative, as bytes;
// whoever keeps one puts it where it belongs.
#pragma once
#include "abi/token.h"
#include "base/result.h"
#include <vector>

namespace nt::se {

using Descriptor = std::vector<UCHAR>;

inline constexpr ULONG SEF_DACL_AUTO_INHERIT = 0x1;
inline constexpr ULONG SEF_SACL_AUTO_INHERIT = 0x2;
inline constexpr ULONG SEF_DEFAULT_DESCRIPTOR_FOR_OBJECT = 0x4;
inline constexpr ULONG SEF_AVOID_PRIVILEGE_CHECK = 0x8;
inline constexpr ULONG SEF_AVOID_OWNER_CHECK = 0x10;
inline constexpr ULONG SEF_DEFAULT_OWNER_FROM_PARENT = 0x20;
inline constexpr ULONG SEF_DEFAULT_GROUP_FROM_PARENT = 0x40;

// SeAssignSecurityEx: wdm page nf-wdm-seassignsecurityex, Win32 pages "DACL for a New Object", "Owner of a
// New Object", "ACE Inheritance Rules". STATUS_INVALID_OWNER, STATUS_PRIVILEGE_NOT_HELD,
// STATUS_INVALID_SECURITY_DESCR, STATUS_INVALID_LABEL, STATUS_BAD_INHERITANCE_ACL (a list outgrows AclSize).
struct NewSecurity {
    const void* parent = nullptr;
    const void* given = nullptr; // explicit descriptor
    bool container = false;
    const UCHAR* object_type = nullptr; // a GUID: who inherits object-specific entries
    ULONG flags = 0;                    // SEF_*
    const TOKEN* token;
    GENERIC_MAPPING mapping;
    KPROCESSOR_MODE mode;
};
Result<Descriptor> assign(const NewSecurity& what);

// SeSetSecurityDescriptorInfo: the parts that `information` names are taken from `changes`.
// `inheritance`: SEF_DACL_AUTO_INHERIT, SEF_SACL_AUTO_INHERIT. STATUS_INVALID_OWNER,
// STATUS_INVALID_PRIMARY_GROUP, STATUS_INVALID_SECURITY_DESCR, STATUS_INVALID_LABEL, STATUS_INVALID_ACL (a
// list outgrows AclSize).
Result<Descriptor> change(const void* old, SECURITY_INFORMATION information, const void* changes,
                          const GENERIC_MAPPING& mapping, const TOKEN& token, KPROCESSOR_MODE mode,
                          ULONG inheritance = 0);

// SeQuerySecurityDescriptorInfo: those parts as a descriptor of their own. `descriptor` may be null (no
// security).
Descriptor extract(const void* descriptor, SECURITY_INFORMATION information);

// From SDDL that the kernel itself writes; stops the machine on a mistake in it.
Descriptor from_sddl(const char16_t* text);

// Rights that reading or changing these parts takes.
ACCESS_MASK rights_to_query(SECURITY_INFORMATION information);
ACCESS_MASK rights_to_set(SECURITY_INFORMATION information);

} // namespace nt::se
