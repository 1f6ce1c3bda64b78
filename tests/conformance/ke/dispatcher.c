// Dispatcher objects between threads: who is woken, in which order, and how waits end, as the pages of
// KeSetEvent, KePulseEvent, KeReleaseSemaphore, KeReleaseMutex, KeWaitForSingleObject,
// KeWaitForMultipleObjects and the kernel guide's pages on these objects document them.
#define TOPIC L"KeDispatcher"
#include "../common/driver.h"
#include "../common/import.h"
#include "../locks/threads.h"

IMPORT(VOID, KeInitializeMutant, PKMUTEX, BOOLEAN);
IMPORT(LONG, KeReleaseMutant, PKMUTEX, KPRIORITY, BOOLEAN, BOOLEAN);
IMPORT(LONG, KeReadStateMutant, PKMUTEX);
IMPORT(NTSTATUS, KeWaitForMutexObject, PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);

#define MANY 8

typedef struct {
    PVOID objects[MAXIMUM_WAIT_OBJECTS];
    ULONG count;
    WAIT_TYPE type;
    LONGLONG timeout; // 0: none
    PKWAIT_BLOCK blocks;
    NTSTATUS status;
    LONG place;
    KEVENT ready;
    helper_t helper;
    PKMUTEX release;
} waiter_t;

static waiter_t waiters[MANY];
static volatile LONG places;

static void wait_body(PVOID context) {
    waiter_t* w = context;
    LARGE_INTEGER timeout = {.QuadPart = -w->timeout};
    KeSetEvent(&w->ready, 0, FALSE);
    if (w->count == 1)
        w->status =
            KeWaitForSingleObject(w->objects[0], Executive, KernelMode, FALSE, w->timeout ? &timeout : NULL);
    else
        w->status = KeWaitForMultipleObjects(w->count, w->objects, w->type, Executive, KernelMode, FALSE,
                                             w->timeout ? &timeout : NULL, w->blocks);
    w->place = InterlockedIncrement(&places);
    if (w->release) KeReleaseMutex(w->release, FALSE);
}

static waiter_t* begin_several(ULONG index, PVOID* objects, ULONG count, WAIT_TYPE type) {
    waiter_t* w = &waiters[index];
    RtlZeroMemory(w, sizeof *w);
    RtlCopyMemory(w->objects, objects, count * sizeof *objects);
    w->count = count;
    w->type = type;
    KeInitializeEvent(&w->ready, NotificationEvent, FALSE);
    start(&w->helper, wait_body, w);
    KeWaitForSingleObject(&w->ready, Executive, KernelMode, FALSE, NULL);
    let_others_run();
    return w;
}
static waiter_t* begin(ULONG index, PVOID object) { return begin_several(index, &object, 1, WaitAny); }

static LONG ended(ULONG count) {
    LONG n = 0;
    let_others_run();
    for (ULONG i = 0; i < count; ++i)
        n += has_ended(&waiters[i].helper);
    return n;
}
static void join_all(ULONG count) {
    for (ULONG i = 0; i < count; ++i)
        join(&waiters[i].helper);
}

static void wake_order(void) {
    KEVENT event;
    KSEMAPHORE semaphore;
    places = 0;
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    for (ULONG i = 0; i < 4; ++i)
        begin(i, &event);
    for (LONG i = 0; i < 4; ++i) {
        KeSetEvent(&event, 0, FALSE);
        if (ended(4) != i + 1) break;
    }
    CHECK(places == 4, "a synchronization event releases one waiting thread each time it is set");
    CHECK(waiters[0].place == 1 && waiters[1].place == 2 && waiters[2].place == 3 && waiters[3].place == 4,
          "waits are satisfied in the order of their queueing");
    CHECK(KeReadStateEvent(&event) == 0, "and the event is not signaled afterwards");
    join_all(4);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    for (ULONG i = 0; i < 4; ++i)
        begin(i, &event);
    KeSetEvent(&event, 0, FALSE);
    CHECK(ended(4) == 4, "a notification event releases every waiting thread");
    join_all(4);
    KeClearEvent(&event);
    for (ULONG i = 0; i < 3; ++i)
        begin(i, &event);
    CHECK(KePulseEvent(&event, 0, FALSE) == 0 && ended(3) == 3 && KeReadStateEvent(&event) == 0,
          "KePulseEvent releases those who wait and leaves the event not signaled");
    join_all(3);
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    for (ULONG i = 0; i < 3; ++i)
        begin(i, &event);
    KePulseEvent(&event, 0, FALSE);
    CHECK(ended(3) == 1, "one of them for a synchronization event");
    KeSetEvent(&event, 0, FALSE);
    let_others_run();
    KeSetEvent(&event, 0, FALSE);
    join_all(3);
    KeInitializeSemaphore(&semaphore, 0, 10);
    for (ULONG i = 0; i < 4; ++i)
        begin(i, &semaphore);
    KeReleaseSemaphore(&semaphore, 0, 3, FALSE);
    CHECK(ended(4) == 3 && KeReadStateSemaphore(&semaphore) == 0,
          "releasing a semaphore by three satisfies three waits");
    KeReleaseSemaphore(&semaphore, 0, 2, FALSE);
    CHECK(ended(4) == 4 && KeReadStateSemaphore(&semaphore) == 1, "what nobody waits for stays in its count");
    join_all(4);
}

static void limits(void) {
    KSEMAPHORE semaphore;
    NTSTATUS raised = STATUS_SUCCESS;
    KeInitializeSemaphore(&semaphore, 1, 2);
    __try {
        KeReleaseSemaphore(&semaphore, 0, 2, FALSE);
    } __except (raised = GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(raised == STATUS_SEMAPHORE_LIMIT_EXCEEDED && KeReadStateSemaphore(&semaphore) == 1,
          "a release over the limit raises STATUS_SEMAPHORE_LIMIT_EXCEEDED and leaves the count alone");
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    raised = STATUS_SUCCESS;
    __try {
        KeReleaseMutex(&mutex, FALSE);
    } __except (raised = GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(
        raised == STATUS_MUTANT_NOT_OWNED || raised == STATUS_ABANDONED,
        "releasing a mutex that the thread does not hold raises STATUS_MUTANT_NOT_OWNED or STATUS_ABANDONED");
}

static void mutexes(void) {
    static KMUTEX mutex;
    places = 0;
    KeInitializeMutex(&mutex, 0);
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    for (ULONG i = 0; i < 3; ++i) {
        waiter_t* w = begin(i, &mutex);
        w->release = &mutex;
    }
    CHECK(ended(3) == 0, "nobody else acquires a mutex that is held");
    KeReleaseMutex(&mutex, FALSE);
    CHECK(ended(3) == 3 && waiters[0].place == 1 && waiters[1].place == 2 && waiters[2].place == 3,
          "released, it goes from one waiting thread to the next");
    CHECK(KeReadStateMutex(&mutex) == 1, "and is signaled in the end");
    join_all(3);
    CHECK(import_KeWaitForMutexObject(&mutex, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS &&
              KeReadStateMutex(&mutex) == 0,
          "KeWaitForMutexObject is KeWaitForSingleObject");
    KeReleaseMutex(&mutex, FALSE);

    // Mutants have no APC rule, so a thread may leave one behind.
    static KMUTEX mutant;
    import_KeInitializeMutant(&mutant, FALSE);
    begin(0, &mutant);
    CHECK(ended(1) == 1 && waiters[0].status == STATUS_SUCCESS, "a mutant is acquired like a mutex");
    join_all(1);
    CHECK(KeWaitForSingleObject(&mutant, Executive, KernelMode, FALSE, NULL) == STATUS_ABANDONED,
          "a mutant whose owner has ended is acquired with STATUS_ABANDONED");
    CHECK(KeWaitForSingleObject(&mutant, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS, "once");
    import_KeReleaseMutant(&mutant, 0, FALSE, FALSE);
    CHECK(import_KeReleaseMutant(&mutant, 0, FALSE, FALSE) == 0 && import_KeReadStateMutant(&mutant) == 1,
          "it is free after as many releases as acquisitions");
    begin(0, &mutant);
    join_all(1);
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    PVOID both[] = {&event, &mutant};
    LARGE_INTEGER zero = {.QuadPart = 0};
    NTSTATUS status = KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &zero, NULL);
    CHECK(status == STATUS_ABANDONED_WAIT_0,
          "a wait for all with an abandoned mutant returns STATUS_ABANDONED_WAIT_0");
    import_KeReleaseMutant(&mutant, 0, FALSE, FALSE);
}

static void several(void) {
    static KEVENT a, b;
    static KMUTEX mutex;
    PVOID both[] = {&a, &b};
    KeInitializeEvent(&a, SynchronizationEvent, FALSE);
    KeInitializeEvent(&b, SynchronizationEvent, FALSE);
    begin_several(0, both, 2, WaitAll);
    KeSetEvent(&a, 0, FALSE);
    CHECK(ended(1) == 0 && KeReadStateEvent(&a) != 0, "a wait for all takes nothing while one is missing");
    KeClearEvent(&a);
    KeSetEvent(&b, 0, FALSE);
    CHECK(ended(1) == 0, "objects that were signaled before do not count");
    KeSetEvent(&a, 0, FALSE);
    CHECK(ended(1) == 1 && !KeReadStateEvent(&a) && !KeReadStateEvent(&b), "it takes all at the same time");
    join_all(1);
    begin_several(0, both, 2, WaitAny);
    begin_several(1, both, 2, WaitAll);
    KeSetEvent(&b, 0, FALSE);
    CHECK(ended(2) == 1 && waiters[0].status == STATUS_WAIT_0 + 1,
          "a wait for any ends with the index of its object");
    KeSetEvent(&a, 0, FALSE);
    KeSetEvent(&b, 0, FALSE);
    CHECK(ended(2) == 2 && waiters[1].status == STATUS_SUCCESS, "a wait for all with STATUS_SUCCESS");
    join_all(2);
    KeInitializeMutex(&mutex, 0);
    PVOID mixed[] = {&mutex, &a};
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    waiter_t* w = begin_several(0, mixed, 2, WaitAll);
    w->release = &mutex;
    KeSetEvent(&a, 0, FALSE);
    CHECK(ended(1) == 0, "mutexes take part in waits for all");
    KeReleaseMutex(&mutex, FALSE);
    CHECK(ended(1) == 1, "and are acquired with the rest");
    join_all(1);
}

static void sixty_four(void) {
    static KEVENT events[MAXIMUM_WAIT_OBJECTS];
    static KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];
    static PVOID objects[MAXIMUM_WAIT_OBJECTS];
    LARGE_INTEGER zero = {.QuadPart = 0}, a_while = {.QuadPart = -1000000};
    for (ULONG i = 0; i < MAXIMUM_WAIT_OBJECTS; ++i) {
        KeInitializeEvent(&events[i], SynchronizationEvent, FALSE);
        objects[i] = &events[i];
    }
    CHECK(KeWaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, objects, WaitAny, Executive, KernelMode, FALSE,
                                   &a_while, blocks) == STATUS_TIMEOUT,
          "MAXIMUM_WAIT_OBJECTS objects can be waited for with wait blocks of the caller");
    waiter_t* w = begin_several(0, objects, 1, WaitAny);
    KeSetEvent(&events[0], 0, FALSE);
    join(&w->helper);
    RtlZeroMemory(w, sizeof *w);
    RtlCopyMemory(w->objects, objects, sizeof objects);
    w->count = MAXIMUM_WAIT_OBJECTS;
    w->type = WaitAll;
    w->blocks = blocks;
    KeInitializeEvent(&w->ready, NotificationEvent, FALSE);
    start(&w->helper, wait_body, w);
    for (ULONG i = 0; i < MAXIMUM_WAIT_OBJECTS; ++i) {
        if (i == MAXIMUM_WAIT_OBJECTS - 1) CHECK(ended(1) == 0, "a wait for all 64 lasts until the last");
        KeSetEvent(&events[i], 0, FALSE);
    }
    join(&w->helper);
    CHECK(w->status == STATUS_SUCCESS, "is signaled");
    KeSetEvent(&events[63], 0, FALSE);
    KeSetEvent(&events[17], 0, FALSE);
    CHECK(KeWaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, objects, WaitAny, Executive, KernelMode, FALSE,
                                   &zero, blocks) == STATUS_WAIT_0 + 17,
          "the lowest index of several signaled objects is returned");
    CHECK(KeWaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, objects, WaitAny, Executive, KernelMode, FALSE,
                                   &zero, blocks) == STATUS_WAIT_0 + 63,
          "the others stay signaled");
}

static void timeouts(void) {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    for (LONGLONG ms = 10; ms <= 1000; ms *= 10) {
        LARGE_INTEGER timeout = {.QuadPart = -ms * 10000}, before, after;
        KeQuerySystemTime(&before);
        NTSTATUS status = KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &timeout);
        KeQuerySystemTime(&after);
        LONGLONG passed = after.QuadPart - before.QuadPart;
        CHECK(status == STATUS_TIMEOUT && passed >= ms * 10000 - 156250 && passed <= ms * 10000 + 3 * 156250,
              "a wait ends after its relative time-out, to the granularity of the clock");
    }
    LARGE_INTEGER until, after;
    KeQuerySystemTime(&until);
    until.QuadPart += 500000;
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &until) == STATUS_TIMEOUT,
          "an absolute time-out");
    KeQuerySystemTime(&after);
    CHECK(after.QuadPart >= until.QuadPart - 156250, "is a system time");
}

static void signal_and_wait(void) {
    static KEVENT a, b;
    KeInitializeEvent(&a, SynchronizationEvent, FALSE);
    KeInitializeEvent(&b, SynchronizationEvent, FALSE);
    begin(0, &a);
    LARGE_INTEGER timeout = {.QuadPart = -500000};
    KeSetEvent(&a, 0, TRUE);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL,
          "with Wait TRUE KeSetEvent returns without lowering the IRQL");
    CHECK(KeWaitForSingleObject(&b, Executive, KernelMode, FALSE, &timeout) == STATUS_TIMEOUT,
          "the wait that follows");
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "restores it");
    CHECK(ended(1) == 1, "and the signal has its effect");
    join_all(1);
}

static void checks(void) {
    wake_order();
    limits();
    mutexes();
    several();
    sixty_four();
    timeouts();
    signal_and_wait();
}
