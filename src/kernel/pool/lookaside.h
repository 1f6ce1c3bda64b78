// Lookaside lists: the driver-visible body (GENERAL_LOOKASIDE) is the list. Depth is fixed: up to `depth`
// free entries are kept, the rest goes back to the pool. Entries are chained through their first eight bytes,
// the list head holds the first and count.
//
// The gates call a list's own Allocate/Free routine when the driver gave one (a call-out); these bodies only
// do the list part.
#pragma once
#include "abi/mm.h"
#include "kernel/pool/pool.h"

namespace nt::pool {

inline constexpr USHORT lookaside_depth = 256; // assumed: Windows tunes it between 4 and 256

// ExInitializeNPagedLookasideList and kin. `type` is a POOL_TYPE; allocate/free may be null (default
// routines). GENERAL_LOOKASIDE (NPAGED_, PAGED_LOOKASIDE_LIST) and GENERAL_LOOKASIDE_POOL (LOOKASIDE_LIST_EX)
// have the same fields.
void initialize_lookaside(GENERAL_LOOKASIDE* list, ULONG type, SIZE_T size, ULONG tag, void* allocate,
                          void* free);
void initialize_lookaside_pool(GENERAL_LOOKASIDE_POOL* list, ULONG type, SIZE_T size, ULONG tag,
                               void* allocate, void* free);
// An entry from the list, or null: then the caller allocates (default: allocate_typed with the list's type,
// size and tag).
void* lookaside_pop(GENERAL_LOOKASIDE_POOL* list);
// True: kept. False: the list is full, the caller frees the entry.
bool lookaside_push(GENERAL_LOOKASIDE_POOL* list, void* entry);
// Takes out a kept entry at deletion without counting; null when empty.
void* lookaside_drain(GENERAL_LOOKASIDE_POOL* list);

inline GENERAL_LOOKASIDE_POOL* body(GENERAL_LOOKASIDE* list) {
    return reinterpret_cast<GENERAL_LOOKASIDE_POOL*>(list);
}
inline void* lookaside_pop(GENERAL_LOOKASIDE* list) { return lookaside_pop(body(list)); }
inline bool lookaside_push(GENERAL_LOOKASIDE* list, void* entry) { return lookaside_push(body(list), entry); }
inline void* lookaside_drain(GENERAL_LOOKASIDE* list) { return lookaside_drain(body(list)); }

} // namespace nt::pool
