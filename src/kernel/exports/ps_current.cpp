// Who runs: wdm/ntifs pages nf-ntifs-psgetcurrentprocess, nf-wdm-pscreatesystemthread,
// nf-wdm-exgetpreviousmode …
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "kernel/ex/work.h"
#include "kernel/exports/process_handle.h"
#include "kernel/exports/runtime.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"

using namespace nt;

extern "C" KPROCESSOR_MODE ExGetPreviousMode() { return exports::previous_mode(); }
GATE(ExGetPreviousMode);

extern "C" PVOID PsGetCurrentProcess() { return ke::current_thread().process; }
GATE(PsGetCurrentProcess);

extern "C" PVOID IoGetCurrentProcess() { return ke::current_thread().process; }
GATE(IoGetCurrentProcess);

extern "C" PVOID PsGetCurrentThread() { return &ke::current_thread(); }
GATE(PsGetCurrentThread);

extern "C" PVOID KeGetCurrentThread() { return &ke::current_thread(); }
GATE(KeGetCurrentThread);

extern "C" HANDLE PsGetCurrentProcessId() { return reinterpret_cast<HANDLE>(ke::current_thread().pid); }
GATE(PsGetCurrentProcessId);

extern "C" HANDLE PsGetCurrentThreadId() { return reinterpret_cast<HANDLE>(ke::current_thread().tid); }
GATE(PsGetCurrentThreadId);

extern "C" HANDLE PsGetProcessId(EPROCESS* process) {
    return reinterpret_cast<HANDLE>(process->UniqueProcessId);
}
GATE(PsGetProcessId);

extern "C" HANDLE PsGetThreadId(ke::Thread* thread) { return reinterpret_cast<HANDLE>(thread->tid); }
GATE(PsGetThreadId);

extern "C" HANDLE PsGetThreadProcessId(ke::Thread* thread) { return reinterpret_cast<HANDLE>(thread->pid); }
GATE(PsGetThreadProcessId);

extern "C" UCHAR* PsGetProcessImageFileName(EPROCESS* process) { return process->ImageFileName; }
GATE(PsGetProcessImageFileName);

// "this handle is a kernel handle"
extern "C" NTSTATUS PsCreateSystemThread(HANDLE* handle, ULONG desired, const OBJECT_ATTRIBUTES* attributes,
                                         HANDLE process, CLIENT_ID* id, PKSTART_ROUTINE routine,
                                         PVOID context) {
    constexpr ACCESS_MASK process_create_thread = 0x2;
    const ULONG flags = (attributes ? attributes->Attributes : 0) | OBJ_KERNEL_HANDLE;
    if (flags & (OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF)) return STATUS_INVALID_PARAMETER;
    ps::ThreadHome home = ps::system_home();
    exports::TargetProcess target;
    if (process) {
        if (const NTSTATUS status = target.open_memory(process, process_create_thread); !NT_SUCCESS(status))
            return status;
        home = {&*target, &target.space(), reinterpret_cast<ULONG_PTR>(target->UniqueProcessId)};
    }
    ke::Thread* thread = TRY_STATUS(ps::create_system_thread(home, routine, context));
    if (id) *id = {reinterpret_cast<HANDLE>(thread->pid), reinterpret_cast<HANDLE>(thread->tid)};
    auto made =
        ob::create_handle(thread, ob::map_generic(desired, ps::thread_type->TypeInfo.GenericMapping), flags);
    ob::dereference(thread);
    if (!made) return made.error();
    *handle = *made;
    return STATUS_SUCCESS;
}
GATE(PsCreateSystemThread);

extern "C" NTSTATUS PsTerminateSystemThread(NTSTATUS status) {
    ke::Thread& self = ke::current_thread();
    if (self.teb) return STATUS_INVALID_PARAMETER;
    if (ex::is_worker(self))
        ke::bug_check(ACTIVE_EX_WORKER_THREAD_TERMINATION, reinterpret_cast<ULONG_PTR>(&self));
    ps::exit_thread(status);
}
GATE(PsTerminateSystemThread);

extern "C" BOOLEAN PsIsSystemThread(ke::Thread* thread) { return thread->teb == 0; }
GATE(PsIsSystemThread);

// The obsolete form of RtlGetVersion; TRUE is for a checked build.
extern "C" BOOLEAN PsGetVersion(ULONG* major, ULONG* minor, ULONG* build, UNICODE_STRING* csd) {
    if (major) *major = 10;
    if (minor) *minor = 0;
    if (build) *build = 19045;
    if (csd) csd->Length = 0;
    return 0;
}
GATE(PsGetVersion);
