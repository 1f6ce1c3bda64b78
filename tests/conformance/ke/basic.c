// IRQL, spin locks, times and processors: nf-wdm-keraiseirql, nf-wdm-keraiseirqltodpclevel,
// nf-wdm-ketestspinlock, nf-wdm-kequerytickcount, nf-wdm-kequeryinterrupttime,
// nf-wdm-kequeryperformancecounter, nf-wdm-kestallexecutionprocessor, nf-wdm-kequeryactiveprocessorcountex …
// The headers inline some of these; here the exports are called.
#define TOPIC L"KeBasic"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(KIRQL, KeGetCurrentIrql, void);
IMPORT(KIRQL, KfRaiseIrql, KIRQL);
IMPORT(void, KeLowerIrql, KIRQL);
IMPORT(void, KfLowerIrql, KIRQL);
IMPORT(KIRQL, KeRaiseIrqlToDpcLevel, void);
IMPORT(void, KeInitializeSpinLock, PKSPIN_LOCK);
IMPORT(void, KeAcquireSpinLockAtDpcLevel, PKSPIN_LOCK);
IMPORT(void, KeReleaseSpinLockFromDpcLevel, PKSPIN_LOCK);
IMPORT(BOOLEAN, KeTestSpinLock, PKSPIN_LOCK);
IMPORT(void, KeQueryTickCount, PLARGE_INTEGER);
IMPORT(ULONG, KeQueryTimeIncrement, void);
IMPORT(ULONGLONG, KeQueryInterruptTime, void);
IMPORT(ULONGLONG, KeQueryInterruptTimePrecise, PULONG64);
IMPORT(ULONGLONG, KeQueryUnbiasedInterruptTime, void);
IMPORT(void, KeQuerySystemTime, PLARGE_INTEGER);
IMPORT(void, KeQuerySystemTimePrecise, PLARGE_INTEGER);
IMPORT(LARGE_INTEGER, KeQueryPerformanceCounter, PLARGE_INTEGER);
IMPORT(void, KeStallExecutionProcessor, ULONG);
IMPORT(ULONG, KeGetCurrentProcessorNumberEx, PPROCESSOR_NUMBER);
IMPORT(KAFFINITY, KeQueryActiveProcessors, void);
IMPORT(ULONG, KeQueryActiveProcessorCount, PKAFFINITY);
IMPORT(ULONG, KeQueryActiveProcessorCountEx, USHORT);
IMPORT(ULONG, KeQueryMaximumProcessorCount, void);
IMPORT(ULONG, KeQueryMaximumProcessorCountEx, USHORT);
IMPORT_DATA(CCHAR, KeNumberProcessors);
IMPORT_DATA(ULONG, InitSafeBootMode);

#define EVERY_GROUP 0xffff

static void levels(void) {
    CHECK(import_KeGetCurrentIrql() == PASSIVE_LEVEL, "a program's request comes at PASSIVE_LEVEL");
    KIRQL old = import_KfRaiseIrql(APC_LEVEL);
    CHECK(old == PASSIVE_LEVEL && import_KeGetCurrentIrql() == APC_LEVEL,
          "KfRaiseIrql raises, and gives the original level");
    KIRQL inner = import_KeRaiseIrqlToDpcLevel();
    CHECK(inner == APC_LEVEL && import_KeGetCurrentIrql() == DISPATCH_LEVEL,
          "KeRaiseIrqlToDpcLevel: the level at which the call occurred");
    CHECK(import_KeRaiseIrqlToDpcLevel() == DISPATCH_LEVEL, "it may be called at DISPATCH_LEVEL");
    KIRQL high = import_KfRaiseIrql(HIGH_LEVEL);
    CHECK(high == DISPATCH_LEVEL && import_KeGetCurrentIrql() == HIGH_LEVEL, "up to HIGH_LEVEL");
    import_KfLowerIrql(high);
    import_KeLowerIrql(inner);
    CHECK(import_KeGetCurrentIrql() == APC_LEVEL, "KeLowerIrql restores");
    import_KeLowerIrql(old);
    CHECK(import_KeGetCurrentIrql() == PASSIVE_LEVEL, "level by level");
}

static void spin_locks(void) {
    KSPIN_LOCK lock = 0x1234;
    import_KeInitializeSpinLock(&lock);
    CHECK(import_KeTestSpinLock(&lock), "KeTestSpinLock: a new lock is not held");
    KIRQL old = import_KeRaiseIrqlToDpcLevel();
    import_KeAcquireSpinLockAtDpcLevel(&lock);
    CHECK(!import_KeTestSpinLock(&lock) && import_KeGetCurrentIrql() == DISPATCH_LEVEL,
          "FALSE while it is held; KeAcquireSpinLockAtDpcLevel does not change the IRQL");
    import_KeReleaseSpinLockFromDpcLevel(&lock);
    CHECK(import_KeTestSpinLock(&lock) && import_KeGetCurrentIrql() == DISPATCH_LEVEL,
          "nor does KeReleaseSpinLockFromDpcLevel");
    import_KeLowerIrql(old);
    KeAcquireSpinLock(&lock, &old);
    CHECK(old == PASSIVE_LEVEL && import_KeGetCurrentIrql() == DISPATCH_LEVEL &&
              !import_KeTestSpinLock(&lock),
          "KeAcquireSpinLock raises to DISPATCH_LEVEL");
    KeReleaseSpinLock(&lock, old);
    CHECK(import_KeGetCurrentIrql() == PASSIVE_LEVEL && import_KeTestSpinLock(&lock),
          "KeReleaseSpinLock restores");
}

static void times(void) {
    LARGE_INTEGER ticks, later, system, system_later, precise, frequency = {.QuadPart = 0};
    ULONG64 counter = 0;
    LARGE_INTEGER interval = {.QuadPart = -500000}; // 50 ms
    ULONG increment = import_KeQueryTimeIncrement();
    CHECK(increment > 0 && import_KeQueryTimeIncrement() == increment, "KeQueryTimeIncrement is constant");
    import_KeQueryTickCount(&ticks);
    import_KeQuerySystemTime(&system);
    ULONGLONG interrupt = import_KeQueryInterruptTime(), unbiased = import_KeQueryUnbiasedInterruptTime();
    LARGE_INTEGER before = import_KeQueryPerformanceCounter(&frequency);
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
    import_KeQueryTickCount(&later);
    import_KeQuerySystemTime(&system_later);
    LONGLONG elapsed = system_later.QuadPart - system.QuadPart;
    LONGLONG at_least = 500000 - (LONGLONG)increment; // both are of the latest tick
    CHECK(elapsed >= at_least, "the system time counts 100-nanosecond units");
    LONGLONG by_ticks = (later.QuadPart - ticks.QuadPart) * increment;
    CHECK(by_ticks > elapsed - 2 * (LONGLONG)increment && by_ticks < elapsed + 2 * (LONGLONG)increment,
          "TickCount times KeQueryTimeIncrement is the elapsed time");
    CHECK(import_KeQueryInterruptTime() - interrupt >= (ULONGLONG)at_least,
          "KeQueryInterruptTime counts the same units since the start");
    CHECK(import_KeQueryUnbiasedInterruptTime() - unbiased >= (ULONGLONG)at_least,
          "KeQueryUnbiasedInterruptTime too");
    LARGE_INTEGER after = import_KeQueryPerformanceCounter(NULL);
    CHECK(frequency.QuadPart > 0 &&
              (after.QuadPart - before.QuadPart) * 10000000 / frequency.QuadPart >= 500000,
          "KeQueryPerformanceCounter at its frequency; the frequency is optional");
    ULONGLONG fine = import_KeQueryInterruptTimePrecise(&counter);
    CHECK(fine >= import_KeQueryInterruptTime() - increment && counter > 0,
          "KeQueryInterruptTimePrecise, with the performance counter of that moment");
    CHECK(import_KeQueryInterruptTimePrecise(&counter) >= fine, "it does not go back");
    import_KeQuerySystemTimePrecise(&precise);
    CHECK(precise.QuadPart >= system_later.QuadPart,
          "KeQuerySystemTimePrecise is not behind the system time");
    KIRQL old = import_KfRaiseIrql(HIGH_LEVEL);
    before = import_KeQueryPerformanceCounter(NULL);
    import_KeStallExecutionProcessor(50);
    after = import_KeQueryPerformanceCounter(NULL);
    import_KeLowerIrql(old);
    CHECK((after.QuadPart - before.QuadPart) * 1000000 / frequency.QuadPart >= 50,
          "KeStallExecutionProcessor stalls for its microseconds, at any IRQL");
}

static void processors(void) {
    PROCESSOR_NUMBER number = {9, 9, 9};
    KAFFINITY active = 0;
    ULONG count = import_KeQueryActiveProcessorCount(&active), bits = 0;
    for (int i = 0; i < 64; ++i)
        bits += active >> i & 1;
    CHECK(count >= 1 && bits == count && import_KeQueryActiveProcessors() == active,
          "KeQueryActiveProcessorCount: as many as there are bits in the set");
    CHECK(import_KeQueryActiveProcessorCount(NULL) == count, "the set is optional");
    CHECK(import_KeQueryActiveProcessorCountEx(0) == count &&
              import_KeQueryActiveProcessorCountEx(EVERY_GROUP) == count,
          "KeQueryActiveProcessorCountEx of group 0 and of all groups");
    CHECK(import_KeQueryActiveProcessorCountEx(7) == 0, "zero for a group that is not there");
    CHECK(import_KeQueryMaximumProcessorCount() >= count &&
              import_KeQueryMaximumProcessorCountEx(EVERY_GROUP) >= count &&
              import_KeQueryMaximumProcessorCountEx(0) >= count,
          "the maximum is not less");
    CHECK((ULONG)*import_KeNumberProcessors == count, "KeNumberProcessors");
    ULONG index = import_KeGetCurrentProcessorNumberEx(&number);
    CHECK(index < count && number.Group == 0 && number.Number == index,
          "KeGetCurrentProcessorNumberEx: index, group and number");
    CHECK(import_KeGetCurrentProcessorNumberEx(NULL) == index, "the structure is optional");
    KIRQL old = import_KfRaiseIrql(HIGH_LEVEL);
    BOOLEAN same = import_KeQueryActiveProcessorCountEx(EVERY_GROUP) == count;
    import_KeLowerIrql(old);
    CHECK(same, "at any level");
    CHECK(*import_InitSafeBootMode == 0, "InitSafeBootMode: not in safe mode");
}

static void checks(void) {
    levels();
    spin_locks();
    times();
    processors();
}
