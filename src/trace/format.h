// A trace file, little-endian throughout:
//
//   FileHead, the schema as text (a line per event: id, name, field:type …), zeros up to head_bytes, then
//   records.
//
// A record is four-byte aligned and begins with a word: its size in the low 20 bits, its event id above. For
// an event of the schema follow, each without padding:
//   control    a nibble per number (even ones in the low half): how many bytes of it are stored, 0 to 8
//   numbers    time (difference to the context's, 100 ns), IRQL, then the fields in order: a number is
//   itself, a string's its
//              length in bytes, an array's its count; most significant zero bytes are left out
//   variable   the strings' bytes and the arrays in order; an array is a control nibble per element, then the
//   elements' bytes zeros      up to a multiple of four
// Reserved ids: 0 pads up to the end of a chunk, context_id is a ContextRecord. No record crosses a chunk,
// and every chunk's first record is a context: a reader can start at any chunk. The file ends at its size or
// at a word 0.
#pragma once
#include <cstdint>

namespace trace {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::uint32_t chunk_bytes = 1 << 20;
inline constexpr std::uint16_t context_id = 0xfff;

struct FileHead {
    char magic[8]; // "DRVTRACE"
    std::uint32_t version;
    std::uint32_t head_bytes;
    std::uint32_t chunk_bytes;
    std::uint32_t schema_bytes;
};
static_assert(sizeof(FileHead) == 24);

struct ContextRecord { // of all records up to the next one
    std::uint32_t head;
    std::uint32_t pid;
    std::uint32_t tid;
    std::uint32_t cpu;
    std::uint32_t time_low;
    std::uint32_t time_high;
};
static_assert(sizeof(ContextRecord) == 24);

constexpr std::uint32_t record_head(std::uint16_t id, std::uint32_t size) {
    return std::uint32_t{id} << 20 | size;
}
constexpr std::uint16_t record_id(std::uint32_t head) { return static_cast<std::uint16_t>(head >> 20); }
constexpr std::uint32_t record_size(std::uint32_t head) { return head & 0xfffff; }

} // namespace trace
