// Messages of the system for common error codes, as their documentation words them ("System Error Codes").
#pragma once
#include "abi/types.h"

namespace nt::k32 {

const WCHAR* system_message(ULONG code); // null: none

} // namespace nt::k32
