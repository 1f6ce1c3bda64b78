// Asynchronous procedure calls: work that must happen in the context of one thread, such as the second half
// of I/O completion. Special kernel APCs run at APC_LEVEL, normal ones then at PASSIVE_LEVEL, user APCs in
// the program when it returns from a system service. While a thread is attached to a process (ps/attach.h),
// its APCs for the original environment wait in SavedApcState. KeInitializeApc and its kin are undocumented:
// what they do follows ntifs.h's declarations and "Types of APCs" and "Disabling APCs" of the kernel guide.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

struct Thread;

// Prepares a special kernel APC whose work is a host function.
using KernelApcFunction = void (*)(KAPC& apc);
void initialize_kernel_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PVOID argument1,
                           PVOID argument2);
// A user APC of ours: `function` gets the KAPC back when it has been taken or run down, and frees it.
void initialize_user_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PKNORMAL_ROUTINE routine,
                         PVOID context);
// A kernel APC of a driver (special without a normal routine), or a user APC.
void initialize_apc(KAPC& apc, Thread& thread, KAPC_ENVIRONMENT environment, PKKERNEL_ROUTINE kernel_routine,
                    PKRUNDOWN_ROUTINE rundown, PKNORMAL_ROUTINE normal_routine, KPROCESSOR_MODE mode,
                    PVOID context);

// Runs it in its thread when that runs below its level; a waiting thread is woken for it and waits on
// (kernel) or ends an alertable user wait (user). False: it is queued already, or the thread has ended.
bool queue_apc(KAPC& apc, PVOID argument1, PVOID argument2, KPRIORITY increment);
inline bool queue_kernel_apc(KAPC& apc) {
    return queue_apc(apc, apc.SystemArgument1, apc.SystemArgument2, 0);
}
// Takes a queued APC back. False: it is not queued.
bool remove_apc(KAPC& apc);

// The APCs of a thread and the process that it is in, as KAPC_STATE has them, go from one place to another.
void move_apc_state(KAPC_STATE& from, KAPC_STATE& to);
// The running thread has come to another state: what waited there runs.
void apc_state_changed();

// Runs kernel APCs of the running thread as far as it allows them. Below APC_LEVEL. True: it ran one.
bool deliver_kernel_apcs();
// The running thread leaves a region where APCs were disabled.
void apcs_enabled();

// A user APC that is to run; its kernel routine has been called.
struct UserApc {
    PKNORMAL_ROUTINE routine;
    PVOID context, argument1, argument2;
};
// On the way to user mode, UserApcPending set: takes the next user APC of the running thread. False: there is
// none (left).
bool take_user_apc(UserApc& apc);

// Alertable waits: KeAlertThread, KeTestAlertThread, NtAlertThread. True: it was alerted already.
bool alert_thread(Thread& thread, KPROCESSOR_MODE mode);
bool test_alert(KPROCESSOR_MODE mode);

// At the end of a thread: APCs that will never run are told by their rundown routine, or freed with it.
void run_down_apcs(Thread& thread);
// The same of its user APCs only, while it still takes kernel APCs: before others may think it gone. It takes
// no more of them.
void run_down_user_apcs(Thread& thread);

} // namespace nt::ke
