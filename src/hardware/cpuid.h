// The modelled processor as cpuid describes it: one core, x86-64 with SSE up to 4.2, no AVX (a CONTEXT holds
// no more than the FXSAVE state), no hypervisor. The same on every host.
#pragma once
#include "abi/types.h"

namespace nt::hardware {

struct CpuidResult {
    ULONG eax, ebx, ecx, edx;
};
CpuidResult cpuid(ULONG leaf, ULONG subleaf);

} // namespace nt::hardware
