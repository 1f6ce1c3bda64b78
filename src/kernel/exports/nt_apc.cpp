// User APCs and alerts: QueueUserAPC (nf-processthreadsapi-queueuserapc) and the services behind it. The
// services themselves have no pages; alerts end alertable waits with STATUS_ALERTED ("Waits and APCs").
#include "abi/status.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/suspend.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/thread.h"

using namespace nt;
using exports::TargetThread;

namespace {

constexpr ACCESS_MASK thread_set_context = 0x10, thread_alert = 0x4, thread_suspend_resume = 0x2;

void release(KAPC& apc) { pool::release(&apc); }

NTSTATUS queue(HANDLE handle, PKNORMAL_ROUTINE routine, PVOID a1, PVOID a2, PVOID a3) {
    TargetThread thread(handle, thread_set_context);
    if (!NT_SUCCESS(thread.status)) return thread.status;
    if (!thread->teb) return STATUS_INVALID_HANDLE; // it has no user mode
    auto* apc = static_cast<KAPC*>(pool::allocate(pool::Kind::nonpaged, sizeof(KAPC), pool::tag("Psap")));
    if (!apc) return STATUS_NO_MEMORY;
    ke::initialize_user_apc(*apc, *thread, release, routine, a1);
    if (ke::queue_apc(*apc, a2, a3, 0)) return STATUS_SUCCESS;
    pool::release(apc);
    return STATUS_UNSUCCESSFUL; // it is ending
}

} // namespace

extern "C" NTSTATUS NtQueueApcThread(HANDLE thread, PKNORMAL_ROUTINE routine, PVOID a1, PVOID a2, PVOID a3) {
    return queue(thread, routine, a1, a2, a3);
}
GATE(NtQueueApcThread);

// `reserve`: memory reserved before, or 1 for a special user APC.
extern "C" NTSTATUS NtQueueApcThreadEx(HANDLE thread, HANDLE reserve, PKNORMAL_ROUTINE routine, PVOID a1,
                                       PVOID a2, PVOID a3) {
    return reserve ? STATUS_NOT_SUPPORTED : queue(thread, routine, a1, a2, a3);
}
GATE(NtQueueApcThreadEx);

extern "C" NTSTATUS NtAlertThread(HANDLE handle) {
    TargetThread thread(handle, thread_alert);
    if (NT_SUCCESS(thread.status)) ke::alert_thread(*thread, exports::previous_mode());
    return thread.status;
}
GATE(NtAlertThread);

extern "C" NTSTATUS NtAlertResumeThread(HANDLE handle, ULONG* previous) {
    TargetThread thread(handle, thread_suspend_resume);
    if (!NT_SUCCESS(thread.status)) return thread.status;
    ke::alert_thread(*thread, exports::previous_mode());
    const ULONG count = ps::resume_thread(*thread);
    return !previous || exports::write_parameter(previous, count) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtAlertResumeThread);

// User APCs that wait are delivered on the way back.
extern "C" NTSTATUS NtTestAlert() {
    return ke::test_alert(exports::previous_mode()) ? STATUS_ALERTED : STATUS_SUCCESS;
}
GATE(NtTestAlert);
