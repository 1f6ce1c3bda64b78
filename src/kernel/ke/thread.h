// NT threads. The body of a Thread object is an ETHREAD as drivers poke at it, followed by what only we see.
//
// A thread is a host fiber (its host stack) plus a guest kernel stack, and a user stack if it belongs to a
// program. The scheduler switches fibers directly from thread to thread; each processor has an idle thread
// that runs when nothing else can. The machine's main fiber only starts the machine and sees it stop.
#pragma once
#include "abi/dispatcher.h"
#include "abi/thread.h"
#include "host/fiber.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/processor.h"
#include "kernel/seh/crossing.h"

namespace nt::mm {
class AddressSpace;
}

namespace nt::ke {

enum class ThreadState : UCHAR { initialized, ready, running, standby, terminated, waiting };

struct Thread;

// A thread's place in a ready queue. Small and beside those of others, so that a walk along a long queue
// stays in the caches, which the threads themselves have left.
struct alignas(64) ReadyPlace {
    LIST_ENTRY link;
    Thread* thread;
    ULONG processor;                  // in whose queue it stands
    ULONG_PTR host_stack, host_bytes; // what it will touch when it runs again; 0 bytes: it is not known
    ULONG_PTR kernel_stack;
    ULONGLONG since; // when it got there
};

struct Thread : ETHREAD {
    // What a switch touches, in as few cache lines as can be.
    host::Fiber* fiber;
    seh::Record* crossing;   // saved KPCR slot while not running
    ULONG_PTR host_stack;    // saved KPCR slot: where system calls put their records
    mm::AddressSpace* space; // null: the user half is inaccessible
    ULONG_PTR teb;           // 0: no user mode
    ULONG_PTR pid, tid;
    ReadyPlace* ready;
    ULONGLONG run_time;     // 100 ns units; interrupts and DPCs not counted
    ULONGLONG user_time;    // the part of it that counts as user mode's
    ULONGLONG quantum_used; // of the present quantum
    NTSTATUS wait_result;
    LONG exit_status;
    bool exiting;          // goes to its end at the next return to user mode
    bool apc_wakeup;       // the wait was interrupted to run kernel APCs
    bool alertable;        // the wait ends for user APCs and alerts
    bool apcs_closed;      // it is ending: no APC is queued any more
    bool user_apcs_closed; // nor a user APC, a little earlier
    ULONG context_switches;
    // The rest.
    seh::EntryRecord base;   // outermost record: call-outs of the thread's start put their frames from here
    PVOID process;           // EPROCESS body
    void (*start)(Thread&);  // host routine the fiber runs; never returns (calls exit_thread)
    ULONG_PTR start_address; // guest address, for views
    ULONG_PTR start_context;
    HeldLocks locks;
    ULONG_PTR region_entered_by; // who entered the outermost critical or guarded region
    LockWait lock_wait;          // the lock it waits for, if the object it waits on is only part of one
    KAPC suspend_apc;
    ULONGLONG last_stall; // virtual time when the watchdog last let it go on
    ULONG stalls;         // how often in a row it has found it
    ULONG spins;          // in a row (spinning.h)
    ULONGLONG spins_since, spun_until;
    LIST_ENTRY all_link;
    LIST_ENTRY ended_link;     // ps
    PVOID extension;           // ps
    PVOID calls;               // io: dispatch routines that are running
    const GUID* activity_id;   // io: of a request that it works on; null: none
    UCHAR io_priority;         // io: IO_PRIORITY_HINT + 1; 0: none was set
    bool hard_errors_off;      // io
    bool announced, begun;     // ps: routines of drivers have been told of it, as created and in itself
    UCHAR lower_page_priority; // below the normal one
    UNICODE_STRING* name;      // ps: of ThreadNameInformation, with its characters behind it; null: none
};

// A KTHREAD is the head of its thread's body.
inline Thread& as_thread(KTHREAD* tcb) { return *reinterpret_cast<Thread*>(tcb); }
inline ThreadState state_of(const Thread& thread) { return static_cast<ThreadState>(thread.Tcb.State); }

// Prepares a zeroed body: fiber, kernel stack, dispatcher header, priority 8, every processor. The thread
// does not run until ready_thread(). STATUS_INSUFFICIENT_RESOURCES: no kernel stack or host stack is left.
NTSTATUS initialize_thread(Thread& thread, void (*start)(Thread&));
// Releases fiber and kernel stack of a terminated thread that is not running.
void delete_thread(Thread& thread);

// Ends the running thread: signals it, runs ps rundown before. Never returns.
[[noreturn]] void exit_thread(LONG status);

// All threads but the idle ones, in creation order.
extern LIST_ENTRY all_threads;

// A stack pointer of guest kernel code is inside the running thread's kernel stack.
inline ULONG_PTR stack_limit(const Thread& t) { return reinterpret_cast<ULONG_PTR>(t.Tcb.StackLimit); }
inline ULONG_PTR stack_base(const Thread& t) { return reinterpret_cast<ULONG_PTR>(t.Tcb.StackBase); }
// The stack that guest kernel code runs on now: the running thread's, or the processor's DPC stack.
void current_stack(ULONG_PTR& limit, ULONG_PTR& base);

} // namespace nt::ke
