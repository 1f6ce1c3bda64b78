// The thread pool of the process: what its files share. Pages "Thread Pools", nf-threadpoolapiset-….
//
// A task is what the documentation calls a work or an I/O completion object; a callback submitted without an
// object is a task that nobody holds. Timers, waits and what is registered have a Watch (watch.h) as well.
// Each callback that is to come holds its task, so that it can be closed before.
#pragma once
#include "worker_pool.h"

namespace nt::k32 {

struct CallbackEnvironment { // TP_CALLBACK_ENVIRON
    ULONG Version;
    PVOID Pool, CleanupGroup, CleanupGroupCancelCallback, RaceDll, ActivationContext;
    void (*FinalizationCallback)(PVOID instance, PVOID context);
    ULONG Flags;
};

enum class TaskKind { work, io, simple, item, wait, legacy };

class Task {
  public:
    // Null: the last error says why.
    // `object` is what the program knows it by, the task itself if null; it is freed with the task.
    static Task* create(TaskKind kind, PVOID routine, PVOID context, const CallbackEnvironment* environment,
                        PVOID object = nullptr);
    TaskKind kind() const { return kind_; }

    void expect(); // a callback will come
    void unexpect();
    bool submit(ULONG_PTR result = 0); // expect(), and queue it
    void deliver(PVOID overlapped, const IO_STATUS_BLOCK& result);
    // Until all callbacks have returned. `cancel`: those that have not begun do not come any more.
    void wait(bool cancel);
    bool is_busy();                    // callbacks run or are to come
    void set_when_quiet(HANDLE event); // when none is left
    void end_running();
    void release();

  private:
    void call(struct CallbackInstance& instance, PVOID overlapped, const IO_STATUS_BLOCK& result);
    bool is_quiet() const { return !outstanding_ && !running_; }
    void tell_if_quiet();

    TaskKind kind_;
    PVOID routine_, context_, library_, object_;
    HANDLE when_quiet_;
    void (*finalization_)(PVOID instance, PVOID context);
    RTL_SRWLOCK lock_;
    RTL_CONDITION_VARIABLE changed_;
    LONG references_, outstanding_, running_, cancelled_;
};

// TP_CALLBACK_INSTANCE: what a running callback wants done when it returns.
struct CallbackInstance {
    Task* task;
    HANDLE event, semaphore, mutex;
    LONG semaphore_count;
    RTL_CRITICAL_SECTION* section;
    PVOID library;
    bool disassociated;
    void finish();
};

extern WorkerPool thread_pool;

} // namespace nt::k32
