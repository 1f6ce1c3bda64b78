// IRQL and what it holds off, as "Managing Hardware Priorities", "Always Preemptible and Always
// Interruptible" and the pages of KeRaiseIrql, KeLowerIrql, KeStallExecutionProcessor and KeAcquireSpinLock
// document them.
#define TOPIC L"KeIrql"
#include "../common/driver.h"
#include "../locks/threads.h"

static volatile LONG dpc_runs, timer_runs;

static VOID NTAPI on_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    InterlockedIncrement(context);
}

static void held_off(void) {
    static KDPC dpc, timer_dpc;
    static KTIMER timer;
    LARGE_INTEGER due = {.QuadPart = -300000};
    KIRQL old, inner;
    dpc_runs = timer_runs = 0;
    KeInitializeDpc(&dpc, on_dpc, (PVOID)&dpc_runs);
    KeInitializeDpc(&timer_dpc, on_dpc, (PVOID)&timer_runs);
    KeInitializeTimer(&timer);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeSetTargetProcessorDpc(&timer_dpc, (CCHAR)KeGetCurrentProcessorNumberEx(NULL));
    KeSetTimer(&timer, due, &timer_dpc);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    ULONGLONG start = KeQueryInterruptTime();
    for (int i = 0; i < 100; ++i)
        KeStallExecutionProcessor(1000);
    CHECK(KeQueryInterruptTime() - start >= 800000, "the clock goes on at DISPATCH_LEVEL");
    CHECK(dpc_runs == 0 && timer_runs == 0, "no DPC of the processor runs there");
    KeRaiseIrql(HIGH_LEVEL, &inner);
    CHECK(inner == DISPATCH_LEVEL && KeGetCurrentIrql() == HIGH_LEVEL, "KeRaiseIrql gives the level before");
    KeStallExecutionProcessor(1000);
    KeLowerIrql(inner);
    CHECK(dpc_runs == 0, "nor when the level falls to DISPATCH_LEVEL");
    KeLowerIrql(old);
    CHECK(dpc_runs == 1 && timer_runs == 1, "DPCs run when it falls below");
    KeCancelTimer(&timer);
    KeRaiseIrql(APC_LEVEL, &old);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    CHECK(dpc_runs == 2, "APC_LEVEL holds off no DPCs");
    KeLowerIrql(old);
}

static volatile LONG waiting_ran;
static KEVENT go;

static void wait_high(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeSetPriorityThread(KeGetCurrentThread(), 20);
    KeWaitForSingleObject(&go, Executive, KernelMode, FALSE, NULL);
    waiting_ran = 1;
}

static void switches(void) {
    helper_t helper;
    KIRQL old;
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    KeInitializeEvent(&go, NotificationEvent, FALSE);
    waiting_ran = 0;
    KeSetSystemAffinityThread(1);
    start(&helper, wait_high, NULL);
    let_others_run();
    KeAcquireSpinLock(&lock, &old);
    ULONG here = KeGetCurrentProcessorNumberEx(NULL);
    KeSetEvent(&go, 0, FALSE);
    KeStallExecutionProcessor(40000);
    CHECK(KeGetCurrentProcessorNumberEx(NULL) == here,
          "a thread that holds a spin lock stays on its processor");
    KeReleaseSpinLock(&lock, old);
    join(&helper);
    CHECK(waiting_ran == 1 && KeGetCurrentIrql() == PASSIVE_LEVEL, "and others run when it is released");
    KeRevertToUserAffinityThread();
    KeClearEvent(&go);
    start(&helper, wait_high, NULL);
    let_others_run();
    KeRaiseIrql(APC_LEVEL, &old);
    KeSetEvent(&go, 0, FALSE);
    KeWaitForSingleObject(helper.thread, Executive, KernelMode, FALSE, NULL);
    CHECK(KeGetCurrentIrql() == APC_LEVEL, "a thread at APC_LEVEL may wait, and goes on at APC_LEVEL");
    KeLowerIrql(old);
    join(&helper);
}

static void time_passes(void) {
    ULONGLONG start = KeQueryInterruptTime();
    LARGE_INTEGER frequency, before = KeQueryPerformanceCounter(&frequency), after;
    KeStallExecutionProcessor(50);
    after = KeQueryPerformanceCounter(NULL);
    CHECK((after.QuadPart - before.QuadPart) * 1000000 >= 50 * frequency.QuadPart,
          "KeStallExecutionProcessor lasts at least as many microseconds");
    CHECK(KeQueryInterruptTime() - start <= 10000000, "and not for ever");
}

static void checks(void) {
    held_off();
    switches();
    time_passes();
}
