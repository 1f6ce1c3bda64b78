// Blocks that a process is charged for (ExAllocatePoolWithQuotaTag, POOL_FLAG_USE_QUOTA). They are few among
// all blocks, so who pays stands in a table beside the pool; a small block's header says that it is there.
#include "abi/status.h"
#include "kernel/pool/detail/state.h"
#include <unordered_map>

namespace nt::pool {

namespace {

struct Charge {
    void* charged;
    SIZE_T bytes;
    bool paged;
};
using Charges = std::unordered_map<std::uint64_t, Charge>;

Charges charges;
QuotaHooks hooks;

// The header of a block in a slab page; null: a big block.
Header* header_of(std::uint64_t address) {
    return address & (mm::page_size - 1) ? reinterpret_cast<Header*>(address) - 1 : nullptr;
}

// assumed: what the block takes: its header and its size in units of 16 bytes, or whole pages.
SIZE_T charged_size(const Block& block) {
    return header_of(block.address) ? (block.size + sizeof(Header) + 15) & ~SIZE_T{15}
                                    : (block.size + mm::page_size - 1) & ~SIZE_T{mm::page_size - 1};
}

void mark(std::uint64_t address, bool charged) {
    Header* h = header_of(address);
    if (!h) return;
    h->type = static_cast<std::uint8_t>(charged ? h->type | type_quota : h->type & ~type_quota);
    seal(*h);
}

} // namespace

void set_quota_hooks(const QuotaHooks& h) {
    hooks = h;
    charges.clear();
}

NTSTATUS charge_quota(void* block) {
    const auto address = reinterpret_cast<std::uint64_t>(block);
    Block found;
    if (!hooks.charge || !find_block(address, found)) return STATUS_SUCCESS;
    const bool paged = found.kind == Kind::paged;
    const SIZE_T bytes = charged_size(found);
    void* charged = nullptr;
    if (const NTSTATUS status = hooks.charge(paged, bytes, &charged); !NT_SUCCESS(status)) return status;
    if (!charged) return STATUS_SUCCESS;
    mark(address, true);
    charges[address] = {charged, bytes, paged};
    return STATUS_SUCCESS;
}

void return_quota(void* block) {
    const auto address = reinterpret_cast<std::uint64_t>(block);
    quota_block_freed(address);
    mark(address, false);
}

void quota_block_freed(std::uint64_t address) {
    if (charges.empty()) return;
    const auto found = charges.find(address);
    if (found == charges.end()) return;
    const Charge charge = found->second;
    charges.erase(found);
    hooks.give_back(charge.charged, charge.paged, charge.bytes);
}

} // namespace nt::pool
