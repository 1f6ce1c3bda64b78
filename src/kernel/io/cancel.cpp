#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/io/file.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

constexpr LONGLONG poll_interval = -100'000; // 10 ms
constexpr int rundown_polls = 30'000;        // 5 minutes, as long as Windows waits for a thread's requests

// Cancels every listed request of the thread that `wanted` accepts, oldest first, one pass. A cancel routine
// may complete others, so the list is walked again from its head after each one.
template <class Wanted> bool cancel_listed(ke::Thread& thread, Wanted wanted) {
    bool any = false;
    for (bool again = true; again;) {
        again = false;
        for (LIST_ENTRY* e = thread.IrpList.Blink; e != &thread.IrpList; e = e->Blink) {
            IRP* irp = NT_CONTAINER(e, IRP, ThreadListEntry);
            if (!wanted(irp)) continue;
            any = true;
            if (irp->Cancel) continue;
            cancel_irp(irp);
            again = true;
            break;
        }
    }
    return any;
}

template <class Wanted> bool any_listed(ke::Thread& thread, Wanted wanted) {
    for (LIST_ENTRY* e = thread.IrpList.Flink; e != &thread.IrpList; e = e->Flink)
        if (wanted(NT_CONTAINER(e, IRP, ThreadListEntry))) return true;
    return false;
}

void pause() {
    LARGE_INTEGER interval;
    interval.QuadPart = poll_interval;
    ke::delay_execution(KernelMode, false, interval);
}

} // namespace

// The system's one cancel spin lock.
static KSPIN_LOCK& cancel_lock = *static_cast<KSPIN_LOCK*>(host::heap_allocate(sizeof(KSPIN_LOCK)));

KIRQL acquire_cancel_lock() {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    ke::acquire_spin_lock(cancel_lock, old);
    return old;
}
bool owns_cancel_lock(ULONG processor) {
    return ke::processor_locks_of(processor).find(&cancel_lock) != nullptr;
}
void release_cancel_lock(KIRQL irql) {
    ke::release_spin_lock(cancel_lock);
    ke::lower_irql(irql);
}

bool cancel_irp(IRP* irp) {
    const KIRQL old = acquire_cancel_lock();
    irp->Cancel = TRUE;
    PDRIVER_CANCEL routine = irp->CancelRoutine;
    irp->CancelRoutine = nullptr;
    if (trace::on) [[unlikely]]
        trace::emit_irp_cancel(irp, routine);
    if (!routine) {
        release_cancel_lock(old);
        return false;
    }
    if (irp->CurrentLocation > irp->StackCount + 1) ke::bug_check(0x48, reinterpret_cast<ULONG_PTR>(irp), 0);
    irp->CancelIrql = old;
    // The routine releases the lock. It belongs to the driver that holds the IRP now.
    seh::call_out(routine, current_location(irp)->DeviceObject, irp);
    return true;
}

NTSTATUS cancel_io(HANDLE handle, IO_STATUS_BLOCK* only, KPROCESSOR_MODE mode, bool whole_process,
                   IO_STATUS_BLOCK& result) {
    PVOID file;
    if (const NTSTATUS status = ob::reference_by_handle(handle, 0, file_type, mode, &file, nullptr);
        !NT_SUCCESS(status))
        return status;
    auto wanted = [file, only](IRP* irp) {
        return irp->Tail.Overlay.OriginalFileObject == file && (!only || irp->UserIosb == only);
    };
    bool any = false;
    ke::Thread& self = ke::current_thread();
    if (!whole_process)
        any = cancel_listed(self, wanted);
    else
        for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
            auto& thread = *NT_CONTAINER(e, ke::Thread, all_link);
            if (thread.process == self.process) any |= cancel_listed(thread, wanted);
        }
    // NtCancelIoFile waits until its requests have ended, NtCancelIoFileEx does not.
    if (!whole_process)
        while (any_listed(self, wanted))
            pause();
    ob::dereference(file);
    result = {{STATUS_SUCCESS}, 0};
    return whole_process && !any ? STATUS_NOT_FOUND : STATUS_SUCCESS;
}

void cancel_thread_io() {
    ke::Thread& self = ke::current_thread();
    auto all = [](IRP*) { return true; };
    cancel_listed(self, all);
    for (int i = 0; i < rundown_polls && any_listed(self, all); ++i)
        pause();
    // What is left belongs to a driver that does not cancel: nobody will be told of its end.
    while (!list::empty(self.IrpList)) {
        IRP* irp = NT_CONTAINER(self.IrpList.Flink, IRP, ThreadListEntry);
        dequeue_from_thread(irp);
    }
}

} // namespace nt::io
