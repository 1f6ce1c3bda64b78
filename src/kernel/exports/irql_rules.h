// The rules about IRQL by which Driver Verifier's documentation names a call at too high a level.
#pragma once
#include "abi/types.h"

namespace nt::exports {

struct IrqlRule {
    const char* name;
    ULONG code;            // of DRIVER_VERIFIER_DETECTED_VIOLATION; 0: none is documented
    const char* functions; // with a space between them
};
// Null: no rule names the function.
const IrqlRule* irql_rule_of(const char* function);

} // namespace nt::exports
