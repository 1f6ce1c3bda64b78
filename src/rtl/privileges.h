// Names of privileges, as the Win32 page "Privilege Constants" lists them, by the low part of their LUIDs.
#pragma once
#include "abi/types.h"

namespace nt::rtl {

inline constexpr ULONG lowest_privilege = 2, highest_privilege = 36;
// Null: no privilege has this LUID.
const char* privilege_name(ULONG luid);

} // namespace nt::rtl
