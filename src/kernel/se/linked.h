// The two tokens of an administrator: the elevated one that `--user administrator` runs as, and the limited
// one that User Account Control makes beside it. win32 pages ne-winnt-token_elevation_type,
// ns-winnt-token_linked_token.
#pragma once
#include "kernel/se/token.h"

namespace nt::se {

enum class Elevation : ULONG { by_default = 1, full, limited }; // TOKEN_ELEVATION_TYPE
Elevation elevation_of(const TOKEN& token);

// The other one, referenced: primary for whoever has SeTcbPrivilege, else to identify with only.
// STATUS_NO_SUCH_LOGON_SESSION: there is no other.
Result<TOKEN*> create_linked_token(const TOKEN& token, bool primary);

} // namespace nt::se
