// Waiting. Callers: IRQL ≤ APC_LEVEL, or DISPATCH_LEVEL with a zero timeout. Timeouts as in Windows: null for
// ever, 0 only a test, negative relative, positive absolute system time; virtual time. ntddk pages:
// KeWaitForSingleObject, KeWaitForMultipleObjects, KeDelayExecutionThread.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

struct Thread;

// STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ABANDONED, STATUS_ALERTED, STATUS_USER_APC.
NTSTATUS wait_for_single_object(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode, bool alertable,
                                const LARGE_INTEGER* timeout);
// STATUS_WAIT_0 + n, STATUS_ABANDONED_WAIT_0 + n … `blocks`: needed above THREAD_WAIT_OBJECTS objects.
NTSTATUS wait_for_multiple_objects(ULONG count, PVOID* objects, WAIT_TYPE type, KWAIT_REASON reason,
                                   KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                                   KWAIT_BLOCK* blocks);
NTSTATUS delay_execution(KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER& interval);

// The caller signals something and waits next (Wait = TRUE of KeSetEvent and its kin): DISPATCH_LEVEL until
// the next wait of the running thread, which restores the level.
void hold_until_wait();

// Ends a wait in user mode of a thread that is to end (STATUS_USER_APC, as the service then returns to user
// mode).
void end_user_wait(Thread& thread);

} // namespace nt::ke
