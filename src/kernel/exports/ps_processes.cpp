// Processes for drivers: nf-ntifs-pslookupprocessbyprocessid, nf-ntddk-pssetcreateprocessnotifyroutine and
// kin, nf-ntddk-pssetloadimagenotifyroutine and kin, nf-ntddk-psgetthreadexitstatus … Some have no page and
// are in wide use (their declarations are public): what they return is assumed: from their names.
#include "abi/pe.h"
#include "abi/status.h"
#include "kernel/exports/copy_between.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/system_modules.h"
#include "kernel/ldr/modules.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/object.h"
#include "kernel/ps/image_notify.h"
#include "kernel/ps/process.h"
#include "kernel/ps/process_notify.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/times.h"

using namespace nt;

extern "C" NTSTATUS PsLookupProcessByProcessId(HANDLE id, EPROCESS** process) {
    EPROCESS* found = ps::find_process(reinterpret_cast<ULONG_PTR>(id));
    if (!found) return STATUS_INVALID_CID;
    ob::reference(found);
    *process = found;
    return STATUS_SUCCESS;
}
GATE(PsLookupProcessByProcessId);

extern "C" NTSTATUS PsLookupProcessThreadByCid(const CLIENT_ID* id, EPROCESS** process, ke::Thread** thread) {
    ke::Thread* found = ps::find_thread(reinterpret_cast<ULONG_PTR>(id->UniqueThread));
    if (!found || found->Cid.UniqueProcess != id->UniqueProcess ||
        ke::state_of(*found) == ke::ThreadState::terminated)
        return STATUS_INVALID_CID;
    auto* owner = static_cast<EPROCESS*>(found->process);
    ob::reference(found);
    *thread = found;
    if (process) {
        ob::reference(owner);
        *process = owner;
    }
    return STATUS_SUCCESS;
}
GATE(PsLookupProcessThreadByCid);

namespace {

NTSTATUS set_process_routine(PVOID routine, BOOLEAN remove, bool extended) {
    if (remove) return ps::remove_process_notify_routine(routine, extended);
    if (extended && !exports::has_force_integrity(routine)) return STATUS_ACCESS_DENIED;
    return ps::add_process_notify_routine(routine, extended);
}

} // namespace

extern "C" NTSTATUS PsSetCreateProcessNotifyRoutine(ps::CREATE_PROCESS_NOTIFY_ROUTINE* routine,
                                                    BOOLEAN remove) {
    return set_process_routine(reinterpret_cast<PVOID>(routine), remove, false);
}
GATE(PsSetCreateProcessNotifyRoutine);

extern "C" NTSTATUS PsSetCreateProcessNotifyRoutineEx(ps::CREATE_PROCESS_NOTIFY_ROUTINE_EX* routine,
                                                      BOOLEAN remove) {
    return set_process_routine(reinterpret_cast<PVOID>(routine), remove, true);
}
GATE(PsSetCreateProcessNotifyRoutineEx);

// PsCreateProcessNotifySubsystems (0) is the only type; there are no processes of other subsystems.
extern "C" NTSTATUS PsSetCreateProcessNotifyRoutineEx2(ULONG type, PVOID routine, BOOLEAN remove) {
    return type ? STATUS_INVALID_PARAMETER : set_process_routine(routine, remove, true);
}
GATE(PsSetCreateProcessNotifyRoutineEx2);

extern "C" NTSTATUS PsSetLoadImageNotifyRoutine(ps::LOAD_IMAGE_NOTIFY_ROUTINE* routine) {
    return ps::add_image_notify_routine(routine);
}
GATE(PsSetLoadImageNotifyRoutine);

// PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE (1): no image of another architecture can be mapped.
extern "C" NTSTATUS PsSetLoadImageNotifyRoutineEx(ps::LOAD_IMAGE_NOTIFY_ROUTINE* routine, ULONG_PTR flags) {
    return flags & ~ULONG_PTR{1} ? STATUS_INVALID_PARAMETER_2 : ps::add_image_notify_routine(routine);
}
GATE(PsSetLoadImageNotifyRoutineEx);

extern "C" NTSTATUS PsRemoveLoadImageNotifyRoutine(ps::LOAD_IMAGE_NOTIFY_ROUTINE* routine) {
    return ps::remove_image_notify_routine(routine);
}
GATE(PsRemoveLoadImageNotifyRoutine);

extern "C" LONGLONG PsGetProcessCreateTimeQuadPart(EPROCESS* process) { return process->CreateTime.QuadPart; }
GATE(PsGetProcessCreateTimeQuadPart);

extern "C" NTSTATUS PsGetProcessExitStatus(EPROCESS* process) { return process->ExitStatus; }
GATE(PsGetProcessExitStatus);

extern "C" LONGLONG PsGetProcessExitTime() { return ps::current_process()->ExitTime.QuadPart; }
GATE(PsGetProcessExitTime);

extern "C" HANDLE PsGetProcessInheritedFromUniqueProcessId(EPROCESS* process) {
    return process->InheritedFromUniqueProcessId;
}
GATE(PsGetProcessInheritedFromUniqueProcessId);

extern "C" PVOID PsGetProcessPeb(EPROCESS* process) { return process->Peb; }
GATE(PsGetProcessPeb);

extern "C" PVOID PsGetProcessSectionBaseAddress(EPROCESS* process) { return process->SectionBaseAddress; }
GATE(PsGetProcessSectionBaseAddress);

extern "C" ULONG PsGetProcessSessionId(EPROCESS* process) { return ps::session_of(*process); }
GATE(PsGetProcessSessionId);

// The System process belongs to no session.
extern "C" ULONG PsGetProcessSessionIdEx(EPROCESS* process) {
    return process == ps::system_process ? ~0u : ps::session_of(*process);
}
GATE(PsGetProcessSessionIdEx);

extern "C" ULONG PsGetCurrentProcessSessionId() { return ps::session_of(*ps::current_process()); }
GATE(PsGetCurrentProcessSessionId);

// There are no 32-bit programs.
extern "C" PVOID PsGetProcessWow64Process(EPROCESS*) { return nullptr; }
GATE(PsGetProcessWow64Process);
extern "C" PVOID PsGetCurrentProcessWow64Process() { return nullptr; }
GATE(PsGetCurrentProcessWow64Process);

// Ids are given out once in a boot session, of which there is one.
extern "C" ULONGLONG PsGetProcessStartKey(EPROCESS* process) {
    return 1ull << 48 | reinterpret_cast<ULONG_PTR>(process->UniqueProcessId);
}
GATE(PsGetProcessStartKey);

extern "C" ULONGLONG PsQueryTotalCycleTimeProcess(EPROCESS* process, ULONGLONG* now) {
    const ps::CYCLE_TIME_INFORMATION cycles = ps::cycles_of(ps::times_of(*process));
    *now = cycles.AccumulatedCycles;
    return cycles.AccumulatedCycles;
}
GATE(PsQueryTotalCycleTimeProcess);

// "NULL: … if the driver attached the thread to the address space of another process."
extern "C" PVOID PsGetCurrentThreadTeb() {
    const ke::Thread& self = ke::current_thread();
    return self.Tcb.ApcStateIndex == OriginalApcEnvironment ? self.Tcb.Teb : nullptr;
}
GATE(PsGetCurrentThreadTeb);

extern "C" PVOID PsGetThreadTeb(ke::Thread* thread) { return thread->Tcb.Teb; }
GATE(PsGetThreadTeb);

extern "C" PVOID PsGetThreadProcess(ke::Thread* thread) { return thread->Tcb.Process; }
GATE(PsGetThreadProcess);

extern "C" NTSTATUS PsGetThreadExitStatus(ke::Thread* thread) {
    return thread->exiting || ke::state_of(*thread) == ke::ThreadState::terminated ? thread->exit_status
                                                                                   : NTSTATUS(STATUS_PENDING);
}
GATE(PsGetThreadExitStatus);

extern "C" LONGLONG PsGetThreadCreateTime(ke::Thread* thread) { return thread->CreateTime.QuadPart; }
GATE(PsGetThreadCreateTime);

extern "C" BOOLEAN PsIsThreadTerminating(ke::Thread* thread) {
    return thread->exiting || ke::state_of(*thread) == ke::ThreadState::terminated;
}
GATE(PsIsThreadTerminating);

// Nothing of win32k is there, no process is in a job.
extern "C" PVOID PsGetProcessWin32Process(EPROCESS*) { return nullptr; }
GATE(PsGetProcessWin32Process);
extern "C" PVOID PsGetThreadWin32Thread(ke::Thread*) { return nullptr; }
GATE(PsGetThreadWin32Thread);
extern "C" PVOID PsGetProcessJob(EPROCESS*) { return nullptr; }
GATE(PsGetProcessJob);

extern "C" BOOLEAN PsGetThreadHardErrorsAreDisabled(ke::Thread* thread) { return thread->hard_errors_off; }
GATE(PsGetThreadHardErrorsAreDisabled);
extern "C" void PsSetThreadHardErrorsAreDisabled(ke::Thread* thread, BOOLEAN disabled) {
    thread->hard_errors_off = disabled;
}
GATE(PsSetThreadHardErrorsAreDisabled);

// For APCs to 32-bit threads, which there are none of: the routine stays as it is.
extern "C" NTSTATUS PsWrapApcWow64Thread(PVOID*, PVOID*) { return STATUS_SUCCESS; }
GATE(PsWrapApcWow64Thread);

// No process is protected.
extern "C" BOOLEAN PsIsProtectedProcess(EPROCESS*) { return 0; }
GATE(PsIsProtectedProcess);

extern "C" BOOLEAN PsIsSystemProcess(EPROCESS* process) { return process == ps::system_process; }
GATE(PsIsSystemProcess);

// Not documented, in wide use: the result is that of NtReadVirtualMemory and NtWriteVirtualMemory.
extern "C" NTSTATUS MmCopyVirtualMemory(EPROCESS* from, PVOID source, EPROCESS* to, PVOID target,
                                        SIZE_T length, KPROCESSOR_MODE mode, SIZE_T* done) {
    return exports::copy_between(*from, reinterpret_cast<std::uint64_t>(source), *to,
                                 reinterpret_cast<std::uint64_t>(target), length, mode, *done);
}
GATE(MmCopyVirtualMemory);
