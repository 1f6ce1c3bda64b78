// Work objects, I/O completion objects and callbacks of the thread pool.
#include "watch.h"

namespace nt {
namespace k32 {

namespace {

void deliver(PVOID key, PVOID overlapped, const IO_STATUS_BLOCK& result) {
    static_cast<Task*>(key)->deliver(overlapped, result);
}

} // namespace

WorkerPool thread_pool(deliver);

// Pools and cleanup groups of a program's own cannot be made.
Task* Task::create(TaskKind kind, PVOID routine, PVOID context, const CallbackEnvironment* environment,
                   PVOID object) {
    if (!routine || (environment && (environment->Pool || environment->CleanupGroup)))
        return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    if (const NTSTATUS status = thread_pool.begin(); !NT_SUCCESS(status)) return fail(status), nullptr;
    auto* task = static_cast<Task*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(Task)));
    if (!task) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
    task->kind_ = kind;
    task->routine_ = routine;
    task->context_ = context;
    task->object_ = object;
    task->references_ = 1;
    if (environment) {
        task->library_ = environment->RaceDll;
        task->finalization_ = environment->FinalizationCallback;
    }
    RtlInitializeSRWLock(&task->lock_);
    RtlInitializeConditionVariable(&task->changed_);
    return task;
}

void Task::release() {
    RtlAcquireSRWLockExclusive(&lock_);
    const bool last = --references_ == 0;
    RtlReleaseSRWLockExclusive(&lock_);
    if (!last) return;
    heap_free(object_);
    heap_free(this);
}

// SetThreadpoolCallbackLibrary: "the specified DLL remains loaded as long as there are outstanding
// callbacks".
void Task::expect() {
    if (library_) LdrAddRefDll(0, library_);
    RtlAcquireSRWLockExclusive(&lock_);
    references_++;
    outstanding_++;
    RtlReleaseSRWLockExclusive(&lock_);
}
void Task::unexpect() {
    RtlAcquireSRWLockExclusive(&lock_);
    if (outstanding_)
        outstanding_--;
    else
        cancelled_--; // a wait has cancelled it meanwhile
    tell_if_quiet();
    RtlReleaseSRWLockExclusive(&lock_);
    if (library_) LdrUnloadDll(library_);
    release();
}
bool Task::submit(ULONG_PTR result) {
    expect();
    const NTSTATUS status = NtSetIoCompletion(thread_pool.port(), this, nullptr, STATUS_SUCCESS, result);
    if (NT_SUCCESS(status)) return true;
    unexpect();
    return fail(status);
}

bool Task::is_busy() {
    RtlAcquireSRWLockExclusive(&lock_);
    const bool busy = !is_quiet();
    RtlReleaseSRWLockExclusive(&lock_);
    return busy;
}
void Task::set_when_quiet(HANDLE event) {
    RtlAcquireSRWLockExclusive(&lock_);
    when_quiet_ = event;
    tell_if_quiet();
    RtlReleaseSRWLockExclusive(&lock_);
}
void Task::tell_if_quiet() {
    if (!is_quiet()) return;
    RtlWakeAllConditionVariable(&changed_);
    if (when_quiet_) NtSetEvent(when_quiet_, nullptr);
    when_quiet_ = nullptr;
}

void Task::end_running() {
    RtlAcquireSRWLockExclusive(&lock_);
    running_--;
    tell_if_quiet();
    RtlReleaseSRWLockExclusive(&lock_);
}

void Task::call(CallbackInstance& instance, PVOID overlapped, const IO_STATUS_BLOCK& result) {
    const PVOID object = object_ ? object_ : this;
    switch (kind_) {
    case TaskKind::work:
        reinterpret_cast<void (*)(CallbackInstance*, PVOID, PVOID)>(routine_)(&instance, context_, object);
        break;
    case TaskKind::io:
        reinterpret_cast<void (*)(CallbackInstance*, PVOID, PVOID, ULONG, ULONG_PTR, PVOID)>(routine_)(
            &instance, context_, overlapped,
            NT_SUCCESS(result.Status) ? ULONG(ERROR_SUCCESS) : RtlNtStatusToDosError(result.Status),
            result.Information, object);
        break;
    case TaskKind::simple:
        reinterpret_cast<void (*)(CallbackInstance*, PVOID)>(routine_)(&instance, context_);
        break;
    case TaskKind::item:
        reinterpret_cast<DWORD (*)(PVOID)>(routine_)(context_);
        break;
    case TaskKind::wait:
        reinterpret_cast<void (*)(CallbackInstance*, PVOID, PVOID, ULONG)>(routine_)(
            &instance, context_, object, ULONG(result.Information));
        break;
    case TaskKind::legacy:
        reinterpret_cast<void (*)(PVOID, BOOLEAN)>(routine_)(context_, result.Information == WAIT_TIMEOUT);
        static_cast<Watch*>(object)->again();
        break;
    }
    if (finalization_) finalization_(&instance, context_);
}

void Task::deliver(PVOID overlapped, const IO_STATUS_BLOCK& result) {
    RtlAcquireSRWLockExclusive(&lock_);
    const bool cancelled = cancelled_ > 0;
    if (cancelled)
        cancelled_--;
    else
        outstanding_--, running_++;
    RtlReleaseSRWLockExclusive(&lock_);
    if (!cancelled) {
        CallbackInstance instance{};
        instance.task = this;
        call(instance, overlapped, result);
        instance.finish();
    }
    if (library_) LdrUnloadDll(library_);
    release();
}

void Task::wait(bool cancel) {
    RtlAcquireSRWLockExclusive(&lock_);
    if (cancel) {
        cancelled_ += outstanding_;
        outstanding_ = 0;
    }
    while (!is_quiet())
        RtlSleepConditionVariableSRW(&changed_, &lock_, nullptr, 0);
    RtlReleaseSRWLockExclusive(&lock_);
}

} // namespace k32

using namespace k32;

extern "C" {

Task* CreateThreadpoolWork(PVOID routine, PVOID context, CallbackEnvironment* environment) {
    return Task::create(TaskKind::work, routine, context, environment);
}
void SubmitThreadpoolWork(Task* work) { work->submit(); }
void WaitForThreadpoolWorkCallbacks(Task* work, BOOL cancel) { work->wait(cancel); }
void CloseThreadpoolWork(Task* work) { work->release(); }

BOOL TrySubmitThreadpoolCallback(PVOID routine, PVOID context, CallbackEnvironment* environment) {
    Task* task = Task::create(TaskKind::simple, routine, context, environment);
    if (!task) return FALSE;
    const bool submitted = task->submit();
    task->release();
    return submitted;
}
// The flags say how long an item runs and in what kind of thread; all threads here serve.
BOOL QueueUserWorkItem(PVOID routine, PVOID context, ULONG flags) {
    constexpr ULONG WT_TRANSFER_IMPERSONATION = 0x100;
    if (flags & WT_TRANSFER_IMPERSONATION) stop("QueueUserWorkItem (WT_TRANSFER_IMPERSONATION)");
    Task* task = Task::create(TaskKind::item, routine, context, nullptr);
    if (!task) return FALSE;
    const bool submitted = task->submit();
    task->release();
    return submitted;
}

// The file is bound to the pool's port; its key is the object.
Task* CreateThreadpoolIo(HANDLE file, PVOID routine, PVOID context, CallbackEnvironment* environment) {
    Task* io = Task::create(TaskKind::io, routine, context, environment);
    if (!io) return nullptr;
    FILE_COMPLETION_INFORMATION information{thread_pool.port(), io};
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtSetInformationFile(file, &iosb, &information, sizeof information, FileCompletionInformation);
    if (NT_SUCCESS(status)) return io;
    io->release();
    return fail(status), nullptr;
}
void StartThreadpoolIo(Task* io) { io->expect(); }
void CancelThreadpoolIo(Task* io) { io->unexpect(); }
void WaitForThreadpoolIoCallbacks(Task* io, BOOL cancel) { io->wait(cancel); }
void CloseThreadpoolIo(Task* io) { io->release(); }

} // extern "C"
} // namespace nt
