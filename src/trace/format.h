// The head of a trace file. Little-endian. After it comes the schema as text (a line per event: id, name,
// field:type …), zeros up to head_bytes, then records (writer.h). No record crosses a chunk: a padding record
// fills the rest, so a reader can also start at any chunk. The file ends at its size or at the first record
// of size 0.
#pragma once
#include <cstdint>

namespace trace {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::uint32_t chunk_bytes = 4 << 20;

struct FileHead {
    char magic[8]; // "DRVTRACE"
    std::uint32_t version;
    std::uint32_t head_bytes;
    std::uint32_t chunk_bytes;
    std::uint32_t schema_bytes;
};
static_assert(sizeof(FileHead) == 24);

} // namespace trace
