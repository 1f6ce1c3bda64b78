#include "kernel/exports/processor_topology.h"
#include "kernel/ke/processor.h"

namespace nt::exports {

namespace {

struct PROCESSOR_RELATIONSHIP {
    UCHAR Flags, EfficiencyClass, Reserved[20];
    USHORT GroupCount;
    GROUP_AFFINITY GroupMask[1];
};
struct NUMA_NODE_RELATIONSHIP {
    ULONG NodeNumber;
    UCHAR Reserved[18];
    USHORT GroupCount;
    GROUP_AFFINITY GroupMask;
};
struct GROUP_RELATIONSHIP {
    USHORT MaximumGroupCount, ActiveGroupCount;
    UCHAR Reserved[20];
    struct {
        UCHAR MaximumProcessorCount, ActiveProcessorCount, Reserved[38];
        KAFFINITY ActiveProcessorMask;
    } GroupInfo[1];
};
static_assert(sizeof(PROCESSOR_RELATIONSHIP) == 40 && sizeof(NUMA_NODE_RELATIONSHIP) == 40 &&
              sizeof(GROUP_RELATIONSHIP) == 72);

GROUP_AFFINITY in_group(KAFFINITY mask) { return {.Mask = mask, .Group = 0, .Reserved = {}}; }

template <class T> void add(std::vector<UCHAR>& out, ULONG kind, const T& relation) {
    const ULONG head[2] = {kind, ULONG{sizeof head + sizeof(T)}};
    const auto* h = reinterpret_cast<const UCHAR*>(head);
    const auto* r = reinterpret_cast<const UCHAR*>(&relation);
    out.insert(out.end(), h, h + sizeof head);
    out.insert(out.end(), r, r + sizeof(T));
}

PROCESSOR_RELATIONSHIP together(KAFFINITY mask) { return {0, 0, {}, 1, {in_group(mask)}}; }

} // namespace

std::vector<UCHAR> describe_processors(ULONG relationship, KAFFINITY concerned) {
    const KAFFINITY all = ke::all_processors();
    const auto count = static_cast<UCHAR>(ke::processor_count());
    const auto asked = [=](ULONG kind) { return relationship == kind || relationship == RelationAll; };
    std::vector<UCHAR> out;
    for (ULONG i = 0; i < count; i++)
        if (asked(RelationProcessorCore) && concerned >> i & 1)
            add(out, RelationProcessorCore, together(KAFFINITY{1} << i));
    if (asked(RelationProcessorPackage)) add(out, RelationProcessorPackage, together(all));
    if (asked(RelationProcessorDie)) add(out, RelationProcessorDie, together(all));
    if (asked(RelationNumaNode) || relationship == RelationNumaNodeEx)
        add(out, RelationNumaNode, NUMA_NODE_RELATIONSHIP{0, {}, 1, in_group(all)});
    if (asked(RelationGroup))
        add(out, RelationGroup, GROUP_RELATIONSHIP{1, 1, {}, {{count, count, {}, all}}});
    return out;
}

} // namespace nt::exports
