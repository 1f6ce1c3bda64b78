// Processors: wdm pages nf-wdm-kequeryactiveprocessorcount and kin. Part 1 has one.
#include "abi/thread.h"
#include "kernel/exports/gate.h"

using namespace nt;

extern "C" ULONG KeGetCurrentProcessorNumberEx(PROCESSOR_NUMBER* number) {
    if (number) *number = {};
    return 0;
}
GATE(KeGetCurrentProcessorNumberEx);

extern "C" ULONG KeQueryActiveProcessorCount(KAFFINITY* mask) {
    if (mask) *mask = 1;
    return 1;
}
GATE(KeQueryActiveProcessorCount);

static constexpr USHORT all_groups = 0xFFFF;

extern "C" ULONG KeQueryActiveProcessorCountEx(USHORT group) { return group == 0 || group == all_groups; }
GATE(KeQueryActiveProcessorCountEx);

extern "C" KAFFINITY KeQueryActiveProcessors() { return 1; }
GATE(KeQueryActiveProcessors);

extern "C" ULONG KeQueryMaximumProcessorCount() { return 1; }
GATE(KeQueryMaximumProcessorCount);

extern "C" ULONG KeQueryMaximumProcessorCountEx(USHORT group) { return group == 0 || group == all_groups; }
GATE(KeQueryMaximumProcessorCountEx);
