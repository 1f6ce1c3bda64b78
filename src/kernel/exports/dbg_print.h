// Where debug output goes: the trace and a sink that app plugs in (standard error).
#pragma once
#include "abi/types.h"
#include <cstddef>

namespace nt::exports {

extern void (*debug_output)(const char* text, std::size_t length);
void debug_print(ULONG component, ULONG level, const char* text, std::size_t length);

} // namespace nt::exports
