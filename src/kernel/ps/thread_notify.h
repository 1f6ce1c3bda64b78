// Drivers that want to hear of threads: nf-ntddk-pssetcreatethreadnotifyroutine,
// -pssetcreatethreadnotifyroutineex, -psremovecreatethreadnotifyroutine. Routines run at PASSIVE_LEVEL;
// assumed: in a critical region, like those for processes.
#pragma once
#include "kernel/ke/thread.h"

namespace nt::ps {

typedef void NTAPI CREATE_THREAD_NOTIFY_ROUTINE(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create);

// `in_new_thread`: called by the new thread, and for programs' threads only. STATUS_INSUFFICIENT_RESOURCES:
// 64 are registered.
NTSTATUS add_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine, bool in_new_thread);
// Waits while it runs. STATUS_PROCEDURE_NOT_FOUND.
NTSTATUS remove_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine);

void for_each_thread_notify_routine(void (*visit)(void* context, ULONG_PTR routine), void* context);

// The creator has made the thread; it has ids and does not run yet.
void notify_thread_created(ke::Thread& thread);
// The new thread of a program, before it goes to user mode.
void notify_thread_begins(ke::Thread& self);
// The running thread ends. Those hear of it to whom it has begun.
void notify_thread_ends(const ke::Thread& self);

} // namespace nt::ps
