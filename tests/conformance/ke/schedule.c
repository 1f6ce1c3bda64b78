// Priorities, quanta, boosts and affinity, as "Scheduling Priorities", "Priority Boosts" and the pages of
// KeSetPriorityThread, KeSetBasePriorityThread, KeQueryPriorityThread, KeSetEvent,
// KeSetSystemAffinityThreadEx and KeSetSystemGroupAffinityThread document them. Everything holds for any
// schedule and number of processors.
#define TOPIC L"KeSchedule"
#include "../common/driver.h"
#include "../common/import.h"
#include "../locks/threads.h"

IMPORT(UCHAR, KeSetIdealProcessorThread, PKTHREAD, UCHAR);
IMPORT(KAFFINITY, KeSetSystemAffinityThreadEx, KAFFINITY);
IMPORT(VOID, KeRevertToUserAffinityThreadEx, KAFFINITY);

static ULONG count;

static void priorities(PVOID unused) {
    PKTHREAD self = KeGetCurrentThread();
    UNREFERENCED_PARAMETER(unused);
    CHECK(KeQueryPriorityThread(self) >= 8,
          "a system thread begins at the base priority of the System process");
    KeSetPriorityThread(self, 12);
    CHECK(KeSetPriorityThread(self, LOW_REALTIME_PRIORITY) == 12 || count,
          "KeSetPriorityThread returns the old priority");
    CHECK(KeQueryPriorityThread(self) == LOW_REALTIME_PRIORITY,
          "KeQueryPriorityThread returns the current one");
    KeSetPriorityThread(self, 8);
    LONG old = KeSetBasePriorityThread(self, 2);
    CHECK(old == 0,
          "KeSetBasePriorityThread returns the previous increment over the process's base priority");
    CHECK(KeQueryPriorityThread(self) == 10,
          "the priority is the process's base priority plus the increment");
    CHECK(KeSetBasePriorityThread(self, -3) == 2 && KeQueryPriorityThread(self) == 5,
          "which may be negative");
    KeSetBasePriorityThread(self, 12);
    CHECK(KeQueryPriorityThread(self) < LOW_REALTIME_PRIORITY,
          "the base priority does not cross over to the real-time class");
    KeSetBasePriorityThread(self, 0);
}

// Two threads of one processor.
typedef struct {
    KEVENT ready, go, done;
    volatile LONG ran;
    KPRIORITY priority, at_wake, in_the_end;
    KAFFINITY mask;
    LONGLONG spin; // 100 ns of work after the wait
    volatile LONG* wait_for;
} worker_t;

static void work(PVOID context) {
    worker_t* w = context;
    import_KeSetSystemAffinityThreadEx(w->mask);
    KeSetPriorityThread(KeGetCurrentThread(), w->priority);
    KeSetEvent(&w->ready, 0, FALSE);
    KeWaitForSingleObject(&w->go, Executive, KernelMode, FALSE, NULL);
    w->at_wake = KeQueryPriorityThread(KeGetCurrentThread());
    InterlockedExchange(&w->ran, 1);
    for (LONGLONG left = w->spin; left > 0; left -= 10000)
        KeStallExecutionProcessor(1000);
    while (w->wait_for && !*w->wait_for)
        KeStallExecutionProcessor(100);
    w->in_the_end = KeQueryPriorityThread(KeGetCurrentThread());
    KeSetEvent(&w->done, 0, FALSE);
    import_KeRevertToUserAffinityThreadEx(0);
}

static void begin(helper_t* helper, worker_t* w, KPRIORITY priority) {
    KeInitializeEvent(&w->ready, NotificationEvent, FALSE);
    KeInitializeEvent(&w->go, NotificationEvent, FALSE);
    KeInitializeEvent(&w->done, NotificationEvent, FALSE);
    w->priority = priority;
    w->mask = 1;
    start(helper, work, w);
    KeWaitForSingleObject(&w->ready, Executive, KernelMode, FALSE, NULL);
    let_others_run();
}

static void preemption(void) {
    static worker_t high, low;
    helper_t helper, helper2;
    import_KeSetSystemAffinityThreadEx(1);
    KeSetPriorityThread(KeGetCurrentThread(), 16);
    RtlZeroMemory(&high, sizeof high);
    begin(&helper, &high, 20);
    KeSetEvent(&high.go, 0, FALSE);
    CHECK(high.ran == 1, "a thread of higher priority that becomes ready runs at once");
    join(&helper);
    RtlZeroMemory(&low, sizeof low);
    begin(&helper, &low, 10);
    KeSetEvent(&low.go, 0, FALSE);
    for (int i = 0; i < 200; ++i)
        KeStallExecutionProcessor(1000);
    CHECK(low.ran == 0, "one of lower priority does not run while a higher one is ready");
    KeSetPriorityThread(KeGetCurrentThread(), 5);
    CHECK(low.ran == 1, "it does when the running thread's priority falls below");
    KeSetPriorityThread(KeGetCurrentThread(), 16);
    join(&helper);

    // At DISPATCH_LEVEL there is no thread switch.
    KIRQL old;
    RtlZeroMemory(&high, sizeof high);
    begin(&helper, &high, 20);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeSetEvent(&high.go, 0, FALSE);
    KeStallExecutionProcessor(50000);
    CHECK(high.ran == 0, "not at DISPATCH_LEVEL");
    KeLowerIrql(old);
    CHECK(high.ran == 1, "but when the IRQL is lowered");
    join(&helper);

    // Two threads that never wait share the processor: each waits for the other's progress.
    RtlZeroMemory(&high, sizeof high);
    RtlZeroMemory(&low, sizeof low);
    begin(&helper, &high, 12);
    begin(&helper2, &low, 12);
    high.wait_for = &low.ran;
    low.wait_for = &high.ran;
    KeSetEvent(&high.go, 0, FALSE);
    KeSetEvent(&low.go, 0, FALSE);
    join(&helper);
    join(&helper2);
    CHECK(high.ran && low.ran, "threads of equal priority take turns when their quantum ends");
    KeSetPriorityThread(KeGetCurrentThread(), 8);
    import_KeRevertToUserAffinityThreadEx(0);
}

static void boosts(void) {
    static worker_t w;
    helper_t helper;
    RtlZeroMemory(&w, sizeof w);
    w.spin = 10 * 1000 * 10000LL;
    begin(&helper, &w, 8);
    KeSetEvent(&w.go, 5, FALSE);
    join(&helper);
    CHECK(w.at_wake > 8 && w.at_wake <= 13,
          "KeSetEvent adds its increment to the priority of the thread that it wakes");
    CHECK(w.in_the_end == 8, "which falls back to the base priority with its quanta");
    RtlZeroMemory(&w, sizeof w);
    begin(&helper, &w, 8);
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.at_wake == 8, "an increment of zero changes nothing");
    RtlZeroMemory(&w, sizeof w);
    begin(&helper, &w, 16);
    KeSetEvent(&w.go, 5, FALSE);
    join(&helper);
    CHECK(w.at_wake == 16, "the priority of a real-time thread is never boosted");
    RtlZeroMemory(&w, sizeof w);
    begin(&helper, &w, 14);
    KeSetEvent(&w.go, 6, FALSE);
    join(&helper);
    CHECK(w.at_wake <= 15, "a boost never reaches the real-time class");
}

static void affinity(void) {
    KAFFINITY all = KeQueryActiveProcessors();
    ULONG right = 0, previous_right = 0, deferred_right = 0, group_right = 0;
    KIRQL old;
    for (ULONG i = 0; i < count; ++i) {
        KAFFINITY before = import_KeSetSystemAffinityThreadEx((KAFFINITY)1 << i);
        right += KeGetCurrentProcessorNumberEx(NULL) == i;
        previous_right += before == 0;
        import_KeRevertToUserAffinityThreadEx(before);
    }
    CHECK(right == count,
          "when KeSetSystemAffinityThreadEx returns, the thread runs on a processor of the mask");
    CHECK(previous_right == count, "it returns zero when there was no previous system affinity");
    import_KeSetSystemAffinityThreadEx(1);
    CHECK(import_KeSetSystemAffinityThreadEx(all) == 1,
          "and the previous system affinity when there was one");
    import_KeRevertToUserAffinityThreadEx(1);
    CHECK(KeGetCurrentProcessorNumberEx(NULL) == 0,
          "KeRevertToUserAffinityThreadEx restores a system affinity");
    CHECK(import_KeSetSystemAffinityThreadEx(1) == 1, "which is in force then");
    import_KeRevertToUserAffinityThreadEx(0);
    CHECK(import_KeSetSystemAffinityThreadEx(all) == 0, "or the user affinity");
    import_KeSetSystemAffinityThreadEx(1);
    if (count < 64) {
        import_KeSetSystemAffinityThreadEx((KAFFINITY)1 << count);
        CHECK(KeGetCurrentProcessorNumberEx(NULL) == 0 && import_KeSetSystemAffinityThreadEx(1) == 1,
              "a mask with a processor that does not exist has no effect");
    }
    import_KeSetSystemAffinityThreadEx(0);
    CHECK(import_KeSetSystemAffinityThreadEx(1) == 1, "nor has an empty one");
    import_KeRevertToUserAffinityThreadEx(0);
    for (ULONG i = 0; i < count; ++i) {
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        ULONG here = KeGetCurrentProcessorNumberEx(NULL);
        import_KeSetSystemAffinityThreadEx((KAFFINITY)1 << i);
        BOOLEAN stayed = KeGetCurrentProcessorNumberEx(NULL) == here;
        KeLowerIrql(old);
        deferred_right += stayed && KeGetCurrentProcessorNumberEx(NULL) == i;
        import_KeRevertToUserAffinityThreadEx(0);
    }
    CHECK(deferred_right == count, "at DISPATCH_LEVEL the change is deferred until the IRQL is lowered");
    for (ULONG i = 0; i < count; ++i) {
        GROUP_AFFINITY wanted = {(KAFFINITY)1 << i, 0, {0}}, before = {77, 7, {0}}, inner;
        KeSetSystemGroupAffinityThread(&wanted, &before);
        BOOLEAN right_here =
            KeGetCurrentProcessorNumberEx(NULL) == i && before.Mask == 0 && before.Group == 0;
        KeSetSystemGroupAffinityThread(&wanted, &inner);
        right_here = right_here && inner.Mask == wanted.Mask;
        KeRevertToUserGroupAffinityThread(&inner);
        KeRevertToUserGroupAffinityThread(&before);
        group_right += right_here;
    }
    CHECK(group_right == count,
          "KeSetSystemGroupAffinityThread gives the previous affinity, zero for the user's");
    GROUP_AFFINITY wrong = {1, 5, {0}}, before = {77, 7, {0}};
    KeSetSystemGroupAffinityThread(&wrong, &before);
    CHECK(before.Mask == 0 && before.Group == 0, "for a group that does not exist it writes zero");
    CHECK(import_KeSetSystemAffinityThreadEx(all) == 0, "and changes nothing");
    import_KeRevertToUserAffinityThreadEx(0);
    KeSetSystemAffinityThread(1);
    CHECK(KeGetCurrentProcessorNumberEx(NULL) == 0, "KeSetSystemAffinityThread");
    KeRevertToUserAffinityThread();
    CHECK(import_KeSetSystemAffinityThreadEx(all) == 0, "and KeRevertToUserAffinityThread do the same");
    import_KeRevertToUserAffinityThreadEx(0);
    UCHAR ideal = import_KeSetIdealProcessorThread(KeGetCurrentThread(), (UCHAR)(count - 1));
    CHECK(ideal < count && import_KeSetIdealProcessorThread(KeGetCurrentThread(), ideal) == count - 1,
          "KeSetIdealProcessorThread returns the old ideal processor");
}

static volatile LONG together;

static void meet(PVOID context) {
    import_KeSetSystemAffinityThreadEx((KAFFINITY)1 << (ULONG_PTR)context);
    InterlockedIncrement(&together);
    while (together < (LONG)count) // everybody must run at the same time
        KeStallExecutionProcessor(10);
    import_KeRevertToUserAffinityThreadEx(0);
}

static void parallel(void) {
    helper_t helpers[64];
    together = 0;
    for (ULONG i = 0; i < count; ++i)
        start(&helpers[i], meet, (PVOID)(ULONG_PTR)i);
    for (ULONG i = 0; i < count; ++i)
        join(&helpers[i]);
    CHECK(together == (LONG)count, "every processor runs a thread of its own");
}

static void checks(void) {
    count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    in_thread(priorities, NULL);
    preemption();
    boosts();
    affinity();
    parallel();
}
