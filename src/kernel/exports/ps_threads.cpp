// Threads for drivers: nf-ntifs-pslookupthreadbythreadid, nf-ntddk-pssetcreatethreadnotifyroutine and kin,
// nf-ntddk-keexpandkernelstackandcalloutex, nf-ntifs-kestackattachprocess.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/expand_stack.h"
#include "kernel/ke/processor.h"
#include "kernel/ob/object.h"
#include "kernel/ps/attach.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/thread_notify.h"

using namespace nt;

extern "C" NTSTATUS PsLookupThreadByThreadId(HANDLE id, ke::Thread** thread) {
    ke::Thread* found = ps::find_thread(reinterpret_cast<ULONG_PTR>(id));
    if (!found || ke::state_of(*found) == ke::ThreadState::terminated) return STATUS_INVALID_PARAMETER;
    ob::reference(found);
    *thread = found;
    return STATUS_SUCCESS;
}
GATE(PsLookupThreadByThreadId);

extern "C" NTSTATUS PsSetCreateThreadNotifyRoutine(ps::CREATE_THREAD_NOTIFY_ROUTINE* routine) {
    return ps::add_thread_notify_routine(routine, false);
}
GATE(PsSetCreateThreadNotifyRoutine);

// PsCreateThreadNotifyNonSystem (0) and PsCreateThreadNotifySubsystems (1), which there are none of.
extern "C" NTSTATUS PsSetCreateThreadNotifyRoutineEx(ULONG type, ps::CREATE_THREAD_NOTIFY_ROUTINE* routine) {
    return type > 1 ? STATUS_INVALID_PARAMETER : ps::add_thread_notify_routine(routine, true);
}
GATE(PsSetCreateThreadNotifyRoutineEx);

extern "C" NTSTATUS PsRemoveCreateThreadNotifyRoutine(ps::CREATE_THREAD_NOTIFY_ROUTINE* routine) {
    return ps::remove_thread_notify_routine(routine);
}
GATE(PsRemoveCreateThreadNotifyRoutine);

extern "C" NTSTATUS KeExpandKernelStackAndCalloutEx(ke::EXPAND_STACK_CALLOUT* callout, PVOID parameter,
                                                    SIZE_T size, BOOLEAN wait, PVOID) {
    if (size > ke::most_expansion) return STATUS_INVALID_PARAMETER_3;
    if (wait && ke::current_irql() >= DISPATCH_LEVEL) return STATUS_INVALID_PARAMETER_4;
    return ke::call_with_stack(callout, parameter, size);
}
GATE(KeExpandKernelStackAndCalloutEx);

extern "C" NTSTATUS KeExpandKernelStackAndCallout(ke::EXPAND_STACK_CALLOUT* callout, PVOID parameter,
                                                  SIZE_T size) {
    return KeExpandKernelStackAndCalloutEx(callout, parameter, size, ke::current_irql() < DISPATCH_LEVEL,
                                           nullptr);
}
GATE(KeExpandKernelStackAndCallout);

extern "C" void KeStackAttachProcess(EPROCESS* process, KAPC_STATE* state) { ps::attach(*process, *state); }
GATE(KeStackAttachProcess);

extern "C" void KeUnstackDetachProcess(KAPC_STATE* state) { ps::detach(*state); }
GATE(KeUnstackDetachProcess);

extern "C" void KeAttachProcess(EPROCESS* process) { ps::attach_once(*process); }
GATE(KeAttachProcess);

extern "C" void KeDetachProcess() { ps::detach_once(); }
GATE(KeDetachProcess);
