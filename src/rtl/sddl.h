// Security descriptors and SIDs as text: the Security Descriptor Definition Language, as the Win32 pages
// "Security Descriptor String Format", "ACE Strings" and "SID Strings" describe it. Used by advapi32 and by
// the drivers' library wdmsec. Freestanding, on buffers of the caller.
#pragma once
#include "abi/types.h"

namespace nt {
struct SID;
}

namespace nt::rtl {

inline constexpr ULONG largest_sid = 68; // bytes: 15 sub-authorities

// "S-1-5-18", "SY", "BA" …; `used` characters of the text belong to it. `machine`: the SID that LA, LG and
// kin hang from, or null. False: no such SID. `to` has room for largest_sid bytes.
bool string_to_sid(const WCHAR* text, ULONG count, const SID* machine, SID* to, ULONG& used);

// The self-relative descriptor of a string of `count` characters. `to` null or *size too small:
// STATUS_BUFFER_TOO_SMALL with the needed *size. STATUS_INVALID_PARAMETER, STATUS_INVALID_ACL,
// STATUS_INVALID_SID.
NTSTATUS sddl_to_descriptor(const WCHAR* text, ULONG count, const SID* machine, void* to, ULONG* size);

// The text of the parts of a descriptor that `information` names, in the order O, G, D, S; without a
// terminator. Gives the number of characters; what does not fit `room` is counted only. 0: not a descriptor,
// or one with ACEs that have no text here.
ULONG descriptor_to_sddl(const void* descriptor, ULONG information, const SID* machine, WCHAR* to,
                         ULONG room);

} // namespace nt::rtl
