// Processors, groups and nodes: nf-ntddk-kequeryactiveprocessorcountex, nf-wdm-kequerygroupaffinity,
// nf-wdm-kequerynodeactiveaffinity and kin. They never change: nothing is added while the machine runs.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/ke/dpc.h"

using namespace nt;
using exports::all_groups;

extern "C" ULONG KeGetCurrentProcessorNumberEx(PROCESSOR_NUMBER* number) {
    const ULONG index = ke::current_processor_number();
    if (number) *number = exports::processor_number_of(index);
    return index;
}
GATE(KeGetCurrentProcessorNumberEx);

extern "C" NTSTATUS KeGetProcessorNumberFromIndex(ULONG index, PROCESSOR_NUMBER* number) {
    if (index >= ke::processor_count()) return STATUS_INVALID_PARAMETER;
    *number = exports::processor_number_of(index);
    return STATUS_SUCCESS;
}
GATE(KeGetProcessorNumberFromIndex);

extern "C" ULONG KeGetProcessorIndexFromNumber(const PROCESSOR_NUMBER* number) {
    return exports::processor_index(*number);
}
GATE(KeGetProcessorIndexFromNumber);

extern "C" ULONG KeQueryActiveProcessorCount(KAFFINITY* mask) {
    if (mask) *mask = ke::all_processors();
    return ke::processor_count();
}
GATE(KeQueryActiveProcessorCount);

static ULONG count_in(USHORT group) { return group == 0 || group == all_groups ? ke::processor_count() : 0; }

extern "C" ULONG KeQueryActiveProcessorCountEx(USHORT group) { return count_in(group); }
GATE(KeQueryActiveProcessorCountEx);

extern "C" KAFFINITY KeQueryActiveProcessors() { return ke::all_processors(); }
GATE(KeQueryActiveProcessors);

extern "C" ULONG KeQueryMaximumProcessorCount() { return ke::processor_count(); }
GATE(KeQueryMaximumProcessorCount);

extern "C" ULONG KeQueryMaximumProcessorCountEx(USHORT group) { return count_in(group); }
GATE(KeQueryMaximumProcessorCountEx);

extern "C" USHORT KeQueryActiveGroupCount() { return 1; }
GATE(KeQueryActiveGroupCount);

extern "C" USHORT KeQueryMaximumGroupCount() { return 1; }
GATE(KeQueryMaximumGroupCount);

extern "C" KAFFINITY KeQueryGroupAffinity(USHORT group) { return group == 0 ? ke::all_processors() : 0; }
GATE(KeQueryGroupAffinity);

extern "C" USHORT KeQueryHighestNodeNumber() { return 0; }
GATE(KeQueryHighestNodeNumber);

extern "C" USHORT KeGetCurrentNodeNumber() { return 0; }
GATE(KeGetCurrentNodeNumber);

extern "C" void KeQueryNodeActiveAffinity(USHORT node, GROUP_AFFINITY* affinity, USHORT* count) {
    // assumed: a node that does not exist has no processors.
    if (affinity) *affinity = {.Mask = node == 0 ? ke::all_processors() : 0, .Group = 0, .Reserved = {}};
    if (count) *count = static_cast<USHORT>(node == 0 ? ke::processor_count() : 0);
}
GATE(KeQueryNodeActiveAffinity);

extern "C" USHORT KeQueryNodeMaximumProcessorCount(USHORT node) {
    return static_cast<USHORT>(node == 0 ? ke::processor_count() : 0);
}
GATE(KeQueryNodeMaximumProcessorCount);

extern "C" ULONG KeQueryNodeActiveProcessorCount(USHORT node) {
    return node == 0 ? ke::processor_count() : 0;
}
GATE(KeQueryNodeActiveProcessorCount);
