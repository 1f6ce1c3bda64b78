// Security descriptors, ACLs and SIDs as data: the bodies of the RtlXxx functions that build and read them.
// Decisions (access checks) are se's. Everything works on buffers of the caller.
#pragma once
#include "abi/types.h"

namespace nt {
struct ACL;
struct SID;
struct GENERIC_MAPPING;
struct ACE_HEADER;
} // namespace nt

namespace nt::rtl {

bool valid_sid(const SID* sid);
ULONG length_sid(const SID* sid);       // bytes
ULONG length_required_sid(ULONG count); // bytes for `count` sub-authorities
bool equal_sid(const SID* a, const SID* b);
bool equal_prefix_sid(const SID* a, const SID* b); // all but the last sub-authority
NTSTATUS copy_sid(ULONG size, SID* to, const SID* from);
// "S-1-5-18" in `text` (room for 256 characters); gives the number of characters, 0: invalid.
ULONG sid_to_string(const SID* sid, WCHAR* text);

NTSTATUS create_acl(ACL* acl, ULONG size, ULONG revision);
// The entries fill their list; those of a known type are large enough for the valid SID in them.
bool valid_acl(const ACL* acl);
// The entries lie within their list, whatever is in them: what reading and editing entries takes.
bool well_formed_acl(const ACL* acl);
// The SID of an entry that was found valid; null: its type has none, or none that is known.
const SID* sid_of_ace(const ACE_HEADER* ace);
// Appends an ACE of `type` (ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE, …) with a mask and a SID.
NTSTATUS add_ace(ACL* acl, ULONG revision, UCHAR type, ULONG flags, ACCESS_MASK mask, const SID* sid);
NTSTATUS get_ace(const ACL* acl, ULONG index, void** ace);
// RtlAddAce: ACEs of `length` bytes before the one at `index`, or at the end. STATUS_INVALID_PARAMETER,
// STATUS_BUFFER_TOO_SMALL.
NTSTATUS add_aces(ACL* acl, ULONG revision, ULONG index, const void* list, ULONG length);
NTSTATUS delete_ace(ACL* acl, ULONG index);
// Where the next ACE would go; null: the list is full. False: not a list.
bool first_free_ace(const ACL* acl, void** free);

// `descriptor` is a SECURITY_DESCRIPTOR (absolute) or SECURITY_DESCRIPTOR_RELATIVE, told apart by
// SE_SELF_RELATIVE.
NTSTATUS create_descriptor(void* descriptor, ULONG revision);
bool valid_descriptor(const void* descriptor);
bool valid_relative_descriptor(const void* descriptor, ULONG size, ULONG required_information);
ULONG length_descriptor(const void* descriptor); // with its parts, each rounded up to 4 bytes
NTSTATUS set_dacl(void* descriptor, bool present, ACL* dacl, bool defaulted);
NTSTATUS set_sacl(void* descriptor, bool present, ACL* sacl, bool defaulted);
NTSTATUS set_owner(void* descriptor, SID* owner, bool defaulted);
NTSTATUS set_group(void* descriptor, SID* group, bool defaulted);
NTSTATUS get_dacl(const void* descriptor, BOOLEAN* present, ACL** dacl, BOOLEAN* defaulted);
NTSTATUS get_sacl(const void* descriptor, BOOLEAN* present, ACL** sacl, BOOLEAN* defaulted);
NTSTATUS get_owner(const void* descriptor, SID** owner, BOOLEAN* defaulted);
NTSTATUS get_group(const void* descriptor, SID** group, BOOLEAN* defaulted);
// Writes the self-relative form. STATUS_BUFFER_TOO_SMALL with the needed *size; STATUS_BAD_DESCRIPTOR_FORMAT:
// already relative.
NTSTATUS absolute_to_relative(const void* absolute, void* relative, ULONG* size);
// The other way, into buffers of the caller; sizes become what is needed. STATUS_BAD_DESCRIPTOR_FORMAT,
// STATUS_BUFFER_TOO_SMALL.
struct AbsoluteParts {
    void* descriptor;
    ULONG* descriptor_size;
    ACL* dacl;
    ULONG* dacl_size;
    ACL* sacl;
    ULONG* sacl_size;
    SID* owner;
    ULONG* owner_size;
    SID* group;
    ULONG* group_size;
};
NTSTATUS relative_to_absolute(const void* relative, const AbsoluteParts& to);

} // namespace nt::rtl
