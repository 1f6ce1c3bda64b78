// Thread objects: making them, starting them, ending them. The body is ke::Thread (an ETHREAD to drivers).
#pragma once
#include "base/result.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/type.h"
#include <vector>

namespace nt {
struct EPROCESS;
}

namespace nt::ps {

extern OBJECT_TYPE* thread_type;
inline constexpr ULONG thread_name_tag = 'T' | 'h' << 8 | 'N' << 16 | 'm' << 24;

// The type Thread. After ob::initialize().
NTSTATUS initialize_threads();

// Process and thread ids come from one sequence, multiples of 4; the System process has 4.
ULONG_PTR allocate_id();
// Which object has an id, until it is deleted. Ids are not given out again.
void remember_id(ULONG_PTR id, PVOID object);
void forget_id(ULONG_PTR id);
PVOID object_of_id(ULONG_PTR id, OBJECT_TYPE* type); // not referenced; null

struct ThreadHome {
    EPROCESS* process;
    mm::AddressSpace* space; // null: System
    ULONG_PTR pid;
};
// Adopted by every thread made without a home (system threads).
void set_system_home(const ThreadHome& home);
const ThreadHome& system_home();

// A thread that runs a guest routine in kernel mode (PsCreateSystemThread). Referenced for the caller; ready
// to run.
Result<ke::Thread*> create_system_thread(const ThreadHome& home, PKSTART_ROUTINE routine, PVOID context);
// A thread of the kernel itself: runs a host function on its host stack. `argument` is in thread.extension.
Result<ke::Thread*> create_kernel_thread(void (*routine)(PVOID), PVOID argument, KPRIORITY priority = 8);
// A thread that goes to user mode: rip, rsp (16-aligned minus 8), rcx and TEB. Does not run yet.
struct UserStart {
    ULONG_PTR rip, rsp, argument, teb;
    ULONG_PTR start_address = 0;                  // what views call its start
    const std::vector<UCHAR>* security = nullptr; // null: by the process's token
};
Result<ke::Thread*> create_user_thread(const ThreadHome& home, const UserStart& start);

// NtResumeThread; a thread that was made suspended begins to run. The suspend count before.
ULONG resume_thread(ke::Thread& thread);
// Lets a thread run that was made suspended.
void start_thread(ke::Thread& thread);
// A new thread begins to run, or to be suspended; nothing happens if a driver that was told of it has ended
// it.
void begin_thread(ke::Thread& thread, bool suspended);

// Ends the running thread: runs the rundown, signals it, gives up its resources later. PASSIVE_LEVEL.
[[noreturn]] void exit_thread(LONG status);
// Asks another thread to end: it does on its way back to user mode; an ongoing wait of user mode ends.
void terminate_thread(ke::Thread& thread, LONG status);

// What must happen when a thread ends, in its context (io: requests; ps: last thread of a process). Called in
// order of adding.
void add_rundown(void (*rundown)(ke::Thread& thread));

ke::Thread* find_thread(ULONG_PTR tid); // not referenced; null

} // namespace nt::ps
