// Pool: tagged kernel memory. Blocks below a page lie in slab pages (one size class per page), each behind a
// real 16-byte POOL_HEADER; from 4065 bytes up a block is page aligned and described by its first page's
// frame.
//
// The header carries a guard derived from its address and the requested size; a release checks its own header
// and the next one, so an overrun is found at the release of the block before or after it. The owner (offset
// of the allocating code in the images window) names the driver in leak reports. Freed memory keeps its
// contents unless `fill_freed` is set.
//
// Nothing here raises or stops: errors are BugChecks handed to the plugged hook, which does not return on a
// real machine.
#pragma once
#include "abi/types.h"
#include "kernel/mm/fault.h"
#include <cstdint>

namespace nt::pool {

enum class Kind : std::uint8_t { nonpaged, nonpaged_execute, paged };

struct Header {
    std::uint8_t previous_size; // of the block before in the page / 16
    std::uint8_t index;
    std::uint8_t block_size; // with header / 16
    std::uint8_t type;       // bit 0 paged, bit 1 in use, bit 2 executable, bit 3 quota
    ULONG tag;
    std::uint16_t requested;
    std::uint16_t guard;
    std::uint32_t owner;
};
static_assert(sizeof(Header) == 16);

constexpr ULONG tag(const char (&text)[5]) {
    return ULONG(std::uint8_t(text[0])) | ULONG(std::uint8_t(text[1])) << 8 |
           ULONG(std::uint8_t(text[2])) << 16 | ULONG(std::uint8_t(text[3])) << 24;
}

// For the kernel itself and for gates that parsed their arguments. Null: no memory. Contents are undefined
// unless `zero`. Sizes up to 4064 are 16-byte aligned inside a page; larger ones page aligned. `caller`:
// return address of the allocating code.
void* allocate(Kind kind, SIZE_T size, ULONG tag, std::uint64_t caller = 0, bool zero = false,
               bool cache_aligned = false);
// For blocks that outlive their use, on lists of ours: who uses it now.
void set_caller(void* block, std::uint64_t caller);
// tag 0: not compared. Reports double and bad frees, wrong tags, overruns.
void release(void* block, ULONG tag = 0);

// Outcome of a driver-facing allocation: a block, or the status to raise (raise != 0), or null.
struct Outcome {
    void* block = nullptr;
    NTSTATUS raise = 0;
};
// ExAllocatePoolWithTag, …QuotaTag and the old names: POOL_TYPE with its modifiers. `irql` is the caller's.
Outcome allocate_typed(ULONG pool_type, SIZE_T size, ULONG tag, KIRQL irql, std::uint64_t caller,
                       bool quota = false);
// ExAllocatePool2 / 3: POOL_FLAGS. Zeroed unless POOL_FLAG_UNINITIALIZED; null for invalid flags, size 0 or
// tag 0.
Outcome allocate_flags(ULONGLONG flags, SIZE_T size, ULONG tag, KIRQL irql, std::uint64_t caller);
// ExFreePool, ExFreePoolWithTag: as release, with the IRQL rule of paged pool.
void release_checked(void* block, ULONG tag, KIRQL irql);

// Who pays for blocks that are allocated with quota; ps plugs itself in. What charge() gives (null: the
// running code's process is not charged) goes to give_back() when the block is released.
struct QuotaHooks {
    NTSTATUS (*charge)(bool paged, SIZE_T bytes, void** charged);
    void (*give_back)(void* charged, bool paged, SIZE_T bytes);
};
void set_quota_hooks(const QuotaHooks& hooks);
// Charges the running process for a block that is there (of a list of free ones), until release() or
// return_quota(). STATUS_QUOTA_EXCEEDED, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS charge_quota(void* block);
void return_quota(void* block);

// Plugged by ke or app: called with the bug check of a pool error. When it returns, the operation is
// abandoned.
void set_bug_check_hook(void (*hook)(const mm::BugCheck& bug));
// Verifier mode: freed blocks are filled with 0xcc and checked on the next use, the bytes after a block's end
// with 0x5a and checked at its release. Turned on late, it fills what is free then.
void set_fill_freed(bool on);

struct TagUse {
    ULONG tag;
    Kind kind;
    std::uint64_t allocs, frees, bytes; // bytes in use
};
// Calls back for every tag in the order of first use.
void for_each_tag(void (*visit)(void* context, const TagUse& use), void* context);
struct Block {
    std::uint64_t address;
    std::uint64_t size; // requested
    ULONG tag;
    Kind kind;
    std::uint64_t caller; // 0 when unknown
};
// Every block in use, by ascending address; stops when visit returns false. For leak reports and !pool.
void for_each_block(bool (*visit)(void* context, const Block& block), void* context);
// The block that contains the address.
bool find_block(std::uint64_t address, Block& block);
std::uint64_t bytes_in_use(Kind kind);

// Pool from which MDLs of mm are taken, and first use of the windows. Idempotent; called by the machine after
// mm::initialize().
void initialize();

} // namespace nt::pool
