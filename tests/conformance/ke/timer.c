// Timers and the clock, as the pages of KeInitializeTimerEx, KeSetTimerEx, KeSetCoalescableTimer,
// KeCancelTimer, KeReadStateTimer, ExSetTimerResolution and "Timer Accuracy" document them.
#define TOPIC L"KeTimer"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(VOID, ExQueryTimerResolution, PULONG, PULONG, PULONG);
IMPORT(ULONG64, KeQueryInterruptTimePrecise, PULONG64);
IMPORT(VOID, KeQuerySystemTimePrecise, PLARGE_INTEGER);

#define MS 10000LL
#define TICK 156250LL

static LARGE_INTEGER in(LONGLONG units) {
    LARGE_INTEGER due = {.QuadPart = -units};
    return due;
}
static NTSTATUS wait_for(PVOID object, LONGLONG at_most) {
    LARGE_INTEGER timeout = in(at_most);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}
static LONGLONG now(void) { return (LONGLONG)import_KeQueryInterruptTimePrecise(&(ULONG64){0}); }

static void one_shot(void) {
    KTIMER timer;
    KeInitializeTimer(&timer);
    CHECK(!KeReadStateTimer(&timer), "a new timer is not signaled");
    LONGLONG start = now();
    CHECK(!KeSetTimer(&timer, in(100 * MS), NULL),
          "KeSetTimer returns FALSE for a timer that is not in the queue");
    CHECK(!KeReadStateTimer(&timer), "a set timer is not signaled");
    CHECK(wait_for(&timer, 0) == STATUS_TIMEOUT, "before its time");
    CHECK(wait_for(&timer, 1000 * MS) == STATUS_SUCCESS, "a timer that expires satisfies a wait");
    LONGLONG passed = now() - start;
    CHECK(passed >= 100 * MS - TICK && passed <= 100 * MS + 3 * TICK,
          "relative expiration times are accurate to the granularity of the clock");
    CHECK(KeReadStateTimer(&timer) && wait_for(&timer, 0) == STATUS_SUCCESS,
          "a notification timer stays signaled");
    CHECK(!KeCancelTimer(&timer), "KeCancelTimer returns FALSE for a nonperiodic timer that has expired");
    KeSetTimer(&timer, in(10000 * MS), NULL);
    CHECK(!KeReadStateTimer(&timer), "setting a timer sets it to a not-signaled state");
    CHECK(KeSetTimer(&timer, in(50 * MS), NULL), "KeSetTimer returns TRUE for a timer that is in the queue");
    CHECK(wait_for(&timer, 1000 * MS) == STATUS_SUCCESS, "which then expires at its new time");
    KeSetTimer(&timer, in(50 * MS), NULL);
    CHECK(KeCancelTimer(&timer), "KeCancelTimer returns TRUE for a timer in the queue");
    CHECK(!KeCancelTimer(&timer), "and FALSE the second time");
    CHECK(wait_for(&timer, 200 * MS) == STATUS_TIMEOUT, "a cancelled timer is not signaled");

    KTIMER synchronization;
    KeInitializeTimerEx(&synchronization, SynchronizationTimer);
    KeSetTimer(&synchronization, in(20 * MS), NULL);
    CHECK(wait_for(&synchronization, 1000 * MS) == STATUS_SUCCESS,
          "a synchronization timer satisfies one wait");
    CHECK(!KeReadStateTimer(&synchronization) && wait_for(&synchronization, 0) == STATUS_TIMEOUT,
          "and is not signaled then");
}

static void absolute(void) {
    KTIMER timer;
    LARGE_INTEGER due;
    KeInitializeTimerEx(&timer, NotificationTimer);
    KeQuerySystemTime(&due);
    due.QuadPart += 80 * MS;
    KeSetTimer(&timer, due, NULL);
    CHECK(wait_for(&timer, 1000 * MS) == STATUS_SUCCESS, "an absolute time");
    LARGE_INTEGER after;
    import_KeQuerySystemTimePrecise(&after);
    CHECK(after.QuadPart >= due.QuadPart && after.QuadPart <= due.QuadPart + 3 * TICK,
          "is a time of the system clock");
    due.QuadPart -= 1000 * MS;
    KeSetTimer(&timer, due, NULL);
    CHECK(wait_for(&timer, 0) == STATUS_SUCCESS, "a time that has passed signals at once");
}

typedef struct {
    KTIMER timer;
    KDPC dpc;
    volatile LONG runs, wrong;
    LONG place;
    ULONG processor;
    ULONGLONG at[64];
} ticker_t;
static volatile LONG places;

static VOID NTAPI on_timer(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    ticker_t* t = context;
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    if (KeGetCurrentIrql() != DISPATCH_LEVEL || dpc != &t->dpc) t->wrong = 1;
    if (t->runs < 64) t->at[t->runs] = KeQueryInterruptTime();
    t->place = InterlockedIncrement(&places);
    t->processor = KeGetCurrentProcessorNumberEx(NULL);
    InterlockedIncrement(&t->runs);
}

static void prepare(ticker_t* t, TIMER_TYPE type) {
    RtlZeroMemory(t, sizeof *t);
    KeInitializeTimerEx(&t->timer, type);
    KeInitializeDpc(&t->dpc, on_timer, t);
}

static ticker_t a, b;

static void with_dpcs(void) {
    prepare(&a, NotificationTimer);
    prepare(&b, NotificationTimer);
    places = 0;
    KeSetTimer(&b.timer, in(150 * MS), &b.dpc);
    KeSetTimer(&a.timer, in(50 * MS), &a.dpc);
    wait_for(&b.timer, 1000 * MS);
    KeFlushQueuedDpcs();
    CHECK(a.runs == 1 && b.runs == 1 && !a.wrong && !b.wrong,
          "the DPC of a timer runs at DISPATCH_LEVEL, once");
    CHECK(a.place == 1 && b.place == 2, "the earlier timer's first");
    KeSetTimer(&a.timer, in(50 * MS), &a.dpc);
    KeSetTimer(&a.timer, in(100 * MS), NULL);
    wait_for(&a.timer, 1000 * MS);
    KeFlushQueuedDpcs();
    CHECK(a.runs == 1, "setting a timer anew cancels the call to the DPC of the setting before");
    KeSetTimer(&a.timer, in(50 * MS), &a.dpc);
    KeCancelTimer(&a.timer);
    LARGE_INTEGER delay = in(200 * MS);
    KeDelayExecutionThread(KernelMode, FALSE, &delay);
    KeFlushQueuedDpcs();
    CHECK(a.runs == 1, "so does cancelling it");
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    KeSetTargetProcessorDpc(&a.dpc, (CCHAR)(count - 1));
    KeSetTimer(&a.timer, in(20 * MS), &a.dpc);
    wait_for(&a.timer, 1000 * MS);
    KeFlushQueuedDpcs();
    CHECK(a.runs == 2 && a.processor == count - 1, "the DPC of a timer runs on its target processor");
}

static void periodic(void) {
    prepare(&a, SynchronizationTimer);
    LONGLONG start = now();
    KeSetTimerEx(&a.timer, in(50 * MS), 100, &a.dpc);
    LONG waits = 0;
    while (waits < 10 && wait_for(&a.timer, 1000 * MS) == STATUS_SUCCESS)
        ++waits;
    LONGLONG passed = now() - start;
    CHECK(waits == 10, "a periodic timer is restarted as soon as it expires");
    CHECK(passed >= 950 * MS - TICK && passed <= 950 * MS + 3 * TICK,
          "the first time at its due time, then once a period");
    CHECK(KeCancelTimer(&a.timer), "KeCancelTimer always returns TRUE for a periodic timer");
    KeFlushQueuedDpcs();
    LONG runs = a.runs;
    CHECK((runs == 10 || runs == 9) && !a.wrong, "its DPC runs for each expiration");
    LARGE_INTEGER delay = in(500 * MS);
    KeDelayExecutionThread(KernelMode, FALSE, &delay);
    CHECK(a.runs == runs, "and not after it has been cancelled");
    prepare(&a, NotificationTimer);
    KeSetTimerEx(&a.timer, in(1 * MS), 1, &a.dpc);
    delay = in(200 * MS);
    KeDelayExecutionThread(KernelMode, FALSE, &delay);
    KeCancelTimer(&a.timer);
    KeFlushQueuedDpcs();
    BOOLEAN once = a.runs > 5;
    for (LONG i = 1; i < a.runs && i < 64; ++i)
        if (a.at[i] == a.at[i - 1]) once = FALSE;
    CHECK(once, "a periodic timer expires no more than once per tick of the clock");
}

static void tolerance(void) {
    prepare(&a, NotificationTimer);
    LONGLONG start = now();
    CHECK(!KeSetCoalescableTimer(&a.timer, in(100 * MS), 0, 100, &a.dpc),
          "KeSetCoalescableTimer returns FALSE for a timer that is not in the queue");
    wait_for(&a.timer, 1000 * MS);
    LONGLONG passed = now() - start;
    KeFlushQueuedDpcs();
    CHECK(passed >= 100 * MS - TICK && passed <= 200 * MS + 3 * TICK && a.runs == 1,
          "the initial expiration is between DueTime and DueTime + TolerableDelay");
    start = now();
    KeSetCoalescableTimer(&a.timer, in(100 * MS), 0, 0, NULL);
    wait_for(&a.timer, 1000 * MS);
    passed = now() - start;
    CHECK(passed >= 100 * MS - TICK && passed <= 100 * MS + 3 * TICK,
          "a tolerance of zero is the same as a call to KeSetTimerEx");
    LONG waits = 0;
    prepare(&a, SynchronizationTimer);
    start = now();
    KeSetCoalescableTimer(&a.timer, in(100 * MS), 100, 50, NULL);
    while (waits < 5 && wait_for(&a.timer, 1000 * MS) == STATUS_SUCCESS)
        ++waits;
    passed = now() - start;
    KeCancelTimer(&a.timer);
    CHECK(waits == 5 && passed >= 300 * MS - TICK && passed <= 750 * MS + 3 * TICK,
          "a periodic one expires within Period plus or minus TolerableDelay of the expiration before");
}

static void resolution(void) {
    ULONG coarsest, finest, current;
    import_ExQueryTimerResolution(&coarsest, &finest, &current);
    CHECK(coarsest >= current && current >= finest && finest > 0 && coarsest == KeQueryTimeIncrement(),
          "ExQueryTimerResolution reports the range and what is set");
    ULONG set = ExSetTimerResolution(10000, TRUE);
    CHECK(set <= 10000 && set >= finest, "ExSetTimerResolution returns the new resolution");
    CHECK(ExSetTimerResolution(100000, TRUE) == set,
          "a greater time than is set just returns the current setting");
    LONGLONG start = now();
    LARGE_INTEGER delay = in(2 * MS);
    KeDelayExecutionThread(KernelMode, FALSE, &delay);
    LONGLONG passed = now() - start;
    CHECK(passed >= 1 * MS && passed <= 5 * MS, "delays follow the finer clock");
    CHECK(ExSetTimerResolution(0, FALSE) == set, "it is kept until every request has been taken back");
    CHECK(ExSetTimerResolution(0, FALSE) > set, "then it goes back");
    CHECK(ExSetTimerResolution(1, TRUE) == finest, "a time below what the clock supports sets the smallest");
    ExSetTimerResolution(0, FALSE);
}

static void several(void) {
    KTIMER timers[3];
    PVOID objects[3];
    for (int i = 0; i < 3; ++i) {
        KeInitializeTimer(&timers[i]);
        objects[i] = &timers[i];
        KeSetTimer(&timers[i], in((3 - i) * 50 * MS), NULL);
    }
    LARGE_INTEGER timeout = in(1000 * MS);
    NTSTATUS status =
        KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &timeout, NULL);
    CHECK(status == STATUS_WAIT_0 + 2, "a wait for any of several timers ends with the first to expire");
    status = KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &timeout, NULL);
    CHECK(status == STATUS_SUCCESS && KeReadStateTimer(&timers[0]), "a wait for all with the last");
}

static void checks(void) {
    one_shot();
    absolute();
    with_dpcs();
    periodic();
    tolerance();
    resolution();
    several();
}
