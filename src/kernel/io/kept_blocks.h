// Blocks of pool that the I/O manager keeps for its next requests, as many as were ever needed at once: IRPs,
// system buffers, MDLs, packets of completion ports, blocks of opens. They are free, though pool counts them
// as in use.
#pragma once

namespace nt::io {

struct KeptBlocks {
    void (*visit)(void* context, const void* block);
    void* context;
    void operator()(const void* block) const { visit(context, block); }
};
void for_each_kept_block(const KeptBlocks& kept);

namespace detail {

void for_each_kept_buffer(const KeptBlocks& kept);
void for_each_kept_open_block(const KeptBlocks& kept);
void for_each_kept_packet(const KeptBlocks& kept);

} // namespace detail

} // namespace nt::io
