// What the machine says of its processors' relations: cores of one package and one node; it has no caches to
// tell of. Page: ns-winnt-system_logical_processor_information_ex.
#pragma once
#include "abi/thread.h"
#include <vector>

namespace nt::exports {

enum Relationship : ULONG {
    RelationProcessorCore,
    RelationNumaNode,
    RelationCache,
    RelationProcessorPackage,
    RelationGroup,
    RelationProcessorDie,
    RelationNumaNodeEx,
    RelationProcessorModule,
    RelationAll = 0xffff,
};

// SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX entries of that kind that concern one of `processors`.
std::vector<UCHAR> describe_processors(ULONG relationship, KAFFINITY processors);

} // namespace nt::exports
