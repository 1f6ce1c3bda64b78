// DPCs, calls on every processor and spin locks between processors, as the pages of KeInitializeDpc,
// KeInsertQueueDpc, KeSetImportanceDpc, KeSetTargetProcessorDpcEx, KeFlushQueuedDpcs, KeIpiGenericCall and
// "Organization of DPC Queues" document them. Everything holds for any schedule and number of processors.
#define TOPIC L"KeDpc"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(ULONG, KeIsExecutingDpc, VOID);
IMPORT(VOID, KeGenericCallDpc, PKDEFERRED_ROUTINE, PVOID);
IMPORT(VOID, KeSignalCallDpcDone, PVOID);
IMPORT(ULONG, KeSignalCallDpcSynchronize, PVOID);
IMPORT(BOOLEAN, KeTryToAcquireSpinLockAtDpcLevel, PKSPIN_LOCK);

#define IPI_LEVEL_X64 14

typedef struct {
    KDPC dpc;
    LONG runs, place; // place: when it ran among others
    KIRQL irql;
    ULONG processor, executing;
    PVOID context, argument1, argument2;
    PKTHREAD thread;
} probe_t;

static volatile LONG places;

static VOID NTAPI note(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    probe_t* p = CONTAINING_RECORD(dpc, probe_t, dpc);
    p->place = InterlockedIncrement(&places);
    p->irql = KeGetCurrentIrql();
    p->processor = KeGetCurrentProcessorNumberEx(NULL);
    p->executing = import_KeIsExecutingDpc();
    p->context = context;
    p->argument1 = argument1;
    p->argument2 = argument2;
    p->thread = KeGetCurrentThread();
    InterlockedIncrement(&p->runs);
}

static void prepare(probe_t* p, PVOID context) {
    RtlZeroMemory(p, sizeof *p);
    KeInitializeDpc(&p->dpc, note, context);
}

static void queueing(void) {
    static probe_t p;
    KIRQL old;
    prepare(&p, &p);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ULONG here = KeGetCurrentProcessorNumberEx(NULL);
    CHECK(KeInsertQueueDpc(&p.dpc, (PVOID)1, (PVOID)2), "KeInsertQueueDpc queues the DPC and returns TRUE");
    CHECK(!KeInsertQueueDpc(&p.dpc, (PVOID)3, (PVOID)4),
          "of a DPC that is queued already no operation is performed except to return FALSE");
    CHECK(p.runs == 0, "at DISPATCH_LEVEL it waits");
    KeLowerIrql(old);
    CHECK(p.runs == 1, "it runs when the IRQL falls below DISPATCH_LEVEL, once");
    CHECK(p.irql == DISPATCH_LEVEL && p.executing, "a DPC routine runs at DISPATCH_LEVEL");
    CHECK(p.processor == here, "by default on the processor that queued it");
    CHECK(p.context == &p && p.argument1 == (PVOID)1 && p.argument2 == (PVOID)2,
          "with its context and the arguments of the call that queued it");
    CHECK(import_KeIsExecutingDpc() == 0, "KeIsExecutingDpc returns zero outside");
    KeInsertQueueDpc(&p.dpc, (PVOID)5, NULL);
    KeFlushQueuedDpcs();
    CHECK(p.runs == 2 && p.argument1 == (PVOID)5, "it may be queued again when it has run");

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeInsertQueueDpc(&p.dpc, NULL, NULL);
    CHECK(KeRemoveQueueDpc(&p.dpc), "KeRemoveQueueDpc returns TRUE if the DPC object is in the queue");
    CHECK(!KeRemoveQueueDpc(&p.dpc), "and FALSE if it is not");
    KeLowerIrql(old);
    KeFlushQueuedDpcs();
    CHECK(p.runs == 2, "a removed DPC does not run");

    KeRaiseIrql(HIGH_LEVEL, &old);
    CHECK(KeInsertQueueDpc(&p.dpc, NULL, NULL), "KeInsertQueueDpc may be called at any IRQL");
    KeLowerIrql(DISPATCH_LEVEL);
    CHECK(p.runs == 2, "and the routine waits for the IRQL to fall below DISPATCH_LEVEL");
    KeLowerIrql(old);
    CHECK(p.runs == 3, "then it runs");
}

static void importance(void) {
    static probe_t low, medium, high, second_high, medium_high;
    KIRQL old;
    prepare(&low, NULL);
    prepare(&medium, NULL);
    prepare(&high, NULL);
    prepare(&second_high, NULL);
    prepare(&medium_high, NULL);
    KeSetImportanceDpc(&low.dpc, LowImportance);
    KeSetImportanceDpc(&high.dpc, HighImportance);
    KeSetImportanceDpc(&second_high.dpc, HighImportance);
    KeSetImportanceDpc(&medium_high.dpc, MediumHighImportance);
    places = 0;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeInsertQueueDpc(&low.dpc, NULL, NULL);
    KeInsertQueueDpc(&medium.dpc, NULL, NULL);
    KeInsertQueueDpc(&high.dpc, NULL, NULL);
    KeInsertQueueDpc(&second_high.dpc, NULL, NULL);
    KeInsertQueueDpc(&medium_high.dpc, NULL, NULL);
    KeLowerIrql(old);
    CHECK(second_high.place == 1 && high.place == 2,
          "a DPC of high importance is placed at the beginning of the queue");
    CHECK(low.place == 3 && medium.place == 4 && medium_high.place == 5, "others at its end");
    prepare(&low, NULL);
    KeSetImportanceDpc(&low.dpc, LowImportance);
    KeInsertQueueDpc(&low.dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    CHECK(low.runs == 1, "a DPC of low importance runs too");
    LARGE_INTEGER a_while = {.QuadPart = -1000000};
    KeInsertQueueDpc(&low.dpc, NULL, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &a_while);
    CHECK(low.runs == 2, "also when nobody flushes the queues");
}

static void targets(void) {
    static probe_t p;
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), right = 0, right_ex = 0;
    for (ULONG i = 0; i < count; ++i) {
        PROCESSOR_NUMBER number = {0, (UCHAR)i, 0};
        prepare(&p, NULL);
        KeSetTargetProcessorDpc(&p.dpc, (CCHAR)i);
        KeInsertQueueDpc(&p.dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        right += p.runs == 1 && p.processor == i;
        prepare(&p, NULL);
        if (KeSetTargetProcessorDpcEx(&p.dpc, &number) != STATUS_SUCCESS) continue;
        KeInsertQueueDpc(&p.dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        right_ex += p.runs == 1 && p.processor == i;
    }
    CHECK(right == count, "KeSetTargetProcessorDpc: the DPC runs on that processor, whichever it is");
    CHECK(right_ex == count, "KeSetTargetProcessorDpcEx: too");
    PROCESSOR_NUMBER none = {0, (UCHAR)count, 0}, other_group = {1, 0, 0};
    CHECK(KeSetTargetProcessorDpcEx(&p.dpc, &none) == STATUS_INVALID_PARAMETER,
          "KeSetTargetProcessorDpcEx returns STATUS_INVALID_PARAMETER for an invalid processor number");
    CHECK(KeSetTargetProcessorDpcEx(&p.dpc, &other_group) == STATUS_INVALID_PARAMETER,
          "and for an invalid group");
    prepare(&p, NULL);
    KeSetTargetProcessorDpc(&p.dpc, (CCHAR)(count - 1));
    KeSetTargetProcessorDpc(&p.dpc, (CCHAR)count);
    KeInsertQueueDpc(&p.dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    CHECK(p.processor == count - 1,
          "KeSetTargetProcessorDpc with a number that is not below the number of processors changes nothing");
}

static void threaded(void) {
    static probe_t first, second;
    KIRQL old;
    prepare(&first, &first);
    prepare(&second, NULL);
    KeInitializeThreadedDpc(&first.dpc, note, &first);
    KeInitializeThreadedDpc(&second.dpc, note, NULL);
    CHECK(KeInsertQueueDpc(&first.dpc, (PVOID)7, NULL), "a threaded DPC is queued like others");
    KeFlushQueuedDpcs();
    CHECK(first.runs == 1 && first.context == &first && first.argument1 == (PVOID)7,
          "KeFlushQueuedDpcs returns after it has run");
    CHECK(first.irql == PASSIVE_LEVEL, "a threaded DPC runs at PASSIVE_LEVEL");
    CHECK(first.thread != KeGetCurrentThread(), "in a dedicated thread");
    places = 0;
    KeSetImportanceDpc(&second.dpc, HighImportance);
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CCHAR here = (CCHAR)KeGetCurrentProcessorNumberEx(NULL);
    KeSetTargetProcessorDpc(&first.dpc, here);
    KeSetTargetProcessorDpc(&second.dpc, here);
    KeInsertQueueDpc(&first.dpc, NULL, NULL);
    KeInsertQueueDpc(&second.dpc, NULL, NULL);
    CHECK(first.runs == 1 && second.runs == 0, "not while its processor is at DISPATCH_LEVEL");
    KeLowerIrql(old);
    KeFlushQueuedDpcs();
    CHECK(second.place == 1 && first.place == 2,
          "threaded DPCs of high importance are placed at the beginning");
    KeSetTargetProcessorDpc(&first.dpc, (CCHAR)(count - 1));
    KeInsertQueueDpc(&first.dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    CHECK(first.processor == count - 1, "threaded DPCs have target processors too");
}

static LONG repeats;

static VOID NTAPI again(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    if (++repeats < 3)
        KeInsertQueueDpc(dpc, NULL, NULL);
    else
        KeSetEvent(context, 0, FALSE);
}

static void requeueing(void) {
    static KDPC dpc;
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    repeats = 0;
    KeInitializeDpc(&dpc, again, &done);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(repeats == 3, "a DPC routine may queue its DPC again");
    KeFlushQueuedDpcs();
}

static LONG calls_on[64], leaders, levels_right, counter;
static KSPIN_LOCK lock;

static VOID NTAPI everywhere(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    InterlockedIncrement(&calls_on[KeGetCurrentProcessorNumberEx(NULL)]);
    if (KeGetCurrentIrql() == DISPATCH_LEVEL) InterlockedIncrement(&levels_right);
    if (import_KeSignalCallDpcSynchronize(argument2)) InterlockedIncrement(&leaders);
    // Unprotected additions would be lost: gates are where another processor may go on.
    for (int i = 0; i < 20; ++i) {
        KeAcquireSpinLockAtDpcLevel(&lock);
        LONG before = counter;
        KeQueryInterruptTime();
        counter = before + 1;
        KeReleaseSpinLockFromDpcLevel(&lock);
    }
    import_KeSignalCallDpcSynchronize(argument2);
    import_KeSignalCallDpcDone(argument1);
}

static ULONG_PTR NTAPI broadcast(ULONG_PTR context) {
    ULONG here = KeGetCurrentProcessorNumberEx(NULL);
    InterlockedIncrement(&calls_on[here]);
    if (KeGetCurrentIrql() == IPI_LEVEL_X64) InterlockedIncrement(&levels_right);
    return context + here;
}

static BOOLEAN once_each(LONG count) {
    BOOLEAN once = levels_right == count;
    for (LONG i = 0; i < count; ++i)
        if (calls_on[i] != 1) once = FALSE;
    RtlZeroMemory(calls_on, sizeof calls_on);
    levels_right = 0;
    return once;
}

static void all_processors(void) {
    LONG count = (LONG)KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    KIRQL old;
    KeInitializeSpinLock(&lock);
    RtlZeroMemory(calls_on, sizeof calls_on);
    levels_right = leaders = counter = 0;
    import_KeGenericCallDpc(everywhere, NULL);
    CHECK(once_each(count), "KeGenericCallDpc runs the routine once on each processor at DISPATCH_LEVEL");
    CHECK(leaders == 1, "KeSignalCallDpcSynchronize is true on one processor");
    CHECK(counter == 20 * count, "a spin lock keeps processors out of each other's way");
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "and the caller's IRQL is as before");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ULONG here = KeGetCurrentProcessorNumberEx(NULL);
    ULONG_PTR result = KeIpiGenericCall(broadcast, 1000);
    KeLowerIrql(old);
    CHECK(once_each(count), "KeIpiGenericCall runs the routine on every processor at IPI_LEVEL");
    CHECK(result == 1000 + here, "and returns what it returns on the calling processor");
}

static VOID NTAPI try_lock(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    LONG got = import_KeTryToAcquireSpinLockAtDpcLevel(&lock);
    if (got) KeReleaseSpinLockFromDpcLevel(&lock);
    InterlockedExchange(context, 2 + got);
}

static void trying(void) {
    static KDPC dpc;
    static volatile LONG answer;
    KIRQL old;
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(import_KeTryToAcquireSpinLockAtDpcLevel(&lock),
          "KeTryToAcquireSpinLockAtDpcLevel acquires a free lock");
    CHECK(!KeTestSpinLock(&lock), "KeTestSpinLock returns FALSE while the lock is held");
    if (count > 1) {
        ULONG here = KeGetCurrentProcessorNumberEx(NULL);
        KeInitializeDpc(&dpc, try_lock, (PVOID)&answer);
        KeSetImportanceDpc(&dpc, HighImportance);
        KeSetTargetProcessorDpc(&dpc, (CCHAR)((here + 1) % count));
        KeInsertQueueDpc(&dpc, NULL, NULL);
        while (!answer)
            KeStallExecutionProcessor(10);
        CHECK(answer == 2, "and returns FALSE on another processor while it is held");
    }
    KeReleaseSpinLockFromDpcLevel(&lock);
    CHECK(KeTestSpinLock(&lock), "KeTestSpinLock returns TRUE when it is free");
    KeLowerIrql(old);
}

static void checks(void) {
    queueing();
    importance();
    targets();
    threaded();
    requeueing();
    all_processors();
    trying();
}
