// nf-wdm-kequerylogicalprocessorrelationship.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/exports/processor_topology.h"
#include <cstring>

using namespace nt;

extern "C" NTSTATUS KeQueryLogicalProcessorRelationship(const PROCESSOR_NUMBER* number, ULONG relationship,
                                                        void* information, ULONG* length) {
    KAFFINITY concerned = ke::all_processors();
    if (number) {
        const ULONG index = exports::processor_index(*number);
        if (index == exports::no_processor) return STATUS_INVALID_PARAMETER;
        concerned = KAFFINITY{1} << index;
    }
    const auto answer = exports::describe_processors(relationship, concerned);
    const ULONG room = *length;
    *length = static_cast<ULONG>(answer.size());
    if (!information || room < answer.size()) return STATUS_INFO_LENGTH_MISMATCH;
    std::memcpy(information, answer.data(), answer.size());
    return STATUS_SUCCESS;
}
GATE(KeQueryLogicalProcessorRelationship);
