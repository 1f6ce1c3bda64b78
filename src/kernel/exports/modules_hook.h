// What gates need to know of the loaded kernel images; plugged by app/machine.
#pragma once
#include "abi/types.h"

namespace nt::exports {

// Address of an export of ntoskrnl.exe or hal.dll that is implemented; 0: none.
extern ULONG_PTR (*find_export)(const char* name);

} // namespace nt::exports
