// Drivers that want to hear of processes: nf-ntddk-pssetcreateprocessnotifyroutine and its Ex and Ex2 forms.
// Routines run at PASSIVE_LEVEL in a critical region: of a creation in the creating thread, just after the
// first thread is there, of an end in the last thread that exits.
#pragma once
#include "abi/thread.h"
#include "kernel/ke/thread.h"

namespace nt::ps {

struct PS_CREATE_NOTIFY_INFO {
    SIZE_T Size;
    ULONG Flags; // bit 0: FileOpenNameAvailable, bit 1: IsSubsystemProcess
    HANDLE ParentProcessId;
    CLIENT_ID CreatingThreadId;
    PVOID FileObject;
    const UNICODE_STRING* ImageFileName;
    const UNICODE_STRING* CommandLine;
    NTSTATUS CreationStatus;
};
static_assert(sizeof(PS_CREATE_NOTIFY_INFO) == 0x48);

typedef void NTAPI CREATE_PROCESS_NOTIFY_ROUTINE(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create);
typedef void NTAPI CREATE_PROCESS_NOTIFY_ROUTINE_EX(EPROCESS* Process, HANDLE ProcessId,
                                                    PS_CREATE_NOTIFY_INFO* CreateInfo);

// `extended`: a CREATE_PROCESS_NOTIFY_ROUTINE_EX. STATUS_INVALID_PARAMETER: it is registered, or 64 are.
NTSTATUS add_process_notify_routine(PVOID routine, bool extended);
// Waits while it runs. assumed: STATUS_PROCEDURE_NOT_FOUND, as of the other kinds.
NTSTATUS remove_process_notify_routine(PVOID routine, bool extended);
void for_each_process_notify_routine(void (*visit)(void* context, ULONG_PTR routine), void* context);

// In the creating thread, before the first thread runs, of which drivers are told next. An error is a
// driver's refusal: the process must end.
NTSTATUS notify_process_created(EPROCESS& process);
// In the last thread; drivers that have not been told of its creation are not told of its end.
void notify_process_ends(EPROCESS& process);

} // namespace nt::ps
