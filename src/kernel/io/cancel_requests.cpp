// Cancelling the requests of threads, files and processes: NtCancelIoFile and kin, and the end of a thread.
#include "kernel/io/detail/cancel_requests.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/io/detail/calls.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/error_log.h"
#include "kernel/io/file.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::io {

namespace {

// 100 ns units. Windows waits 5 minutes for a thread's requests.
constexpr LONGLONG first_interval = 100'000, longest_interval = 10'000'000, longest_wait = 3'000'000'000;

bool is_completed(const IRP* irp) { return level_of(irp) > irp->StackCount + 1; }
IRP* irp_of(LIST_ENTRY* entry) { return NT_CONTAINER(entry, IRP, ThreadListEntry); }

// The oldest request of a list that `wanted` accepts and that has not been cancelled yet. `any` tells of
// those that have, too.
template <class Wanted> IRP* find(LIST_ENTRY& list, Wanted wanted, bool& any) {
    for (LIST_ENTRY* e = list.Blink; e != &list; e = e->Blink) {
        IRP* irp = irp_of(e);
        if (is_completed(irp) || !wanted(irp)) continue;
        any = true;
        if (!irp->Cancel) return irp;
    }
    return nullptr;
}

// Cancels what `next` finds, one by one. It looks with the cancel spin lock held: requests may end meanwhile,
// but none between being found and being cancelled. Where nothing is found the lock is not taken: raising the
// IRQL closes pageable memory. True: there was one.
template <class Next> bool cancel_each(Next next) {
    bool any = false;
    while (next(any)) {
        const KIRQL irql = acquire_cancel_lock();
        IRP* irp = next(any);
        if (!irp) {
            release_cancel_lock(irql);
            break;
        }
        detail::cancel_locked(irp, irql);
    }
    return any;
}
template <class Wanted> bool cancel_listed(LIST_ENTRY& list, Wanted wanted) {
    return cancel_each([&](bool& any) { return find(list, wanted, any); });
}

template <class Wanted> bool any_listed(LIST_ENTRY& list, Wanted wanted) {
    for (LIST_ENTRY* e = list.Flink; e != &list; e = e->Flink)
        if (wanted(irp_of(e))) return true;
    return false;
}

// kernel page "Canceling IRPs": "an error is logged for the device that currently owns the IRP".
void log_timeout(const IRP& irp) {
    if (level_of(&irp) < 1 || level_of(&irp) > irp.StackCount) return;
    DEVICE_OBJECT* device = irp.Tail.Overlay.CurrentStackLocation->DeviceObject;
    IO_ERROR_LOG_PACKET* entry =
        device ? allocate_error_log_entry(device, sizeof(IO_ERROR_LOG_PACKET)) : nullptr;
    if (!entry) return;
    entry->ErrorCode = IO_DRIVER_CANCEL_TIMEOUT;
    entry->MajorFunctionCode = irp.Tail.Overlay.CurrentStackLocation->MajorFunction;
    write_error_log_entry(entry);
}

// Waits until the wanted requests of a list have ended. False: they did not in time, and each was reported.
template <class Wanted> bool wait_for_end(LIST_ENTRY& list, Wanted wanted, const char* who) {
    LONGLONG next = first_interval;
    for (LONGLONG waited = 0; waited < longest_wait; waited += next) {
        if (!any_listed(list, wanted)) return true;
        LARGE_INTEGER interval;
        interval.QuadPart = -next;
        ke::delay_execution(KernelMode, false, interval);
        if (waited > 10 * next) next = std::min(2 * next, longest_interval);
    }
    if (!any_listed(list, wanted)) return true;
    for (LIST_ENTRY* e = list.Blink; e != &list; e = e->Blink)
        if (const IRP* irp = irp_of(e); wanted(irp_of(e))) {
            log_timeout(*irp);
            ke::report_at(detail::holder_of(irp), "CancelledIrpNotCompleted",
                          ke::verifier_stop(0x135, reinterpret_cast<ULONG_PTR>(irp), 300'000),
                          detail::about(irp),
                          "%s: a request has not ended 5 minutes after its cancellation. %s", who,
                          detail::describe_request(irp).c_str());
        }
    return false;
}

bool is_synchronous(const IRP* irp) {
    const FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
    return (irp->Flags & IRP_SYNCHRONOUS_API) || (file && (file->Flags & FO_SYNCHRONOUS_IO));
}

} // namespace

NTSTATUS cancel_io(HANDLE handle, KPROCESSOR_MODE mode) {
    PVOID file;
    if (const NTSTATUS status = ob::reference_by_handle(handle, 0, file_type, mode, &file, nullptr);
        !NT_SUCCESS(status))
        return status;
    ke::Thread& self = ke::current_thread();
    auto wanted = [file](IRP* irp) { return irp->Tail.Overlay.OriginalFileObject == file; };
    // Requests of a file with a completion port are on the file's list.
    auto own = [&self](IRP* irp) {
        return irp->Tail.Overlay.Thread == reinterpret_cast<ETHREAD*>(&self) && !is_completed(irp);
    };
    LIST_ENTRY& of_file = static_cast<FILE_OBJECT*>(file)->IrpList;
    cancel_listed(self.IrpList, wanted);
    cancel_listed(of_file, own);
    if (!wait_for_end(self.IrpList, wanted, "CancelIo") || !wait_for_end(of_file, own, "CancelIo")) {
        // Windows goes on waiting.
        auto* never = static_cast<KEVENT*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("IoCa"), 0, true));
        ke::initialize_event(*never, NotificationEvent, false);
        ke::wait_for_single_object(never, Executive, KernelMode, false, nullptr);
    }
    ob::dereference(file);
    return STATUS_SUCCESS;
}

NTSTATUS cancel_io_of_process(HANDLE handle, const IO_STATUS_BLOCK* only, KPROCESSOR_MODE mode) {
    PVOID file;
    if (const NTSTATUS status = ob::reference_by_handle(handle, 0, file_type, mode, &file, nullptr);
        !NT_SUCCESS(status))
        return status;
    const PVOID process = ke::current_thread().process;
    auto wanted = [file, only](IRP* irp) {
        return irp->Tail.Overlay.OriginalFileObject == file && (!only || irp->UserIosb == only);
    };
    // Requests of a file with a completion port are on the file's list.
    auto own = [process, only](IRP* irp) {
        return irp->Overlay.AsynchronousParameters.IssuingProcess == process &&
               (!only || irp->UserIosb == only);
    };
    const bool any = cancel_each([&](bool& found) -> IRP* {
        for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
            auto& thread = *NT_CONTAINER(e, ke::Thread, all_link);
            if (thread.process != process) continue;
            if (IRP* irp = find(thread.IrpList, wanted, found)) return irp;
        }
        return find(static_cast<FILE_OBJECT*>(file)->IrpList, own, found);
    });
    ob::dereference(file);
    return any ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

NTSTATUS cancel_synchronous_io(ke::Thread& thread, const IO_STATUS_BLOCK* only) {
    auto wanted = [only](IRP* irp) { return is_synchronous(irp) && (!only || irp->UserIosb == only); };
    return cancel_listed(thread.IrpList, wanted) ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

void detail::cancel_own_request(FILE_OBJECT* file) {
    cancel_listed(ke::current_thread().IrpList,
                  [file](IRP* irp) { return irp->Tail.Overlay.OriginalFileObject == file; });
}

// Ended by its thread's end, the request is cancelled and still has to end: its buffers are in use until
// then.
void detail::wait_for_own_request(FILE_OBJECT* file, KEVENT& event, KPROCESSOR_MODE mode) {
    const NTSTATUS status = ke::wait_for_single_object(&event, Executive, mode, false, nullptr);
    if (status != STATUS_ALERTED && status != STATUS_USER_APC) return;
    cancel_listed(ke::current_thread().IrpList, [&](IRP* irp) {
        return irp->Tail.Overlay.OriginalFileObject == file &&
               (irp->UserEvent == &event || &event == &file->Event);
    });
    ke::wait_for_single_object(&event, Executive, KernelMode, false, nullptr);
}

void detail::cancel_file_requests(FILE_OBJECT* file) {
    cancel_listed(file->IrpList, [](IRP*) { return true; });
}

void cancel_thread_io() {
    ke::Thread& self = ke::current_thread();
    detail::forget_calls(self);
    auto all = [](IRP*) { return true; };
    cancel_listed(self.IrpList, all);
    if (list::empty(self.IrpList)) return;
    char who[40];
    std::snprintf(who, sizeof who, "the end of thread %llx.%llx", static_cast<unsigned long long>(self.pid),
                  static_cast<unsigned long long>(self.tid));
    if (wait_for_end(self.IrpList, all, who)) return;
    while (!list::empty(self.IrpList))
        detail::orphan(irp_of(self.IrpList.Flink));
}

std::vector<const IRP*> pending_requests() {
    // One whose dispatch routine is still running is not pending yet.
    auto is_running = [](const IRP* irp) {
        for (UCHAR level = 1; level <= static_cast<UCHAR>(irp->StackCount); level++)
            for (const detail::Call* c = detail::calls_of(irp, level); c; c = c->next)
                if (c->irp == irp && !c->left) return true;
        return false;
    };
    std::vector<const IRP*> out;
    auto collect = [&](LIST_ENTRY& list) {
        for (LIST_ENTRY* e = list.Blink; e != &list; e = e->Blink)
            if (!is_running(irp_of(e)) && !is_completed(irp_of(e))) out.push_back(irp_of(e));
    };
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink)
        collect(NT_CONTAINER(e, ke::Thread, all_link)->IrpList);
    using Collect = decltype(collect);
    ob::for_each_object(
        file_type,
        [](void* context, PVOID file) {
            (*static_cast<Collect*>(context))(static_cast<FILE_OBJECT*>(file)->IrpList);
        },
        &collect);
    return out;
}

std::string describe_request(const IRP* irp) { return detail::describe_request(irp); }
ULONG_PTR holder_of(const IRP* irp) { return detail::holder_of(irp); }

} // namespace nt::io
