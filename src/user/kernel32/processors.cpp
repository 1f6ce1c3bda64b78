// What the processors are to each other (GetLogicalProcessorInformation): cores of one package and one NUMA
// node. The modelled machine has no caches to tell of.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

enum Relationship : DWORD { processor_core = 0, numa_node = 1, processor_package = 3 };

struct SYSTEM_LOGICAL_PROCESSOR_INFORMATION {
    ULONG_PTR ProcessorMask;
    Relationship Relationship;
    ULONGLONG Details[2]; // flags of a core, number of a node
};
static_assert(sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION) == 32);

} // namespace

extern "C" {

BOOL GetLogicalProcessorInformation(SYSTEM_LOGICAL_PROCESSOR_INFORMATION* to, DWORD* size) {
    const ULONG processors = NtCurrentPeb()->NumberOfProcessors;
    const DWORD needed = DWORD((processors + 2) * sizeof *to);
    const bool fits = *size >= needed && to;
    *size = needed;
    if (!fits) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    const ULONG_PTR all = processors >= 64 ? ~ULONG_PTR(0) : (ULONG_PTR(1) << processors) - 1;
    for (ULONG i = 0; i < processors; ++i)
        *to++ = {ULONG_PTR(1) << i, processor_core, {}};
    *to++ = {all, processor_package, {}};
    *to = {all, numa_node, {}};
    return TRUE;
}

} // extern "C"
} // namespace nt
