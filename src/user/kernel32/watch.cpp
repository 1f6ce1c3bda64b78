#include "watch.h"

namespace nt {

extern "C" HANDLE CreateThread(SECURITY_ATTRIBUTES* security, SIZE_T stack, DWORD (*start)(PVOID),
                               PVOID argument, DWORD flags, DWORD* id);
extern "C" BOOL QueryUnbiasedInterruptTime(ULONGLONG* to);

namespace k32 {

namespace {

constexpr ULONG most_watches = 63; // MAXIMUM_WAIT_OBJECTS, less the control event
RTL_SRWLOCK lock;
RTL_CONDITION_VARIABLE acknowledged;
Waiter* waiters;

class Locked {
  public:
    Locked() { RtlAcquireSRWLockExclusive(&lock); }
    ~Locked() { RtlReleaseSRWLockExclusive(&lock); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
};

// Whether an object can be waited for, and by this handle: a wait for it and for what is never signalled
// would come to an end at once, and takes nothing.
NTSTATUS try_wait(HANDLE object) {
    HANDLE handles[2] = {object};
    NTSTATUS status = NtCreateEvent(&handles[1], 0x1f0003, nullptr, 1 /* SynchronizationEvent */, FALSE);
    if (!NT_SUCCESS(status)) return status;
    LARGE_INTEGER at_once{};
    status = NtWaitForMultipleObjects(2, handles, 0 /* WaitAll */, FALSE, &at_once);
    NtClose(handles[1]);
    return status;
}

} // namespace

// One waiting thread. All of it belongs to the lock.
struct Waiter {
    Waiter* next;
    HANDLE control; // set when its watches have changed
    Watch* watches[most_watches];
    ULONG count;
    ULONG changes, seen; // the thread has seen the changes up to there

    static Waiter* with_room();
    static DWORD run(PVOID waiter);
    void remove(Watch& watch);
    void wait_until_seen();
    ULONG snapshot(HANDLE* handles, Watch** objects, LONGLONG& due);
    ULONG take_due(Watch** fired, ULONG n);
};

Waiter* Waiter::with_room() {
    for (Waiter* w = waiters; w; w = w->next)
        if (w->count < most_watches) return w;
    auto* made = static_cast<Waiter*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(Waiter)));
    if (!made) return nullptr;
    if (NT_SUCCESS(NtCreateEvent(&made->control, 0x1f0003, nullptr, 1 /* SynchronizationEvent */, FALSE))) {
        if (HANDLE thread = CreateThread(nullptr, 0, run, made, 0, nullptr)) {
            NtClose(thread);
            made->next = waiters;
            return waiters = made;
        }
        NtClose(made->control);
    }
    heap_free(made);
    return nullptr;
}

void Waiter::remove(Watch& watch) {
    for (ULONG i = 0; i < count; i++)
        if (watches[i] == &watch) {
            watches[i] = watches[--count];
            break;
        }
    if (watch.object_) NtClose(watch.object_);
    watch.object_ = nullptr;
    watch.waiter_ = nullptr;
}

void Waiter::wait_until_seen() {
    const ULONG change = ++changes;
    NtSetEvent(control, nullptr);
    while (LONG(seen - change) < 0)
        RtlSleepConditionVariableSRW(&acknowledged, &lock, nullptr, 0);
}

ULONG Waiter::snapshot(HANDLE* handles, Watch** objects, LONGLONG& due) {
    ULONG n = 1;
    handles[0] = control;
    due = 0;
    for (ULONG i = 0; i < count; i++) {
        if (watches[i]->object_) {
            objects[n] = watches[i];
            handles[n++] = watches[i]->object_;
        }
        if (watches[i]->due_ && (!due || watches[i]->due_ < due)) due = watches[i]->due_;
    }
    seen = changes;
    RtlWakeAllConditionVariable(&acknowledged);
    return n;
}

// Those whose time has come: a timer with a period stays.
ULONG Waiter::take_due(Watch** fired, ULONG n) {
    const LONGLONG now = interrupt_time();
    for (ULONG i = count; i-- > 0;) {
        Watch& watch = *watches[i];
        if (!watch.due_ || watch.due_ > now) continue;
        fired[n++] = &watch;
        if (watch.period_)
            watch.due_ += LONGLONG((ULONGLONG(now - watch.due_) / watch.period_ + 1) * watch.period_);
        else
            remove(watch);
    }
    return n;
}

// What has fired is queued outside of the lock; whoever disarms a watch waits until that has been done.
DWORD Waiter::run(PVOID argument) {
    auto& self = *static_cast<Waiter*>(argument);
    Watch* fired[1 + most_watches];
    for (ULONG count = 0, signaled;;) {
        HANDLE handles[1 + most_watches];
        Watch* objects[1 + most_watches];
        LONGLONG due;
        ULONG n;
        {
            const Locked locked;
            for (ULONG i = 0; i < count; i++)
                fired[i]->firing_ = false;
            n = self.snapshot(handles, objects, due);
        }
        LARGE_INTEGER timeout;
        timeout.QuadPart = due ? interrupt_time() - due : 0;
        if (due && timeout.QuadPart > 0) timeout.QuadPart = 0;
        const NTSTATUS status =
            NtWaitForMultipleObjects(n, handles, 1 /* WaitAny */, FALSE, due ? &timeout : nullptr);
        // Mutexes of threads that have ended: STATUS_ABANDONED_WAIT_0 and up.
        const ULONG index = ULONG(status) & ~0x80u;
        count = signaled = 0;
        {
            const Locked locked;
            if (index >= 1 && index < n && objects[index]->waiter_ == &self) {
                fired[count++] = objects[index];
                signaled = 1;
                self.remove(*objects[index]);
            }
            count = self.take_due(fired, count);
            for (ULONG i = 0; i < count; i++)
                fired[i]->firing_ = true;
        }
        for (ULONG i = 0; i < count; i++)
            fired[i]->task().submit(i < signaled ? 0 : WAIT_TIMEOUT);
    }
}

LONGLONG interrupt_time() {
    ULONGLONG now;
    QueryUnbiasedInterruptTime(&now);
    return LONGLONG(now);
}

Watch* Watch::create(TaskKind kind, PVOID routine, PVOID context, const CallbackEnvironment* environment) {
    auto* watch = static_cast<Watch*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(Watch)));
    if (!watch) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
    watch->task_ = Task::create(kind, routine, context, environment, watch);
    if (watch->task_) return watch;
    heap_free(watch);
    return nullptr;
}

bool Watch::arm(HANDLE object, LONGLONG due, ULONGLONG period) {
    HANDLE duplicate = nullptr;
    if (object) {
        NTSTATUS status = NtDuplicateObject(NtCurrentProcess(), object, NtCurrentProcess(), &duplicate, 0, 0,
                                            2 /* DUPLICATE_SAME_ACCESS */);
        if (!NT_SUCCESS(status)) return fail(status);
        status = try_wait(duplicate);
        if (!NT_SUCCESS(status)) {
            NtClose(duplicate);
            return fail(status);
        }
    }
    const Locked locked;
    end();
    Waiter* waiter = closed_ ? nullptr : Waiter::with_room();
    if (!waiter) {
        if (duplicate) NtClose(duplicate);
        return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    }
    object_ = duplicate;
    due_ = due;
    period_ = period;
    waiter_ = waiter;
    waiter->watches[waiter->count++] = this;
    waiter->changes++;
    NtSetEvent(waiter->control, nullptr);
    return true;
}

// Under the lock, which others may have while this waits: when it returns nobody has armed it again.
void Watch::end() {
    while (waiter_ || firing_ || leaving_) {
        if (Waiter* waiter = waiter_) {
            leaving_ = object_;
            waiter->remove(*this);
            if (!leaving_) continue;
            waiter->wait_until_seen();
            leaving_ = false;
            RtlWakeAllConditionVariable(&acknowledged);
        } else {
            RtlSleepConditionVariableSRW(&acknowledged, &lock, nullptr, 0);
        }
    }
}

void Watch::disarm() {
    const Locked locked;
    end();
}

void Watch::again() {
    if (registered && !once) arm(registered, milliseconds == INFINITE ? 0 : after(milliseconds));
}

void Watch::close() {
    const Locked locked;
    closed_ = true;
    end();
}

} // namespace k32
} // namespace nt
