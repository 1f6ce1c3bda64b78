// What the kernel does for drivers, many times: switches, DPCs, timers, spin locks, waits.
#include "bench_driver.h"

#define TAG 'hcnB'

NTSTATUS start_system_thread(PKSTART_ROUTINE routine, PVOID context, PVOID* thread) {
    HANDLE handle;
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, context);
    if (!NT_SUCCESS(status)) return status;
    status = ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode, thread, NULL);
    ZwClose(handle);
    return status;
}

void wait_for_thread(PVOID thread) {
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
}

NTSTATUS run_on_system_thread(PKSTART_ROUTINE routine, PVOID context) {
    PVOID thread;
    NTSTATUS status = start_system_thread(routine, context, &thread);
    if (NT_SUCCESS(status)) wait_for_thread(thread);
    return status;
}

// Two threads that wait for each other in turn.
typedef struct {
    KEVENT mine[2]; // synchronization events: whose turn it is
    KSPIN_LOCK lock;
    ULONG count, meetings;
} PAIR;

static void initialize_pair(PAIR* pair, ULONG count) {
    KeInitializeEvent(&pair->mine[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&pair->mine[1], SynchronizationEvent, FALSE);
    KeInitializeSpinLock(&pair->lock);
    pair->count = count;
    pair->meetings = 0;
}

static void give_turn(PAIR* pair, ULONG to) { KeSetEvent(&pair->mine[to], IO_NO_INCREMENT, FALSE); }
static void wait_for_turn(PAIR* pair, ULONG number) {
    KeWaitForSingleObject(&pair->mine[number], Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI second_of_pair(PVOID context) {
    PAIR* pair = context;
    for (ULONG i = 0; i < pair->count; ++i) {
        wait_for_turn(pair, 1);
        give_turn(pair, 0);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS switch_threads(ULONG count) {
    PAIR pair;
    PVOID other;
    initialize_pair(&pair, count);
    NTSTATUS status = start_system_thread(second_of_pair, &pair, &other);
    if (!NT_SUCCESS(status)) return status;
    for (ULONG i = 0; i < count; ++i) {
        give_turn(&pair, 1);
        wait_for_turn(&pair, 0);
    }
    wait_for_thread(other);
    return STATUS_SUCCESS;
}

static VOID NTAPI count_up(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    ++*(volatile ULONG*)context;
}

static NTSTATUS queue_dpcs(ULONG count) {
    KDPC dpc;
    ULONG ran = 0;
    KeInitializeDpc(&dpc, count_up, &ran);
    for (ULONG i = 0; i < count; ++i)
        KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    return ran == count ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

// Due times lie from a second to three hours ahead, as a pseudo-random sequence.
static LARGE_INTEGER some_time_ahead(ULONG* seed) {
    LARGE_INTEGER due;
    *seed = *seed * 1664525 + 1013904223;
    due.QuadPart = -10000LL * (1000 + *seed % 10000000);
    return due;
}

static NTSTATUS set_timers(ULONG count, ULONG pending) {
    ULONG seed = 1;
    KTIMER* timers = ExAllocatePoolWithTag(NonPagedPoolNx, (pending + 1) * sizeof(KTIMER), TAG);
    if (!timers) return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i <= pending; ++i) {
        KeInitializeTimer(&timers[i]);
        if (i < pending) KeSetTimer(&timers[i], some_time_ahead(&seed), NULL);
    }
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; i < count; ++i) {
        KeSetTimer(&timers[pending], some_time_ahead(&seed), NULL);
        if (!KeCancelTimer(&timers[pending])) status = STATUS_UNSUCCESSFUL;
    }
    for (ULONG i = 0; i < pending; ++i)
        KeCancelTimer(&timers[i]);
    ExFreePoolWithTag(timers, TAG);
    return status;
}

static NTSTATUS take_spin_locks(ULONG count) {
    KSPIN_LOCK lock;
    KIRQL irql;
    KeInitializeSpinLock(&lock);
    for (ULONG i = 0; i < count; ++i) {
        KeAcquireSpinLock(&lock, &irql);
        KeReleaseSpinLock(&lock, irql);
    }
    return STATUS_SUCCESS;
}

typedef struct {
    PAIR* pairs;
    KSEMAPHORE awake; // so many may run, in the order of coming
    KEVENT done;
    LONG joined, left;
} CROWD;

static VOID NTAPI one_of_crowd(PVOID context) {
    CROWD* crowd = context;
    const ULONG number = (ULONG)InterlockedIncrement(&crowd->joined) - 1;
    PAIR* pair = &crowd->pairs[number / 2];
    KIRQL irql;
    KeWaitForSingleObject(&crowd->awake, Executive, KernelMode, FALSE, NULL);
    for (ULONG i = 0; i < pair->count; ++i) {
        if (number & 1) wait_for_turn(pair, 1);
        KeAcquireSpinLock(&pair->lock, &irql);
        ++pair->meetings;
        KeReleaseSpinLock(&pair->lock, irql);
        give_turn(pair, ~number & 1);
        if (~number & 1) wait_for_turn(pair, 0);
    }
    KeReleaseSemaphore(&crowd->awake, IO_NO_INCREMENT, 1, FALSE);
    if (InterlockedDecrement(&crowd->left) == 0) KeSetEvent(&crowd->done, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS run_crowd(ULONG count, ULONG threads, ULONG awake) {
    static CROWD crowd;
    NTSTATUS status = STATUS_SUCCESS;
    threads &= ~1u;
    crowd.pairs = ExAllocatePoolWithTag(NonPagedPoolNx, threads / 2 * sizeof(PAIR), TAG);
    PVOID* objects = ExAllocatePoolWithTag(NonPagedPoolNx, threads * sizeof(PVOID), TAG);
    if (!crowd.pairs || !objects) return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < threads / 2; ++i)
        initialize_pair(&crowd.pairs[i], count);
    KeInitializeSemaphore(&crowd.awake, 0, 2 * (LONG)threads);
    KeInitializeEvent(&crowd.done, NotificationEvent, FALSE);
    crowd.left = (LONG)threads;
    crowd.joined = 0;
    for (ULONG i = 0; i < threads; ++i) {
        status = start_system_thread(one_of_crowd, &crowd, &objects[i]);
        if (!NT_SUCCESS(status)) return status; // the measure has failed; the machine ends
    }
    KeReleaseSemaphore(&crowd.awake, IO_NO_INCREMENT, (LONG)awake, FALSE);
    KeWaitForSingleObject(&crowd.done, Executive, KernelMode, FALSE, NULL);
    for (ULONG i = 0; i < threads; ++i)
        wait_for_thread(objects[i]);
    for (ULONG i = 0; i < threads / 2; ++i)
        if (crowd.pairs[i].meetings != 2 * count) status = STATUS_UNSUCCESSFUL;
    ExFreePoolWithTag(objects, TAG);
    ExFreePoolWithTag(crowd.pairs, TAG);
    return status;
}

static NTSTATUS wait_mostly(ULONG milliseconds) {
    const ULONGLONG end = KeQueryInterruptTime() + 10000ULL * milliseconds;
    LARGE_INTEGER often, rarely;
    KTIMER timer;
    KDPC dpc;
    ULONG fired = 0;
    often.QuadPart = -10 * 10000;
    rarely.QuadPart = -1000 * 10000;
    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeInitializeDpc(&dpc, count_up, &fired);
    KeSetTimerEx(&timer, rarely, 1000, &dpc);
    while (KeQueryInterruptTime() < end)
        KeDelayExecutionThread(KernelMode, FALSE, &often);
    KeCancelTimer(&timer);
    KeFlushQueuedDpcs();
    return fired + 2 >= milliseconds / 1000 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

// Events "0" to the last one in a directory of their own, permanent while they are used.
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

typedef struct {
    HANDLE directory;
    WCHAR text[12];
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
} NAMED;

static POBJECT_ATTRIBUTES numbered(NAMED* n, ULONG number, ULONG flags) {
    WCHAR* end = n->text + sizeof n->text / sizeof *n->text;
    WCHAR* at = end;
    do
        *--at = (WCHAR)(L'0' + number % 10);
    while (number /= 10);
    n->name.Buffer = at;
    n->name.Length = n->name.MaximumLength = (USHORT)((PCHAR)end - (PCHAR)at);
    InitializeObjectAttributes(&n->attributes, &n->name, flags | OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               n->directory, NULL);
    return &n->attributes;
}

static NTSTATUS open_names(ULONG count, ULONG names, BOOLEAN any) {
    NAMED n;
    HANDLE event;
    ULONG seed = 1;
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\BenchNames");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status = ZwCreateDirectoryObject(&n.directory, DIRECTORY_ALL_ACCESS, &attributes);
    for (ULONG i = 0; i < names && NT_SUCCESS(status); ++i) {
        status =
            ZwCreateEvent(&event, EVENT_ALL_ACCESS, numbered(&n, i, OBJ_PERMANENT), NotificationEvent, FALSE);
        if (NT_SUCCESS(status)) ZwClose(event);
    }
    for (ULONG i = 0; i < count && NT_SUCCESS(status); ++i) {
        seed = seed * 1664525 + 1013904223;
        status = ZwOpenEvent(&event, SYNCHRONIZE,
                             numbered(&n, any ? (seed >> 8) % names : i % 10 * (names / 10), 0));
        if (NT_SUCCESS(status)) ZwClose(event);
    }
    for (ULONG i = 0; i < names && NT_SUCCESS(status); ++i) {
        status = ZwOpenEvent(&event, DELETE, numbered(&n, i, 0));
        if (!NT_SUCCESS(status)) break;
        ZwMakeTemporaryObject(event);
        ZwClose(event);
    }
    ZwClose(n.directory);
    return status;
}

NTSTATUS kernel_loop(const BENCH_LOOP* what) {
    switch (what->kind) {
    case BENCH_SWITCH:
        return switch_threads(what->count);
    case BENCH_DPC:
        return queue_dpcs(what->count);
    case BENCH_TIMER:
        return set_timers(what->count, what->more);
    case BENCH_SPIN:
        return take_spin_locks(what->count);
    case BENCH_THREADS:
        return run_crowd(what->count, what->more, what->more);
    case BENCH_WAVES:
        return run_crowd(what->count, what->more, 128);
    case BENCH_DEVICES:
        return make_devices(bench_driver, what->count, what->more);
    case BENCH_WAIT:
        return wait_mostly(what->count);
    case BENCH_NAMES:
        return open_names(what->count, what->more, FALSE);
    case BENCH_ALL_NAMES:
        return open_names(what->count, what->more, TRUE);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
