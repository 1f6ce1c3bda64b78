// The machine's account domain: S-1-5-21 and these. Accounts hang from it. // assumed: any such SID would do
#pragma once
#include "abi/se.h"

namespace nt::rtl {

inline constexpr ULONG machine_authorities[3] = {1004336348, 1177238915, 682003330};
inline constexpr ULONG administrator_rid = 500, guest_rid = 501;
inline constexpr ULONG user_rid = 1001; // of whoever is neither the guest nor the system

} // namespace nt::rtl
