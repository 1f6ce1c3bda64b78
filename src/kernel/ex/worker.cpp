// System worker threads and the manager that makes them.
#include "abi/bugcheck.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/ex/detail/work_queue.h"
#include "kernel/ex/work.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::ex {

namespace {

// assumed: nothing documents how many there may be, nor how soon a worker is added after all have blocked.
constexpr ULONG most_workers = 512;
constexpr LONGLONG look_again = -156'250; // a clock tick
constexpr KPRIORITY manager_priority = 16;
constexpr KPRIORITY first_priority = 12;

struct Worker {
    ke::Thread* thread; // set when it first runs
    KEVENT wake;
    LIST_ENTRY idle_link;
    Worker* next;          // all of them
    ULONG_PTR routine = 0; // what runs now
    bool idle = false;
};

SpawnThread spawn_thread;
Worker* workers;
ULONG worker_count, starting; // starting: made, but has not run yet
struct Shared {
    KEVENT manager_wake;
    LIST_ENTRY idle; // latest first
}* shared;

// A worker routine must leave its thread as it found it.
void check_state(const WORK_QUEUE_ITEM* item, ULONG_PTR routine, PVOID parameter) {
    const KTHREAD& tcb = ke::current_thread().Tcb;
    // assumed: at APC_LEVEL, too; the reference speaks of DISPATCH_LEVEL and above.
    if (ke::current_irql() != PASSIVE_LEVEL)
        ke::bug_check(WORKER_THREAD_RETURNED_AT_BAD_IRQL, routine, ke::current_irql(),
                      reinterpret_cast<ULONG_PTR>(parameter), reinterpret_cast<ULONG_PTR>(item));
    if (tcb.KernelApcDisable || tcb.SpecialApcDisable || tcb.ApcStateIndex)
        ke::bug_check(APC_INDEX_MISMATCH, routine, tcb.ApcStateIndex, tcb.CombinedApcDisable, 1);
}

void run_item(Worker& self) {
    KPRIORITY priority;
    WORK_QUEUE_ITEM& item = detail::take_item(priority);
    const PWORKER_THREAD_ROUTINE routine = item.WorkerRoutine; // the item may be gone when it returns
    PVOID parameter = item.Parameter;
    ke::set_base_priority(*self.thread, priority);
    self.routine = reinterpret_cast<ULONG_PTR>(routine);
    if (trace::on) [[unlikely]]
        trace::emit_work_item_started(&item, routine, reinterpret_cast<ULONG_PTR>(parameter));
    seh::call_out(routine, parameter);
    if (trace::on) [[unlikely]]
        trace::emit_work_item_finished(&item, routine);
    check_state(&item, self.routine, parameter);
    self.routine = 0;
}

void run_worker(PVOID argument) {
    Worker& self = *static_cast<Worker*>(argument);
    self.thread = &ke::current_thread();
    --starting;
    for (;;) {
        while (detail::work_queue->count)
            run_item(self);
        self.idle = true;
        list::insert_head(shared->idle, self.idle_link);
        ke::wait_for_single_object(&self.wake, WrQueue, KernelMode, false, nullptr);
    }
}

bool is_blocked(const Worker& worker) {
    return worker.thread->Tcb.State == static_cast<UCHAR>(ke::ThreadState::waiting);
}

// Items wait, and nobody who runs will take them in time.
bool worker_needed() {
    const int waiting = detail::highest_priority();
    if (waiting < 0 || starting || !list::empty(shared->idle) || worker_count == most_workers) return false;
    for (const Worker* w = workers; w; w = w->next)
        if (!is_blocked(*w) && w->thread->Tcb.Priority >= waiting) return false;
    return true;
}

bool add_worker() {
    auto* worker = host::make<Worker>();
    ke::initialize_event(worker->wake, SynchronizationEvent, false);
    worker->next = workers;
    workers = worker;
    ++starting;
    if (!NT_SUCCESS(spawn_thread(run_worker, worker, first_priority))) {
        --starting;
        workers = worker->next;
        host::destroy(worker);
        return false;
    }
    ++worker_count;
    return true;
}

void run_manager(PVOID) {
    for (;;) {
        while (worker_needed() && add_worker()) {
        }
        LARGE_INTEGER soon;
        soon.QuadPart = look_again;
        // While items wait for busy workers, those may block; when no more can be made, only they can help.
        const bool look = detail::work_queue->count && worker_count < most_workers;
        ke::wait_for_single_object(&shared->manager_wake, WrQueue, KernelMode, false, look ? &soon : nullptr);
    }
}

} // namespace

NTSTATUS detail::start_workers(SpawnThread spawn) {
    spawn_thread = spawn;
    shared = host::make<Shared>();
    ke::initialize_event(shared->manager_wake, SynchronizationEvent, false);
    list::initialize(shared->idle);
    return spawn(run_manager, nullptr, manager_priority);
}

void detail::wake_worker(KPRIORITY priority) {
    if (list::empty(shared->idle)) {
        ke::set_event(shared->manager_wake);
        return;
    }
    Worker& worker = *NT_CONTAINER(shared->idle.Flink, Worker, idle_link);
    list::remove(worker.idle_link);
    worker.idle = false;
    ke::set_base_priority(*worker.thread, priority); // it is ready as soon as its item is
    ke::set_event(worker.wake);
}

void detail::for_each_running(void (*visit)(void*, ULONG_PTR), void* context) {
    for (const Worker* w = workers; w; w = w->next)
        if (w->routine) visit(context, w->routine);
}

bool is_worker(const ke::Thread& thread) {
    for (const Worker* w = workers; w; w = w->next)
        if (w->thread == &thread) return true;
    return false;
}

} // namespace nt::ex
