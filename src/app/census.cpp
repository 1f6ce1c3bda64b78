#include "app/census.h"
#include "app/text.h"
#include "kernel/io/kept_blocks.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access.h"
#include <map>
#include <unordered_set>

namespace app {

using namespace nt;

namespace {

struct Objects {
    LONG64 count = 0, handles = 0, references = 0;
};

void count_object(void* context, PVOID body) {
    auto& objects = *static_cast<Objects*>(context);
    objects.count++;
    objects.handles += ob::header_of(body)->HandleCount;
    objects.references += ob::header_of(body)->PointerCount;
}

struct Pool {
    std::uint64_t blocks = 0, bytes = 0;
};
struct PoolCount {
    std::map<ULONG, Pool> by_tag;
    std::unordered_set<std::uint64_t> kept;
};

void note_kept(void* context, const void* block) {
    static_cast<PoolCount*>(context)->kept.insert(reinterpret_cast<std::uint64_t>(block));
}

bool count_block(void* context, const pool::Block& block) {
    auto& count = *static_cast<PoolCount*>(context);
    if (count.kept.contains(block.address)) return true;
    Pool& use = count.by_tag[block.tag];
    use.blocks++;
    use.bytes += block.size;
    return true;
}

std::string name_of(ULONG tag) {
    std::string name;
    for (int i = 0; i < 4; i++) {
        const char c = static_cast<char>(tag >> (8 * i));
        name += c >= ' ' && c < 0x7f ? c : '.';
    }
    return name;
}

} // namespace

nlohmann::json census() {
    nlohmann::json j{{"objects", nlohmann::json::object()}, {"pool", nlohmann::json::object()}};
    for (OBJECT_TYPE* type : ob::types_by_index) {
        if (!type) continue;
        Objects objects;
        ob::for_each_object(type, count_object, &objects);
        j["objects"][to_utf8({type->Name.Buffer, type->Name.Length / sizeof(WCHAR)})] = {
            {"count", objects.count}, {"handles", objects.handles}, {"references", objects.references}};
    }
    se::forget_remembered_descriptors();
    PoolCount count;
    io::for_each_kept_block({note_kept, &count});
    pool::for_each_block(count_block, &count);
    for (const auto& [tag, use] : count.by_tag)
        j["pool"][name_of(tag)] = {{"blocks", use.blocks}, {"bytes", use.bytes}};
    return j;
}

} // namespace app
