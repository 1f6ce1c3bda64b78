#include "kernel/io/detail/buffers.h"
#include "kernel/pool/pool.h"

namespace nt::io::detail {

namespace {
constexpr ULONG buffer_tag = pool::tag("IoSB");
}

PVOID take_buffer(ULONG size) { return pool::allocate(pool::Kind::nonpaged, size, buffer_tag); }
void give_buffer(PVOID buffer) { pool::release(buffer); }

} // namespace nt::io::detail
