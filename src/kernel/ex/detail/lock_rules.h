// Rules that locks of threads share, and the account of who holds what.
// Codes: debugger page "Bug Check 0xC4: DRIVER_VERIFIER_DETECTED_VIOLATION".
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/watched_memory.h"

namespace nt::ex::detail {

using ke::LockKind;

// Critical region, guarded region or APC_LEVEL: no normal kernel APC comes.
bool normal_apcs_disabled();
ULONG_PTR apc_disable_count();

// The thread has the lock from now on.
void note_acquired(const void* lock, LockKind kind, KIRQL irql_before);
// It has it no longer. False: it did not have it, which is reported; `remote` may release for another thread.
bool note_released(const void* lock, LockKind kind, LockKind other_kind = LockKind::none);
// It has it no longer; nothing is checked.
void forget_held(const void* lock);
// A thread that takes a lock which it has already waits for itself.
void check_not_held(const void* lock, LockKind kind);

} // namespace nt::ex::detail
