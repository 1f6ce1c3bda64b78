// Push locks: wdm pages nf-wdm-exinitializepushlock, nf-wdm-exacquirepushlockexclusive … One word:
//
//   bit 0 locked, 1 waiters, 2 waking, 3 several share it, from bit 4 the number that share it;
//   with waiters the upper bits are the address of the first one, on its thread's kernel stack.
//
// The lock is handed over in the order of coming; readers that come together go together.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ex {

inline constexpr ULONG_PTR EX_PUSH_LOCK_LOCK = 1;
inline constexpr ULONG_PTR EX_PUSH_LOCK_WAITING = 2;
inline constexpr ULONG_PTR EX_PUSH_LOCK_WAKING = 4;
inline constexpr ULONG_PTR EX_PUSH_LOCK_MULTIPLE_SHARED = 8;
inline constexpr ULONG_PTR EX_PUSH_LOCK_SHARE_INC = 0x10;
inline constexpr ULONG_PTR EX_PUSH_LOCK_PTR_BITS = 0xf;

// APC_LEVEL or below, normal kernel APCs disabled.
void acquire_push_exclusive(EX_PUSH_LOCK& lock);
void acquire_push_shared(EX_PUSH_LOCK& lock);
bool try_acquire_push_exclusive(EX_PUSH_LOCK& lock);
bool try_acquire_push_shared(EX_PUSH_LOCK& lock);
void release_push_exclusive(EX_PUSH_LOCK& lock);
void release_push_shared(EX_PUSH_LOCK& lock);
// As the thread holds it.
void release_push(EX_PUSH_LOCK& lock);
// The thread's shared acquisition becomes exclusive if it is the only one.
bool try_convert_push_to_exclusive(EX_PUSH_LOCK& lock);

} // namespace nt::ex
