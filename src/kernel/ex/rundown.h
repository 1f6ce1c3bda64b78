// Run-down protection: kernel page "Run-Down Protection". The word counts the instances from bit 1 on; once
// bit 0 (EX_RUNDOWN_ACTIVE) is set none is granted any more, and the rest is the address of the waiting
// thread's record on its kernel stack, or 0: run down.
//
// The cache-aware form has such a word per processor. An instance may be released on another processor than
// it was acquired on, so only the sum of the words is a count.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ex {

inline constexpr ULONG_PTR EX_RUNDOWN_ACTIVE = 1;
inline constexpr ULONG_PTR EX_RUNDOWN_COUNT_INC = 2;

void initialize_rundown(EX_RUNDOWN_REF& ref);
bool acquire_rundown(EX_RUNDOWN_REF& ref, ULONG count);
void release_rundown(EX_RUNDOWN_REF& ref, ULONG count);
void wait_for_rundown(EX_RUNDOWN_REF& ref);
void rundown_completed(EX_RUNDOWN_REF& ref);

struct EX_RUNDOWN_REF_CACHE_AWARE {
    EX_RUNDOWN_REF* RunRefs; // one per processor, a cache line each
    PVOID PoolToFree;        // null: the caller's memory
    ULONG RunRefSize;
    ULONG Number;
};
SIZE_T size_of_rundown_cache_aware();
// False: the memory is too small.
bool initialize_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, SIZE_T size);
bool acquire_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, ULONG count);
void release_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, ULONG count);
void wait_for_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs);
void rundown_completed(EX_RUNDOWN_REF_CACHE_AWARE& refs);
void reinitialize_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs);

} // namespace nt::ex
