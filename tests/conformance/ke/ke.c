// Events, mutexes, semaphores, waits, threads and IRQL, as the pages of KeSetEvent, KeWaitForSingleObject,
// KeWaitForMultipleObjects, KeReleaseMutex, KeReleaseSemaphore and PsCreateSystemThread document them.
#define TOPIC L"Ke"
#include "../common/driver.h"

static const LARGE_INTEGER at_once = {.QuadPart = 0};

static NTSTATUS poll(PVOID object) {
    LARGE_INTEGER zero = at_once;
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &zero);
}

static void events(void) {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK(KeReadStateEvent(&event) == 0, "a new event has the state it was given");
    CHECK(poll(&event) == STATUS_TIMEOUT,
          "a wait with a zero time-out for an event that is not signaled returns STATUS_TIMEOUT");
    CHECK(KeSetEvent(&event, 0, FALSE) == 0, "KeSetEvent returns the previous state: not signaled");
    CHECK(KeSetEvent(&event, 0, FALSE) != 0, "KeSetEvent returns the previous state: signaled");
    CHECK(poll(&event) == STATUS_SUCCESS && KeReadStateEvent(&event) != 0,
          "a notification event stays signaled after a wait");
    CHECK(KeResetEvent(&event) != 0 && KeReadStateEvent(&event) == 0,
          "KeResetEvent returns the previous state and resets");
    KeSetEvent(&event, 0, FALSE);
    KeClearEvent(&event);
    CHECK(KeReadStateEvent(&event) == 0, "KeClearEvent resets");
    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    CHECK(poll(&event) == STATUS_SUCCESS, "a signaled synchronization event satisfies a wait");
    CHECK(poll(&event) == STATUS_TIMEOUT, "and is reset by it");
}

static void mutexes(void) {
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    CHECK(KeReadStateMutex(&mutex) == 1, "a new mutex is signaled: state 1");
    CHECK(poll(&mutex) == STATUS_SUCCESS && poll(&mutex) == STATUS_SUCCESS,
          "its owner may acquire a mutex again");
    CHECK(KeReadStateMutex(&mutex) == -1, "each acquisition counts its state down");
    CHECK(KeReleaseMutex(&mutex, FALSE) != 0, "an inner release returns a nonzero previous state below 1");
    KeReleaseMutex(&mutex, FALSE);
    CHECK(KeReadStateMutex(&mutex) == 1, "it is signaled again after as many releases");
}

static void semaphores(void) {
    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 1, 3);
    CHECK(poll(&semaphore) == STATUS_SUCCESS && poll(&semaphore) == STATUS_TIMEOUT,
          "a wait takes one from a semaphore's count");
    CHECK(KeReleaseSemaphore(&semaphore, 0, 2, FALSE) == 0, "KeReleaseSemaphore returns the previous count");
    CHECK(KeReadStateSemaphore(&semaphore) == 2, "and adds to it");
}

static void several(void) {
    KEVENT a, b;
    KeInitializeEvent(&a, SynchronizationEvent, FALSE);
    KeInitializeEvent(&b, SynchronizationEvent, TRUE);
    PVOID both[] = {&a, &b};
    LARGE_INTEGER zero = at_once;
    NTSTATUS status = KeWaitForMultipleObjects(2, both, WaitAny, Executive, KernelMode, FALSE, &zero, NULL);
    CHECK(status == STATUS_WAIT_0 + 1, "WaitAny returns STATUS_WAIT_0 plus the index of the object");
    CHECK(KeReadStateEvent(&b) == 0, "and takes that object");
    KeSetEvent(&b, 0, FALSE);
    status = KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &zero, NULL);
    CHECK(status == STATUS_TIMEOUT && KeReadStateEvent(&b) != 0,
          "WaitAll takes nothing while one is missing");
    KeSetEvent(&a, 0, FALSE);
    status = KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &zero, NULL);
    CHECK(status == STATUS_SUCCESS && !KeReadStateEvent(&a) && !KeReadStateEvent(&b),
          "and all together when they are there");
}

static KEVENT go, gone;
static volatile LONG steps;

static VOID NTAPI worker(PVOID context) {
    KeWaitForSingleObject(&go, Executive, KernelMode, FALSE, NULL);
    InterlockedExchangeAdd(&steps, (LONG)(LONG_PTR)context);
    KeSetEvent(&gone, 0, FALSE);
    PsTerminateSystemThread(STATUS_ALERTED);
}

static void threads(void) {
    HANDLE handle;
    PETHREAD thread;
    KeInitializeEvent(&go, NotificationEvent, FALSE);
    KeInitializeEvent(&gone, NotificationEvent, FALSE);
    steps = 0;
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, worker, (PVOID)5);
    CHECK(NT_SUCCESS(status), "PsCreateSystemThread succeeds");
    if (!NT_SUCCESS(status)) return;
    status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, TYPE_OF(PsThreadType), KernelMode,
                                       (PVOID*)&thread, NULL);
    CHECK(NT_SUCCESS(status), "its handle refers to a thread object");
    ZwClose(handle);
    if (!NT_SUCCESS(status)) return;
    CHECK(steps == 0, "it waits for its event");
    LARGE_INTEGER zero = at_once;
    CHECK(KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, &zero) == STATUS_TIMEOUT,
          "a running thread is not signaled");
    KeSetEvent(&go, 0, FALSE);
    KeWaitForSingleObject(&gone, Executive, KernelMode, FALSE, NULL);
    CHECK(steps == 5, "it got its context");
    CHECK(KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS,
          "a thread that ended is signaled");
    ObDereferenceObject(thread);
}

static void time(void) {
    LARGE_INTEGER before, after, second = {.QuadPart = -10000000};
    KeQuerySystemTime(&before);
    ULONGLONG interrupt = KeQueryInterruptTime();
    CHECK(KeDelayExecutionThread(KernelMode, FALSE, &second) == STATUS_SUCCESS,
          "KeDelayExecutionThread returns STATUS_SUCCESS");
    KeQuerySystemTime(&after);
    CHECK(after.QuadPart - before.QuadPart >= 10000000 - 160000, "system time moved on by the second");
    CHECK(KeQueryInterruptTime() - interrupt >= 10000000 - 160000, "interrupt time too");
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    LARGE_INTEGER past = before;
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &past) == STATUS_TIMEOUT,
          "an absolute time-out in the past ends a wait at once");
}

static void irql(void) {
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL,
          "a dispatch routine for a program's request runs at PASSIVE_LEVEL");
    KIRQL old, inner;
    KeRaiseIrql(APC_LEVEL, &old);
    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() == APC_LEVEL,
          "KeRaiseIrql raises and gives the old level");
    KeRaiseIrql(DISPATCH_LEVEL, &inner);
    CHECK(inner == APC_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL, "and again");
    KeLowerIrql(inner);
    KeLowerIrql(old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "KeLowerIrql goes back");
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && old == PASSIVE_LEVEL,
          "a spin lock raises to DISPATCH_LEVEL");
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    LARGE_INTEGER zero = at_once;
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS,
          "a wait with a zero time-out is allowed at DISPATCH_LEVEL");
    KeReleaseSpinLock(&lock, old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "releasing it lowers again");
    FAST_MUTEX fast;
    ExInitializeFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == APC_LEVEL, "a fast mutex raises to APC_LEVEL");
    ExReleaseFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "and releasing it lowers");
    CHECK(ExGetPreviousMode() == UserMode, "the previous mode of a program's request is UserMode");
}

static void checks(void) {
    events();
    mutexes();
    semaphores();
    several();
    threads();
    time();
    irql();
}
